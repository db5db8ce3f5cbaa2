//! When a text is no good: drawn anew with rising temperatures, as the Whisper paper has it.
//!
//! The triggers are the paper's: a text that compresses too well repeats itself, one of low mean
//! probability is guessed; where nobody seems to speak nothing is tried. Each draw costs as much as
//! the decoder's first run, so a deadline bounds them all.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::judge::Hypothesis;

/// The temperatures of the draws; the first try, greedy, is 0.
pub(super) const TEMPERATURES: [f32; 5] = [0.2, 0.4, 0.6, 0.8, 1.0];
/// A text that zlib shortens by more than this repeats itself.
const MOST_COMPRESSION: f32 = 2.4;
/// A text of a lower mean logarithm of probabilities is guessed.
const LEAST_LOGPROB: f32 = -1.0;
/// Beyond this, and with a low mean logarithm, nobody speaks.
const SILENCE: f32 = 0.6;

/// Whether a text has to be drawn anew.
pub(super) fn is_due(hypothesis: &Hypothesis, text: &str) -> bool {
    let guessed = hypothesis.avg_logprob() < LEAST_LOGPROB;
    let silent = guessed && hypothesis.no_speech > SILENCE;
    !silent && (guessed || is_repetitive(hypothesis, text))
}

fn is_repetitive(hypothesis: &Hypothesis, text: &str) -> bool {
    hypothesis.looping.is_some() || compression(text) > MOST_COMPRESSION
}

/// How many times shorter zlib makes a text; 0 for none.
pub(super) fn compression(text: &str) -> f32 {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(text.as_bytes());
    let packed = written.and_then(|()| encoder.finish());
    let packed = packed.expect("writing to memory cannot fail");
    text.len() as f32 / packed.len() as f32
}

/// The best of several tries that are all no good: one that does not repeat itself if there is one,
/// among these the likeliest.
pub(super) fn best(tries: Vec<(Hypothesis, String)>) -> Option<Hypothesis> {
    let rank = |(hypothesis, text): &(Hypothesis, String)| {
        (!is_repetitive(hypothesis, text), hypothesis.avg_logprob())
    };
    let mut best: Option<(Hypothesis, String)> = None;
    for tried in tries {
        let is_better = best.as_ref().is_none_or(|best| {
            let (sound, logprob) = rank(&tried);
            let (best_sound, best_logprob) = rank(best);
            (sound && !best_sound) || (sound == best_sound && logprob > best_logprob)
        });
        if is_better {
            best = Some(tried);
        }
    }
    best.map(|(hypothesis, _)| hypothesis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(logprob: f32, no_speech: f32, looping: Option<usize>) -> Hypothesis {
        Hypothesis {
            tokens: vec![1, 2, 3],
            logprob_sum: 4.0 * logprob,
            no_speech,
            ended: true,
            looping,
            ..Hypothesis::default()
        }
    }

    const PLAIN: &str = "he might even have been made amiable himself";

    #[test]
    fn each_trigger_of_the_paper_fires_at_its_threshold() {
        assert!(!is_due(&heard(-0.99, 0.1, None), PLAIN));
        assert!(is_due(&heard(-1.01, 0.1, None), PLAIN));
        assert!(is_due(&heard(-1.01, 0.59, None), PLAIN));
        // Silence is not listened to again, an unsure word in a quiet room is.
        assert!(!is_due(&heard(-1.01, 0.61, None), PLAIN));
        assert!(is_due(
            &heard(-0.1, 0.1, None),
            &"and then I went ".repeat(9)
        ));
        assert!(is_due(&heard(-0.1, 0.1, Some(1)), PLAIN));
    }

    #[test]
    fn the_ratio_is_that_of_zlib() {
        // Python: len(t) / len(zlib.compress(t)).
        assert!(
            (compression(PLAIN) - 44.0 / 49.0).abs() < 0.02,
            "{}",
            compression(PLAIN)
        );
        let loops = "and then I went ".repeat(9);
        assert!(
            (compression(&loops) - 144.0 / 27.0).abs() < 0.3,
            "{}",
            compression(&loops)
        );
        assert_eq!(compression(""), 0.0);
    }

    #[test]
    fn of_bad_tries_the_likeliest_without_repetition_is_taken() {
        let tries = vec![
            (heard(-0.1, 0.1, Some(1)), "la la la".to_owned()),
            (heard(-1.5, 0.1, None), "two".to_owned()),
            (heard(-1.2, 0.2, None), "three".to_owned()),
        ];
        assert_eq!(best(tries), Some(heard(-1.2, 0.2, None)));
        assert_eq!(best(Vec::new()), None);
    }
}
