//! The list of known models, as typed TOML.

use std::path::{Component, Path};

use serde::Deserialize;

use super::source::{Source, SourceError};

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Role {
    /// Tells speech from other sound.
    Vad,
    /// Tells whether a speaker has finished.
    EndOfTurn,
    /// Speech to text.
    Stt,
    /// Writes the answers.
    Llm,
    /// Text to speech.
    Tts,
    /// Makes vectors of texts.
    Embed,
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Vad => "vad",
            Self::EndOfTurn => "end-of-turn",
            Self::Stt => "stt",
            Self::Llm => "llm",
            Self::Tts => "tts",
            Self::Embed => "embed",
        })
    }
}

/// One file of a model.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightFile {
    /// Its name in the model's folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256 in lower-case hexadecimal.
    pub sha256: String,
    /// Where it can be had, best first.
    pub sources: Vec<Source>,
}

/// One model.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelEntry {
    /// Its name, which is also the name of its folder.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// The licence of its weights (SPDX).
    pub licence: String,
    /// Its files.
    #[serde(rename = "file")]
    pub files: Vec<WeightFile>,
}

impl ModelEntry {
    /// The size of all its files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

/// A catalogue that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// Not TOML, or not of this shape.
    #[error("the catalogue cannot be read: {0}")]
    Toml(#[from] toml::de::Error),
    /// A name that is no plain file name.
    #[error("{field} {name:?} is not a plain file name")]
    Name {
        /// Which field.
        field: &'static str,
        /// What it holds.
        name: String,
    },
    /// A hash that is none.
    #[error("model {model}, file {file}: sha256 {found:?} is not 64 lower-case hexadecimal digits")]
    Sha256 {
        /// Which model.
        model: String,
        /// Which file.
        file: String,
        /// What the field holds.
        found: String,
    },
    /// Nothing to fetch, or nowhere to fetch it.
    #[error("model {model}: {what} is empty")]
    Empty {
        /// Which model.
        model: String,
        /// Which list.
        what: String,
    },
    /// A name twice.
    #[error("model {0} is defined twice")]
    Twice(String),
    /// A source that cannot be understood.
    #[error(transparent)]
    Source(#[from] SourceError),
}

/// The known models.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    models: Vec<ModelEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(rename = "model", default)]
    models: Vec<ModelEntry>,
}

impl Catalogue {
    /// The catalogue that is part of the program.
    pub fn builtin() -> Self {
        Self::parse(include_str!("../../catalog.toml"))
            .expect("a test reads the built-in catalogue")
    }

    /// Reads one from TOML: a list of `[[model]]`, each with its `[[model.file]]`s.
    pub fn parse(toml: &str) -> Result<Self, CatalogueError> {
        let raw: Raw = toml::from_str(toml)?;
        let mut catalogue = Self::default();
        for model in raw.models {
            if catalogue.find(&model.name).is_some() {
                return Err(CatalogueError::Twice(model.name));
            }
            catalogue = catalogue.with(model)?;
        }
        Ok(catalogue)
    }

    /// Adds a model, or puts it in the place of the one with its name: how a profile defines one.
    pub fn with(mut self, model: ModelEntry) -> Result<Self, CatalogueError> {
        check(&model)?;
        match self
            .models
            .iter_mut()
            .find(|known| known.name == model.name)
        {
            Some(known) => *known = model,
            None => self.models.push(model),
        }
        Ok(self)
    }

    /// The model of that name.
    pub fn find(&self, name: &str) -> Option<&ModelEntry> {
        self.models.iter().find(|model| model.name == name)
    }

    /// All models, in the catalogue's order.
    pub fn models(&self) -> &[ModelEntry] {
        &self.models
    }
}

fn check(model: &ModelEntry) -> Result<(), CatalogueError> {
    plain_name("model.name", &model.name)?;
    let empty = |what: String| CatalogueError::Empty {
        model: model.name.clone(),
        what,
    };
    if model.files.is_empty() {
        return Err(empty("file".to_owned()));
    }
    for file in &model.files {
        plain_name("file.name", &file.name)?;
        let digit = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
        if file.sha256.len() != 64 || !file.sha256.bytes().all(digit) {
            return Err(CatalogueError::Sha256 {
                model: model.name.clone(),
                file: file.name.clone(),
                found: file.sha256.clone(),
            });
        }
        if file.sources.is_empty() {
            return Err(empty(format!("sources of file {}", file.name)));
        }
    }
    Ok(())
}

/// One visible path component: nothing that leaves the store or hides in it.
fn plain_name(field: &'static str, name: &str) -> Result<(), CatalogueError> {
    let mut parts = Path::new(name).components();
    let plain = matches!(
        (parts.next(), parts.next()),
        (Some(Component::Normal(_)), None)
    );
    if plain && !name.starts_with('.') && !name.contains(['/', '\\']) {
        return Ok(());
    }
    Err(CatalogueError::Name {
        field,
        name: name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, file: &str, sha256: &str, sources: &str) -> String {
        format!(
            "[[model]]\nname = {name:?}\nrole = \"vad\"\nlicence = \"MIT\"\n[[model.file]]\n\
             name = {file:?}\nbytes = 1\nsha256 = {sha256:?}\nsources = {sources}\n"
        )
    }

    #[test]
    fn the_built_in_catalogue_names_the_models_of_the_voice_path() {
        let catalogue = Catalogue::builtin();
        let names: Vec<_> = catalogue.models().iter().map(|m| m.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "silero-vad-6.2",
                "smart-turn-3.2",
                "whisper-tiny.en",
                "whisper-base",
                "smollm2-135m-instruct-q4_1",
                "piper-en_US-joe-medium",
                "all-minilm-l6-v2"
            ]
        );
        for role in [
            Role::Vad,
            Role::EndOfTurn,
            Role::Stt,
            Role::Llm,
            Role::Tts,
            Role::Embed,
        ] {
            assert!(
                catalogue.models().iter().any(|m| m.role == role),
                "no model for {role}"
            );
        }
    }

    #[test]
    fn what_is_wrong_in_a_catalogue_is_named() {
        let sha = "0".repeat(64);
        let ok = "[\"file:/x\"]";
        let refuse = |toml: &str| {
            Catalogue::parse(toml)
                .expect_err("it is refused")
                .to_string()
        };
        assert_eq!(
            refuse(&entry("../up", "f", &sha, ok)),
            "model.name \"../up\" is not a plain file name"
        );
        assert_eq!(
            refuse(&entry("m", "a/b", &sha, ok)),
            "file.name \"a/b\" is not a plain file name"
        );
        assert_eq!(
            refuse(&entry("m", ".lock", &sha, ok)),
            "file.name \".lock\" is not a plain file name"
        );
        assert!(refuse(&entry("m", "f", "XY", ok)).contains("sha256 \"XY\" is not 64"));
        assert_eq!(
            refuse(&entry("m", "f", &sha, "[]")),
            "model m: sources of file f is empty"
        );
        assert!(refuse(&entry("m", "f", &sha, "[\"ftp:x\"]")).contains("ftp:x"));
        let twice = entry("m", "f", &sha, ok).repeat(2);
        assert_eq!(refuse(&twice), "model m is defined twice");
        let extra = entry("m", "f", &sha, ok).replace("role", "colour = 1\nrole");
        assert!(refuse(&extra).contains("colour"));
    }

    #[test]
    fn a_profile_may_replace_a_model() {
        let sha = "0".repeat(64);
        let mine = Catalogue::parse(&entry("silero-vad-6.2", "f", &sha, "[\"file:/x\"]"))
            .expect("it is valid");
        let catalogue = Catalogue::builtin()
            .with(mine.models()[0].clone())
            .expect("it is valid");
        assert_eq!(
            catalogue.models().len(),
            Catalogue::builtin().models().len()
        );
        assert_eq!(
            catalogue.find("silero-vad-6.2"),
            mine.find("silero-vad-6.2")
        );
    }
}
