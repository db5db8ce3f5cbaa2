//! What a conversation is called between souls.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::hex;

/// 128 random bits that name a conversation and open nothing: unlike its
/// [`ConversationId`](super::ConversationId), which lets whoever knows it in and stays in its soul, this
/// one goes into packages, messages and the audit log.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConversationUuid(#[serde(with = "hex::array")] pub [u8; 16]);

impl ConversationUuid {
    /// A fresh one from the operating system's generator.
    pub(super) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for ConversationUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for ConversationUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is no such name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a conversation_uuid has 32 lower-case hexadecimal digits")]
pub struct NotAUuid;

impl FromStr for ConversationUuid {
    type Err = NotAUuid;

    fn from_str(text: &str) -> Result<Self, NotAUuid> {
        hex::decode(text).map(Self).ok_or(NotAUuid)
    }
}
