//! What the auto profile improves on, and the machine that it looks at.
//!
//! Decides nothing that is not written in the profile: each pick is a key, a value, what the
//! machine must have, and the reason in words.

use serde::Deserialize;
use toml::Value;

use super::{ConfigError, Origin};

/// What this process may use of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Cores that this process may run on.
    pub cores: usize,
    /// Main memory, 0 where it cannot be told.
    pub memory_gb: u64,
}

impl Machine {
    /// The machine this runs on.
    pub fn here() -> Self {
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_gb: memory_gb(&std::fs::read_to_string("/proc/meminfo").unwrap_or_default()),
        }
    }
}

/// `MemTotal` of `/proc/meminfo`, in GB of 1024³ bytes, rounded.
fn memory_gb(meminfo: &str) -> u64 {
    meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok())
        .map_or(0, |kib| (kib + (1 << 19)) >> 20)
}

/// One improvement that a profile offers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pick {
    pub(super) key: String,
    pub(super) value: Value,
    #[serde(default)]
    min_cores: usize,
    #[serde(default)]
    min_memory_gb: u64,
    reason: String,
}

impl Pick {
    /// The reason, if the machine has what it takes.
    pub(super) fn fits(&self, machine: &Machine) -> Option<String> {
        let fits = machine.cores >= self.min_cores && machine.memory_gb >= self.min_memory_gb;
        fits.then(|| self.reason.clone())
    }
}

/// The `[[pick]]` tables of a profile.
pub(super) fn picks(tables: Option<Value>, origin: &Origin) -> Result<Vec<Pick>, ConfigError> {
    match tables {
        None => Ok(Vec::new()),
        Some(tables) => Vec::deserialize(tables).map_err(|source| ConfigError::Syntax {
            origin: origin.clone(),
            source,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::memory_gb;

    #[test]
    fn memory_is_read_from_meminfo() {
        assert_eq!(
            memory_gb("MemTotal:       24576000 kB\nMemFree: 1 kB\n"),
            23
        );
        assert_eq!(memory_gb(""), 0);
    }
}
