//! From the models' names to the files that the engine loads.
//!
//! Refuses what is not there, or not what the store knows by that name, before anything is loaded:
//! the message says which command puts it right.

use std::path::PathBuf;

use janet_engine::ModelPaths;
use janet_models::store::{Catalogue, Condition, Role, Silent, Store, StoreError, StoreOptions};

use crate::config::Models;

/// Why the weights cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum WeightsError {
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A model is not there, or damaged.
    #[error(
        "model {model} cannot be used: a file is {condition}; `janet models pull` fetches what is missing"
    )]
    NotSound {
        /// Which.
        model: String,
        /// Its worst file.
        condition: Condition,
    },
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
}

/// Opens the model store.
pub(crate) fn store(models: &Models) -> Result<Store, StoreError> {
    Store::open(&models.dir, Catalogue::builtin(), StoreOptions::default())
}

/// Where every file of these models lies. Files that were never hashed are, now.
pub(crate) fn locate(models: &Models) -> Result<ModelPaths, WeightsError> {
    let store = store(models)?;
    let find = |key, name: &str, wanted| folder(&store, key, name, wanted);
    let vad = find("vad", &models.vad, Role::Vad)?;
    let turn = find("turn", &models.turn, Role::EndOfTurn)?;
    let stt = find("stt", &models.stt, Role::Stt)?;
    let llm = find("llm", &models.llm, Role::Llm)?;
    let voice = find("voice", &models.voice, Role::Tts)?;
    Ok(ModelPaths {
        vad: vad.file(".safetensors")?,
        turn: turn.file(".onnx")?,
        stt_dir: stt.path,
        llm: llm.file(".gguf")?,
        voice: voice.file(".onnx")?,
        voice_config: voice.file(".onnx.json")?,
    })
}

/// A sound model.
struct Folder {
    model: String,
    path: PathBuf,
    files: Vec<String>,
}

impl Folder {
    fn file(&self, suffix: &'static str) -> Result<PathBuf, WeightsError> {
        let name = self.files.iter().find(|name| name.ends_with(suffix));
        let name = name.ok_or_else(|| WeightsError::NoFile {
            model: self.model.clone(),
            suffix,
        })?;
        Ok(self.path.join(name))
    }
}

fn folder(
    store: &Store,
    key: &'static str,
    name: &str,
    wanted: Role,
) -> Result<Folder, WeightsError> {
    let path = store.path(name)?;
    let listed = store.list()?;
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
    let conditions = match listed.condition.clone() {
        Condition::Unchecked => store.verify(name, &mut Silent)?,
        condition => vec![(String::new(), condition)],
    };
    if let Some((_, condition)) = conditions
        .into_iter()
        .find(|(_, condition)| *condition != Condition::Sound)
    {
        return Err(WeightsError::NotSound {
            model: name.to_owned(),
            condition,
        });
    }
    let files = listed
        .model
        .files
        .iter()
        .map(|file| file.name.clone())
        .collect();
    Ok(Folder {
        model: name.to_owned(),
        path,
        files,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Request, load};

    /// What is said of these settings with an empty store.
    fn refusal(settings: &[(&str, &str)]) -> String {
        let home = tempfile::tempdir().expect("a temporary folder");
        let path = home.path().to_string_lossy().into_owned();
        let environment = Environment::from_pairs([("JANET_HOME".into(), path)]);
        let flags = settings
            .iter()
            .map(|(key, value)| ("--set".into(), (*key).into(), (*value).into()));
        let request = Request {
            flags: flags.collect(),
            ..Request::default()
        };
        let (config, _) = load(&request, &environment).expect("a good configuration");
        locate(&config.models)
            .expect_err("the store is empty")
            .to_string()
    }

    #[test]
    fn a_model_that_was_not_pulled_is_named_with_the_command_that_pulls_it() {
        let error = refusal(&[]);
        assert!(
            error.contains("silero-vad-6.2") && error.contains("janet models pull"),
            "{error}"
        );
    }

    #[test]
    fn an_unknown_model_is_refused_with_those_that_exist() {
        let error = refusal(&[("models.vad", "deaf-1.0")]);
        assert!(
            error.contains("deaf-1.0") && error.contains("silero-vad-6.2"),
            "{error}"
        );
    }

    #[test]
    fn a_model_of_another_trade_is_refused() {
        let error = refusal(&[("models.vad", "whisper-base")]);
        assert!(
            error.contains("`models.vad`") && error.contains("stt"),
            "{error}"
        );
    }
}
