//! Green in the running process: every write by consent, with the receipt told.

use std::sync::Arc;

use janet_protocol::{ErrorCode, MemoryEntry, Private, Receipt, SoulName, WireError};
use janet_vault::audit::{Event, Id};
use janet_vault::conversations::ConversationId;
use janet_vault::desk::{self, Action, Consent, Needs, Request, Standing};
use janet_vault::gate::Class;
use janet_vault::green::{self, Entry, EntryId, GreenError, Kind, NewEntry, Source, subject};
use janet_vault::red_thread::Pass;
use janet_vault::soul::Soul;
use tokio::task::spawn_blocking;

use super::memories::Memory;
use super::{Trust, traces};
use crate::conversations::now_ms;

/// A memory is meant by words that it has most of, or that mean much the same: what is forgotten by
/// mistake is gone.
const SURE_WORDS: f32 = 0.75;
/// See `SURE_WORDS`; a cosine.
const SURE_MEANING: f32 = 0.65;

/// Who asks, and where.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    /// The device's id, or `here`.
    pub(crate) operator: String,
    pub(crate) conversation: ConversationId,
    /// The conversation, as clients call it.
    pub(crate) uuid: String,
    /// The soul that the request names; none: the one in which the conversation lives.
    pub(crate) soul: Option<Soul>,
}

/// Something was forgotten.
pub(crate) struct Forgotten {
    pub(crate) proof: green::Proof,
    pub(crate) traces: traces::Found,
    /// The entry of the audit log that says so.
    pub(crate) audit_number: u64,
}

/// What became of a consent in one soul after the other: the proof with whether it is by this very consent,
/// and the number of the entry in the log.
#[derive(Debug)]
struct CarriedOut<P>(Option<((P, bool), u64)>);

impl<P> Default for CarriedOut<P> {
    fn default() -> Self {
        Self(None)
    }
}

impl<P> CarriedOut<P> {
    /// It was done in a soul. `note` writes it down, at the first of them: the next one may fail.
    fn add(&mut self, proof: P, is_by_this: bool, note: impl FnOnce() -> u64) {
        match &mut self.0 {
            None => self.0 = Some(((proof, is_by_this), note())),
            // That one had been told so before, by another receipt.
            Some((known, _)) if is_by_this && !known.1 => *known = (proof, true),
            Some(_) => {}
        }
    }
}

impl Trust {
    /// Remembers what the operator's own words or click asked for.
    pub(crate) async fn remember(
        self: &Arc<Self>,
        asker: Asker,
        text: Private<String>,
        description: &'static str,
    ) -> Result<(EntryId, Receipt), WireError> {
        let subject = subject::remember(&[text.expose()]);
        let request = request(&asker, Action::Remember, subject);
        let consent = self.commanded(request, asker.uuid).await?;
        let (receipt, by) = (receipt(consent.receipt()), Id(consent.receipt().id));
        let new = NewEntry {
            kind: Kind::Note,
            text,
            source: Source {
                conversation: None,
                description: description.to_owned().into(),
            },
            created_ms: now_ms(),
        };
        let id = self
            .with_memories(move |trust, pass| {
                let vector = trust.memories.vector(new.text.expose());
                let there = trust.memories.meant(asker.soul, asker.conversation);
                let mut new = new;
                new.source.conversation = there.conversation;
                let green = &there.memory.green;
                let noted = |ids: &[EntryId]| ids.iter().all(|id| trust.note_added(*id, by));
                let ids = green.remember_noted(pass, consent, &[new], vec![vector], noted)?;
                Ok(*ids.first().expect("one entry has one id"))
            })
            .await?;
        Ok((id, receipt))
    }

    /// Puts another text in an entry's place.
    pub(crate) async fn edit(
        self: &Arc<Self>,
        asker: Asker,
        id: EntryId,
        text: Private<String>,
    ) -> Result<Receipt, WireError> {
        let subject = subject::edit(id, text.expose());
        let request = request(&asker, Action::Edit, subject);
        let consent = self.commanded(request, asker.uuid).await?;
        let (receipt, by) = (receipt(consent.receipt()), Id(consent.receipt().id));
        self.with_memories(move |trust, pass| {
            let vector = trust.memories.vector(text.expose());
            let given = consent.receipt().clone();
            let key = trust.identity.public();
            let mut consent = Some(consent);
            let holds = |it: &&Memory| it.green.get(pass, id).is_ok();
            let mut changed = false;
            for memory in trust.memories.among(asker.soul).filter(holds) {
                let (green, vector) = (&memory.green, vector.clone());
                match consent.take() {
                    Some(consent) => {
                        let (entry, text) = (Id(id.0), text.clone());
                        let edited = Event::MemoryEdited { entry, receipt: by };
                        let noted = || trust.note(&edited).is_ok();
                        green.edit_noted(pass, consent, id, text, vector, noted)?;
                    }
                    None => drop(green.edit_too(pass, &key, &given, id, &text, vector)?),
                }
                changed = true;
            }
            if !changed {
                return Err(GreenError::Unknown(id));
            }
            Ok(())
        })
        .await?;
        Ok(receipt)
    }

    /// Forgets one entry, and looks whether it is gone.
    pub(crate) async fn forget(
        self: &Arc<Self>,
        asker: Asker,
        id: EntryId,
    ) -> Result<Forgotten, WireError> {
        let request = request(&asker, Action::Forget, subject::forget(id));
        let consent = self.commanded(request, asker.uuid).await?;
        // What a model is reading may be what goes.
        self.marks().renew_all();
        let gone = self.with_memories(move |trust, pass| {
            let given = consent.receipt().clone();
            let key = trust.identity.public();
            let mut consent = Some(consent);
            let by = Id(given.id);
            let (mut needles, mut carried_out) = (Vec::new(), CarriedOut::default());
            for memory in trust.memories.among(asker.soul) {
                needles.extend(memory.green.get(pass, id));
                let one = match consent.take() {
                    Some(consent) => match memory.green.forget(pass, consent, id) {
                        Ok(one) => Some(one),
                        Err(GreenError::Unknown(_)) => None,
                        Err(error) => return Err(error),
                    },
                    None => memory.green.forget_too(pass, &key, &given, id)?,
                };
                if let Some(one) = one {
                    let (entry, is_by_this) = (Id(id.0), one.receipt.id == given.id);
                    let event = Event::MemoryForgotten { entry, receipt: by };
                    // It is gone, whatever the log says of it.
                    let note = || trust.note(&event).unwrap_or_default();
                    carried_out.add(one, is_by_this, note);
                }
            }
            let (proof, number) = carried_out.0.ok_or(GreenError::Unknown(id))?;
            Ok((texts(&needles), proof.0, number))
        });
        self.forgotten(gone.await?).await
    }

    /// Forgets everything: `consent` is the answer to a soul check.
    pub(crate) async fn forget_all(
        self: &Arc<Self>,
        consent: Consent,
    ) -> Result<Forgotten, WireError> {
        self.marks().renew_all();
        let gone = self.with_memories(move |trust, pass| {
            let entries = trust.memories.count(pass, None)?;
            let given = consent.receipt().clone();
            let key = trust.identity.public();
            let mut consent = Some(consent);
            let event = Event::MemoryEmptied {
                entries,
                receipt: Id(given.id),
            };
            let (mut needles, mut number) = (Vec::new(), None);
            for memory in trust.memories.all() {
                let green = &memory.green;
                needles.extend(green.list(pass, None, traces::MOST_NEEDLES)?);
                match consent.take() {
                    Some(consent) => green.forget_all(pass, consent)?,
                    None => green.forget_all_too(pass, &key, &given)?,
                };
                // In the log before the next one may fail.
                number.get_or_insert_with(|| trust.note(&event).unwrap_or_default());
            }
            let proof = green::Proof {
                entries,
                receipt: given,
            };
            Ok((texts(&needles), proof, number.unwrap_or_default()))
        });
        self.forgotten(gone.await?).await
    }

    /// The question for it.
    pub(crate) async fn forget_all_request(
        self: &Arc<Self>,
        asker: &Asker,
    ) -> Result<Request, WireError> {
        let entries = self.memory_words().await?;
        Ok(Request {
            impact: format!("{entries} will be gone for ever, from every file.").into(),
            prompt: format!("Forget everything, all {entries}?").into(),
            needs: Needs::ClickOrSafeWord,
            standing: Standing::Suspended,
            ..request(asker, Action::ForgetAll, subject::forget_all())
        })
    }

    /// How much is remembered, for people.
    pub(super) async fn memory_words(self: &Arc<Self>) -> Result<String, WireError> {
        let counted = self.with_memories(|trust, pass| trust.memories.count(pass, None));
        Ok(match counted.await? {
            1 => "1 memory".to_owned(),
            n => format!("{n} memories"),
        })
    }

    /// What fits a text best, with how well it fits.
    pub(crate) async fn search(
        self: &Arc<Self>,
        soul: Option<Soul>,
        text: Private<String>,
        limit: usize,
    ) -> Result<(Vec<MemoryEntry>, u64), WireError> {
        self.with_memories(move |trust, pass| {
            let memories = &trust.memories;
            let hits = memories.best(pass, soul, text.expose(), limit)?;
            let found = hits.into_iter().map(|hit| MemoryEntry {
                score: Some(f64::from(hit.score)),
                ..memories.told(pass, hit.entry)
            });
            Ok((found.collect(), memories.count(pass, soul)?))
        })
        .await
    }

    /// The one memory of all souls that these words mean; `None`: none fits well enough to be sure.
    pub(crate) async fn best_memory(
        self: &Arc<Self>,
        text: Private<String>,
    ) -> Result<Option<EntryId>, WireError> {
        self.with_memories(move |trust, pass| {
            let hits = trust.memories.best(pass, None, text.expose(), 1)?;
            let best = hits.first().filter(|hit| {
                hit.parts.words >= SURE_WORDS
                    || hit.parts.meaning.is_some_and(|it| it >= SURE_MEANING)
            });
            Ok(best.map(|hit| hit.entry.id))
        })
        .await
    }

    /// A page of what this soul remembers, or all do, the newest first.
    pub(crate) async fn memories(
        self: &Arc<Self>,
        soul: Option<Soul>,
        before: Option<EntryId>,
        limit: usize,
    ) -> Result<(Vec<MemoryEntry>, u64), WireError> {
        self.with_memories(move |trust, pass| {
            let page = trust.memories.page(pass, soul, before, limit)?;
            Ok((page, trust.memories.count(pass, soul)?))
        })
        .await
    }

    /// How many this soul has, or all have; `None` while the red thread is pulled.
    pub(crate) async fn memory_count(self: &Arc<Self>, soul: Option<Soul>) -> Option<u64> {
        let counted = self.with_memories(move |trust, pass| trust.memories.count(pass, soul));
        counted.await.ok()
    }

    /// Looks for what these entries said. It is done already, and needs no pass: the red thread does not
    /// wait for it.
    async fn forgotten(
        self: &Arc<Self>,
        (gone, proof, audit_number): (Vec<Private<String>>, green::Proof, u64),
    ) -> Result<Forgotten, WireError> {
        Ok(Forgotten {
            proof,
            traces: self.traces(gone).await,
            audit_number,
        })
    }

    /// Looks for these texts in every file that Janet keeps. They are gone, however that ends: one that did not
    /// end has proved nothing.
    pub(super) async fn traces(self: &Arc<Self>, gone: Vec<Private<String>>) -> traces::Found {
        let folder = self.memories.data_dir.clone();
        let searched = spawn_blocking(move || {
            traces::search(&folder, gone.iter().map(|text| text.expose().as_bytes()))
        });
        searched.await.unwrap_or_else(|_| {
            tracing::error!("looking for traces of what is forgotten died");
            traces::Found { bytes: 0, files: 1 }
        })
    }

    pub(super) async fn with_memories<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self, &Pass<'_>) -> Result<T, GreenError> + Send + 'static,
    ) -> Result<T, WireError> {
        let trust = Arc::clone(self);
        let done = spawn_blocking(move || {
            let pass = trust.red_thread.pass();
            let pass =
                pass.map_err(|error| WireError::new(ErrorCode::RedThread, error.to_string()))?;
            work(&trust, &pass).map_err(refused)
        });
        let died = |_| WireError::new(ErrorCode::Internal, "a request about memory died");
        done.await.map_err(died)?
    }
}

/// A question of this operator in this conversation, to be answered by what asked for it.
pub(super) fn request(asker: &Asker, action: Action, subject: [u8; 32]) -> Request {
    Request {
        operator: asker.operator.clone(),
        action,
        conversation: Some(asker.conversation),
        impact: String::new().into(),
        prompt: String::new().into(),
        subject,
        needs: Needs::AnyAnswer,
        standing: Standing::Suspended,
    }
}

fn texts(entries: &[Entry]) -> Vec<Private<String>> {
    entries.iter().map(|entry| entry.text.clone()).collect()
}

/// An entry that these souls remember.
pub(super) fn told(entry: Entry, souls: Vec<SoulName>) -> MemoryEntry {
    MemoryEntry {
        id: entry.id.to_string(),
        text: entry.text,
        kind: entry.kind.name().to_owned(),
        source: entry.source.description,
        created_ms: entry.created_ms,
        edited_ms: entry.edited_ms,
        score: None,
        souls,
        receipt: receipt(&entry.receipt),
    }
}

/// A receipt as the wire has it.
pub(crate) fn receipt(receipt: &desk::Receipt) -> Receipt {
    Receipt {
        receipt_id: receipt
            .id
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
        action: receipt.action.clone(),
        how: receipt.how.clone(),
        operator: receipt.operator.clone(),
        at_ms: receipt.at_ms,
    }
}

fn refused(error: GreenError) -> WireError {
    let text = |code| WireError::in_field(code, "text", error.to_string());
    match &error {
        GreenError::Class { class, .. } => {
            let why = match class {
                Class::Secret => "this holds a secret: put it into the vault instead",
                Class::Sensitive => {
                    "this is too private to be kept in the open; it stays in this conversation"
                }
                _ => "there is nothing in this to remember",
            };
            WireError::in_field(ErrorCode::NotKept, "text", why)
        }
        GreenError::Empty => text(ErrorCode::EmptyField),
        GreenError::TooLong { .. } => text(ErrorCode::FieldTooLarge),
        GreenError::Unknown(_) => WireError::in_field(
            ErrorCode::NotFound,
            "id",
            "nothing is remembered under this id",
        ),
        GreenError::Unlogged => WireError::new(ErrorCode::Internal, error.to_string()),
        GreenError::Consent(why) => WireError::new(ErrorCode::NotConsented, why.to_string()),
        _ => {
            tracing::error!(%error, "what is remembered cannot be used");
            WireError::new(ErrorCode::Internal, "what is remembered cannot be used now")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forgotten_in_one_soul_is_written_down_before_the_next_is_tried() {
        let mut carried_out = CarriedOut::default();
        let mut noted = 0;
        carried_out.add("by an earlier one", false, || {
            noted += 1;
            7
        });
        // Should the next soul fail, this is what stands.
        assert_eq!(noted, 1);
        carried_out.add("by this", true, || unreachable!("it is in the log"));
        carried_out.add("by this, too", true, || unreachable!("it is in the log"));
        assert_eq!(carried_out.0, Some((("by this", true), 7)));
    }
}
