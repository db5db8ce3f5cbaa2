//! Measures the language model: prefill and decode rates, time to the first token with a warm
//! cache, and the longest step.
//!
//! usage: `llm_speed MODEL.gguf [threads]`

use std::path::Path;
use std::time::Instant;

use janet_kernels::Exec;
use janet_models::llm::{Llm, LlmOptions, LlmStep, Message, Role, Sampling};

const WORDS: [&str; 12] = [
    "river", "stone", "light", "garden", "winter", "letter", "music", "market", "bridge", "silver",
    "morning", "table",
];

fn text(words: usize, rng: &mut fastrand::Rng) -> String {
    (0..words)
        .map(|_| WORDS[rng.usize(..WORDS.len())])
        .collect::<Vec<_>>()
        .join(" ")
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let path = args.get(1).ok_or("usage: llm_speed MODEL.gguf [threads]")?;
    let threads = args.get(2).map_or(Ok(2), |n| n.parse())?;
    let begun = Instant::now();
    let llm = Llm::load(Path::new(path), &Exec::cpu(threads), LlmOptions::default())?;
    println!("load {:.0} ms", begun.elapsed().as_secs_f64() * 1e3);
    let mut rng = fastrand::Rng::with_seed(7);
    let mut steps: Vec<f64> = Vec::new();
    let mut single: Vec<f64> = Vec::new();
    let mut rows: [Vec<f64>; 3] = Default::default();
    for round in 0..9u64 {
        // A fresh prompt of about 240 tokens, nothing of it in the cache.
        let owner = 10 + round % 2;
        llm.forget(owner)?;
        let system = Message::new(Role::System, text(195, &mut rng));
        let ask = |words, rng: &mut fastrand::Rng| {
            vec![system.clone(), Message::new(Role::User, text(words, rng))]
        };
        let mut first_token =
            |messages: &[Message], tokens| -> Result<_, janet_models::ModelError> {
                let begun = Instant::now();
                let mut generation = llm.begin(owner, messages, Sampling::greedy(tokens))?;
                let new = generation.usage().new;
                let mut first = None;
                loop {
                    let step = Instant::now();
                    let outcome = generation.step()?;
                    steps.push(step.elapsed().as_secs_f64() * 1e3);
                    match outcome {
                        LlmStep::More => {}
                        LlmStep::Text(_) => {
                            if first.is_some() {
                                single.push(step.elapsed().as_secs_f64() * 1e3);
                            }
                            first.get_or_insert_with(|| begun.elapsed().as_secs_f64());
                        }
                        LlmStep::Done(_) => break,
                    }
                }
                let all = begun.elapsed().as_secs_f64();
                let first = first.unwrap_or(all);
                Ok((first, new, generation.usage().generated.len(), all - first))
            };
        let (first, new, _, _) = first_token(&ask(30, &mut rng), 1)?;
        rows[0].push(new as f64 / first);
        let (first, new, count, rest) = first_token(&ask(32, &mut rng), 64)?;
        println!(
            "round {round}: warm prompt, {new} new tokens: first {:.0} ms",
            first * 1e3
        );
        rows[1].push(first * 1e3);
        rows[2].push((count as f64 - 1.0) / rest);
    }
    for (name, row) in ["prefill tok/s", "warm first token ms", "decode tok/s"]
        .iter()
        .zip(&mut rows)
    {
        row.sort_by(f64::total_cmp);
        println!(
            "{name}: min {:.1} median {:.1} max {:.1}",
            row[0],
            row[row.len() / 2],
            row[row.len() - 1]
        );
    }
    single.sort_by(f64::total_cmp);
    println!(
        "one token in one step ms: min {:.1} median {:.1}",
        single[0],
        single[single.len() / 2]
    );
    steps.sort_by(f64::total_cmp);
    let at = |part: f64| steps[((steps.len() - 1) as f64 * part) as usize];
    println!(
        "step ms: p50 {:.1} p99 {:.1} max {:.1}",
        at(0.5),
        at(0.99),
        at(1.0)
    );
    Ok(())
}
