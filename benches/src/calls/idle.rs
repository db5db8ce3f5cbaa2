//! Many calls in which nobody says a word: what they cost the server.

use std::time::{Duration, Instant};

use bytes::Bytes;
use janet_audio::opus::{Encoder, FRAME_SAMPLES};
use janet_tests::Server;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::far::Far;

/// Frames before those that count: five seconds.
const WARM_UP: u64 = 250;
/// Different frames of a room's noise.
const NOISES: usize = 100;

pub(crate) fn measure(calls: usize, seconds: u64) -> anyhow::Result<Value> {
    let limit = |key: &str| format!("{key}={}", (2 * calls).max(64));
    let limits = ["server.max_clients", "engine.sessions"].map(limit);
    let server = Server::start(&[&limits[0], &limits[1], "llm.server=off"]).ready();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let used = runtime.block_on(run(&server, calls, seconds))?;
    Ok(json!({
        "bench": "idle_calls",
        "calls": calls,
        "seconds": seconds,
        "cpu_pct": used.as_secs_f64() / seconds as f64 * 100.0,
    }))
}

async fn run(server: &Server, calls: usize, seconds: u64) -> anyhow::Result<Duration> {
    let room = room()?;
    let mut fars = Vec::new();
    for _ in 0..calls {
        fars.push(Far::call(server).await?);
    }
    let mut work = JoinSet::new();
    for (number, mut far) in fars.into_iter().enumerate() {
        let room = room.clone();
        work.spawn(async move {
            let mut mic = |n: u64| room[(n as usize + number) % NOISES].clone();
            let frames = WARM_UP + (seconds + 1) * 50;
            far.talk(frames, &mut mic, &mut |_, _| {}).await
        });
    }
    tokio::time::sleep(Duration::from_millis(WARM_UP * 20)).await;
    let (before, since) = (server.cpu(), Instant::now());
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let used = (server.cpu() - before).div_f64(since.elapsed().as_secs_f64() / seconds as f64);
    while let Some(done) = work.join_next().await {
        done??;
    }
    Ok(used)
}

/// A quiet room at −75 dBFS, encoded.
fn room() -> anyhow::Result<Vec<Bytes>> {
    let mut rng = fastrand::Rng::with_seed(5);
    let mut encoder = Encoder::new()?;
    let mut frames = Vec::new();
    for _ in 0..NOISES {
        let mut sound = [0_i16; FRAME_SAMPLES];
        sound.fill_with(|| rng.i16(-10..=10));
        frames.push(Bytes::copy_from_slice(encoder.encode(&sound)?));
    }
    Ok(frames)
}
