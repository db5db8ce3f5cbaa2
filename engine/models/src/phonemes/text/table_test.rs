//! What is read for what is written, row by row. `<ab>` is spelled.

use super::{Piece, pieces};

/// Pieces as one line: stops stick to the word before them.
fn read(text: &str) -> String {
    let mut line = String::new();
    for piece in pieces(text) {
        match piece {
            Piece::Word { word, .. } => line.push_str(&format!(" {word}")),
            Piece::Spelled { letters, .. } => line.push_str(&format!(" <{letters}>")),
            Piece::Pause { mark, .. } => line.push(mark),
        }
    }
    line.trim_start().to_owned()
}

const TABLE: &[(&str, &str)] = &[
    // Plain words, stops, quotes.
    ("Hello, world!", "Hello, world!"),
    ("It’s Anna’s dog.", "It's Anna's dog."),
    ("\"Quoted\" 'words' here", "Quoted words here"),
    ("well-known state-of-the-art", "well known state of the art"),
    ("one - two", "one, two"),
    ("one — two", "one, two"),
    ("one—two", "one, two"),
    ("Wait... what?!", "Wait, what?"),
    ("(a side note) here", "a side note, here"),
    ("first line\nsecond line", "first line, second line"),
    ("first part\n\nsecond part", "first part. second part"),
    ("café naïve Zürich", "cafe naive Zurich"),
    ("OpenAI and iPhone", "Open AI and i Phone"),
    // Whole numbers.
    ("0", "zero"),
    ("7 of 12", "seven of twelve"),
    ("45 people", "forty five people"),
    (
        "1,234,567",
        "one million two hundred thirty four thousand five hundred sixty seven",
    ),
    ("10000", "ten thousand"),
    ("-5 degrees", "minus five degrees"),
    ("007", "zero zero seven"),
    (
        "123456789012345678901",
        "one two three four five six seven eight nine zero one two three four five six seven eight nine zero one",
    ),
    // Decimals, versions, percent.
    ("3.14", "three point one four"),
    ("0.5", "zero point five"),
    (".5", "point five"),
    ("version 1.2.3", "version one point two point three"),
    ("50%", "fifty percent"),
    ("12.5 %", "twelve point five percent"),
    ("It costs 5.", "It costs five."),
    // Ordinals, decades, multiples.
    ("the 1st and 22nd", "the first and twenty second"),
    ("113th", "one hundred thirteenth"),
    ("the 1990s", "the nineteen nineties"),
    ("in the 80s", "in the eighties"),
    ("3x faster", "three times faster"),
    // Years and dates.
    ("in 1995", "in nineteen ninety five"),
    ("in 2005", "in two thousand five"),
    ("in 1900", "in nineteen hundred"),
    ("2019-2021", "twenty nineteen to twenty twenty one"),
    ("2026-11-22", "November twenty second twenty twenty six"),
    ("Nov 22", "November twenty second"),
    ("Nov. 22, 2026", "November twenty second twenty twenty six"),
    ("March 3rd", "March third"),
    (
        "22 November 2026",
        "November twenty second twenty twenty six",
    ),
    ("the 4th of July", "the fourth of July"),
    ("May 2024", "May twenty twenty four"),
    ("you may 3 times", "you may three times"),
    ("22/11", "November twenty second"),
    ("11/22/2026", "November twenty second twenty twenty six"),
    ("22/11/26", "November twenty second twenty twenty six"),
    // Times.
    ("3:30 pm", "three thirty <pm>"),
    ("at 3:05", "at three oh five"),
    ("15:45", "fifteen forty five"),
    ("7:00", "seven o'clock"),
    ("7:00am", "seven <am>"),
    ("at 5 p.m. today", "at five <pm> today"),
    ("at 5 p.m.", "at five <pm>."),
    ("12:00:05", "twelve hundred and five seconds"),
    // Money.
    ("$3.50", "three dollars and fifty cents"),
    ("$1", "one dollar"),
    ("$1,200", "one thousand two hundred dollars"),
    ("$0.99", "ninety nine cents"),
    ("€5", "five euros"),
    ("5 €", "five euros"),
    ("£1.01", "one pound and one penny"),
    ("$3.5 million", "three point five million dollars"),
    ("$20k", "twenty thousand dollars"),
    ("-$5", "minus five dollars"),
    // Units.
    ("5 km", "five kilometers"),
    ("1 km", "one kilometer"),
    ("10 °C", "ten degrees Celsius"),
    ("72°F", "seventy two degrees Fahrenheit"),
    ("90°", "ninety degrees"),
    ("3 kg", "three kilograms"),
    ("60 mph", "sixty miles per hour"),
    ("5GB", "five gigabytes"),
    ("2.5 GHz", "two point five gigahertz"),
    ("6 ft", "six feet"),
    ("5 minutes", "five minutes"),
    ("100 ms", "one hundred milliseconds"),
    // Fractions and ranges.
    ("1/2 cup", "one half cup"),
    ("3/4", "three quarters"),
    ("2/3", "two thirds"),
    ("2 1/2 cups", "two and a half cups"),
    ("½", "one half"),
    ("24/7", "twenty four seven"),
    ("5-10 km", "five to ten kilometers"),
    ("pages 5–10", "pages five to ten"),
    // Telephone numbers.
    ("555-1234", "five five five, one two three four"),
    (
        "(555) 123-4567",
        "five five five, one two three, four five six seven",
    ),
    (
        "555-123-4567",
        "five five five, one two three, four five six seven",
    ),
    (
        "+1 555 123 4567",
        "plus one, five five five, one two three, four five six seven",
    ),
    // Abbreviations and initials.
    ("Dr. Smith and Mr. Jones", "doctor Smith and mister Jones"),
    ("fruit, e.g. apples", "fruit, for example apples"),
    ("i.e. now", "that is now"),
    ("apples, etc.", "apples, et cetera."),
    ("cats vs. dogs", "cats versus dogs"),
    ("St. John on Main St.", "saint John on Main street."),
    ("the U.S. army", "the <US> army"),
    ("in the U.S.", "in the <US>."),
    ("J. Smith", "<J> Smith"),
    ("No. 5", "number five"),
    // Roman numerals.
    ("World War II", "World War two"),
    ("Chapter IV", "Chapter four"),
    ("Henry VIII", "Henry the eighth"),
    ("I think", "I think"),
    ("MIX it", "MIX it"),
    // Signs.
    ("salt & pepper", "salt and pepper"),
    ("2 + 2 = 4", "two plus two equals four"),
    ("#3", "number three"),
    ("~20", "about twenty"),
    ("and/or", "and or"),
    // Links and addresses.
    (
        "see https://www.example.com/docs/page?x=1.",
        "see example dot com slash docs slash page.",
    ),
    (
        "write to jane.doe@example.com, please",
        "write to jane dot doe at example dot com, please",
    ),
    ("open notes.txt", "open notes dot txt"),
    // Markup, emoji, other scripts.
    ("**bold** and *thin* and `code`", "bold and thin and code"),
    ("# Title\nText", "Title, Text"),
    ("- milk\n- eggs", "milk, eggs"),
    ("[the page](https://example.com/x)", "the page"),
    ("great 👍🎉 work", "great work"),
    ("日本 tea", "tea"),
    ("a <b> c", "a b c"),
    ("", ""),
    ("?!", ""),
    ("H2O and mp3", "H two O and mp three"),
];

#[test]
fn every_row_is_read_as_a_person_would() {
    let wrong: Vec<String> = TABLE
        .iter()
        .filter(|(written, said)| read(written) != *said)
        .map(|(written, said)| format!("{written:?}\n  {:?}\n  {said:?} wanted", read(written)))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} rows:\n{}",
        wrong.len(),
        TABLE.len(),
        wrong.join("\n")
    );
}

#[test]
fn ends_only_grow_and_reach_the_end_of_each_token() {
    for (written, _) in TABLE {
        let mut last = 0;
        for piece in pieces(written) {
            let end = piece.end_byte();
            assert!(end == 0 || end >= last, "{written:?}: {end} after {last}");
            assert!(
                written.is_char_boundary(end),
                "{written:?}: {end} is within a letter"
            );
            last = last.max(end);
        }
    }
    let pieces = pieces("It costs $3.50 today.");
    assert_eq!(
        pieces.last(),
        Some(&Piece::Pause {
            mark: '.',
            end_byte: 21
        })
    );
    let cents = Piece::Word {
        word: "cents".to_owned(),
        end_byte: 14,
    };
    assert!(pieces.contains(&cents), "{pieces:?}");
}

#[test]
fn no_text_panics_or_grows_without_bound() {
    let mut random = fastrand::Rng::with_seed(11);
    let bits = [
        "1", "2026", "-", "/", ":", ".", ",", "$", "€", "am", "Nov", " ", "St.", "e.g.", "II", "@",
        "http://", "é", "日", "👍", "°C", "km", "%", "(", ")", "[", "](", "\n", "#", "*", "'", "’",
        "x", "Z", "½", "+", "–", "\u{202f}", "w/", "```", "a.m.", "0",
    ];
    for _ in 0..30_000 {
        let count = random.usize(0..12);
        let text: String = (0..count)
            .map(|_| bits[random.usize(..bits.len())])
            .collect();
        let pieces = pieces(&text);
        assert!(
            pieces.len() <= 12 * text.len().max(1),
            "{text:?} gives {}",
            pieces.len()
        );
    }
    let long = pieces(&"a".repeat(100_000));
    assert_eq!(long.len(), 1);
    assert!(pieces(&"9".repeat(100_000)).len() < 100);
}
