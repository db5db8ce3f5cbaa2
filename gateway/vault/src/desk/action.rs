//! What can be asked for, and what it takes to allow it.

use std::fmt;

/// What the operator decides on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// A new entry of Green.
    Remember,
    /// Another text for an entry of Green.
    Edit,
    /// One entry of Green goes.
    Forget,
    /// Everything in Green goes.
    ForgetAll,
    /// A conversation and what belongs to it goes to the other soul.
    Transfer,
    /// Something leaves this machine as a file.
    Export,
    /// What another soul or an older Janet has written comes in.
    ImportPackage,
    /// Another text of the constitution counts.
    ConstitutionChange,
    /// Another persona speaks, or a new one is taken in.
    PersonaChange,
    /// Another machine joins this Janet.
    NewNode,
    /// Another handler is there to delegate to.
    NewDelegate,
    /// A standing grant: from now on an action is allowed without being asked for.
    NewGrant,
    /// A request is handed to this handler.
    Delegate(String),
    /// The names of what lies in Red, as locked stubs, go to the other soul.
    RedMetadata,
}

/// The least that counts as a yes. Ordered: what is later is stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Needs {
    /// A spoken or a written yes will do.
    AnyAnswer,
    /// A voice can be played and a text can be planted: only a click on the question, or the safe word.
    ClickOrSafeWord,
    /// Nothing but the safe word.
    SafeWord,
}

/// All but those that carry something.
const ALL: [Action; 13] = [
    Action::Remember,
    Action::Edit,
    Action::Forget,
    Action::ForgetAll,
    Action::Transfer,
    Action::Export,
    Action::ImportPackage,
    Action::ConstitutionChange,
    Action::PersonaChange,
    Action::NewNode,
    Action::NewDelegate,
    Action::NewGrant,
    Action::RedMetadata,
];

/// Bytes of a handler's name.
const LONGEST_HANDLER: usize = 48;

impl Action {
    /// Its name on the wire, in receipts and in the audit log. Never content: of a delegation it is the
    /// kind alone.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Remember => "remember",
            Self::Edit => "edit",
            Self::Forget => "forget",
            Self::ForgetAll => "forget_all",
            Self::Transfer => "transfer",
            Self::Export => "export",
            Self::ImportPackage => "import_package",
            Self::ConstitutionChange => "constitution_change",
            Self::PersonaChange => "persona_change",
            Self::NewNode => "new_node",
            Self::NewDelegate => "new_delegate",
            Self::NewGrant => "new_grant",
            Self::Delegate(_) => "delegate",
            Self::RedMetadata => "red_metadata",
        }
    }

    /// With what it is about, as standing grants are written: `delegate:plex`.
    pub fn key(&self) -> String {
        match self {
            Self::Delegate(to) => format!("{}:{to}", self.name()),
            _ => self.name().to_owned(),
        }
    }

    /// The action that is written so.
    pub fn from_key(key: &str) -> Option<Self> {
        if let Some(to) = key.strip_prefix("delegate:") {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
            let good = !to.is_empty() && to.len() <= LONGEST_HANDLER && to.chars().all(plain);
            return good.then(|| Self::Delegate(to.to_owned()));
        }
        ALL.iter().find(|action| action.name() == key).cloned()
    }

    /// Whether the operator may allow it once and for all.
    pub const fn may_stand(&self) -> bool {
        matches!(self, Self::Remember | Self::Transfer | Self::Delegate(_))
    }

    /// Whether asking for it in one's own words ("remember this") is consent to it: small, and what was asked
    /// for is all there is to know.
    pub const fn by_command(&self) -> bool {
        matches!(self, Self::Remember | Self::Edit | Self::Forget)
    }

    /// One of each.
    #[cfg(test)]
    pub(crate) fn examples() -> Vec<Self> {
        let mut all = ALL.to_vec();
        all.push(Self::Delegate("plex".into()));
        all
    }

    /// The least that this action takes; who asks may ask for more, never for less.
    pub const fn needs(&self) -> Needs {
        match self {
            Self::Remember
            | Self::Edit
            | Self::Forget
            | Self::Transfer
            | Self::ImportPackage
            | Self::PersonaChange
            | Self::NewDelegate
            | Self::Delegate(_) => Needs::AnyAnswer,
            Self::ForgetAll
            | Self::Export
            | Self::ConstitutionChange
            | Self::NewNode
            | Self::NewGrant => Needs::ClickOrSafeWord,
            Self::RedMetadata => Needs::SafeWord,
        }
    }

    /// Whether it is a soul check (axiom 10), and shown as such.
    pub const fn is_soul_check(&self) -> bool {
        match self {
            Self::Transfer
            | Self::Export
            | Self::ForgetAll
            | Self::ImportPackage
            | Self::ConstitutionChange
            | Self::PersonaChange
            | Self::NewNode
            | Self::NewDelegate
            | Self::NewGrant
            | Self::RedMetadata => true,
            Self::Remember | Self::Edit | Self::Forget | Self::Delegate(_) => false,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_read_as_it_is_written() {
        for action in Action::examples() {
            assert_eq!(Action::from_key(&action.key()), Some(action));
        }
        for wrong in [
            "",
            "delegate",
            "delegate:",
            "delegate:A b",
            "remember:x",
            "Remember",
        ] {
            assert_eq!(Action::from_key(wrong), None, "{wrong:?}");
        }
    }

    /// MISSION's words: which of them take a click or the safe word, and what a voice can never do.
    #[test]
    fn what_is_grave_takes_more_than_a_word() {
        for action in Action::examples() {
            let grave = matches!(
                action,
                Action::ForgetAll
                    | Action::Export
                    | Action::ConstitutionChange
                    | Action::NewNode
                    | Action::NewGrant
                    | Action::RedMetadata
            );
            assert_eq!(action.needs() > Needs::AnyAnswer, grave, "{action}");
            assert!(
                !(grave && (action.may_stand() || action.by_command())),
                "{action}"
            );
            assert!(!(action.is_soul_check() && action.by_command()), "{action}");
        }
    }
}
