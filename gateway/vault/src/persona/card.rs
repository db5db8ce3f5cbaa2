//! A persona from a character card, version 1, 2 or 3.
//!
//! The card's texts become instructions; its system prompt is one part of them and replaces nothing. What
//! would stand behind the conversation (`post_history_instructions`) has no place. Of the book, what
//! always counts is taken.

use super::clean::{clean_line, floor};
use super::draft::{Draft, FRIEND, id_of};
use super::import::{Format, Imported};
use super::json::{Amount, Given};
use super::report::{Report, counted};
use super::shape::{Book, Data, Root};
use super::{Example, Persona, PersonaError, PersonaId, limits};

/// What the card's names are for, where that is not used.
const NO_USE: [(&str, &str); 9] = [
    ("creator_notes_multilingual", "`creator_notes` counts"),
    ("alternate_greetings", "there is one greeting"),
    ("group_only_greetings", "there are no group chats"),
    ("tags", "personas have none"),
    ("extensions", "they belong to other programs"),
    ("assets", "a persona has no files, and none is fetched"),
    ("source", "where the card was before"),
    ("creation_date", "dates are not kept"),
    ("modification_date", "dates are not kept"),
];

pub(super) fn imported(
    root: Root,
    id: Option<&PersonaId>,
    report: Report,
) -> Result<Imported, PersonaError> {
    let spec = root.spec.text();
    let (format, prefix, data, unused) = match (spec, root.data) {
        ("lorebook_v3", _) => {
            let what = "it is a book of facts (`lorebook_v3`), and no character";
            return Err(PersonaError::Kind(what.to_owned()));
        }
        (_, Given::Is(data)) => {
            let is_later = spec.starts_with("chara_card_v") && spec != "chara_card_v2";
            let format = if is_later {
                Format::CardV3
            } else {
                Format::CardV2
            };
            (format, "data.", data, None)
        }
        (_, Given::Wrong(what)) => return Err(PersonaError::field("data", "an object", what)),
        ("", Given::Absent) => {
            let data = Data {
                name: root.name,
                description: root.description,
                personality: root.personality,
                scenario: root.scenario,
                first_mes: root.first_mes,
                mes_example: root.mes_example,
                ..Data::default()
            };
            let is_card = [&data.description, &data.personality, &data.first_mes];
            if is_card.iter().all(|given| **given == Given::Absent) {
                let what = "its JSON is no character card and no agent file";
                return Err(PersonaError::Kind(what.to_owned()));
            }
            (Format::CardV1, "", data, Some(root.unused))
        }
        (_, Given::Absent) => return Err(PersonaError::field("data", "an object", "nothing")),
    };
    let mut draft = begin(prefix, &data, report)?;
    versions(&mut draft, format, spec, root.spec_version.text());
    let persona = persona(&mut draft, format, &data, id)?;
    draft.unused(prefix, &data.unused);
    if let Some(unused) = unused {
        draft.unused("", &unused);
    }
    let (instructions, report) = draft.done();
    Ok(Imported {
        persona: Persona {
            instructions,
            ..persona
        },
        format,
        report,
        proposals: Vec::new(),
    })
}

/// A nickname is what `{{char}}` means, and so what she is called.
fn begin(prefix: &str, data: &Data, report: Report) -> Result<Draft, PersonaError> {
    let name = format!("{prefix}name");
    if data.nickname.text().trim().is_empty() {
        return Draft::begin(&name, &data.name, report);
    }
    // The name itself has to be there all the same.
    Draft::begin(&name, &data.name, Report::default())?;
    let mut draft = Draft::begin("nickname", &data.nickname, report)?;
    draft.report.left_out("name", "the nickname counts");
    Ok(draft)
}

fn versions(draft: &mut Draft, format: Format, spec: &str, version: &str) {
    let expected = match format {
        Format::CardV3 => ("chara_card_v3", 3.0),
        Format::CardV2 => ("chara_card_v2", 2.0),
        _ => return,
    };
    if spec != expected.0 {
        draft
            .report
            .changed("spec", format!("read as {}", format.name()));
    }
    if version
        .trim()
        .parse()
        .is_ok_and(|found: f64| found > expected.1)
    {
        draft.report.changed(
            "spec_version",
            "made for a later version; what is new in it is not known",
        );
    }
}

/// All but the instructions, which the draft holds.
fn persona(
    draft: &mut Draft,
    format: Format,
    data: &Data,
    id: Option<&PersonaId>,
) -> Result<Persona, PersonaError> {
    let id = id_of(id, &draft.name)?;
    for (field, title, given) in [
        ("description", "", &data.description),
        ("personality", "Personality: ", &data.personality),
        ("scenario", "Scenario: ", &data.scenario),
        ("system_prompt", "", &data.system_prompt),
    ] {
        if let Some(text) = draft.given(field, given) {
            draft.instruct(field, title, text);
        }
    }
    if !data.system_prompt.text().trim().is_empty() {
        draft.report.changed(
            "system_prompt",
            "one part of the instructions; it replaces nothing",
        );
    }
    if draft
        .given("post_history_instructions", &data.post_history_instructions)
        .is_some()
    {
        let why = "nothing stands behind the conversation but what was said in it";
        draft.report.left_out("post_history_instructions", why);
    }
    book(draft, &data.character_book);
    let greeting = draft.given("first_mes", &data.first_mes);
    let greeting = greeting.map(|text| draft.text("first_mes", text, limits::GREETING, FRIEND));
    let greeting = greeting.filter(|text| !text.is_empty());
    if greeting.is_some() {
        draft.report.taken("first_mes", "greeting");
    }
    let examples = draft.given("mes_example", &data.mes_example);
    let examples = examples.map_or_else(Vec::new, |text| examples_of(draft, text));
    no_use(draft, data);
    let creator = line(draft, "creator", &data.creator, 100);
    let by = creator.map_or_else(String::new, |creator| format!(" by {creator}"));
    let description = line(
        draft,
        "creator_notes",
        &data.creator_notes,
        limits::DESCRIPTION,
    );
    let version = line(
        draft,
        "character_version",
        &data.character_version,
        limits::VERSION,
    );
    Ok(Persona {
        id,
        name: draft.name.clone(),
        version: version.unwrap_or_else(|| "1".to_owned()),
        description: description.unwrap_or_else(|| format!("A character card{by}.")),
        instructions: String::new(),
        greeting,
        tone: None,
        voice: None,
        speed: None,
        examples,
        source: Some(format!("{}{by}", format.name())),
    })
}

/// A text on one line; what it becomes stands in no prompt.
fn line(draft: &mut Draft, field: &str, given: &Given<String>, most: usize) -> Option<String> {
    let text = draft.given(field, given)?;
    let text = clean_line(text, most.saturating_mul(8)).text;
    let text = draft.text(field, &text, most, FRIEND);
    let text = clean_line(&text, most).text;
    if text.is_empty() {
        return None;
    }
    draft
        .report
        .taken(field, "told to people who choose, not to the model");
    Some(text)
}

fn no_use(draft: &mut Draft, data: &Data) {
    let counts: [&Given<Amount>; 9] = [
        &data.creator_notes_multilingual,
        &data.alternate_greetings,
        &data.group_only_greetings,
        &data.tags,
        &data.extensions,
        &data.assets,
        &data.source,
        &data.creation_date,
        &data.modification_date,
    ];
    for ((field, why), given) in NO_USE.into_iter().zip(counts) {
        match given.count() {
            0 => {}
            1 => draft.report.left_out(field, why),
            count => draft
                .report
                .left_out(field, format!("{count} of them: {why}")),
        }
    }
}

/// Takes what of a book always counts.
fn book(draft: &mut Draft, book: &Given<Book>) {
    const FIELD: &str = "character_book";
    let book = match book {
        Given::Absent => return,
        Given::Wrong(what) => {
            draft
                .report
                .left_out(FIELD, format!("it is {what}, not an object"));
            return;
        }
        Given::Is(book) => book,
    };
    let (mut by_key, mut off) = (book.entries.as_ref().ok().map_or(0, |list| list.more), 0);
    for entry in book.entries.each() {
        let Some(content) = entry.content.as_ref().ok() else {
            continue;
        };
        let (content, is_off) = undecorated(content);
        if content.trim().is_empty() {
            continue;
        }
        if is_off || entry.enabled == Given::Is(false) {
            off += 1;
        } else if entry.constant == Given::Is(true) && entry.use_regex != Given::Is(true) {
            draft.instruct(FIELD, "", &content);
        } else {
            by_key += 1;
        }
    }
    for (count, why) in [
        (
            by_key,
            "told only where a word comes up, which is not done here",
        ),
        (off, "switched off in the card"),
    ] {
        if count > 0 {
            let entries = counted(count, "entry", "entries");
            draft.report.left_out(FIELD, format!("{entries}: {why}"));
        }
    }
}

/// Without the lines that steer other programs; whether one of them switches the entry off.
fn undecorated(content: &str) -> (String, bool) {
    let has = |name: &str| content.lines().any(|line| line.trim() == name);
    let is_off = has("@@dont_activate") && !has("@@activate");
    let lines = content
        .lines()
        .filter(|line| !line.trim_start().starts_with("@@"));
    (lines.collect::<Vec<_>>().join("\n"), is_off)
}

/// Pairs of what was said and what she answers. Blocks begin with `<START>`, turns with whose they are.
fn examples_of(draft: &mut Draft, text: &str) -> Vec<Example> {
    const FIELD: &str = "mes_example";
    let near = &text[..floor(text, 64 << 10)];
    let mut out = Vec::new();
    let (mut left, mut asked, mut last) = (0, String::new(), Whose::Nobody);
    let mut turns: Vec<(Whose, String)> = Vec::new();
    for raw in near.lines() {
        let raw = raw.trim();
        let whose = whose(raw, &draft.name);
        match whose {
            Some((Whose::Nobody, _)) => last = Whose::Nobody,
            Some((whose, said)) => {
                turns.push((whose, said.to_owned()));
                last = whose;
            }
            // A turn of more than one line.
            None => match turns.last_mut().filter(|_| last != Whose::Nobody) {
                Some((_, turn)) => {
                    turn.push('\n');
                    turn.push_str(raw);
                }
                None => left += usize::from(!raw.is_empty()),
            },
        }
    }
    for (whose, said) in turns {
        match whose {
            Whose::Theirs => asked = said,
            _ if asked.is_empty() || out.len() == limits::EXAMPLES => left += 1,
            _ => {
                let user = draft.text(FIELD, &std::mem::take(&mut asked), limits::EXAMPLE, FRIEND);
                let answer = draft.text(FIELD, &said, limits::EXAMPLE, FRIEND);
                if user.is_empty() || answer.is_empty() {
                    left += 1;
                } else {
                    out.push(Example { user, answer });
                }
            }
        }
    }
    if !out.is_empty() {
        draft
            .report
            .taken(FIELD, counted(out.len(), "example", "examples"));
    }
    if left > 0 || near.len() < text.len() {
        let parts = counted(left, "part", "parts");
        let most = limits::EXAMPLES;
        draft.report.left_out(
            FIELD,
            format!("{parts}: no pair of turns, or more than {most} pairs"),
        );
    }
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// A new conversation begins.
    Nobody,
    Theirs,
    Hers,
}

/// Whose turn a line begins, and the rest of it.
fn whose<'a>(line: &'a str, name: &str) -> Option<(Whose, &'a str)> {
    if line.eq_ignore_ascii_case("<start>") {
        return Some((Whose::Nobody, ""));
    }
    let (who, said) = line.split_once(':')?;
    let who = who.trim();
    let is = |known: &str| who.eq_ignore_ascii_case(known);
    if is("{{user}}") || is("<user>") {
        Some((Whose::Theirs, said.trim()))
    } else if is("{{char}}") || is("<bot>") || is("<char>") || is(name) {
        Some((Whose::Hers, said.trim()))
    } else {
        None
    }
}
