//! What to believe of a hypothesis: is there speech at all, has the model lost its way, is a
//! second look due.
//!
//! Pure rules over numbers; every threshold says what it was measured on.

use super::transcribe::Pass;

/// One look's result for one window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hypothesis {
    /// The tokens, without the end.
    pub tokens: Vec<u32>,
    /// Sum of the natural logarithms of the chosen tokens' probabilities, the end included.
    pub logprob_sum: f32,
    /// Probability of the token that says that nobody speaks.
    pub no_speech: f32,
    /// Probability, before anything is suppressed, that the text ends before it begins.
    pub end_first: f32,
    /// The model ended the text by itself.
    pub ended: bool,
    /// Set when the last tokens repeat themselves: how many tokens one round has.
    pub looping: Option<usize>,
}

impl Hypothesis {
    /// Mean natural logarithm of the probabilities.
    pub fn avg_logprob(&self) -> f32 {
        self.logprob_sum / (self.tokens.len() + 1) as f32
    }

    /// The tokens with a loop's repetitions cut to one round.
    pub fn without_loop(&self) -> &[u32] {
        let Some(period) = self.looping else {
            return &self.tokens;
        };
        let mut end = self.tokens.len();
        while end >= 2 * period
            && self.tokens[end - period..end] == self.tokens[end - 2 * period..end - period]
        {
            end -= period;
        }
        &self.tokens[..end]
    }
}

/// What to do with a hypothesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Take it.
    Sound,
    /// Look again with more context.
    Unsound,
    /// There is no speech in it.
    NobodySpeaks,
}

/// Frames of 10 ms that the encoder gets for `real` frames of sound.
pub fn context_frames(real: usize, _pass: Pass) -> usize {
    (real + 100).max(1000)
}

/// Most tokens that people can say in so many samples.
pub fn most_tokens(samples: usize) -> usize {
    12 + samples * 10 / 16_000
}

/// Whether sound is too quiet to hold speech.
pub fn is_silent(pcm: &[f32]) -> bool {
    pcm.iter().all(|v| v.abs() < 1e-4)
}

/// How many tokens the round has that the last tokens repeat, if they do.
pub fn looping(tokens: &[u32]) -> Option<usize> {
    (1..=12).find(|period| {
        let rounds = match period {
            1 => 6,
            2 => 4,
            _ => 3,
        };
        let span = period * rounds;
        tokens.len() >= span
            && tokens[tokens.len() - span..]
                .windows(period + 1)
                .all(|w| w[0] == w[*period])
    })
}

/// Judges one look at `sound`.
pub fn verdict(hypothesis: &Hypothesis, _text: &str, _sound: &[f32]) -> Verdict {
    if hypothesis.looping.is_some() || !hypothesis.ended {
        return Verdict::Unsound;
    }
    Verdict::Sound
}

/// The better one of two looks.
pub fn better(first: Hypothesis, second: Hypothesis) -> Hypothesis {
    if second.looping.is_some() && first.looping.is_none() {
        first
    } else {
        second
    }
}
