//! What it costs to make a vector of a sentence, and to find something among many memories.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use janet_kernels::Exec;
use janet_models::embed::TextEmbedder;
use janet_vault::desk::{Action, Consent, Desk, Grants, Needs, Out, Request, Standing};
use janet_vault::green::{Config, EntryId, Green, Kind, NewEntry, Source, Space, subject};
use janet_vault::identity::Identity;
use janet_vault::red_thread::RedThread;
use janet_vault::soul::Soul;
use serde_json::{Value, json};

use crate::sentences;
use crate::weights::Weights;

/// The model's name in the store.
const MODEL: &str = "all-minilm-l6-v2";
/// Real sentences with real vectors; the entries are pairs of them.
const SENTENCES: usize = 4000;
/// Entries remembered in one transaction.
const BATCH: usize = 1000;
/// Texts embedded at once.
const TEXTS: usize = 64;
/// Memories forgotten one by one at the end.
const FORGOTTEN: usize = 100;
/// Hits of a search.
const HITS: usize = 10;
const NOW_MS: u64 = 1_800_000_000_000;
/// What the peer's script embeds, too.
const SENTENCE: &str = "How do I change the delivery address of my order?";

fn model(weights: &Weights) -> anyhow::Result<TextEmbedder> {
    let exec = Exec::cpu(weights.threads);
    let model = TextEmbedder::load(&weights.models.join(MODEL), &exec)?;
    model.warm_up()?;
    Ok(model)
}

/// Milliseconds for one sentence, and sentences per second in batches.
pub(crate) fn embed(weights: &Weights, runs: usize) -> anyhow::Result<Value> {
    let model = model(weights)?;
    let mut one = Vec::with_capacity(runs);
    for _ in 0..runs {
        let began = Instant::now();
        model.embed(&[SENTENCE])?;
        one.push(ms(began.elapsed()));
    }
    let batch: Vec<String> = (0..32)
        .map(|i| {
            let platform = i % 9;
            format!(
                "Sentence number {i}: the next train to the coast leaves from platform {platform} after the \
                 morning rush."
            )
        })
        .collect();
    let batch: Vec<&str> = batch.iter().map(String::as_str).collect();
    let mut many = Vec::with_capacity(runs);
    for _ in 0..runs.div_ceil(5) {
        let began = Instant::now();
        model.embed(&batch)?;
        many.push(32e3 / ms(began.elapsed()));
    }
    Ok(json!({
        "bench": "embed", "model": MODEL, "runs": runs, "one_ms": spread(one),
        "sentences_per_s_batch32": spread(many),
    }))
}

/// Searches among so many memories, and leaves what it searched in `out` for who searches it as well:
/// `vectors.f32` and `queries.f32` row by row, and `exact.u32`, the ten nearest rows of each query.
pub(crate) fn search(
    weights: &Weights,
    entries: usize,
    queries: usize,
    out: &Path,
) -> anyhow::Result<Value> {
    let model = model(weights)?;
    fs::create_dir_all(out)?;
    let mut random = fastrand::Rng::with_seed(1);
    let began = Instant::now();
    let (texts, questions) = sentences::made(&mut random, SENTENCES, queries);
    let bases = embedded(&model, &texts)?;
    let asked = embedded(&model, &questions)?;
    let embedding_s = began.elapsed().as_secs_f64();
    let (memories, vectors) = mixed(&mut random, &texts, &bases, entries);
    written(&out.join("vectors.f32"), &vectors)?;
    written(&out.join("queries.f32"), &asked)?;

    let folder = out.join("green");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let space = Space {
        name: MODEL.to_owned(),
        dimensions: model.dimensions(),
    };
    let config = Config {
        soul: Soul::Networked,
        space,
        wait_for_lock: Duration::ZERO,
    };
    let thread = Arc::new(RedThread::open(&folder)?);
    let green = Green::open(&folder, config.clone(), NOW_MS)?;
    let began = Instant::now();
    let mut desk = desk(&thread, &folder)?;
    let ids = remembered(&green, &thread, &mut desk, &memories, &vectors)?;
    let remember_s = began.elapsed().as_secs_f64();
    drop(green);
    let began = Instant::now();
    let green = Green::open(&folder, config, NOW_MS)?;
    let open_ms = ms(began.elapsed());

    let (mut searched, mut nearest_ms, mut found) = (Vec::new(), Vec::new(), 0);
    let mut exact_rows = Vec::new();
    for (warm, (question, vector)) in questions.iter().zip(&asked).enumerate() {
        let pass = thread.pass()?;
        let began = Instant::now();
        let hits = green.search(&pass, question, Some(vector), HITS, NOW_MS)?;
        let took = ms(began.elapsed());
        anyhow::ensure!(hits.len() == HITS, "{} hits", hits.len());
        let began = Instant::now();
        let nearest = green.nearest(&pass, vector, HITS)?;
        // The first tenth finds cold caches.
        if warm >= queries / 10 {
            searched.push(took);
            nearest_ms.push(ms(began.elapsed()));
        }
        let exact = exact(&vectors, vector);
        let wanted: HashSet<EntryId> = exact.iter().map(|row| ids[*row as usize]).collect();
        found += nearest.iter().filter(|(id, _)| wanted.contains(id)).count();
        exact_rows.extend(exact);
    }
    let bytes: Vec<u8> = exact_rows
        .iter()
        .flat_map(|row| row.to_le_bytes())
        .collect();
    fs::write(out.join("exact.u32"), bytes)?;
    let mut forgotten = Vec::new();
    for _ in 0..FORGOTTEN.min(entries) {
        let id = ids[random.usize(..ids.len())];
        let consent = allowed(&mut desk, Action::Forget, subject::forget(id))?;
        let began = Instant::now();
        green.forget(&thread.pass()?, consent, id)?;
        forgotten.push(ms(began.elapsed()));
    }
    Ok(json!({
        "bench": "green", "entries": entries, "queries": queries, "dimensions": model.dimensions(),
        "sentences": texts.len(), "embedding_s": embedding_s, "remember_s": remember_s, "open_ms": open_ms,
        "search_ms": spread(searched), "nearest_ms": spread(nearest_ms),
        "forget_ms": spread(forgotten),
        "recall_at_10": found as f64 / (HITS * questions.len()) as f64,
    }))
}

fn embedded(model: &TextEmbedder, texts: &[String]) -> anyhow::Result<Vec<Vec<f32>>> {
    let mut vectors = Vec::with_capacity(texts.len());
    for texts in texts.chunks(TEXTS) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        vectors.extend(model.embed(&texts)?);
    }
    Ok(vectors)
}

/// Memories of two sentences each, with vectors between theirs and a little beside: as many as are wanted,
/// no two the same.
fn mixed(
    random: &mut fastrand::Rng,
    texts: &[String],
    bases: &[Vec<f32>],
    entries: usize,
) -> (Vec<String>, Vec<Vec<f32>>) {
    let mut pairs = HashSet::new();
    let (mut memories, mut vectors) = (Vec::new(), Vec::new());
    while memories.len() < entries {
        let (a, b) = (random.usize(..texts.len()), random.usize(..texts.len()));
        if a == b || !pairs.insert((a, b)) {
            continue;
        }
        let share = 0.5 + 0.45 * random.f32();
        let mut vector: Vec<f32> = bases[a]
            .iter()
            .zip(&bases[b])
            .map(|(a, b)| share * a + (1.0 - share) * b + 0.04 * (random.f32() - 0.5))
            .collect();
        let length = dot(&vector, &vector).sqrt();
        vector.iter_mut().for_each(|v| *v /= length);
        memories.push(format!("{} {}", texts[a], texts[b]));
        vectors.push(vector);
    }
    (memories, vectors)
}

/// Where consents come from.
fn desk(thread: &Arc<RedThread>, folder: &Path) -> anyhow::Result<Desk> {
    let identity = Arc::new(Identity::load_or_create(folder)?);
    let grants = Grants::open(folder, &identity.public())?;
    Ok(Desk::new(identity, Arc::clone(thread), grants))
}

/// A consent as the operator's own words give it.
fn allowed(desk: &mut Desk, action: Action, subject: [u8; 32]) -> anyhow::Result<Consent> {
    let request = Request {
        operator: "here".into(),
        action,
        conversation: None,
        impact: "".into(),
        prompt: "".into(),
        subject,
        needs: Needs::AnyAnswer,
        standing: Standing::Suspended,
    };
    let mut out = Vec::new();
    desk.command(NOW_MS, request, &mut out)?;
    let consent = out.into_iter().find_map(|out| match out {
        Out::Granted { consent, .. } => Some(consent),
        _ => None,
    });
    consent.ok_or_else(|| anyhow::anyhow!("the desk gave no consent"))
}

/// Remembers all.
fn remembered(
    green: &Green,
    thread: &RedThread,
    desk: &mut Desk,
    memories: &[String],
    vectors: &[Vec<f32>],
) -> anyhow::Result<Vec<EntryId>> {
    let mut ids = Vec::with_capacity(memories.len());
    for (batch, vectors) in memories.chunks(BATCH).zip(vectors.chunks(BATCH)) {
        let texts: Vec<&str> = batch.iter().map(String::as_str).collect();
        let consent = allowed(desk, Action::Remember, subject::remember(&texts))?;
        let new: Vec<NewEntry> = batch
            .iter()
            .zip(0_u64..)
            .map(|(text, n)| NewEntry {
                kind: Kind::Fact,
                text: text.as_str().into(),
                source: Source::default(),
                // Over three years.
                created_ms: NOW_MS - (ids.len() as u64 + n) * 900_000,
            })
            .collect();
        let vectors = vectors.iter().cloned().map(Some).collect();
        ids.extend(green.remember_all(&thread.pass()?, consent, &new, vectors)?);
    }
    Ok(ids)
}

/// The rows of the nearest by floats, best first.
fn exact(vectors: &[Vec<f32>], query: &[f32]) -> Vec<u32> {
    let mut scored: Vec<(f32, u32)> = vectors
        .iter()
        .zip(0_u32..)
        .map(|(vector, row)| (dot(vector, query), row))
        .collect();
    scored.select_nth_unstable_by(HITS, |a, b| b.0.total_cmp(&a.0));
    scored.truncate(HITS);
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().map(|(_, row)| row).collect()
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn written(path: &Path, rows: &[Vec<f32>]) -> anyhow::Result<()> {
    let bytes: Vec<u8> = rows
        .iter()
        .flatten()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    Ok(fs::write(path, bytes)?)
}

fn ms(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}

fn spread(mut values: Vec<f64>) -> Value {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let last = values.len().saturating_sub(1);
        values.get((last as f64 * share).ceil() as usize).copied()
    };
    json!({ "min": at(0.0), "median": at(0.5), "p95": at(0.95), "max": at(1.0), "n": values.len() })
}
