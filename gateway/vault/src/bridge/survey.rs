//! What a transfer would take along: what the operator is told before the yes, and what the yes is then for.

use super::{BridgeError, Counts, Header, Party, RedStub, Summary, Vaults};
use crate::conversations::{ConversationId, ConversationUuid, Conversations, Standing};
use crate::desk::{Action, subject_of};
use crate::red_thread::Pass;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Which conversation.
    pub conversation: ConversationId,
    /// Who is to have it.
    pub target: Party,
    /// Whether it goes along, or a copy leaves as a file.
    pub handover: bool,
    /// Whether entries of Green go along.
    pub green: bool,
    /// The names of Red that go along; whoever has them has shown the safe word.
    pub red: Vec<RedStub>,
}

/// A wish, looked at. What was said since goes along; entries of Green that were made since do not.
#[derive(Clone, Debug)]
pub struct Survey {
    pub(super) wish: Wish,
    pub(super) uuid: ConversationUuid,
    pub(super) summaries: Vec<[u8; 16]>,
    counts: Counts,
}

impl Survey {
    /// Looks. A conversation that lives elsewhere cannot be given away.
    pub fn take(
        pass: &Pass<'_>,
        store: &Conversations,
        vaults: &dyn Vaults,
        wish: Wish,
    ) -> Result<Self, BridgeError> {
        let id = wish.conversation;
        let (uuid, standing) = store.standing(id)?;
        if wish.handover && standing == Standing::Elsewhere {
            return Err(crate::conversations::ConversationError::Elsewhere(id).into());
        }
        let entries = if wish.green {
            vaults.summaries(pass, id)?
        } else {
            Vec::new()
        };
        let summaries: Vec<_> = entries.iter().map(|entry: &Summary| entry.id).collect();
        let counts = Counts {
            messages: store.message_count(id)?,
            summaries: summaries.len() as u64,
            red: wish.red.len() as u64,
        };
        Ok(Self {
            wish,
            uuid,
            summaries,
            counts,
        })
    }

    /// How much it is.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// What the conversation is called between souls.
    pub const fn conversation(&self) -> ConversationUuid {
        self.uuid
    }

    /// Who is to have it.
    pub const fn target(&self) -> Party {
        self.wish.target
    }

    /// What the operator has to allow.
    pub const fn action(&self) -> Action {
        action(self.wish.handover)
    }

    /// What the yes has to be for.
    pub fn subject(&self) -> [u8; 32] {
        subject(self.uuid, self.wish.target, self.counts)
    }
}

pub(super) const fn action(handover: bool) -> Action {
    if handover {
        Action::Transfer
    } else {
        Action::Export
    }
}

fn subject(conversation: ConversationUuid, target: Party, counts: Counts) -> [u8; 32] {
    subject_of(&[
        &conversation.0,
        target.soul.name().as_bytes(),
        &target.key.0,
        &counts.messages.to_le_bytes(),
        &counts.summaries.to_le_bytes(),
        &counts.red.to_le_bytes(),
    ])
}

impl Header {
    /// Whether the receipts in it are of its source, for this very transfer.
    pub(super) fn is_allowed(&self) -> bool {
        let subject = subject(self.conversation, self.target, self.told);
        let names = |receipt: &crate::desk::Receipt, action: &Action| {
            receipt.is_of(&self.source.key)
                && receipt.action == action.name()
                && receipt.subject == subject
        };
        names(&self.receipt, &action(self.handover))
            && match &self.red_receipt {
                Some(receipt) => names(receipt, &Action::RedMetadata),
                None => self.told.red == 0,
            }
    }
}
