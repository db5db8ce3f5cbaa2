//! Loads the models for a command that runs in the foreground, with a bar that shows how far it is.

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use janet_engine::Models;

use crate::config::Config;
use crate::persona::Who;
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
        &voice::engine_config(config, &Who::open(config)),
        &mut |stage, done| {
            bar.set_message(stage.to_owned());
            bar.set_position((f64::from(done.clamp(0.0, 1.0)) * STEPS as f64) as u64);
        },
    );
    bar.finish_and_clear();
    let models = models.map_err(|error| {
        let advice = weights::advice(&config.models, &error);
        anyhow::Error::new(error).context(format!("the models cannot be loaded{advice}"))
    })?;
    Ok((models, weights))
}
