//! Conversations that end by more than their id: what is on its way to here goes with them.

use super::standing::find;
use super::store::{Conversations, Result, delete};
use super::{ConversationId, ConversationUuid, Counts, parcels};

impl Conversations {
    /// Ends the conversation that is called so, in one step with whatever of it is on its way to here, which
    /// is never taken in then. No file holds its key, its words or their sealed form when this returns. False:
    /// nothing of it was here.
    pub fn end_called(&self, uuid: ConversationUuid) -> Result<bool> {
        let was_here = self.write(|tx| {
            let packages = parcels::forget_called(tx, uuid)?;
            let ended = match find(tx, uuid)? {
                Some(id) => delete(tx, id)?,
                None => false,
            };
            Ok(ended || packages > 0)
        })?;
        if was_here {
            self.scrub_now()?;
        }
        Ok(was_here)
    }

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
    use crate::bridge::testing::{NOW, two};
    use crate::bridge::{Begun, Export, Import, PackageId, Trust};
    use crate::conversations::{Config, Conversations, Role, State};

    #[test]
    fn what_is_on_its_way_to_here_ends_by_the_name_of_its_conversation() {
        let (_folder, a, b) = two();
        let id = a.conversation(7);
        let (uuid, _) = a.store.standing(id).expect("known");
        let other = a.conversation(2);
        let trust = Trust {
            me: b.me(),
            peers: vec![a.me()],
        };
        let pass = b.thread.pass().expect("not pulled");
        let begin =
            |export: &Export| match Import::begin(&pass, &b.store, &trust, export.header(), NOW)
                .expect("it is allowed")
            {
                Begun::Wanted(import) => import,
                Begun::Over(_) => panic!("it is new"),
            };
        let (export, kept) = (a.packed(a.survey(id, &b)), a.packed(a.survey(other, &b)));
        let (mut import, _kept) = (begin(&export), begin(&kept));
        let chunk = a
            .store
            .chunk(export.id().0, 0)
            .expect("readable")
            .expect("one");
        import.take(&pass, &b.store, &chunk, NOW).expect("on disk");

        // No conversation of this name is known there yet.
        assert!(b.store.end_called(uuid).expect("ended"));
        assert!(!b.store.end_called(uuid).expect("nothing is left"));
        assert_eq!(b.store.chunks(export.id().0).expect("readable").0, 0);
        import
            .take(&pass, &b.store, &chunk, NOW)
            .expect_err("it is not gone on with");
        let state = |package: PackageId| {
            b.store
                .parcel(package.0)
                .expect("readable")
                .map(|it| it.state)
        };
        assert_eq!(state(export.id()), Some(State::Abandoned));
        assert_eq!(state(kept.id()), Some(State::Staging), "another's");

        // One that is known here goes as a whole.
        assert!(a.store.end_called(uuid).expect("ended"));
        assert_eq!(a.store.find(uuid).expect("readable"), None);
        assert_eq!(a.store.message_count(other).expect("known"), 2);
    }

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
