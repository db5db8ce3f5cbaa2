//! Words that a sentence wears down, and what neighbours do to each other.

use super::accent::is_vowel;

/// A word in the stream of speech.
pub(super) struct Place<'a> {
    /// The word's own phonemes.
    pub(super) ipa: &'a str,
    /// The lower-case word that follows without a pause, and its phonemes.
    pub(super) next: Option<(&'a str, &'a str)>,
}

/// How the lower-case `word` is said in a sentence when it is one of the small words: within a
/// phrase, and before a pause.
pub(super) fn forms(word: &str) -> Option<(&'static str, &'static str)> {
    Some(match word {
        "a" => ("ɐ", "ˈeɪ"),
        "an" => ("ɐn", "æn"),
        "the" => ("ðə", "ðə"),
        "i" => ("aɪ", "ˈaɪ"),
        "me" => ("mˌiː", "mˌiː"),
        "my" => ("maɪ", "mˈaɪ"),
        "mine" => ("mˈaɪn", "mˈaɪn"),
        "myself" => ("maɪsˈɛlf", "maɪsˈɛlf"),
        "you" => ("juː", "juː"),
        "your" => ("jʊɹ", "jʊɹ"),
        "yours" => ("jˈɔːɹz", "jˈɔːɹz"),
        "yourself" => ("jɔːɹsˈɛlf", "jɔːɹsˈɛlf"),
        "he" => ("hiː", "hiː"),
        "him" => ("hˌɪm", "hˌɪm"),
        "his" => ("hɪz", "hˈɪz"),
        "himself" => ("hɪmsˈɛlf", "hɪmsˈɛlf"),
        "she" => ("ʃiː", "ʃiː"),
        "her" => ("hɜː", "hɜː"),
        "hers" => ("hɜːz", "hˈɜːz"),
        "herself" => ("hɜːsˈɛlf", "hɜːsˈɛlf"),
        "it" => ("ɪt", "ɪt"),
        "its" | "it's" => ("ɪts", "ɪts"),
        "itself" => ("ɪtsˈɛlf", "ɪtsˈɛlf"),
        "we" => ("wiː", "wiː"),
        "us" => ("ˌʌs", "ˌʌs"),
        "our" => ("ˌaʊɚ", "ˌaʊɚ"),
        "ours" => ("aʊɚz", "aʊɚz"),
        "ourselves" => ("aʊɚsˈɛlvz", "aʊɚsˈɛlvz"),
        "they" => ("ðeɪ", "ðeɪ"),
        "them" => ("ðˌɛm", "ðˌɛm"),
        "their" => ("ðɛɹ", "ðɛɹ"),
        "theirs" => ("ðˈɛɹz", "ðˈɛɹz"),
        "themselves" => ("ðɛmsˈɛlvz", "ðɛmsˈɛlvz"),
        "am" => ("æm", "æm"),
        "is" => ("ɪz", "ɪz"),
        "are" => ("ɑːɹ", "ɑːɹ"),
        "was" => ("wʌz", "wʌz"),
        "were" => ("wɜː", "wɜː"),
        "be" => ("biː", "bˈiː"),
        "been" => ("bˌɪn", "bˌɪn"),
        "being" => ("bˌiːɪŋ", "bˈiːɪŋ"),
        "have" => ("hæv", "hˈæv"),
        "has" => ("hɐz", "hˈæz"),
        "had" => ("hæd", "hˌæd"),
        "having" => ("hˌævɪŋ", "hˈævɪŋ"),
        "do" => ("dˈuː", "dˈuː"),
        "does" => ("dˈʌz", "dˈʌz"),
        "did" => ("dˈɪd", "dˈɪd"),
        "will" => ("wɪl", "wˈɪl"),
        "would" => ("wʊd", "wˈʊd"),
        "shall" => ("ʃˌæl", "ʃˈæl"),
        "should" => ("ʃˌʊd", "ʃˈʊd"),
        "can" => ("kæn", "kˈæn"),
        "could" => ("kʊd", "kˈʊd"),
        "may" => ("mˈeɪ", "mˈeɪ"),
        "might" => ("mˌaɪt", "mˈaɪt"),
        "must" => ("mˈʌst", "mˈʌst"),
        "at" => ("æt", "æt"),
        "by" => ("baɪ", "bˈaɪ"),
        "for" => ("fɔːɹ", "fɔːɹ"),
        "from" => ("fɹʌm", "fɹʌm"),
        "in" => ("ɪn", "ˈɪn"),
        "of" => ("ʌv", "ʌv"),
        "on" => ("ˌɔn", "ˈɔn"),
        "to" => ("tə", "tuː"),
        "with" => ("wɪð", "wɪð"),
        "about" => ("ɐbˌaʊt", "ɐbˈaʊt"),
        "after" => ("ˈæftɚ", "ˈæftɚ"),
        "before" => ("bᵻfˌɔːɹ", "bᵻfˈɔːɹ"),
        "between" => ("bᵻtwˌiːn", "bᵻtwˈiːn"),
        "into" => ("ˌɪntʊ", "ˌɪntʊ"),
        "through" => ("θɹuː", "θɹˈuː"),
        "under" => ("ˌʌndɚ", "ˈʌndɚ"),
        "over" => ("ˌoʊvɚ", "ˈoʊvɚ"),
        "up" => ("ˌʌp", "ˈʌp"),
        "down" => ("dˌaʊn", "dˈaʊn"),
        "off" => ("ˈɔf", "ˈɔf"),
        "and" => ("ænd", "ænd"),
        "but" => ("bˌʌt", "bˌʌt"),
        "or" => ("ɔːɹ", "ɔːɹ"),
        "nor" => ("nˈɔːɹ", "nˈɔːɹ"),
        "so" => ("sˌoʊ", "sˈoʊ"),
        "yet" => ("jˈɛt", "jˈɛt"),
        "if" => ("ɪf", "ɪf"),
        "that" => ("ðæt", "ðˈæt"),
        "than" => ("ðɐn", "ðɐn"),
        "when" => ("wˌɛn", "wˈɛn"),
        "while" => ("wˌaɪl", "wˈaɪl"),
        "as" => ("æz", "æz"),
        "because" => ("bɪkˈʌz", "bɪkˈʌz"),
        "since" => ("sˈɪns", "sˈɪns"),
        "not" => ("nˌɑːt", "nˈɑːt"),
        "no" => ("nˈoʊ", "nˈoʊ"),
        "who" => ("hˌuː", "hˈuː"),
        "what" => ("wˌʌt", "wˈʌt"),
        "which" => ("wˌɪtʃ", "wˈɪtʃ"),
        "where" => ("wˌɛɹ", "wˈɛɹ"),
        "why" => ("wˌaɪ", "wˈaɪ"),
        "how" => ("hˌaʊ", "hˈaʊ"),
        "there" => ("ðɛɹ", "ðˈɛɹ"),
        "this" => ("ðɪs", "ðˈɪs"),
        "these" => ("ðiːz", "ðˈiːz"),
        "those" => ("ðoʊz", "ðˈoʊz"),
        "some" => ("sˌʌm", "sˌʌm"),
        "any" => ("ˌɛni", "ˌɛni"),
        "i'm" => ("aɪm", "aɪm"),
        "i'll" => ("aɪl", "aɪl"),
        "i've" => ("aɪv", "aɪv"),
        "i'd" => ("aɪd", "aɪd"),
        "you're" => ("jʊɹ", "jʊɹ"),
        "you'll" => ("juːl", "juːl"),
        "you've" => ("juːv", "juːv"),
        "he's" => ("hiːz", "hiːz"),
        "she's" => ("ʃiːz", "ʃiːz"),
        "we're" => ("wɪɹ", "wɪɹ"),
        "we'll" => ("wiːl", "wiːl"),
        "we've" => ("wiːv", "wiːv"),
        "they're" => ("ðeɪɚ", "ðeɪɚ"),
        "they'll" => ("ðeɪl", "ðeɪl"),
        "they've" => ("ðeɪv", "ðeɪv"),
        "couldn't" => ("kˌʊdənt", "kˈʊdənt"),
        "won't" => ("woʊnt", "wˈoʊnt"),
        "isn't" => ("ˌɪzənt", "ˈɪzənt"),
        "aren't" => ("ˌɑːɹnt", "ˈɑːɹnt"),
        "wasn't" => ("wˈʌzn\u{329}t", "wˈʌzn\u{329}t"),
        "weren't" => ("wˌɜːnt", "wˈɜːnt"),
        "that's" => ("ðæts", "ðˈæts"),
        "there's" => ("ðɛɹz", "ðˈɛɹz"),
        "what's" => ("wˌʌts", "wˈʌts"),
        "who's" => ("hˌuːz", "hˈuːz"),
        _ => return None,
    })
}

/// What `word` becomes before its neighbour, and whether both are said as one.
pub(super) fn join(word: &str, place: &Place<'_>) -> (String, Joint) {
    let ipa = place.ipa.to_owned();
    let Some((next, next_ipa)) = place.next else {
        return (ipa, Joint::Apart);
    };
    let vowel = next_ipa
        .trim_start_matches(['ˈ', 'ˌ'])
        .starts_with(is_vowel);
    match word {
        "the" if vowel => ("ðɪ".to_owned(), Joint::Apart),
        "to" if vowel => ("tʊ".to_owned(), Joint::Apart),
        "it" | "at" | "that" | "what" if vowel => (ipa.replace('t', "ɾ"), Joint::Apart),
        // espeak says these with the article as one word, and the voices learnt it so.
        "in" | "of" | "on" | "for" | "from" | "with" if next == "the" && !vowel => {
            let ipa = match word {
                "on" => "ɔn",
                "for" => "fɚ",
                "with" => "wɪ",
                _ => place.ipa,
            };
            (ipa.to_owned(), Joint::OneWord)
        }
        _ if vowel && (ipa.ends_with('ɚ') || ipa.ends_with("ɜː")) => {
            (format!("{ipa}ɹ"), Joint::Apart)
        }
        _ => (ipa, Joint::Apart),
    }
}

/// How two words stand beside each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joint {
    /// With a space.
    Apart,
    /// Without one.
    OneWord,
}
