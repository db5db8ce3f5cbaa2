//! From statements that were distilled to memories: what is new is asked about, and kept by the answer.

use std::ops::RangeInclusive;
use std::sync::Arc;

use janet_protocol::{MemoryVerb, Private, TrustEvent, WireError};
use janet_vault::audit::{Event, Id};
use janet_vault::conversations::Stored;
use janet_vault::desk::{Action, Consent, Needs, Request, Standing};
use janet_vault::green::{EntryId, GreenError, Kind, NewEntry, Source, subject};
use janet_vault::red_thread::Pass;

use super::distil::NotDistilled;
use super::marks::Marks;
use super::memories::Memories;
use super::memory::{receipt, request};
use super::{Asker, To, Trust};
use crate::conversations::now_ms;

/// Statements of one question; nobody reads more before they say yes.
const MOST_AT_ONCE: usize = 20;
/// So many are said with the question; more are shown.
const MOST_SAID: usize = 3;
/// A statement whose meaning is this near to a memory's says nothing new; a cosine.
const SAME_MEANING: f32 = 0.9;

/// What was found in a conversation. Nothing of it is remembered yet.
#[derive(Debug)]
pub(crate) struct Found {
    asker: Asker,
    entries: Vec<NewEntry>,
    /// When something was forgotten last, as far as this knows.
    forgotten_ms: u64,
    /// The marks' number when it was read.
    since: u64,
    /// From when to when was read; `None`: there was nothing to read.
    pub(crate) read: Option<RangeInclusive<u64>>,
}

/// What is remembered now.
pub(crate) struct Kept {
    pub(crate) ids: Vec<EntryId>,
    receipt_id: String,
    texts: Vec<Private<String>>,
    /// They are the operator's own words.
    is_as_said: bool,
}

impl Found {
    /// Nothing, in these messages.
    pub(super) fn none(asker: Asker, forgotten_ms: u64, since: u64, messages: &[Stored]) -> Self {
        let ends = messages.first().zip(messages.last());
        Self {
            asker,
            entries: Vec::new(),
            forgotten_ms,
            since,
            read: ends.map(|(first, last)| first.created_ms..=last.created_ms),
        }
    }

    /// Whether the operator does not want it any more.
    pub(super) fn is_taken_back(&self, marks: &Marks) -> bool {
        marks.is_taken_back(self.asker.conversation, self.since, self.read.as_ref())
    }

    /// More of the same conversation. A statement comes once.
    pub(super) fn add(&mut self, entries: Vec<NewEntry>) {
        for entry in entries {
            let known = self.entries.iter().any(|known| known.text == entry.text);
            if !known && self.entries.len() < MOST_AT_ONCE {
                self.entries.push(entry);
            }
        }
    }

    /// The operator's own words instead, where a model makes nothing of them.
    pub(crate) fn or_words(&mut self, words: String, description: &'static str) {
        if self.entries.is_empty() {
            self.entries.push(NewEntry {
                kind: Kind::Note,
                text: words.into(),
                source: Source {
                    conversation: Some(self.asker.conversation),
                    description: description.to_owned().into(),
                },
                created_ms: now_ms(),
            });
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn texts(&self) -> Vec<&str> {
        let texts = self.entries.iter();
        texts.map(|entry| entry.text.expose().as_str()).collect()
    }

    /// The question for it.
    pub(crate) fn request(&self) -> Request {
        let texts = self.texts();
        let question = match texts.len() {
            1 => "Shall I remember that?".to_owned(),
            n => format!("Shall I remember these {n} things of our conversation?"),
        };
        let said = match texts.len() {
            0..=MOST_SAID => format!("{} {question}", texts.join(" ")),
            n => format!("I found {n} things, which I show you. {question}"),
        };
        Request {
            impact: texts.join("\n").into(),
            prompt: said.into(),
            needs: Needs::AnyAnswer,
            standing: Standing::Counts,
            ..request(&self.asker, Action::Remember, subject::remember(&texts))
        }
    }
}

impl Kept {
    /// What she says of it: distilled words are not the operator's, so they are told.
    pub(crate) fn said(&self) -> String {
        if self.is_as_said {
            return "I'll remember that.".to_owned();
        }
        let texts = self.texts.iter();
        let texts: Vec<&str> = texts.map(|text| text.expose().as_str()).collect();
        match self.texts.len() {
            0..=MOST_SAID => format!("I'll remember this: {}", texts.join(" ")),
            n => format!("I'll remember {n} things of it."),
        }
    }

    /// What clients are told, once for each.
    pub(crate) fn events(&self) -> Vec<TrustEvent> {
        let event = |id: &EntryId| TrustEvent::MemoryResult {
            action: MemoryVerb::Remember,
            success: true,
            message: "Remembered.".into(),
            id: Some(id.to_string()),
            receipt_id: Some(self.receipt_id.clone()),
            proof: None,
        };
        self.ids.iter().map(event).collect()
    }
}

impl Trust {
    /// When something was forgotten last, in any soul; 0: never.
    pub(super) async fn forgotten_last(self: &Arc<Self>) -> Result<u64, WireError> {
        self.with_memories(|trust, pass| trust.memories.forgotten_last(pass))
            .await
    }

    /// Nothing was distilled of a conversation; `since`: the marks' number when it was wished.
    pub(crate) async fn found_nothing(
        self: &Arc<Self>,
        asker: Asker,
        since: u64,
    ) -> Result<Found, WireError> {
        let forgotten_ms = self.forgotten_last().await?;
        Ok(Found::none(asker, forgotten_ms, since, &[]))
    }

    /// What a memory says, if the soul that is asked has it: what another was told is not said.
    pub(crate) async fn memory_text(
        self: &Arc<Self>,
        asker: &Asker,
        id: EntryId,
    ) -> Result<Option<Private<String>>, WireError> {
        let (soul, conversation) = (asker.soul, asker.conversation);
        self.with_memories(move |trust, pass| {
            let there = trust.memories.meant(soul, conversation);
            let entry = there.memory.green.get(pass, id).ok();
            Ok(entry.map(|entry| entry.text))
        })
        .await
    }

    /// What of it is not remembered already.
    pub(crate) async fn news(self: &Arc<Self>, mut found: Found) -> Result<Found, WireError> {
        self.with_memories(move |trust, pass| {
            let memories = &trust.memories;
            let asker = &found.asker;
            let there = memories.meant(asker.soul, asker.conversation);
            let green = &there.memory.green;
            let mut news = Vec::new();
            let mut vectors: Vec<Vec<f32>> = Vec::new();
            for entry in std::mem::take(&mut found.entries) {
                let text = entry.text.expose();
                let vector = memories.vector(text);
                let is_known = match &vector {
                    Some(vector) => {
                        let nearest = green.nearest(pass, vector, 1)?;
                        let nearest = nearest.iter().map(|(_, cosine)| *cosine);
                        let others = vectors.iter().map(|other| cosine(other, vector));
                        nearest.chain(others).any(|near| near >= SAME_MEANING)
                    }
                    None => {
                        let hits = green.search(pass, text, None, 1, now_ms())?;
                        hits.iter().any(|hit| hit.entry.text == entry.text)
                    }
                };
                if !is_known {
                    vectors.extend(vector);
                    news.push(entry);
                }
            }
            found.entries = news;
            Ok(found)
        })
        .await
    }

    /// Remembers it, if it was not taken back and nothing was forgotten meanwhile: it may be what was.
    pub(crate) async fn keep(
        self: &Arc<Self>,
        consent: Consent,
        found: &Found,
    ) -> Result<Kept, WireError> {
        let (mut entries, asker) = (found.entries.clone(), found.asker.clone());
        let (forgotten_ms, since, read) = (found.forgotten_ms, found.since, found.read.clone());
        let receipt_id = receipt(consent.receipt()).receipt_id;
        let by = Id(consent.receipt().id);
        let ids = self.with_memories(move |trust, pass| {
            if trust.memories.forgotten_last(pass)? != forgotten_ms {
                return Ok(None);
            }
            let texts = entries.iter().map(|entry| entry.text.expose());
            let vectors = texts
                .map(|text| trust.memories.vector(text))
                .collect::<Vec<_>>();
            let there = trust.memories.meant(asker.soul, asker.conversation);
            // It may have moved since it was read.
            for entry in &mut entries {
                entry.source.conversation = there.conversation;
            }
            let mut is_taken_back = false;
            // Looked at where nothing is forgotten before it is written.
            let noted = |ids: &[EntryId]| {
                let marks = trust.marks();
                is_taken_back = marks.is_taken_back(asker.conversation, since, read.as_ref());
                drop(marks);
                !is_taken_back && ids.iter().all(|id| trust.note_added(*id, by))
            };
            let green = &there.memory.green;
            let kept = green.remember_noted(pass, consent, &entries, vectors, noted);
            if is_taken_back {
                return Ok(None);
            }
            kept.map(Some)
        });
        let texts = found.entries.iter().map(|entry| entry.text.clone());
        Ok(Kept {
            ids: ids.await?.ok_or(NotDistilled::TakenBack)?,
            receipt_id,
            texts: texts.collect(),
            is_as_said: found.entries.iter().all(|entry| entry.kind == Kind::Note),
        })
    }

    /// Writes down that something is remembered; whether it could be.
    pub(super) fn note_added(&self, id: EntryId, receipt: Id) -> bool {
        let entry = Id(id.0);
        self.note(&Event::MemoryAdded { entry, receipt }).is_ok()
    }

    /// Remembers it by a standing grant; without one, nothing. All of the operator's connections are told.
    pub(super) async fn keep_by_grant(
        self: &Arc<Self>,
        asker: &Asker,
        found: &Found,
    ) -> Result<(), NotDistilled> {
        if found.is_taken_back(&self.marks()) {
            return Err(NotDistilled::TakenBack);
        }
        if found.is_empty() {
            return Ok(());
        }
        let kept = match self.by_grant(found.request(), asker.uuid.clone()).await {
            Ok(consent) => self.keep(consent, found).await,
            Err(not) => Err(not.into()),
        };
        let kept = kept.map_err(|error| NotDistilled::Memory(error.message))?;
        for event in kept.events() {
            self.tell(To::Operator, event);
        }
        Ok(())
    }

    /// Whether this may be remembered without asking.
    pub(crate) fn remembers_unasked(&self) -> bool {
        let key = Action::Remember.key();
        self.with_desk(|desk| desk.grants().iter().any(|grant| grant.action == key))
    }
}

impl Memories {
    fn forgotten_last(&self, pass: &Pass<'_>) -> Result<u64, GreenError> {
        let mut last = 0;
        for memory in self.all() {
            let newest = memory.green.forgettings(pass, 1)?;
            last = newest
                .iter()
                .fold(last, |last, (receipt, _)| last.max(receipt.at_ms));
        }
        Ok(last)
    }
}

/// Of vectors of length 1.
fn cosine(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(texts: usize) -> Found {
        let id = "0".repeat(32).parse().expect("an id");
        let asker = Asker {
            operator: "here".into(),
            conversation: id,
            uuid: "u".into(),
            soul: None,
        };
        let mut found = Found::none(asker, 0, 0, &[]);
        let entries = (0..texts).map(|n| NewEntry {
            kind: Kind::Summary,
            text: format!("The user has {n} cats.").into(),
            source: Source::default(),
            created_ms: 0,
        });
        let entries: Vec<_> = entries.collect();
        found.add(entries.clone());
        found.add(entries);
        found
    }

    #[test]
    fn a_few_are_said_and_all_are_shown_and_nothing_comes_twice() {
        for (texts, said) in [
            (1, "The user has 0 cats. Shall I remember that?"),
            (
                2,
                "The user has 0 cats. The user has 1 cats. Shall I remember these 2 things of our \
                 conversation?",
            ),
            (
                4,
                "I found 4 things, which I show you. Shall I remember these 4 things of our conversation?",
            ),
        ] {
            let request = found(texts).request();
            assert_eq!(request.prompt.expose(), said);
            assert_eq!(request.impact.expose().lines().count(), texts);
            assert_eq!(request.standing, Standing::Counts);
        }
        assert_eq!(found(50).texts().len(), MOST_AT_ONCE);
    }

    #[test]
    fn the_operators_own_words_stand_in_where_nothing_was_found() {
        let mut nothing = found(0);
        nothing.or_words("The tea is green.".into(), "your words");
        assert_eq!(nothing.texts(), ["The tea is green."]);
        let mut some = found(1);
        some.or_words("The tea is green.".into(), "your words");
        assert_eq!(some.texts(), ["The user has 0 cats."]);
    }
}
