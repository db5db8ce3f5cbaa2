//! Who she is in this process: the persona of the settings, or the one that the operator chose while she ran.
//!
//! Another persona is a soul check (axiom 10): [`Who::ask`] says what is asked for, [`Who::choose`] takes the
//! consent and makes it so. A choice is kept with its receipt, which is for the persona as it was: where its
//! file is another one at the next start, the choice does not count any more.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use janet_vault::audit::{AuditError, Event, Id, Name};
use janet_vault::constitution::Constitution;
use janet_vault::desk::{Action, Consent, ConsentError, Receipt, subject_of};
use janet_vault::identity::Identity;
use janet_vault::persona::{
    BRIEF_LAW, Composed, Law, Persona, PersonaError, PersonaId, Shelf, compose,
};
use janet_vault::red_thread::Pass;
use serde::{Deserialize, Serialize};

use crate::config::{self, Config};

/// The file with the operator's choice, in the folder of state.
const CHOSEN: &str = "persona.json";
/// More than such a file ever has.
const MOST_BYTES: u64 = 8 << 10;

/// Why she stays who she is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WhoError {
    /// There is no such persona, or it cannot be used.
    #[error(transparent)]
    Persona(#[from] PersonaError),
    /// The consent is for something else: another persona, or this one before its file changed.
    #[error(transparent)]
    Consent(#[from] ConsentError),
    /// The audit log did not take it.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The choice cannot be kept.
    #[error("the choice of a persona cannot be kept in {}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What is asked for when she is to be somebody else.
#[derive(Debug)]
pub(crate) struct Ask {
    /// What a consent is for: this persona, with every word of it.
    pub(crate) subject: [u8; 32],
    /// For the operator, shown and spoken.
    pub(crate) prompt: String,
    /// What comes of it.
    pub(crate) impact: String,
}

/// The operator's choice as it is kept.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Chosen {
    persona_id: String,
    receipt: Receipt,
}

/// Who she is.
#[derive(Debug)]
pub(crate) struct Who {
    /// The constitution, as the language model is told of it.
    law: String,
    shelf: Shelf,
    folder: PathBuf,
    own: Option<String>,
    context_tokens: usize,
    is_asked_for: bool,
    persona: Mutex<Persona>,
}

impl Who {
    /// The persona of the settings or, where nobody set one, the operator's choice. A choice that does not
    /// count any more is told in the log.
    pub(crate) fn open(config: &Config) -> Self {
        let folder = config.conversation.data_dir.clone();
        let config::Persona {
            who,
            is_asked_for,
            prompt,
        } = &config.persona;
        let shelf = Shelf::at(&folder);
        let chosen = if *is_asked_for {
            None
        } else {
            chosen(&folder, &shelf)
        };
        Self {
            law: law(),
            shelf,
            folder,
            own: prompt.clone(),
            context_tokens: config.engine.context_tokens,
            is_asked_for: *is_asked_for,
            persona: Mutex::new(chosen.unwrap_or_else(|| who.clone())),
        }
    }

    /// What the language model is told first.
    pub(crate) fn prompt(&self) -> Composed {
        self.composed(&self.lock())
    }

    /// Tells somebody what the language model is to be told first. Of what is told at the same time, the last
    /// is what holds.
    pub(crate) fn tell(&self, told: impl FnOnce(&str)) {
        let persona = self.lock();
        told(&self.composed(&persona).text);
    }

    /// Which persona she is.
    pub(crate) fn active(&self) -> PersonaId {
        self.lock().id.clone()
    }

    /// What the log is told at a start where a setting says who she is: nobody was asked for it.
    pub(crate) fn set(&self) -> Option<Event> {
        let persona = || Name::new(&self.active().to_string());
        self.is_asked_for
            .then(|| Event::PersonaSet { persona: persona() })
    }

    /// All that she can be. Files that cannot be used are left out; the log says why.
    pub(crate) fn list(&self) -> Result<Vec<janet_protocol::Persona>, WhoError> {
        let mut out = Vec::new();
        for one in self.shelf.list()? {
            match one.persona {
                Ok(persona) => out.push(janet_protocol::Persona {
                    persona_id: persona.id.to_string(),
                    name: persona.name,
                    description: persona.description,
                }),
                Err(error) => tracing::warn!(%error, "a persona cannot be used"),
            }
        }
        Ok(out)
    }

    /// What the operator is to be asked before she becomes this persona.
    pub(crate) fn ask(&self, id: &str) -> Result<Ask, WhoError> {
        let persona = self.shelf.get(&PersonaId::parse(id)?)?;
        let mut impact =
            "She speaks as another persona in every conversation that begins from then on. The \
                          constitution stays as it is."
                .to_owned();
        if self.is_asked_for {
            impact.push_str(" At the next start the setting persona.name counts again.");
        }
        if self.own.is_some() {
            impact.push_str(" The setting persona.prompt still takes the place of its words.");
        }
        Ok(Ask {
            subject: subject(&persona),
            prompt: format!("Change of persona requested: “{}”. Proceed?", persona.id),
            impact,
        })
    }

    /// Makes her this persona, and keeps that. The consent has to be for it as it is now; `note` writes the
    /// audit log, and where it does not, nothing is done. What is begun from now on is to be told
    /// ([`Who::tell`]).
    pub(crate) fn choose(
        &self,
        pass: &Pass<'_>,
        consent: Consent,
        id: &str,
        note: impl FnOnce(&Event) -> Result<u64, AuditError>,
    ) -> Result<Receipt, WhoError> {
        let persona = self.shelf.get(&PersonaId::parse(id)?)?;
        let receipt = consent.spend(pass, &Action::PersonaChange, &subject(&persona))?;
        note(&Event::PersonaChanged {
            persona: Name::new(persona.id.as_str()),
            receipt: Id(receipt.id),
        })?;
        let chosen = Chosen {
            persona_id: persona.id.to_string(),
            receipt,
        };
        // Held while it is written: of two choices at once, the later in the file is the later here.
        let mut active = self.lock();
        let path = self.folder.join(CHOSEN);
        write(&path, &chosen).map_err(|source| WhoError::Io { path, source })?;
        *active = persona;
        Ok(chosen.receipt)
    }

    fn composed(&self, persona: &Persona) -> Composed {
        let law = Law {
            full: &self.law,
            brief: BRIEF_LAW,
        };
        compose(law, persona, self.own.as_deref(), self.context_tokens)
    }

    fn lock(&self) -> MutexGuard<'_, Persona> {
        self.persona.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the language model would be told first, were she this persona.
pub(crate) fn prompt_as(config: &Config, persona: &Persona) -> Composed {
    Who::open(config).composed(persona)
}

/// The constitution that ships. Were it not as it is pinned, the server would not start; what is left says
/// the same in fewer words.
fn law() -> String {
    match Constitution::shipped() {
        Ok(constitution) => constitution.prompt(),
        Err(error) => {
            tracing::error!(%error, "the constitution is not as it should be");
            BRIEF_LAW.to_owned()
        }
    }
}

/// Which persona the operator chose, by what the file says of itself.
pub(crate) fn peek(folder: &Path) -> Option<PersonaId> {
    let chosen = read(&folder.join(CHOSEN)).ok().flatten()?;
    PersonaId::parse(&chosen.persona_id).ok()
}

/// A persona with every word of it.
fn subject(persona: &Persona) -> [u8; 32] {
    subject_of(&[persona.id.as_str().as_bytes(), persona.to_toml().as_bytes()])
}

/// The operator's choice, if it still counts.
fn chosen(folder: &Path, shelf: &Shelf) -> Option<Persona> {
    let why = match judged(folder, shelf) {
        Ok(persona) => return persona,
        Err(why) => why,
    };
    tracing::warn!("the persona that was chosen does not count: {why}; choose it again");
    None
}

fn judged(folder: &Path, shelf: &Shelf) -> Result<Option<Persona>, String> {
    let path = folder.join(CHOSEN);
    let Some(chosen) = read(&path).map_err(|error| format!("{}: {error}", path.display()))? else {
        return Ok(None);
    };
    let said = |error: &dyn std::error::Error| error.to_string();
    let id = PersonaId::parse(&chosen.persona_id).map_err(|error| said(&error))?;
    let persona = shelf.get(&id).map_err(|error| said(&error))?;
    let identity = Identity::load_or_create(folder).map_err(|error| said(&error))?;
    let receipt = &chosen.receipt;
    if receipt.action != Action::PersonaChange.name() || !receipt.is_of(&identity.public()) {
        return Err("nobody has agreed to it".to_owned());
    }
    if receipt.subject != subject(&persona) {
        return Err(format!("`{id}` is not what it was when it was agreed to"));
    }
    Ok(Some(persona))
}

fn read(path: &Path) -> io::Result<Option<Chosen>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(Some(serde_json::from_slice(&bytes)?))
}

/// On the disk when this returns, whole or not at all.
fn write(path: &Path, chosen: &Chosen) -> io::Result<()> {
    let new = path.with_extension("json.new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    file.write_all(&serde_json::to_vec(chosen)?)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
#[path = "persona_test.rs"]
mod tests;
