//! Who she is: which persona, and what the operator says in its place.

use janet_vault::persona::{self, PersonaError, PersonaId, Shelf};

use super::raw::Raw;
use super::resolve::data_dir;
use super::{Check, ConfigError, Environment};
use crate::persona::peek;

/// Who she is.
#[derive(Clone, Debug, PartialEq)]
pub struct Persona {
    /// The persona that the settings name.
    pub who: persona::Persona,
    /// Somebody set it here: what the operator chose while she ran does not count.
    pub is_asked_for: bool,
    /// The operator's own words in place of the persona's; `None`: the persona's.
    pub prompt: Option<String>,
}

impl Check<'_> {
    pub(super) fn persona(
        &self,
        raw: &Raw,
        environment: &Environment,
    ) -> Result<Persona, ConfigError> {
        let origin = self.layers.origin("persona.name");
        let is_asked_for = origin.is_somebodys();
        let shelf = Shelf::at(&data_dir(&raw.conversation.data_dir, environment)?);
        let who = named(&shelf, &raw.persona.name).map_err(|source| ConfigError::Persona {
            origin,
            source: Box::new(source),
        })?;
        let prompt = raw.persona.prompt.trim();
        Ok(Persona {
            who,
            is_asked_for,
            prompt: (!prompt.is_empty()).then(|| prompt.to_owned()),
        })
    }
}

/// The persona whose voice counts: the one that the settings name or, where nobody set it, the one that the
/// operator chose while she ran.
pub(super) fn find(
    name: &str,
    is_asked_for: bool,
    folder: &str,
    environment: &Environment,
) -> Result<persona::Persona, PersonaError> {
    let Ok(folder) = data_dir(folder, environment) else {
        return named(&Shelf::at(std::path::Path::new("")), name);
    };
    let shelf = Shelf::at(&folder);
    let chosen = peek(&folder).filter(|_| !is_asked_for);
    match chosen.map(|id| shelf.get(&id)) {
        Some(Ok(persona)) => Ok(persona),
        _ => named(&shelf, name),
    }
}

fn named(shelf: &Shelf, name: &str) -> Result<persona::Persona, PersonaError> {
    shelf.get(&PersonaId::parse(name)?)
}
