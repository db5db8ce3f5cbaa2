//! Packages under way, in either direction: chunks on the disk, sealed, until they have arrived.
//!
//! A package's chunks hold words, so they lie here like messages do: under a random key of their own, that
//! lies under the machine key and is destroyed with them. What stays of a package that is over is its name
//! and how it ended, so that the same one that comes again changes nothing.

use rusqlite::{Connection, OptionalExtension, Transaction};
use zeroize::Zeroizing;

use super::cipher::{Key, Place, Sealed};
use super::store::{Conversations, Result, signed};
use super::{ConversationError, ConversationId, ConversationUuid};

/// Names a package.
pub(crate) type Package = [u8; 16];

/// How far a package is. The numbers stand in databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Ours, being made: if this process dies, it never was.
    Packing = 1,
    /// Ours, concluded: the conversation was given up, and the other soul may have it.
    Released = 2,
    /// Ours, and the other soul has taken it in.
    Delivered = 3,
    /// Ours, and the other soul will never take it in: the conversation is ours again.
    Reclaimed = 4,
    /// Theirs, coming in.
    Staging = 11,
    /// Theirs, all here and verified.
    Prepared = 12,
    /// Theirs: its messages are merged, what is for the vaults is not there yet.
    Committed = 13,
    /// Theirs, and all of it is where it belongs.
    Done = 14,
    /// Theirs, and never to be taken in.
    Abandoned = 15,
}

impl State {
    const ALL: [Self; 9] = [
        Self::Packing,
        Self::Released,
        Self::Delivered,
        Self::Reclaimed,
        Self::Staging,
        Self::Prepared,
        Self::Committed,
        Self::Done,
        Self::Abandoned,
    ];

    pub(super) const fn code(self) -> u8 {
        self as u8
    }

    fn from_code(code: u8) -> rusqlite::Result<Self> {
        let known = Self::ALL.into_iter().find(|state| state.code() == code);
        known.ok_or(rusqlite::Error::IntegralValueOutOfRange(0, code.into()))
    }
}

/// What is known of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parcel {
    pub(crate) state: State,
    pub(crate) conversation: ConversationUuid,
    pub(crate) header: Vec<u8>,
    pub(crate) conclusion: Option<Vec<u8>>,
    pub(crate) outcome: Option<String>,
}

/// Whether a conversation could be given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GivenUp {
    /// It was, and the conclusion is kept.
    Yes,
    /// More was said in it since.
    Grown,
}

impl Conversations {
    pub(crate) fn parcel(&self, package: Package) -> Result<Option<Parcel>> {
        parcel(&self.lock().db, package).map_err(|source| self.sql(source))
    }

    /// Packages of this state, those first that were touched first.
    pub(crate) fn parcels(&self, state: State) -> Result<Vec<Package>> {
        self.lock()
            .db
            .prepare_cached(
                "SELECT package FROM parcel WHERE state = ?1 ORDER BY touched_ms, package",
            )
            .and_then(|mut query| query.query_map([state.code()], |row| row.get(0))?.collect())
            .map_err(|source| self.sql(source))
    }

    /// Begins a package under a key of its own.
    pub(crate) fn open_parcel(
        &self,
        package: Package,
        state: State,
        conversation: ConversationUuid,
        header: &[u8],
        now_ms: u64,
    ) -> Result<()> {
        let key = Key::random().map_err(ConversationError::Random)?;
        let sealed = self.seal(&self.machine_key, Place::ParcelKey(package), key.as_slice())?;
        self.write(|tx| {
            tx.execute(
                "INSERT INTO parcel VALUES (?1, ?2, ?3, ?4, NULL, NULL, ?5, ?6, ?7)",
                (
                    package,
                    state.code(),
                    conversation.0,
                    header,
                    signed(now_ms),
                    &sealed.nonce,
                    &sealed.ciphertext,
                ),
            )
        })?;
        Ok(())
    }

    /// Keeps a chunk; on the disk when this returns. One that is there already is left as it is.
    pub(crate) fn keep_chunk(
        &self,
        package: Package,
        number: u32,
        bytes: &[u8],
        now_ms: u64,
    ) -> Result<()> {
        let mut inner = self.lock();
        let tx = self.begin(&mut inner.db)?;
        let key = self.parcel_key(&tx, package)?;
        let sealed = self.seal(&key, Place::ParcelChunk(package, number), bytes)?;
        let sql = |source| self.sql(source);
        tx.prepare_cached("INSERT OR IGNORE INTO parcel_chunk VALUES (?1, ?2, ?3, ?4)")
            .and_then(|mut insert| {
                insert.execute((package, number, sealed.nonce, sealed.ciphertext))
            })
            .map_err(sql)?;
        tx.execute(
            "UPDATE parcel SET touched_ms = ?2 WHERE package = ?1",
            (package, signed(now_ms)),
        )
        .map_err(sql)?;
        tx.commit().map_err(sql)
    }

    /// A chunk as it was kept; none: it is not there.
    pub(crate) fn chunk(
        &self,
        package: Package,
        number: u32,
    ) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let inner = self.lock();
        let sealed = inner
            .db
            .prepare_cached(
                "SELECT nonce, ciphertext FROM parcel_chunk WHERE package = ?1 AND number = ?2",
            )
            .and_then(|mut query| {
                let row = query.query_row((package, number), |row| sealed(row, 0));
                row.optional()
            })
            .map_err(|source| self.sql(source))?;
        let Some(sealed) = sealed else {
            return Ok(None);
        };
        let key = self.parcel_key(&inner.db, package)?;
        let place = Place::ParcelChunk(package, number);
        key.open(place, &sealed)
            .map(|plain| Some(Zeroizing::new(plain)))
            .map_err(|_| ConversationError::SealedParcel)
    }

    /// How many chunks are kept, and the numbers that are missing below the highest (256 of them at most).
    pub(crate) fn chunks(&self, package: Package) -> Result<(u32, Vec<u32>)> {
        let numbers: Vec<u32> = self
            .lock()
            .db
            .prepare_cached("SELECT number FROM parcel_chunk WHERE package = ?1 ORDER BY number")
            .and_then(|mut query| query.query_map([package], |row| row.get(0))?.collect())
            .map_err(|source| self.sql(source))?;
        let end = numbers.last().map_or(0, |last| last.saturating_add(1));
        let mut there = numbers.into_iter().peekable();
        let missing = (0..end)
            .filter(|number| there.next_if_eq(number).is_none())
            .take(256)
            .collect();
        Ok((end, missing))
    }

    /// Keeps what concludes a package that came in, all of which is here.
    pub(crate) fn prepare_parcel(&self, package: Package, conclusion: &[u8]) -> Result<()> {
        self.write(|tx| {
            tx.execute(
                "UPDATE parcel SET state = ?2, conclusion = ?3 WHERE package = ?1 AND state = ?4",
                (
                    package,
                    State::Prepared.code(),
                    conclusion,
                    State::Staging.code(),
                ),
            )
        })?;
        Ok(())
    }

    /// Concludes a package of ours. With a conversation that goes along it is given up in the same
    /// transaction, unless something was said in it behind message `last`.
    pub(crate) fn release_parcel(
        &self,
        package: Package,
        id: ConversationId,
        last: u64,
        gives_up: bool,
        conclusion: &[u8],
    ) -> Result<GivenUp> {
        let mut inner = self.lock();
        let tx = self.begin(&mut inner.db)?;
        self.lives_here(&tx, id)?;
        let sql = |source| self.sql(source);
        let newest: i64 = tx
            .query_row(
                "SELECT coalesce(max(seq), 0) FROM message WHERE conversation = ?1",
                [id.0],
                |row| row.get(0),
            )
            .map_err(sql)?;
        if newest.unsigned_abs() != last {
            return Ok(GivenUp::Grown);
        }
        if gives_up {
            let give = "UPDATE conversation SET given = ?2 WHERE id = ?1";
            tx.execute(give, (id.0, package)).map_err(sql)?;
        }
        tx.execute(
            "UPDATE parcel SET state = ?2, conclusion = ?3 WHERE package = ?1",
            (package, State::Released.code(), conclusion),
        )
        .map_err(sql)?;
        tx.commit().map_err(sql)?;
        Ok(GivenUp::Yes)
    }

    /// The package is over: its words and their key go, its name and its end stay. One of ours that was
    /// not taken in gives the conversation back.
    pub(crate) fn close_parcel(
        &self,
        package: Package,
        state: State,
        outcome: Option<&str>,
    ) -> Result<()> {
        self.write(|tx| {
            if state == State::Reclaimed {
                tx.execute(
                    "UPDATE conversation SET given = NULL WHERE given = ?1",
                    [package],
                )?;
            }
            empty(tx, package)?;
            tx.execute(
                "UPDATE parcel SET state = ?2, outcome = coalesce(?3, outcome) WHERE package = ?1",
                (package, state.code(), outcome),
            )
        })?;
        self.scrub_now()
    }

    /// The package never was: one of ours that was not concluded.
    pub(crate) fn drop_parcel(&self, package: Package) -> Result<()> {
        let dropped = self.write(|tx| {
            tx.execute(
                "DELETE FROM parcel WHERE package = ?1 AND state = ?2",
                (package, State::Packing.code()),
            )
        })?;
        if dropped > 0 {
            self.scrub_now()?;
        }
        Ok(())
    }

    /// Refuses a package for ever, also one that never came, unless it was taken in already. Says how far
    /// it is from then on.
    pub(crate) fn refuse_parcel(
        &self,
        package: Package,
        conversation: ConversationUuid,
        now_ms: u64,
    ) -> Result<State> {
        let state = self.write(|tx| {
            let known = parcel(tx, package)?.map(|parcel| parcel.state);
            if let Some(state) = known
                && !matches!(state, State::Staging | State::Prepared)
            {
                return Ok(state);
            }
            empty(tx, package)?;
            tx.execute(
                "INSERT INTO parcel VALUES (?1, ?2, ?3, x'', NULL, NULL, ?4, NULL, NULL)
                 ON CONFLICT (package) DO UPDATE SET state = ?2",
                (
                    package,
                    State::Abandoned.code(),
                    conversation.0,
                    signed(now_ms),
                ),
            )?;
            Ok(State::Abandoned)
        })?;
        self.scrub_now()?;
        Ok(state)
    }

    /// Bytes of the chunks that are kept.
    pub(crate) fn parcel_bytes(&self, package: Package) -> Result<u64> {
        self.lock()
            .db
            .query_row(
                "SELECT coalesce(sum(length(ciphertext)), 0) FROM parcel_chunk WHERE package = ?1",
                [package],
                |row| row.get::<_, i64>(0).map(i64::unsigned_abs),
            )
            .map_err(|source| self.sql(source))
    }

    /// Packages coming in that nobody has touched since then.
    pub(crate) fn stale_parcels(&self, before_ms: u64) -> Result<Vec<(Package, ConversationUuid)>> {
        self.lock()
            .db
            .prepare_cached(
                "SELECT package, conversation FROM parcel WHERE state IN (?1, ?2) AND touched_ms < ?3",
            )
            .and_then(|mut query| {
                let states = (
                    State::Staging.code(),
                    State::Prepared.code(),
                    signed(before_ms),
                );
                let rows = query.query_map(states, |row| {
                    Ok((row.get(0)?, ConversationUuid(row.get(1)?)))
                })?;
                rows.collect()
            })
            .map_err(|source| self.sql(source))
    }

    fn parcel_key(&self, db: &Connection, package: Package) -> Result<Key> {
        let sealed = db
            .prepare_cached(
                "SELECT nonce, ciphertext FROM parcel WHERE package = ?1 AND nonce IS NOT NULL",
            )
            .and_then(|mut query| {
                let row = query.query_row([package], |row| sealed(row, 0));
                row.optional()
            })
            .map_err(|source| self.sql(source))?;
        sealed
            .and_then(|sealed| {
                self.machine_key
                    .open(Place::ParcelKey(package), &sealed)
                    .ok()
            })
            .and_then(|bytes| Key::from_slice(&Zeroizing::new(bytes)))
            .ok_or(ConversationError::SealedParcel)
    }
}

pub(super) fn parcel(db: &Connection, package: Package) -> rusqlite::Result<Option<Parcel>> {
    db.prepare_cached(
        "SELECT state, conversation, header, conclusion, outcome FROM parcel WHERE package = ?1",
    )?
    .query_row([package], |row| {
        Ok(Parcel {
            state: State::from_code(row.get(0)?)?,
            conversation: ConversationUuid(row.get(1)?),
            header: row.get(2)?,
            conclusion: row.get(3)?,
            outcome: row.get(4)?,
        })
    })
    .optional()
}

/// Whoever forgets a conversation forgets what was on its way, too; a package that comes in is never taken
/// in then.
pub(super) fn forget(tx: &Transaction<'_>, id: ConversationId) -> rusqlite::Result<()> {
    let Some(uuid) = tx
        .query_row(
            "SELECT uuid FROM conversation WHERE id = ?1",
            [id.0],
            |row| row.get::<_, [u8; 16]>(0),
        )
        .optional()?
    else {
        return Ok(());
    };
    forget_called(tx, ConversationUuid(uuid)).map(drop)
}

/// The same by what it is called between souls, also where it is not known yet; says how many packages of it
/// there were whose words could still be read.
pub(super) fn forget_called(
    tx: &Transaction<'_>,
    uuid: ConversationUuid,
) -> rusqlite::Result<usize> {
    tx.execute(
        "DELETE FROM parcel_chunk WHERE package IN
             (SELECT package FROM parcel WHERE conversation = ?1 AND state <> ?2)",
        (uuid.0, State::Committed.code()),
    )?;
    let coming = tx.execute(
        "UPDATE parcel SET state = ?2, nonce = NULL, ciphertext = NULL
         WHERE conversation = ?1 AND state IN (?3, ?4)",
        (
            uuid.0,
            State::Abandoned.code(),
            State::Staging.code(),
            State::Prepared.code(),
        ),
    )?;
    let others = tx.execute(
        "UPDATE parcel SET nonce = NULL, ciphertext = NULL
         WHERE conversation = ?1 AND state <> ?2 AND nonce IS NOT NULL",
        (uuid.0, State::Committed.code()),
    )?;
    Ok(coming + others)
}

/// Whatever of conversations is on its way to here never arrives.
pub(super) fn forget_coming(tx: &Transaction<'_>) -> rusqlite::Result<usize> {
    let coming = (State::Staging.code(), State::Prepared.code());
    tx.execute(
        "DELETE FROM parcel_chunk WHERE package IN
             (SELECT package FROM parcel WHERE state IN (?1, ?2))",
        coming,
    )?;
    tx.execute(
        "UPDATE parcel SET state = ?3, nonce = NULL, ciphertext = NULL WHERE state IN (?1, ?2)",
        (coming.0, coming.1, State::Abandoned.code()),
    )
}

/// What was being packed when the process before died was never sent as a whole: it never was.
pub(super) fn forget_half_packed(tx: &Transaction<'_>) -> rusqlite::Result<usize> {
    tx.execute(
        "DELETE FROM parcel WHERE state = ?1",
        [State::Packing.code()],
    )
}

fn empty(tx: &Transaction<'_>, package: Package) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM parcel_chunk WHERE package = ?1", [package])?;
    tx.execute(
        "UPDATE parcel SET nonce = NULL, ciphertext = NULL WHERE package = ?1",
        [package],
    )?;
    Ok(())
}

fn sealed(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<Sealed> {
    Ok(Sealed {
        nonce: row.get(at)?,
        ciphertext: row.get(at + 1)?,
    })
}
