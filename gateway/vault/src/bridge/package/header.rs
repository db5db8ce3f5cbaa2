//! What a package begins with: from whom, to whom, what of, and by whose leave.

use serde::{Deserialize, Serialize};

use super::{PackageError, PackageId, Party};
use crate::conversations::ConversationUuid;
use crate::desk::Receipt;
use crate::identity::{Identity, PublicKey, Signature};

/// The format of packages that this Janet writes, and the only one that she reads.
pub const VERSION: u32 = 1;
/// Bytes of a header at most, its signature included.
pub const MOST_HEADER_BYTES: usize = 8 << 10;

const PURPOSE: &[u8] = b"janet package header 1";
const SIGNATURE: usize = 64;

/// How much was asked for when the operator said yes; more may have been said since.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Messages of the conversation.
    pub messages: u64,
    /// Entries of Green.
    pub summaries: u64,
    /// Names in Red.
    pub red: u64,
}

/// What a package says of itself. No content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`VERSION`].
    pub version: u32,
    /// Its name.
    pub package: PackageId,
    /// Who has made it.
    pub source: Party,
    /// Who may take it in.
    pub target: Party,
    /// The conversation.
    pub conversation: ConversationUuid,
    /// Whether the conversation goes along: it lives in the target from then on, and was given up by the
    /// source when the package was concluded.
    pub handover: bool,
    /// When it was begun, in ms since 1970.
    pub created_ms: u64,
    /// What the operator was told.
    pub told: Counts,
    /// The operator's yes.
    pub receipt: Receipt,
    /// The operator's yes, by the safe word, to the names in Red.
    pub red_receipt: Option<Receipt>,
}

impl Header {
    /// Signed, as it is sent and kept.
    pub fn write(&self, identity: &Identity) -> Vec<u8> {
        let text = serde_json::to_vec(self).expect("no map in it");
        let signature = identity.sign(&signed(&text));
        [&signature.0[..], &text].concat()
    }

    /// Reads one. Whose it is, is another question: [`is_of`].
    pub fn read(bytes: &[u8]) -> Result<Self, PackageError> {
        /// Later versions may say more.
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        if bytes.len() > MOST_HEADER_BYTES {
            return Err(PackageError::TooLarge("header"));
        }
        let (_, text) = bytes
            .split_at_checked(SIGNATURE)
            .ok_or(PackageError::Cut("header"))?;
        let malformed = |_| PackageError::Malformed("header");
        let Version { version } = serde_json::from_slice(text).map_err(malformed)?;
        if version != VERSION {
            return Err(PackageError::Version { found: version });
        }
        serde_json::from_slice(text).map_err(malformed)
    }
}

/// Whether whoever has this key has signed this header.
pub fn is_of(header: &[u8], key: &PublicKey) -> bool {
    let Some((signature, text)) = header.split_first_chunk::<SIGNATURE>() else {
        return false;
    };
    key.has_signed(&signed(text), &Signature(*signature))
}

fn signed(text: &[u8]) -> Vec<u8> {
    [PURPOSE, text].concat()
}
