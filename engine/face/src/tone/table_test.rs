//! The rules against the sentences they were made with, and against what is no English sentence.

use super::{Mood, Tone, of_sentences, of_text};

/// Lines of a tone, a tab and a sentence.
pub(super) fn read(table: &str) -> Vec<(Tone, &str)> {
    table
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| {
            let (tone, sentence) = line.split_once('\t').expect("a tab");
            (Tone::from_name(tone).expect("a tone"), sentence)
        })
        .collect()
}

/// Those whose tone is not the expected one, each with what it was taken for.
pub(super) fn misses<'t>(table: &[(Tone, &'t str)]) -> Vec<(Tone, Mood, &'t str)> {
    table
        .iter()
        .map(|(tone, sentence)| (*tone, of_text(sentence), *sentence))
        .filter(|(tone, found, _)| found.tone != *tone)
        .collect()
}

#[test]
fn the_table_is_judged_as_it_says() {
    let table = read(include_str!("table.txt"));
    assert!(table.len() >= 60, "{}", table.len());
    for tone in Tone::ALL {
        assert!(
            table
                .iter()
                .filter(|(expected, _)| *expected == tone)
                .count()
                >= 12,
            "{tone:?}"
        );
    }
    let misses = misses(&table);
    assert!(misses.is_empty(), "{misses:#?}");
}

#[test]
fn a_tone_changes_at_a_sentence() {
    let text = "Congratulations! Unfortunately the shop is closed. It opens at nine.";
    let found = of_sentences(text);
    let tones: Vec<Tone> = found.iter().map(|sentence| sentence.mood.tone).collect();
    assert_eq!(tones, [Tone::Happy, Tone::Concerned, Tone::Neutral]);
    assert_eq!(
        &text[found[1].at.clone()],
        "Unfortunately the shop is closed."
    );
}

#[test]
fn what_is_no_english_sentence_is_neutral() {
    let long = "a ".repeat(100_000);
    for text in [
        "",
        " \n\t",
        "…",
        "!!!",
        "12:30",
        "Ελλάδα",
        "😐",
        "שלום",
        "\u{0}\u{feff}",
        long.as_str(),
    ] {
        assert_eq!(of_text(text), Mood::NEUTRAL, "{:?}", text.get(..20));
    }
}

#[test]
fn quotes_of_the_user_change_nothing() {
    for quoted in [
        "\"I hate this, it is terrible!\"",
        "“Yay, I am so happy!”",
        "'Oh no, I'm so sorry!'",
    ] {
        let text = format!("You wrote {quoted} at noon.");
        assert_eq!(of_text(&text), Mood::NEUTRAL, "{text}");
    }
    assert_eq!(
        of_text("> I am so sad\n> and sorry\nIt has five words.").tone,
        Tone::Neutral
    );
    assert_eq!(
        of_text("Sorry, \"great\" is spelled with an ea.").tone,
        Tone::Concerned
    );
}

#[test]
fn more_is_more_and_nothing_exceeds_one() {
    let glad = of_text("I am glad.");
    let very_glad = of_text("I am so glad, that is wonderful, congratulations!");
    assert!(glad.intensity < very_glad.intensity);
    let most = of_text(&"hooray wonderful ".repeat(200));
    assert!(most.intensity <= 1.0 && most.tone == Tone::Happy);
    let diluted = of_text(
        "I am glad. It is a bridge. It is long. It is old. It was built in 1932. Cars use it.",
    );
    assert_eq!(diluted.tone, Tone::Happy);
    assert!(diluted.intensity < glad.intensity);
}

#[test]
fn any_text_is_judged_without_a_panic() {
    let pieces = [
        "sorry", " ", "\"", "'", "“", "”", "n't", ".", "!", "?", "\n", "é", "》", "🙂", ">", "`",
        "no",
    ];
    let mut random = fastrand::Rng::with_seed(11);
    for _ in 0..5_000 {
        let text: String = (0..random.usize(..40))
            .map(|_| pieces[random.usize(..pieces.len())])
            .collect();
        for sentence in of_sentences(&text) {
            assert!(!text[sentence.at].is_empty());
            assert!((0.0..=1.0).contains(&sentence.mood.intensity));
        }
    }
}
