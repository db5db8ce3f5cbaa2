//! What the bridge needs of the vaults: entries of Green as they are, and names of Red.

use janet_protocol::Private;
use serde::{Deserialize, Serialize};

use super::keeping::Vector;
use crate::conversations::{ConversationId, ConversationUuid};
use crate::desk::Receipt;
use crate::hex;
use crate::red_thread::Pass;
use crate::soul::Soul;

/// An entry of Green on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Its name in every soul.
    #[serde(with = "hex::array")]
    pub id: [u8; 16],
    /// What sort.
    pub kind: String,
    /// The memory itself.
    pub text: Private<String>,
    /// From what it was made, in words.
    pub description: Private<String>,
    /// The conversation that it was made from.
    pub conversation: Option<ConversationUuid>,
    /// The soul that was asked to remember it.
    pub soul: Soul,
    /// When it was made, in ms since 1970.
    pub created_ms: u64,
    /// When its text was last changed.
    pub edited_ms: Option<u64>,
    /// The entry that it differs from, where both sides of a conflict were kept.
    pub differs_from: Option<String>,
    /// What it is found by; none: it is made anew where it comes to.
    pub vector: Option<Vector>,
    /// Who allowed it, when and how.
    pub receipt: Receipt,
}

/// What another soul may know of a thing in Red: that there is one of this name. Its value is not here, and
/// has no place here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedStub {
    /// What it is called.
    pub name: Private<String>,
}

/// What became of entries that came in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inserted {
    /// New here.
    pub added: u64,
    /// Here already, or forgotten here before.
    pub known: u64,
    /// Here in other words: both are kept.
    pub conflicts: u64,
    /// Not what the gate lets in.
    pub refused: u64,
}

/// A vault could not be read or written; says nothing of what is in it.
#[derive(Debug, thiserror::Error)]
#[error("a vault cannot be used: {0}")]
pub struct VaultsError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// A soul's vaults, as far as they go over the bridge.
pub trait Vaults: Send + Sync {
    /// The entries of Green that go along with this conversation.
    fn summaries(
        &self,
        pass: &Pass<'_>,
        conversation: ConversationId,
    ) -> Result<Vec<Summary>, VaultsError>;

    /// Keeps entries of a paired soul. On the disk when this returns; the same ones again change nothing,
    /// what was forgotten here stays forgotten, and of two that differ both are kept.
    fn insert_summaries(
        &self,
        pass: &Pass<'_>,
        entries: &[Summary],
    ) -> Result<Inserted, VaultsError>;

    /// Keeps names as locked stubs and says how many of these are here now; the same ones again change
    /// nothing. None: Red is locked here, and nothing is kept.
    fn insert_stubs(&self, pass: &Pass<'_>, stubs: &[RedStub]) -> Result<Option<u64>, VaultsError>;
}
