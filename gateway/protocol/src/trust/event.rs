//! What Janet says of it.

use serde::{Deserialize, Serialize};

use super::{
    AuditEntry, ConsentOutcome, Grant, LeftMachine, MemoryEntry, MemoryVerb, OpenMicrophone,
    Persona, Proof, SoulInfo, SoulKept, SoulName, TransferMetadata, TransferStage, VaultItem,
    VaultName, VaultStatus, VaultVerb,
};
use crate::{AudioFormat, Base64, ErrorCode, Private};

/// One event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum TrustEvent {
    /// May she? Answered by `consent_response`, or by a spoken word once the prompt was heard. Silence
    /// until `expires_at` is a no.
    ConsentRequest {
        /// Which question.
        consent_id: String,
        /// In which conversation.
        conversation_uuid: String,
        /// What for: `remember`, `transfer`, …
        action: String,
        /// What it would do, for people.
        impact: Private<String>,
        /// The question, as it is spoken.
        prompt: Private<String>,
        /// Always true: nothing grants by itself.
        requires_response: bool,
        /// In ms since 1970.
        expires_at: u64,
    },
    /// The same for a major operation. What has to be clicked cannot be answered by voice; it says so.
    SoulCheck {
        /// Which question.
        consent_id: String,
        /// In which conversation.
        conversation_uuid: String,
        /// What for: `export`, `forget_all`, …
        action: String,
        /// What it would do, for people.
        impact: Private<String>,
        /// The question.
        prompt: Private<String>,
        /// Always true: nothing grants by itself.
        requires_response: bool,
        /// In ms since 1970.
        expires_at: u64,
        /// Whether a spoken yes is not enough.
        needs_click: bool,
    },
    /// The question's sound, where no stream carries her voice.
    ConsentRequestAudio {
        /// Which question.
        consent_id: String,
        /// In which conversation.
        conversation_uuid: String,
        /// A whole file.
        audio: Base64,
        /// Its format.
        audio_format: AudioFormat,
    },
    /// A question is over: every client that shows it takes it away.
    ConsentClosed {
        /// Which question.
        consent_id: String,
        /// In which conversation.
        conversation_uuid: String,
        /// How it ended.
        outcome: ConsentOutcome,
    },
    /// How far a transfer is.
    TransferProgress {
        /// Which conversation.
        conversation_uuid: String,
        /// What is being done.
        stage: TransferStage,
        /// How much of that is done, 0 to 1.
        #[cfg_attr(test, schemars(range(min = 0.0, max = 1.0)))]
        fraction: f64,
    },
    /// A transfer is over.
    TransferResult {
        /// Which conversation.
        conversation_uuid: String,
        /// Whether it came about.
        success: bool,
        /// Messages that the target did not have before.
        messages_transferred: u64,
        /// Summaries that it did not have before.
        summaries_transferred: u64,
        /// What went along.
        vaults_transferred: Vec<VaultName>,
        /// Why it did not come about, or null.
        error: Option<String>,
        /// What else there is to say of it.
        metadata: TransferMetadata,
    },
    /// The operator did not consent; nothing was changed.
    TransferDenied {
        /// Which conversation.
        conversation_uuid: String,
        /// Why, for people.
        reason: String,
    },
    /// A transfer could not be understood or begun; nothing was changed.
    TransferError {
        /// Which conversation, if it is known which.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conversation_uuid: Option<String>,
        /// The reason for programs.
        code: ErrorCode,
        /// The reason for people.
        message: String,
        /// The offending field.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        field: Option<String>,
    },
    /// The answer to `memory_search` and `memory_list`.
    MemoryResults {
        /// What was found.
        results: Vec<MemoryEntry>,
        /// How much there is in all.
        total: u64,
    },
    /// Something about a memory was done, or not; also told when it was asked for by voice.
    MemoryResult {
        /// What.
        action: MemoryVerb,
        /// Whether it was done.
        success: bool,
        /// For people.
        message: String,
        /// Which memory.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Who allowed it, as the audit log calls that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receipt_id: Option<String>,
        /// That it is gone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proof: Option<Proof>,
    },
    /// This conversation is gone, with its key. Whoever comes back with its `client_id` begins another one.
    ConversationForgotten {
        /// What it was called.
        conversation_uuid: String,
        /// For people.
        message: String,
        /// That it is gone. Absent for a guest: what files hold and what the log says is the operator's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proof: Option<Proof>,
    },
    /// How far something about the vault of secrets is: `checking` at once, then how it ended.
    VaultResult {
        /// What was asked.
        action: VaultVerb,
        /// How far it is.
        status: VaultStatus,
        /// Whether there is a vault.
        exists: bool,
        /// Whether it is locked.
        locked: bool,
        /// For people; never a secret or its name.
        message: String,
        /// What is in it, once it is unlocked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        items: Option<Vec<VaultItem>>,
        /// The secret, to `vault_get` alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Private<String>>,
        /// How long no further safe word is looked at, in ms.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
        /// Whose vault it is.
        soul: SoulName,
    },
    /// The answer to `vault_export`, once it was consented to.
    VaultExported {
        /// The file.
        file: Base64,
    },
    /// Whether everything is stopped. Sent to all, and at the beginning of a connection while it is.
    RedThreadState {
        /// Whether.
        active: bool,
        /// Since when, in ms since 1970; 0: it never was.
        since: u64,
        /// The node where that was done.
        node: String,
    },
    /// The answer to the first of two clicks.
    RedThreadToken {
        /// What the second click says; good once, after a second and before `expires_at`.
        token: Private<String>,
        /// In ms since 1970.
        expires_at: u64,
    },
    /// The answer to `grant_list`.
    GrantsListed {
        /// All that hold.
        grants: Vec<Grant>,
    },
    /// The answer to `grant_add`, once it was consented to.
    GrantAdded {
        /// The grant.
        grant: Grant,
    },
    /// The answer to `grant_revoke`.
    GrantRevoked {
        /// Which.
        grant_id: String,
    },
    /// The answer to `audit_read`.
    AuditEntries {
        /// The newest first.
        entries: Vec<AuditEntry>,
        /// How many there are in all.
        count: u64,
        /// Whether nothing is changed, missing or cut: the whole log is checked when she starts and once a day,
        /// what came since just now.
        verified: bool,
        /// The newest entry's hash, in hexadecimal digits.
        head: String,
    },
    /// The answer to `persona_list`.
    PersonasListed {
        /// All that there are.
        personas: Vec<Persona>,
        /// Who she is.
        active: String,
    },
    /// The answer to `persona_set`, once it was consented to.
    PersonaChanged {
        /// Who she is from now on.
        persona_id: String,
    },
    /// The answer to `privacy_read`.
    Privacy {
        /// Things that she remembers; what both souls remember is counted once. Absent where that cannot be read,
        /// as while the red thread is pulled.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        memories: Option<u64>,
        /// Conversations that are kept for now, in all souls of this process; one that has moved is kept in
        /// both.
        conversations: u64,
        /// Messages in them.
        messages: u64,
        /// For how long a conversation is kept after its last client left, in ms.
        keep_ms: u64,
        /// Whether there is a vault of secrets.
        vault_exists: bool,
        /// Whether it is locked.
        vault_locked: bool,
        /// Who listens.
        microphones: Vec<OpenMicrophone>,
        /// What leaves, or has left since she was started.
        left_machine: Vec<LeftMachine>,
        /// Entries of the audit log.
        audit_entries: u64,
        /// The same by soul.
        souls: Vec<SoulKept>,
    },
    /// The answer to `soul_list`.
    SoulsListed {
        /// Both, as far as they are known.
        souls: Vec<SoulInfo>,
    },
}
