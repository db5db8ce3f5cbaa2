//! From the dictionary's broad American phonemes to espeak's accent, which the voices know.
//!
//! The rules were found by comparing both on the 18,000 most frequent words; each one says what it
//! is about. Where the sound depends on the spelling, the word's vowel letters are laid beside its
//! syllables, if there are as many.

/// A sound with its stress: 0 none, 1 primary, 2 secondary.
#[derive(Clone, Debug, PartialEq)]
struct Phone {
    ipa: String,
    stress: u8,
}

impl Phone {
    fn new(ipa: &str) -> Self {
        Self {
            ipa: ipa.to_owned(),
            stress: 0,
        }
    }

    fn vowel(&self) -> bool {
        self.ipa.starts_with(is_vowel)
    }

    fn is(&self, ipa: &str) -> bool {
        self.ipa == ipa
    }

    fn set(&mut self, ipa: &str) {
        ipa.clone_into(&mut self.ipa);
    }
}

/// Whether `letter` begins a vowel.
pub(super) fn is_vowel(letter: char) -> bool {
    "aeiouæɑɔəɚɛɜɪʊʌᵻɐ".contains(letter)
}

/// `ipa` of the lower-case `word` in espeak's accent.
pub(super) fn espeak(word: &str, ipa: &str) -> String {
    let mut phones = parse(ipa);
    vowels(&mut phones);
    colour(word, &mut phones);
    consonants(word, &mut phones);
    endings(word, &mut phones);
    flaps(&mut phones);
    stresses(&mut phones);
    write(&phones)
}

fn parse(ipa: &str) -> Vec<Phone> {
    let mut phones: Vec<Phone> = Vec::new();
    let mut stress = 0;
    for letter in ipa.chars() {
        match letter {
            'ˈ' => stress = 1,
            'ˌ' => stress = 2,
            'ː' => {
                if let Some(last) = phones.last_mut() {
                    last.ipa.push('ː');
                }
            }
            _ => {
                let joins = phones.last().is_some_and(|last| {
                    let pair = (last.ipa.as_str(), letter);
                    stress == 0
                        && matches!(
                            pair,
                            ("a" | "e" | "ɔ", 'ɪ') | ("a" | "o", 'ʊ') | ("t", 'ʃ') | ("d", 'ʒ')
                        )
                });
                match phones.last_mut() {
                    Some(last) if joins => last.ipa.push(letter),
                    _ => phones.push(Phone {
                        ipa: letter.to_string(),
                        stress,
                    }),
                }
                stress = 0;
            }
        }
    }
    phones
}

fn write(phones: &[Phone]) -> String {
    let mut ipa = String::new();
    for phone in phones {
        match phone.stress {
            1 => ipa.push('ˈ'),
            2 => ipa.push('ˌ'),
            _ => {}
        }
        ipa.push_str(&phone.ipa);
    }
    ipa
}

/// Length and colour of vowels by their neighbours.
fn vowels(phones: &mut Vec<Phone>) {
    for index in 0..phones.len() {
        let next = phones
            .get(index + 1)
            .map(|phone| phone.ipa.clone())
            .unwrap_or_default();
        let behind = phones
            .get(index + 2)
            .map(|phone| phone.ipa.clone())
            .unwrap_or_default();
        let phone = &mut phones[index];
        match phone.ipa.as_str() {
            "ɑ" => phone.set("ɑː"),
            "iː" if next == "ɹ" => phone.set("ɪ"),
            "iː" if phone.stress == 0 => phone.set("i"),
            "ɚ" if phone.stress == 2 => phone.set("ɜː"),
            "ɔː" if next == "ŋ" || next == "f" || (next == "l" && behind == "t") => {
                phone.set("ɔ")
            }
            _ => {}
        }
    }
    // A vowel with r keeps its r before another vowel: "current", "history".
    for index in (1..phones.len()).rev() {
        let coloured = matches!(phones[index - 1].ipa.as_str(), "ɚ" | "ɜː");
        if coloured && phones[index].vowel() {
            phones.insert(index, Phone::new("ɹ"));
        }
    }
    // "fire", "hiring": a glide stands between the diphthong and r.
    for index in (1..phones.len()).rev() {
        if phones[index - 1].is("aɪ") && phones[index].is("ɹ") {
            let before_vowel = phones.get(index + 1).is_some_and(Phone::vowel);
            if before_vowel {
                phones.insert(index, Phone::new("ɚ"));
            } else {
                phones[index].set("ɚ");
            }
        }
    }
    // "actually", "usually": the dictionary writes schwa and w for one long vowel.
    for index in (1..phones.len().saturating_sub(2)).rev() {
        let glide = phones[index].is("ə") && phones[index + 1].is("w");
        if glide && phones[index + 2].vowel() && phones[index + 2].stress == 0 {
            phones[index].set("uː");
            phones.remove(index + 1);
        }
    }
}

/// The colour of unstressed vowels by their letters.
fn colour(word: &str, phones: &mut [Phone]) {
    let groups = vowel_groups(word);
    let syllables: Vec<usize> = (0..phones.len()).filter(|&at| phones[at].vowel()).collect();
    if groups.len() == syllables.len() {
        for (group, &at) in groups.iter().zip(&syllables) {
            if phones[at].stress == 0 && phones[at].is("ə") && *group == "i" {
                phones[at].set("ɪ");
            }
        }
    }
    let Some(&first) = syllables.first() else {
        return;
    };
    if phones[first].stress != 0 || syllables.len() < 2 {
        return;
    }
    let colour = match (phones[first].ipa.as_str(), first) {
        ("ə", 0) if word.starts_with('a') => "ɐ",
        ("æ", 0) if word.starts_with("acc") || word.starts_with("ad") => "ɐ",
        ("ə", 0) if word.starts_with("un") => "ʌ",
        ("ɪ", 0) if closed(word) => "ɛ",
        ("ɪ" | "i" | "ə", 0) if word.starts_with("el") || word.starts_with("ev") => "ᵻ",
        ("ɪ" | "i" | "ə", 0) if word.starts_with('e') => "ɪ",
        ("ɪ" | "i" | "ə", 1)
            if ["be", "de", "re"]
                .iter()
                .any(|prefix| word.starts_with(prefix))
                && !phones.get(first + 1).is_some_and(Phone::vowel) =>
        {
            "ᵻ"
        }
        _ => return,
    };
    phones[first].set(colour);
}

/// Whether the word begins with ex, or with en or em before another consonant.
fn closed(word: &str) -> bool {
    let rest = word.strip_prefix("en").or_else(|| word.strip_prefix("em"));
    word.starts_with("ex") || rest.is_some_and(|rest| !rest.starts_with(is_vowel_letter))
}

fn is_vowel_letter(letter: char) -> bool {
    "aeiouy".contains(letter)
}

/// The runs of vowel letters that are heard: no silent e at the end, no y at the beginning.
fn vowel_groups(word: &str) -> Vec<&str> {
    let mute = word.len() > 2 && word.ends_with('e') && !word.ends_with("le");
    let word = if mute { &word[..word.len() - 1] } else { word };
    word.trim_start_matches('y')
        .split(|letter| !is_vowel_letter(letter))
        .filter(|run| !run.is_empty())
        .collect()
}

fn consonants(word: &str, phones: &mut [Phone]) {
    for index in 1..phones.len() {
        let next = phones[index].ipa.clone();
        let end = phones
            .get(index + 1)
            .map(|phone| phone.ipa.clone())
            .unwrap_or_default();
        let before = &mut phones[index - 1];
        // "include": n before k and g is said at their place.
        if before.is("n") && (next == "k" || next == "ɡ") {
            before.set("ŋ");
        }
        // "particular", "argument": the vowel behind j.
        if before.is("j") && next == "ə" {
            match end.as_str() {
                "l" => phones[index].set("ʊ"),
                "m" | "f" | "t" | "k" => phones[index].set("uː"),
                _ => {}
            }
        }
    }
    // "million", "opinion": i instead of the glide; "essential": no t.
    for index in 1..phones.len().saturating_sub(1) {
        let before = phones[index - 1].ipa.clone();
        if (before == "l" || before == "n")
            && phones[index].is("j")
            && phones[index + 1].is("ə")
            && word.contains("ion")
        {
            phones[index].set("i");
        }
        if before == "n"
            && phones[index].is("tʃ")
            && phones[index + 1].is("ə")
            && word.contains("nti")
        {
            phones[index].set("ʃ");
        }
    }
}

/// Plurals, past tenses and -ity, -ible; the dictionary's stemming gets the first two wrong.
fn endings(word: &str, phones: &mut Vec<Phone>) {
    let hiss = |phone: &Phone| ["s", "z", "ʃ", "ʒ", "tʃ", "dʒ"].contains(&phone.ipa.as_str());
    let voiceless =
        |phone: &Phone| ["p", "t", "k", "f", "θ", "s", "ʃ", "tʃ"].contains(&phone.ipa.as_str());
    let count = phones.len();
    if count < 3 {
        return;
    }
    let before = phones[count - 2].clone();
    if word.ends_with('s') && phones[count - 1].is("z") {
        if hiss(&before) {
            phones.insert(count - 1, Phone::new("ᵻ"));
        } else if voiceless(&before) {
            phones[count - 1].set("s");
        }
    }
    if word.ends_with("ed") && phones[count - 1].is("d") {
        if before.is("t") || before.is("d") {
            phones.insert(count - 1, Phone::new("ᵻ"));
        } else if voiceless(&before) {
            phones[count - 1].set("t");
        }
    }
    let count = phones.len();
    let weak = |phone: &Phone| phone.stress == 0 && (phone.is("ə") || phone.is("ɪ"));
    let ended = word.ends_with("ed") && ["t", "d"].contains(&phones[count - 3].ipa.as_str());
    let plural = word.ends_with("es") && hiss(&phones[count - 3]);
    if (ended || plural) && weak(&phones[count - 2]) {
        phones[count - 2].set("ᵻ");
    }
    let place = if word.ends_with("ity") || word.ends_with("ible") || word.ends_with("ibly") {
        3
    } else if word.ends_with("ities") {
        4
    } else {
        return;
    };
    let place = if word.ends_with("ible") { 4 } else { place };
    if let Some(at) = count.checked_sub(place).filter(|&at| weak(&phones[at])) {
        phones[at].set("ᵻ");
    }
}

/// "better", "city": t between vowels, the second unstressed, is a flap; "button": a stop and n.
fn flaps(phones: &mut Vec<Phone>) {
    let mut index = 1;
    while index + 1 < phones.len() {
        let open = phones[index - 1].vowel() || phones[index - 1].is("ɹ");
        if open
            && phones[index].is("t")
            && phones[index + 1].vowel()
            && phones[index + 1].stress == 0
        {
            let nasal =
                phones[index + 1].is("ə") && phones.get(index + 2).is_some_and(|p| p.is("n"));
            if nasal && !phones.get(index + 3).is_some_and(Phone::vowel) {
                phones[index].set("ʔ");
                phones.remove(index + 1);
                phones[index + 1].set("n\u{329}");
            } else {
                phones[index].set("ɾ");
            }
        }
        index += 1;
    }
}

/// espeak has no secondary stress right behind the primary one ("always", "access").
fn stresses(phones: &mut [Phone]) {
    let mut after_primary = false;
    for phone in phones.iter_mut().filter(|phone| phone.vowel()) {
        if phone.stress == 2 && after_primary {
            phone.stress = 0;
        }
        after_primary = phone.stress == 1;
    }
}

#[cfg(test)]
mod tests {
    use super::espeak;

    #[test]
    fn broad_american_becomes_espeaks_accent() {
        for (word, broad, expected) in [
            ("water", "wˈɔːtɚ", "wˈɔːɾɚ"),
            ("button", "bˈʌtən", "bˈʌʔn\u{329}"),
            ("about", "əbˈaʊt", "ɐbˈaʊt"),
            ("before", "bɪfˈɔːɹ", "bᵻfˈɔːɹ"),
            ("around", "ɚˈaʊnd", "ɚɹˈaʊnd"),
            ("always", "ˈɔːlwˌeɪz", "ˈɔːlweɪz"),
            ("community", "kəmjˈuːnəti", "kəmjˈuːnᵻɾi"),
            ("possible", "pˈɑsəbəl", "pˈɑːsᵻbəl"),
            ("ended", "ˈɛndəd", "ˈɛndᵻd"),
            ("expect", "ɪkspˈɛkt", "ɛkspˈɛkt"),
            ("emotion", "ɪmˈoʊʃən", "ɪmˈoʊʃən"),
            ("particular", "pɚtˈɪkjəlɚ", "pɚtˈɪkjʊlɚ"),
            ("actually", "ˈæktʃəwəliː", "ˈæktʃuːəli"),
            ("million", "mˈɪljən", "mˈɪliən"),
            ("hiring", "hˈaɪɹɪŋ", "hˈaɪɚɹɪŋ"),
            ("family", "fˈæməliː", "fˈæmɪli"),
            ("laptops", "lˈæptˌɑpz", "lˈæptɑːps"),
            ("texted", "tˈɛkstd", "tˈɛkstᵻd"),
            ("away", "əwˈeɪ", "ɐwˈeɪ"),
        ] {
            assert_eq!(espeak(word, broad), expected, "{word}");
        }
    }
}
