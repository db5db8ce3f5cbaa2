//! A soul's own vaults behind what the bridge needs of them.

use janet_protocol::Private;
use serde::{Deserialize, Serialize};

use super::vaults::Inserted;
use super::{RedStub, Summary, Vaults, VaultsError};
use crate::conversations::{ConversationId, Conversations};
use crate::green::{Entry, EntryId, Exported, Green, Imported, Kind, Source, Which};
use crate::red::{Red, RedError};
use crate::red_thread::Pass;

/// Entries of Green that go along with a conversation at most.
const MOST_SUMMARIES: usize = 10_000;

/// An entry's numbers, and by which model they were made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vector {
    /// The model.
    pub space: String,
    /// The numbers.
    pub values: Private<Vec<f32>>,
}

/// Green and Red of one soul.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a> {
    /// What it remembers; none: no model is there to remember by.
    pub green: Option<&'a Green>,
    /// Its secrets.
    pub red: Option<&'a Red>,
    /// Its conversations, by which an entry's is named.
    pub store: &'a Conversations,
    /// Now, in ms since 1970.
    pub now_ms: u64,
}

impl Vaults for Kept<'_> {
    fn summaries(
        &self,
        pass: &Pass<'_>,
        conversation: ConversationId,
    ) -> Result<Vec<Summary>, VaultsError> {
        let Some(green) = self.green else {
            return Ok(Vec::new());
        };
        let entries = green
            .exported(pass, Which::Of(conversation), MOST_SUMMARIES)
            .map_err(|error| VaultsError(error.into()))?;
        let space = green.space();
        entries
            .into_iter()
            .map(|exported| self.summary(exported, &space.name))
            .collect()
    }

    fn insert_summaries(
        &self,
        pass: &Pass<'_>,
        entries: &[Summary],
    ) -> Result<Inserted, VaultsError> {
        let green = self.green.ok_or(VaultsError(
            "what is remembered cannot be opened here".into(),
        ))?;
        let mut batch = Vec::with_capacity(entries.len());
        let mut inserted = Inserted::default();
        for summary in entries {
            match self.entry(summary, &green.space().name)? {
                Some(imported) => batch.push(imported),
                None => inserted.refused += 1,
            }
        }
        let imports = green
            .import(pass, &batch)
            .map_err(|error| VaultsError(error.into()))?;
        inserted.added = imports.added;
        inserted.known = imports.duplicates + imports.forgotten;
        inserted.conflicts = imports.conflicts;
        inserted.refused += imports.refused;
        Ok(inserted)
    }

    fn insert_stubs(&self, pass: &Pass<'_>, stubs: &[RedStub]) -> Result<Option<u64>, VaultsError> {
        let Some(red) = self.red else {
            return Ok(None);
        };
        let names: Vec<&str> = stubs.iter().map(|it| it.name.expose().as_str()).collect();
        match red.land(pass, &names, self.now_ms) {
            Ok(_) => Ok(Some(stubs.len() as u64)),
            Err(RedError::Locked | RedError::Absent) => Ok(None),
            Err(error) => Err(VaultsError(error.into())),
        }
    }
}

impl Kept<'_> {
    fn summary(&self, exported: Exported, space: &str) -> Result<Summary, VaultsError> {
        let Exported { entry, vector, .. } = exported;
        // One that has ended has no name any more that means anything.
        let conversation = entry.source.conversation;
        let conversation = conversation.and_then(|id| self.store.standing(id).ok());
        Ok(Summary {
            id: entry.id.0,
            kind: entry.kind.name().to_owned(),
            text: entry.text,
            description: entry.source.description,
            conversation: conversation.map(|(uuid, _)| uuid),
            soul: entry.soul,
            created_ms: entry.created_ms,
            edited_ms: entry.edited_ms,
            differs_from: entry.differs_from.map(|id| crate::hex::encode(&id.0)),
            vector: vector.map(|values| Vector {
                space: space.to_owned(),
                values: values.into(),
            }),
            receipt: entry.receipt,
        })
    }

    /// None: of a kind that is not known here.
    fn entry(&self, summary: &Summary, space: &str) -> Result<Option<Imported>, VaultsError> {
        let Some(kind) = Kind::named(&summary.kind) else {
            return Ok(None);
        };
        let conversation = match summary.conversation {
            Some(uuid) => self
                .store
                .find(uuid)
                .map_err(|error| VaultsError(error.into()))?,
            None => None,
        };
        let vector = summary.vector.as_ref().filter(|it| it.space == space);
        Ok(Some(Imported {
            entry: Entry {
                id: EntryId(summary.id),
                kind,
                text: summary.text.clone(),
                source: Source {
                    conversation,
                    description: summary.description.clone(),
                },
                created_ms: summary.created_ms,
                edited_ms: summary.edited_ms,
                soul: summary.soul,
                differs_from: summary
                    .differs_from
                    .as_deref()
                    .and_then(|id| id.parse().ok()),
                receipt: summary.receipt.clone(),
            },
            vector: vector.map(|it| it.values.expose().clone()),
        }))
    }
}

#[cfg(test)]
#[path = "keeping_test.rs"]
mod tests;
