//! Reads a sentence as words and the marks that matter.

/// A sentence taken apart.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    pub(super) words: Vec<Word>,
    pub(super) is_question: bool,
    pub(super) exclaims: bool,
    /// A face in signs at all: −1 sad, 1 glad.
    pub(super) smileys: i32,
}

/// A word of it, in small letters, with straight apostrophes.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) text: String,
    /// Its first byte in the sentence.
    pub(super) at: usize,
    /// In the middle of a sentence, with a capital letter: Great Britain is not great.
    pub(super) is_name: bool,
    /// Which part between commas it belongs to.
    pub(super) clause: usize,
}

const GLAD: [&str; 10] = ["🙂", "😀", "😊", "😃", "😄", "🎉", "👍", "❤", ":)", ":-)"];
const SAD: [&str; 7] = ["🙁", "😢", "😞", "😟", "😔", ":(", ":-("];

/// More than any sentence has; what is behind it is not read.
const MOST: usize = 400;

pub(super) fn read(sentence: &str) -> Words {
    let mut read = Words::default();
    let mut clause = 0;
    let mut word = String::new();
    let mut begin = 0;
    for (at, mark) in sentence.char_indices().chain([(sentence.len(), ' ')]) {
        let mark = if mark == '’' { '\'' } else { mark };
        if mark.is_alphanumeric() || (mark == '\'' && !word.is_empty()) {
            if word.is_empty() {
                begin = at;
            }
            word.push(mark);
            continue;
        }
        if !word.is_empty() && read.words.len() < MOST {
            push(&mut read.words, word.trim_end_matches('\''), begin, clause);
        }
        word.clear();
        match mark {
            ',' | ';' | ':' | '–' | '—' | '(' | ')' => clause += 1,
            '!' => read.exclaims = true,
            '?' => read.is_question = true,
            _ => {}
        }
    }
    let count = |signs: &[&str]| {
        signs
            .iter()
            .filter(|sign| sentence.contains(**sign))
            .count() as i32
    };
    read.smileys = (count(&GLAD) - count(&SAD)).clamp(-1, 1);
    read
}

fn push(words: &mut Vec<Word>, word: &str, at: usize, clause: usize) {
    let is_capital = word.starts_with(char::is_uppercase);
    let shouts = word.chars().count() > 1 && word.chars().all(char::is_uppercase);
    let is_name =
        is_capital && !shouts && !words.is_empty() && !word.starts_with("I'") && word != "I";
    words.push(Word {
        text: word.to_lowercase(),
        at,
        is_name,
        clause,
    });
}
