//! Makes a persona of a file, whatever kind it is of, and tells what became of each part.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::json::Given;
use super::report::{Proposal, Report, counted};
use super::shape::Root;
use super::{Persona, PersonaError, PersonaId, card, file, json, letta, png};

/// The largest file that is read: a picture may be large.
pub const MOST_BYTES: usize = 32 << 20;
/// The largest JSON.
const MOST_JSON: usize = 8 << 20;
/// Cards come with and without their padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What a file turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A persona of ours, in TOML.
    Own,
    /// A character card of the first version: six texts.
    CardV1,
    /// A character card of the second version.
    CardV2,
    /// A character card of the third version.
    CardV3,
    /// An agent file (`.af`).
    AgentFile,
}

impl Format {
    /// For people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Own => "a persona file",
            Self::CardV1 => "Character Card V1",
            Self::CardV2 => "Character Card V2",
            Self::CardV3 => "Character Card V3",
            Self::AgentFile => "Letta agent file",
        }
    }
}

/// A persona that was made of a file. Nothing of it is kept anywhere yet.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The persona.
    pub persona: Persona,
    /// What the file was.
    pub format: Format,
    /// What became of each part of it.
    pub report: Report,
    /// What an agent file remembers: for the operator to decide about, one by one.
    pub proposals: Vec<Proposal>,
}

/// Reads a file. `id` is what the persona is to be called, else that is made of its name.
pub fn import(bytes: &[u8], id: Option<&PersonaId>) -> Result<Imported, PersonaError> {
    within("the file", bytes.len(), MOST_BYTES)?;
    if bytes.starts_with(&png::SIGNATURE) {
        return picture(bytes, id);
    }
    if let Some(kind) = known_kind(bytes) {
        return Err(PersonaError::Kind(kind.to_owned()));
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => Err(PersonaError::Kind("it is empty".to_owned())),
        Some(b'{' | b'"' | b'[') if !is_toml(text) => of_json(text, id, Report::default()),
        Some(_) => own(text, id),
    }
}

/// A TOML file may begin with a table, which looks like a list.
fn is_toml(text: &[u8]) -> bool {
    text.trim_ascii_start().starts_with(b"[") && file::looks_like_one(text)
}

/// What people try that is none of these.
fn known_kind(bytes: &[u8]) -> Option<&'static str> {
    let is = |magic: &[u8]| bytes.starts_with(magic);
    if is(b"PK\x03\x04") {
        Some("it is an archive; if it is a CHARX, unpack it and give the card.json in it")
    } else if is(b"\xff\xd8\xff") {
        Some("it is a JPEG, where cards cannot be; export it as PNG or JSON")
    } else if is(b"RIFF") && bytes.get(8..12) == Some(b"WEBP".as_slice()) {
        Some("it is a WebP, which no version of the format describes; export it as PNG or JSON")
    } else if is(b"GIF8") {
        Some("it is a GIF, where cards cannot be; export it as PNG or JSON")
    } else {
        None
    }
}

fn within(what: &'static str, found: usize, most: usize) -> Result<(), PersonaError> {
    if found > most {
        return Err(PersonaError::TooLarge { what, found, most });
    }
    Ok(())
}

fn own(text: &[u8], id: Option<&PersonaId>) -> Result<Imported, PersonaError> {
    let text = std::str::from_utf8(text).map_err(|_| {
        PersonaError::Kind("it is no PNG, no JSON and no TOML: not even a text".to_owned())
    })?;
    let mut persona = file::parse(text)?;
    if let Some(id) = id {
        persona.id = id.clone();
    }
    let mut report = Report::default();
    report.taken("all of it", "as it is");
    Ok(Imported {
        persona,
        format: Format::Own,
        report,
        proposals: Vec::new(),
    })
}

fn of_json(text: &[u8], id: Option<&PersonaId>, report: Report) -> Result<Imported, PersonaError> {
    within("the JSON", text.len(), MOST_JSON)?;
    // Some programs put the whole file into a text once more.
    let wrapped: Option<String> = match text.trim_ascii_start().first() {
        Some(b'"') => json::read::<Given<String>>(text)?.ok(),
        _ => None,
    };
    let text = wrapped.as_deref().map_or(text, str::as_bytes);
    let root = match json::read::<Given<Root>>(text)? {
        Given::Is(root) => root,
        Given::Absent => return Err(nothing("null")),
        Given::Wrong(what) => return Err(nothing(what)),
    };
    if root.agents != Given::Absent || root.core_memory != Given::Absent {
        return letta::imported(root, id, report);
    }
    card::imported(root, id, report)
}

fn nothing(what: &str) -> PersonaError {
    PersonaError::Kind(format!("its JSON is {what}, not an object"))
}

/// The card in a picture: the later version where there are both.
fn picture(bytes: &[u8], id: Option<&PersonaId>) -> Result<Imported, PersonaError> {
    let texts = png::texts(bytes)?;
    let mut report = Report::default();
    for (keyword, why) in &texts.broken {
        report.left_out(keyword, why.clone());
    }
    report.left_out("the picture", "a persona has none");
    if texts.others > 0 {
        let others = counted(texts.others, "other text", "other texts");
        report.left_out("PNG texts", format!("{others} in the picture"));
    }
    let mut failed = None;
    for keyword in ["ccv3", "chara"] {
        let Some(text) = texts.cards.iter().find(|text| text.keyword == keyword) else {
            continue;
        };
        match decoded(&text.bytes).and_then(|json| of_json(&json, id, report.clone())) {
            Ok(mut imported) => {
                if keyword == "ccv3" && texts.cards.iter().any(|text| text.keyword == "chara") {
                    let why = "the same card for older programs; `ccv3` counts";
                    imported.report.left_out("chara", why);
                }
                return Ok(imported);
            }
            Err(error) => {
                report.left_out(keyword, error.to_string());
                failed.get_or_insert(error);
            }
        }
    }
    let broken = texts.broken.first();
    Err(failed.unwrap_or_else(|| match broken {
        Some((keyword, why)) => PersonaError::Png(format!("its `{keyword}` cannot be read: {why}")),
        None => PersonaError::Kind("it is a PNG without a card (`chara` or `ccv3`)".to_owned()),
    }))
}

/// base64, or the JSON itself.
fn decoded(text: &[u8]) -> Result<Vec<u8>, PersonaError> {
    if text.trim_ascii_start().starts_with(b"{") {
        return Ok(text.to_vec());
    }
    let mut packed = text.to_vec();
    packed.retain(|byte| !byte.is_ascii_whitespace());
    BASE64
        .decode(&packed)
        .map_err(|_| PersonaError::Png("what should be base64 in it is not".to_owned()))
}
