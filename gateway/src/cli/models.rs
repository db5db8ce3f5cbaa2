//! `janet models`: the weights on this machine.

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use janet_models::store::{Bars, Condition, Store};

use crate::config::Config;
use crate::weights;

/// What to do with the weights.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Fetch what is missing or damaged
    Pull(Names),
    /// Show every known model and whether it is here
    List,
    /// Check the files of models against their checksums
    Verify(Names),
    /// Remove models' files from this machine
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

/// Which models are meant.
#[derive(Debug, Args)]
pub(super) struct Names {
    /// Names as `janet models list` shows them [default: those of the profile]
    names: Vec<String>,
}

impl Names {
    fn or_those_of(&self, config: &Config) -> Vec<String> {
        if self.names.is_empty() {
            return config.models.all().map(|(_, name)| name.to_owned()).into();
        }
        self.names.clone()
    }
}

/// Runs `janet models …`.
pub(super) fn run(command: Command, config: &Config) -> anyhow::Result<()> {
    let store = weights::store(&config.models).context("the model store cannot be opened")?;
    match command {
        Command::Pull(names) => pull(&store, &names.or_those_of(config)),
        Command::List => list(&store, config),
        Command::Verify(names) => verify(&store, &names.or_those_of(config)),
        Command::Rm { names } => remove(&store, &names),
        Command::Where { names } if names.is_empty() => {
            println!("{}", config.models.dir.display());
            Ok(())
        }
        Command::Where { names } => {
            for name in &names {
                println!("{}", store.path(name)?.display());
            }
            Ok(())
        }
    }
}

fn pull(store: &Store, names: &[String]) -> anyhow::Result<()> {
    for name in names {
        store.ensure(name, &mut Bars::default())?;
    }
    println!(
        "{} models are here, every file with the right checksum",
        names.len()
    );
    Ok(())
}

fn list(store: &Store, config: &Config) -> anyhow::Result<()> {
    let chosen = config.models.all().map(|(_, name)| name);
    println!(
        "  {:28} {:12} {:>9}  {:14} state",
        "model", "for", "size", "licence"
    );
    for listed in store.list()? {
        let model = listed.model;
        let mark = if chosen.contains(&model.name.as_str()) {
            '*'
        } else {
            ' '
        };
        let megabytes = format!("{:.1} MB", model.bytes() as f64 / 1e6);
        println!(
            "{mark} {:28} {:12} {megabytes:>9}  {:14} {}",
            model.name, model.role, model.licence, listed.condition
        );
    }
    println!(
        "\n* used by this profile. Folder: {}",
        config.models.dir.display()
    );
    Ok(())
}

fn remove(store: &Store, names: &[String]) -> anyhow::Result<()> {
    // All names first: a misspelt one removes nothing.
    for name in names {
        store.path(name)?;
    }
    for name in names {
        match store.remove(name, &mut Bars::default())? {
            0 => println!("{name}: was not here"),
            bytes => println!("{name}: removed, {:.1} MB", bytes as f64 / 1e6),
        }
    }
    Ok(())
}

fn verify(store: &Store, names: &[String]) -> anyhow::Result<()> {
    let mut damaged = Vec::new();
    for name in names {
        for (file, condition) in store.verify(name, &mut Bars::default())? {
            println!("{name}/{file}: {condition}");
            if condition != Condition::Sound && !damaged.contains(name) {
                damaged.push(name.clone());
            }
        }
    }
    if damaged.is_empty() {
        println!(
            "{} models checked: every file is as it should be",
            names.len()
        );
        return Ok(());
    }
    bail!(
        "{} cannot be used; `janet models pull {0}` fetches what is missing or damaged",
        damaged.join(" ")
    )
}
