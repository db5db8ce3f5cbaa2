use std::collections::HashSet;
use std::fs;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;

const MINUTE: u64 = 60_000;
pub(super) const NOW: u64 = 1_800_000_000_000;

pub(super) fn config() -> Config {
    Config {
        wait_for_lock: Duration::ZERO,
        ..Config::default()
    }
}

pub(super) fn open(folder: &Path, now_ms: u64) -> Conversations {
    Conversations::open(folder, config(), now_ms).expect("the store opens")
}

pub(super) fn texts(store: &Conversations, id: ConversationId) -> Vec<String> {
    let messages = store.messages(id).expect("the conversation lives");
    messages
        .into_iter()
        .map(|message| message.text.into_exposed())
        .collect()
}

/// Whether these bytes stand in any file of the folder.
fn on_disk(folder: &Path, needle: &[u8]) -> bool {
    assert!(
        needle.len() >= 8,
        "a shorter needle would be found by chance"
    );
    let mut files = 0;
    let found = fs::read_dir(folder).expect("the folder").any(|file| {
        files += 1;
        let bytes = fs::read(file.expect("an entry").path()).expect("a file");
        bytes.windows(needle.len()).any(|window| window == needle)
    });
    assert!(
        found || files >= 2,
        "the folder must hold the database and the key at least"
    );
    found
}

/// Every byte of every file of the folder.
fn all_bytes(folder: &Path) -> Vec<u8> {
    fs::read_dir(folder)
        .expect("the folder")
        .flat_map(|file| fs::read(file.expect("an entry").path()).expect("a file"))
        .collect()
}

/// Everything sealed of a conversation: its key's and its messages' nonces and ciphertexts.
fn sealed_bytes(store: &Conversations, id: ConversationId) -> Vec<Vec<u8>> {
    let inner = store.lock();
    let mut query = inner
        .db
        .prepare(
            "SELECT nonce FROM conversation_key WHERE conversation = ?1
             UNION ALL SELECT ciphertext FROM conversation_key WHERE conversation = ?1
             UNION ALL SELECT nonce FROM message WHERE conversation = ?1
             UNION ALL SELECT ciphertext FROM message WHERE conversation = ?1",
        )
        .expect("our tables");
    query
        .query_map([id.0], |row| row.get(0))
        .expect("rows")
        .collect::<rusqlite::Result<_>>()
        .expect("blobs")
}

/// Pieces of a ciphertext: long ones lie on several pages, so the whole is never in one place.
fn pieces(sealed: &[u8]) -> impl Iterator<Item = &[u8]> {
    sealed.chunks(16).filter(|piece| piece.len() == 16)
}

#[test]
fn what_was_appended_is_read_back_in_order_even_by_the_next_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), NOW);
    let id = store.create(NOW).expect("a conversation");
    assert_eq!(
        store
            .append(id, Role::User, "What is a zeppelin?", NOW + 1)
            .expect("1"),
        1
    );
    assert_eq!(
        store
            .append(id, Role::Assistant, "An airship. 🎈", NOW + 2)
            .expect("2"),
        2
    );
    assert_eq!(store.append(id, Role::User, "", NOW + 3).expect("3"), 3);
    let before = store.messages(id).expect("messages");
    assert_eq!(before[1].role, Role::Assistant);
    assert_eq!(before[1].created_ms, NOW + 2);
    drop(store);
    let store = open(folder.path(), NOW + MINUTE);
    assert!(store.resume(id, NOW + MINUTE).expect("resume"));
    assert_eq!(store.messages(id).expect("messages"), before);
    assert_eq!(
        texts(&store, id),
        ["What is a zeppelin?", "An airship. 🎈", ""]
    );
    assert_eq!(
        store
            .append(id, Role::User, "more", NOW + MINUTE)
            .expect("4"),
        4
    );
    assert_eq!(store.message_count(id).expect("a count"), 4);
}

#[test]
fn no_word_is_on_disk_while_a_conversation_lives_and_nothing_sealed_after_its_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), NOW);
    let id = store.create(NOW).expect("a conversation");
    let other = store.create(NOW).expect("another");
    for round in 0..200 {
        let text = format!("zanzibar-{round} {}", "quokka ".repeat(round % 40));
        store.append(id, Role::User, &text, NOW).expect("appended");
        store
            .append(other, Role::User, "stays", NOW)
            .expect("appended");
    }
    // A message of many pages.
    store
        .append(id, Role::User, &"quokka-zanzibar ".repeat(3000), NOW)
        .expect("appended");
    assert!(!on_disk(folder.path(), b"zanzibar"));
    let sealed = sealed_bytes(&store, id);
    let kept = sealed_bytes(&store, other);

    // Positive controls: the search finds what is there, sealed, and a word if it leaked.
    let first = |sealed: &[Vec<u8>]| sealed.iter().map(|b| b[..16].to_vec()).collect::<Vec<_>>();
    let disk = all_bytes(folder.path());
    let there: HashSet<&[u8]> = disk.windows(16).collect();
    for piece in first(&sealed).iter().chain(&first(&kept)) {
        assert!(there.contains(piece.as_slice()));
    }
    let leak = "INSERT INTO message VALUES (?1, 9999, 0, x'00', CAST('zanzibar' AS BLOB), 0, NULL)";
    store
        .write(|tx| tx.execute(leak, [id.0]))
        .expect("a planted leak");
    assert!(on_disk(folder.path(), b"zanzibar"));

    assert!(store.end(id).expect("the end"));
    assert!(!on_disk(folder.path(), b"zanzibar"));
    for blob in &sealed {
        for piece in pieces(blob) {
            assert!(
                !on_disk(folder.path(), piece),
                "a piece of the ended conversation remains"
            );
        }
    }
    assert!(
        first(&kept)
            .iter()
            .all(|piece| there.contains(piece.as_slice()))
    );
    assert_eq!(texts(&store, other).len(), 200);
    assert!(!store.end(id).expect("ending twice is no error"));
    assert!(matches!(
        store.messages(id),
        Err(ConversationError::Unknown(_))
    ));
    assert!(matches!(
        store.append(id, Role::User, "x", NOW),
        Err(ConversationError::Unknown(_))
    ));
    assert!(!store.resume(id, NOW).expect("resume"));
}

#[test]
fn many_conversations_that_grow_together_leave_nothing_when_some_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), NOW);
    let mut random = fastrand::Rng::with_seed(7);
    let mut living: Vec<ConversationId> = (0..60)
        .map(|_| store.create(NOW).expect("a conversation"))
        .collect();
    let mut gone: Vec<Vec<u8>> = Vec::new();
    for _ in 0..12 {
        for _ in 0..60 {
            let id = living[random.usize(..living.len())];
            let text = "w".repeat(random.usize(20..900));
            store.append(id, Role::User, &text, NOW).expect("appended");
        }
        let id = living.swap_remove(random.usize(..living.len()));
        let mut ended = sealed_bytes(&store, id);
        assert!(store.end(id).expect("the end"));
        gone.append(&mut ended);
        living.push(store.create(NOW).expect("a conversation"));
    }
    let disk = all_bytes(folder.path());
    let there: HashSet<&[u8]> = disk.windows(16).collect();
    let remains = gone
        .iter()
        .flat_map(|b| pieces(b))
        .filter(|piece| there.contains(piece))
        .count();
    let living_piece = sealed_bytes(&store, living[0])[0][..16].to_vec();
    assert!(there.contains(living_piece.as_slice()), "the search works");
    assert_eq!(remains, 0);
}

#[test]
fn a_conversation_ends_thirty_minutes_after_its_last_client_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), NOW);
    let left = store.create(NOW).expect("a conversation");
    let present = store.create(NOW).expect("another");
    store
        .append(left, Role::User, "bye", NOW)
        .expect("appended");
    let sealed = sealed_bytes(&store, left);
    store.left(left, NOW).expect("known");
    assert_eq!(
        store.counts().expect("counts"),
        Counts {
            conversations: 2,
            waiting: 1,
            messages: 1
        }
    );
    assert_eq!(store.expire(NOW + 30 * MINUTE - 1).expect("too early"), []);
    assert_eq!(store.expire(NOW + 30 * MINUTE).expect("in time"), [left]);
    for blob in &sealed {
        assert!(!on_disk(folder.path(), &blob[..16]));
    }
    assert_eq!(
        store
            .expire(NOW + 3000 * MINUTE)
            .expect("a client is there"),
        []
    );
    assert_eq!(texts(&store, present).len(), 0);
    let unknown = store.left(left, NOW);
    assert!(matches!(unknown, Err(ConversationError::Unknown(id)) if id == left));
}

#[test]
fn who_comes_back_in_time_goes_on_and_who_comes_late_begins_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), NOW);
    let id = store.create(NOW).expect("a conversation");
    store.left(id, NOW).expect("known");
    assert!(store.resume(id, NOW + 29 * MINUTE).expect("in time"));
    assert_eq!(
        store.expire(NOW + 90 * MINUTE).expect("a client is there"),
        []
    );
    store.left(id, NOW + 90 * MINUTE).expect("known");
    assert!(!store.resume(id, NOW + 120 * MINUTE).expect("late"));
    assert_eq!(store.counts().expect("counts"), Counts::default());
}

#[test]
fn the_time_counts_on_while_the_process_is_down() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), NOW);
    // A client is connected for an hour and silent when the process dies.
    let id = store.create(NOW).expect("a conversation");
    store
        .append(id, Role::User, "hello", NOW)
        .expect("appended");
    store.expire(NOW + 60 * MINUTE).expect("the sign of life");
    drop(store);
    let store = open(folder.path(), NOW + 80 * MINUTE);
    assert!(
        store
            .resume(id, NOW + 81 * MINUTE)
            .expect("21 minutes after")
    );
    store.left(id, NOW + 81 * MINUTE).expect("known");
    let sealed = sealed_bytes(&store, id);
    drop(store);
    let store = open(folder.path(), NOW + 111 * MINUTE);
    assert_eq!(store.counts().expect("counts").conversations, 0);
    for blob in &sealed {
        assert!(!on_disk(folder.path(), &blob[..16]));
    }
}

#[test]
fn a_clock_that_was_set_back_keeps_nothing_longer_than_its_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), NOW);
    let id = store.create(NOW).expect("a conversation");
    store.left(id, NOW).expect("known");
    let year = 365 * 24 * 60 * MINUTE;
    assert_eq!(store.expire(NOW - year).expect("before"), []);
    assert_eq!(store.expire(NOW - year + 30 * MINUTE).expect("after"), [id]);
    assert_eq!(store.expire(u64::MAX).expect("the far end"), []);
    assert_eq!(store.expire(0).expect("the near end"), []);
}

#[test]
fn threads_share_the_store_without_losing_or_mixing_a_message() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Arc::new(open(folder.path(), NOW));
    let shared = store.create(NOW).expect("a conversation");
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let store = Arc::clone(&store);
            scope.spawn(move || {
                let own = store.create(NOW).expect("a conversation");
                for round in 0..15 {
                    let text = format!("{thread}/{round}");
                    store.append(own, Role::User, &text, NOW).expect("appended");
                    store
                        .append(shared, Role::User, &text, NOW)
                        .expect("appended");
                }
                assert_eq!(texts(&store, own).len(), 15);
                assert!(store.end(own).expect("the end"));
            });
        }
    });
    let mut all = texts(&store, shared);
    let mut expected: Vec<String> = (0..8)
        .flat_map(|t| (0..15).map(move |r| format!("{t}/{r}")))
        .collect();
    all.sort_unstable();
    expected.sort_unstable();
    assert_eq!(all, expected);
}

#[test]
fn a_second_opener_is_told_that_the_store_is_in_use() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), NOW);
    let error = Conversations::open(folder.path(), config(), NOW).expect_err("locked");
    assert!(matches!(error, ConversationError::InUse { .. }), "{error}");
    assert!(error.to_string().contains(DATABASE), "{error}");
    drop(store);
    open(folder.path(), NOW);
}

#[test]
fn a_wrong_missing_short_or_open_key_file_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join(MACHINE_KEY);
    let id = {
        let store = open(folder.path(), NOW);
        let id = store.create(NOW).expect("a conversation");
        store.append(id, Role::User, "kept", NOW).expect("appended");
        id
    };
    let right = fs::read(&key).expect("the key");
    assert_eq!(right.len(), 32);
    let refused = || Conversations::open(folder.path(), config(), NOW).expect_err("refused");

    let mut wrong = right.clone();
    wrong[31] ^= 1;
    fs::write(&key, &wrong).expect("written");
    let error = refused();
    assert!(
        matches!(error, ConversationError::WrongKey { .. }),
        "{error}"
    );
    assert!(
        error.to_string().contains("restore the key file"),
        "{error}"
    );

    fs::write(&key, &right[..31]).expect("written");
    let error = refused();
    assert!(
        matches!(error, ConversationError::KeyLength { found: 31, .. }),
        "{error}"
    );

    fs::remove_file(&key).expect("removed");
    let error = refused();
    assert!(
        matches!(error, ConversationError::KeyMissing { .. }),
        "{error}"
    );
    assert!(
        !key.exists(),
        "no new key may hide that the old one is missing"
    );

    fs::write(&key, &right).expect("written");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("a mode");
        let error = refused();
        assert!(
            matches!(error, ConversationError::KeyMode { mode: 0o644, .. }),
            "{error}"
        );
        assert!(error.to_string().contains("chmod 600"), "{error}");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("a mode");
    }
    let store = open(folder.path(), NOW);
    assert_eq!(texts(&store, id), ["kept"]);
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_any_of_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().expect("a folder");
    let folder = parent.path().join("new/store");
    let store = open(&folder, NOW);
    store.create(NOW).expect("a conversation");
    let mode = |path: &Path| fs::metadata(path).expect("a file").permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).expect("the folder") {
        let entry = entry.expect("an entry");
        assert_eq!(mode(&entry.path()), 0o600, "{:?}", entry.file_name());
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort_unstable();
    assert_eq!(names, [DATABASE, &format!("{DATABASE}-wal"), MACHINE_KEY]);
}

#[test]
fn a_start_that_was_cut_off_before_the_key_was_written_can_be_repeated() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join(MACHINE_KEY), b"").expect("an empty key file");
    let store = open(folder.path(), NOW);
    store.create(NOW).expect("a conversation");
}

#[test]
fn a_file_that_is_no_database_is_named_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(open(folder.path(), NOW));
    let path = folder.path().join(DATABASE);
    let junk = b"this is not a database, it is a letter to my aunt".repeat(200);
    fs::write(&path, &junk).expect("written");
    let error = Conversations::open(folder.path(), config(), NOW).expect_err("refused");
    assert!(
        matches!(error, ConversationError::Damaged { .. }),
        "{error}"
    );
    assert!(error.to_string().contains("move it away"), "{error}");
    assert_eq!(fs::read(&path).expect("still there"), junk);
}

#[test]
fn a_row_that_was_edited_swapped_or_removed_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), NOW);
    let id = store.create(NOW).expect("a conversation");
    for text in ["one", "two", "three"] {
        store.append(id, Role::User, text, NOW).expect("appended");
    }
    let edit = |sql: &str| store.write(|tx| tx.execute_batch(sql)).expect("an edit");
    let damaged_at = || match store.messages(id) {
        Err(ConversationError::Sealed { seq, .. }) => Some(seq),
        Err(other) => panic!("{other}"),
        Ok(_) => None,
    };
    assert_eq!(damaged_at(), None);
    edit("UPDATE message SET role = 1 WHERE seq = 2");
    assert_eq!(damaged_at(), Some(2));
    edit("UPDATE message SET role = 0 WHERE seq = 2");
    assert_eq!(damaged_at(), None);
    edit(
        "UPDATE message SET seq = 4 WHERE seq = 1; UPDATE message SET seq = 1 WHERE seq = 3;
         UPDATE message SET seq = 3 WHERE seq = 4",
    );
    assert_eq!(damaged_at(), Some(1));
    edit("DELETE FROM message WHERE seq = 1");
    assert_eq!(damaged_at(), Some(1));
    edit("UPDATE conversation_key SET nonce = randomblob(24)");
    assert_eq!(damaged_at(), Some(0));
    assert!(store.end(id).expect("a damaged conversation can be ended"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_damaged_file_gives_an_error_or_the_right_words_but_never_a_panic(
        flips in proptest::collection::vec((any::<proptest::sample::Index>(), 1_u8..), 1..6),
        cut in proptest::option::of(any::<proptest::sample::Index>()),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(folder.path(), NOW);
        let id = store.create(NOW).expect("a conversation");
        let said: Vec<String> = (0..12).map(|n| format!("{n} ").repeat(n * 20)).collect();
        for text in &said {
            store.append(id, Role::User, text, NOW).expect("appended");
        }
        drop(store);
        let path = folder.path().join(DATABASE);
        let mut bytes = fs::read(&path).expect("the database");
        for (at, mask) in &flips {
            let at = at.index(bytes.len());
            bytes[at] ^= mask;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        fs::write(&path, &bytes).expect("written");
        match Conversations::open(folder.path(), config(), NOW) {
            Ok(store) => match store.messages(id) {
                Ok(messages) => {
                    let read: Vec<_> = messages.iter().map(|m| m.text.expose()).collect();
                    prop_assert!(read.iter().zip(&said).all(|(read, said)| *read == said));
                }
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            },
            Err(error) => {
                prop_assert!(!error.to_string().is_empty());
                prop_assert!(path.exists());
            }
        }
    }
}
