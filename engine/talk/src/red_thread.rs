//! The words that stop everything: "red thread".
//!
//! Judges words only, heard or typed, and knows nothing of what follows. Errs towards stopping where
//! a recogniser may have put a comma, a hyphen, a pause or a capital letter; another word is another
//! word ("red threads", "red threat", "read thread"), however alike it sounds: a machine that stops
//! by itself is switched off for good.

/// The words as they are written wherever nothing else of a text may be kept.
pub const WORDS: &str = "red thread";

/// Whether the red thread is pulled by these words: "red thread" anywhere among them, as two whole
/// words next to each other, or written as one.
///
/// Case and what stands between the words do not matter. Only the end of a sentence parts them
/// ("It was red. Thread the needle."), unless each is a sentence by itself: so a recogniser writes
/// what is said slowly ("Red. Thread.").
pub fn pulls(words: &str) -> bool {
    let words = split(words);
    words.iter().any(|word| word.text == "redthread")
        || words.windows(2).enumerate().any(|(at, pair)| {
            let [red, thread] = pair else { return false };
            let is_it = red.text == "red" && thread.text == "thread";
            is_it && (red.sentence == thread.sentence || is_alone(&words, at))
        })
}

/// Whether it is pulled by the last words alone: where a recogniser is cut off, the next sound may make
/// another word of them ("red threat").
pub(crate) fn pulls_at_the_end(words: &str) -> bool {
    let end = words.trim_end_matches(|c: char| !c.is_alphanumeric());
    let before = end.trim_end_matches(|c: char| c.is_alphanumeric());
    pulls(words) && !pulls(before)
}

struct Word {
    /// Lower case, letters and digits only, and what holds a word together.
    text: String,
    sentence: usize,
}

/// Whether each of the two words from here on is a whole sentence.
fn is_alone(words: &[Word], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| words.get(before));
    let after = words.get(at + 2);
    before.is_none_or(|before| before.sentence != words[at].sentence)
        && after.is_none_or(|after| after.sentence != words[at + 1].sentence)
}

fn split(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let (mut word, mut sentence) = (String::new(), 0);
    let mut end = |word: &mut String, sentence: usize| {
        let text = word.trim_matches(['\'', '_']);
        if !text.is_empty() {
            words.push(Word {
                text: text.to_owned(),
                sentence,
            });
        }
        word.clear();
    };
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            // Nobody sees these.
            '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => {}
            '\'' | '’' => word.push('\''),
            '_' => word.push('_'),
            c if c.is_alphanumeric() => word.extend(c.to_lowercase()),
            '.' | '!' | '?' => {
                end(&mut word, sentence);
                let mut dots = usize::from(c == '.');
                let mut marks = 1 - dots;
                while let Some(next) = chars.next_if(|next| ['.', '!', '?'].contains(next)) {
                    if next == '.' {
                        dots += 1;
                    } else {
                        marks += 1;
                    }
                }
                // Three dots are a pause.
                if marks > 0 || dots == 1 {
                    sentence += 1;
                }
            }
            _ => end(&mut word, sentence),
        }
    }
    end(&mut word, sentence);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_pulled_however_the_two_words_are_written() {
        for text in [
            "red thread",
            "Red thread.",
            "RED THREAD!!",
            "Red Thread?",
            " red  thread ",
            "red\nthread",
            "red\tthread",
            "red\u{a0}thread",
            "Red-thread!",
            "red‑thread",
            "red – thread",
            "red/thread",
            "Red, thread.",
            "Red; thread",
            "Red: thread",
            "red... thread",
            "Red… thread",
            "Red. Thread.",
            "Red! Thread!",
            "Janet! Red. Thread. Now.",
            "Redthread",
            "redThread.",
            "#redthread",
            "red\u{200b}thread",
            "red thr\u{ad}ead",
            "\"Red thread\"",
            "'red thread'",
            "‘Red thread’",
            "«Red thread»",
            "[red thread]",
            "*red* thread",
            "Okay, stop, red thread, red thread!",
            "I said red thread and I mean it",
            "please pull the red thread",
            "Red thread is what I said",
            "red red thread thread",
            "It is blue. Red thread.",
            "Red thread. Thread the needle.",
            "Ich sage: red thread",
        ] {
            assert!(pulls(text), "{text:?}");
        }
    }

    #[test]
    fn near_misses_pull_nothing() {
        for text in [
            "",
            " ",
            "red",
            "thread",
            "thread red",
            "red threat",
            "Red threat!",
            "read thread",
            "I have read. Thread by thread.",
            "I read the thread",
            "read threads",
            "red threads",
            "red-threads",
            "redthreads",
            "red thread's end",
            "red threaded",
            "red threading",
            "red bread",
            "red tread",
            "red dread",
            "red Fred",
            "rad thread",
            "wed thread",
            "led thread",
            "bred thread",
            "infrared thread",
            "red's thread",
            "red 1 thread",
            "red a thread",
            "red or thread",
            "a red, green and blue thread",
            "the thread was red",
            "The thread was red. Thread it now.",
            "What colour is it? Red. Thread the needle.",
            "It was red! Thread it!",
            "Red. Thread it.",
            "red_thread",
            "_red_thread_",
            "re d thread",
            "red th read",
            "r e d t h r e a d",
            "red herring thread",
            "réd thread",
            "redthreadbare",
            "hundredthread",
        ] {
            assert!(!pulls(text), "{text:?}");
        }
    }

    #[test]
    fn the_last_words_of_a_text_are_known_from_others() {
        for (text, at_the_end) in [
            ("Red thread", true),
            ("I said red thread…", true),
            ("Stop, redthread!", true),
            ("Red thread now", false),
            ("Red thread, red thread", false),
            ("Red threat", false),
            ("", false),
        ] {
            assert_eq!(pulls_at_the_end(text), at_the_end, "{text:?}");
        }
    }

    #[test]
    fn no_text_is_too_long_or_too_odd() {
        let long = "thread red ".repeat(20_000);
        assert!(pulls(&long), "it says thread red thread red");
        assert!(!pulls(&"red threat ".repeat(20_000)));
        assert!(pulls(&format!(
            "{} red thread",
            ".!?'_\u{200b}".repeat(1000)
        )));
    }

    #[test]
    fn words_pull_by_themselves_and_wherever_they_are_put() {
        assert!(pulls(WORDS));
        let mut rng = fastrand::Rng::with_seed(7);
        let around = ["a", "red", "thread", "now", "threat", "reads", "x1"];
        for _ in 0..20_000 {
            let draw = |rng: &mut fastrand::Rng| {
                let count = rng.usize(0..5);
                let words: Vec<&str> = (0..count).map(|_| around[rng.usize(0..7)]).collect();
                words.join([" ", ", ", "-"][rng.usize(0..3)])
            };
            let (before, after) = (draw(&mut rng), draw(&mut rng));
            let text = format!("{before} {WORDS} {after}");
            assert!(pulls(&text), "{text:?}");
            let text = format!("{before}. {WORDS}! {after}").to_uppercase();
            assert!(pulls(&text), "{text:?}");
            // Without the two words side by side nothing is pulled.
            let text = format!("{before} {after}");
            let words: Vec<&str> = text
                .split([' ', ',', '-'])
                .filter(|w| !w.is_empty())
                .collect();
            let beside = words.windows(2).any(|pair| pair == ["red", "thread"]);
            assert_eq!(pulls(&text), beside, "{text:?}");
        }
    }
}
