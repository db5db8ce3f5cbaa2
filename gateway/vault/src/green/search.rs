//! Finding: by meaning, by words, and what is newer a little before what is older.
//!
//! The vectors in memory name the nearest two hundred, whose floats are then read from disk; the word index
//! names the best by its own measure (bm25). The best of both are scored in the same way, whichever found
//! them, and the parts of the score are told.

use super::load::read_vector;
use super::matrix::dot_f32;
use super::store::{COLUMNS, Green, Inner, Result};
use super::write::unit;
use super::{Entry, EntryId, words};
use crate::red_thread::Pass;

/// Most hits of one search.
pub const MOST_HITS: usize = 100;

/// Entries that are judged again with floats. The rounding of the matrix moves a cosine by about 0.01, and
/// among two hundred the true ten are found more than 99 times in 100.
const RESCORED: usize = 200;
/// Entries of each of both ways that are scored.
const SCORED: usize = 60;
/// Words of a query that count: the rarest ones.
const MOST_WORDS: usize = 12;
/// Entries that the words of a query may have in all: what is in more of them says little, and ranking
/// takes a microsecond for each.
const MOST_RANKED: u32 = 2000;

/// What each part weighs. Meaning leads; words settle names and numbers, which a model of meaning blurs;
/// age only tells apart what is else alike.
const WEIGHT_MEANING: f32 = 0.75;
const WEIGHT_WORDS: f32 = 0.20;
const WEIGHT_NEWNESS: f32 = 0.05;
/// An entry of this age is half as new as one of now.
const HALF_LIFE_MS: f64 = 30.0 * 24.0 * 3600.0 * 1000.0;

/// What a score is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Parts {
    /// Cosine of the vectors; `None` where one of both has none.
    pub meaning: Option<f32>,
    /// How much of what is asked is in the entry, its rarer words counting more: 0 to 1.
    pub words: f32,
    /// 1 for what is of now, half for each thirty days.
    pub newness: f32,
}

/// An entry that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The entry.
    pub entry: Entry,
    /// How well it answers, 0 to 1.
    pub score: f32,
    /// What the score is made of.
    pub parts: Parts,
}

impl Parts {
    fn score(&self) -> f32 {
        WEIGHT_MEANING * self.meaning.unwrap_or(0.0).max(0.0)
            + WEIGHT_WORDS * self.words
            + WEIGHT_NEWNESS * self.newness
    }
}

/// A word of a query and what it weighs.
struct Asked {
    word: String,
    entries: u32,
    weight: f32,
}

impl Green {
    /// The entries that answer a text best, best first. Without a vector it is found by words alone, and
    /// by meaning alone where no word of the text says anything.
    pub fn search(
        &self,
        _pass: &Pass<'_>,
        text: &str,
        vector: Option<&[f32]>,
        limit: usize,
        now_ms: u64,
    ) -> Result<Vec<Hit>> {
        let vector = vector
            .map(|vector| unit(vector.to_vec(), self.space.dimensions))
            .transpose()?;
        let inner = &*self.lock();
        let asked = weighed(inner, text);
        let mut found: Vec<(i64, Option<f32>)> = match &vector {
            Some(vector) => self.nearest_of(inner, vector)?,
            None => Vec::new(),
        }
        .into_iter()
        .map(|(n, cosine)| (n, Some(cosine)))
        .collect();
        let cosines = found.clone();
        found.truncate(SCORED);
        for n in self.holding(inner, &asked)? {
            if !found.iter().any(|(known, _)| *known == n) {
                let near = cosines.iter().find(|(known, _)| *known == n);
                let cosine = match (near, &vector) {
                    (Some((_, cosine)), _) => *cosine,
                    (None, Some(vector)) => self.cosine(inner, n, vector)?,
                    (None, None) => None,
                };
                found.push((n, cosine));
            }
        }
        let mut scored = Vec::with_capacity(found.len());
        for (n, meaning) in found {
            let parts = self.judged(inner, n, meaning, &asked, now_ms)?;
            scored.push((parts.score(), n, parts));
        }
        // Among equals the one that came last.
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
        scored.truncate(limit.min(MOST_HITS));
        scored
            .into_iter()
            .map(|(score, n, parts)| {
                let entry = self.numbered(inner, n)?;
                Ok(Hit {
                    entry,
                    score,
                    parts,
                })
            })
            .collect()
    }

    /// The entries nearest in meaning with their cosines, best first: what says nearly the same.
    pub fn nearest(
        &self,
        _pass: &Pass<'_>,
        vector: &[f32],
        limit: usize,
    ) -> Result<Vec<(EntryId, f32)>> {
        let vector = unit(vector.to_vec(), self.space.dimensions)?;
        let inner = &*self.lock();
        self.nearest_of(inner, &vector)?
            .into_iter()
            .take(limit)
            .map(|(n, cosine)| Ok((self.numbered(inner, n)?.id, cosine)))
            .collect()
    }

    fn nearest_of(&self, inner: &Inner, vector: &[f32]) -> Result<Vec<(i64, f32)>> {
        let mut nearest = Vec::with_capacity(RESCORED);
        for n in inner.matrix.nearest(vector, RESCORED) {
            if let Some(cosine) = self.cosine(inner, n, vector)? {
                nearest.push((n, cosine));
            }
        }
        nearest.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        Ok(nearest)
    }

    /// With the vector on disk; `None`: it is of another space, or there is none.
    fn cosine(&self, inner: &Inner, n: i64, vector: &[f32]) -> Result<Option<f32>> {
        let mut stored = Vec::with_capacity(vector.len());
        let mut read = || -> rusqlite::Result<bool> {
            let mut query = inner
                .db
                .prepare_cached("SELECT value FROM vector WHERE n = ?1 AND space = ?2")?;
            let mut rows = query.query((n, &self.space.name))?;
            let Some(row) = rows.next()? else {
                return Ok(false);
            };
            read_vector(row.get_ref(0)?.as_blob()?, &mut stored);
            Ok(true)
        };
        let there = read().map_err(|source| self.sql(source))?;
        Ok((there && stored.len() == vector.len()).then(|| dot_f32(&stored, vector)))
    }

    /// The entries that hold any of these words, best by the index's measure first. A word that is alone
    /// and everywhere ranks nothing: of those, the ones that came last.
    fn holding(&self, inner: &Inner, asked: &[Asked]) -> Result<Vec<i64>> {
        let mut ranked = 0_u32;
        let mut wanted = String::new();
        for asked in asked.iter().filter(|asked| asked.entries > 0) {
            if !wanted.is_empty() {
                if ranked.saturating_add(asked.entries) > MOST_RANKED {
                    break;
                }
                wanted.push_str(" OR ");
            }
            ranked = ranked.saturating_add(asked.entries);
            // Words have letters and digits alone: no quote can end this one.
            wanted.push_str(&format!("\"{}\"", asked.word));
        }
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let order = if ranked <= MOST_RANKED {
            "rank"
        } else {
            "rowid DESC"
        };
        let query = format!(
            "SELECT rowid FROM entry_words WHERE entry_words MATCH ?1 ORDER BY {order} LIMIT ?2"
        );
        self.numbers(inner, &query, &wanted)
    }

    fn numbers(&self, inner: &Inner, query: &str, wanted: &str) -> Result<Vec<i64>> {
        inner
            .db
            .prepare_cached(query)
            .and_then(|mut query| {
                query
                    .query_map((wanted, SCORED as i64), |row| row.get(0))?
                    .collect()
            })
            .map_err(|source| self.sql(source))
    }

    /// The parts of an entry's score. Most that are judged are no hits in the end, so no more is read.
    fn judged(
        &self,
        inner: &Inner,
        n: i64,
        meaning: Option<f32>,
        asked: &[Asked],
        now_ms: u64,
    ) -> Result<Parts> {
        inner
            .db
            .prepare_cached("SELECT text, coalesce(edited_ms, created_ms) FROM entry WHERE n = ?1")
            .and_then(|mut query| {
                query.query_row([n], |row| {
                    let at: i64 = row.get(1)?;
                    Ok(Parts {
                        meaning,
                        words: share(asked, row.get_ref(0)?.as_str()?),
                        newness: newness(at.unsigned_abs(), now_ms),
                    })
                })
            })
            .map_err(|source| self.sql(source))
    }

    fn numbered(&self, inner: &Inner, n: i64) -> Result<Entry> {
        let sql = |source| self.sql(source);
        let query = format!("SELECT {COLUMNS} FROM entry WHERE n = ?1");
        let mut query = inner.db.prepare_cached(&query).map_err(sql)?;
        let mut rows = query.query([n]).map_err(sql)?;
        let row = rows.next().map_err(sql)?;
        let row = row.ok_or_else(|| self.sql(rusqlite::Error::QueryReturnedNoRows))?;
        Ok(self.read(row)?.1)
    }
}

/// The words of a query with their weights, rarest first: the logarithm of how few hold them.
fn weighed(inner: &Inner, text: &str) -> Vec<Asked> {
    let all = inner.words.all() as f32;
    let mut asked: Vec<Asked> = words::asked(text)
        .into_iter()
        .map(|word| {
            let entries = inner.words.of(&word);
            let weight = (1.0 + all / (entries as f32).max(0.5)).ln();
            Asked {
                word,
                entries,
                weight,
            }
        })
        .collect();
    asked.sort_by(|a, b| a.entries.cmp(&b.entries).then(a.word.cmp(&b.word)));
    asked.truncate(MOST_WORDS);
    asked
}

/// How much of what is asked a text has.
fn share(asked: &[Asked], text: &str) -> f32 {
    let all: f32 = asked.iter().map(|asked| asked.weight).sum();
    if all <= 0.0 {
        return 0.0;
    }
    let words = words::words(text);
    let here: f32 = asked
        .iter()
        .filter(|asked| words.contains(&asked.word))
        .map(|asked| asked.weight)
        .sum();
    here / all
}

fn newness(at_ms: u64, now_ms: u64) -> f32 {
    let age = now_ms.saturating_sub(at_ms) as f64;
    (-age / HALF_LIFE_MS).exp2() as f32
}
