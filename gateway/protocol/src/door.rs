//! What is told of paired devices, and of a pairing that is over.

use serde::{Deserialize, Serialize};

use crate::Role;

/// A paired device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PairedDevice {
    /// What `device_revoke` calls it.
    pub device_id: String,
    /// What it called itself.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// When it was paired, in milliseconds since 1970.
    pub created_ms: u64,
    /// When it was last here, in milliseconds since 1970; at most a minute behind.
    pub seen_ms: u64,
}

/// Why a pairing is over without a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum PairEnd {
    /// Nobody paired in time.
    Late,
    /// Every try was wrong.
    WornOut,
    /// Another one was opened.
    Withdrawn,
    /// The device could not be kept.
    Failed,
}
