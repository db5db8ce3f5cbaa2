//! The whole audio loop: from the first sample of a microphone's frame to the moment at which it is heard
//! again, through encoder, network, server, network, jitter buffer and decoder.

use anyhow::ensure;
use bytes::Bytes;
use janet_audio::opus::{Encoder, FRAME_SAMPLES, RATE_HZ};
use janet_tests::{Server, http};
use serde_json::{Value, json};

use super::far::Far;
use crate::media::FRAME_US;

/// Between two clicks, in frames: longer than any loop that is worth measuring.
const EVERY: u64 = 30;
/// A click: 10 ms of 1 kHz.
const CLICK: usize = 480;
/// Well above what the codec makes of silence, well below the click.
const HEARD: f32 = 0.1;
/// Clicks until the jitter buffer has settled: it plays what is too much a little faster.
const WARM_UP: u64 = 12;

pub(crate) fn measure(calls: u32, clicks: u64) -> anyhow::Result<Value> {
    let server = Server::start(&["llm.server=off"]).ready();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut loops = Vec::new();
    for _ in 0..calls {
        loops.extend(runtime.block_on(one(&server, clicks))?);
    }
    let told = http::get(server.address(), "/metrics").body;
    Ok(json!({
        "bench": "loop",
        "calls": calls,
        "loop_ms": loops,
        "mic_to_ring_ms_p99": p99_ms(&told, "janet_mic_to_ring_seconds"),
        "ring_to_wire_ms_p99": p99_ms(&told, "janet_ring_to_wire_seconds"),
    }))
}

async fn one(server: &Server, clicks: u64) -> anyhow::Result<Vec<f64>> {
    let mut far = Far::call(server).await?;
    let silence = Bytes::from(Encoder::new()?.silence().to_vec());
    // The microphone opens with the first packet.
    far.talk(5, &mut |_| silence.clone(), &mut |_, _| {})
        .await?;
    far.client
        .send(json!({ "type": "audio_loop", "on": true }))
        .await;
    far.client.until("audio_looping").await;

    let mut encoder = Encoder::new()?;
    let mut sound = [0; FRAME_SAMPLES];
    let mut mic = |n: u64| {
        let is_click = n.is_multiple_of(EVERY);
        for (at, sample) in sound.iter_mut().enumerate() {
            let phase = at as f32 * std::f32::consts::TAU * 1000.0 / RATE_HZ as f32;
            *sample = match is_click && at < CLICK {
                true => (phase.sin() * 16_000.0) as i16,
                false => 0,
            };
        }
        let packet = encoder.encode(&sound).map(<[u8]>::to_vec);
        Bytes::from(packet.unwrap_or_default())
    };
    let mut heard = vec![None; (clicks + WARM_UP) as usize];
    let mut ear = |at_us: u64, sound: &[f32]| {
        let onset = sound.iter().position(|sample| sample.abs() > HEARD);
        let slot = heard.get_mut((at_us / (EVERY * FRAME_US)) as usize);
        if let (Some(at), Some(slot @ None)) = (onset, slot) {
            let us = at_us + at as u64 * 1_000_000 / u64::from(RATE_HZ);
            *slot = Some((us % (EVERY * FRAME_US)) as f64 / 1e3);
        }
    };
    far.talk((clicks + WARM_UP) * EVERY, &mut mic, &mut ear)
        .await?;
    let heard = heard.split_off(WARM_UP as usize);
    let came: Vec<f64> = heard.iter().flatten().copied().collect();
    ensure!(
        came.len() * 10 >= heard.len() * 9,
        "of {} clicks {} came back",
        heard.len(),
        came.len()
    );
    Ok(came)
}

/// What `/metrics` says of a summary.
fn p99_ms(text: &str, name: &str) -> Option<f64> {
    let line = format!("{name}{{quantile=\"0.99\"}} ");
    let value = text.lines().find_map(|told| told.strip_prefix(&line))?;
    Some(value.trim().parse::<f64>().ok()? * 1e3)
}
