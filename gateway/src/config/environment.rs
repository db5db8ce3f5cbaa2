//! The environment, read once.
//!
//! `JANET_SECTION_KEY` sets `section.key`; `JANET_PROFILE`, `JANET_CONFIG` and `JANET_HOME` stand
//! for themselves, and [`ALIASES`] are names that people know. Nothing else in this process reads a
//! variable to decide something.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Variables with a name of their own, and the keys that they set.
const ALIASES: [(&str, &str); 2] = [
    ("JANET_OFFLINE", "models.offline"),
    ("HF_ENDPOINT", "models.hf_endpoint"),
];

/// The variables of this process.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl std::fmt::Debug for Environment {
    /// Names only: a value may be a key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

impl Environment {
    /// Reads the process's environment. Values that are not UTF-8 are left out.
    pub fn read() -> Self {
        Self::from_pairs(std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }))
    }

    /// An environment made of these variables.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self {
            variables: pairs
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .collect(),
        }
    }

    /// Whether a variable is there and not empty.
    pub fn is_set(&self, name: &str) -> bool {
        self.variables.contains_key(name)
    }

    pub(super) fn get(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    /// Variables that set a key: (variable, key, text). A variable that names a section but no key
    /// of it is handed on under the key it seems to mean, so that it is refused as unknown.
    pub(super) fn settings(&self, keys: Vec<String>) -> Vec<(String, String, String)> {
        let mut by_variable: BTreeMap<String, String> = BTreeMap::new();
        let mut sections: Vec<String> = Vec::new();
        for key in keys {
            let section = key.split('.').next().unwrap_or_default().to_owned();
            if !sections.contains(&section) {
                sections.push(section);
            }
            by_variable.insert(variable(&key), key);
        }
        by_variable.extend(ALIASES.map(|(name, key)| (name.to_owned(), key.to_owned())));
        self.variables
            .iter()
            .filter_map(|(name, text)| {
                let key = by_variable.get(name).cloned().or_else(|| {
                    let section = sections.iter().find(|section| {
                        name.starts_with(&format!("JANET_{}_", section.to_uppercase()))
                    })?;
                    let rest = &name["JANET_".len() + section.len() + 1..];
                    Some(format!("{section}.{}", rest.to_lowercase()))
                })?;
                Some((name.clone(), key, text.clone()))
            })
            .collect()
    }

    /// Where weights lie when nobody says otherwise.
    pub(super) fn models_dir(&self) -> Option<PathBuf> {
        janet_models::store::models_dir(self.get("JANET_HOME").map(PathBuf::from).as_deref())
    }

    /// Where conversations lie when nobody says otherwise.
    pub(super) fn data_dir(&self) -> Option<PathBuf> {
        if let Some(home) = self.get("JANET_HOME") {
            return Some(PathBuf::from(home).join("data"));
        }
        if let Some(data) = self.get("XDG_DATA_HOME") {
            return Some(PathBuf::from(data).join("janet"));
        }
        Some(PathBuf::from(self.get("HOME")?).join(".local/share/janet"))
    }
}

/// The variable that sets a key.
fn variable(key: &str) -> String {
    format!("JANET_{}", key.replace('.', "_").to_uppercase())
}
