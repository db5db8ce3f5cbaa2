//! How readily a session takes sound for speech.

use janet_talk::Config;

/// How readily sound counts as speech, against what the configuration says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sensitivity {
    /// Only what is clearly speech: for a noisy room.
    Low,
    /// As configured.
    #[default]
    Normal,
    /// Also what may be speech: for a quiet voice.
    High,
}

impl Sensitivity {
    /// The probabilities from which a window is speech, and under which it is not any more.
    ///
    /// Both move by the same rule, so the second stays under the first. With the default of 0.5
    /// and 0.35: low 0.75 and 0.675, high 0.3 and 0.21.
    pub(crate) fn thresholds(self, config: &Config) -> (f32, f32) {
        let moved = |threshold: f32| match self {
            Self::Low => threshold + (1.0 - threshold) * 0.5,
            Self::Normal => threshold,
            Self::High => threshold * 0.6,
        };
        (moved(config.speech_on), moved(config.speech_off))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_more_sensitive_ear_has_lower_thresholds_and_they_never_cross() {
        for (speech_on, speech_off) in [(0.5, 0.35), (1.0, 0.0), (0.9, 0.89)] {
            let config = Config {
                speech_on,
                speech_off,
                ..Config::default()
            };
            let of = |sensitivity: Sensitivity| sensitivity.thresholds(&config);
            let [low, normal, high] =
                [Sensitivity::Low, Sensitivity::Normal, Sensitivity::High].map(of);
            assert!(high.0 < normal.0 && normal.0 <= low.0, "{speech_on}");
            for (on, off) in [low, normal, high] {
                assert!(off < on && (0.0..=1.0).contains(&on), "{on} {off}");
            }
        }
    }
}
