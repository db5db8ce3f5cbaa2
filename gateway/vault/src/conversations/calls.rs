//! The history of calls.

use janet_protocol::PastCall;

use super::cipher::{Place, Sealed};
use super::store::{Conversations, Result};
use super::{ConversationError, ConversationId};

/// Calls of one conversation that are kept; of more, the oldest are forgotten.
pub const MOST_CALLS: u64 = 256;

impl Conversations {
    /// Adds a call that has ended. It is on disk when this returns.
    pub fn keep_call(&self, id: ConversationId, call: &PastCall) -> Result<()> {
        let plain = serde_json::to_vec(call).expect("a call is a flat object");
        let mut inner = self.lock();
        let tx = self.begin(&mut inner.db)?;
        let key = self.conversation_key(&tx, id)?;
        let sql = |source| self.sql(source);
        let seq: i64 = tx
            .prepare_cached("SELECT coalesce(max(seq), 0) + 1 FROM call WHERE conversation = ?1")
            .and_then(|mut query| query.query_row([id.0], |row| row.get(0)))
            .map_err(sql)?;
        let place = Place::Call(id.0, seq.unsigned_abs());
        let sealed = self.seal(&key, place, &plain)?;
        tx.prepare_cached("INSERT INTO call VALUES (?1, ?2, ?3, ?4)")
            .and_then(|mut insert| insert.execute((id.0, seq, sealed.nonce, sealed.ciphertext)))
            .map_err(sql)?;
        let over = seq.saturating_sub_unsigned(MOST_CALLS);
        tx.prepare_cached("DELETE FROM call WHERE conversation = ?1 AND seq <= ?2")
            .and_then(|mut delete| delete.execute((id.0, over)))
            .map_err(sql)?;
        tx.commit().map_err(sql)
    }

    /// The calls that are kept, first to last.
    pub fn calls(&self, id: ConversationId) -> Result<Vec<PastCall>> {
        let inner = self.lock();
        let key = self.conversation_key(&inner.db, id)?;
        let rows: Vec<(i64, Sealed)> = inner
            .db
            .prepare_cached(
                "SELECT seq, nonce, ciphertext FROM call WHERE conversation = ?1 ORDER BY seq",
            )
            .and_then(|mut query| {
                let rows = query.query_map([id.0], |row| {
                    let sealed = Sealed {
                        nonce: row.get(1)?,
                        ciphertext: row.get(2)?,
                    };
                    Ok((row.get(0)?, sealed))
                })?;
                rows.collect()
            })
            .map_err(|source| self.sql(source))?;
        drop(inner);
        let first = rows.first().map_or(1, |(seq, _)| *seq);
        let in_order = (first..).zip(rows);
        in_order
            .map(|(expected, (seq, sealed))| {
                let expected_seq = expected.unsigned_abs();
                let changed = || ConversationError::SealedCall {
                    id,
                    seq: expected_seq,
                };
                let place = Place::Call(id.0, expected_seq);
                let plain = key.open(place, &sealed).map_err(|_| changed())?;
                match serde_json::from_slice(&plain) {
                    Ok(call) if seq == expected => Ok(call),
                    _ => Err(changed()),
                }
            })
            .collect()
    }
}

#[cfg(test)]
#[path = "calls_test.rs"]
mod tests;
