//! Whole utterances over a seeded network that loses, delays and reorders packets, as they are heard by the
//! recogniser: what is understood less than without the network.

use std::collections::BTreeMap;

use bytes::Bytes;
use fastrand::Rng;
use janet_audio::jitter::Packet;
use janet_audio::opus::RATE_HZ;
use janet_audio::{resample, wav};
use janet_kernels::Exec;
use janet_models::{Step, whisper};
use serde_json::{Value, json};

use crate::clips::Clip;
use crate::media::{Down, FRAME_US, Up};
use crate::weights::Weights;

/// Of a hundred packets so many are lost.
const LOST: u32 = 10;
/// Each packet is late by a time evenly spread up to this.
const JITTER_US: u64 = 50_000;
/// Longer utterances are left out: Whisper's time is the bench's.
const LONGEST_S: f32 = 12.0;

pub(crate) fn measure(weights: &Weights, clips: &[Clip], patterns: u64) -> anyhow::Result<Value> {
    let exec = Exec::cpu(weights.threads);
    let model = whisper::Whisper::load(&weights.paths().stt_dir, &exec)?;
    model.warm_up()?;
    let hear = |pcm: Vec<f32>| -> anyhow::Result<String> {
        let mut job = model.begin(pcm, whisper::Options::default())?;
        loop {
            if let Step::Ready(done) = job.step()? {
                return Ok(done.text);
            }
        }
    };
    let mut rows = Vec::new();
    for clip in clips.iter().filter(|clip| clip.seconds < LONGEST_S) {
        let sound = resample(&clip.pcm, 16_000, RATE_HZ)?;
        let sound: Vec<i16> = sound.into_iter().map(wav::to_s16).collect();
        // The codec alone is no network.
        let clean = hear(arrived(&sound, 0, 0, 0)?.0)?;
        let (mut heard, mut recovered, mut concealed) = (Vec::new(), 0, 0);
        for seed in 1..=patterns {
            let (pcm, up) = arrived(&sound, LOST, JITTER_US, seed)?;
            recovered += up.mended().fec_recovered;
            concealed += up.mended().concealed;
            heard.push(hear(pcm)?);
        }
        rows.push(json!({
            "clip": clip.name, "reference": clip.text, "clean": clean, "heard": heard,
            "fec_recovered": recovered, "concealed": concealed,
        }));
    }
    Ok(json!({
        "bench": "lossy", "patterns": patterns, "lost_pct": LOST, "jitter_ms": JITTER_US / 1000, "clips": rows,
    }))
}

/// What of the sound is heard behind the network: 16 kHz.
fn arrived(sound: &[i16], lost: u32, jitter_us: u64, seed: u64) -> anyhow::Result<(Vec<f32>, Up)> {
    let mut rng = Rng::with_seed(seed);
    let mut down = Down::new(rng.u16(..), rng.u32(..))?;
    // What the encoder is told after a while: by the reports, and in a call in which lost packets are asked for
    // (here nobody asks) by the questions, because the reports do not count as lost what came again.
    down.set_loss(lost as u8)?;
    let mut arrivals = BTreeMap::new();
    for (n, frame) in sound.chunks(960).enumerate() {
        down.play((n * 960) as u32, frame);
        let at_us = n as u64 * FRAME_US;
        let Some(packet) = down.poll(at_us)? else {
            continue;
        };
        if rng.u32(0..100) < lost {
            continue;
        }
        let packet = Packet {
            sequence: packet.sequence,
            timestamp: packet.timestamp,
            payload: Bytes::copy_from_slice(packet.payload),
        };
        let late = rng.u64(0..=jitter_us);
        arrivals.insert((at_us + late, packet.sequence), packet);
    }
    let mut up = Up::new()?;
    let mut heard = Vec::new();
    for ((now_us, _), packet) in arrivals {
        while let Some(due) = up.timeout().filter(|due| *due <= now_us) {
            up.pull(due, &mut heard);
        }
        up.push(now_us, packet);
        up.pull(now_us, &mut heard);
    }
    while let Some(due) = up.timeout() {
        up.pull(due, &mut heard);
    }
    let heard = heard.into_iter().map(|s| f32::from(s) / 32768.0);
    Ok((heard.collect(), up))
}
