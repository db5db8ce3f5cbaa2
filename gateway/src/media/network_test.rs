//! Her voice over a seeded network that loses, delays and reorders, into the ear of another.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use janet_audio::jitter::Packet;
use janet_audio::{resample, wav};

use super::up::Mended;
use super::*;

fn speech() -> Vec<i16> {
    let clip = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/speech/austen_0930.wav");
    let bytes = std::fs::read(clip).expect("a clip of the tests'");
    let sound = wav::read_native(&bytes, Duration::from_secs(60)).expect("a WAV file");
    let sound = resample(&sound.samples, sound.rate_hz, PLAY_RATE_HZ).expect("rates");
    sound.into_iter().map(wav::to_s16).collect()
}

fn level(sound: &[i16]) -> f64 {
    (sound.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / sound.len() as f64).sqrt()
}

/// When which packet comes; of a hundred so many are lost.
fn sent(
    sound: &[i16],
    lost: u32,
    jitter_us: u64,
    seed: u64,
) -> BTreeMap<(u64, u16), Packet<Bytes>> {
    let mut rng = Rng::with_seed(seed);
    let mut down = Down::new(rng.u16(..), rng.u32(..)).expect("libopus");
    let mut arrivals = BTreeMap::new();
    let mut chunks = sound.chunks(480);
    for n in 0..(sound.len() / 960) as u64 {
        for k in 0..2 {
            if let Some(chunk) = chunks.next() {
                down.play((n * 960 + k * 480) as u32, chunk);
            }
        }
        let frame = down.poll(n * FRAME_US).expect("libopus").expect("due");
        let packet = Packet {
            sequence: frame.sequence,
            timestamp: frame.timestamp,
            payload: Bytes::copy_from_slice(frame.payload),
        };
        // The first and the last always come, so that all runs are as long.
        let is_edge = n == 0 || n + 1 == (sound.len() / 960) as u64;
        if is_edge || rng.u32(0..100) >= lost {
            let jitter_us = if is_edge { 0 } else { rng.u64(0..=jitter_us) };
            let at_us = 1_000_000 + n * FRAME_US + jitter_us;
            arrivals.insert((at_us, packet.sequence), packet);
        }
    }
    arrivals
}

fn heard(arrivals: BTreeMap<(u64, u16), Packet<Bytes>>) -> (Vec<i16>, Up) {
    let mut up = Up::new().expect("libopus");
    let mut sound = Vec::new();
    for ((now_us, _), packet) in arrivals {
        while let Some(due) = up.timeout().filter(|due| *due <= now_us) {
            up.pull(due, &mut sound);
        }
        up.push(now_us, packet);
        up.pull(now_us, &mut sound);
    }
    while let Some(due) = up.timeout() {
        up.pull(due, &mut sound);
    }
    (sound, up)
}

#[test]
fn a_good_network_changes_nothing() {
    let speech = speech();
    let (sound, up) = heard(sent(&speech, 0, 0, 1));
    assert_eq!(sound.len(), speech.len() / 960 * 320);
    assert_eq!(up.mended(), Mended::default());
    let ratio = level(&sound) / level(&speech);
    assert!((0.9..1.1).contains(&ratio), "{ratio}");
}

#[test]
fn each_sample_has_its_time_whatever_is_lost_and_copies_are_used() {
    let speech = speech();
    for seed in 0..20 {
        let (sound, up) = heard(sent(&speech, 10, 60_000, seed));
        let (stats, mended) = (up.stats(), up.mended());
        assert_eq!(
            sound.len(),
            speech.len() / 960 * 320,
            "seed {seed}: {stats:?}"
        );
        assert_eq!(
            mended.fec_recovered + mended.concealed,
            stats.missing,
            "seed {seed}"
        );
        assert!(mended.fec_recovered > 0, "seed {seed}: {mended:?}");
        let ratio = level(&sound) / level(&speech);
        assert!((0.8..1.1).contains(&ratio), "seed {seed}: {ratio}");
    }
}

#[test]
fn garbage_is_counted_and_what_follows_is_heard() {
    let speech = speech();
    let mut arrivals = sent(&speech, 0, 0, 2);
    for packet in arrivals.values_mut().step_by(7) {
        // Promises frames that are not there.
        packet.payload = Bytes::from_static(&[0xFF]);
    }
    let count = arrivals.len();
    let (sound, up) = heard(arrivals);
    assert_eq!(sound.len(), count * 320);
    assert_eq!(up.mended().garbage, count.div_ceil(7) as u64);
    assert!(level(&sound) > level(&speech) / 2.0);
}
