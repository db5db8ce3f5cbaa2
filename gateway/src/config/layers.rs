//! The layers of the configuration, laid over each other key by key.
//!
//! Decides which value of a key counts and remembers where it came from. Checks that each key
//! exists and is of its type, against the defaults; ranges are `resolve`'s business.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;
use toml::{Table, Value};

use super::auto::{self, Choice, Known};
use super::error::Broken;
use super::raw::Raw;
use super::{ConfigError, Environment, Machine, persona};

/// The profiles that are built in, by name.
pub const PROFILES: [(&str, &str); 2] = [
    ("auto", include_str!("../../../profiles/auto.toml")),
    ("cpu", include_str!("../../../profiles/cpu.toml")),
];

/// What the command line asked for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `--profile`; without it `JANET_PROFILE`, else `auto`.
    pub profile: Option<String>,
    /// `--config`; without it `JANET_CONFIG`, else none.
    pub file: Option<PathBuf>,
    /// Flags with the key that each sets: (`--port`, `server.port`, `9000`).
    pub flags: Vec<(String, String, String)>,
}

/// What a profile may look at. A value, so that every rule can be tested.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The machine.
    pub machine: Machine,
    /// The models that are known, here or not.
    pub store: Vec<Known>,
    /// What keeps a model from being loaded, if anything does.
    pub can_be_loaded: fn(&Known) -> Result<(), String>,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// A built-in profile.
    Profile(String),
    /// The auto profile, for this reason.
    Auto(String),
    /// A file of the user's.
    File(PathBuf),
    /// The persona, which says so of its voice.
    Persona(String),
    /// An environment variable.
    Environment(String),
    /// A flag.
    Flag(String),
}

impl Origin {
    /// Whether a person said so, for this machine.
    pub fn is_somebodys(&self) -> bool {
        matches!(self, Self::File(_) | Self::Environment(_) | Self::Flag(_))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => write!(f, "default"),
            Self::Profile(name) => write!(f, "profile {name}"),
            Self::Auto(reason) => write!(f, "profile auto: {reason}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Persona(name) => write!(f, "persona {name}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// All settings, merged, each with its origin.
#[derive(Clone, Debug)]
pub struct Layers {
    /// Section and key joined by a dot → value.
    values: BTreeMap<String, Value>,
    origins: BTreeMap<String, Origin>,
    profile: String,
    machine: Machine,
    choices: Vec<Choice>,
}

impl Layers {
    /// Reads defaults, profile, file, environment and flags, in this order.
    pub(super) fn read(
        request: &Request,
        environment: &Environment,
        facts: &Facts,
    ) -> Result<Self, ConfigError> {
        let profile = request
            .profile
            .clone()
            .or_else(|| environment.get("JANET_PROFILE"))
            .unwrap_or_else(|| "auto".into());
        let mut layers = Self::defaults(profile.clone(), facts.machine);
        layers.add_profile(&profile, facts)?;

        let file = request
            .file
            .clone()
            .or_else(|| environment.get("JANET_CONFIG").map(Into::into));
        if let Some(path) = file {
            let text = std::fs::read_to_string(&path).map_err(|source| ConfigError::Read {
                path: path.clone(),
                source,
            })?;
            let origin = Origin::File(path);
            let table = parse(&text, &origin)?;
            layers.lay_table(table, &origin)?;
        }
        for (name, key, text) in environment.settings(layers.keys()) {
            layers.lay_text(&key, &text, Origin::Environment(name))?;
        }
        for (flag, key, text) in &request.flags {
            layers.lay_text(key, text, Origin::Flag(flag.clone()))?;
        }
        layers.add_persona(environment)?;
        Ok(layers)
    }

    fn defaults(profile: String, machine: Machine) -> Self {
        let table = Table::try_from(Raw::default()).expect("the defaults are plain TOML values");
        let mut values = BTreeMap::new();
        for (section, inner) in table {
            let Value::Table(inner) = inner else {
                unreachable!("every section is a table")
            };
            values.extend(
                inner
                    .into_iter()
                    .map(|(key, value)| (format!("{section}.{key}"), value)),
            );
        }
        let origins = values
            .keys()
            .map(|key| (key.clone(), Origin::Default))
            .collect();
        Self {
            values,
            origins,
            profile,
            machine,
            choices: Vec::new(),
        }
    }

    fn add_profile(&mut self, name: &str, facts: &Facts) -> Result<(), ConfigError> {
        let text = PROFILES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, text)| *text);
        let text = text.ok_or_else(|| ConfigError::UnknownProfile {
            name: name.into(),
            known: PROFILES.map(|(known, _)| known).join(", "),
        })?;
        let origin = Origin::Profile(name.into());
        let mut table = parse(text, &origin)?;
        if let Some(Value::String(base)) = table.remove("extends") {
            self.add_profile(&base, facts)?;
        }
        let picks = table.remove("pick");
        self.lay_table(table, &origin)?;
        for pick in auto::picks(picks, &origin)? {
            let now = self.values.get(&pick.key).and_then(Value::as_str);
            let choices = pick.judge(facts, now.unwrap_or_default());
            if let Some(taken) = choices.iter().find(|choice| choice.is_taken()) {
                let (value, origin) = (taken.candidate.clone(), Origin::Auto(pick.reason));
                self.lay(&pick.key, Value::String(value), origin)?;
            }
            self.choices.extend(choices);
        }
        Ok(())
    }

    /// What the persona says of her voice, where nobody else says anything.
    fn add_persona(&mut self, environment: &Environment) -> Result<(), ConfigError> {
        let text = |key: &str| {
            self.values
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let found = persona::find(
            text("persona.name"),
            self.origin("persona.name").is_somebodys(),
            text("conversation.data_dir"),
            environment,
        );
        // What is wrong with it is told where it is resolved.
        let Ok(persona) = found else {
            return Ok(());
        };
        let values = [
            ("engine.speed", persona.speed.map(Value::Float)),
            ("tts.speaker", persona.voice.map(Value::String)),
        ];
        for (key, value) in values {
            if let Some(value) = value.filter(|_| !self.origin(key).is_somebodys()) {
                self.lay(key, value, Origin::Persona(persona.id.to_string()))?;
            }
        }
        Ok(())
    }

    fn lay_table(&mut self, table: Table, origin: &Origin) -> Result<(), ConfigError> {
        for (section, inner) in table {
            let Value::Table(inner) = inner else {
                return self.lay(&section, inner, origin.clone());
            };
            for (key, value) in inner {
                self.lay(&format!("{section}.{key}"), value, origin.clone())?;
            }
        }
        Ok(())
    }

    /// A value from a flag or variable: TOML if that fits the key's type, else the text itself.
    fn lay_text(&mut self, key: &str, text: &str, origin: Origin) -> Result<(), ConfigError> {
        let text_itself = || Value::String(text.into());
        let value = match (self.values.get(key), text) {
            (Some(Value::String(_)), _) => text_itself(),
            // What variables that switch something on and off usually hold.
            (Some(Value::Boolean(_)), "0" | "1") => Value::Boolean(text == "1"),
            _ => toml::de::ValueDeserializer::parse(text)
                .and_then(Value::deserialize)
                .unwrap_or_else(|_| text_itself()),
        };
        self.lay(key, value, origin)
    }

    fn lay(&mut self, key: &str, value: Value, origin: Origin) -> Result<(), ConfigError> {
        let Some(present) = self.values.get_mut(key) else {
            return Err(ConfigError::UnknownKey {
                origin,
                key: key.into(),
                found: if may_be_secret(key) {
                    "…".into()
                } else {
                    value.to_string()
                },
                hint: nearest(key, self.origins.keys()),
            });
        };
        // A whole number is fine where a fraction may stand.
        let value = match (&*present, value) {
            (Value::Float(_), Value::Integer(whole)) => Value::Float(whole as f64),
            (_, value) => value,
        };
        if !present.same_type(&value) {
            return Err(ConfigError::WrongType {
                origin,
                key: key.into(),
                expected: in_words(present),
                // A list may hold what nobody should read.
                found: match value.is_array() {
                    true => "a list (in one text, with commas between)".to_owned(),
                    false => value.to_string(),
                },
            });
        }
        *present = value;
        self.origins.insert(key.into(), origin);
        Ok(())
    }

    /// The merged settings, typed.
    pub(super) fn raw(&self) -> Result<Raw, ConfigError> {
        let mut table = Table::new();
        for (path, value) in &self.values {
            let (section, key) = path.split_once('.').expect("every key has its section");
            let section = table
                .entry(section)
                .or_insert_with(|| Value::Table(Table::new()));
            section
                .as_table_mut()
                .expect("made as a table")
                .insert(key.into(), value.clone());
        }
        Raw::deserialize(table).map_err(|error| ConfigError::Syntax {
            origin: Origin::Default,
            broken: Broken::of(&error, ""),
        })
    }

    /// Where the value of `key` came from.
    pub fn origin(&self, key: &str) -> Origin {
        self.origins.get(key).cloned().unwrap_or(Origin::Default)
    }

    /// Every key with its value, as TOML writes it, and its origin; sorted.
    pub fn rows(&self) -> impl Iterator<Item = (&str, String, &Origin)> {
        self.values
            .iter()
            .map(|(key, value)| (key.as_str(), value.to_string(), &self.origins[key]))
    }

    /// The profile that was asked for.
    pub fn profile(&self) -> &str {
        &self.profile
    }

    /// The machine that the profile was fitted to.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// What the profile looked at and how it decided, in its order.
    pub fn choices(&self) -> &[Choice] {
        &self.choices
    }

    fn keys(&self) -> Vec<String> {
        self.values.keys().cloned().collect()
    }
}

fn parse(text: &str, origin: &Origin) -> Result<Table, ConfigError> {
    text.parse().map_err(|error| ConfigError::Syntax {
        origin: origin.clone(),
        broken: Broken::of(&error, text),
    })
}

/// Whether the value of a key that does not exist should not be repeated.
fn may_be_secret(key: &str) -> bool {
    ["key", "token", "secret", "password"]
        .iter()
        .any(|word| key.contains(word))
}

fn in_words(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        _ => "a plain value",
    }
}

/// The known key that looks most like `key`, if any looks alike at all.
fn nearest<'a>(key: &str, known: impl Iterator<Item = &'a String>) -> Option<String> {
    known
        .map(|other| (distance(key, other), other))
        .filter(|(steps, _)| *steps <= 4)
        .min()
        .map(|(_, other)| other.clone())
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
