//! A conversation is to go to the other soul: asked for by message, in writing, or aloud.

use janet_protocol::{ErrorCode, RequestId, Role, SoulName, VaultName, WireError};
use janet_vault::soul::Soul;

use crate::conversations::StoreError;
use crate::socket::connection::Connection;
use crate::souls::{Wanted, trigger};

impl Connection {
    /// Refuses words for a conversation that was given to a soul elsewhere: nobody would keep them.
    pub(in crate::socket) async fn lives_here(&self) -> Result<(), WireError> {
        // With both souls in this process it lives in one of them.
        if self.app.config.souls.both {
            return Ok(());
        }
        let standing = self.seat.lives_here().await;
        let internal = |error: StoreError| WireError::new(ErrorCode::Internal, error.to_string());
        if standing.map_err(internal)? {
            return Ok(());
        }
        let message =
            "this conversation lives in the other soul now; transfer it back, or begin another one";
        Err(WireError::new(ErrorCode::NotKept, message))
    }

    /// Begins a transfer; the operator is asked before anything moves.
    pub(in crate::socket) fn transfer(
        &mut self,
        wanted: Wanted,
        request_id: Option<RequestId>,
    ) -> Result<(), WireError> {
        let (souls, asker) = (self.app.souls.clone(), self.asker());
        let work = async move { Ok(souls.transfer(asker, wanted).await) };
        self.trusted.pending.start(request_id, work)
    }

    /// If these words of the operator are the wish to move to the other soul: begins that, and says so.
    pub(in crate::socket) fn wishes_transfer(
        &mut self,
        words: &str,
        request_id: Option<RequestId>,
    ) -> Result<bool, WireError> {
        if self.role != Role::Operator {
            return Ok(false);
        }
        let Some(wish) = trigger(words) else {
            return Ok(false);
        };
        let (source, target) = match wish.target {
            Soul::Constitutional => (SoulName::Networked, SoulName::Constitutional),
            Soul::Networked => (SoulName::Constitutional, SoulName::Networked),
        };
        let wanted = Wanted {
            source,
            target,
            conversation: None,
            vaults: vec![VaultName::Green],
            auto_consent: false,
            safe_word: None,
            exported: None,
        };
        self.transfer(wanted, request_id)?;
        Ok(true)
    }

    /// The same of words that were spoken, to which nothing else is answered then.
    pub(in crate::socket) fn hears_wish(&mut self, words: &str) {
        match self.wishes_transfer(words, None) {
            Ok(true) => {
                if let Some(session) = self.session.as_mut()
                    && let Err(error) = session.interrupt()
                {
                    tracing::debug!(%error, "an answer goes on beside a transfer");
                }
            }
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(code = ?error.code, "a transfer that was asked for aloud is not begun");
            }
        }
    }
}
