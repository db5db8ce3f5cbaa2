//! A conversation's messages as they go to the other soul, and the merged ones as they come in.

use janet_protocol::Private;
use rusqlite::{Connection, Transaction};

use super::cipher::{Key, Place, Sealed};
use super::parcels::{Package, State, parcel};
use super::standing::find;
use super::store::{Conversations, Result, signed};
use super::{ConversationError, ConversationId, ConversationUuid, Owner, Role};
use crate::soul::Soul;

/// A message without its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Who said it.
    pub role: Role,
    /// The words.
    pub text: Private<String>,
    /// When, in ms since 1970.
    pub created_ms: u64,
    /// The soul that it was said in; none: the one whose database this is.
    pub origin: Option<Soul>,
}

impl Conversations {
    /// Messages behind number `after`, in order, until their texts have `bytes` or more.
    pub fn said_after(&self, id: ConversationId, after: u64, bytes: usize) -> Result<Vec<Said>> {
        let inner = self.lock();
        let key = self.conversation_key(&inner.db, id)?;
        self.read(&inner.db, id, &key, after, bytes)
    }

    /// Merges what came into the conversation that is called so, which is made where there is none, marks
    /// the package as committed, and lets the conversation live here if it was given to this soul: all of
    /// it or nothing. None: the package does not wait for it.
    ///
    /// `merge` is given what is here and gives what is to be here, and what is to be told of it.
    pub(crate) fn graft(
        &self,
        package: Package,
        lives_here: bool,
        now_ms: u64,
        merge: impl FnOnce(&[Said]) -> (Vec<Said>, String),
    ) -> Result<Option<ConversationId>> {
        let mut inner = self.lock();
        let tx = self.begin(&mut inner.db)?;
        let sql = |source| self.sql(source);
        let Some(parcel) = parcel(&tx, package).map_err(sql)? else {
            return Ok(None);
        };
        if parcel.state != State::Prepared {
            return Ok(None);
        }
        let known = find(&tx, parcel.conversation).map_err(sql)?;
        let is_new = known.is_none();
        let now = signed(now_ms);
        let id = match known {
            Some(id) => id,
            // Devices are called otherwise where it comes from, and only the operator has one moved.
            None => self.create_in(&tx, parcel.conversation, &Owner::Operator, now, Some(now))?,
        };
        let key = self.conversation_key(&tx, id)?;
        let here = self.read(&tx, id, &key, 0, usize::MAX)?;
        let (merged, outcome) = merge(&here);
        self.rewrite(&tx, id, &key, &here, &merged)?;
        if lives_here || is_new {
            let given = (!lives_here).then_some(package);
            tx.execute(
                "UPDATE conversation SET given = ?2 WHERE id = ?1",
                (id.0, given),
            )
            .map_err(sql)?;
        }
        tx.execute(
            "UPDATE parcel SET state = ?2, outcome = ?3 WHERE package = ?1",
            (package, State::Committed.code(), outcome),
        )
        .map_err(sql)?;
        tx.commit().map_err(sql)?;
        Ok(Some(id))
    }

    /// A new conversation of nobody who is connected, that begins with these messages.
    pub fn create_with(
        &self,
        messages: &[Said],
        now_ms: u64,
    ) -> Result<(ConversationId, ConversationUuid)> {
        let uuid = ConversationUuid::random().map_err(ConversationError::Random)?;
        let mut inner = self.lock();
        let tx = self.begin(&mut inner.db)?;
        let now = signed(now_ms);
        let id = self.create_in(&tx, uuid, &Owner::Operator, now, Some(now))?;
        let key = self.conversation_key(&tx, id)?;
        self.rewrite(&tx, id, &key, &[], messages)?;
        tx.commit().map_err(|source| self.sql(source))?;
        Ok((id, uuid))
    }

    /// A conversation and its key; `left_ms`: nobody sits in it.
    pub(super) fn create_in(
        &self,
        tx: &Transaction<'_>,
        uuid: ConversationUuid,
        owner: &Owner,
        now_ms: i64,
        left_ms: Option<i64>,
    ) -> Result<ConversationId> {
        let id = ConversationId::random().map_err(ConversationError::Random)?;
        let key = Key::random().map_err(ConversationError::Random)?;
        let place = Owner::place(owner.column(), id);
        let sealed = self.seal(&self.machine_key, place, key.as_slice())?;
        tx.execute(
            "INSERT INTO conversation (id, created_ms, left_ms, uuid, owner)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            (id.0, now_ms, left_ms, uuid.0, owner.column()),
        )
        .and_then(|_| {
            tx.execute(
                "INSERT INTO conversation_key VALUES (?1, ?2, ?3)",
                (id.0, &sealed.nonce, &sealed.ciphertext),
            )
        })
        .map_err(|source| self.sql(source))?;
        Ok(id)
    }

    /// Leaves what is the same from the beginning on, and writes the rest anew, under its new numbers.
    fn rewrite(
        &self,
        tx: &Transaction<'_>,
        id: ConversationId,
        key: &Key,
        here: &[Said],
        merged: &[Said],
    ) -> Result<()> {
        let sql = |source| self.sql(source);
        let same = here.iter().zip(merged).take_while(|(a, b)| a == b).count();
        tx.execute(
            "DELETE FROM message WHERE conversation = ?1 AND seq > ?2",
            (id.0, i64::try_from(same).unwrap_or(i64::MAX)),
        )
        .map_err(sql)?;
        let mut insert = tx
            .prepare_cached("INSERT INTO message VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
            .map_err(sql)?;
        for (seq, said) in (1_i64..).zip(merged).skip(same) {
            let place = Place::Message(id.0, seq.unsigned_abs(), said.role.code());
            let sealed = self.seal(key, place, said.text.expose().as_bytes())?;
            insert
                .execute((
                    id.0,
                    seq,
                    said.role.code(),
                    sealed.nonce,
                    sealed.ciphertext,
                    signed(said.created_ms),
                    said.origin.map(Soul::code),
                ))
                .map_err(sql)?;
        }
        Ok(())
    }

    fn read(
        &self,
        db: &Connection,
        id: ConversationId,
        key: &Key,
        after: u64,
        bytes: usize,
    ) -> Result<Vec<Said>> {
        let sql = |source| self.sql(source);
        let mut query = db
            .prepare_cached(
                "SELECT seq, role, nonce, ciphertext, created_ms, origin FROM message
                 WHERE conversation = ?1 AND seq > ?2 ORDER BY seq",
            )
            .map_err(sql)?;
        let mut rows = query.query((id.0, signed(after))).map_err(sql)?;
        let mut messages = Vec::new();
        let mut size = 0_usize;
        let mut expected = after;
        while size < bytes
            && let Some(row) = rows.next().map_err(sql)?
        {
            expected += 1;
            let seq = expected;
            let changed = || ConversationError::Sealed { id, seq };
            let column = |at| row.get::<_, Vec<u8>>(at).map_err(sql);
            let sealed = Sealed {
                nonce: column(2)?,
                ciphertext: column(3)?,
            };
            let found: i64 = row.get(0).map_err(sql)?;
            let role: u8 = row.get(1).map_err(sql)?;
            let created_ms: i64 = row.get(4).map_err(sql)?;
            let origin: Option<u8> = row.get(5).map_err(sql)?;
            let plain = key
                .open(Place::Message(id.0, seq, role), &sealed)
                .map_err(|_| changed())?;
            if found.unsigned_abs() != seq {
                return Err(changed());
            }
            let text = String::from_utf8(plain).map_err(|_| changed())?;
            size = size.saturating_add(text.len().max(1));
            messages.push(Said {
                role: Role::from_code(role).ok_or_else(changed)?,
                text: text.into(),
                created_ms: created_ms.unsigned_abs(),
                origin: match origin {
                    Some(code) => Some(Soul::from_code(code).ok_or_else(changed)?),
                    None => None,
                },
            });
        }
        Ok(messages)
    }
}
