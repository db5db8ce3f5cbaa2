//! `janet listen`: a recording as text.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Args;
use indicatif::ProgressBar;
use janet_audio::wav;
use janet_engine::hear::hear;
use serde_json::json;

use super::loading;
use crate::config::Config;

/// Longest recording: two hours are 460 MB of samples.
const LONGEST: Duration = Duration::from_secs(2 * 3600);
/// Largest file that is read: the longest recording in 16-bit stereo at 48 kHz.
const LARGEST: u64 = 2 * 3600 * 48_000 * 4;

/// Flags of `janet listen`.
#[derive(Debug, Args)]
pub(super) struct Listen {
    /// The recording, a WAV file of any rate; - reads standard input
    input: PathBuf,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
}

impl Listen {
    /// Listens and prints.
    pub(super) fn run(&self, config: &Config) -> anyhow::Result<()> {
        let shown = self.input.display();
        let bytes = read(&self.input).with_context(|| format!("cannot read {shown}"))?;
        let speech =
            wav::read(&bytes, LONGEST).with_context(|| format!("{shown} cannot be used"))?;
        drop(bytes);
        ensure!(!speech.is_empty(), "{shown} holds no sound");
        let models = loading::models(config)?;
        let seconds = speech.len() as f64 / 16_000.0;
        let spinner =
            ProgressBar::new_spinner().with_message(format!("{seconds:.0} s of recording"));
        let began = Instant::now();
        let text = hear(&models, speech, &mut || spinner.tick())?;
        spinner.finish_and_clear();
        if self.json {
            let took_s = began.elapsed().as_secs_f64();
            println!(
                "{}",
                json!({ "text": text, "sound_s": seconds, "took_s": took_s })
            );
        } else {
            ensure!(!text.is_empty(), "nobody speaks in {shown}");
            println!("{text}");
        }
        Ok(())
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let source: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(std::fs::File::open(path)?)
    };
    let mut bytes = Vec::new();
    source.take(LARGEST + 1).read_to_end(&mut bytes)?;
    ensure!(
        bytes.len() as u64 <= LARGEST,
        "more than {} MB are not read",
        LARGEST / 1_000_000
    );
    Ok(bytes)
}
