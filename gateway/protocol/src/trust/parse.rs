//! From the fields of a frame to a checked request.

use std::borrow::Cow;

use super::{SoulName, TrustRequest, VaultName};
use crate::fields::{Fields, out_of_range, quote};
use crate::parse::{TYPE_BYTES, empty, name, optional_name, text};
use crate::parse_voip::REASON_BYTES;
use crate::{Base64, ErrorCode, Limits, Private, WireError};

/// Longest safe word or password, in bytes.
pub(crate) const SAFE_WORD_BYTES: usize = 1024;
/// Longest secret, in bytes.
pub(crate) const SECRET_BYTES: usize = 64 << 10;
/// Longest file of secrets, in bytes.
pub(crate) const FILE_BYTES: usize = 4 << 20;
/// Most names or tags in one request.
pub(crate) const MOST_NAMES: usize = 64;
/// Most vaults that can be named; there are two.
const MOST_VAULTS: usize = 8;
/// Most entries that can be asked for at once.
const MOST_ENTRIES: u32 = 100;

/// Reads the request of this type; `None`: there is none.
pub(crate) fn request(
    kind: &str,
    fields: &Fields<'_>,
    limits: &Limits,
) -> Result<Option<TrustRequest>, WireError> {
    let private = |field| name(fields, field).map(Private::from);
    let safe_word = || secret(fields, "safe_word", SAFE_WORD_BYTES);
    let named_soul = || match fields.has("soul")? {
        true => soul(fields, "soul").map(Some),
        false => Ok(None),
    };
    Ok(Some(match kind {
        "transfer_context" => transfer(fields)?,
        "consent_response" => {
            let granted = fields.required_boolean("granted")?;
            let consent_id = optional_name(fields, "consent_id")?;
            let conversation_uuid = optional_name(fields, "conversation_uuid")?;
            if consent_id.is_none() && conversation_uuid.is_none() {
                let message = "field \"consent_id\" is missing, and so is \"conversation_uuid\"";
                let code = ErrorCode::MissingField;
                return Err(WireError::in_field(code, "consent_id", message));
            }
            TrustRequest::ConsentResponse {
                consent_id,
                conversation_uuid,
                granted,
            }
        }
        "memory_search" => TrustRequest::MemorySearch {
            query: text(fields, "query", limits)?.into(),
            limit: limit(fields)?,
            soul: named_soul()?,
        },
        "memory_list" => TrustRequest::MemoryList {
            limit: limit(fields)?,
            before: optional_name(fields, "before")?,
            soul: named_soul()?,
        },
        "memory_remember" => TrustRequest::MemoryRemember {
            text: text(fields, "text", limits)?.into(),
            soul: named_soul()?,
        },
        "memory_edit" => TrustRequest::MemoryEdit {
            id: name(fields, "id")?,
            text: text(fields, "text", limits)?.into(),
            soul: named_soul()?,
        },
        "memory_forget" => TrustRequest::MemoryForget {
            id: name(fields, "id")?,
            soul: named_soul()?,
        },
        "memory_distil" => TrustRequest::MemoryDistil {},
        "memory_forget_all" => TrustRequest::MemoryForgetAll {
            everything: fields.boolean("everything")?.unwrap_or(false),
        },
        "conversation_forget" => TrustRequest::ConversationForget {},
        "vault_create" => TrustRequest::VaultCreate {
            safe_word: safe_word()?,
            soul: named_soul()?,
        },
        "vault_unlock" => TrustRequest::VaultUnlock {
            safe_word: safe_word()?,
            names: names(fields, "names")?,
            soul: named_soul()?,
        },
        "vault_lock" => TrustRequest::VaultLock {
            soul: named_soul()?,
        },
        "vault_put" => TrustRequest::VaultPut {
            name: private("name")?,
            value: secret(fields, "value", SECRET_BYTES)?,
            tags: names(fields, "tags")?,
            soul: named_soul()?,
        },
        "vault_get" => TrustRequest::VaultGet {
            name: private("name")?,
            soul: named_soul()?,
        },
        "vault_list" => TrustRequest::VaultList {
            soul: named_soul()?,
        },
        "vault_forget" => TrustRequest::VaultForget {
            name: private("name")?,
            soul: named_soul()?,
        },
        "vault_change" => TrustRequest::VaultChange {
            safe_word: safe_word()?,
            new_safe_word: secret(fields, "new_safe_word", SAFE_WORD_BYTES)?,
            soul: named_soul()?,
        },
        "vault_export" => TrustRequest::VaultExport {
            safe_word: safe_word()?,
            password: secret(fields, "password", SAFE_WORD_BYTES)?,
            soul: named_soul()?,
        },
        "vault_import" => TrustRequest::VaultImport {
            file: file(fields)?,
            password: secret(fields, "password", SAFE_WORD_BYTES)?,
            soul: named_soul()?,
        },
        "red_thread" => TrustRequest::RedThread {
            reason: fields
                .optional_string("reason", REASON_BYTES)?
                .map(|reason| reason.into_owned().into()),
        },
        "red_thread_clear" => TrustRequest::RedThreadClear {
            safe_word: optional_secret(fields, "safe_word")?,
            token: optional_name(fields, "token")?.map(Into::into),
        },
        "grant_list" => TrustRequest::GrantList {},
        "grant_add" => TrustRequest::GrantAdd {
            action: name(fields, "action")?,
        },
        "grant_revoke" => TrustRequest::GrantRevoke {
            grant_id: name(fields, "grant_id")?,
        },
        "audit_read" => TrustRequest::AuditRead {
            limit: limit(fields)?,
            before: fields.optional_unsigned("before")?,
        },
        "persona_list" => TrustRequest::PersonaList {},
        "persona_set" => TrustRequest::PersonaSet {
            persona_id: name(fields, "persona_id")?,
        },
        "privacy_read" => TrustRequest::PrivacyRead {},
        "soul_list" => TrustRequest::SoulList {},
        _ => return Ok(None),
    }))
}

fn transfer(fields: &Fields<'_>) -> Result<TrustRequest, WireError> {
    Ok(TrustRequest::TransferContext {
        source_soul: soul(fields, "source_soul")?,
        target_soul: soul(fields, "target_soul")?,
        conversation_uuid: optional_name(fields, "conversation_uuid")?,
        include_vaults: vaults(fields)?,
        auto_consent: fields.boolean("auto_consent")?.unwrap_or(false),
        safe_word: optional_secret(fields, "safe_word")?,
        exported_context: match fields.optional_object("exported_context")? {
            None => None,
            Some(_) => {
                let text = fields.raw("exported_context")?;
                text.map(|text| text.to_owned().into())
            }
        },
    })
}

fn soul(fields: &Fields<'_>, field: &str) -> Result<SoulName, WireError> {
    let name = fields.string(field, TYPE_BYTES)?;
    match name.as_ref() {
        "networked" => Ok(SoulName::Networked),
        "constitutional" => Ok(SoulName::Constitutional),
        other => {
            let message = format!(
                "field \"{field}\": \"{}\" is neither networked nor constitutional",
                quote(other)
            );
            Err(out_of_range(field, message))
        }
    }
}

fn vaults(fields: &Fields<'_>) -> Result<Vec<VaultName>, WireError> {
    const FIELD: &str = "include_vaults";
    let names = fields.optional_strings(FIELD, MOST_VAULTS, TYPE_BYTES)?;
    let vault = |name: Cow<'_, str>| match name.as_ref() {
        "green" => Ok(VaultName::Green),
        "red" => Ok(VaultName::Red),
        "blue" => {
            let message = format!("field \"{FIELD}\": blue lives in memory and never leaves it");
            Err(out_of_range(FIELD, message))
        }
        other => {
            let message = format!("field \"{FIELD}\": \"{}\" is no vault", quote(other));
            Err(out_of_range(FIELD, message))
        }
    };
    names.unwrap_or_default().into_iter().map(vault).collect()
}

fn limit(fields: &Fields<'_>) -> Result<Option<u32>, WireError> {
    match fields.optional_unsigned("limit")? {
        Some(limit) if !(1..=MOST_ENTRIES).contains(&limit) => {
            let message = format!("field \"limit\" must lie from 1 to {MOST_ENTRIES}");
            Err(out_of_range("limit", message))
        }
        limit => Ok(limit),
    }
}

/// Something that is typed and never shown. Blanks belong to it, but it is not made of them alone.
fn secret(fields: &Fields<'_>, field: &str, most: usize) -> Result<Private<String>, WireError> {
    let secret = fields.string(field, most)?;
    if secret.trim().is_empty() {
        return Err(empty(field));
    }
    Ok(secret.into_owned().into())
}

fn optional_secret(fields: &Fields<'_>, field: &str) -> Result<Option<Private<String>>, WireError> {
    match fields.has(field)? {
        true => secret(fields, field, SAFE_WORD_BYTES).map(Some),
        false => Ok(None),
    }
}

fn names(fields: &Fields<'_>, field: &str) -> Result<Option<Vec<Private<String>>>, WireError> {
    let names = fields.optional_strings(field, MOST_NAMES, crate::parse::SESSION_ID_BYTES)?;
    let Some(names) = names else { return Ok(None) };
    let name = |name: Cow<'_, str>| match name.trim().is_empty() {
        true => Err(empty(field)),
        false => Ok(Private::from(name.into_owned())),
    };
    names
        .into_iter()
        .map(name)
        .collect::<Result<_, _>>()
        .map(Some)
}

fn file(fields: &Fields<'_>) -> Result<Base64, WireError> {
    const FIELD: &str = "file";
    let text = fields.string(FIELD, FILE_BYTES.saturating_mul(3).saturating_add(8) / 2)?;
    let bytes = Base64::decode(&text).map_err(|at| {
        let message = format!("field \"{FIELD}\" is not base64 at character {at}");
        WireError::in_field(ErrorCode::BadBase64, FIELD, message)
    })?;
    match bytes.0.len() {
        0 => Err(empty(FIELD)),
        large if large > FILE_BYTES => {
            let message = format!("field \"{FIELD}\" is larger than {FILE_BYTES} bytes");
            Err(WireError::in_field(
                ErrorCode::FieldTooLarge,
                FIELD,
                message,
            ))
        }
        _ => Ok(bytes),
    }
}

#[cfg(test)]
#[path = "parse_test.rs"]
pub(crate) mod tests;
