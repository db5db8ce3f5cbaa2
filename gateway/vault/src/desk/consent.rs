//! A yes: who gave it, how, and for what. It is used up by what it allows and leaves a receipt.

use std::fmt;

use ring::digest;
use serde::{Deserialize, Serialize};

use super::Action;
use crate::hex;
use crate::identity::{Identity, PublicKey, Signature};
use crate::red_thread::Pass;

/// First in what is signed, so that no other signature of hers can pass for a receipt.
const PURPOSE: &[u8] = b"janet receipt 1";
/// First in what is hashed.
const SUBJECT: &[u8] = b"janet subject 1";

/// Which standing grant.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GrantId(#[serde(with = "hex::array")] pub [u8; 16]);

/// How the operator said yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// On the question that was shown.
    Click,
    /// In words, after the question was heard to its end.
    Spoken,
    /// In words that were typed.
    Message,
    /// By the safe word.
    SafeWord,
    /// Once and for all, earlier.
    StandingGrant(GrantId),
    /// By the very words that asked for it ("remember this").
    Command,
}

/// What was decided on, as one hash: a consent for one text allows no other. The parts are kept apart, and
/// the hash says nothing of their content to who does not have it already.
pub fn subject_of(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(SUBJECT);
    for part in parts {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finish()
        .as_ref()
        .try_into()
        .expect("SHA-256 has 32 bytes")
}

/// The operator's yes to one action on one subject. Only the desk makes one, it cannot be copied, and what
/// it allows takes it away.
#[must_use = "a consent that is dropped allows nothing"]
pub struct Consent {
    action: Action,
    receipt: Receipt,
}

/// Why a consent does not allow what is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsentError {
    /// It was given for another action.
    #[error("the consent is for `{given}`, not for `{wanted}`")]
    Action {
        /// What it is for.
        given: &'static str,
        /// What was to be done.
        wanted: &'static str,
    },
    /// It was given for something else.
    #[error("the consent to `{action}` is for something else")]
    Subject {
        /// What it is for.
        action: &'static str,
    },
    /// The red thread was pulled since.
    #[error("the consent to `{action}` is older than the red thread")]
    Withdrawn {
        /// What it is for.
        action: &'static str,
    },
}

/// What is left of a consent: proof of who decided what, kept beside what it allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Its own name, random.
    #[serde(with = "hex::array")]
    pub id: [u8; 16],
    /// The action's name.
    pub action: String,
    /// How the yes was given; of a standing grant, with its id.
    pub how: String,
    /// The device's id, or `here`.
    pub operator: String,
    /// When, in ms since 1970.
    pub at_ms: u64,
    /// The hash of what it was for.
    #[serde(with = "hex::array")]
    pub subject: [u8; 32],
    /// By the identity key.
    #[serde(with = "signature")]
    pub signature: Signature,
}

impl Consent {
    pub(super) fn new(
        identity: &Identity,
        action: Action,
        how: How,
        operator: &str,
        at_ms: u64,
        subject: [u8; 32],
        id: [u8; 16],
    ) -> Self {
        let mut receipt = Receipt {
            id,
            action: action.name().to_owned(),
            how: how.to_string(),
            operator: operator.to_owned(),
            at_ms,
            subject,
            signature: Signature([0; 64]),
        };
        receipt.signature = identity.sign(&receipt.signed());
        Self { action, receipt }
    }

    /// What it allows.
    pub const fn action(&self) -> &Action {
        &self.action
    }

    /// What will be left of it.
    pub const fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// Uses it up for this action on this subject; the receipt is to be kept with what is done. A consent
    /// that is for something else is gone as well.
    pub fn spend(
        self,
        pass: &Pass<'_>,
        action: &Action,
        subject: &[u8; 32],
    ) -> Result<Receipt, ConsentError> {
        let given = self.action.name();
        if self.action != *action {
            return Err(ConsentError::Action {
                given,
                wanted: action.name(),
            });
        }
        if self.receipt.subject != *subject {
            return Err(ConsentError::Subject { action: given });
        }
        if self.receipt.at_ms < pass.since_ms() {
            return Err(ConsentError::Withdrawn { action: given });
        }
        Ok(self.receipt)
    }

    /// A yes that nobody gave, for the tests of what takes one.
    #[cfg(test)]
    pub(crate) fn for_tests(
        identity: &Identity,
        action: Action,
        subject: [u8; 32],
        at_ms: u64,
    ) -> Self {
        let mut id = [0; 16];
        getrandom::fill(&mut id).expect("randomness");
        Self::new(identity, action, How::Click, "here", at_ms, subject, id)
    }
}

impl fmt::Debug for Consent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Consent({})", self.action.name())
    }
}

impl Receipt {
    /// Whether whoever has this key has given it, as it is.
    pub fn is_of(&self, key: &PublicKey) -> bool {
        key.has_signed(&self.signed(), &self.signature)
    }

    /// One sequence of bytes for one receipt: each text with its length before it.
    fn signed(&self) -> Vec<u8> {
        let mut bytes = PURPOSE.to_vec();
        bytes.extend(self.id);
        for text in [&self.action, &self.how, &self.operator] {
            bytes.extend((text.len() as u64).to_be_bytes());
            bytes.extend(text.as_bytes());
        }
        bytes.extend(self.at_ms.to_be_bytes());
        bytes.extend(self.subject);
        bytes
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Click => "click",
            Self::Spoken => "spoken",
            Self::Message => "message",
            Self::SafeWord => "safe_word",
            Self::StandingGrant(id) => return write!(f, "standing_grant:{id}"),
            Self::Command => "command",
        })
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for GrantId {
    type Err = NotAGrant;

    fn from_str(text: &str) -> Result<Self, NotAGrant> {
        hex::decode(text).map(Self).ok_or(NotAGrant)
    }
}

/// The text is no id of a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a grant's id has 32 lower-case hexadecimal digits")]
pub struct NotAGrant;

mod signature {
    use serde::{Deserializer, Serializer};

    use super::{Signature, hex};

    pub(super) fn serialize<S: Serializer>(it: &Signature, to: S) -> Result<S::Ok, S::Error> {
        hex::array::serialize(&it.0, to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Signature, D::Error> {
        hex::array::deserialize(from).map(Signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::red_thread::RedThread;

    fn identity() -> (tempfile::TempDir, Identity) {
        let folder = tempfile::tempdir().expect("a folder");
        let identity = Identity::load_or_create(folder.path()).expect("a key");
        (folder, identity)
    }

    #[test]
    fn a_receipt_is_proof_of_its_own_words_only() {
        let (_folder, janet) = identity();
        let (_other, stranger) = identity();
        let subject = subject_of(&[b"tea, no sugar"]);
        let consent = Consent::for_tests(&janet, Action::Remember, subject, 7);
        let receipt = consent.receipt().clone();
        assert!(receipt.is_of(&janet.public()));
        assert!(!receipt.is_of(&stranger.public()));
        let changes: [fn(&mut Receipt); 8] = [
            |r| r.id[0] ^= 1,
            |r| r.action = "forget".into(),
            |r| r.how = "spoken".into(),
            |r| r.operator = "there".into(),
            |r| r.at_ms += 1,
            |r| r.subject[31] ^= 1,
            |r| r.signature.0[0] ^= 1,
            // The same bytes, cut at another place.
            |r| {
                r.action.push('c');
                r.how = "lick".into();
            },
        ];
        for (n, change) in changes.into_iter().enumerate() {
            let mut changed = receipt.clone();
            change(&mut changed);
            assert!(!changed.is_of(&janet.public()), "change {n}");
        }
        let text = serde_json::to_string(&receipt).expect("no map in it");
        let again: Receipt = serde_json::from_str(&text).expect("a receipt");
        assert_eq!(again, receipt);
        assert!(again.is_of(&janet.public()));
    }

    #[test]
    fn a_consent_allows_what_it_was_given_for_and_nothing_else() {
        let (folder, janet) = identity();
        let thread = RedThread::open(folder.path()).expect("a latch");
        let pass = thread.pass().expect("not pulled");
        let (tea, beer) = (subject_of(&[b"tea"]), subject_of(&[b"beer"]));
        let give = || Consent::for_tests(&janet, Action::Remember, tea, 7);
        let receipt = give().spend(&pass, &Action::Remember, &tea).expect("given");
        assert_eq!(receipt.subject, tea);
        assert_eq!(
            give().spend(&pass, &Action::Forget, &tea),
            Err(ConsentError::Action {
                given: "remember",
                wanted: "forget"
            })
        );
        assert_eq!(
            give().spend(&pass, &Action::Remember, &beer),
            Err(ConsentError::Subject { action: "remember" })
        );
        let to = |name: &str| Action::Delegate(name.into());
        let plex = Consent::for_tests(&janet, to("plex"), tea, 7);
        assert!(plex.spend(&pass, &to("home"), &tea).is_err());
    }

    #[test]
    fn parts_of_a_subject_do_not_run_together() {
        assert_ne!(subject_of(&[b"ab", b"c"]), subject_of(&[b"a", b"bc"]));
        assert_ne!(subject_of(&[b"ab"]), subject_of(&[b"ab", b""]));
    }
}
