//! The vault of secrets by message: for the operator, whose connection is of this machine or over TLS.

use std::sync::Arc;

use janet_protocol::{
    Base64, Private, RequestId, ServerMessage, TrustEvent, TrustRequest, VaultStatus, VaultVerb,
    WireError,
};
use janet_vault::red::{Delayed, RedError};
use janet_vault::soul::Soul;
use zeroize::Zeroizing;

use super::Answer;
use super::consent::blocking;
use crate::socket::connection::Connection;
use crate::souls::soul_name;
use crate::vault::{Came, Failed, Safe, Word};

/// What is asked of the vault, if it is.
pub(super) const fn verb(request: &TrustRequest) -> Option<VaultVerb> {
    Some(match request {
        TrustRequest::VaultCreate { .. } => VaultVerb::Create,
        TrustRequest::VaultUnlock { .. } => VaultVerb::Unlock,
        TrustRequest::VaultLock { .. } => VaultVerb::Lock,
        TrustRequest::VaultPut { .. } => VaultVerb::Put,
        TrustRequest::VaultGet { .. } => VaultVerb::Get,
        TrustRequest::VaultList { .. } => VaultVerb::List,
        TrustRequest::VaultForget { .. } => VaultVerb::Forget,
        TrustRequest::VaultChange { .. } => VaultVerb::Change,
        TrustRequest::VaultExport { .. } => VaultVerb::Export,
        TrustRequest::VaultImport { .. } => VaultVerb::Import,
        _ => return None,
    })
}

impl Connection {
    /// Begins it. What derives a key, or asks for consent, is told to be looked at, at once.
    pub(super) async fn vault(
        &mut self,
        verb: VaultVerb,
        request: TrustRequest,
        request_id: Option<RequestId>,
    ) -> Answer {
        let trust = Arc::clone(&self.app.trust);
        let named = trust.named_soul(request.soul())?;
        if verb == VaultVerb::Lock {
            // At once, however many requests wait, and in the log whoever hangs up meanwhile.
            let were_open = trust.lock_vaults_at_once(named);
            trust.note_locked(&were_open, "operator").ok();
        }
        let soul = match named {
            Some(soul) => soul,
            None => {
                let (trust, here) = (trust.clone(), self.seat.id());
                blocking(move || trust.living_soul(here)).await?
            }
        };
        let safe = trust.safe(soul)?;
        let checking = match verb {
            VaultVerb::Create
            | VaultVerb::Unlock
            | VaultVerb::Change
            | VaultVerb::Export
            | VaultVerb::Import => {
                Some(result(&safe, verb, VaultStatus::Checking, Came::default()).await)
            }
            _ => None,
        };
        let (who, uuid) = (self.operator().to_owned(), self.uuid());
        self.trusted.pending.start(request_id, async move {
            let came = ask(safe.clone(), named, who, uuid, request).await;
            ended(&safe, verb, came).await
        })?;
        Ok(checking)
    }
}

async fn ask(
    safe: Safe,
    named: Option<Soul>,
    who: String,
    uuid: String,
    request: TrustRequest,
) -> Result<Came, Failed> {
    match request {
        TrustRequest::VaultCreate { safe_word, .. } => {
            safe.create_vault(who, word(safe_word)).await
        }
        TrustRequest::VaultUnlock {
            safe_word, names, ..
        } => safe.unlock_vault(who, word(safe_word), words(names)).await,
        TrustRequest::VaultPut {
            name, value, tags, ..
        } => {
            safe.put_secret(who, word(name), word(value), words(tags))
                .await
        }
        TrustRequest::VaultGet { name, .. } => safe.hand_out_secret(who, word(name)).await,
        TrustRequest::VaultList { .. } => safe.list_secrets().await,
        TrustRequest::VaultForget { name, .. } => safe.forget_secret(who, word(name)).await,
        TrustRequest::VaultChange {
            safe_word,
            new_safe_word,
            ..
        } => {
            let (old, new) = (word(safe_word), word(new_safe_word));
            safe.change_safe_word(who, old, new).await
        }
        TrustRequest::VaultExport {
            safe_word,
            password,
            ..
        } => {
            let (safe_word, password) = (word(safe_word), word(password));
            safe.export_vault(who, uuid, safe_word, password).await
        }
        TrustRequest::VaultImport { file, password, .. } => {
            let file = Zeroizing::new(file.0);
            safe.import_vault(who, file, word(password)).await
        }
        _ => safe.shut_vault(named).await,
    }
}

/// How it ended. That a word, a name or the vault is wrong is an answer; what was asked wrongly, and faults,
/// are errors.
async fn ended(
    safe: &Safe,
    verb: VaultVerb,
    came: Result<Came, Failed>,
) -> Result<ServerMessage, WireError> {
    let (status, came) = match came {
        Ok(Came {
            file: Some(file), ..
        }) => {
            let file = Base64(file);
            return Ok(ServerMessage::Trust(TrustEvent::VaultExported { file }));
        }
        Ok(came) => (VaultStatus::Done, came),
        Err(Failed::Red(error @ (RedError::Refused | RedError::Export | RedError::Stub))) => {
            (VaultStatus::Refused, Came::said(&error.to_string()))
        }
        Err(Failed::Red(RedError::Delayed(delayed @ Delayed { wait_ms }))) => {
            let came = Came {
                retry_after_ms: Some(wait_ms),
                ..Came::said(&delayed.to_string())
            };
            (VaultStatus::Delayed, came)
        }
        Err(failed) => return Err(failed.into()),
    };
    Ok(result(safe, verb, status, came).await)
}

async fn result(safe: &Safe, action: VaultVerb, status: VaultStatus, came: Came) -> ServerMessage {
    let (exists, locked) = safe.state().await;
    ServerMessage::Trust(TrustEvent::VaultResult {
        action,
        status,
        exists,
        locked,
        message: came.message,
        items: came.items,
        value: came.value,
        retry_after_ms: came.retry_after_ms,
        soul: soul_name(safe.soul()),
    })
}

fn word(word: Private<String>) -> Word {
    Zeroizing::new(word.into_exposed())
}

fn words(words: Option<Vec<Private<String>>>) -> Vec<Word> {
    words.into_iter().flatten().map(word).collect()
}
