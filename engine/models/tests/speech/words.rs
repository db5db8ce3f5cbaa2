//! Word errors between what was said and what was heard, and the clips they are counted on.

use std::path::Path;

/// Lower-case words without punctuation, numbers as words, "mr" as "mister".
pub(crate) fn normal(text: &str) -> Vec<String> {
    let kept: String = text
        .to_lowercase()
        .chars()
        .filter(|c| *c != '\'' && *c != '’')
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    kept.split_whitespace().flat_map(word).collect()
}

fn word(word: &str) -> Vec<String> {
    const SMALL: [&str; 13] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve",
    ];
    match word.parse::<usize>() {
        Ok(n) if n < SMALL.len() && !(word.len() > 1 && word.starts_with('0')) => {
            vec![SMALL[n].to_owned()]
        }
        // Longer digit strings were most likely said digit by digit.
        Ok(_) => word
            .chars()
            .filter_map(|c| Some(SMALL[c.to_digit(10)? as usize].to_owned()))
            .collect(),
        Err(_) => vec![match word {
            "mr" => "mister".to_owned(),
            "meters" | "metres" | "meter" | "metre" => word.replace("tre", "ter"),
            other => other.to_owned(),
        }],
    }
}

/// Words to insert, drop or change to get from one to the other.
pub(crate) fn errors(said: &str, heard: &str) -> usize {
    let (said, heard) = (normal(said), normal(heard));
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (i, a) in said.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in heard.iter().enumerate() {
            let change = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[heard.len()]
}

/// A 16 kHz mono 16 bit WAV file as ±1.
pub(crate) fn read_wav(path: &Path) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let data = bytes
        .windows(4)
        .position(|w| w == b"data")
        .unwrap_or_else(|| panic!("{}: no data chunk", path.display()));
    bytes[data + 8..]
        .chunks_exact(2)
        .map(|c| f32::from(i16::from_le_bytes([c[0], c[1]])) / 32_768.0)
        .collect()
}
