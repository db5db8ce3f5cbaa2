use std::path::Path;

use rusqlite::Connection;

use super::super::{Config, Role};
use super::*;

const NOW: u64 = 1_800_000_000_000;

fn open(folder: &Path) -> Conversations {
    Conversations::open(folder, Config::default(), NOW).expect("the store opens")
}

fn owners() -> [Owner; 4] {
    let guest = |device: &str| Owner::Guest(device.to_owned());
    [Owner::Operator, Owner::Keyless, guest("a"), guest("b")]
}

#[test]
fn a_conversation_is_its_owners_alone_and_that_outlives_the_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let ids = owners().map(|owner| {
        let id = store.create_for(&owner, NOW).expect("a conversation");
        store.append(id, Role::User, "hello", NOW).expect("on disk");
        id
    });
    drop(store);
    let store = open(folder.path());
    for (id, whose) in ids.iter().zip(owners()) {
        for other in owners() {
            let is_its = store.belongs_to(*id, &other).expect("readable");
            assert_eq!(is_its, other == whose, "{whose:?} {other:?}");
        }
        let said = store.messages(*id).expect("readable");
        assert_eq!(said[0].text.expose(), "hello");
    }
    store.end(ids[0]).expect("ended");
    assert!(
        !store
            .belongs_to(ids[0], &Owner::Operator)
            .expect("readable")
    );
}

#[test]
fn what_no_owner_was_named_for_is_the_operators() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let here = store.create(NOW).expect("a conversation");
    let (brought, _) = store.create_with(&[], NOW).expect("a conversation");
    for id in [here, brought] {
        let whose = owners().map(|owner| store.belongs_to(id, &owner).expect("readable"));
        assert_eq!(whose, [true, false, false, false]);
    }
}

#[test]
fn a_conversation_of_a_version_without_owners_is_the_operators() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let id = store.create(NOW).expect("a conversation");
    store.append(id, Role::User, "hello", NOW).expect("on disk");
    drop(store);
    // As version 4 has left it.
    let old = Connection::open(folder.path().join("conversations.db")).expect("a database");
    old.execute_batch(
        "ALTER TABLE conversation DROP COLUMN owner;
         DELETE FROM migration WHERE version > 4;
         PRAGMA user_version = 4",
    )
    .expect("the tables of version 4");
    drop(old);
    let store = open(folder.path());
    assert!(store.belongs_to(id, &Owner::Operator).expect("readable"));
    assert_eq!(store.messages(id).expect("readable").len(), 1);
}

#[test]
fn who_writes_another_owner_into_the_file_can_read_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    for (was, becomes) in [
        (Owner::Operator, Some("a")),
        (Owner::Guest("a".to_owned()), Some("b")),
        (Owner::Guest("a".to_owned()), None),
        (Owner::Keyless, None),
    ] {
        let id = store.create_for(&was, NOW).expect("a conversation");
        store.append(id, Role::User, "hello", NOW).expect("on disk");
        let set = "UPDATE conversation SET owner = ?2 WHERE id = ?1";
        let changed = store.write(|tx| tx.execute(set, (id.0, becomes)));
        assert_eq!(changed.expect("written"), 1);
        let error = store.messages(id).expect_err("sealed for somebody else");
        assert!(
            matches!(error, ConversationError::Sealed { seq: 0, .. }),
            "{error}"
        );
        let added = store.append(id, Role::User, "hello", NOW);
        assert!(added.is_err(), "{was:?}");
    }
}
