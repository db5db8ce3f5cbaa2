//! Green in the running process: every write by consent, with the receipt told.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use janet_models::store::Hold;
use janet_protocol::{ErrorCode, MemoryEntry, Private, Receipt, WireError};
use janet_vault::audit::{Event, Id};
use janet_vault::conversations::ConversationId;
use janet_vault::desk::{self, Action, Consent, Needs, Request, Standing};
use janet_vault::gate::Class;
use janet_vault::green::{
    self, Embedder, Entry, EntryId, Green, GreenError, Kind, NewEntry, Source, Space, subject,
};
use janet_vault::red_thread::Pass;
use janet_vault::soul::Soul;
use tokio::task::spawn_blocking;

use super::{Trust, traces};
use crate::conversations::now_ms;

/// The model whose vectors are kept. It loads behind the port; until it has, words alone are searched.
pub(super) const SPACE: (&str, usize) = ("all-MiniLM-L6-v2", 384);
/// How long a start waits for a process that is ending.
const WAIT: Duration = Duration::from_secs(3);
/// Entries whose vectors are made anew at a time, so that nobody waits long for the model.
const BATCH: usize = 8;

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
}

/// What Janet remembers, and by what she finds it.
pub(crate) struct Memory {
    pub(crate) green: Green,
    folder: PathBuf,
    embedder: OnceLock<(Arc<dyn Embedder>, Vec<Hold>)>,
    /// What the other soul of this process remembers: it forgets what this one is told to forget.
    twin: OnceLock<Arc<Green>>,
}

/// Something was forgotten.
pub(crate) struct Forgotten {
    pub(crate) proof: green::Proof,
    pub(crate) traces: traces::Found,
    /// The entry of the audit log that says so.
    pub(crate) audit_number: u64,
}

/// What this soul remembers.
pub(crate) fn open_green(data_dir: &Path, soul: Soul) -> Result<Green, GreenError> {
    let config = green::Config {
        soul,
        space: Space {
            name: SPACE.0.to_owned(),
            dimensions: SPACE.1,
        },
        wait_for_lock: WAIT,
    };
    Green::open(&soul.folder(data_dir), config, now_ms())
}

impl Memory {
    pub(super) fn open(data_dir: &Path, soul: Soul) -> Result<Self, GreenError> {
        Ok(Self {
            green: open_green(data_dir, soul)?,
            folder: soul.folder(data_dir),
            embedder: OnceLock::new(),
            twin: OnceLock::new(),
        })
    }

    /// One vector; `None` while there is no model for it.
    pub(super) fn vector(&self, text: &str) -> Option<Vec<f32>> {
        let (embedder, _) = self.embedder.get()?;
        let made = embedder.embed(&[text]);
        let made = made.inspect_err(|error| tracing::warn!(%error, "a text has no vector for now"));
        made.ok()?.pop()
    }
}

impl Trust {
    /// The other soul of this process remembers, too.
    pub(crate) fn remembers_with(&self, twin: Arc<Green>) {
        // There is one other soul, opened once.
        self.memory.twin.set(twin).ok();
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
        if self.memory.embedder.set((embedder, holds)).is_err() {
            return;
        }
        let Some((embedder, _)) = self.memory.embedder.get() else {
            return;
        };
        loop {
            let Ok(pass) = self.red_thread.pass() else {
                return;
            };
            match self.memory.green.reembed(&pass, &**embedder, BATCH) {
                Ok(step) if step.done == 0 || step.left == 0 => return,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "some memories have no vectors for now");
                    return;
                }
            }
        }
    }

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
                conversation: Some(asker.conversation),
                description: description.to_owned().into(),
            },
            created_ms: now_ms(),
        };
        let id = self
            .with_green(move |trust, pass| {
                let vector = trust.memory.vector(new.text.expose());
                let id = trust.memory.green.remember(pass, consent, new, vector)?;
                trust.note_memory(id, by, |entry, receipt| Event::MemoryAdded {
                    entry,
                    receipt,
                });
                Ok(id)
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
        self.with_green(move |trust, pass| {
            let vector = trust.memory.vector(text.expose());
            trust.memory.green.edit(pass, consent, id, text, vector)?;
            trust.note_memory(id, by, |entry, receipt| Event::MemoryEdited {
                entry,
                receipt,
            });
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
        let gone = self.with_green(move |trust, pass| {
            let needles = match trust.memory.green.get(pass, id) {
                Ok(entry) => vec![entry],
                Err(_) => Vec::new(),
            };
            let proof = trust.memory.green.forget(pass, consent, id)?;
            let by = Id(proof.receipt.id);
            let number = trust.note_memory(id, by, |entry, receipt| Event::MemoryForgotten {
                entry,
                receipt,
            });
            if let Some(twin) = trust.memory.twin.get() {
                twin.forget_too(pass, &trust.identity.public(), &proof.receipt, id)?;
            }
            Ok((needles, proof, number))
        });
        self.forgotten(gone.await?).await
    }

    /// Forgets everything: `consent` is the answer to a soul check.
    pub(crate) async fn forget_all(
        self: &Arc<Self>,
        consent: Consent,
    ) -> Result<Forgotten, WireError> {
        let gone = self.with_green(move |trust, pass| {
            let needles = trust.memory.green.list(pass, None, traces::MOST_NEEDLES)?;
            let proof = trust.memory.green.forget_all(pass, consent)?;
            let event = Event::MemoryEmptied {
                entries: proof.entries,
                receipt: Id(proof.receipt.id),
            };
            let number = trust.note(&event).unwrap_or_default();
            if let Some(twin) = trust.memory.twin.get() {
                twin.forget_all_too(pass, &trust.identity.public(), &proof.receipt)?;
            }
            Ok((needles, proof, number))
        });
        self.forgotten(gone.await?).await
    }

    /// The question for it.
    pub(crate) async fn forget_all_request(
        self: &Arc<Self>,
        asker: &Asker,
    ) -> Result<Request, WireError> {
        let counts = self
            .with_green(|trust, pass| trust.memory.green.counts(pass))
            .await?;
        let entries = match counts.entries {
            1 => "1 memory".to_owned(),
            n => format!("{n} memories"),
        };
        Ok(Request {
            impact: format!("{entries} will be gone for ever, from every file.").into(),
            prompt: format!("Forget everything, all {entries}?").into(),
            needs: Needs::ClickOrSafeWord,
            standing: Standing::Suspended,
            ..request(asker, Action::ForgetAll, subject::forget_all())
        })
    }

    /// What fits a text best, with how well it fits.
    pub(crate) async fn search(
        self: &Arc<Self>,
        text: Private<String>,
        limit: usize,
    ) -> Result<(Vec<MemoryEntry>, u64), WireError> {
        self.with_green(move |trust, pass| {
            let green = &trust.memory.green;
            let vector = trust.memory.vector(text.expose());
            let hits = green.search(pass, text.expose(), vector.as_deref(), limit, now_ms())?;
            let found = hits.into_iter().map(|hit| MemoryEntry {
                score: Some(f64::from(hit.score)),
                ..told(hit.entry)
            });
            Ok((found.collect(), green.counts(pass)?.entries))
        })
        .await
    }

    /// The one memory that these words mean; `None`: none fits well enough to be sure.
    pub(crate) async fn best_memory(
        self: &Arc<Self>,
        text: Private<String>,
    ) -> Result<Option<EntryId>, WireError> {
        self.with_green(move |trust, pass| {
            let vector = trust.memory.vector(text.expose());
            let green = &trust.memory.green;
            let hits = green.search(pass, text.expose(), vector.as_deref(), 1, now_ms())?;
            let best = hits.first().filter(|hit| {
                hit.parts.words >= SURE_WORDS
                    || hit.parts.meaning.is_some_and(|it| it >= SURE_MEANING)
            });
            Ok(best.map(|hit| hit.entry.id))
        })
        .await
    }

    /// A page of all, the newest first.
    pub(crate) async fn memories(
        self: &Arc<Self>,
        before: Option<EntryId>,
        limit: usize,
    ) -> Result<(Vec<MemoryEntry>, u64), WireError> {
        self.with_green(move |trust, pass| {
            let green = &trust.memory.green;
            let page = green.list(pass, before, limit)?;
            let entries = green.counts(pass)?.entries;
            Ok((page.into_iter().map(told).collect(), entries))
        })
        .await
    }

    /// How many there are; `None` while the red thread is pulled.
    pub(crate) async fn memory_count(self: &Arc<Self>) -> Option<u64> {
        let counts = self.with_green(|trust, pass| trust.memory.green.counts(pass));
        counts.await.ok().map(|counts| counts.entries)
    }

    /// Writes down what was done with an entry, and returns the number of that; 0 where it could not be
    /// written, which the log of the process tells.
    fn note_memory(&self, id: EntryId, receipt: Id, event: fn(Id, Id) -> Event) -> u64 {
        self.note(&event(Id(id.0), receipt)).unwrap_or_default()
    }

    /// Looks for what these entries said in every file. It is done already, and needs no pass: the red
    /// thread does not wait for it.
    async fn forgotten(
        self: &Arc<Self>,
        (gone, proof, audit_number): (Vec<Entry>, green::Proof, u64),
    ) -> Result<Forgotten, WireError> {
        let folder = self.memory.folder.clone();
        let searched = spawn_blocking(move || {
            let texts = gone.iter().map(|entry| entry.text.expose().as_bytes());
            traces::search(&folder, texts)
        });
        let died = |_| WireError::new(ErrorCode::Internal, "looking for traces died");
        Ok(Forgotten {
            proof,
            traces: searched.await.map_err(died)?,
            audit_number,
        })
    }

    async fn with_green<T: Send + 'static>(
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
fn request(asker: &Asker, action: Action, subject: [u8; 32]) -> Request {
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

fn told(entry: Entry) -> MemoryEntry {
    MemoryEntry {
        id: entry.id.to_string(),
        text: entry.text,
        kind: entry.kind.name().to_owned(),
        source: entry.source.description,
        created_ms: entry.created_ms,
        edited_ms: entry.edited_ms,
        score: None,
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
        GreenError::Consent(why) => WireError::new(ErrorCode::NotConsented, why.to_string()),
        _ => {
            tracing::error!(%error, "what is remembered cannot be used");
            WireError::new(ErrorCode::Internal, "what is remembered cannot be used now")
        }
    }
}
