//! Letter to sound for words that no dictionary has.
//!
//! A decision tree learnt from the CMU Pronouncing Dictionary (`fixtures/make_phonemes_guess.py`)
//! asks for a letter and then for the neighbours that tell most, and answers with its sounds.

/// The tree; its layout is described in the script that makes it.
const TABLE: &[u8] = include_bytes!("guess.bin");
/// The neighbour that each question is about; the question behind them is whether the word has had
/// its stress.
const NEIGHBOURS: [isize; 9] = [0, 1, -1, 2, -2, 3, -3, 4, -4];
/// Endings that never bear the stress.
const ENDINGS: [&str; 7] = ["ing", "ed", "es", "er", "ly", "ness", "less"];
/// Bytes of a node before its children.
const NODE: usize = 7;

/// The phonemes of the lower-case `word` as the dictionary would write them.
pub(super) fn guess(word: &str) -> String {
    let Some((classes, tree)) = parts() else {
        return String::new();
    };
    let classes: Vec<&str> = classes.split('\n').collect();
    let letters: Vec<u8> = word.bytes().filter(u8::is_ascii_lowercase).collect();
    let mut sounds: Vec<&str> = Vec::new();
    for at in 0..letters.len() {
        let stressed = sounds.iter().any(|sound| sound.ends_with('1'));
        let class = answer(tree, |question| match NEIGHBOURS.get(question) {
            Some(&offset) => {
                let place = at.checked_add_signed(offset);
                place
                    .and_then(|place| letters.get(place))
                    .copied()
                    .unwrap_or(b' ')
            }
            None => b'0' + u8::from(stressed),
        });
        sounds.extend(
            classes
                .get(class)
                .copied()
                .unwrap_or_default()
                .split_whitespace(),
        );
    }
    // Twins come of doubled letters that were each taken for themselves.
    sounds.dedup();
    write(&sounds, ENDINGS.iter().any(|ending| word.ends_with(ending)))
}

/// The classes' text and the tree.
fn parts() -> Option<(&'static str, &'static [u8])> {
    let end = TABLE.iter().position(|&byte| byte == 0)?;
    Some((
        std::str::from_utf8(TABLE.get(1..end)?).ok()?,
        TABLE.get(end + 1..)?,
    ))
}

/// Goes down from question to question until no branch fits; the last node's class is the answer.
fn answer(tree: &[u8], ask: impl Fn(usize) -> u8) -> usize {
    let mut node = tree;
    let mut class = 0;
    while let &[
        _,
        own,
        question,
        children,
        low,
        middle,
        high,
        ref below @ ..,
    ] = node
    {
        class = usize::from(own);
        let branches = below.get(..length(low, middle, high)).unwrap_or_default();
        match child(branches, children, ask(usize::from(question))) {
            Some(child) => node = child,
            None => break,
        }
    }
    class
}

fn child(mut nodes: &[u8], count: u8, value: u8) -> Option<&[u8]> {
    for _ in 0..count {
        let &[own, _, _, _, low, middle, high, ..] = nodes else {
            return None;
        };
        if own == value {
            return Some(nodes);
        }
        nodes = nodes.get(NODE + length(low, middle, high)..)?;
    }
    None
}

fn length(low: u8, middle: u8, high: u8) -> usize {
    usize::from(low) | usize::from(middle) << 8 | usize::from(high) << 16
}

/// ARPAbet to IPA, with exactly one primary stress; not on the last syllable if it is `weak`.
fn write(sounds: &[&str], weak: bool) -> String {
    let mut vowels: Vec<usize> = (0..sounds.len())
        .filter(|&at| sounds[at].ends_with(char::is_numeric))
        .collect();
    if weak && vowels.len() > 1 {
        vowels.pop();
    }
    let find = |fits: &dyn Fn(&str) -> bool| vowels.iter().copied().find(|&at| fits(sounds[at]));
    let first = find(&|sound| sound.ends_with('1'))
        .or_else(|| find(&|sound| sound != "AH0" && sound != "ER0"))
        .or_else(|| vowels.first().copied());
    let last = weak
        .then(|| sounds.iter().rposition(|s| s.ends_with(char::is_numeric)))
        .flatten();
    let mut ipa = String::new();
    for (index, sound) in sounds.iter().enumerate() {
        let name = sound.trim_end_matches(char::is_numeric);
        let stress = match sound.bytes().last() {
            _ if Some(index) == first => "ˈ",
            Some(b'1' | b'2') if Some(index) != last => "ˌ",
            _ => "",
        };
        ipa.push_str(stress);
        ipa.push_str(letter(name, !stress.is_empty()));
    }
    ipa
}

fn letter(sound: &str, stressed: bool) -> &'static str {
    match sound {
        "AA" => "ɑ",
        "AE" => "æ",
        "AH" if stressed => "ʌ",
        "AH" => "ə",
        "AO" => "ɔː",
        "AW" => "aʊ",
        "AY" => "aɪ",
        "B" => "b",
        "CH" => "tʃ",
        "D" => "d",
        "DH" => "ð",
        "EH" => "ɛ",
        "ER" if stressed => "ɜː",
        "ER" => "ɚ",
        "EY" => "eɪ",
        "F" => "f",
        "G" => "ɡ",
        "HH" => "h",
        "IH" => "ɪ",
        "IY" => "iː",
        "JH" => "dʒ",
        "K" => "k",
        "L" => "l",
        "M" => "m",
        "N" => "n",
        "NG" => "ŋ",
        "OW" => "oʊ",
        "OY" => "ɔɪ",
        "P" => "p",
        "R" => "ɹ",
        "S" => "s",
        "SH" => "ʃ",
        "T" => "t",
        "TH" => "θ",
        "UH" => "ʊ",
        "UW" => "uː",
        "V" => "v",
        "W" => "w",
        "Y" => "j",
        "Z" => "z",
        "ZH" => "ʒ",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::guess;

    #[test]
    fn unknown_words_are_read_and_not_spelled() {
        for (word, ipa) in [
            ("blick", "blˈɪk"),
            ("dration", "dɹˈeɪʃən"),
            ("phrobing", "fɹˈoʊbɪŋ"),
        ] {
            assert_eq!(guess(word), ipa, "{word}");
        }
    }

    #[test]
    fn every_word_has_one_primary_stress() {
        let mut random = fastrand::Rng::with_seed(5);
        for _ in 0..2000 {
            let length = random.usize(1..12);
            let word: String = (0..length).map(|_| random.lowercase()).collect();
            let vowels = guess(&word).matches(super::super::accent::is_vowel).count();
            let stresses = guess(&word).matches('ˈ').count();
            assert_eq!(stresses, vowels.min(1), "{word} {}", guess(&word));
        }
    }
}
