//! Words and their times, from tokens and the position at which each token begins.
//!
//! The rules are the reference's: a token that begins with a space begins a word, punctuation
//! belongs to its neighbour, and a word that lasts far longer than the others was stretched over a
//! pause.

use super::options::Word;
use super::timing::Times;
use super::vocabulary::Vocabulary;
use crate::ModelError;

/// Seconds per position of the encoder.
const POSITION_S: f32 = 0.02;
/// Marks that belong to the word after them.
const OPENING_MARKS: &str = "\"'“¿([{-";
/// Marks that belong to the word before them.
const CLOSING_MARKS: &str = "\"'.。,，!！?？:：”)]}、";
/// Marks that a sentence ends with.
const SENTENCE_ENDS: &str = ".。!！?？";
/// The middle one of the durations counts up to here, in seconds.
const LONGEST_TYPICAL_S: f32 = 0.7;

/// A stretch of tokens that is one word.
#[derive(Clone, Debug, PartialEq)]
struct Piece {
    text: String,
    tokens: std::ops::Range<usize>,
}

/// The words of `tokens`, in a language that puts spaces between them or in one
/// where every character stands for itself (`spaced` false). `times` counts from the window's
/// beginning, `offset_s` after the sound's.
pub(super) fn words(
    vocabulary: &Vocabulary,
    tokens: &[u32],
    spaced: bool,
    times: &Times,
    offset_s: f32,
) -> Result<Vec<Word>, ModelError> {
    let Times { begins, chances } = times;
    if begins.len() != tokens.len() + 1 || chances.len() != tokens.len() {
        return Err(ModelError::Input {
            what: "alignment",
            reason: format!("{} beginnings for {} tokens", begins.len(), tokens.len()),
        });
    }
    let pieces = pieces(&|tokens| vocabulary.text(tokens), tokens, spaced)?;
    let mut words: Vec<Word> = pieces
        .into_iter()
        .map(|piece| Word {
            text: piece.text,
            start_s: begins[piece.tokens.start] as f32 * POSITION_S,
            end_s: begins[piece.tokens.end] as f32 * POSITION_S,
            probability: chances[piece.tokens.clone()].iter().sum::<f32>()
                / piece.tokens.len() as f32,
        })
        .collect();
    limit(&mut words);
    let mut words = merged(words);
    shorten_first(&mut words);
    for word in &mut words {
        word.text = word.text.trim().to_owned();
        word.start_s += offset_s;
        word.end_s += offset_s;
    }
    words.retain(|word| !word.text.is_empty());
    Ok(words)
}

/// Splits tokens into words, spaces and marks still around them.
fn pieces(
    text: &dyn Fn(&[u32]) -> Result<String, ModelError>,
    tokens: &[u32],
    spaced: bool,
) -> Result<Vec<Piece>, ModelError> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut start = 0;
    for end in 1..=tokens.len() {
        let piece = text(&tokens[start..end])?;
        // A character may be made of several tokens.
        if piece.contains(char::REPLACEMENT_CHARACTER) && end < tokens.len() {
            continue;
        }
        let is_mark =
            piece.trim().len() == 1 && piece.trim().chars().all(|c| c.is_ascii_punctuation());
        match pieces.last_mut() {
            Some(last) if spaced && !piece.starts_with(' ') && !is_mark => {
                last.text.push_str(&piece);
                last.tokens.end = end;
            }
            _ => pieces.push(Piece {
                text: piece,
                tokens: start..end,
            }),
        }
        start = end;
    }
    Ok(pieces)
}

/// Half of the longest duration that a word of these may have beside a pause, in seconds.
fn typical_s(words: &[Word]) -> f32 {
    let mut durations: Vec<f32> = words
        .iter()
        .map(|word| word.end_s - word.start_s)
        .filter(|duration| *duration > 0.0)
        .collect();
    durations.sort_by(f32::total_cmp);
    let middle = match durations.as_slice() {
        [] => 0.0,
        all if all.len() % 2 == 1 => all[all.len() / 2],
        all => (all[all.len() / 2 - 1] + all[all.len() / 2]) / 2.0,
    };
    middle.min(LONGEST_TYPICAL_S)
}

/// Shortens words that were stretched over the pause between two sentences.
fn limit(words: &mut [Word]) {
    let longest = 2.0 * typical_s(words);
    if longest == 0.0 {
        return;
    }
    let ends = |word: &Word| SENTENCE_ENDS.contains(word.text.as_str());
    for at in 1..words.len() {
        if words[at].end_s - words[at].start_s <= longest {
            continue;
        }
        if ends(&words[at]) {
            words[at].end_s = words[at].start_s + longest;
        } else if ends(&words[at - 1]) {
            words[at].start_s = words[at].end_s - longest;
        }
    }
}

/// A first word that begins long before the others' pace says begins later: the silence before the
/// speech is no part of it.
fn shorten_first(words: &mut [Word]) {
    let longest = 2.0 * typical_s(words);
    let Some(first) = words.first_mut() else {
        return;
    };
    if longest > 0.0 && first.end_s > 2.0 * longest && first.end_s - first.start_s > longest {
        first.start_s = first.end_s - longest;
    }
}

/// Joins marks with the words that they belong to. Their times and probabilities are the words' own.
fn merged(words: Vec<Word>) -> Vec<Word> {
    let mut out: Vec<Word> = Vec::with_capacity(words.len());
    let mut opening = String::new();
    for mut word in words {
        let mark = word.text.trim();
        if word.text.starts_with(' ') && !mark.is_empty() && OPENING_MARKS.contains(mark) {
            opening.push_str(&word.text);
            continue;
        }
        match out.last_mut() {
            Some(last) if opening.is_empty() && CLOSING_MARKS.contains(word.text.as_str()) => {
                last.text.push_str(&word.text);
            }
            _ => {
                word.text.insert_str(0, &std::mem::take(&mut opening));
                out.push(word);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 8] = [" He", " said", " \"", "go", "ing", ",", " now", "."];

    fn text(tokens: &[u32]) -> Result<String, ModelError> {
        Ok(tokens.iter().map(|t| TEXTS[*t as usize]).collect())
    }

    fn word(text: &str, start_s: f32, end_s: f32) -> Word {
        Word {
            text: text.into(),
            start_s,
            end_s,
            probability: 1.0,
        }
    }

    fn texts(words: &[Word]) -> Vec<&str> {
        words.iter().map(|w| w.text.as_str()).collect()
    }

    #[test]
    fn tokens_become_words_at_spaces_and_marks() {
        let pieces = pieces(&text, &[0, 1, 2, 3, 4, 5, 6, 7], true).expect("fine");
        let texts: Vec<_> = pieces.iter().map(|p| p.text.as_str()).collect();
        assert_eq!(texts, [" He", " said", " \"going", ",", " now", "."]);
        assert_eq!(pieces[2].tokens, 2..5);
    }

    #[test]
    fn a_character_of_two_tokens_stays_whole_and_stands_for_itself_without_spaces() {
        let half = |tokens: &[u32]| -> Result<String, ModelError> {
            Ok(match tokens {
                [0] | [1] => "\u{fffd}".into(),
                [0, 1] => "語".into(),
                _ => "日".into(),
            })
        };
        let pieces = pieces(&half, &[2, 0, 1, 2], false).expect("fine");
        let texts: Vec<_> = pieces.iter().map(|p| p.text.as_str()).collect();
        assert_eq!(texts, ["日", "語", "日"]);
    }

    #[test]
    fn marks_join_their_words_and_keep_the_words_times() {
        let words = merged(vec![
            word(" He", 0.0, 0.2),
            word(" \"", 0.2, 0.3),
            word("going", 0.3, 0.5),
            word(",", 0.5, 0.9),
        ]);
        assert_eq!(texts(&words), [" He", " \"going,"]);
        assert_eq!((words[1].start_s, words[1].end_s), (0.3, 0.5));
    }

    #[test]
    fn a_word_is_not_stretched_over_the_pause_before_it() {
        let mut words = vec![
            word(" He", 0.0, 0.3),
            word(" went", 0.3, 0.6),
            word(".", 0.6, 0.7),
            word(" Then", 0.7, 4.0),
            word(" she", 4.0, 4.3),
        ];
        limit(&mut words);
        assert!((words[3].start_s - 3.4).abs() < 1e-5, "{:?}", words[3]);
        let mut late = vec![
            word("He", 0.0, 3.0),
            word("went", 3.0, 3.2),
            word("on", 3.2, 3.4),
        ];
        shorten_first(&mut late);
        assert!((late[0].start_s - 2.6).abs() < 1e-5, "{:?}", late[0]);
    }
}
