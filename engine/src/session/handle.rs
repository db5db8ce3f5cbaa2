//! What a transport holds of a session: it pushes, polls and asks; it never waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use janet_audio::{Capture, Line, LineOptions, Playout, Pulled};
use janet_talk::{MicMode, UtteranceId};

use super::command::Command;
use super::face::FaceFrame;
use super::mic::MIC_HZ;
use super::settings::SessionSettings;
use super::shared::Shared;
use crate::arbiter::Submit;
use crate::{EngineError, Event};

/// Microphone samples that wait for the next tick: two seconds, as much as one frame may hold; past
/// it samples are dropped and counted, because a pacer that is so late has lost the conversation
/// anyway.
const CAPTURE_SAMPLES: usize = 2 * MIC_HZ as usize;
/// How far the playout may run ahead of the ear (PROTOCOL.md §1).
const PLAY_AHEAD: Duration = Duration::from_millis(200);

/// Sound for the client, as it goes onto the wire.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AudioChunk<'a> {
    /// Number of the first sample, counted from 0 per session.
    pub first_sample: u32,
    /// The samples at the play rate.
    pub samples: &'a [i16],
    /// How long it has waited to be polled.
    pub waited: Duration,
    /// What her mouth does at one of them; every 800 samples at 48 kHz have one.
    pub face: Option<FaceFrame>,
}

/// One thing that goes onto the wire for her voice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Playback<'a> {
    /// Sound.
    Chunk(AudioChunk<'a>),
    /// The client must drop every sample from this one on (`playout_flush`) and say where it
    /// stopped. Sound that comes after it is not meant.
    Flush {
        /// First sample to drop.
        from_sample: u32,
    },
    /// Her voice stops here, and her mouth is closed.
    Face(FaceFrame),
}

/// Whether there is room for one conversation more.
pub(crate) struct Admission {
    pub(crate) submit: Submit,
    pub(crate) busy_at: f32,
}

impl Admission {
    pub(crate) fn is_busy(&self, load: f32) -> bool {
        self.busy_at < 1.0 && load >= self.busy_at
    }

    /// Busy is said before what goes on gets slow: nobody who talks already is asked.
    pub(crate) fn ask(&self) -> Result<(), EngineError> {
        let load = self.submit.load();
        if self.is_busy(load) {
            metrics::counter!("janet_engine_turned_away_total").increment(1);
            return Err(EngineError::Overloaded {
                load: load * 100.0,
                limit: self.busy_at * 100.0,
            });
        }
        Ok(())
    }
}

/// A session's handle. Dropping it ends the session.
pub struct Session {
    shared: Arc<Shared>,
    open_sessions: Arc<AtomicUsize>,
    admission: Admission,
    tags: AtomicU32,
    /// A microphone was opened here once: that conversation has its place.
    admitted: bool,
    capture: Option<Capture>,
    playout: Option<Playout>,
    is_on_hold: bool,
    chunk: Vec<i16>,
}

impl Session {
    pub(crate) fn new(
        shared: Arc<Shared>,
        open_sessions: Arc<AtomicUsize>,
        admission: Admission,
    ) -> Self {
        Self {
            shared,
            open_sessions,
            admission,
            tags: AtomicU32::new(0),
            admitted: false,
            capture: None,
            playout: None,
            is_on_hold: false,
            chunk: Vec::with_capacity(480),
        }
    }

    /// Says something by keyboard. The tag comes back in `Released` or `Disregarded`.
    pub fn text(&self, text: &str, speak: bool) -> Result<u32, EngineError> {
        let tag = self.tag();
        self.send(Command::Text {
            text: text.to_owned(),
            speak,
            tag,
        })?;
        Ok(tag)
    }

    /// Says a whole recording (16 kHz mono, −1 to 1). Never endpointed. The tag comes back.
    pub fn utterance(&self, pcm_16k: Vec<f32>, speak: bool) -> Result<u32, EngineError> {
        let tag = self.tag();
        self.send(Command::Utterance {
            id: UtteranceId(tag),
            pcm_16k,
            speak,
            tag,
        })?;
        Ok(tag)
    }

    /// Opens the microphone and the playout. `rate_hz` is 16,000, `play_rate_hz` 24,000
    /// or 48,000. An open one is replaced; the count of played samples goes on. Refused with
    /// [`EngineError::Overloaded`] while other conversations need the machine, but only the first
    /// time: who changes the mode or comes back after a lost connection talks already.
    pub fn mic_open(
        &mut self,
        rate_hz: u32,
        play_rate_hz: u32,
        mode: MicMode,
    ) -> Result<(), EngineError> {
        if u64::from(rate_hz) != MIC_HZ {
            return Err(EngineError::Rate {
                field: "rate_hz",
                value: rate_hz,
                allowed: "16000",
            });
        }
        if ![24_000, 48_000].contains(&play_rate_hz) {
            return Err(EngineError::Rate {
                field: "play_rate_hz",
                value: play_rate_hz,
                allowed: "24000 or 48000",
            });
        }
        self.admit()?;
        let (capture, reader) = janet_audio::capture(CAPTURE_SAMPLES);
        let options = LineOptions {
            ahead: PLAY_AHEAD,
            ..LineOptions::default()
        };
        let (line, playout) =
            Line::new(play_rate_hz, options).expect("both play rates and 200 ms are allowed");
        self.send(Command::MicOpen {
            reader,
            line: Box::new(line),
            mode,
        })?;
        (self.capture, self.playout) = (Some(capture), Some(playout));
        self.is_on_hold = false;
        Ok(())
    }

    /// Asks for a place for a conversation by voice, before anything is promised to anybody. Whoever has
    /// one is not asked again: the microphone can be opened at any time then.
    pub fn admit(&mut self) -> Result<(), EngineError> {
        if !self.admitted {
            self.admission.ask()?;
            self.admitted = true;
        }
        Ok(())
    }

    /// Whoever is here was talking until a moment ago, in a session that ended with its connection:
    /// the microphone is opened however much there is to do.
    pub fn talks_already(&mut self) {
        self.admitted = true;
    }

    /// Changes this session only, all of it or nothing.
    pub fn settings(&self, settings: SessionSettings) -> Result<(), EngineError> {
        self.send(Command::Settings(settings.checked()))
    }

    /// Push-to-talk: the turn ends here.
    pub fn mic_commit(&self) -> Result<(), EngineError> {
        self.send(Command::Commit)
    }

    /// From now on the open microphone is heard back instead of listened to, or listened to again: what
    /// the way there and back takes can be measured. She falls silent at either.
    pub fn mic_loop(&self, on: bool) -> Result<(), EngineError> {
        self.send(Command::Loop(on))
    }

    /// Closes the microphone; what she says goes on until its end.
    pub fn mic_close(&mut self) -> Result<(), EngineError> {
        (self.capture, self.is_on_hold) = (None, false);
        self.send(Command::MicClose)
    }

    /// Whether the microphone is open.
    pub const fn mic_is_open(&self) -> bool {
        self.capture.is_some()
    }

    /// Puts the conversation on hold: her voice stays at the sample where it is, what she begins to say
    /// waits, and what is said to her is thrown away. Two minutes later she has nothing more to say.
    /// Opening or closing the microphone ends it.
    pub fn hold(&mut self) -> Result<(), EngineError> {
        self.send(Command::Hold)?;
        self.is_on_hold = true;
        Ok(())
    }

    /// The conversation goes on, her voice at the sample where it was held.
    pub fn go_on(&mut self) -> Result<(), EngineError> {
        self.send(Command::GoOn)?;
        self.is_on_hold = false;
        Ok(())
    }

    /// Whether the conversation is on hold.
    pub const fn is_on_hold(&self) -> bool {
        self.is_on_hold
    }

    /// Hands over microphone samples; returns how many there was room for.
    pub fn push_mic(&mut self, samples: &[i16]) -> usize {
        if self.is_on_hold {
            return samples.len();
        }
        let Some(capture) = &mut self.capture else {
            return 0;
        };
        let taken = capture.push_s16(samples);
        let stamp = self.shared.now_micros() + 1;
        // Only the oldest unseen push is remembered: it is the one that may come late.
        _ = self
            .shared
            .pushed_at
            .compare_exchange(0, stamp, Ordering::AcqRel, Ordering::Relaxed);
        taken
    }

    /// She says this text as it is, when it is her turn: behind what she is saying, and when nobody
    /// speaks. Told by [`Event::Announced`] and, in any case, [`Event::AnnouncementOver`]. Spoken where a
    /// microphone is open, else shown only. Eight may wait; what is more than that is over at once.
    pub fn announce(&self, text: &str, id: u32) -> Result<(), EngineError> {
        self.send(Command::Announce {
            id,
            text: text.to_owned(),
        })
    }

    /// An announcement is of no use any more: it is not said, or not to its end.
    pub fn retract(&self, id: u32) -> Result<(), EngineError> {
        self.send(Command::Retract(id))
    }

    /// Pulls the red thread here from outside, or clears it. Pulled, everything ends and nothing is
    /// answered or said until it is cleared; the microphone stays open. At the next tick (10 ms), before
    /// anything else that waits. Where the user's words pulled it, it is cleared by this alone.
    pub fn red_thread(&self, pulled: bool) {
        self.shared.red_thread.store(pulled, Ordering::Release);
        self.shared.poke();
    }

    /// She is silent at once.
    pub fn interrupt(&self) -> Result<(), EngineError> {
        self.send(Command::Interrupt)
    }

    /// The client has played everything before this sample.
    pub fn played(&self, sample: u32) -> Result<(), EngineError> {
        self.send(Command::Played(sample))
    }

    /// The last client has left: speech stops, the conversation stays.
    pub fn detach(&mut self) -> Result<(), EngineError> {
        (self.capture, self.playout) = (None, None);
        self.send(Command::Detach)
    }

    /// Whether the session has ended by itself (a fault in it): nothing will come any more.
    pub fn has_ended(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire)
    }

    /// From now on another transport is told of events.
    pub fn set_waker(&self, waker: Arc<dyn Fn() + Send + Sync>) {
        self.shared.replace_waker(waker);
    }

    /// The next event, if there is one.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.shared.events.pop()
    }

    /// What the client has to be sent next of her voice, in order, if anything is due.
    pub fn poll_audio(&mut self) -> Option<Playback<'_>> {
        let playout = self.playout.as_mut()?;
        let rate_hz = playout.rate_hz();
        match playout.pull()? {
            Pulled::Flush { from_sample } => Some(Playback::Flush { from_sample }),
            Pulled::Cue(cue) => Some(Playback::Face(FaceFrame::of(cue, rate_hz))),
            Pulled::Sound(chunk) => {
                self.chunk.clear();
                self.chunk.extend_from_slice(chunk.samples());
                let first_sample = chunk.first_sample;
                let waited = self.shared.now_micros().saturating_sub(chunk.at_us);
                Some(Playback::Chunk(AudioChunk {
                    first_sample,
                    waited: Duration::from_micros(waited),
                    face: chunk.cue.map(|cue| FaceFrame::of(cue, rate_hz)),
                    samples: &self.chunk,
                }))
            }
        }
    }

    fn tag(&self) -> u32 {
        self.tags.fetch_add(1, Ordering::Relaxed)
    }

    fn send(&self, command: Command) -> Result<(), EngineError> {
        if self.shared.closed.load(Ordering::Acquire) {
            return Err(EngineError::Ended);
        }
        self.shared
            .commands
            .push(command)
            .map_err(|_| EngineError::QueueFull)?;
        self.shared.poke();
        Ok(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
        self.open_sessions.fetch_sub(1, Ordering::AcqRel);
        self.shared.poke();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arbiter::Arbiter;

    #[test]
    fn whoever_has_talked_is_not_asked_again() {
        let arbiter = Arbiter::start(1).expect("threads start");
        let open = || {
            let admission = Admission {
                submit: arbiter.submitter(),
                busy_at: 1.0,
            };
            let places = Arc::new(AtomicUsize::new(1));
            Session::new(Shared::new(Arc::new(|| {})), places, admission)
        };
        let mic = |session: &mut Session| session.mic_open(16_000, 24_000, MicMode::HandsFree);
        let (mut talks, mut comes) = (open(), open());
        mic(&mut talks).expect("nothing to do yet");
        // From now on every load is too much.
        (talks.admission.busy_at, comes.admission.busy_at) = (0.0, 0.0);
        mic(&mut talks).expect("it is open");
        talks.mic_close().expect("room");
        mic(&mut talks).expect("another mode");
        talks.detach().expect("room");
        mic(&mut talks).expect("another connection");
        let refused = mic(&mut comes);
        assert!(matches!(refused, Err(EngineError::Overloaded { .. })));
        let refused = comes.admit();
        assert!(matches!(refused, Err(EngineError::Overloaded { .. })));
        comes.admission.busy_at = 1.0;
        comes.admit().expect("there is room now");
        comes.admission.busy_at = 0.0;
        mic(&mut comes).expect("it has its place");
    }
}
