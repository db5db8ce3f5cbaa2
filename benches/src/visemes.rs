//! What visemes from sound cost on the CPU: a stream that is pushed and taken from every 20 ms.

use std::time::Instant;

use janet_kernels::Pool;
use janet_kernels::signal::Choice;
use janet_models::visemes::{Visemes, built_in};
use serde_json::{Value, json};

use crate::clips::Clip;

/// Samples of 20 ms at the clips' rate.
const PUSH: usize = 320;
const RATE_HZ: u32 = 16_000;

/// Milliseconds of one core for 20 ms of one stream's sound, on one thread, the resampler included: the median
/// and the slowest of `runs` rounds through all clips.
pub(crate) fn measure(clips: &[Clip], runs: usize) -> anyhow::Result<Value> {
    let (visemes, _) = Visemes::open(&built_in()?, Choice::Cpu, Pool::new(1), 1)?;
    let pushes: usize = clips.iter().map(|clip| clip.pcm.len() / PUSH).sum();
    let mut rounds = Vec::new();
    for _ in 0..=runs {
        let began = Instant::now();
        for clip in clips {
            let Some(mut stream) = visemes.stream(RATE_HZ)? else {
                anyhow::bail!("the only place is taken");
            };
            for piece in clip.pcm.chunks_exact(PUSH) {
                stream.push(piece)?;
                while stream.take()?.is_some() {}
            }
        }
        rounds.push(began.elapsed().as_secs_f64() * 1e3 / pushes.max(1) as f64);
    }
    // The first one warms up.
    rounds.remove(0);
    rounds.sort_by(f64::total_cmp);
    Ok(json!({
        "bench": "visemes", "backend": visemes.backend(), "runs": runs, "pushes": pushes,
        "ms_per_20_ms": { "median": rounds.get(runs / 2), "max": rounds.last() },
    }))
}
