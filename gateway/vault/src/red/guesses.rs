//! How long a guess has to wait.
//!
//! Every guess counts as a wrong one from before it is tried, on the disk, and is taken off again when
//! it was right: nothing that ends the process in between gives a free one. A device's own wrong guesses
//! make it wait twice as long each time, and so do, later and less, those of all devices together.
//! Waiting is counted in the machine's time, which whoever owns the machine can set; set back, it begins
//! anew and is never longer than it was.

use rusqlite::{Connection, TransactionBehavior};
use sha2::{Digest as _, Sha256};

use super::Delayed;

/// How wrong guesses slow the next one.
struct Rule {
    /// So many are free.
    free: u32,
    /// Whoever guesses more never waits longer than this.
    most_ms: u64,
}

const EACH: Rule = Rule {
    free: 3,
    most_ms: 60 * 60 * 1000,
};
/// Of all devices. Weaker, because whoever plays with one device must not lock the others out.
const ALL: Rule = Rule {
    free: 10,
    most_ms: 15 * 60 * 1000,
};
const FIRST_WAIT_MS: u64 = 1000;
/// A device that does not guess for so long begins anew.
const FORGOTTEN_AFTER_MS: i64 = 24 * 60 * 60 * 1000;
/// Devices that are kept apart; the longest silent of more counts with the others.
const MOST_DEVICES: i64 = 64;
const OTHERS: [u8; 32] = [0; 32];

impl Rule {
    fn wait_ms(&self, failures: i64) -> u64 {
        let beyond = failures - i64::from(self.free);
        if beyond < 0 {
            return 0;
        }
        let doubled = u32::try_from(beyond).unwrap_or(u32::MAX).min(32);
        (FIRST_WAIT_MS << doubled).min(self.most_ms)
    }
}

/// Counts a guess, or says how long it has to wait. On the disk when this returns.
pub(super) fn begin(
    db: &mut Connection,
    who: &str,
    now_ms: i64,
) -> rusqlite::Result<Result<(), Delayed>> {
    let who = name(who);
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute(
        "UPDATE guess SET last_ms = ?1, failures = max(failures, 0) WHERE last_ms > ?1 OR failures < 0",
        [now_ms],
    )?;
    tx.execute(
        "DELETE FROM guess WHERE last_ms <= ?1",
        [now_ms.saturating_sub(FORGOTTEN_AFTER_MS)],
    )?;
    let read = |filter: &str| {
        tx.query_row(
            &format!(
                "SELECT coalesce(sum(min(failures, 1000000)), 0), coalesce(max(last_ms), 0)
                 FROM guess WHERE who = ?1 OR {filter}"
            ),
            [who],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
        )
    };
    let mut wait_ms = 0;
    for (rule, filter) in [(EACH, "false"), (ALL, "true")] {
        let (failures, last_ms) = read(filter)?;
        let wait = rule.wait_ms(failures);
        let waited = now_ms.saturating_sub(last_ms).unsigned_abs();
        wait_ms = wait_ms.max(wait.saturating_sub(waited));
    }
    if wait_ms == 0 {
        tx.execute(
            "INSERT INTO guess VALUES (?1, 1, ?2)
             ON CONFLICT (who) DO UPDATE SET failures = min(failures, 1000000) + 1, last_ms = ?2",
            (who, now_ms),
        )?;
        merge_the_longest_silent(&tx)?;
    }
    tx.commit()?;
    Ok(if wait_ms == 0 {
        Ok(())
    } else {
        Err(Delayed { wait_ms })
    })
}

/// The guess was right: this device has none against it.
pub(super) fn right(db: &Connection, who: &str) -> rusqlite::Result<()> {
    db.execute("DELETE FROM guess WHERE who = ?1", [name(who)])
        .map(drop)
}

fn merge_the_longest_silent(tx: &Connection) -> rusqlite::Result<()> {
    let devices: i64 = tx.query_row(
        "SELECT count(*) FROM guess WHERE who != ?1",
        [OTHERS],
        |row| row.get(0),
    )?;
    if devices <= MOST_DEVICES {
        return Ok(());
    }
    let (who, failures, last_ms): ([u8; 32], i64, i64) = tx.query_row(
        "SELECT who, failures, last_ms FROM guess WHERE who != ?1 ORDER BY last_ms, who LIMIT 1",
        [OTHERS],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    tx.execute("DELETE FROM guess WHERE who = ?1", [who])?;
    tx.execute(
        "INSERT INTO guess VALUES (?1, ?2, ?3) ON CONFLICT (who) DO UPDATE
         SET failures = min(failures, 1000000) + ?2, last_ms = max(last_ms, ?3)",
        (OTHERS, failures, last_ms),
    )?;
    Ok(())
}

fn name(who: &str) -> [u8; 32] {
    Sha256::digest(who.as_bytes()).into()
}

#[cfg(test)]
#[path = "guesses_test.rs"]
mod tests;
