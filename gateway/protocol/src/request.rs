//! Values that a client chooses and gets back as it sent them.

use serde::{Deserialize, Serialize};

/// Name of a request, echoed in everything that answers it: a string or an integer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RequestId {
    /// An integer that fits 64 bits unsigned.
    Unsigned(u64),
    /// A negative integer that fits 64 bits.
    Signed(i64),
    /// A string of at most [`RequestId::MAX_BYTES`].
    Text(String),
}

impl RequestId {
    /// Longest string that is accepted, in bytes.
    pub const MAX_BYTES: usize = 256;
}

/// The `timestamp` of a `ping`: a string or a number in whatever unit the client likes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Timestamp {
    /// A number; integers of 64 bits and every finite double come back digit for digit in value.
    Number(serde_json::Number),
    /// A string of at most [`Timestamp::MAX_BYTES`].
    Text(String),
}

impl Timestamp {
    /// Longest string that is accepted, in bytes.
    pub const MAX_BYTES: usize = 256;
}
