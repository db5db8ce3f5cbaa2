use std::f64::consts::TAU;

use super::*;
use crate::jitter::{Options, Packet, Played, Playing};

const RATE: f64 = 48_000.0;
const FRAME: usize = 960;
/// What an ear's device asks for at a time: 10 ms.
const BUFFER: usize = 480;

/// Sample `n` of a tone.
fn tone(hz: f64, n: f64) -> f64 {
    0.5 * (TAU * hz * n / RATE).sin()
}

/// How far what is no tone near this frequency lies below it, in dB. The tone may change its frequency and its
/// phase a little and slowly, as it does when a clock is followed: a curve of the second degree is allowed for
/// both its parts.
fn distance_db(sound: &[f32], hz: f64) -> f64 {
    const N: usize = 6;
    let basis = |n: usize| {
        let t = n as f64 / sound.len() as f64 - 0.5;
        let (sin, cos) = (TAU * hz * n as f64 / RATE).sin_cos();
        [sin, cos, t * sin, t * cos, t * t * sin, t * t * cos]
    };
    // Least squares by the normal equations, solved by elimination.
    let mut rows = [[0.0; N + 1]; N];
    for (n, sample) in sound.iter().enumerate() {
        let b = basis(n);
        for (row, one) in rows.iter_mut().zip(b) {
            for (cell, other) in row.iter_mut().zip(b) {
                *cell += one * other;
            }
            row[N] += one * f64::from(*sample);
        }
    }
    for at in 0..N {
        let pivot = rows[at];
        for (below, row) in rows.iter_mut().enumerate() {
            if below != at {
                let times = row[at] / pivot[at];
                for (cell, other) in row.iter_mut().zip(pivot) {
                    *cell -= times * other;
                }
            }
        }
    }
    let weights: [f64; N] = std::array::from_fn(|at| rows[at][N] / rows[at][at]);
    let (mut signal, mut rest) = (0.0, 0.0);
    for (n, sample) in sound.iter().enumerate() {
        let fit: f64 = basis(n).iter().zip(weights).map(|(b, w)| b * w).sum();
        signal += fit * fit;
        rest += (f64::from(*sample) - fit).powi(2);
    }
    10.0 * (signal / rest).log10()
}

/// A tone at this speed, once it goes so fast.
fn stretched(hz: f64, speed: f64) -> Vec<f32> {
    let mut drift = Drift::new();
    drift.set_speed(speed);
    let (mut out, mut n) = (Vec::new(), 0);
    for size in [EASE as usize].into_iter().chain([BUFFER; 50]) {
        let needs = drift.needs(size);
        let input: Vec<f32> = (n..n + needs).map(|n| tone(hz, n as f64) as f32).collect();
        drift.push(&input);
        n += needs;
        let mut buffer = vec![0.0; size];
        drift.pull_into(&mut buffer);
        out.extend_from_slice(&buffer);
    }
    out.split_off(EASE as usize)
}

#[test]
fn a_tone_of_the_speech_band_stays_a_tone_at_every_speed() {
    for speed in [1.0, 1.0003, 0.9997, 1.005, 0.995, 1.02, 0.98] {
        for hz in [100.0, 440.0, 1000.0, 3400.0, 8000.0, 15_000.0] {
            let sound = stretched(hz, speed);
            let db = distance_db(&sound[..4800], hz * speed);
            assert!(db > 100.0, "{hz} Hz at {speed}: {db:.1} dB");
            let level = |sound: &[f32]| {
                let power: f64 = sound.iter().map(|s| f64::from(*s).powi(2)).sum();
                (power / sound.len() as f64).sqrt()
            };
            let gain_db = 20.0 * (level(&sound) / 0.125_f64.sqrt()).log10();
            assert!(
                gain_db.abs() < 0.1,
                "{hz} Hz at {speed}: {gain_db:.3} dB louder"
            );
        }
    }
}

#[test]
fn a_speed_that_changes_makes_no_click() {
    let mut rng = fastrand::Rng::with_seed(9);
    let mut drift = Drift::new();
    let (mut out, mut n) = (Vec::new(), 0);
    for _ in 0..200 {
        drift.set_speed(1.0 + (rng.f64() - 0.5) * 0.01);
        let size = rng.usize(1..700);
        let needs = drift.needs(size);
        let input: Vec<f32> = (n..n + needs)
            .map(|n| tone(300.0, n as f64) as f32)
            .collect();
        drift.push(&input);
        n += needs;
        let mut buffer = vec![0.0; size];
        drift.pull_into(&mut buffer);
        out.extend_from_slice(&buffer);
        assert_eq!(drift.pushed(), n as u64, "nothing was made up");
        assert!(drift.held() <= TAPS / 2 + 3, "{}", drift.held());
        assert_eq!(drift.heard() + drift.held() as u64, drift.pushed());
    }
    // A step of the phase by a sample would be far more than this.
    let most = 0.5 * TAU * 300.0 / RATE;
    let bend = most * TAU * 300.0 / RATE * 1.05;
    for three in out[100..].windows(3) {
        let second = f64::from(three[2]) - 2.0 * f64::from(three[1]) + f64::from(three[0]);
        assert!(second.abs() < bend, "{second} at a change of speed");
    }
}

#[test]
fn what_was_not_pushed_is_silence_and_nonsense_is_no_speed() {
    let mut drift = Drift::new();
    drift.set_speed(f64::NAN);
    drift.set_speed(9.0);
    let mut buffer = vec![1.0; EASE as usize];
    drift.pull_into(&mut buffer);
    assert!(buffer.iter().all(|sample| *sample == 0.0));
    assert!((drift.speed - 1.0 - MOST_STRETCH).abs() < 1e-12);
    drift.pull_into(&mut []);
}

#[test]
fn what_is_cut_off_fades_away_and_what_follows_is_heard() {
    let mut drift = Drift::new();
    drift.push(&[0.5; 960]);
    let mut out = [0.0; 480];
    drift.pull_into(&mut out);
    assert!((out[479] - 0.5).abs() < 1e-3, "{}", out[479]);
    let held = drift.held();
    drift.cut(300, 240);
    assert_eq!(drift.held(), held, "time goes on");
    drift.push(&[0.25; 960]);
    let mut out = vec![0.0; held + 200];
    drift.pull_into(&mut out);
    // Apart from the filter's ringing: as before, a straight line down, silence, what follows.
    let near = |at: usize, level: f32| (out[at] - level).abs() < 0.02;
    assert!(near(0, 0.5) && near(40, 0.5) && near(180, 0.25), "{out:?}");
    assert!(out[300..held - 30].iter().all(|sample| sample.abs() < 0.02));
    assert!(near(held + 60, 0.25));
    let steps = out[..held - 30]
        .windows(2)
        .map(|two| (two[1] - two[0]).abs());
    assert!(steps.fold(0.0, f32::max) < 0.01, "no click");
    // Nothing to fade, and nothing that waits.
    drift.cut(0, 0);
    let mut empty = Drift::new();
    empty.cut(10, 240);
    assert_eq!(empty.pushed(), 0);
}

/// What became of ten minutes.
struct Heard {
    sound: Vec<f32>,
    /// Sound that waited in all, in microseconds, at each of the ear's beats.
    depths: Vec<f64>,
    packets: Vec<u64>,
    playing: Playing<u64>,
}

/// A sender whose clock is so many millionths slow, and an ear that asks for 10 ms each 10 ms of its own.
fn ten_minutes(slow_ppm: f64, jitter_us: u64) -> Heard {
    const HZ: f64 = 440.0;
    let mut rng = fastrand::Rng::with_seed(77);
    let mut arrivals: Vec<(u64, u64)> = (0..30_000_u64)
        .map(|number| {
            let sent_us = number as f64 * 20_000.0 * (1.0 + slow_ppm / 1e6);
            (sent_us as u64 + rng.u64(0..=jitter_us), number)
        })
        .collect();
    arrivals.sort_unstable();
    let mut coming = arrivals.into_iter().peekable();
    let mut playing = Playing::new(Options::default());
    let mut drift = Drift::new();
    let (mut sound, mut depths, mut packets) = (Vec::new(), Vec::new(), Vec::new());
    let mut now_us = 3000;
    while coming.peek().is_some() {
        while let Some((at_us, number)) = coming.next_if(|(at, _)| *at <= now_us) {
            let packet = Packet {
                sequence: number as u16,
                timestamp: number as u32 * FRAME as u32,
                payload: number,
            };
            playing.push(at_us, packet);
        }
        drift.set_speed(playing.speed());
        while drift.needs(BUFFER) > 0 {
            let ahead = drift.held() as i64 - BUFFER as i64;
            playing.set_held(ahead * 1_000_000 / RATE as i64);
            let mut frame = [0.0; FRAME];
            match playing.pull(now_us) {
                Played::Packet(number) => {
                    packets.push(number);
                    for (n, sample) in frame.iter_mut().enumerate() {
                        *sample = tone(HZ, (number * FRAME as u64 + n as u64) as f64) as f32;
                    }
                }
                Played::Silence if packets.is_empty() => {}
                other => panic!("{other:?} at {now_us} µs"),
            }
            drift.push(&frame);
        }
        let mut buffer = [0.0; BUFFER];
        drift.pull_into(&mut buffer);
        sound.extend_from_slice(&buffer);
        let held_us = drift.held() as f64 * 1e6 / RATE;
        depths.push(playing.waiting_us() as f64 + held_us);
        now_us += 10_000;
    }
    Heard {
        sound,
        depths,
        packets,
        playing,
    }
}

#[test]
fn for_ten_minutes_another_clock_is_followed_and_no_sample_is_dropped_or_doubled() {
    for (slow_ppm, jitter_us) in [(-300.0, 8000), (300.0, 0)] {
        let heard = ten_minutes(slow_ppm, jitter_us);
        let what = format!("{slow_ppm} millionths, {jitter_us} µs of jitter");
        // Every packet once, in order, and nothing between them.
        let all = 0..heard.packets.len() as u64;
        assert!(heard.packets.iter().copied().eq(all), "{what}");
        assert!(heard.packets.len() > 29_990, "{what}");
        let stats = heard.playing.stats();
        assert_eq!(
            (stats.dropped, stats.missing, stats.late),
            (0, 0, 0),
            "{what}"
        );
        assert_eq!(heard.playing.concealed(), 0, "{what}");
        // 300 millionths of ten minutes are 180 ms, and of them nothing is seen: each second's mean.
        let means = heard.depths[3000..].chunks_exact(100);
        let means: Vec<f64> = means.map(|s| s.iter().sum::<f64>() / 100.0).collect();
        let (least, most) = means
            .iter()
            .fold((f64::MAX, 0.0_f64), |(least, most), mean| {
                (least.min(*mean), most.max(*mean))
            });
        assert!(most - least < 20_000.0, "{what}: {least} to {most} µs wait");
        assert!(most < 70_000.0, "{what}: {most} µs wait");
        // 50 ms each three seconds, in which the speed hardly changes.
        let pieces = heard.sound[48_000 * 5..].chunks_exact(2400).step_by(59);
        for (n, piece) in pieces.enumerate() {
            let db = distance_db(piece, 440.0);
            assert!(db > 60.0, "{what}: {db:.1} dB in piece {n}");
        }
    }
}
