//! Loads the models for a command that runs in the foreground, with a bar that shows how far it is.

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use janet_engine::{EngineError, Models};
use janet_models::ModelError;

use crate::config::Config;
use crate::voice;
use crate::weights::{self, Weights};

/// Steps of the bar.
const STEPS: u64 = 100;

/// Loads and warms up everything. While the weights are kept, nobody removes what was loaded from
/// them. The bar goes to standard error, and only to a terminal.
pub(super) fn models(config: &Config, who: &str) -> anyhow::Result<(Models, Weights)> {
    let weights = weights::locate(&config.models, who)?;
    let style = ProgressStyle::with_template("loading {bar:30} {msg}").context("a bad template")?;
    let bar = ProgressBar::new(STEPS).with_style(style);
    let models = Models::load(
        &weights.paths,
        &voice::engine_config(config),
        &mut |stage, done| {
            bar.set_message(stage.to_owned());
            bar.set_position((f64::from(done.clamp(0.0, 1.0)) * STEPS as f64) as u64);
        },
    );
    bar.finish_and_clear();
    let models = match models {
        // A setting that the model cannot do is no fault of its files.
        Err(
            error @ EngineError::Model {
                source: ModelError::Input { .. },
                ..
            },
        ) => Err(error.into()),
        models => models.context("`janet models verify` checks the files"),
    };
    Ok((models?, weights))
}
