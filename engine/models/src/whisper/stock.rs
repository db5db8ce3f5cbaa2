//! What Whisper writes over noise because captions of videos say it there, by language.

/// Texts that are said seldom and made up often; in lower case, letters and spaces only.
const WHOLE: [&str; 38] = [
    "you",
    "i",
    "a",
    "oh",
    "bye",
    "bye bye",
    "thank you",
    "thank you very much",
    "thank you so much",
    "thank you for watching",
    "thank you for listening",
    "thanks for watching",
    "thanks for listening",
    "thanks for watching bye",
    "please subscribe",
    "please subscribe to my channel",
    "like and subscribe",
    "dont forget to like and subscribe",
    "see you next time",
    "see you in the next video",
    "ill see you in the next video",
    "well be right back",
    "beeping",
    "vielen dank",
    "vielen dank fürs zuschauen",
    "danke fürs zuschauen",
    "bis zum nächsten mal",
    "merci davoir regardé cette vidéo",
    "merci davoir regardé",
    "gracias por ver el video",
    "gracias por ver",
    "gracias",
    "obrigado por assistir",
    "grazie per la visione",
    "bedankt voor het kijken",
    "dziękuję za uwagę",
    "ご視聴ありがとうございました",
    "谢谢观看",
];

/// Beginnings of credits of captions, whoever made them.
const CREDITS: [&str; 8] = [
    "subtitles by",
    "captions by",
    "transcription by",
    "untertitel",
    "soustitres",
    "soustitrage",
    "subtítulos",
    "sottotitoli",
];

/// Whether a whole text is one of these, however it is written and however often it is repeated.
pub(super) fn is_stock(text: &str) -> bool {
    let kept = |c: &char| c.is_alphanumeric() || c.is_whitespace();
    let plain: String = text.chars().filter(kept).collect::<String>().to_lowercase();
    let words: Vec<&str> = plain.split_whitespace().collect();
    let plain = words.join(" ");
    WHOLE.iter().any(|phrase| {
        let length = phrase.split(' ').count();
        words.len().is_multiple_of(length)
            && !words.is_empty()
            && words.chunks(length).all(|part| part.join(" ") == *phrase)
    }) || CREDITS.iter().any(|credit| plain.starts_with(credit))
}

#[cfg(test)]
mod tests {
    use super::is_stock;

    #[test]
    fn stock_phrases_are_known_however_they_are_written() {
        for text in [
            "Thanks for watching!",
            "thank you. Thank you.",
            "Untertitel der Amara.org-Community",
            "Sous-titres réalisés par la communauté d'Amara.org",
            "ご視聴ありがとうございました。",
        ] {
            assert!(is_stock(text), "{text}");
        }
    }

    #[test]
    fn what_only_contains_such_words_is_none() {
        for text in [
            "",
            "Thank you for the tea.",
            "I see you.",
            "You and I",
            "What is a subtitle?",
        ] {
            assert!(!is_stock(text), "{text}");
        }
    }
}
