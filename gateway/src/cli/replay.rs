//! `janet replay`: a recorded session once more, as a drawing.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use janet_engine::replay::replay;
use janet_engine::waterfall::waterfall;

use super::out::outln;

/// Flags of `janet replay`.
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// A recording that `janet serve --set engine.record_dir=FOLDER` made
    file: PathBuf,
    /// Print every action of the conversation, too
    #[arg(long)]
    actions: bool,
}

impl Replay {
    /// Replays and draws.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let file = File::open(&self.file)
            .with_context(|| format!("cannot read {}", self.file.display()))?;
        let replayed = replay(BufReader::new(file))
            .with_context(|| format!("{} cannot be replayed", self.file.display()))?;
        if self.actions {
            for (at, action) in &replayed.actions {
                outln!("{:>10.3} s  {action:?}", at.0 as f64 / 1e6)?;
            }
            outln!("")?;
        }
        for turn in &replayed.turns {
            outln!(
                "{} answers speech that ended at {:.3} s",
                turn.reply,
                turn.speech_end.0 as f64 / 1e6
            )?;
            outln!("{}", waterfall(&turn.ledger))?;
        }
        if let Some(line) = replayed.broken_line {
            outln!("The recording breaks off in line {line}: what followed is missing.")?;
        }
        outln!(
            "{} turns, {} actions",
            replayed.turns.len(),
            replayed.actions.len()
        )?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use janet_engine::Mark;

    /// How the page lays out the same drawing.
    const PAGE: &str = include_str!("../../web/src/ui/waterfall-layout.ts");

    #[test]
    fn the_page_calls_every_stage_the_same() {
        for mark in [
            Mark::Decision,
            Mark::TurnScore,
            Mark::Transcript,
            Mark::LlmFirst,
            Mark::TtsFirst,
            Mark::FirstAudio,
            Mark::FirstHeard,
        ] {
            let stage = format!("mark: '{}', label: '{}'", mark.name(), mark.label());
            assert!(PAGE.contains(&stage), "{stage}");
        }
    }
}
