//! The vault of secrets by message: for the operator, whose connection is of this machine or over TLS.

use std::sync::Arc;

use janet_protocol::{
    Base64, Private, RequestId, ServerMessage, TrustEvent, TrustRequest, VaultStatus, VaultVerb,
    WireError,
};
use janet_vault::red::{Delayed, RedError};
use zeroize::Zeroizing;

use super::Answer;
use crate::socket::connection::Connection;
use crate::trust::Trust;
use crate::vault::{Came, Failed, Word};

/// What is asked of the vault, if it is.
pub(super) const fn verb(request: &TrustRequest) -> Option<VaultVerb> {
    Some(match request {
        TrustRequest::VaultCreate { .. } => VaultVerb::Create,
        TrustRequest::VaultUnlock { .. } => VaultVerb::Unlock,
        TrustRequest::VaultLock {} => VaultVerb::Lock,
        TrustRequest::VaultPut { .. } => VaultVerb::Put,
        TrustRequest::VaultGet { .. } => VaultVerb::Get,
        TrustRequest::VaultList {} => VaultVerb::List,
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
        trust.vault()?;
        if verb == VaultVerb::Lock {
            // At once, however many requests wait.
            trust.lock_vault_at_once();
        }
        let checking = match verb {
            VaultVerb::Create
            | VaultVerb::Unlock
            | VaultVerb::Change
            | VaultVerb::Export
            | VaultVerb::Import => {
                Some(result(&trust, verb, VaultStatus::Checking, Came::default()).await)
            }
            _ => None,
        };
        let (who, uuid) = (self.operator().to_owned(), self.uuid());
        self.trusted.pending.start(request_id, async move {
            let came = ask(Arc::clone(&trust), who, uuid, request).await;
            ended(&trust, verb, came).await
        })?;
        Ok(checking)
    }
}

async fn ask(
    trust: Arc<Trust>,
    who: String,
    uuid: String,
    request: TrustRequest,
) -> Result<Came, Failed> {
    match request {
        TrustRequest::VaultCreate { safe_word } => trust.create_vault(who, word(safe_word)).await,
        TrustRequest::VaultUnlock { safe_word, names } => {
            trust.unlock_vault(who, word(safe_word), words(names)).await
        }
        TrustRequest::VaultPut { name, value, tags } => {
            trust
                .put_secret(who, word(name), word(value), words(tags))
                .await
        }
        TrustRequest::VaultGet { name } => trust.hand_out_secret(who, word(name)).await,
        TrustRequest::VaultList {} => trust.list_secrets().await,
        TrustRequest::VaultForget { name } => trust.forget_secret(who, word(name)).await,
        TrustRequest::VaultChange {
            safe_word,
            new_safe_word,
        } => {
            let (old, new) = (word(safe_word), word(new_safe_word));
            trust.change_safe_word(who, old, new).await
        }
        TrustRequest::VaultExport {
            safe_word,
            password,
        } => {
            let (safe_word, password) = (word(safe_word), word(password));
            trust.export_vault(who, uuid, safe_word, password).await
        }
        TrustRequest::VaultImport { file, password } => {
            let file = Zeroizing::new(file.0);
            trust.import_vault(who, file, word(password)).await
        }
        _ => trust.shut_vault().await,
    }
}

/// How it ended. That a word, a name or the vault is wrong is an answer; what was asked wrongly, and faults,
/// are errors.
async fn ended(
    trust: &Arc<Trust>,
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
    Ok(result(trust, verb, status, came).await)
}

async fn result(
    trust: &Arc<Trust>,
    action: VaultVerb,
    status: VaultStatus,
    came: Came,
) -> ServerMessage {
    let (exists, locked) = trust.vault_state().await;
    ServerMessage::Trust(TrustEvent::VaultResult {
        action,
        status,
        exists,
        locked,
        message: came.message,
        items: came.items,
        value: came.value,
        retry_after_ms: came.retry_after_ms,
    })
}

fn word(word: Private<String>) -> Word {
    Zeroizing::new(word.into_exposed())
}

fn words(words: Option<Vec<Private<String>>>) -> Vec<Word> {
    words.into_iter().flatten().map(word).collect()
}
