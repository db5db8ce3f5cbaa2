//! New vectors for entries that have none, or those of another model.

use super::embedder::{Embedder, Space};
use super::store::{Green, Result};
use super::write::unit;
use super::{EntryId, GreenError};
use crate::red_thread::Pass;

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reembedded {
    /// Entries that got their vector in this step.
    pub done: usize,
    /// Entries that still wait.
    pub left: u64,
}

impl Green {
    /// One step: gives up to `batch` of the entries that wait, newest first, a vector of our space. The
    /// store is free for others while the model works; an entry that was changed meanwhile waits on.
    pub fn reembed(
        &self,
        pass: &Pass<'_>,
        embedder: &dyn Embedder,
        batch: usize,
    ) -> Result<Reembedded> {
        if Space::of(embedder) != self.space {
            return Err(GreenError::Vector {
                expected: self.space.dimensions,
                found: 0,
            });
        }
        let waiting = self.waiting(pass, batch)?;
        let texts: Vec<&str> = waiting.iter().map(|(_, text)| text.as_str()).collect();
        let vectors = match texts.is_empty() {
            true => Vec::new(),
            false => embedder.embed(&texts)?,
        };
        if vectors.len() != texts.len() {
            return Err(GreenError::Count {
                texts: texts.len(),
                vectors: vectors.len(),
            });
        }
        let mut guard = self.lock();
        let inner = &mut *guard;
        let tx = self.begin(&mut inner.db)?;
        let mut set = Vec::with_capacity(vectors.len());
        for ((id, text), vector) in waiting.iter().zip(vectors) {
            let vector = unit(vector, self.space.dimensions)?;
            let n: Option<i64> = tx
                .prepare_cached("SELECT n FROM entry WHERE id = ?1 AND text = ?2")
                .and_then(|mut query| {
                    query
                        .query_map((id.0, text), |row| row.get(0))?
                        .next()
                        .transpose()
                })
                .map_err(|source| self.sql(source))?;
            if let Some(n) = n {
                self.insert_vector(&tx, n, Some(&vector))
                    .map_err(|source| self.sql(source))?;
                set.push((n, vector));
            }
        }
        tx.commit().map_err(|source| self.sql(source))?;
        for (n, vector) in &set {
            inner.matrix.set(*n, vector);
        }
        let left = u64::from(inner.words.all()).saturating_sub(inner.matrix.len() as u64);
        Ok(Reembedded {
            done: set.len(),
            left,
        })
    }

    fn waiting(&self, _pass: &Pass<'_>, batch: usize) -> Result<Vec<(EntryId, String)>> {
        let inner = self.lock();
        inner
            .db
            .prepare_cached(
                "SELECT id, text FROM entry LEFT JOIN vector USING (n)
                 WHERE space IS NOT ?1 ORDER BY n DESC LIMIT ?2",
            )
            .and_then(|mut query| {
                query
                    .query_map((&self.space.name, batch as i64), |row| {
                        Ok((EntryId(row.get(0)?), row.get(1)?))
                    })?
                    .collect()
            })
            .map_err(|source| self.sql(source))
    }
}
