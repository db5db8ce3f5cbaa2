//! `janet models list`, for people and for programs.

use std::io;

use janet_models::store::{Condition, Listed, Store};
use serde::Serialize;

use super::out::outln;
use crate::config::{FILE, Models};

/// The list as `--json` prints it. Sizes are bytes; paths are those of this machine.
#[derive(Serialize)]
struct List<'a> {
    folder: String,
    models: Vec<Model<'a>>,
    /// Models that lie there without a name: `models.KEY = "file:PATH"` uses them.
    unnamed: Vec<Unnamed>,
}

#[derive(Serialize)]
struct Model<'a> {
    name: &'a str,
    role: String,
    licence: &'a str,
    bytes: u64,
    bytes_on_disk: u64,
    folder: String,
    /// Every file is there and was found to have its checksum.
    complete: bool,
    state: String,
    files: Vec<File<'a>>,
    /// The settings of this profile that name it.
    settings: Vec<String>,
    /// Running processes that have it loaded.
    used_by: &'a [String],
}

#[derive(Serialize)]
struct File<'a> {
    name: &'a str,
    bytes: u64,
    sha256: &'a str,
    sources: Vec<String>,
    state: String,
}

#[derive(Serialize)]
struct Unnamed {
    role: String,
    path: String,
    bytes: u64,
}

pub(super) fn run(store: &Store, models: &Models, json: bool) -> anyhow::Result<()> {
    let listed = store.list()?;
    if json {
        let list = List {
            folder: models.dir.display().to_string(),
            models: listed.iter().map(|one| model(one, models)).collect(),
            unnamed: unnamed(store),
        };
        outln!("{}", serde_json::to_string_pretty(&list)?)?;
    } else {
        print(&listed, &unnamed(store), models)?;
    }
    Ok(())
}

fn unnamed(store: &Store) -> Vec<Unnamed> {
    let strangers = store.strangers().into_iter();
    let unnamed = strangers.map(|stranger| Unnamed {
        role: stranger.role.to_string(),
        path: stranger.path.display().to_string(),
        bytes: stranger.bytes,
    });
    unnamed.collect()
}

fn model<'a>(listed: &'a Listed<'_>, models: &Models) -> Model<'a> {
    let files = listed.model.files.iter().zip(&listed.files);
    Model {
        name: &listed.model.name,
        role: listed.model.role.to_string(),
        licence: &listed.model.licence,
        bytes: listed.model.bytes(),
        bytes_on_disk: listed.on_disk,
        folder: listed.folder.display().to_string(),
        complete: listed.condition == Condition::Sound,
        state: listed.condition.to_string(),
        files: files
            .map(|(file, (_, state))| File {
                name: &file.name,
                bytes: file.bytes,
                sha256: &file.sha256,
                sources: file.sources.iter().map(ToString::to_string).collect(),
                state: state.to_string(),
            })
            .collect(),
        settings: settings(&listed.model.name, models),
        used_by: &listed.users,
    }
}

/// The settings that name this model.
fn settings(name: &str, models: &Models) -> Vec<String> {
    let keys = ["vad", "turn", "stt", "llm", "voice"];
    let all = keys.into_iter().zip(models.all());
    let naming = all.filter(|(_, (_, value))| *value == name);
    naming.map(|(key, _)| format!("models.{key}")).collect()
}

fn print(listed: &[Listed<'_>], unnamed: &[Unnamed], models: &Models) -> io::Result<()> {
    let widest = listed.iter().map(|one| one.model.name.len()).max();
    let width = widest.unwrap_or(0).max(28);
    outln!(
        "  {:width$} {:12} {:>10}  {:14} state",
        "model",
        "for",
        "size",
        "licence"
    )?;
    for listed in listed {
        let model = listed.model;
        let mark = if settings(&model.name, models).is_empty() {
            ' '
        } else {
            '*'
        };
        outln!(
            "{mark} {:width$} {:12} {:>10}  {:14} {}{}",
            model.name,
            model.role,
            megabytes(model.bytes()),
            model.licence,
            state(listed),
            used(&listed.users)
        )?;
    }
    for unnamed in unnamed {
        outln!(
            "  {:width$} {:12} {:>10}  {:14} {FILE}{}",
            "(no name)",
            unnamed.role,
            megabytes(unnamed.bytes),
            "?",
            unnamed.path
        )?;
    }
    for (role, name) in models
        .all()
        .iter()
        .filter(|(_, name)| name.starts_with(FILE))
    {
        outln!("* {name} {role}")?;
    }
    let here: u64 = listed.iter().map(|listed| listed.on_disk).sum();
    outln!(
        "\n* used by this profile. {} in {}",
        megabytes(here),
        models.dir.display()
    )
}

/// Of a model that is not complete, what is there of it.
fn state(listed: &Listed<'_>) -> String {
    let sound = |state: &Condition| matches!(state, Condition::Sound | Condition::Unchecked);
    let there = listed
        .files
        .iter()
        .filter(|(_, state)| sound(state))
        .count();
    if sound(&listed.condition) || listed.on_disk == 0 {
        return listed.condition.in_short();
    }
    let file = listed.files.iter().find(|(_, state)| !sound(state));
    let file = file.map_or("", |(name, _)| name);
    format!(
        "{file} {}; {there} of {} files, {} here",
        listed.condition.in_short(),
        listed.files.len(),
        megabytes(listed.on_disk)
    )
}

fn used(users: &[String]) -> String {
    match users {
        [] => String::new(),
        users => format!(", used by {}", users.join(", ")),
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
