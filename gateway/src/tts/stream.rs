//! One phrase: from the question to its last sample.

use std::time::Duration;

use janet_engine::ports::{Phrase, Voicing};
use reqwest::header::CONTENT_TYPE;
use tokio::time::{Instant, sleep, timeout_at};

use super::pace::reached;
use super::sound::Sound;
use super::{Inner, TtsError};
use crate::elsewhere::QUEUE_PAUSE;

/// Samples are handed on in pieces of this many of a second, each with its words.
const PIECES_PER_SECOND: usize = 10;
/// A server that drips is no faster than one that has stalled: so much of a second buys more time.
const PROGRESS: u32 = 20;
/// The sound of a text has so many seconds at most, and at least, for each of its letters.
const MOST: (f32, f32) = (5.0, 0.5);
const LEAST: f32 = 0.008;
/// Nothing louder is silence.
const SILENCE: f32 = 0.002;

/// Where sound goes.
pub(super) trait Ear {
    /// Sound that follows what came before.
    fn take(&mut self, samples: Vec<f32>, rate_hz: u32, upto_byte: usize);
    /// Whether there is room for more.
    fn has_room(&mut self) -> bool;
}

impl Ear for Voicing {
    fn take(&mut self, samples: Vec<f32>, rate_hz: u32, upto_byte: usize) {
        self.sound(samples, rate_hz, upto_byte);
    }

    fn has_room(&mut self) -> bool {
        self.is_through()
    }
}

/// Hears when the first sound comes, and keeps nothing.
pub(super) struct Probe {
    began: Instant,
    first: Option<Duration>,
}

impl Probe {
    pub(super) fn new(began: Instant) -> Self {
        Self { began, first: None }
    }

    pub(super) fn first_after(&self) -> Option<Duration> {
        self.first
    }
}

impl Ear for Probe {
    fn take(&mut self, _: Vec<f32>, _: u32, _: usize) {
        self.first.get_or_insert(self.began.elapsed());
    }

    fn has_room(&mut self) -> bool {
        true
    }
}

/// Has a phrase spoken into `ear`, to its end.
pub(super) async fn speak(
    inner: &Inner,
    phrase: &Phrase,
    ear: &mut impl Ear,
) -> Result<(), TtsError> {
    let (first_sound, stall) = (inner.config.first_sound, inner.config.stall);
    let mut limit = (Instant::now() + first_sound, first_sound);
    let late = |(_, within): (Instant, Duration)| TtsError::Late(within);
    let asked = timeout_at(limit.0, inner.ask(phrase)).await;
    let mut response = asked.map_err(|_| late(limit))??;
    let mime = response.headers().get(CONTENT_TYPE);
    let mime = mime.and_then(|mime| mime.to_str().ok()).unwrap_or_default();
    let mut sound = Sound::new(mime, inner.config.rate_hz);
    let announced = response.content_length();
    let mut said = Said::new(inner, phrase);
    loop {
        let chunk = timeout_at(limit.0, response.chunk()).await;
        let chunk = chunk.map_err(|_| late(limit))?;
        let (samples, ended) = match chunk.map_err(|_| TtsError::BrokeOff)? {
            Some(chunk) => (sound.push(&chunk)?, false),
            None => (sound.end()?, true),
        };
        said.take(&samples, &sound, announced)?;
        said.hand_on(ear, ended);
        while !ear.has_room() {
            sleep(QUEUE_PAUSE).await;
        }
        if ended {
            return said.end(inner);
        }
        if said.has_gone_on() {
            limit = (Instant::now() + stall, stall);
        } else if Instant::now() >= limit.0 {
            // A flood of what is no sound would keep every single wait short.
            return Err(late(limit));
        }
    }
}

/// What has been said of a phrase.
struct Said<'a> {
    phrase: &'a Phrase,
    letters: usize,
    rate_hz: u32,
    /// Samples that wait to be a piece.
    waiting: Vec<f32>,
    samples: usize,
    peak: f32,
    /// How many there will be, as far as is known.
    of: f32,
    /// Samples when time was bought last.
    bought: usize,
}

impl<'a> Said<'a> {
    fn new(inner: &Inner, phrase: &'a Phrase) -> Self {
        let guess = inner.known().pace.guess(phrase.text.len(), phrase.speed);
        Self {
            phrase,
            letters: phrase.text.chars().filter(|c| c.is_alphanumeric()).count(),
            rate_hz: inner.config.rate_hz,
            waiting: Vec::new(),
            samples: 0,
            peak: 0.0,
            of: guess,
            bought: 0,
        }
    }

    fn seconds(&self, samples: usize) -> f32 {
        samples as f32 / self.rate_hz as f32
    }

    fn take(
        &mut self,
        samples: &[f32],
        sound: &Sound,
        announced: Option<u64>,
    ) -> Result<(), TtsError> {
        if samples.is_empty() {
            return Ok(());
        }
        self.rate_hz = sound.rate_hz();
        if self.samples == 0 {
            let whole = match (sound.remaining(), announced) {
                (Some(remaining), _) => Some(samples.len() + remaining),
                (None, Some(bytes)) => usize::try_from(bytes / 2).ok(),
                (None, None) => None,
            };
            if let Some(whole) = whole {
                self.of = self.seconds(whole);
            }
        }
        self.samples += samples.len();
        let peak = samples.iter().fold(0.0_f32, |peak, s| peak.max(s.abs()));
        self.peak = self.peak.max(peak);
        self.waiting.extend_from_slice(samples);
        let most = MOST.0 + MOST.1 * self.phrase.text.len() as f32;
        if self.seconds(self.samples) * self.phrase.speed > most {
            return Err(TtsError::TooLong);
        }
        Ok(())
    }

    /// Hands on what is a piece, or all of it.
    fn hand_on(&mut self, ear: &mut impl Ear, all: bool) {
        let piece = self.rate_hz as usize / PIECES_PER_SECOND;
        let mut from = 0;
        loop {
            let left = self.waiting.len() - from;
            // The very first sound is waited for: any length will do.
            let is_first = self.samples == self.waiting.len() && from == 0;
            if left == 0 || (left < piece && !all && !is_first) {
                break;
            }
            let to = from + left.min(piece);
            let through = self.samples - (self.waiting.len() - to);
            let upto = reached(&self.phrase.text, self.seconds(through), self.of);
            ear.take(self.waiting[from..to].to_vec(), self.rate_hz, upto);
            from = to;
        }
        self.waiting.drain(..from);
    }

    fn has_gone_on(&mut self) -> bool {
        let enough = self.samples - self.bought >= (self.rate_hz / PROGRESS) as usize;
        if enough {
            self.bought = self.samples;
        }
        enough
    }

    /// The answer is complete: whether it can have been the phrase.
    fn end(self, inner: &Inner) -> Result<(), TtsError> {
        let seconds = self.seconds(self.samples);
        if self.samples == 0 {
            return Err(TtsError::Empty);
        }
        if self.peak < SILENCE {
            return Err(TtsError::Silent);
        }
        if seconds * self.phrase.speed < LEAST * self.letters as f32 {
            return Err(TtsError::TooShort);
        }
        let mut known = inner.known();
        known
            .pace
            .learn(self.phrase.text.len(), seconds, self.phrase.speed);
        Ok(())
    }
}
