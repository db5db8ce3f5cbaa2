//! Text to symbols: against espeak-ng, and the properties that the voice relies on.

use std::time::Duration;

use janet_models::phonemes::{Espeak, Phonemizer, Sentence};

#[derive(serde::Deserialize)]
struct Row {
    text: String,
    phonemes: String,
}

fn built_in() -> Phonemizer {
    Phonemizer::built_in().expect("the embedded dictionary is sound")
}

fn write(sentences: &[Sentence]) -> String {
    sentences
        .iter()
        .flat_map(|sentence| &sentence.symbols)
        .map(|symbol| symbol.phoneme)
        .collect()
}

/// Insertions, deletions and replacements between two lists.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let straight = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = straight.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[test]
fn the_accent_is_close_to_that_of_espeak() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/phonemes.json");
    let rows: Vec<Row> =
        serde_json::from_str(&std::fs::read_to_string(path).expect("checked in")).expect("json");
    let phonemizer = built_in();
    let (mut errors, mut count) = (0, 0);
    for row in rows {
        let ours = write(&phonemizer.sentences(&row.text));
        // A glide that the voices' training data does not have.
        let theirs: Vec<char> = row.phonemes.chars().filter(|&c| c != 'ʲ').collect();
        let wrong = distance(&ours.chars().collect::<Vec<_>>(), &theirs);
        if wrong > 0 {
            println!(
                "{wrong:2}  {ours}\n    {}",
                theirs.iter().collect::<String>()
            );
        }
        errors += wrong;
        count += theirs.len();
    }
    let share = errors as f64 / count as f64;
    println!("{errors} of {count}: {:.1} %", share * 100.0);
    assert!(share < 0.03, "{errors} of {count} symbols differ");
}

#[test]
fn sentences_end_where_they_end_and_long_ones_are_cut() {
    let phonemizer = built_in();
    assert_eq!(phonemizer.sentences("One. Two! Three?").len(), 3);
    assert_eq!(phonemizer.sentences("").len(), 0);
    assert_eq!(phonemizer.sentences("🎉 ***").len(), 0);
    let long = "this sentence simply does not want to come to any end ".repeat(50);
    let sentences = phonemizer.sentences(&long);
    assert!(sentences.len() > 5);
    assert!(
        sentences
            .iter()
            .all(|sentence| sentence.symbols.len() < 260)
    );
}

#[test]
fn every_word_is_reached_at_its_last_byte() {
    let text = "It costs $3.50, Anna.";
    let sentences = built_in().sentences(text);
    let ends: Vec<usize> = sentences
        .iter()
        .flat_map(|sentence| &sentence.symbols)
        .map(|symbol| symbol.end_byte)
        .filter(|&end| end > 0)
        .collect();
    assert_eq!(ends, [2, 8, 14, 15, 20, 21]);
}

#[test]
fn neighbours_change_each_other() {
    let phonemizer = built_in();
    let say = |text: &str| write(&phonemizer.sentences(text));
    assert_eq!(say("the end"), "ðɪ ˈɛnd");
    assert_eq!(say("the house"), "ðə hˈaʊs");
    assert_eq!(say("in the house"), "ɪnðə hˈaʊs");
    assert_eq!(say("to apples"), "tʊ ˈæpəlz");
    assert_eq!(say("I want to."), "aɪ wˈɔnt tuː.");
    assert_eq!(say("her apples"), "hɜːɹ ˈæpəlz");
    assert_eq!(say("ask IT"), "ˈæsk ˌaɪtˈiː");
}

#[test]
fn words_that_no_dictionary_has_are_read() {
    let phonemizer = built_in();
    let say = |text: &str| write(&phonemizer.sentences(text));
    // Read as words: one primary stress, no letter names.
    for word in [
        "Zorblax",
        "blickering",
        "Kubernetes",
        "flonzaley",
        "Tolkienesque",
    ] {
        let ipa = say(word);
        println!("{word}: {ipa}");
        assert_eq!(ipa.matches('ˈ').count(), 1, "{word}: {ipa}");
        assert!(ipa.chars().count() <= 2 * word.len(), "{word}: {ipa}");
    }
    assert_eq!(say("laptops"), "lˈæptɑːps");
    assert!(say("Zorblax's").ends_with("ᵻz"));
    assert_eq!(say("GPS"), "dʒˌiːpˌiːˈɛs");
    assert_eq!(say("xkcd"), "ˌɛkskˌeɪsˌiːdˈiː");
}

/// A program that stands in for espeak-ng.
#[cfg(unix)]
fn stand_in(name: &str, script: &str) -> Espeak {
    use std::os::unix::fs::PermissionsExt;
    let program = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("a folder for tests");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("our file");
    Espeak::new(program, "en-us", Duration::from_millis(500))
}

#[test]
#[cfg(unix)]
fn another_program_may_pronounce_and_keeps_the_stops() {
    let espeak = stand_in(
        "espeak-two-lines",
        "cat > /dev/null; echo ' həlˈoʊ ðˈɛɹ'; echo 'ɡˈʊd'",
    );
    let phonemizer = built_in().with_espeak(espeak);
    let sentences = phonemizer.sentences("Hello there, good!");
    assert_eq!(write(&sentences), "həlˈoʊ ðˈɛɹ, ɡˈʊd!");
    let ends = sentences
        .iter()
        .flat_map(|sentence| &sentence.symbols)
        .map(|s| s.end_byte);
    assert_eq!(
        ends.filter(|&end| end > 0).collect::<Vec<_>>(),
        [5, 11, 12, 17, 18]
    );
}

#[test]
#[cfg(unix)]
fn a_program_that_fails_or_hangs_is_stood_in_for() {
    let expected = write(&built_in().sentences("Good night, Anna."));
    for (name, script) in [
        ("espeak-fails", "exit 1"),
        (
            "espeak-wrong",
            "cat > /dev/null; echo one; echo two; echo three",
        ),
        ("espeak-hangs", "exec tail -f /dev/null"),
    ] {
        let phonemizer = built_in().with_espeak(stand_in(name, script));
        assert_eq!(
            write(&phonemizer.sentences("Good night, Anna.")),
            expected,
            "{name}"
        );
    }
    let missing = Espeak::new("no/such/program", "en-us", Duration::from_millis(500));
    let phonemizer = built_in().with_espeak(missing);
    assert_eq!(write(&phonemizer.sentences("Good night, Anna.")), expected);
}
