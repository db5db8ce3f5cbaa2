//! Conversations that are forgotten before their time, in every soul of this process.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use janet_protocol::Private;
use janet_vault::conversations::{
    ConversationError, ConversationId, ConversationUuid, Conversations as Store,
};

use super::{Conversations, StoreError, Stores, blocking};

/// Conversations whose words are looked for afterwards: the newest.
const MOST_LOOKED_FOR: usize = 64;

/// What is gone.
#[derive(Debug, Default)]
pub(crate) struct Gone {
    /// Conversations; one that had moved was kept in both souls and counts once.
    pub(crate) conversations: u64,
    pub(crate) messages: u64,
    /// Words of them, by which files are searched: the newest first, each once.
    pub(crate) texts: Vec<Private<String>>,
}

/// What is there before it goes.
#[derive(Default)]
struct There {
    /// How many messages each has, in the soul that has most of them.
    messages: BTreeMap<ConversationUuid, u64>,
    said: Vec<(u64, Private<String>)>,
}

impl There {
    /// Counts a conversation, and reads it if it `is_read`. What cannot be read any more goes all the same.
    fn look(&mut self, store: &Store, uuid: ConversationUuid, is_read: bool) {
        let looked = self.try_to_look(store, uuid, is_read);
        if let Err(error) = looked {
            tracing::warn!(%error, "a conversation is forgotten unread");
        }
    }

    fn try_to_look(
        &mut self,
        store: &Store,
        uuid: ConversationUuid,
        is_read: bool,
    ) -> Result<(), ConversationError> {
        let Some(id) = store.find(uuid)? else {
            return Ok(());
        };
        let counted = self.messages.entry(uuid).or_default();
        *counted = store.message_count(id)?.max(*counted);
        if is_read {
            let messages = store.messages(id)?.into_iter();
            self.said
                .extend(messages.map(|it| (it.created_ms, it.text)));
        }
        Ok(())
    }

    fn gone(mut self) -> Gone {
        // What two souls have of one conversation has the same time in both.
        self.said.sort_by(|(at, text), (other_at, other)| {
            (Reverse(at), text.expose()).cmp(&(Reverse(other_at), other.expose()))
        });
        self.said.dedup();
        Gone {
            conversations: self.messages.len() as u64,
            messages: self.messages.values().sum(),
            texts: self.said.into_iter().map(|(_, text)| text).collect(),
        }
    }
}

impl Conversations {
    /// Ends this conversation. Nothing: it has ended before.
    pub(crate) async fn forget(&self, id: ConversationId) -> Result<Gone, StoreError> {
        let stores = self.stores.clone();
        blocking(move || stores.forget(id)).await
    }

    /// Ends every conversation.
    pub(crate) async fn forget_all(&self) -> Result<Gone, StoreError> {
        let stores = self.stores.clone();
        blocking(move || stores.forget_all()).await
    }
}

impl Stores {
    fn forget(&self, id: ConversationId) -> Result<Gone, ConversationError> {
        let first = self.first();
        let (uuid, _) = match first.standing(id) {
            Ok(standing) => standing,
            Err(ConversationError::Unknown(_)) => return Ok(Gone::default()),
            Err(error) => return Err(error),
        };
        let mut there = There::default();
        for (_, store) in self.here() {
            there.look(&store, uuid, true);
        }
        // What is on its way to the other soul goes before what it comes from does …
        self.end_in_second(uuid)?;
        first.end(id)?;
        // … and what of it went over meanwhile: from here on nothing more comes.
        self.end_in_second(uuid)?;
        Ok(there.gone())
    }

    fn end_in_second(&self, uuid: ConversationUuid) -> Result<bool, ConversationError> {
        let second = self.second();
        second.map_or(Ok(false), |second| second.end_called(uuid))
    }

    fn forget_all(&self) -> Result<Gone, ConversationError> {
        let mut there = There::default();
        let stores: Vec<_> = self.here().map(|(_, store)| store).collect();
        for store in &stores {
            let known = store.known(usize::MAX).unwrap_or_else(|error| {
                tracing::warn!(%error, "conversations are forgotten unread");
                Vec::new()
            });
            for (n, (uuid, _)) in known.into_iter().enumerate() {
                there.look(store, uuid, n < MOST_LOOKED_FOR);
            }
        }
        for store in &stores {
            store.end_all()?;
        }
        Ok(there.gone())
    }
}

#[cfg(test)]
mod tests {
    use janet_vault::conversations::{Config, Role};
    use janet_vault::soul::Soul;

    use super::*;

    const NOW: u64 = 1_800_000_000_000;

    fn stores(folder: &std::path::Path) -> Stores {
        let open = |soul: Soul| {
            Store::open(&soul.folder(folder), Config::default(), NOW).expect("it opens")
        };
        let second = open(Soul::Constitutional);
        Stores::new(Soul::Networked, open(Soul::Networked), Some(second))
    }

    fn say(stores: &Stores, id: ConversationId, lines: std::ops::Range<u64>) {
        for n in lines {
            let text = format!("line number {n}");
            let said = stores.first().append(id, Role::User, &text, NOW + n);
            said.expect("on disk");
        }
    }

    fn texts(gone: &Gone) -> Vec<&str> {
        let texts = gone.texts.iter();
        texts.map(|text| text.expose().as_str()).collect()
    }

    #[test]
    fn the_newest_words_are_looked_for_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let stores = stores(folder.path());
        let (one, other) = (
            stores.first().create(NOW).expect("a conversation"),
            stores.first().create(NOW + 1).expect("a conversation"),
        );
        say(&stores, one, 0..3);
        say(&stores, other, 3..5);
        say(&stores, one, 5..6);
        let gone = stores.forget(one).expect("forgotten");
        assert_eq!((gone.conversations, gone.messages), (1, 4));
        let lines = [5, 2, 1, 0].map(|n| format!("line number {n}"));
        assert_eq!(texts(&gone), lines);
        let again = stores.forget(one).expect("nothing");
        assert_eq!((again.conversations, again.messages), (0, 0));
        let third = stores.first().create(NOW + 2).expect("a conversation");
        say(&stores, third, 6..7);
        let gone = stores.forget_all().expect("forgotten");
        assert_eq!((gone.conversations, gone.messages), (2, 3));
        let lines = [6, 4, 3].map(|n| format!("line number {n}"));
        assert_eq!(texts(&gone), lines);
    }

    #[test]
    fn what_both_souls_have_is_counted_and_looked_for_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let stores = stores(folder.path());
        let id = stores.first().create(NOW).expect("a conversation");
        say(&stores, id, 0..2);
        let (uuid, _) = stores.first().standing(id).expect("known");
        let mut there = There::default();
        // The same in another database.
        there.look(stores.first(), uuid, true);
        there.look(stores.first(), uuid, true);
        let gone = there.gone();
        assert_eq!((gone.conversations, gone.messages), (1, 2));
        assert_eq!(texts(&gone), ["line number 1", "line number 0"]);
    }
}
