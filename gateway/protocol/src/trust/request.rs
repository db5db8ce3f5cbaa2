//! What a client can ask.

use serde::Serialize;

use super::{SoulName, VaultName};
#[cfg(test)]
use crate::schema::values::{Label, Object, SafeWord, SecretValue, Words};
use crate::{Base64, Private};

/// One request. All but `red_thread` are the operator's alone.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum TrustRequest {
    /// Messages and memories go to the other soul, after consent; answered by `transfer_progress`, and in
    /// the end by `transfer_result`, `transfer_denied` or `transfer_error`.
    TransferContext {
        /// From which.
        source_soul: SoulName,
        /// To which.
        target_soul: SoulName,
        /// Which conversation; absent or null: this one.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, schemars(with = "Option<Label>"))]
        conversation_uuid: Option<String>,
        /// What goes along with the messages; absent or null: nothing.
        #[cfg_attr(test, schemars(with = "Option<Vec<VaultName>>", length(max = 8)))]
        include_vaults: Vec<VaultName>,
        /// Counts only where transfers have a standing grant; absent or null: false.
        #[cfg_attr(test, schemars(with = "Option<bool>"))]
        auto_consent: bool,
        /// Needed for `red`.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, schemars(with = "Option<SafeWord>"))]
        safe_word: Option<Private<String>>,
        /// What another soul has exported, instead of what is here. Believed only where a paired soul has
        /// signed it; else each entry passes the gate as new.
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_object")]
        #[cfg_attr(test, schemars(with = "Option<Object>"))]
        exported_context: Option<Private<String>>,
    },
    /// The answer to `consent_request` or `soul_check`; one counts. One of the ids is there.
    #[cfg_attr(test, schemars(extend("anyOf" = one_of("consent_id", "conversation_uuid"))))]
    ConsentResponse {
        /// Which question.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, schemars(with = "Option<Label>"))]
        consent_id: Option<String>,
        /// The one question that is open in this conversation.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, schemars(with = "Option<Label>"))]
        conversation_uuid: Option<String>,
        /// Yes or no.
        granted: bool,
    },
    /// Answered by `memory_results`, the best first.
    MemorySearch {
        /// What to look for.
        #[cfg_attr(test, schemars(with = "Words"))]
        query: Private<String>,
        /// How many at most, 1 to 100; absent or null: 10.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, schemars(range(min = 1, max = 100)))]
        limit: Option<u32>,
        /// In which soul; absent or null: both, as far as they live here.
        #[serde(skip_serializing_if = "Option::is_none")]
        soul: Option<SoulName>,
    },
    /// Answered by `memory_results`, the newest first.
    MemoryList {
        /// How many at most, 1 to 100; absent or null: 50.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, schemars(range(min = 1, max = 100)))]
        limit: Option<u32>,
        /// Only what was remembered before this one; absent or null: from the newest on.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, schemars(with = "Option<Label>"))]
        before: Option<String>,
        /// Of which soul; absent or null: both, as far as they live here.
        #[serde(skip_serializing_if = "Option::is_none")]
        soul: Option<SoulName>,
    },
    /// To be remembered: the click is the consent. Answered by `memory_result`.
    MemoryRemember {
        /// What.
        #[cfg_attr(test, schemars(with = "Words"))]
        text: Private<String>,
        /// Which soul is to remember it; absent or null: the one that this conversation lives in.
        #[serde(skip_serializing_if = "Option::is_none")]
        soul: Option<SoulName>,
    },
    /// Answered by `memory_result`.
    MemoryEdit {
        /// Which.
        #[cfg_attr(test, schemars(with = "Label"))]
        id: String,
        /// What it says from now on.
        #[cfg_attr(test, schemars(with = "Words"))]
        text: Private<String>,
        /// In which soul; absent or null: wherever it is remembered.
        #[serde(skip_serializing_if = "Option::is_none")]
        soul: Option<SoulName>,
    },
    /// Answered by `memory_result`.
    MemoryForget {
        /// Which.
        #[cfg_attr(test, schemars(with = "Label"))]
        id: String,
        /// In which soul; absent or null: wherever it is remembered.
        #[serde(skip_serializing_if = "Option::is_none")]
        soul: Option<SoulName>,
    },
    /// What is worth remembering of this conversation is distilled, asked about, and remembered after a yes;
    /// answered by one `memory_result` for each memory.
    MemoryDistil {},
    /// Everything that is remembered is forgotten, in both souls, after a soul check; answered by
    /// `memory_result`.
    MemoryForgetAll {
        /// Whether all conversations go, too, and what is unlocked or noted in memory: who is connected
        /// begins anew. Absent or null: false.
        #[cfg_attr(test, schemars(with = "Option<bool>"))]
        everything: bool,
    },
    /// This conversation is forgotten at once, in both souls, with the key that its words were written
    /// under; answered by `conversation_forgotten`, and the connection ends.
    ConversationForget {},
    /// Makes the vault of secrets, which there is not yet. Answered by `vault_result`, as all that follow.
    VaultCreate {
        /// The safe word: typed, never spoken, never stored.
        #[cfg_attr(test, schemars(with = "SafeWord"))]
        safe_word: Private<String>,
        /// Whose vault; absent or null: the one that this conversation lives in.
        #[serde(skip_serializing_if = "Option::is_none")]
        soul: Option<SoulName>,
    },
    /// Copies secrets into memory.
    VaultUnlock {
        /// The safe word.
        #[cfg_attr(test, schemars(with = "SafeWord"))]
        safe_word: Private<String>,
        /// Which; absent or null: none yet, their names alone.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, schemars(with = "Option<Vec<Label>>", length(max = 64)))]
        names: Option<Vec<Private<String>>>,
        /// Whose vault; absent or null: the one that this conversation lives in.
        #[serde(skip_serializing_if = "Option::is_none")]
        soul: Option<SoulName>,
    },
    /// Overwrites what was unlocked.
    VaultLock {
        /// Whose vault; absent or null: both.
        #[serde(skip_serializing_if = "Option::is_none")]
        soul: Option<SoulName>,
    },
    /// Keeps a secret, also while the vault is locked.
    VaultPut {
        /// By what it is found.
        #[cfg_attr(test, schemars(with = "Label"))]
        name: Private<String>,
        /// The secret.
        #[cfg_attr(test, schemars(with = "SecretValue"))]
        value: Private<String>,
        /// Words to find it by; absent or null: none.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, schemars(with = "Option<Vec<Label>>", length(max = 64)))]
        tags: Option<Vec<Private<String>>>,
        /// Whose vault; absent or null: the one that this conversation lives in.
        #[serde(skip_serializing_if = "Option::is_none")]
        soul: Option<SoulName>,
    },
    /// Hands out a secret, once the vault is unlocked.
    VaultGet {
        /// Which.
        #[cfg_attr(test, schemars(with = "Label"))]
        name: Private<String>,
        /// Whose vault; absent or null: the one that this conversation lives in.
        #[serde(skip_serializing_if = "Option::is_none")]
        soul: Option<SoulName>,
    },
    /// Tells the names, once the vault is unlocked; before that, whether there is a vault.
    VaultList {
        /// Whose vault; absent or null: the one that this conversation lives in.
        #[serde(skip_serializing_if = "Option::is_none")]
        soul: Option<SoulName>,
    },
    /// Forgets a secret.
    VaultForget {
        /// Which.
        #[cfg_attr(test, schemars(with = "Label"))]
        name: Private<String>,
        /// Whose vault; absent or null: the one that this conversation lives in.
        #[serde(skip_serializing_if = "Option::is_none")]
        soul: Option<SoulName>,
    },
    /// Another safe word from now on.
    VaultChange {
        /// The one until now.
        #[cfg_attr(test, schemars(with = "SafeWord"))]
        safe_word: Private<String>,
        /// The one from now on.
        #[cfg_attr(test, schemars(with = "SafeWord"))]
        new_safe_word: Private<String>,
        /// Whose vault; absent or null: the one that this conversation lives in.
        #[serde(skip_serializing_if = "Option::is_none")]
        soul: Option<SoulName>,
    },
    /// All secrets as a file under a password of its own, after a soul check; answered by `vault_exported`.
    VaultExport {
        /// The safe word.
        #[cfg_attr(test, schemars(with = "SafeWord"))]
        safe_word: Private<String>,
        /// The file's password.
        #[cfg_attr(test, schemars(with = "SafeWord"))]
        password: Private<String>,
        /// Whose vault; absent or null: the one that this conversation lives in.
        #[serde(skip_serializing_if = "Option::is_none")]
        soul: Option<SoulName>,
    },
    /// Takes in such a file, once the vault is unlocked.
    VaultImport {
        /// The file.
        #[cfg_attr(test, schemars(with = "crate::schema::values::File"))]
        file: Base64,
        /// Its password.
        #[cfg_attr(test, schemars(with = "SafeWord"))]
        password: Private<String>,
        /// Whose vault; absent or null: the one that this conversation lives in.
        #[serde(skip_serializing_if = "Option::is_none")]
        soul: Option<SoulName>,
    },
    /// Everything stops at once; answered by `red_thread_state`, which everybody gets.
    RedThread {
        /// Why, in the client's own words. It is not kept.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, schemars(with = "Option<crate::schema::values::EndWords>"))]
        reason: Option<Private<String>>,
    },
    /// It goes on. With neither field: the first of two clicks, answered by `red_thread_token`.
    RedThreadClear {
        /// The safe word.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, schemars(with = "Option<SafeWord>"))]
        safe_word: Option<Private<String>>,
        /// What the first click was answered by.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, schemars(with = "Option<Label>"))]
        token: Option<Private<String>>,
    },
    /// Answered by `grants_listed`.
    GrantList {},
    /// A standing consent, after a soul check; answered by `grant_added`.
    GrantAdd {
        /// To what: `remember`, `transfer` or the name of a delegation.
        #[cfg_attr(test, schemars(with = "Label"))]
        action: String,
    },
    /// Answered by `grant_revoked`.
    GrantRevoke {
        /// Which.
        #[cfg_attr(test, schemars(with = "Label"))]
        grant_id: String,
    },
    /// The audit log, the newest first; answered by `audit_entries`.
    AuditRead {
        /// How many at most, 1 to 100; absent or null: 50.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, schemars(range(min = 1, max = 100)))]
        limit: Option<u32>,
        /// Only what comes before the entry of this number; absent or null: from the newest on.
        #[serde(skip_serializing_if = "Option::is_none")]
        before: Option<u32>,
    },
    /// Answered by `personas_listed`.
    PersonaList {},
    /// Who she is from now on, after a soul check; answered by `persona_changed`.
    PersonaSet {
        /// Which, as `personas_listed` calls it.
        #[cfg_attr(test, schemars(with = "Label"))]
        persona_id: String,
    },
    /// What is kept, what leaves and who listens; answered by `privacy`.
    PrivacyRead {},
    /// Answered by `souls_listed`.
    SoulList {},
}

impl TrustRequest {
    /// Its `type`.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::TransferContext { .. } => "transfer_context",
            Self::ConsentResponse { .. } => "consent_response",
            Self::MemorySearch { .. } => "memory_search",
            Self::MemoryList { .. } => "memory_list",
            Self::MemoryRemember { .. } => "memory_remember",
            Self::MemoryEdit { .. } => "memory_edit",
            Self::MemoryForget { .. } => "memory_forget",
            Self::MemoryDistil {} => "memory_distil",
            Self::MemoryForgetAll { .. } => "memory_forget_all",
            Self::ConversationForget {} => "conversation_forget",
            Self::VaultCreate { .. } => "vault_create",
            Self::VaultUnlock { .. } => "vault_unlock",
            Self::VaultLock { .. } => "vault_lock",
            Self::VaultPut { .. } => "vault_put",
            Self::VaultGet { .. } => "vault_get",
            Self::VaultList { .. } => "vault_list",
            Self::VaultForget { .. } => "vault_forget",
            Self::VaultChange { .. } => "vault_change",
            Self::VaultExport { .. } => "vault_export",
            Self::VaultImport { .. } => "vault_import",
            Self::RedThread { .. } => "red_thread",
            Self::RedThreadClear { .. } => "red_thread_clear",
            Self::GrantList {} => "grant_list",
            Self::GrantAdd { .. } => "grant_add",
            Self::GrantRevoke { .. } => "grant_revoke",
            Self::AuditRead { .. } => "audit_read",
            Self::PersonaList {} => "persona_list",
            Self::PersonaSet { .. } => "persona_set",
            Self::PrivacyRead {} => "privacy_read",
            Self::SoulList {} => "soul_list",
        }
    }

    /// The soul that it names.
    pub const fn soul(&self) -> Option<SoulName> {
        match self {
            Self::MemorySearch { soul, .. }
            | Self::MemoryList { soul, .. }
            | Self::MemoryRemember { soul, .. }
            | Self::MemoryEdit { soul, .. }
            | Self::MemoryForget { soul, .. }
            | Self::VaultCreate { soul, .. }
            | Self::VaultUnlock { soul, .. }
            | Self::VaultLock { soul }
            | Self::VaultPut { soul, .. }
            | Self::VaultGet { soul, .. }
            | Self::VaultList { soul }
            | Self::VaultForget { soul, .. }
            | Self::VaultChange { soul, .. }
            | Self::VaultExport { soul, .. }
            | Self::VaultImport { soul, .. } => *soul,
            _ => None,
        }
    }
}

/// Its text is JSON already.
fn as_object<S: serde::Serializer>(
    text: &Option<Private<String>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let text = text.as_ref().map_or("null", |text| text.expose());
    let value: serde_json::Value = serde_json::from_str(text).map_err(serde::ser::Error::custom)?;
    value.serialize(serializer)
}

/// One of two fields, or both, are there and not null.
#[cfg(test)]
fn one_of(one: &str, other: &str) -> serde_json::Value {
    let with = |name: &str| serde_json::json!({ "properties": { name: { "type": "string" } }, "required": [name] });
    serde_json::json!([with(one), with(other)])
}
