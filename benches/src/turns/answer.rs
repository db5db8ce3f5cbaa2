//! How long an answer takes to its first sound, on this machine, with the real models.
//!
//! What is decided about a turn is only real once its answer can be heard; until then more speech still
//! belongs to it. So the time between the two belongs into the run, and it is measured, not assumed.

use std::time::{Duration, Instant};

use anyhow::anyhow;
use janet_engine::Models;
use janet_engine::speak::speak;
use janet_kernels::Exec;
use janet_models::llm::{Llm, LlmOptions, LlmStep, Message, Role, Sampling};
use janet_models::vits::SpeakOptions;

use crate::weights::{MAX_TOKENS, SYSTEM, Weights};

const RUNS: u64 = 7;
/// Long enough for the voice to begin with.
const PHRASE_WORDS: usize = 5;

/// From the words of a turn to the first sound of its answer: the median of a few runs.
pub(super) fn first_sound(weights: &Weights) -> anyhow::Result<Duration> {
    let config = weights.config(SYSTEM, MAX_TOKENS);
    let paths = weights.paths();
    let models = Models::load(&paths, &config, &mut |_, _| {})?;
    let llm = Llm::load(
        &paths.llm,
        &Exec::cpu(weights.threads),
        LlmOptions::default(),
    )?;
    let mut took = Vec::new();
    for run in 0..=RUNS {
        let messages = [
            Message::new(Role::System, SYSTEM),
            Message::new(
                Role::User,
                format!("What do you think of the number {run}?"),
            ),
        ];
        let began = Instant::now();
        let mut text = String::new();
        let mut going = llm.begin(run, &messages, Sampling::greedy(1))?;
        while text.split_whitespace().count() <= PHRASE_WORDS {
            match going.step()? {
                LlmStep::More => {}
                LlmStep::Text(more) => text.push_str(&more),
                LlmStep::Done(_) => break,
            }
        }
        drop(going);
        let mut first = None;
        speak(&models, &text, &SpeakOptions::default(), &mut |_| {
            first.get_or_insert_with(|| began.elapsed());
        })?;
        let first = first.ok_or_else(|| anyhow!("{text:?} makes no sound"))?;
        // The first run reads the system prompt, which every later one finds in the cache.
        if run > 0 {
            took.push(first);
        }
    }
    took.sort();
    Ok(took[took.len() / 2])
}
