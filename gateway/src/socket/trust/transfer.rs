//! A conversation is to go to the other soul: asked for by message, in writing, or aloud.

use janet_protocol::{
    ErrorCode, RequestId, ServerMessage, SoulName, TrustEvent, VaultName, WireError,
};
use janet_vault::soul::Soul;

use super::carry_out::Carried;
use super::state::Waits;
use crate::conversations::StoreError;
use crate::socket::connection::Connection;
use crate::souls::{Trigger, Wanted};

impl Connection {
    /// Refuses words for a conversation that was given to a soul elsewhere: nobody would keep them.
    pub(in crate::socket) async fn lives_here(&mut self) -> Result<(), WireError> {
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
        let work = async move { Ok(ServerMessage::Trust(souls.transfer(asker, wanted).await)) };
        self.trusted.pending.start(request_id, work)
    }

    /// The same, asked for in the operator's own words: what comes of it is said, too.
    pub(super) fn transfer_by_words(&mut self, wish: Trigger, waits: Waits) {
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
        let (souls, asker) = (self.app.souls.clone(), self.asker());
        let work = async move {
            let event = souls.transfer(asker, wanted).await;
            Carried::told(in_words(&event), event)
        };
        match self.trusted.pending.has_room() {
            Ok(()) => self.trusted.pending.carry_out(waits, work),
            Err(error) => self.say_to(&error.message, waits),
        }
    }
}

/// What she says of it.
fn in_words(event: &TrustEvent) -> String {
    match event {
        TrustEvent::TransferResult {
            messages_transferred,
            summaries_transferred,
            ..
        } => format!(
            "Transfer complete: {}.",
            amount(*messages_transferred, *summaries_transferred)
        ),
        TrustEvent::TransferDenied { .. } => "All right, nothing was moved.".to_owned(),
        TrustEvent::TransferError { message, .. } => {
            format!("Nothing was moved: {message}.")
        }
        _ => "It is done.".to_owned(),
    }
}

fn amount(messages: u64, summaries: u64) -> String {
    let number = |count: u64, one: &str, many: &str| match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {many}"),
    };
    let messages = number(messages, "message", "messages");
    match summaries {
        0 => messages,
        _ => format!("{messages}, {}", number(summaries, "summary", "summaries")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_of_it_is_said() {
        let denied = TrustEvent::TransferDenied {
            conversation_uuid: "u".into(),
            reason: "the operator said no".into(),
        };
        assert_eq!(in_words(&denied), "All right, nothing was moved.");
        assert_eq!(amount(42, 15), "42 messages, 15 summaries");
        assert_eq!(amount(1, 0), "1 message");
    }
}
