//! `janet persona`: who she can be. Reads what others made, and tells what becomes of each part of it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};
use janet_vault::persona::{Imported, Line, Listed, MOST_BYTES, Persona, PersonaId, Shelf, import};

use super::out::{outln, text};
use crate::config::Config;
use crate::persona::{Who, prompt_as};

/// Width of the column with the fields' names.
const FIELD: usize = 26;

/// What can be done.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Take in a persona: a Character Card V2 or V3 (PNG or JSON), a Letta agent file (.af) or a persona's TOML
    Import(Import),
    /// List the personas that there are
    List,
    /// Print a persona
    Show(Show),
    /// Say what `import` would make of a file, and keep nothing
    Check {
        /// The file
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(super) struct Import {
    /// The file
    file: PathBuf,
    /// What it is to be called in settings; without it, that is made of its name
    #[arg(long = "as", value_name = "ID", value_parser = PersonaId::parse)]
    id: Option<PersonaId>,
    /// Put it in the place of the one that is there by that id
    #[arg(long)]
    replace: bool,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    /// Its id, as `janet persona list` shows it
    #[arg(value_parser = PersonaId::parse)]
    id: PersonaId,
    /// Print what the language model would be told first, with these settings, and nothing else
    #[arg(long)]
    prompt: bool,
}

impl Command {
    /// Does it.
    pub(super) fn run(&self, config: &Config) -> anyhow::Result<()> {
        let shelf = Shelf::at(&config.conversation.data_dir);
        match self {
            Self::Import(flags) => take_in(flags, &shelf),
            Self::List => list(&shelf.list()?, &Who::open(config).active()),
            Self::Show(flags) => show(flags, config, &shelf),
            Self::Check { file } => {
                outln!("{}", told(&read(file, None)?))?;
                outln!("Nothing was kept; `janet persona import` does that.")?;
                Ok(())
            }
        }
    }
}

/// Reads no more than a persona may have, whatever the file is.
fn read(path: &Path, id: Option<&PersonaId>) -> anyhow::Result<Imported> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes))
        .with_context(|| format!("{} cannot be read", path.display()))?;
    import(&bytes, id).with_context(|| path.display().to_string())
}

fn take_in(flags: &Import, shelf: &Shelf) -> anyhow::Result<()> {
    let imported = read(&flags.file, flags.id.as_ref())?;
    let path = shelf.put(&imported.persona, flags.replace)?;
    outln!("{}", told(&imported))?;
    outln!("Kept in {}", path.display())?;
    outln!(
        "She speaks as this persona with `persona.name = \"{}\"`.",
        imported.persona.id
    )?;
    Ok(())
}

fn list(listed: &[Listed], active: &PersonaId) -> anyhow::Result<()> {
    for one in listed {
        let mark = if one.id == *active { '*' } else { ' ' };
        let whose = if one.is_built_in { "built in" } else { "yours" };
        match &one.persona {
            Ok(persona) => outln!("{mark} {:16} {whose:9} {}", one.id, persona.description)?,
            Err(error) => outln!("! {:16} {whose:9} {error}", one.id)?,
        }
    }
    Ok(())
}

fn show(flags: &Show, config: &Config, shelf: &Shelf) -> anyhow::Result<()> {
    let persona = shelf.get(&flags.id)?;
    if !flags.prompt {
        text(persona.to_toml().as_bytes())?;
        return Ok(());
    }
    let composed = prompt_as(config, &persona);
    outln!("{}", composed.text)?;
    if composed.cut > 0 {
        let context = config.engine.context_tokens;
        eprintln!(
            "{} bytes of its instructions have no room in a context of {context} tokens",
            composed.cut
        );
    }
    Ok(())
}

/// What became of a file, for people.
fn told(imported: &Imported) -> String {
    let Imported {
        persona,
        format,
        report,
        proposals,
    } = imported;
    let mut out = format!("{}\n", summary(persona, format.name()));
    for (title, lines) in [
        ("Taken", &report.taken),
        ("Changed", &report.changed),
        ("Left out", &report.left_out),
    ] {
        out.push_str(&section(title, lines));
    }
    if !proposals.is_empty() {
        out.push_str(
            "\nProposed for memory: none of this is kept. Tell her “remember that …” for each that should be.\n",
        );
        for proposal in proposals {
            let line = format!("  {:FIELD$}  {}\n", proposal.block, proposal.text.expose());
            out.push_str(&line);
        }
    }
    out
}

fn summary(persona: &Persona, format: &str) -> String {
    let words = persona.instructions.split_whitespace().count();
    format!(
        "{} as `{}`, from a file that is {}: {words} words of instructions, {} examples",
        persona.name,
        persona.id,
        match format.chars().next() {
            Some('a') => format.to_owned(),
            _ => format!("a {format}"),
        },
        persona.examples.len()
    )
}

fn section(title: &str, lines: &[Line]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let rows = lines
        .iter()
        .map(|line| format!("  {:FIELD$}  {}\n", line.field, line.said));
    format!("\n{title}\n{}", rows.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: &str = r#"{"spec": "chara_card_v2", "spec_version": "2.0", "data": {
        "name": "Ada", "description": "Counts.\u200b", "tags": ["a", "b"], "first_mes": ""}}"#;

    #[test]
    fn what_became_of_a_file_is_told_in_lines() {
        let imported = import(CARD.as_bytes(), None).expect("a card");
        assert_eq!(
            told(&imported),
            "Ada as `ada`, from a file that is a Character Card V2: 4 words of instructions, 0 examples\n\
             \nTaken\n  data.name                   her name\n  description                 instructions\n\
             \nChanged\n  description                 1 hidden character taken out\n\
             \nLeft out\n  tags                        2 of them: personas have none\n"
        );
    }

    #[test]
    fn what_is_proposed_is_shown_and_not_kept() {
        let file = r#"{"agents": [{"name": "x", "block_ids": ["b"]}],
            "blocks": [{"id": "b", "label": "human", "value": "Likes green tea."}]}"#;
        let told = told(&import(file.as_bytes(), None).expect("an agent file"));
        assert!(told.contains("none of this is kept"), "{told}");
        assert!(
            told.ends_with("  human                       Likes green tea.\n"),
            "{told}"
        );
    }

    #[test]
    fn an_import_refuses_to_overwrite_and_names_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("card.json");
        std::fs::write(&file, CARD).expect("a file");
        let shelf = Shelf::at(folder.path());
        let flags = |replace| Import {
            file: file.clone(),
            id: Some(PersonaId::parse("counter").expect("an id")),
            replace,
        };
        take_in(&flags(false), &shelf).expect("kept");
        let error = take_in(&flags(false), &shelf).expect_err("it is there");
        assert!(error.to_string().contains("--replace"), "{error}");
        take_in(&flags(true), &shelf).expect("replaced");
        std::fs::write(&file, "{").expect("a file");
        let error = format!("{:#}", take_in(&flags(true), &shelf).expect_err("broken"));
        assert!(
            error.contains("card.json") && error.contains("line 1"),
            "{error}"
        );
    }
}
