//! What the souls of this process remember, each for itself, and which of them is meant.
//!
//! Whoever asks from a conversation means the soul in which that lives, unless a request names one. What
//! concerns the operator's choice as a whole (a list, forgetting) looks at all of them.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use janet_models::store::Hold;
use janet_protocol::{ErrorCode, MemoryEntry, SoulName, WireError};
use janet_vault::conversations::ConversationId;
use janet_vault::green::{Config, Embedder, Entry, EntryId, Green, GreenError, Hit, Space};
use janet_vault::red_thread::Pass;
use janet_vault::soul::Soul;

use super::Trust;
use super::memory::told;
use crate::config;
use crate::conversations::{Stores, now_ms};
use crate::souls::{soul_name, soul_named};

/// The model whose vectors are kept. It loads behind the port; until it has, words alone are searched.
pub(super) const SPACE: (&str, usize) = ("all-MiniLM-L6-v2", 384);
/// How long a start waits for a process that is ending.
const WAIT: Duration = Duration::from_secs(3);
/// Entries whose vectors are made anew at a time, so that nobody waits long for the model.
const BATCH: usize = 8;

/// What one soul remembers.
pub(crate) struct Memory {
    pub(crate) soul: Soul,
    pub(crate) green: Green,
}

/// What all souls of this process remember, and by what it is found.
pub(super) struct Memories {
    /// The one in which conversations begin comes first.
    all: Vec<Memory>,
    pub(super) data_dir: PathBuf,
    stores: Stores,
    embedder: OnceLock<(Arc<dyn Embedder>, Vec<Hold>)>,
}

/// A soul's memory, and what the conversation that is asked from is called there, if it is known there.
pub(super) struct There<'a> {
    pub(super) memory: &'a Memory,
    pub(super) conversation: Option<ConversationId>,
}

impl Memories {
    pub(super) fn open(
        data_dir: &Path,
        souls: config::Souls,
        stores: Stores,
    ) -> Result<Self, GreenError> {
        let open = |soul: Soul| {
            let config = Config {
                soul,
                space: Space {
                    name: SPACE.0.to_owned(),
                    dimensions: SPACE.1,
                },
                wait_for_lock: WAIT,
            };
            let green = Green::open(&soul.folder(data_dir), config, now_ms())?;
            Ok(Memory { soul, green })
        };
        let here = [souls.first, souls.first.other()];
        let all = here.into_iter().filter(|soul| souls.has(*soul)).map(open);
        Ok(Self {
            all: all.collect::<Result<_, GreenError>>()?,
            data_dir: data_dir.to_path_buf(),
            stores,
            embedder: OnceLock::new(),
        })
    }

    /// That of every soul of this process.
    pub(super) fn all(&self) -> &[Memory] {
        &self.all
    }

    pub(super) fn of(&self, soul: Soul) -> Option<&Memory> {
        self.all.iter().find(|memory| memory.soul == soul)
    }

    /// Those of this soul, or of all.
    pub(super) fn among(&self, soul: Option<Soul>) -> impl Iterator<Item = &Memory> {
        self.all
            .iter()
            .filter(move |memory| soul.is_none_or(|soul| memory.soul == soul))
    }

    /// One vector; `None` while there is no model for it.
    pub(super) fn vector(&self, text: &str) -> Option<Vec<f32>> {
        let (embedder, _) = self.embedder.get()?;
        let made = embedder.embed(&[text]);
        let made = made.inspect_err(|error| tracing::warn!(%error, "a text has no vector for now"));
        made.ok()?.pop()
    }

    /// The soul in which this conversation lives, and what it is called there. Blocks on the disk.
    pub(super) fn living(&self, conversation: ConversationId) -> (Soul, ConversationId) {
        match self.stores.living_soul(conversation) {
            Ok(living) => living,
            Err(error) => {
                // It has ended, most likely.
                tracing::debug!(%error, "where a conversation lives is not known");
                (self.all[0].soul, conversation)
            }
        }
    }

    /// The memory that is meant: of the soul that was named, or of the one in which the conversation lives.
    pub(super) fn meant(&self, named: Option<Soul>, conversation: ConversationId) -> There<'_> {
        let (living, id) = self.living(conversation);
        let soul = named.unwrap_or(living);
        let memory = self.of(soul).unwrap_or(&self.all[0]);
        let there = if memory.soul == living {
            Some(id)
        } else {
            self.stores
                .called(conversation, memory.soul)
                .unwrap_or_default()
        };
        There {
            memory,
            conversation: there,
        }
    }

    /// Entries of this soul, or of all, the newest first and each once; `before` is the last of the page
    /// before.
    pub(super) fn page(
        &self,
        pass: &Pass<'_>,
        soul: Option<Soul>,
        before: Option<EntryId>,
        limit: usize,
    ) -> Result<Vec<MemoryEntry>, GreenError> {
        let asked: Vec<&Memory> = self.among(soul).collect();
        // Of two that were made at the same moment, an earlier soul's comes first.
        let place = before.map(|id| self.holder(pass, &asked, id)).transpose()?;
        let mut pages = Vec::new();
        for (at, memory) in asked.iter().enumerate() {
            let known = |entry: &Entry| {
                let earlier = &asked[..at];
                earlier
                    .iter()
                    .any(|it| it.green.get(pass, entry.id).is_ok())
            };
            let mut entries: Vec<Entry> = Vec::new();
            let mut end = place.clone();
            loop {
                let page = match &end {
                    None => memory.green.list(pass, None, limit)?,
                    Some((place, entry)) if *place == at => {
                        memory.green.list(pass, Some(entry.id), limit)?
                    }
                    Some((place, entry)) => {
                        let moment = entry.created_ms;
                        memory.green.list_before(pass, moment, *place < at, limit)?
                    }
                };
                let Some(last) = page.last().cloned() else {
                    break;
                };
                end = Some((at, last));
                entries.extend(page.into_iter().filter(|entry| !known(entry)));
                if entries.len() >= limit {
                    break;
                }
            }
            pages.push((at, entries));
        }
        let mut all: Vec<(usize, Entry)> = pages
            .into_iter()
            .flat_map(|(at, entries)| entries.into_iter().map(move |entry| (at, entry)))
            .collect();
        all.sort_by_key(|(at, entry)| (std::cmp::Reverse(entry.created_ms), *at));
        all.truncate(limit);
        Ok(all
            .into_iter()
            .map(|(_, entry)| self.told(pass, entry))
            .collect())
    }

    fn holder(
        &self,
        pass: &Pass<'_>,
        among: &[&Memory],
        id: EntryId,
    ) -> Result<(usize, Entry), GreenError> {
        let mut places = among.iter().enumerate();
        places
            .find_map(|(at, memory)| Some((at, memory.green.get(pass, id).ok()?)))
            .ok_or(GreenError::Unknown(id))
    }

    /// What fits a text best in this soul, or in all: each entry once.
    pub(super) fn best(
        &self,
        pass: &Pass<'_>,
        soul: Option<Soul>,
        text: &str,
        limit: usize,
    ) -> Result<Vec<Hit>, GreenError> {
        let vector = self.vector(text);
        let mut hits: Vec<Hit> = Vec::new();
        for memory in self.among(soul) {
            let found = memory
                .green
                .search(pass, text, vector.as_deref(), limit, now_ms())?;
            let is_new = |hit: &Hit| hits.iter().all(|known| known.entry.id != hit.entry.id);
            let found: Vec<Hit> = found.into_iter().filter(is_new).collect();
            hits.extend(found);
        }
        hits.sort_by(|a, b| b.score.total_cmp(&a.score));
        hits.truncate(limit);
        Ok(hits)
    }

    /// How many entries this soul has, or all: each counts once.
    pub(super) fn count(&self, pass: &Pass<'_>, soul: Option<Soul>) -> Result<u64, GreenError> {
        let mut among: Vec<&Memory> = Vec::new();
        for memory in self.among(soul) {
            if memory.green.counts(pass)?.entries > 0 {
                among.push(memory);
            }
        }
        match among[..] {
            [] => Ok(0),
            [one] => Ok(one.green.counts(pass)?.entries),
            _ => {
                let mut ids = HashSet::new();
                for memory in among {
                    ids.extend(memory.green.ids(pass)?);
                }
                Ok(ids.len() as u64)
            }
        }
    }

    /// An entry for clients.
    pub(super) fn told(&self, pass: &Pass<'_>, entry: Entry) -> MemoryEntry {
        let has = |memory: &&Memory| memory.green.get(pass, entry.id).is_ok();
        let souls = self.all.iter().filter(has);
        let souls = souls.map(|memory| soul_name(memory.soul));
        let souls = souls.collect();
        told(entry, souls)
    }
}

impl Trust {
    /// What this soul of the process remembers.
    pub(crate) fn green(&self, soul: Soul) -> Option<&Green> {
        self.memories.of(soul).map(|memory| &memory.green)
    }

    /// The soul that a request names, if it lives here.
    pub(crate) fn named_soul(&self, named: Option<SoulName>) -> Result<Option<Soul>, WireError> {
        let Some(soul) = named.map(soul_named) else {
            return Ok(None);
        };
        if self.memories.of(soul).is_some() {
            return Ok(Some(soul));
        }
        let message = format!(
            "field \"soul\": the {soul} soul does not live in this process; `--soul` says which ones do"
        );
        Err(WireError::in_field(ErrorCode::NotFound, "soul", message))
    }

    /// The soul in which this conversation lives. Blocks on the disk.
    pub(crate) fn living_soul(&self, conversation: ConversationId) -> Soul {
        self.memories.living(conversation).0
    }

    /// From now on meaning is searched, too. What was remembered meanwhile gets its vectors, step by step.
    pub(crate) fn embed_by(&self, embedder: Arc<dyn Embedder>, holds: Vec<Hold>) {
        let space = Space::of(&*embedder);
        if (space.name.as_str(), space.dimensions) != SPACE {
            tracing::error!(
                name = space.name,
                "this embedding model is not the one that is kept"
            );
            return;
        }
        if self.memories.embedder.set((embedder, holds)).is_err() {
            return;
        }
        for memory in self.memories.all() {
            self.reembed(memory);
        }
    }

    fn reembed(&self, memory: &Memory) {
        let Some((embedder, _)) = self.memories.embedder.get() else {
            return;
        };
        loop {
            let Ok(pass) = self.red_thread.pass() else {
                return;
            };
            match memory.green.reembed(&pass, &**embedder, BATCH) {
                Ok(step) if step.done == 0 || step.left == 0 => return,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "some memories have no vectors for now");
                    return;
                }
            }
        }
    }
}
