//! Every conversation ends at once: "forget everything".

use super::store::{Conversations, Result, delete};
use super::{ConversationId, Counts, parcels};

impl Conversations {
    /// Ends every conversation, and whatever of one was on its way to here; says how much that was. No file
    /// holds a key, a word or a sealed form of any when this returns.
    pub fn end_all(&self) -> Result<Counts> {
        let counts = self.counts()?;
        self.write(|tx| {
            let ids: Vec<[u8; 16]> = tx
                .prepare("SELECT id FROM conversation")?
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            for id in ids {
                delete(tx, ConversationId(id))?;
            }
            parcels::forget_coming(tx)
        })?;
        self.scrub_now()?;
        Ok(counts)
    }
}

#[cfg(test)]
mod tests {
    use crate::conversations::{Config, Conversations, Role};

    const NOW: u64 = 1_800_000_000_000;

    #[test]
    fn nothing_is_left_of_any_and_new_ones_begin() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Conversations::open(folder.path(), Config::default(), NOW).expect("it opens");
        for _ in 0..3 {
            let id = store.create(NOW).expect("a conversation");
            store.append(id, Role::User, "hello", NOW).expect("on disk");
        }
        let before = store.known(10).expect("readable");
        let ended = store.end_all().expect("ended");
        assert_eq!((ended.conversations, ended.messages), (3, 3));
        assert_eq!(store.counts().expect("readable").conversations, 0);
        for (uuid, _) in before {
            assert_eq!(store.find(uuid).expect("readable"), None);
        }
        let id = store.create(NOW).expect("a conversation");
        store.append(id, Role::User, "hello", NOW).expect("on disk");
        assert_eq!(store.counts().expect("readable").messages, 1);
    }
}
