//! From the models' names to the files that the engine loads.
//!
//! Refuses what is not there, or not what the store knows by that name, before anything is loaded:
//! the message says which command puts it right. Fetches nothing, and waits for nobody but a
//! process that fetches the very model.

use std::path::{Path, PathBuf};

use janet_engine::{EngineError, ModelPaths};
use janet_models::store::{Condition, Hold, Progress, Role, Store, StoreError, StoreOptions};
use janet_models::vits::VoiceConfig;
use janet_models::{ModelError, llm, whisper};

use crate::config::{FILE, Models};

/// Why the weights cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum WeightsError {
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A model is not there, or damaged.
    #[error(transparent)]
    NotSound(Box<NotSound>),
    /// A model of another trade.
    #[error("`models.{key}` = {model} is a model for {found}, not for {wanted}")]
    WrongRole {
        /// The setting.
        key: &'static str,
        /// Its value.
        model: String,
        /// What the model is for.
        found: Role,
        /// What is wanted.
        wanted: Role,
    },
    /// The model has no file of the kind that is loaded.
    #[error("model {model} has no {suffix} file")]
    NoFile {
        /// Which.
        model: String,
        /// How the name of the file should end.
        suffix: &'static str,
    },
    /// A path instead of a name.
    #[error(
        "`models.{key}` = {value} is no name of a model; a path is written \"file:{value}\", and \
         `janet models list` shows the names"
    )]
    NoName {
        /// The setting.
        key: &'static str,
        /// Its value.
        value: String,
    },
    /// A file of the user's that is not what the setting needs.
    #[error("`models.{key}` = file:{}: {reason}", path.display())]
    WrongFile {
        /// The setting.
        key: &'static str,
        /// Which file or folder.
        path: PathBuf,
        /// What is wrong, and what is needed.
        reason: String,
    },
    /// The ears do not know the language.
    #[error(transparent)]
    Language(ModelError),
    /// The voice has no such speaker.
    #[error("`tts.speaker`: {0}")]
    Speaker(#[source] ModelError),
    /// A file of the user's that no model can be loaded from.
    #[error("`models.{key}`: {source}")]
    Unfit {
        /// The setting.
        key: &'static str,
        /// What is wrong.
        #[source]
        source: ModelError,
    },
}

/// A file that is not there, or damaged.
#[derive(Debug, thiserror::Error)]
#[error(
    "model {model} cannot be used: its file {file} is {condition}\n  `janet models pull {model}` fetches it from \
     {sources}{}\n  by hand: put it at {}, or run `janet models pull {model} --from FILE`\n  a model of your \
     own: `--set models.{key}=file:PATH`",
    offline.as_ref().map_or(String::new(), |who| format!(" (not while offline: {who})")),
    path.display()
)]
pub(crate) struct NotSound {
    /// The setting.
    key: &'static str,
    /// Which model.
    model: String,
    /// Its first file that cannot be used.
    file: String,
    /// What is wrong with it.
    condition: Condition,
    /// Where it belongs.
    path: PathBuf,
    /// Where it comes from.
    sources: String,
    /// Who said that nothing is fetched.
    offline: Option<String>,
}

/// The files that the engine loads. Nobody removes them while this lives.
#[derive(Debug)]
pub(crate) struct Weights {
    pub(crate) paths: ModelPaths,
    _holds: Vec<Hold>,
}

/// How the store reaches the outside for a command of this name.
pub(crate) fn options(models: &Models, who: &str) -> StoreOptions {
    StoreOptions {
        offline: models.offline.clone(),
        who: format!("janet {who}").trim_end().to_owned(),
        ..StoreOptions::default()
    }
}

/// The store as it is: for who only looks.
pub(crate) fn store(models: &Models, who: &str) -> Store {
    Store::look(&models.dir, models.catalogue.clone(), options(models, who))
}

/// Where every file of these models lies. Files that were never hashed are, now.
pub(crate) fn locate(models: &Models, who: &str) -> Result<Weights, WeightsError> {
    let mut finder = Finder {
        store: store(models, who),
        models,
        holds: Vec::new(),
    };
    let vad = finder.find("vad", &models.vad, Role::Vad)?;
    let turn = finder.find("turn", &models.turn, Role::EndOfTurn)?;
    let stt = finder.find("stt", &models.stt, Role::Stt)?;
    let llm = finder.find("llm", &models.llm, Role::Llm)?;
    let voice = finder.find("voice", &models.voice, Role::Tts)?;
    let voice_config = voice.file(".onnx.json")?;
    if let Some(language) = check_voice(&voice_config, models.speaker.as_deref())? {
        tracing::warn!(language, "this voice is made to speak English words");
    }
    let paths = ModelPaths {
        vad: vad.file(".safetensors")?,
        turn: turn.file(".onnx")?,
        stt_dir: stt.folder()?,
        llm: llm.gguf()?,
        voice: voice.file(".onnx")?,
        voice_config,
    };
    Ok(Weights {
        paths,
        _holds: finder.holds,
    })
}

/// The model that gives memories their vectors.
pub(crate) const EMBEDDER: &str = "all-minilm-l6-v2";

/// Where it lies, if it was fetched and is sound. Nobody removes it while the holds live.
pub(crate) fn embedder(models: &Models) -> Result<Option<(PathBuf, Vec<Hold>)>, WeightsError> {
    let store = store(models, "serve");
    let path = store.path(EMBEDDER)?;
    let holds = store.hold(EMBEDDER, &mut Logged)?.into_iter().collect();
    let listed = store.list()?;
    let Some(listed) = listed.iter().find(|listed| listed.model.name == EMBEDDER) else {
        return Ok(None);
    };
    let is_sound = match listed.condition {
        Condition::Unchecked => {
            let states = store.verify(EMBEDDER, &mut Logged)?;
            states
                .iter()
                .all(|(_, condition)| *condition == Condition::Sound)
        }
        _ => listed.condition == Condition::Sound,
    };
    Ok(is_sound.then_some((path, holds)))
}

/// What keeps the configured voice from being used, as far as can be told without loading it; a
/// voice of the store's that is not there yet is no such thing. Gives its language where that is not
/// English. Changes nothing.
pub(crate) fn look_at_voice(
    models: &Models,
    store: &Store,
) -> Result<Option<String>, WeightsError> {
    let json = match models.voice.strip_prefix(FILE) {
        Some(path) => {
            own("voice", Path::new(path), ".onnx")?;
            own("voice", Path::new(path), ".onnx.json")?
        }
        None => {
            let Some(model) = store.catalogue().find(&models.voice) else {
                return Ok(None);
            };
            let mut names = model.files.iter().map(|file| file.name.as_str());
            let name = names.find(|name| name.ends_with(".onnx.json"));
            let json = name.map(|name| models.dir.join(&model.name).join(name));
            match json.filter(|json| json.is_file()) {
                Some(json) => json,
                None => return Ok(None),
            }
        }
    };
    check_voice(&json, models.speaker.as_deref())
}

/// Whether a voice of this configuration can be used, and has this speaker. Gives its language where
/// that is not English: its words will be, all the same.
fn check_voice(json: &Path, speaker: Option<&str>) -> Result<Option<String>, WeightsError> {
    let read = VoiceConfig::read(json);
    let voice = read.map_err(|source| WeightsError::Unfit {
        key: "voice",
        source,
    })?;
    voice.speaker(speaker).map_err(WeightsError::Speaker)?;
    let is_foreign = !voice.is_english();
    Ok(voice.language.filter(|_| is_foreign))
}

/// What keeps the Whisper in this folder from hearing in the configured language.
pub(crate) fn check_language(stt_dir: &Path, language: &str) -> Result<(), WeightsError> {
    whisper::check_language(stt_dir, language).map_err(WeightsError::Language)
}

/// What keeps a file of the user's from being loaded, as far as can be told without loading it.
pub(crate) fn check(role: Role, path: &Path) -> Result<(), ModelError> {
    match role {
        Role::Llm => llm::check(path),
        Role::Stt => whisper::check(path),
        // What is in the others is told when they are loaded.
        _ => Ok(()),
    }
}

/// What helps when models could not be loaded: `verify` knows the store's own files only, and a
/// setting that a model cannot do is no fault of its files.
pub(crate) fn advice(models: &Models, error: &EngineError) -> &'static str {
    let EngineError::Model { role, source } = error else {
        return "";
    };
    let all = models.all();
    let mut own = all.iter().filter(|(_, name)| name.starts_with(FILE));
    if matches!(source, ModelError::Input { .. }) || own.any(|(own, _)| own == role) {
        return "";
    }
    "; `janet models verify` checks their files"
}

struct Finder<'a> {
    store: Store,
    models: &'a Models,
    holds: Vec<Hold>,
}

impl Finder<'_> {
    fn find(&mut self, key: &'static str, name: &str, wanted: Role) -> Result<Found, WeightsError> {
        if let Some(path) = name.strip_prefix(FILE) {
            let path = PathBuf::from(path);
            return Ok(Found::Own { key, path });
        }
        let is_known = self.store.catalogue().find(name).is_some();
        if !is_known && (name.contains(['/', '\\']) || Path::new(name).exists()) {
            let value = name.to_owned();
            return Err(WeightsError::NoName { key, value });
        }
        let path = self.store.path(name)?;
        // First the hold: what is sound then stays.
        self.holds.extend(self.store.hold(name, &mut Logged)?);
        let listed = self.store.list()?;
        let listed = listed.iter().find(|listed| listed.model.name == name);
        let listed = listed.expect("a model that has a path is in the catalogue");
        if listed.model.role != wanted {
            let (model, found) = (name.to_owned(), listed.model.role);
            return Err(WeightsError::WrongRole {
                key,
                model,
                found,
                wanted,
            });
        }
        let states = match listed.condition {
            Condition::Unchecked => self.store.verify(name, &mut Logged)?,
            _ => listed.files.clone(),
        };
        for (file, (_, condition)) in listed.model.files.iter().zip(states) {
            if condition != Condition::Sound {
                let sources: Vec<_> = file.sources.iter().map(ToString::to_string).collect();
                return Err(WeightsError::NotSound(Box::new(NotSound {
                    key,
                    model: name.to_owned(),
                    file: file.name.clone(),
                    condition,
                    path: path.join(&file.name),
                    sources: sources.join(" or "),
                    offline: self.models.offline.clone(),
                })));
            }
        }
        let files = listed.model.files.iter().map(|file| file.name.clone());
        Ok(Found::Named {
            model: name.to_owned(),
            path,
            files: files.collect(),
        })
    }
}

/// A model whose files are there.
enum Found {
    /// One of the store's.
    Named {
        model: String,
        path: PathBuf,
        files: Vec<String>,
    },
    /// A file or a folder that the user named.
    Own { key: &'static str, path: PathBuf },
}

impl Found {
    fn file(&self, suffix: &'static str) -> Result<PathBuf, WeightsError> {
        match self {
            Self::Named { model, path, files } => {
                let name = files.iter().find(|name| name.ends_with(suffix));
                let name = name.ok_or_else(|| WeightsError::NoFile {
                    model: model.clone(),
                    suffix,
                })?;
                Ok(path.join(name))
            }
            Self::Own { key, path } => own(key, path, suffix),
        }
    }

    fn gguf(&self) -> Result<PathBuf, WeightsError> {
        let path = self.file(".gguf")?;
        if let Self::Own { key, .. } = self {
            check(Role::Llm, &path).map_err(|source| WeightsError::Unfit { key, source })?;
        }
        Ok(path)
    }

    fn folder(&self) -> Result<PathBuf, WeightsError> {
        match self {
            Self::Named { path, .. } => Ok(path.clone()),
            Self::Own { key, path } => {
                check(Role::Stt, path).map_err(|source| WeightsError::Unfit { key, source })?;
                Ok(path.clone())
            }
        }
    }
}

/// The user's file, or the one beside it that belongs to it: a voice's configuration.
fn own(key: &'static str, path: &Path, suffix: &'static str) -> Result<PathBuf, WeightsError> {
    let wrong = |path: &Path, reason: String| WeightsError::WrongFile {
        key,
        path: path.to_path_buf(),
        reason,
    };
    let file = match suffix.strip_prefix(".onnx") {
        Some("") | None => path.to_path_buf(),
        Some(more) => {
            let beside = PathBuf::from(format!("{}{more}", path.display()));
            // Some name it voice.json.
            let shorter = path.with_extension("json");
            if !beside.exists() && shorter.is_file() {
                shorter
            } else {
                beside
            }
        }
    };
    if file.is_dir() {
        return Err(wrong(
            &file,
            format!("is a folder; a {suffix} file is needed"),
        ));
    }
    if !file.is_file() {
        return Err(wrong(
            &file,
            format!("there is no such file; a {suffix} file is needed"),
        ));
    }
    Ok(file)
}

/// Work of the store that a person may wonder about, into the log.
struct Logged;

impl Progress for Logged {
    fn begin(&mut self, what: &str, _: Option<u64>) {
        tracing::info!("{what}");
    }
    fn advance(&mut self, _: u64) {}
    fn end(&mut self) {}
}

#[cfg(test)]
#[path = "weights_test.rs"]
mod tests;
