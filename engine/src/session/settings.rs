//! What a client may set for its own session.

use std::fmt;

use crate::{ModelChoice, Sensitivity, VoiceChoice};

/// How fast the voice can be asked to speak; 1 is its own pace.
pub const VOICE_SPEEDS: std::ops::RangeInclusive<f32> = 0.5..=2.0;

/// Changes of one session only; `None` leaves as it is.
#[derive(Clone, Default, PartialEq)]
pub struct SessionSettings {
    /// 1 is the voice's own pace, 2 twice as fast; kept within [`VOICE_SPEEDS`]. Holds for the
    /// phrases that are made from now on.
    pub voice_speed: Option<f32>,
    /// Holds from the next window of the microphone.
    pub sensitivity: Option<Sensitivity>,
    /// With which voice the phrases of replies to come are spoken.
    pub voice: Option<VoiceChoice>,
    /// With which language model the answers that begin from now on are made.
    pub model: Option<ModelChoice>,
    /// Who she is, told to the language model in the answers that begin from now on.
    pub system_prompt: Option<String>,
}

impl fmt::Debug for SessionSettings {
    /// Says nothing of who she is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionSettings")
            .field("voice_speed", &self.voice_speed)
            .field("sensitivity", &self.sensitivity)
            .field("voice", &self.voice)
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

impl SessionSettings {
    /// With a speed that the voice can do.
    pub(super) fn checked(mut self) -> Self {
        let (slowest, fastest) = (*VOICE_SPEEDS.start(), *VOICE_SPEEDS.end());
        // `clamp` lets NaN through, which the voice would refuse for every phrase to come.
        let speed = self.voice_speed.filter(|speed| !speed.is_nan());
        self.voice_speed = speed.map(|speed| speed.clamp(slowest, fastest));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_stays_within_what_a_voice_can_do() {
        for (asked, kept) in [
            (0.0, Some(0.5)),
            (1.25, Some(1.25)),
            (f32::INFINITY, Some(2.0)),
            (f32::NAN, None),
        ] {
            let settings = SessionSettings {
                voice_speed: Some(asked),
                ..SessionSettings::default()
            };
            assert_eq!(settings.checked().voice_speed, kept, "{asked}");
        }
    }
}
