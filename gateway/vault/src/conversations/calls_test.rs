use std::fs;
use std::path::Path;

use janet_protocol::{CallDirection, EndReason};

use super::super::Config;
use super::*;

const NOW: u64 = 1_800_000_000_000;

fn open(folder: &Path) -> Conversations {
    Conversations::open(folder, Config::default(), NOW).expect("the store opens")
}

fn call(number: u64) -> PastCall {
    PastCall {
        direction: CallDirection::ALL[number as usize % 2],
        started_ms: NOW + number,
        duration_ms: 1000 * number,
        reason: EndReason::ALL[number as usize % EndReason::ALL.len()],
        missed: number.is_multiple_of(3),
        words: number
            .is_multiple_of(2)
            .then(|| format!("because {number}").into()),
    }
}

#[test]
fn calls_are_read_back_in_order_even_by_the_next_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let (id, other) = (
        store.create(NOW).expect("a conversation"),
        store.create(NOW).expect("another"),
    );
    let kept: Vec<_> = (0..12).map(call).collect();
    for call in &kept {
        store.keep_call(id, call).expect("kept");
    }
    store.keep_call(other, &call(99)).expect("kept");
    drop(store);
    let store = open(folder.path());
    assert_eq!(store.calls(id).expect("calls"), kept);
    assert_eq!(store.calls(other).expect("calls"), [call(99)]);
    assert_eq!(store.messages(id).expect("no words"), []);
}

#[test]
fn of_many_calls_the_newest_are_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let id = store.create(NOW).expect("a conversation");
    for number in 0..MOST_CALLS + 5 {
        store.keep_call(id, &call(number)).expect("kept");
    }
    let kept: Vec<_> = (5..MOST_CALLS + 5).map(call).collect();
    assert_eq!(store.calls(id).expect("calls"), kept);
}

#[test]
fn calls_are_sealed_and_end_with_their_conversation() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let id = store.create(NOW).expect("a conversation");
    store.keep_call(id, &call(1)).expect("kept");
    let sealed: Vec<u8> = store
        .lock()
        .db
        .query_row("SELECT ciphertext FROM call", [], |row| row.get(0))
        .expect("a row");
    let on_disk = |needle: &[u8]| {
        fs::read_dir(folder.path())
            .expect("the folder")
            .any(|file| {
                let bytes = fs::read(file.expect("an entry").path()).expect("a file");
                bytes.windows(needle.len()).any(|window| window == needle)
            })
    };
    assert!(
        on_disk(&sealed),
        "a search that finds nothing proves nothing"
    );
    assert!(!on_disk(b"started_ms") && !on_disk(b"declined"));
    assert!(store.end(id).expect("it lives"));
    assert!(!on_disk(&sealed[..16]));
    let gone = store.keep_call(id, &call(2));
    assert!(
        matches!(gone, Err(ConversationError::Unknown(_))),
        "{gone:?}"
    );
    assert!(matches!(
        store.calls(id),
        Err(ConversationError::Unknown(_))
    ));
}

#[test]
fn a_call_that_was_edited_moved_or_removed_is_noticed() {
    let edits = [
        "UPDATE call SET ciphertext = zeroblob(length(ciphertext)) WHERE seq = 2",
        "UPDATE call SET seq = seq + 10",
        "DELETE FROM call WHERE seq = 2",
        "UPDATE call SET (nonce, ciphertext) = (SELECT nonce, ciphertext FROM call WHERE seq = 1)
             WHERE seq = 3",
    ];
    for edit in edits {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(folder.path());
        let id = store.create(NOW).expect("a conversation");
        for number in 0..3 {
            store.keep_call(id, &call(number)).expect("kept");
        }
        let changed = store.lock().db.execute(edit, []).expect("an edit");
        assert!(changed > 0);
        let read = store.calls(id);
        assert!(
            matches!(read, Err(ConversationError::SealedCall { .. })),
            "{edit}: {read:?}"
        );
    }
}
