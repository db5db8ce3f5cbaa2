//! The turn-taking set: turns made from the recordings, with pauses where people pause to think.
//!
//! Every recording is taken several times, each time with one pause of 0.3–1.5 s in mid-sentence
//! (or none), noise, another level, or somebody who hums along. All of it follows from the seed, so
//! that every run hears the same. A turn belongs to the half that the hash of its name says: knobs
//! are tuned on one half and judged on the other.

use std::time::Duration;

use crate::clips::{Clip, loud_windows, onset};

/// Samples per second.
pub(super) const RATE_HZ: usize = 16_000;
/// Times that each recording is taken.
const TAKES: u64 = 16;
/// Silence before and after; the longest wait of anybody fits in behind.
const BEFORE: usize = RATE_HZ / 2;
const BEHIND: usize = RATE_HZ * 6;
/// A recording's own room, made anew in the pauses: standard deviation, of 1.
const ROOM: f32 = 6.0 / 32768.0;
/// A pause is put in no nearer than this to either end of the speech, in windows of 20 ms.
const MARGIN: usize = 20;

/// Which half a turn belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Half {
    /// Knobs may be turned by it.
    Tuning,
    /// For the figures.
    Held,
}

/// One turn.
pub(super) struct Made {
    pub(super) name: String,
    pub(super) pcm: Vec<f32>,
    /// Where its speech truly ends.
    pub(super) speech_end: Duration,
    /// What was done to it.
    pub(super) pause_ms: u64,
    pub(super) noise_db: Option<f32>,
    pub(super) hum: bool,
}

impl Made {
    /// Its half.
    pub(super) fn half(&self) -> Half {
        // A high bit: the lowest is nothing but the parity of the name's low bits.
        if (fnv1a(&self.name) >> 32) & 1 == 0 {
            Half::Tuning
        } else {
            Half::Held
        }
    }
}

/// All turns of all recordings; `hum` is what somebody else says meanwhile.
pub(super) fn make(clips: &[Clip], hum: &[f32]) -> Vec<Made> {
    clips
        .iter()
        .flat_map(|clip| (0..TAKES).map(|take| made(clip, take, hum)))
        .collect()
}

fn made(clip: &Clip, take: u64, hum: &[f32]) -> Made {
    let name = format!("{}/{take}", clip.name);
    let mut rng = fastrand::Rng::with_seed(fnv1a(&name));
    let from = samples(onset(&clip.pcm));
    let to = samples(clip.speech_end()).min(clip.pcm.len());
    let mut speech = clip.pcm[from..to].to_vec();

    // Every fourth as it was spoken.
    let wanted_ms = if take.is_multiple_of(4) {
        0
    } else {
        rng.u64(300..=1500)
    };
    let mut pause_ms = 0;
    if let Some(at) = pause_point(&speech, &mut rng).filter(|_| wanted_ms > 0) {
        pause_ms = wanted_ms;
        let pause = pause_ms as usize * RATE_HZ / 1000;
        speech.splice(at..at, std::iter::repeat_n(0.0, pause));
    }
    let gain = [0.25, 0.5, 1.0, 1.6][rng.usize(..4)];
    for sample in &mut speech {
        *sample = (*sample * gain).clamp(-1.0, 1.0);
    }
    let hums = take % 8 == 5 && speech.len() > hum.len() + RATE_HZ;
    if hums {
        let at = rng.usize(RATE_HZ / 2..speech.len() - hum.len() - RATE_HZ / 4);
        for (sample, hum) in speech[at..].iter_mut().zip(hum) {
            *sample += 0.25 * gain * hum;
        }
    }
    let level = (speech.iter().map(|s| s * s).sum::<f32>() / speech.len() as f32).sqrt();
    let noise_db = [None, None, Some(25.0), Some(15.0)][rng.usize(..4)];
    let noise = noise_db.map_or(ROOM, |snr: f32| level * 10f32.powf(-snr / 20.0));

    let mut pcm = vec![0.0; BEFORE];
    pcm.extend(&speech);
    let end = pcm.len();
    pcm.resize(end + BEHIND, 0.0);
    for sample in &mut pcm {
        *sample = (*sample + noise * gauss(&mut rng)).clamp(-1.0, 1.0);
    }
    Made {
        name,
        pcm,
        speech_end: Duration::from_micros(end as u64 * 1_000_000 / RATE_HZ as u64),
        pause_ms,
        noise_db,
        hum: hums,
    }
}

/// A sample in the middle of the speech where it is quiet: between two words.
fn pause_point(speech: &[f32], rng: &mut fastrand::Rng) -> Option<usize> {
    let loud = loud_windows(speech);
    let inner = MARGIN..loud.len().checked_sub(MARGIN)?;
    let quiet: Vec<usize> = inner.filter(|n| !loud[*n] && !loud[*n - 1]).collect();
    let n = *quiet.get(rng.usize(..quiet.len().max(1)))?;
    Some(n * RATE_HZ / 50)
}

fn samples(at: Duration) -> usize {
    (at.as_secs_f64() * RATE_HZ as f64) as usize
}

/// Sum of uniform values: close enough to normal for noise (Irwin–Hall).
fn gauss(rng: &mut fastrand::Rng) -> f32 {
    (0..12).map(|_| rng.f32()).sum::<f32>() - 6.0
}

/// FNV-1a: a hash that stays the same from version to version.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
