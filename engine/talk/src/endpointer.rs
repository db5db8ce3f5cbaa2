//! How long a pause has to be to end a turn.
//!
//! Two hints: how complete the turn *sounds* (Smart Turn's score) and how complete its words
//! *look* (the transcript so far). Never sees samples, never waits itself; `listen` compares the
//! answer with the pause.
//!
//! ```text
//!  score    0 ‥ 0.05 ────────── 0.5 ‥ 1        (straight in the logarithm of the score)
//!  wait     wait_unsure ─────▶ wait_sure
//!  words    open ending ▶ at least ¾ of wait_unsure · full stop ▶ 15 % less than by score
//! ```
//!
//! While a sound rises in the pause no turn ends before `wait_rising`, whatever the hints say.
//!
//! The logarithm, because scores of pauses inside a sentence lie under 0.08 and those of badly
//! heard ends between 0.1 and 0.4 (13 clips, Smart Turn 3.2). The best score of a pause counts:
//! at a true end some of them are low, inside a sentence hardly one is high. A high score is
//! overruled only by words that cannot be the end: "And so, my fellow Americans" sounds finished.

use std::time::Duration;

use crate::Config;

/// A score at or under this says nothing more than "certainly not complete".
const LOWEST_TELLING_SCORE: f32 = 0.05;
/// Pauses after which the score is asked for again: the silence itself is a hint to the model.
pub(crate) const SCORE_AGAIN: [Duration; 3] = [
    Duration::from_millis(288),
    Duration::from_millis(576),
    Duration::from_millis(992),
];
/// Turns with fewer words than this that open with a connective are openings, not turns.
const OPENING_WORDS: usize = 6;

/// How complete the words of a turn look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// They cannot be the end: "… and", "… of the", "um", "…,", "And so, my friends".
    Open,
    /// They say nothing about it.
    Plain,
    /// They close with a full stop, a question or an exclamation mark.
    Closed,
}

/// What Smart Turn said about the pause so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Score {
    /// No answer yet.
    Pending,
    /// The best answer of this pause.
    Best(f32),
    /// It cannot be asked: only the pause counts.
    Missing,
}

impl Score {
    /// Takes in one more answer; what is not a number is no answer.
    pub(crate) fn hear(&mut self, complete: f32) {
        if complete.is_nan() {
            self.miss();
            return;
        }
        *self = match *self {
            Self::Best(before) => Self::Best(before.max(complete)),
            Self::Pending | Self::Missing => Self::Best(complete),
        };
    }

    /// One request failed.
    pub(crate) fn miss(&mut self) {
        if *self == Self::Pending {
            *self = Self::Missing;
        }
    }
}

/// The pause that ends a turn by these hints alone.
pub(crate) fn wait_by_hints(config: &Config, score: Score, look: Look) -> Duration {
    let sure = config.wait_sure;
    let unsure = config.wait_unsure.max(sure);
    let sureness = match score {
        Score::Best(score) => sureness(score, config.sure_at),
        // An answer may still come, and with it a shorter wait.
        Score::Pending => 0.0,
        Score::Missing => 0.5,
    };
    let by_score = unsure - (unsure - sure).mul_f32(sureness);
    let wait = match look {
        Look::Plain => by_score,
        Look::Closed => by_score.mul_f32(0.85).max(sure),
        Look::Open => by_score.max(wait_for_words(config)),
    };
    whole_millis(wait)
}

/// A timer set for a pause must find it over when it fires.
fn whole_millis(wait: Duration) -> Duration {
    Duration::from_millis(wait.as_millis() as u64)
}

/// The wait that words alone can bring about, whatever the score: no turn whose words look open
/// ends sooner, and one whose words are still to come may last as long.
pub(crate) fn wait_for_words(config: &Config) -> Duration {
    whole_millis(config.wait_unsure.max(config.wait_sure).mul_f32(0.75))
}

/// 0 for a turn that goes on, 1 for one that is complete.
fn sureness(score: f32, sure_at: f32) -> f32 {
    if score >= sure_at {
        return 1.0;
    }
    if score <= LOWEST_TELLING_SCORE || sure_at <= LOWEST_TELLING_SCORE {
        return 0.0;
    }
    (score / LOWEST_TELLING_SCORE).ln() / (sure_at / LOWEST_TELLING_SCORE).ln()
}

/// Words after which an English sentence goes on.
const OPEN_ENDINGS: [&str; 52] = [
    "a", "an", "the", "and", "or", "but", "so", "because", "if", "when", "while", "although",
    "though", "unless", "until", "since", "that", "which", "who", "whose", "of", "to", "for",
    "from", "with", "at", "by", "into", "onto", "my", "your", "his", "her", "its", "our", "their",
    "is", "are", "was", "were", "very", "um", "uh", "er", "erm", "like", "please", "and/or", "as",
    "than", "every", "not",
];
/// Before a closing "not": "why not", "I hope not". Elsewhere what is denied is still to come.
const BEFORE_NOT: [&str; 15] = [
    "why",
    "or",
    "if",
    "rather",
    "better",
    "course",
    "certainly",
    "absolutely",
    "definitely",
    "maybe",
    "perhaps",
    "probably",
    "hope",
    "think",
    "guess",
];
/// Words with which a thought begins that a few words do not finish.
const CONNECTIVES: [&str; 9] = [
    "and", "so", "but", "if", "when", "while", "because", "although", "unless",
];
/// Verbs and question words that make even a short opening a request ("And what is that").
const FINISHING: [&str; 34] = [
    "is", "are", "was", "were", "do", "does", "did", "can", "could", "will", "would", "should",
    "what", "why", "how", "who", "where", "which", "tell", "play", "stop", "go", "turn", "show",
    "make", "give", "it", "that", "me", "you", "i", "we", "then", "not",
];

/// Judges the words of a turn.
pub(crate) fn look(text: &str) -> Look {
    let text = text.trim();
    let words: Vec<String> = text
        .split_whitespace()
        .map(bare)
        .filter(|w| !w.is_empty())
        .collect();
    let Some(last) = words.last() else {
        return Look::Plain;
    };
    let trailing = text.ends_with([',', ':', ';', '-', '–', '—', '…']) || text.ends_with("...");
    if trailing {
        return Look::Open;
    }
    let question = text.ends_with('?');
    if !question && OPEN_ENDINGS.contains(&last.as_str()) && !may_end(&words) {
        return Look::Open;
    }
    let opening = words.len() < OPENING_WORDS
        && CONNECTIVES.contains(&words[0].as_str())
        && !words[1..]
            .iter()
            .any(|word| FINISHING.contains(&word.as_str()));
    if opening && !question {
        return Look::Open;
    }
    if text.ends_with(['.', '?', '!']) {
        Look::Closed
    } else {
        Look::Plain
    }
}

/// "That's what it is", "than he was": with a pronoun before it the verb may well be the end.
fn may_end(words: &[String]) -> bool {
    let [.., before, last] = words else {
        return words.len() == 1 && words[0] == "please";
    };
    if last == "not" {
        return BEFORE_NOT.contains(&before.as_str());
    }
    let verb = ["is", "are", "was", "were"].contains(&last.as_str());
    let pronoun = [
        "i", "he", "she", "it", "we", "they", "you", "that", "there", "there's",
    ];
    verb && pronoun.contains(&before.as_str()) || last == "please" || last == "like" || last == "so"
}

fn bare(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(score: f32, text: &str) -> u128 {
        wait_by_hints(&Config::default(), Score::Best(score), look(text)).as_millis()
    }

    #[test]
    fn a_turn_that_sounds_complete_ends_after_the_short_wait() {
        assert_eq!(millis(0.9, "What time is it?"), 200);
        assert_eq!(millis(0.5, "seven of clubs"), 200);
    }

    #[test]
    fn the_lower_the_score_the_longer_the_wait() {
        let mut before = Duration::ZERO;
        for step in (0..=100).rev() {
            let score = Score::Best(step as f32 / 100.0);
            let now = wait_by_hints(&Config::default(), score, Look::Plain);
            assert!(now >= before, "score {step} %");
            before = now;
        }
        assert_eq!(before, Config::default().wait_unsure);
    }

    #[test]
    fn pauses_measured_inside_a_sentence_are_waited_out() {
        // Clip, best score in the pause, its length in milliseconds, words heard until then.
        let pauses = [
            (0.979, 1024, "And so my fellow Americans."),
            (0.006, 160, "And so my fellow Americans ask"),
            (0.072, 992, "And so my fellow Americans asked not"),
            (
                0.027,
                576,
                "And so my fellow Americans ask not what your country can do for you.",
            ),
            (0.661, 128, "For..."),
            (0.911, 160, "5"),
            (0.983, 96, "Eight of spades."),
        ];
        for (score, pause, text) in pauses {
            assert!(
                millis(score, text) > pause + 32,
                "{text}: {} ms",
                millis(score, text)
            );
        }
    }

    #[test]
    fn true_ends_with_a_doubtful_sound_are_not_waited_for_too_long() {
        for (score, text) in [
            (0.145, "He was not an ill-disposed young man."),
            (0.339, "He might even have been made amiable himself."),
        ] {
            assert!(
                millis(score, text) <= 850,
                "{text}: {} ms",
                millis(score, text)
            );
        }
    }

    #[test]
    fn words_that_cannot_be_the_end_look_open() {
        for text in [
            "Set a timer for",
            "I would like to know, um",
            "Well,",
            "Turn on the light and",
            "So, my dear friends.",
            "The problem is",
            "For...",
            "The",
            "And so my fellow Americans asked not.",
        ] {
            assert_eq!(look(text), Look::Open, "{text}");
        }
    }

    #[test]
    fn words_that_may_be_the_end_do_not_look_open() {
        for text in [
            "And what is that?",
            "What is it like?",
            "So what?",
            "Tell me who she was",
            "Respectable than he was.",
            "Yes please.",
            "Please.",
            "And then stop.",
            "I don't think so.",
            "Who is it for?",
            "I hope not.",
            "Are you coming or not",
            "Why not?",
            "four queen of clubs",
            "And Mr. John Dashwood had then leisure to consider",
        ] {
            assert_ne!(look(text), Look::Open, "{text}");
        }
        assert_eq!(look(""), Look::Plain);
        assert_eq!(look("What time is it?"), Look::Closed);
    }

    #[test]
    fn without_a_score_the_pause_alone_decides_and_a_late_score_still_counts() {
        let config = Config::default();
        let mut score = Score::Pending;
        let wait = |score| wait_by_hints(&config, score, Look::Plain);
        assert_eq!(wait(score), config.wait_unsure);
        score.miss();
        assert_eq!(wait(score).as_millis(), 900);
        score.hear(0.8);
        assert_eq!(wait(score), config.wait_sure);
        score.hear(f32::NAN);
        assert_eq!(score, Score::Best(0.8));
    }
}
