//! What to believe of a hypothesis: is there speech at all, has the model lost its way, is a
//! second look due.
//!
//! Pure rules over numbers; every threshold says what it was measured on.

use super::loudness::Loudness;
use super::stock;

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
    /// The language's token and how probable it was, in models that take one.
    pub language: Option<(u32, f32)>,
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

/// How much context a look gives.
///
/// The model was trained on 30 s, sound and silence, and the encoder's work grows faster than in
/// proportion. It need not encode silence again each time, though: the short look encodes the
/// sound alone and puts silence that was encoded beforehand behind it, for the decoder to find
/// the end. Word errors of that / of 10 s / of sound without silence behind it: 9 / 7 / 8 in 128
/// (fourteen clips), 6 / 6 / 106 in 189 (30 sentences by a synthetic voice that end abruptly),
/// 73 / 69 / – in 512 (the clips, faint and with noise), in a third of the time of 10 s. What the
/// short look gets wrong it is mostly unsure of, so that part is looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// The sound alone, with silence made beforehand behind it up to 10 s.
    Short,
    /// At least 10 s.
    Medium,
    /// The 30 s that the model was trained on.
    Full,
}

/// Why another look is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsound {
    /// It repeats itself or finds no end.
    Lost,
    /// It is not sure of its words, or writes a sentence twice: that is seldom said and happens to
    /// the short look where a sound ends abruptly.
    Unsure,
}

/// Frames of 10 ms of a medium look.
const MEDIUM_FRAMES: usize = 1000;

impl Look {
    /// Frames of 10 ms for `real` frames of sound, at most `full`.
    pub fn frames(self, real: usize, full: usize) -> usize {
        match self {
            Self::Short if real + 20 < MEDIUM_FRAMES => real + 20,
            Self::Short | Self::Medium => (real + 100).max(MEDIUM_FRAMES),
            Self::Full => full,
        }
        .min(full)
    }

    /// The look that follows a result, if one is due.
    ///
    /// Sound without speech gets no more looks: they would find nothing either.
    pub fn next(
        self,
        hypothesis: &Hypothesis,
        text: &str,
        loudness: &Loudness,
        voiced: bool,
    ) -> Option<Self> {
        let unsound = if fits(text, loudness.active_s) {
            is_unsound(hypothesis)?
        } else {
            Unsound::Lost
        };
        if hypothesis.no_speech > 0.6 && !somebody_speaks(hypothesis, text, loudness, voiced) {
            return None;
        }
        match (self, unsound) {
            (Self::Short, _) => Some(Self::Medium),
            (Self::Medium, Unsound::Lost) => Some(Self::Full),
            _ => None,
        }
    }
}

/// Mean logarithm of probabilities under which a result is not trusted: on the fourteen clips
/// right sentences lie above −0.5, and what the short look gets wrong mostly below −0.6.
const UNSURE_LOGPROB: f32 = -0.55;

/// Whether a result should be looked at again, and why.
pub fn is_unsound(hypothesis: &Hypothesis) -> Option<Unsound> {
    if hypothesis.looping.is_some() || !hypothesis.ended {
        Some(Unsound::Lost)
    } else if hypothesis.avg_logprob() < UNSURE_LOGPROB || is_doubled(&hypothesis.tokens) {
        Some(Unsound::Unsure)
    } else {
        None
    }
}

/// The better one of two looks: the later one, unless it alone is lost.
pub fn better(earlier: Hypothesis, later: Hypothesis) -> Hypothesis {
    let lost = |h: &Hypothesis| is_unsound(h) == Some(Unsound::Lost);
    if lost(&later) && !lost(&earlier) {
        earlier
    } else {
        later
    }
}

/// Most tokens that people can say in so many samples.
pub fn most_tokens(samples: usize) -> usize {
    12 + samples * 10 / 16_000
}

/// Whether sound is too quiet to hold speech.
pub fn is_silent(pcm: &[f32]) -> bool {
    pcm.iter().all(|v| v.abs() < 1e-4)
}

/// Whether the text ends with the same five or more tokens twice.
fn is_doubled(tokens: &[u32]) -> bool {
    (5..=tokens.len() / 2).any(|period| {
        let (before, last) = tokens.split_at(tokens.len() - period);
        before.ends_with(last)
    })
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

/// Most words a second. Auctioneers reach seven.
const WORDS_PER_S: f32 = 8.0;
/// Words that a sound of no length at all may hold: its end may be cut, and levels err.
const FREE_WORDS: f32 = 3.0;

/// Whether people can say so much in so many seconds. Of writing without spaces two characters
/// count as a word.
pub fn fits(text: &str, seconds: f32) -> bool {
    let is_dense =
        |c: char| matches!(u32::from(c), 0x0e00..=0x0eff | 0x1000..=0x109f | 0x3040..=0x9fff);
    let dense = text.chars().filter(|c| is_dense(*c)).count();
    let words = text.split_whitespace().count() + dense / 2;
    words as f32 <= FREE_WORDS + WORDS_PER_S * seconds
}

/// Whether a text with this evidence was spoken, or made up over noise or music.
///
/// Measured on 61 sounds without speech (white, pink and brown noise from −60 to −10 dB, tones,
/// chords, melodies, drums, clicks; 1, 3 and 8 s) and fourteen clips of speech: without speech
/// `no_speech` is at least 0.50 and the mean logarithm at most −0.79; with speech they are at most
/// 0.31 and at least −0.91. Both must speak against a text, so that a faint voice passes; a text
/// that is known to be made up needs less.
///
/// `voiced`: a VAD has already told speech from noise. The single words of a short command
/// ("five five", trimmed to 1.3 s) look to the model like silence, so only text that is known to be
/// made up, or that the model itself does not believe, is dropped then.
///
/// `loudness` speaks, too: nobody says more than [`fits`] the whole sound, more than fits the loud
/// part is probably made up, and a stock phrase in a level that never moves was not said.
pub fn somebody_speaks(
    hypothesis: &Hypothesis,
    text: &str,
    loudness: &Loudness,
    voiced: bool,
) -> bool {
    if !text.chars().any(char::is_alphanumeric) || !fits(text, loudness.seconds) {
        return false;
    }
    let (silent, logprob) = (hypothesis.no_speech, hypothesis.avg_logprob());
    let is_stock = stock::is_stock(text);
    if is_stock && loudness.is_steady {
        return false;
    }
    let is_long = !fits(text, loudness.active_s);
    let made_up = is_stock || is_long || hypothesis.looping.is_some();
    if voiced {
        return !(logprob < -2.5 || made_up && silent > 0.6 && logprob < -0.8);
    }
    !(logprob < -2.0
        || silent > 0.6 && logprob < -0.6
        || silent > 0.4 && logprob < -1.0
        || made_up && (silent > 0.4 || logprob < -1.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three seconds, two of them loud.
    const SPOKEN: Loudness = Loudness {
        seconds: 3.0,
        active_s: 2.0,
        is_steady: false,
    };

    fn heard(tokens: &[u32], logprob: f32, no_speech: f32) -> Hypothesis {
        Hypothesis {
            tokens: tokens.to_vec(),
            logprob_sum: logprob * (tokens.len() + 1) as f32,
            no_speech,
            ended: true,
            looping: looping(tokens),
            ..Hypothesis::default()
        }
    }

    #[test]
    fn a_loop_is_found_and_cut_to_one_round() {
        let tokens = [5, 1, 2, 3, 1, 2, 3, 1, 2, 3];
        let hypothesis = heard(&tokens, -0.1, 0.0);
        assert_eq!(hypothesis.looping, Some(3));
        assert_eq!(hypothesis.without_loop(), [5, 1, 2, 3]);
    }

    #[test]
    fn words_that_people_repeat_are_no_loop() {
        assert_eq!(looping(&[7, 7]), None);
        assert_eq!(looping(&[7, 7, 7, 7]), None);
        assert_eq!(looping(&[1, 2, 1, 2, 1, 2]), None);
    }

    #[test]
    fn a_lost_result_is_looked_at_again_until_nothing_is_left_to_try() {
        let lost = heard(&[1, 2, 3, 1, 2, 3, 1, 2, 3], -0.2, 0.0);
        assert_eq!(
            Look::Short.next(&lost, "x", &SPOKEN, false),
            Some(Look::Medium)
        );
        assert_eq!(
            Look::Medium.next(&lost, "x", &SPOKEN, false),
            Some(Look::Full)
        );
        assert_eq!(Look::Full.next(&lost, "x", &SPOKEN, false), None);
    }

    #[test]
    fn an_unsure_result_gets_one_more_look_and_a_sure_one_none() {
        let unsure = heard(&[1, 2, 3], -0.8, 0.1);
        assert_eq!(
            Look::Short.next(&unsure, "five", &SPOKEN, false),
            Some(Look::Medium)
        );
        assert_eq!(Look::Medium.next(&unsure, "five", &SPOKEN, false), None);
        assert_eq!(
            Look::Short.next(&heard(&[1], -0.3, 0.1), "yes", &SPOKEN, false),
            None
        );
    }

    #[test]
    fn a_sentence_written_twice_is_looked_at_once_more_and_then_believed() {
        let twice = heard(&[9, 1, 2, 3, 4, 5, 9, 1, 2, 3, 4, 5], -0.1, 0.0);
        let next = |look: Look| look.next(&twice, "x", &SPOKEN, false);
        assert_eq!(
            (next(Look::Short), next(Look::Medium)),
            (Some(Look::Medium), None)
        );
        assert_eq!(twice.without_loop(), twice.tokens);
        let phrase = heard(&[9, 1, 2, 3, 9, 1, 2, 3], -0.1, 0.0);
        assert_eq!(Look::Short.next(&phrase, "x", &SPOKEN, false), None);
    }

    #[test]
    fn sound_without_speech_gets_no_second_look() {
        assert_eq!(
            Look::Short.next(&heard(&[1], -1.4, 0.95), "you", &SPOKEN, false),
            None
        );
    }

    #[test]
    fn the_later_look_wins_unless_it_alone_is_lost() {
        let (early, late) = (heard(&[1], -0.8, 0.0), heard(&[2], -0.9, 0.0));
        assert_eq!(better(early.clone(), late.clone()), late);
        let lost = heard(&[1, 2, 3, 1, 2, 3, 1, 2, 3], -0.2, 0.0);
        assert_eq!(better(early.clone(), lost), early);
    }

    #[test]
    fn one_kind_of_evidence_alone_does_not_silence_a_voice() {
        assert!(somebody_speaks(
            &heard(&[1], -0.3, 0.9),
            "yes",
            &SPOKEN,
            false
        ));
        assert!(somebody_speaks(
            &heard(&[1], -0.9, 0.3),
            "five five",
            &SPOKEN,
            false
        ));
        assert!(somebody_speaks(
            &heard(&[1], -0.3, 0.1),
            "Thank you.",
            &SPOKEN,
            false
        ));
        assert!(!somebody_speaks(
            &heard(&[1], -0.9, 0.7),
            "I'm going to do it.",
            &SPOKEN,
            false
        ));
        assert!(somebody_speaks(
            &heard(&[1], -1.1, 0.7),
            "5 5",
            &SPOKEN,
            true
        ));
        assert!(!somebody_speaks(
            &heard(&[1], -1.1, 0.7),
            "Thank you.",
            &SPOKEN,
            true
        ));
        assert!(!somebody_speaks(
            &heard(&[1], -0.5, 0.5),
            "Thank you.",
            &SPOKEN,
            false
        ));
        assert!(!somebody_speaks(
            &heard(&[1], -0.1, 0.0),
            " ... ",
            &SPOKEN,
            false
        ));
    }

    #[test]
    fn short_context_leaves_no_room_for_less_than_the_sound() {
        assert_eq!(Look::Short.frames(100, 3000), 120);
        assert_eq!(Look::Short.frames(1200, 3000), 1300);
        assert_eq!(Look::Medium.frames(100, 3000), 1000);
        assert_eq!(Look::Full.frames(100, 3000), 3000);
        assert_eq!(Look::Short.frames(2990, 3000), 3000);
    }

    #[test]
    fn a_stock_phrase_is_dropped_where_the_level_never_moves_and_kept_where_it_was_said() {
        let steady = Loudness {
            is_steady: true,
            active_s: 0.0,
            ..SPOKEN
        };
        let sure = heard(&[1, 2, 3], -0.2, 0.1);
        for voiced in [false, true] {
            let speaks = |text, loudness| somebody_speaks(&sure, text, loudness, voiced);
            assert!(speaks("Thanks for watching!", &SPOKEN));
            assert!(!speaks("Thanks for watching!", &steady));
            assert!(speaks("Yes.", &steady));
        }
    }

    #[test]
    fn more_words_than_the_sound_has_room_for_are_not_believed() {
        let many = "and so on ".repeat(10);
        assert!(!fits(&many, 3.0) && fits(&many, 4.0));
        let sure = heard(&[1; 3], -0.1, 0.0);
        assert!(!somebody_speaks(&sure, &many, &SPOKEN, true));
        // In three seconds, of which two are loud, 25 words are looked at again.
        let fast = "well ".repeat(25);
        assert_eq!(
            Look::Short.next(&sure, &fast, &SPOKEN, true),
            Some(Look::Medium)
        );
        assert!(somebody_speaks(&sure, &fast, &SPOKEN, true));
        assert!(!somebody_speaks(
            &heard(&[1; 3], -1.3, 0.1),
            &fast,
            &SPOKEN,
            false
        ));
        assert!(somebody_speaks(
            &heard(&[1; 3], -1.3, 0.1),
            "well well",
            &SPOKEN,
            false
        ));
    }

    #[test]
    fn characters_count_where_words_have_no_spaces() {
        let fourty = "私は".repeat(20);
        assert!(!fits(&fourty, 1.0) && fits(&fourty, 3.0));
    }
}
