//! What was made of a file: told field by field, so that nothing is lost in silence.

use janet_protocol::Private;

/// A field of the file, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// As the file calls it.
    pub field: String,
    /// In words, without its text.
    pub said: String,
}

/// What was made of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What the persona has of it.
    pub taken: Vec<Line>,
    /// What was changed about that.
    pub changed: Vec<Line>,
    /// What it has not, and why.
    pub left_out: Vec<Line>,
}

/// Something that an agent remembers, for the operator to have kept or not. Reading a file keeps nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The block it stood in.
    pub block: String,
    /// What would be kept.
    pub text: Private<String>,
}

impl Report {
    pub(super) fn taken(&mut self, field: &str, said: impl Into<String>) {
        self.taken.push(line(field, said));
    }

    pub(super) fn changed(&mut self, field: &str, said: impl Into<String>) {
        self.changed.push(line(field, said));
    }

    pub(super) fn left_out(&mut self, field: &str, said: impl Into<String>) {
        self.left_out.push(line(field, said));
    }
}

fn line(field: &str, said: impl Into<String>) -> Line {
    Line {
        field: field.to_owned(),
        said: said.into(),
    }
}

/// `1 entry`, `3 entries`.
pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
