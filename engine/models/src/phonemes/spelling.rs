//! The names of letters and digits, for what is spelled.

/// How the letter or digit is called, in espeak's accent.
pub(super) fn name(letter: char) -> Option<&'static str> {
    Some(match letter.to_ascii_lowercase() {
        'a' => "ˈeɪ",
        'b' => "bˈiː",
        'c' => "sˈiː",
        'd' => "dˈiː",
        'e' => "ˈiː",
        'f' => "ˈɛf",
        'g' => "dʒˈiː",
        'h' => "ˈeɪtʃ",
        'i' => "ˈaɪ",
        'j' => "dʒˈeɪ",
        'k' => "kˈeɪ",
        'l' => "ˈɛl",
        'm' => "ˈɛm",
        'n' => "ˈɛn",
        'o' => "ˈoʊ",
        'p' => "pˈiː",
        'q' => "kjˈuː",
        'r' => "ˈɑːɹ",
        's' => "ˈɛs",
        't' => "tˈiː",
        'u' => "jˈuː",
        'v' => "vˈiː",
        'w' => "dˈʌbəljˌuː",
        'x' => "ˈɛks",
        'y' => "wˈaɪ",
        'z' => "zˈiː",
        '0' => "zˈiəɹoʊ",
        '1' => "wˈʌn",
        '2' => "tˈuː",
        '3' => "θɹˈiː",
        '4' => "fˈoːɹ",
        '5' => "fˈaɪv",
        '6' => "sˈɪks",
        '7' => "sˈɛvən",
        '8' => "ˈeɪt",
        '9' => "nˈaɪn",
        _ => return None,
    })
}

/// Letter by letter, as one word: all but the last with secondary stress, as espeak does.
pub(super) fn spell(word: &str) -> String {
    let names: Vec<&str> = word.chars().filter_map(name).collect();
    let mut ipa = String::new();
    for (index, name) in names.iter().enumerate() {
        if index + 1 < names.len() {
            ipa.push_str(&name.replace('ˈ', "ˌ"));
        } else {
            ipa.push_str(name);
        }
    }
    ipa
}

/// Whether `word`, as written, is an abbreviation whose letters are said: capitals without a
/// vowel, or a few capitals that do not read like a word.
pub(super) fn is_spelled(word: &str) -> bool {
    let letters: Vec<char> = word.chars().filter(|c| c.is_alphabetic()).collect();
    let vowel = |letter: &char| "aeiouyAEIOUY".contains(*letter);
    if letters.is_empty() || !letters.iter().any(vowel) {
        return true;
    }
    let capitals = letters.len() > 1 && letters.iter().all(|letter| letter.is_uppercase());
    capitals && letters.len() <= 3
}

#[cfg(test)]
mod tests {
    use super::{is_spelled, spell};

    #[test]
    fn abbreviations_are_told_from_words() {
        for word in ["GPS", "TV", "USB", "FBI", "hmm", "CIA", "b"] {
            assert!(is_spelled(word), "{word}");
        }
        for word in ["NASA", "hello", "Laser", "UNICEF", "sky", "at"] {
            assert!(!is_spelled(word), "{word}");
        }
    }

    #[test]
    fn the_last_letter_bears_the_stress() {
        assert_eq!(spell("USB"), "jˌuːˌɛsbˈiː");
    }
}
