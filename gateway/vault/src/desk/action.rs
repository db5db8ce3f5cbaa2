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

    /// Whether it is a soul check (axiom 10): named as such to the operator, and allowed by no standing
    /// grant and by no command.
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
