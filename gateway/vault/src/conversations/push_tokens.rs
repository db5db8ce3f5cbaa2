//! By what a phone is rung that is not connected.
//!
//! A token is sealed under the machine key, and outlives its conversation: a phone is rung hours after
//! it has left. It goes with its device, when the push service has never heard of it (any more), or
//! when many newer ones are kept.

use janet_protocol::Private;
use rusqlite::OptionalExtension as _;

use super::cipher::{Place, Sealed};
use super::store::{Conversations, Result, signed};
use super::{ConversationError, ConversationId};

/// Tokens that are kept; of more, the oldest is forgotten.
pub const MOST_PUSH_TOKENS: usize = 64;

/// By what somebody is rung who is not connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushToken {
    /// The push service's name for the device.
    pub token: Private<String>,
    /// The paired device; `None`: one that came from this machine.
    pub device: Option<String>,
}

impl Conversations {
    /// Keeps the token of this conversation's client, in place of an older one.
    pub fn keep_push_token(&self, id: ConversationId, kept: &PushToken, now_ms: u64) -> Result<()> {
        let plain = kept.token.expose().as_bytes();
        let sealed = self.seal(&self.machine_key, Place::PushToken(id.0), plain)?;
        let row = (
            id.0,
            &kept.device,
            signed(now_ms),
            &sealed.nonce,
            &sealed.ciphertext,
        );
        self.write(|tx| {
            tx.execute(
                "INSERT OR REPLACE INTO push_token VALUES (?1, ?2, ?3, ?4, ?5)",
                row,
            )?;
            tx.execute(
                "DELETE FROM push_token WHERE conversation NOT IN (
                     SELECT conversation FROM push_token ORDER BY set_ms DESC LIMIT ?1)",
                [MOST_PUSH_TOKENS as i64],
            )
        })?;
        Ok(())
    }

    /// The token of this conversation's client, if it gave one.
    pub fn push_token(&self, id: ConversationId) -> Result<Option<PushToken>> {
        let row: Option<(Option<String>, Sealed)> = {
            let inner = self.lock();
            inner
                .db
                .prepare_cached(
                    "SELECT device, nonce, ciphertext FROM push_token WHERE conversation = ?1",
                )
                .and_then(|mut query| {
                    let row = query.query_row([id.0], |row| Ok((row.get(0)?, sealed(row, 1)?)));
                    row.optional()
                })
                .map_err(|source| self.sql(source))?
        };
        row.map(|(device, sealed)| {
            let token = self.open_token(id.0, &sealed)?;
            Ok(PushToken { token, device })
        })
        .transpose()
    }

    /// Forgets a token, wherever it is kept: its push service does not know it (any more).
    pub fn forget_push_token(&self, token: &Private<String>) -> Result<()> {
        let rows: Vec<([u8; 16], Sealed)> = {
            let inner = self.lock();
            inner
                .db
                .prepare_cached("SELECT conversation, nonce, ciphertext FROM push_token")
                .and_then(|mut query| {
                    let rows = query.query_map([], |row| Ok((row.get(0)?, sealed(row, 1)?)))?;
                    rows.collect()
                })
                .map_err(|source| self.sql(source))?
        };
        for (id, sealed) in rows {
            if self.open_token(id, &sealed)? == *token {
                // Unless a newer one has come meanwhile.
                self.write(|tx| {
                    tx.execute(
                        "DELETE FROM push_token WHERE conversation = ?1 AND nonce = ?2",
                        (id, &sealed.nonce),
                    )
                })?;
            }
        }
        self.scrub_now()
    }

    /// Forgets the tokens of all paired devices but these.
    pub fn keep_push_tokens_of(&self, devices: &[String]) -> Result<()> {
        let paired = serde_json::to_string(devices).expect("a list of strings");
        self.write(|tx| {
            tx.execute(
                "DELETE FROM push_token WHERE device IS NOT NULL
                 AND device NOT IN (SELECT value FROM json_each(?1))",
                [paired],
            )
        })?;
        self.scrub_now()
    }

    fn open_token(&self, id: [u8; 16], sealed: &Sealed) -> Result<Private<String>> {
        let changed = || ConversationError::SealedPushToken {
            id: ConversationId(id),
        };
        let plain = self.machine_key.open(Place::PushToken(id), sealed);
        let plain = plain.map_err(|_| changed())?;
        let token = String::from_utf8(plain).map_err(|_| changed())?;
        Ok(token.into())
    }
}

/// From this column on.
fn sealed(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<Sealed> {
    Ok(Sealed {
        nonce: row.get(at)?,
        ciphertext: row.get(at + 1)?,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::super::Config;
    use super::*;

    const NOW: u64 = 1_800_000_000_000;

    fn open(folder: &Path) -> Conversations {
        Conversations::open(folder, Config::default(), NOW).expect("the store opens")
    }

    fn token(number: usize, device: Option<&str>) -> PushToken {
        PushToken {
            token: format!("{number:064x}").into(),
            device: device.map(str::to_owned),
        }
    }

    fn id(number: usize) -> ConversationId {
        format!("{number:032x}").parse().expect("32 digits")
    }

    #[test]
    fn a_token_outlives_the_process_and_the_conversation_and_a_newer_one_takes_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(folder.path());
        let id = store.create(NOW).expect("a conversation");
        assert_eq!(store.push_token(id).expect("none"), None);
        for number in [1, 2] {
            let kept = store.keep_push_token(id, &token(number, Some("a")), NOW);
            kept.expect("kept");
        }
        drop(store);
        let store = open(folder.path());
        store.end(id).expect("ended");
        let found = store.push_token(id).expect("read");
        assert_eq!(found, Some(token(2, Some("a"))));
    }

    #[test]
    fn a_token_is_nowhere_to_be_read_and_gone_without_a_trace_once_it_is_forgotten() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(folder.path());
        let kept = token(0xabcdef, None);
        for number in [1, 2] {
            store.keep_push_token(id(number), &kept, NOW).expect("kept");
        }
        let other = token(3, None);
        store.keep_push_token(id(3), &other, NOW).expect("kept");
        let nonce: Vec<u8> = store
            .lock()
            .db
            .query_row("SELECT nonce FROM push_token", [], |row| row.get(0))
            .expect("a row");
        let on_disk = |needle: &[u8]| {
            fs::read_dir(folder.path())
                .expect("the folder")
                .any(|file| {
                    let bytes = fs::read(file.expect("a file").path()).expect("read");
                    bytes.windows(needle.len()).any(|window| window == needle)
                })
        };
        assert!(!on_disk(kept.token.expose().as_bytes()), "sealed");
        assert!(on_disk(&nonce), "the search finds what is there");
        store.forget_push_token(&kept.token).expect("forgotten");
        assert_eq!(store.push_token(id(1)).expect("read"), None);
        assert_eq!(store.push_token(id(2)).expect("read"), None);
        assert_eq!(store.push_token(id(3)).expect("read"), Some(other));
        assert!(!on_disk(&nonce), "nothing is left of it");
    }

    #[test]
    fn tokens_go_with_their_device_and_those_of_this_machine_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(folder.path());
        let kept = [Some("a"), Some("b"), None].map(|device| token(7, device));
        for (number, kept) in kept.iter().enumerate() {
            store.keep_push_token(id(number), kept, NOW).expect("kept");
        }
        store
            .keep_push_tokens_of(&["b".to_owned(), "c".to_owned()])
            .expect("forgotten");
        let left = [0, 1, 2].map(|number| store.push_token(id(number)).expect("read"));
        let [_, b, here] = kept;
        assert_eq!(left, [None, Some(b), Some(here)]);
    }

    #[test]
    fn of_many_tokens_the_newest_are_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(folder.path());
        for number in 0..=MOST_PUSH_TOKENS {
            let now = NOW + number as u64;
            store
                .keep_push_token(id(number), &token(number, None), now)
                .expect("kept");
        }
        assert_eq!(store.push_token(id(0)).expect("read"), None);
        assert!(store.push_token(id(1)).expect("read").is_some());
    }

    #[test]
    fn a_token_that_was_moved_to_another_conversation_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(folder.path());
        store
            .keep_push_token(id(1), &token(1, None), NOW)
            .expect("kept");
        store
            .lock()
            .db
            .execute("UPDATE push_token SET conversation = ?1", [id(2).0])
            .expect("moved");
        let error = store.push_token(id(2)).expect_err("changed");
        assert!(matches!(error, ConversationError::SealedPushToken { .. }));
    }
}
