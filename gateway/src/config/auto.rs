//! How the auto profile chooses among the models that are here.
//!
//! Decides nothing that is not written in the profile: each pick is a key, what the machine must
//! have, and the reason in words. Every condition is kept with how it came out, for `janet config
//! explain`.

use std::fmt;

use janet_models::store::{self, Role, Store, StoreOptions};
use serde::Deserialize;
use toml::Value;

use super::error::Broken;
use super::machine::{Gpu, Machine};
use super::{ConfigError, FILE, Facts, Models, Origin};
use crate::weights;

/// A model that could be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// What the setting would be: a name of the catalogue, or `file:PATH`.
    pub value: String,
    /// What it is for.
    pub role: Role,
    /// Its size.
    pub bytes: u64,
    /// Whether all of it is in the store.
    pub is_here: bool,
}

/// The models of the store and of its catalogue. A store that cannot be read holds none.
pub(super) fn known(models: &Models) -> Vec<Known> {
    let store = Store::look(
        &models.dir,
        models.catalogue.clone(),
        StoreOptions::default(),
    );
    let listed = store.list().unwrap_or_else(|error| {
        tracing::debug!(%error, "nothing is chosen from a store that cannot be read");
        Vec::new()
    });
    let named = listed.iter().map(|listed| Known {
        value: listed.model.name.clone(),
        role: listed.model.role,
        bytes: listed.model.bytes(),
        is_here: matches!(
            listed.condition,
            store::Condition::Sound | store::Condition::Unchecked
        ),
    });
    let strangers = store.strangers().into_iter().map(|stranger| Known {
        value: format!("{FILE}{}", stranger.path.display()),
        role: stranger.role,
        bytes: stranger.bytes,
        is_here: true,
    });
    named.chain(strangers).collect()
}

/// Whether a model can be loaded, as far as can be told without loading it. Those of the catalogue
/// were made for it; a file without a name may be anything.
pub(super) fn can_be_loaded(known: &Known) -> Result<(), String> {
    match known.value.strip_prefix(FILE) {
        Some(path) => weights::check(known.role, path.as_ref()).map_err(|error| error.to_string()),
        None => Ok(()),
    }
}

/// One condition and how it came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Whether it is met.
    pub is_met: bool,
    /// What is wanted, and what there is.
    pub told: String,
}

/// One model that was looked at for one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The setting.
    pub key: String,
    /// The model; empty when there is none to look at.
    pub candidate: String,
    /// Its size.
    pub bytes: u64,
    /// All of them have to be met.
    pub conditions: Vec<Condition>,
    /// Why it would be better.
    pub reason: String,
}

impl Choice {
    /// Whether all conditions are met.
    pub fn is_taken(&self) -> bool {
        !self.candidate.is_empty() && self.conditions.iter().all(|condition| condition.is_met)
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match (self.candidate.as_str(), self.is_taken()) {
            ("", _) => "stays".to_owned(),
            (name, true) => format!("{name} ({}) is taken", megabytes(self.bytes)),
            (name, false) => format!("{name} ({}) is not taken", megabytes(self.bytes)),
        };
        write!(f, "{}: {verdict}", self.key)
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}

/// One improvement that a profile offers. The profile's own comment explains the fields.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pick {
    pub(super) key: String,
    largest: Role,
    #[serde(default)]
    min_memory_gb: u64,
    mb_per_core: Option<u64>,
    max_cores: Option<usize>,
    memory_factor: u64,
    #[serde(default)]
    gpu: bool,
    pub(super) reason: String,
}

impl Pick {
    /// Looks at every model that is larger than `now`, largest first, down to the first that can be
    /// taken.
    pub(super) fn judge(&self, facts: &Facts, now: &str) -> Vec<Choice> {
        let (machine, store) = (&facts.machine, &facts.store);
        let alone = |told: String| {
            let (candidate, bytes) = (String::new(), 0);
            let told = Condition {
                is_met: false,
                told,
            };
            vec![self.choice(candidate, bytes, vec![told])]
        };
        if self.gpu && machine.gpu != Gpu::Used {
            return alone(format!("models run on a GPU: {}", machine.gpu));
        }
        let present = store.iter().find(|known| known.value == now);
        let present = present.map_or(0, |known| known.bytes);
        let mut larger: Vec<&Known> = store
            .iter()
            .filter(|known| known.role == self.largest && known.bytes > present)
            .filter(|known| known.value != now)
            .collect();
        larger.sort_by_key(|known| std::cmp::Reverse(known.bytes));
        if larger.is_empty() {
            return alone(format!(
                "a model for {} that is larger than {now}: none is known here",
                self.largest
            ));
        }
        let mut looked_at = Vec::new();
        for known in larger {
            let mut conditions = self.conditions(machine, known);
            // The file itself is looked at last: only that of a model that would be taken.
            if conditions.iter().all(|condition| condition.is_met)
                && let Err(reason) = (facts.can_be_loaded)(known)
            {
                let (is_met, told) = (false, format!("a model that can be loaded: {reason}"));
                conditions.push(Condition { is_met, told });
            }
            let choice = self.choice(known.value.clone(), known.bytes, conditions);
            let is_taken = choice.is_taken();
            looked_at.push(choice);
            if is_taken {
                break;
            }
        }
        looked_at
    }

    fn choice(&self, candidate: String, bytes: u64, conditions: Vec<Condition>) -> Choice {
        Choice {
            key: self.key.clone(),
            candidate,
            bytes,
            conditions,
            reason: self.reason.clone(),
        }
    }

    fn conditions(&self, machine: &Machine, known: &Known) -> Vec<Condition> {
        let mut conditions = vec![Condition {
            is_met: known.is_here,
            told: if known.is_here {
                "in the store: it is".to_owned()
            } else {
                let name = &known.value;
                format!("in the store: it is not; `janet models pull {name}` fetches it")
            },
        }];
        if let Some(mb) = self.mb_per_core {
            let cores = self
                .max_cores
                .map_or(machine.cores, |max| machine.cores.min(max));
            let wanted = known.bytes.div_ceil(mb.saturating_mul(1_000_000).max(1));
            let most = self.max_cores.filter(|max| wanted > *max as u64);
            conditions.push(Condition {
                is_met: cores as u64 >= wanted,
                told: match most {
                    Some(max) => format!("at most {mb} MB for each of {max} cores: it is larger"),
                    None => format!("{wanted} cores ({mb} MB each): {} here", machine.cores),
                },
            });
        }
        let taken = known
            .bytes
            .saturating_mul(self.memory_factor)
            .saturating_mul(2);
        let wanted = taken.div_ceil(1 << 30).max(self.min_memory_gb);
        conditions.push(Condition {
            is_met: machine.memory_gb.is_some_and(|here| here >= wanted),
            told: match machine.memory_gb {
                None => format!("{wanted} GB of memory: how much is here is not known"),
                Some(0) => format!("{wanted} GB of memory: less than 1 here"),
                Some(here) => format!("{wanted} GB of memory: {here} here"),
            },
        });
        conditions
    }
}

/// The `[[pick]]` tables of a profile.
pub(super) fn picks(tables: Option<Value>, origin: &Origin) -> Result<Vec<Pick>, ConfigError> {
    match tables {
        None => Ok(Vec::new()),
        Some(tables) => Vec::deserialize(tables).map_err(|error| ConfigError::Syntax {
            origin: origin.clone(),
            broken: Broken::of(&error, ""),
        }),
    }
}

#[cfg(test)]
#[path = "auto_test.rs"]
mod tests;
