//! One stage at a time, alone on the machine.

use std::time::Instant;

use janet_engine::Models;
use janet_engine::speak::speak;
use janet_kernels::Exec;
use janet_models::{Step, llm, vits, whisper};
use serde_json::{Value, json};

use crate::clips::Clip;
use crate::weights::{MAX_TOKENS, SYSTEM, Weights};

/// Sentences that the peers' script speaks too.
const SIX_WORDS: &str = "Your order will arrive on Thursday.";
const LONG: &str = "I looked up the train for you, and the next one leaves from platform four at \
                    half past nine, so there is still some time.";

fn millis(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

fn stats(mut values: Vec<f64>) -> Value {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| {
        values
            .get(((values.len() - 1) as f64 * share).round() as usize)
            .copied()
    };
    json!({ "min": at(0.0), "median": at(0.5), "p95": at(0.95), "max": at(1.0), "n": values.len() })
}

pub(crate) fn stt(weights: &Weights, clips: &[Clip], runs: usize) -> anyhow::Result<Value> {
    let exec = Exec::cpu(weights.threads);
    let model = whisper::Whisper::load(&weights.paths().stt_dir, &exec)?;
    model.warm_up()?;
    let mut rows = Vec::new();
    for clip in clips {
        let mut took = Vec::new();
        let mut heard = String::new();
        for _ in 0..=runs {
            let began = Instant::now();
            let mut job = model.begin(clip.pcm.clone(), whisper::Options::default())?;
            heard = loop {
                if let Step::Ready(done) = job.step()? {
                    break done.text;
                }
            };
            took.push(millis(began));
        }
        took.remove(0);
        rows.push(json!({
            "clip": clip.name, "seconds": clip.seconds, "reference": clip.text, "heard": heard,
            "ms": stats(took),
        }));
    }
    Ok(json!({ "bench": "stt", "clips": rows }))
}

pub(crate) fn tts(weights: &Weights, runs: usize) -> anyhow::Result<Value> {
    let models = Models::load(
        &weights.paths(),
        &weights.config(SYSTEM, MAX_TOKENS),
        &mut |_, _| {},
    )?;
    let rate = f64::from(models.voice_rate_hz());
    let mut cases = serde_json::Map::new();
    for (name, text) in [("6_words", SIX_WORDS), ("25_words", LONG)] {
        let (mut firsts, mut totals, mut factors) = (Vec::new(), Vec::new(), Vec::new());
        for run in 0..=runs {
            let began = Instant::now();
            let (mut first, mut samples) = (None, 0);
            speak(
                &models,
                text,
                &vits::SpeakOptions::default(),
                &mut |sound| {
                    first.get_or_insert_with(|| millis(began));
                    samples += sound.len();
                },
            )?;
            if run > 0 {
                let total = millis(began);
                firsts.extend(first);
                totals.push(total);
                factors.push(total / 1e3 / (samples as f64 / rate));
            }
        }
        cases.insert(
            name.into(),
            json!({ "first_audio_ms": stats(firsts), "total_ms": stats(totals),
                    "rtf": stats(factors) }),
        );
    }
    Ok(json!({ "bench": "tts", "cases": cases }))
}

/// Random words: nothing that a cache could know.
fn words(rng: &mut fastrand::Rng, n: usize) -> String {
    const WORDS: [&str; 16] = [
        "river", "stone", "light", "garden", "winter", "letter", "music", "market", "bridge",
        "silver", "morning", "table", "window", "paper", "forest", "engine",
    ];
    (0..n)
        .map(|_| WORDS[rng.usize(..WORDS.len())])
        .collect::<Vec<_>>()
        .join(" ")
}

pub(crate) fn llm(weights: &Weights, runs: usize) -> anyhow::Result<Value> {
    let exec = Exec::cpu(weights.threads);
    let options = llm::LlmOptions {
        slots: 2,
        ..llm::LlmOptions::default()
    };
    let model = llm::Llm::load(&weights.paths().llm, &exec, options)?;
    let mut rng = fastrand::Rng::with_seed(7);
    let sampling = llm::Sampling::greedy;
    // To the first token, and how many prompt tokens were new.
    let first = |owner: u64, messages: &[llm::Message]| -> anyhow::Result<(f64, Value)> {
        let began = Instant::now();
        let mut going = model.begin(owner, messages, sampling(1))?;
        while let llm::LlmStep::More = going.step()? {}
        let took = millis(began);
        let usage = going.usage();
        Ok((took, json!({ "cached": usage.cached, "new": usage.new })))
    };
    let (mut cached, mut cold, mut usage) = (Vec::new(), Vec::new(), Value::Null);
    for run in 0..=runs {
        let prefix = llm::Message::new(llm::Role::System, words(&mut rng, 190));
        let asks = |rng: &mut fastrand::Rng, n| {
            vec![
                prefix.clone(),
                llm::Message::new(llm::Role::User, words(rng, n)),
            ]
        };
        let owner = run as u64 * 2;
        let (took, _) = first(owner, &asks(&mut rng, 30))?;
        cold.push(took);
        let (took, what) = first(owner, &asks(&mut rng, 30))?;
        cached.push(took);
        usage = what;
    }
    let mut decode = Vec::new();
    for run in 0..=runs {
        let message = llm::Message::new(
            llm::Role::User,
            format!("Tell me a long story about the {}.", words(&mut rng, 20)),
        );
        let mut going = model.begin(1000 + run as u64, &[message], sampling(96))?;
        let (mut began, mut before) = (None, 0);
        loop {
            let step = going.step()?;
            let made = going.usage().generated.len();
            if made > 0 && began.is_none() {
                (began, before) = (Some(Instant::now()), made);
            }
            if let llm::LlmStep::Done(_) = step {
                let took = began.map_or(f64::NAN, millis) / 1e3;
                decode.push((made - before) as f64 / took);
                break;
            }
        }
    }
    Ok(json!({
        "bench": "llm",
        "decode_tok_s": stats(decode.split_off(1)),
        "ttft_200_cached_plus_40_ms": stats(cached.split_off(1)),
        "ttft_240_cold_ms": stats(cold.split_off(1)),
        "last_prompt": usage,
    }))
}
