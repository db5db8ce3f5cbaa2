//! Who she is to be: a name, a manner, a few examples.
//!
//! A persona is text and nothing else. It comes from a TOML file ([`mod@file`]), or from what other
//! programs call a character card or an agent file ([`import()`]). Either way it is data: it stands in the
//! system prompt behind the constitution and before a closing rule ([`compose()`]), and whatever it says,
//! nothing in this module can grant consent, unlock a vault, move a soul or clear the red thread. None of
//! those is reachable from here, and a test looks that it stays so.
//!
//! What strangers made is read with bounds on everything: sizes, depths, counts, what is unpacked. What is
//! not used of it is told, and so is what was changed.

mod card;
mod clean;
mod compose;
mod draft;
mod error;
mod file;
#[cfg(test)]
#[allow(unreachable_pub, reason = "the crate of the fuzz targets reaches it")]
mod fuzz;
mod id;
mod import;
mod json;
mod letta;
mod letta_shape;
mod macros;
mod png;
mod report;
mod shape;
mod shelf;

use std::fmt;

pub use compose::{BRIEF_BELOW, BRIEF_LAW, Composed, Law, RULES, compose};
pub use error::PersonaError;
pub use id::PersonaId;
pub use import::{Format, Imported, MOST_BYTES, import};
pub use report::{Line, Proposal, Report};
pub use shelf::{FOLDER, Listed, Shelf, built_in};

/// The persona that counts where nobody chose one.
pub const DEFAULT: &str = "janet";

/// Bounds of each text, in bytes.
pub(crate) mod limits {
    pub(crate) const NAME: usize = 64;
    pub(crate) const VERSION: usize = 32;
    pub(crate) const DESCRIPTION: usize = 400;
    pub(crate) const INSTRUCTIONS: usize = 8 << 10;
    pub(crate) const GREETING: usize = 1000;
    pub(crate) const TONE: usize = 120;
    pub(crate) const VOICE: usize = 64;
    pub(crate) const SOURCE: usize = 200;
    pub(crate) const EXAMPLE: usize = 400;
    pub(crate) const EXAMPLES: usize = 8;
}

/// Who she is to be. Every text is within its bound and without hidden characters.
#[derive(Clone, PartialEq)]
pub struct Persona {
    /// What it is called in settings, and its file.
    pub id: PersonaId,
    /// What she is called.
    pub name: String,
    /// Which version of it.
    pub version: String,
    /// For people who choose one; never part of a prompt.
    pub description: String,
    /// Its part of the system prompt.
    pub instructions: String,
    /// What a client may show or say where a conversation begins.
    pub greeting: Option<String>,
    /// How she speaks, in a few words; part of the prompt.
    pub tone: Option<String>,
    /// Which speaker of the voice.
    pub voice: Option<String>,
    /// How fast she speaks; 1 is the voice's own pace.
    pub speed: Option<f64>,
    /// How she answers, shown.
    pub examples: Vec<Example>,
    /// Where it came from, for people.
    pub source: Option<String>,
}

/// Something said to her, and what she answers.
#[derive(Clone, PartialEq, Eq)]
pub struct Example {
    /// What was said.
    pub user: String,
    /// Her answer.
    pub answer: String,
}

impl Persona {
    /// Reads a persona file. The first thing that is wrong is told by the name of its field.
    pub fn parse(text: &str) -> Result<Self, PersonaError> {
        file::parse(text)
    }

    /// The file that is read as this persona.
    pub fn to_toml(&self) -> String {
        file::written(self)
    }
}

/// Its texts stay out of logs: an import may hold anything.
impl fmt::Debug for Persona {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Persona({})", self.id)
    }
}

impl fmt::Debug for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Example")
    }
}

#[cfg(test)]
#[path = "persona_test.rs"]
mod tests;

#[cfg(test)]
#[path = "shelf_test.rs"]
mod shelf_tests;

#[cfg(test)]
mod samples;
