//! What can happen to her face.

use super::cue::Cue;
use super::table::ByActivity;
use crate::named::named;
use crate::tone::Tone;
use crate::viseme::Weights;

named! {
    /// What the conversation is doing.
    Activity {
        Idle = "idle",
        Listening = "listening",
        Thinking = "thinking",
        Speaking = "speaking",
    }
}

impl<T> ByActivity<T> {
    /// The one for this.
    pub const fn of(&self, activity: Activity) -> &T {
        match activity {
            Activity::Idle => &self.idle,
            Activity::Listening => &self.listening,
            Activity::Thinking => &self.thinking,
            Activity::Speaking => &self.speaking,
        }
    }
}

/// Something that happened. What is no number, or out of its range, is taken for the nearest thing
/// that makes sense, or for nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The conversation goes on to something else.
    Activity(Activity),
    /// She means it like this from now on, with an intensity of 0..=1.
    Tone(Tone, f64),
    /// Somebody's head is there as seen from between her eyes, in metres or any other unit: +x to her
    /// left, +y up, +z straight ahead. `None`: nobody is.
    LookAt(Option<[f64; 3]>),
    /// This sample of her voice stream (48 kHz) is being heard, and the next ones are (or are not).
    Playout {
        /// Its position.
        sample: u64,
        /// Whether her voice goes on from there.
        playing: bool,
    },
    /// At this sample of her voice stream something is to be done.
    At(u64, Cue),
    /// How her mouth is now.
    Mouth(Weights),
    /// What was to be done at later samples is not.
    Flush,
}
