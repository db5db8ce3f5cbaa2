//! A persona in the making: every text of a stranger's goes through here.

use super::clean::{clean, clean_line};
use super::json::{Given, Unused};
use super::limits;
use super::macros::{Names, expand};
use super::report::{Report, counted};
use super::{PersonaError, PersonaId};
use crate::gate::Gate;

/// The one that is spoken to, in instructions and in what is said to them.
pub(super) const SOMEBODY: &str = "the person you talk to";
pub(super) const FRIEND: &str = "my friend";
/// A rest of room that is worth no further part.
const SCRAPS: usize = 40;

/// Texts taken so far, and what was told of them.
pub(super) struct Draft {
    /// What `{{char}}` means.
    pub(super) name: String,
    pub(super) report: Report,
    instructions: String,
    gate: Gate,
}

impl Draft {
    /// Begins with the name, which every file has to have. `field` is what the file calls it.
    pub(super) fn begin(
        field: &str,
        name: &Given<String>,
        mut report: Report,
    ) -> Result<Self, PersonaError> {
        const WANTED: &str = "a name that can be read";
        let cleaned = match name {
            Given::Absent => return Err(PersonaError::field(field, WANTED, "nothing")),
            Given::Wrong(what) => return Err(PersonaError::field(field, WANTED, *what)),
            // A brace in it could make a macro of what stands around it.
            Given::Is(name) => clean_line(&name.replace(['{', '}'], ""), limits::NAME),
        };
        let name = Gate::new().redact(&cleaned.text).into_owned();
        if name.is_empty() || name.len() > limits::NAME {
            return Err(PersonaError::field(
                field,
                WANTED,
                "nothing that can be read",
            ));
        }
        if cleaned.cut > 0 {
            report.changed(field, cut(cleaned.cut));
        }
        report.taken(field, "her name");
        Ok(Self {
            instructions: format!("You are {name}."),
            name,
            report,
            gate: Gate::new(),
        })
    }

    /// A text without macros, hidden characters and secrets, within its bound. What was done to it is told.
    pub(super) fn text(&mut self, field: &str, raw: &str, most: usize, user: &str) -> String {
        let names = Names {
            char: &self.name,
            user,
        };
        let expanded = expand(raw, names, most.saturating_mul(4));
        let cleaned = clean(&expanded.text, most);
        let safe = self.gate.redact(&cleaned.text);
        let is_secret = safe != cleaned.text;
        // What stands for a secret may be longer than it was.
        let fitted = clean(&safe, most);
        let mut said = Vec::new();
        if expanded.dropped > 0 {
            let macros = counted(expanded.dropped, "macro", "macros");
            said.push(format!("{macros} taken out"));
        }
        if cleaned.hidden > 0 {
            let hidden = counted(cleaned.hidden, "hidden character", "hidden characters");
            said.push(format!("{hidden} taken out"));
        }
        if cleaned.marks > 0 {
            let marks = counted(cleaned.marks, "mark", "marks");
            said.push(format!("{marks} of chat templates broken"));
        }
        if is_secret {
            said.push("what looks like a secret became [secret]".to_owned());
        }
        let lost = expanded.cut + cleaned.cut + fitted.cut;
        if lost > 0 {
            said.push(cut(lost));
        }
        if !said.is_empty() {
            self.report.changed(field, said.join("; "));
        }
        fitted.text
    }

    /// The text of a field, if there is one; another type is told.
    pub(super) fn given<'a>(&mut self, field: &str, given: &'a Given<String>) -> Option<&'a str> {
        match given {
            Given::Absent => None,
            Given::Is(text) => Some(text.as_str()).filter(|text| !text.trim().is_empty()),
            Given::Wrong(what) => {
                self.report
                    .left_out(field, format!("it is {what}, not a text"));
                None
            }
        }
    }

    /// Adds a part to the instructions, as far as there is room.
    pub(super) fn instruct(&mut self, field: &str, title: &str, raw: &str) {
        let used = self.instructions.len() + "\n\n".len() + title.len();
        let room = limits::INSTRUCTIONS.saturating_sub(used);
        if room < SCRAPS {
            self.report
                .left_out(field, "there is no more room in the instructions");
            return;
        }
        let text = self.text(field, raw, room, SOMEBODY);
        if text.is_empty() {
            return;
        }
        self.instructions.push_str("\n\n");
        self.instructions.push_str(title);
        self.instructions.push_str(&text);
        self.report.taken(field, "instructions");
    }

    /// Tells of members that nobody knows.
    pub(super) fn unused(&mut self, whose: &str, unused: &Unused) {
        for (name, count) in &unused.named {
            let field = format!("{whose}{name}");
            self.report.left_out(
                &field,
                match count {
                    1 => "not known".to_owned(),
                    count => format!("not known ({count} parts)"),
                },
            );
        }
        if unused.more > 0 {
            self.report
                .left_out("…", format!("{} more that are not known", unused.more));
        }
    }

    /// The instructions, and what was told.
    pub(super) fn done(self) -> (String, Report) {
        // A name that was broken by a mark could still be too long, or one with what stands behind it.
        (
            clean(&self.instructions, limits::INSTRUCTIONS).text,
            self.report,
        )
    }
}

/// The id that was asked for, or one made of the name.
pub(super) fn id_of(wanted: Option<&PersonaId>, name: &str) -> Result<PersonaId, PersonaError> {
    let made = wanted.cloned().or_else(|| PersonaId::of_name(name));
    made.ok_or_else(|| {
        let wanted = "given with --as ID: the name has no letters for one";
        PersonaError::field("id", wanted, "nothing")
    })
}

fn cut(bytes: usize) -> String {
    format!(
        "the last {} left out",
        counted(bytes, "byte was", "bytes were")
    )
}
