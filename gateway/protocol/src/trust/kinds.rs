//! Values that these messages share.

use serde::{Deserialize, Serialize};

use crate::Private;

/// One of her two souls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum SoulName {
    /// The mesh server: many clients, conversations, clustering.
    Networked,
    /// The private core: vaults, constitution, delegation.
    Constitutional,
}

/// What a transfer takes along besides messages. Blue is in no list: it never leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum VaultName {
    /// Distilled memories.
    Green,
    /// That there are secrets, and their names; never the secrets.
    Red,
}

/// How far a transfer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum TransferStage {
    /// Counting, and waiting for consent.
    Asking,
    /// Reading and sealing.
    Exporting,
    /// Being staged by the other soul.
    Importing,
    /// Both sides are being joined.
    Reconciling,
}

/// How a question ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum ConsentOutcome {
    /// Yes.
    Granted,
    /// No.
    Denied,
    /// Nobody answered in time, which is a no.
    Expired,
    /// The red thread was pulled, or whoever asked went away.
    Withdrawn,
}

/// What was done with a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum MemoryVerb {
    /// It is remembered.
    Remember,
    /// It was changed.
    Edit,
    /// It was forgotten.
    Forget,
    /// All were.
    ForgetAll,
}

/// What was asked of the vault of secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum VaultVerb {
    /// To be made.
    Create,
    /// To be unlocked.
    Unlock,
    /// To be locked.
    Lock,
    /// To take a secret.
    Put,
    /// To hand one out.
    Get,
    /// To tell their names.
    List,
    /// To forget one.
    Forget,
    /// To have another safe word.
    Change,
    /// To be written into a file.
    Export,
    /// To take in a file.
    Import,
    /// Nothing: it locked itself, because its time was over or the red thread was pulled.
    Status,
}

/// How far that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum VaultStatus {
    /// The safe word is being looked at, or consent is waited for.
    Checking,
    /// Done.
    Done,
    /// Not done: a wrong safe word, no such secret, or a damaged vault, which are told apart by nobody.
    Refused,
    /// Not even looked at: too many wrong safe words. See `retry_after_ms`.
    Delayed,
}

/// Who allowed something, when and how; signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Receipt {
    /// Its name, as the audit log has it.
    pub receipt_id: String,
    /// What was allowed.
    pub action: String,
    /// By a click, spoken words, a message, the safe word or a standing grant.
    pub how: String,
    /// The operator's device, `here` on Janet's own machine.
    pub operator: String,
    /// When, in ms since 1970.
    pub at_ms: u64,
}

/// Something that Janet remembers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MemoryEntry {
    /// Its name.
    pub id: String,
    /// What it says.
    pub text: Private<String>,
    /// What it is: `fact`, `note` or `summary`.
    pub kind: String,
    /// Where it is from, for people.
    pub source: Private<String>,
    /// Since when it is remembered, in ms since 1970.
    pub created_ms: u64,
    /// When it was changed last, in ms since 1970; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_ms: Option<u64>,
    /// How well it fits what was searched for, 0 to 1; absent in a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// The souls of this process that remember it.
    pub souls: Vec<SoulName>,
    /// Who allowed it.
    pub receipt: Receipt,
}

/// That something is gone: what files hold of it was counted afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Proof {
    /// Entries that were removed.
    pub entries: u64,
    /// Vectors that were removed with them.
    pub vectors: u64,
    /// Bytes of the files that were searched for them afterwards.
    pub bytes_searched: u64,
    /// Traces that this found.
    pub traces: u64,
    /// The entry of the audit log that says so.
    pub audit_number: u64,
    /// Conversations that went with their keys; absent where none were to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversations: Option<u64>,
    /// Messages in them; absent where none were to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<u64>,
}

/// What one of the souls of this process keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SoulKept {
    /// Which.
    pub soul: SoulName,
    /// Things that it remembers; absent where that cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memories: Option<u64>,
    /// Conversations that can be read in it.
    pub conversations: u64,
    /// Messages in them.
    pub messages: u64,
    /// Whether it has a vault of secrets.
    pub vault_exists: bool,
    /// Whether that is locked.
    pub vault_locked: bool,
}

/// A secret's name, without the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VaultItem {
    /// Its name.
    pub name: Private<String>,
    /// Words to find it by.
    pub tags: Vec<Private<String>>,
    /// Since when it is there, in ms since 1970.
    pub created_ms: u64,
    /// Whether it lies in memory, unlocked.
    pub is_open: bool,
    /// Whether the secret itself is in another soul's vault, and only its name is here.
    pub is_stub: bool,
}

/// A consent that holds until it is revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Grant {
    /// Its name.
    pub grant_id: String,
    /// What is allowed without being asked.
    pub action: String,
    /// Since when, in ms since 1970.
    pub since_ms: u64,
}

/// A decision, as the audit log has it. Never content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AuditEntry {
    /// Its number, from 1 without gaps.
    pub number: u64,
    /// When, in ms since 1970.
    pub at_ms: u64,
    /// What happened, as a lower-case noun and verb.
    pub event: String,
    /// The same in words, for people.
    pub words: String,
}

/// Who she can be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Persona {
    /// What `persona_set` calls it.
    pub persona_id: String,
    /// What she is called.
    pub name: String,
    /// What she is like, in a sentence.
    pub description: String,
}

/// An open microphone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct OpenMicrophone {
    /// Whose: a device's name, or `here`.
    pub device: String,
    /// Since when, in ms since 1970.
    pub since_ms: u64,
    /// Whether it is this connection's.
    pub is_yours: bool,
}

/// Something that leaves this machine, or has left it since Janet was started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LeftMachine {
    /// What: `language_model`, `voice`, `push` or `soul`.
    pub what: String,
    /// Whereto: a host, without a path.
    pub whereto: String,
    /// How often.
    pub times: u64,
    /// When last, in ms since 1970; 0: not yet.
    pub last_ms: u64,
}

/// A soul that can be reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SoulInfo {
    /// Which.
    pub soul: SoulName,
    /// Whether it lives in this process.
    pub is_here: bool,
    /// Whether a transfer can go to it now.
    pub is_reachable: bool,
    /// Its identity key's beginning, in hexadecimal digits.
    pub key: String,
    /// Conversations that can be read; absent where it is elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversations: Option<u64>,
    /// Memories; absent where it is elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memories: Option<u64>,
}

/// What a transfer did besides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TransferMetadata {
    /// The package, as the audit log calls it.
    pub package_id: String,
    /// Messages that were there already.
    pub duplicates: u64,
    /// Messages of which both sides are kept.
    pub conflicts: u64,
    /// Entries that the gate did not let in.
    pub refused: u64,
    /// Names of secrets that were taken along.
    pub red_stubs: u64,
    /// How long it took, consent not counted.
    pub duration_ms: u64,
}
