//! What can stand in the audit log: names, ids, outcomes and counts. There is no place for a text.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::desk::{Consent, ConsentError, Out, Outcome};
use crate::hex;
use crate::red_thread::Pass;

/// Bytes of a [`Name`].
pub(super) const LONGEST_NAME: usize = 64;

/// A name of a device, an action, a node or a handler: letters, digits and a few signs, without a space,
/// so that no sentence can pass for one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name(String);

impl Name {
    /// The name; one that is none becomes `unnamed`, because an entry matters more than its name.
    pub fn new(text: &str) -> Self {
        Self(if is_name(text) { text } else { "unnamed" }.to_owned())
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_name(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte))
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        if is_name(&text) {
            return Ok(Self(text));
        }
        Err(serde::de::Error::custom("not a name"))
    }
}

/// Sixteen bytes that name something: a receipt, an entry, a package. In hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Id(#[serde(with = "hex::array")] pub [u8; 16]);

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// How something ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// As it should.
    Done,
    /// It failed and changed nothing.
    Failed,
    /// It was not allowed.
    Refused,
    /// It was taken back before its end.
    Cancelled,
}

/// Which of a decision's four ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Yes.
    Granted,
    /// No.
    Denied,
    /// Nothing was said.
    Expired,
    /// It counts no more.
    Withdrawn,
}

/// That the operator accepted another constitution. Only a consent makes one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    #[serde(with = "hex::array")]
    sha256: [u8; 32],
    receipt: Id,
}

impl Accepted {
    /// By a consent to [`crate::desk::Action::ConstitutionChange`] on
    /// [`crate::constitution::Constitution::subject`].
    pub(crate) fn by(
        pass: &Pass<'_>,
        consent: Consent,
        sha256: [u8; 32],
    ) -> Result<Self, ConsentError> {
        let subject = crate::constitution::Constitution::subject(&sha256);
        let action = crate::desk::Action::ConstitutionChange;
        let receipt = consent.spend(pass, &action, &subject)?;
        Ok(Self {
            sha256,
            receipt: Id(receipt.id),
        })
    }

    /// The hash that counts from there on.
    pub const fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "each field is a name, an id or a count and says so itself"
)]
pub enum Event {
    /// This process began.
    JanetStarted {
        version: Name,
    },
    /// The operator was asked.
    ConsentAsked {
        consent: Id,
        action: Name,
        operator: Name,
    },
    /// … and this became of it.
    ConsentClosed {
        consent: Id,
        action: Name,
        operator: Name,
        decision: Decision,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        how: Option<Name>,
    },
    /// A standing grant, by this receipt.
    GrantAdded {
        grant: Id,
        action: Name,
    },
    GrantRevoked {
        grant: Id,
        action: Name,
        operator: Name,
    },
    /// An entry of Green, by this receipt.
    MemoryAdded {
        entry: Id,
        receipt: Id,
    },
    MemoryEdited {
        entry: Id,
        receipt: Id,
    },
    MemoryForgotten {
        entry: Id,
        receipt: Id,
    },
    MemoryEmptied {
        entries: u64,
        receipt: Id,
    },
    /// A conversation's text and key went before its time.
    ConversationForgotten {
        operator: Name,
    },
    /// The same of all, by the receipt of forgetting everything.
    ConversationsForgotten {
        conversations: u64,
        receipt: Id,
    },
    TransferStarted {
        package: Id,
        from: Name,
        to: Name,
        receipt: Id,
    },
    TransferEnded {
        package: Id,
        messages: u64,
        summaries: u64,
        stubs: u64,
        result: Ended,
    },
    /// Something left this machine as a file.
    Exported {
        what: Name,
        items: u64,
        operator: Name,
    },
    Imported {
        what: Name,
        items: u64,
        refused: u64,
        operator: Name,
    },
    VaultCreated {
        operator: Name,
    },
    /// Of this soul; older logs do not say whose.
    VaultUnlocked {
        operator: Name,
        items: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        soul: Option<Name>,
    },
    VaultLocked {
        why: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        soul: Option<Name>,
    },
    /// A wrong safe word.
    VaultRefused {
        operator: Name,
    },
    SafeWordChanged {
        operator: Name,
    },
    SecretStored {
        operator: Name,
    },
    SecretRead {
        operator: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        soul: Option<Name>,
    },
    SecretForgotten {
        operator: Name,
    },
    RedThreadPulled {
        node: Name,
        operator: Name,
    },
    RedThreadCleared {
        node: Name,
        operator: Name,
        how: Name,
    },
    PersonaChanged {
        persona: Name,
        receipt: Id,
    },
    /// A setting says who she is, since this start.
    PersonaSet {
        persona: Name,
    },
    ConstitutionChecked {
        version: u32,
        result: Ended,
    },
    ConstitutionChanged {
        version: u32,
        accepted: Accepted,
    },
    DevicePaired {
        device: Name,
    },
    DeviceRevoked {
        device: Name,
        operator: Name,
    },
    /// A soul of another process, known by this key.
    SoulPaired {
        soul: Name,
        key: Name,
    },
    SoulParted {
        soul: Name,
        key: Name,
    },
    NodeAdded {
        node: Name,
        receipt: Id,
    },
    NodeRemoved {
        node: Name,
        operator: Name,
    },
    DelegateAdded {
        handler: Name,
        receipt: Id,
    },
    Delegated {
        handler: Name,
        receipt: Id,
        result: Ended,
    },
    /// Written by a newer Janet.
    #[serde(other)]
    Unknown,
}

impl Event {
    /// What the desk's closing of a question means here; none for the rest of what it says.
    pub fn closed(out: &Out) -> Option<Self> {
        let Out::Closed {
            id,
            operator,
            action,
            outcome,
            ..
        } = out
        else {
            return None;
        };
        let (decision, how) = match outcome {
            Outcome::Granted(how) => (Decision::Granted, Some(Name::new(&how.to_string()))),
            Outcome::Denied => (Decision::Denied, None),
            Outcome::Expired => (Decision::Expired, None),
            Outcome::Withdrawn => (Decision::Withdrawn, None),
        };
        Some(Self::ConsentClosed {
            consent: Id(id.0),
            action: Name::new(action.name()),
            operator: Name::new(operator),
            decision,
            how,
        })
    }
}
