//! `janet say`: a text as a WAV file.

use std::io::Read;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::Args;
use indicatif::ProgressBar;
use janet_engine::speak::speak;
use janet_models::vits::SpeakOptions;

use super::{loading, sound};
use crate::config::Config;

/// Characters that are spoken at once: about ten minutes.
const LONGEST: usize = 10_000;

/// Flags of `janet say`.
#[derive(Debug, Args)]
pub(super) struct Say {
    /// What to say; - reads standard input
    #[arg(allow_negative_numbers = true)]
    text: String,
    /// Where to write the sound; - writes it to standard output
    #[arg(short, long, value_name = "FILE.wav")]
    output: PathBuf,
}

impl Say {
    /// Speaks and writes.
    pub(super) fn run(&self, config: &Config) -> anyhow::Result<()> {
        let text = self.text()?;
        ensure!(
            !text.trim().is_empty(),
            "there is nothing to say: the text is empty"
        );
        let letters = text.chars().count();
        ensure!(
            letters <= LONGEST,
            "the text has {letters} characters, at most {LONGEST} are spoken at once"
        );
        sound::check_output(&self.output)?;
        let (models, _weights) = loading::models(config, "say")?;
        let options = SpeakOptions {
            seed: config.engine.seed.unwrap_or_else(|| fastrand::u64(..)),
            length_scale: 1.0 / config.engine.speed,
            ..SpeakOptions::default()
        };
        let mut spoken = Vec::new();
        let rate_hz = models.voice_rate_hz();
        // Hidden where nobody looks: indicatif draws on terminals only.
        let spinner = ProgressBar::new_spinner();
        speak(&models, &text, &options, &mut |chunk| {
            spoken.extend_from_slice(chunk);
            let seconds = spoken.len() as f64 / f64::from(rate_hz);
            spinner.set_message(format!("{seconds:.1} s spoken"));
            spinner.tick();
        })?;
        spinner.finish_and_clear();
        ensure!(
            !spoken.is_empty(),
            "there is nothing to say: the text has no words that can be pronounced"
        );
        sound::write(&self.output, &spoken, rate_hz)?;
        let seconds = spoken.len() as f64 / f64::from(rate_hz);
        let output = &self.output;
        let shown = match sound::is_pipe(output) {
            true => "standard output".to_owned(),
            false => output.display().to_string(),
        };
        sound::tell(
            output,
            format_args!("{shown}: {seconds:.1} s of speech at {rate_hz} Hz"),
        )?;
        Ok(())
    }

    fn text(&self) -> anyhow::Result<String> {
        if self.text != "-" {
            return Ok(self.text.clone());
        }
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .context("standard input is not text")?;
        Ok(text)
    }
}
