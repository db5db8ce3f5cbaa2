//! What a fuzzer does with its bytes, and what has to be true afterwards. Panics count as found.
//!
//! The targets in `fuzz/` call these; so does the test below, with every input that was kept.

use crate::persona::{Imported, Law, PersonaError, PersonaId, compose, import};

const LAW: Law<'static> = Law {
    full: "The constitution stands here.",
    brief: "The law.",
};
/// Longest prompt: instructions, examples and all the rest.
const LONGEST_PROMPT: usize = 20 << 10;

/// A picture with a card in it. Checksums are put right, or a fuzzer would never get past them.
pub fn persona_png(bytes: &[u8]) {
    check(bytes);
    check(&mended(bytes));
}

/// A card's JSON, or an agent file, or a persona of ours.
pub fn persona_json(bytes: &[u8]) {
    check(bytes);
}

/// What is read can be kept and read again, and the prompt begins with the constitution, whatever it says.
fn check(bytes: &[u8]) {
    let id = PersonaId::parse("fuzzed").expect("an id");
    for id in [None, Some(&id)] {
        match import(bytes, id) {
            Ok(imported) => holds(&imported),
            Err(error) => told(&error),
        }
    }
}

fn told(error: &PersonaError) {
    assert!(error.to_string().len() < 1024, "errors are short");
}

fn holds(imported: &Imported) {
    let persona = &imported.persona;
    for context in [256, 2048, 4096, 131_072] {
        let prompt = compose(LAW, persona, None, context).text;
        let law = if context < 4096 { LAW.brief } else { LAW.full };
        assert!(prompt.starts_with(law), "the constitution is first");
        assert!(prompt.len() < LONGEST_PROMPT, "{}", prompt.len());
        assert_eq!(
            prompt.matches("</persona>").count(),
            usize::from(context >= 4096)
        );
        for mark in ["<|", "|>", "[INST]", "\u{200b}", "\u{202e}", "\u{1b}"] {
            assert!(!prompt.contains(mark), "{mark:?}");
        }
    }
    assert!(imported.proposals.len() <= 64);
    let report = &imported.report;
    assert!(report.taken.len() + report.changed.len() + report.left_out.len() < 1000);
    let text = persona.to_toml();
    let again = import(text.as_bytes(), None).expect("what was written is read");
    assert_eq!(again.persona, *persona);
}

/// The same picture with the checksum that each chunk should have.
fn mended(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let mut at = 8;
    while let Some(head) = out.get(at..at + 8) {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let Some(end) = at.checked_add(8).and_then(|body| body.checked_add(length)) else {
            break;
        };
        let Some(data) = out.get(at + 4..end) else {
            break;
        };
        let mut crc = flate2::Crc::new();
        crc.update(data);
        let sum = crc.sum().to_be_bytes();
        let Some(place) = out.get_mut(end..end + 4) else {
            break;
        };
        place.copy_from_slice(&sum);
        at = end + 4;
    }
    out
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::persona::samples;

    fn all(target: &str, drive: fn(&[u8])) {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
        let inputs = std::fs::read_dir(folder.join(target)).expect("the corpus is checked in");
        let mut seen = 0;
        for input in inputs {
            let path = input.expect("it can be listed").path();
            drive(&std::fs::read(&path).expect("it can be read"));
            seen += 1;
        }
        assert!(seen > 3, "{target} has {seen} inputs");
    }

    #[test]
    fn kept_pictures_are_read_or_refused() {
        all("persona_png", persona_png);
    }

    #[test]
    fn kept_cards_are_read_or_refused() {
        all("persona_json", persona_json);
    }

    #[test]
    fn kept_agents_are_read_or_refused() {
        all("persona_af", persona_json);
    }

    /// A small fuzzer of our own, for each run of the tests: the seed is in the message.
    #[test]
    fn damaged_files_break_nothing() {
        let picture = samples::png(&[
            samples::packed_text("chara", samples::V2),
            samples::international_text("ccv3", samples::V3, true),
        ]);
        let files = [
            picture.as_slice(),
            samples::V3.as_bytes(),
            samples::AGENT.as_bytes(),
        ];
        for seed in 0..600 {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut bytes = files[random.usize(..files.len())].to_vec();
            for _ in 0..random.usize(1..8) {
                let at = random.usize(..bytes.len());
                match random.u8(..4) {
                    0 => bytes[at] = random.u8(..),
                    1 => bytes.truncate(at.max(1)),
                    2 => drop(bytes.drain(at..(at + random.usize(..40)).min(bytes.len()))),
                    _ => {
                        let piece: Vec<u8> = bytes[at..(at + 40).min(bytes.len())].to_vec();
                        let to = random.usize(..bytes.len());
                        drop(bytes.splice(to..to, piece));
                    }
                }
            }
            let held = std::panic::catch_unwind(|| persona_png(&bytes));
            assert!(held.is_ok(), "seed {seed}");
        }
    }
}
