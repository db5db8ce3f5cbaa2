use std::f32::consts::PI;

use super::*;

const MIC_HZ: usize = 16_000;
/// The two rates at which clients play.
const PLAY_HZ: [usize; 2] = [24_000, 48_000];

/// Noise shaped like a voice: pulses of a pitch through resonances, with syllables.
fn voice(seed: u64, pitch_hz: f32, rate_hz: usize, seconds: f32) -> Vec<f32> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let (mut one, mut two, mut phase) = (0.0f32, 0.0f32, 0.0f32);
    let count = (seconds * rate_hz as f32) as usize;
    let mut formant = 500.0;
    (0..count)
        .map(|n| {
            let t = n as f32 / rate_hz as f32;
            if n % (rate_hz / 8) == 0 {
                formant = 300.0 + 1500.0 * rng.f32();
            }
            phase += pitch_hz * (1.0 + 0.1 * (3.0 * t + seed as f32).sin()) / rate_hz as f32;
            let pulse = if phase >= 1.0 {
                phase -= 1.0;
                1.0
            } else {
                0.02 * (rng.f32() - 0.5)
            };
            let turn = 2.0 * PI * formant / rate_hz as f32;
            let next = pulse + 1.9 * turn.cos() * one - 0.9025 * two;
            two = one;
            one = next;
            0.05 * next * (0.6 + 0.4 * (2.0 * PI * 4.0 * t).sin())
        })
        .collect()
}

/// The played sound as the microphone hears it: `delay_s` late, through a small room.
fn echoed(played: &[f32], play_hz: usize, delay_s: f32, gain: f32) -> Vec<f32> {
    let reflections = [(0.0, 1.0), (0.0013, -0.4), (0.0037, 0.3), (0.0071, 0.2)];
    let count = played.len() * MIC_HZ / play_hz;
    (0..count)
        .map(|n| {
            let t = n as f32 / MIC_HZ as f32;
            let sum: f32 = reflections
                .iter()
                .map(|(late, share)| {
                    let at = (t - delay_s - late) * play_hz as f32;
                    if at < 0.0 {
                        0.0
                    } else {
                        share * played.get(at as usize).copied().unwrap_or(0.0)
                    }
                })
                .sum();
            gain * sum
        })
        .collect()
}

/// What [`EchoMeter::hear_played`] is given when the ear is at `now_s`.
fn around(played: &[f32], play_hz: usize, now_s: f32) -> Vec<i16> {
    let from = ((now_s - BEFORE.as_secs_f32()) * play_hz as f32) as isize;
    let to = ((now_s + AFTER.as_secs_f32()) * play_hz as f32) as isize;
    (from..to)
        .map(|n| {
            usize::try_from(n)
                .ok()
                .and_then(|n| played.get(n))
                .copied()
                .unwrap_or(0.0)
        })
        .map(|s| (s * 32767.0) as i16)
        .collect()
}

fn unexplained_db(mic: &[f32], played: &[f32], play_hz: usize, now_s: f32) -> f32 {
    let mut meter = EchoMeter::default();
    meter.hear_played(&around(played, play_hz, now_s), play_hz as u32);
    let share = meter.unexplained(&mic[..(now_s * MIC_HZ as f32) as usize]);
    10.0 * share.log10()
}

#[test]
fn an_echo_through_a_room_is_explained_at_every_delay() {
    for play_hz in PLAY_HZ {
        let played = voice(1, 120.0, play_hz, 3.0);
        for delay_ms in [0, 20, 80, 150, 250] {
            let mic = echoed(&played, play_hz, delay_ms as f32 / 1e3, 0.1);
            for now_s in [0.9, 1.5, 2.3] {
                let left = unexplained_db(&mic, &played, play_hz, now_s);
                assert!(
                    left < -9.0,
                    "{delay_ms} ms late at {play_hz} Hz, at {now_s} s: {left} dB"
                );
            }
        }
    }
}

#[test]
fn the_first_tenths_of_a_second_are_enough() {
    for play_hz in PLAY_HZ {
        let played = voice(2, 110.0, play_hz, 1.0);
        let mic = echoed(&played, play_hz, 0.08, 0.1);
        for now_s in [0.2, 0.3] {
            let left = unexplained_db(&mic, &played, play_hz, now_s);
            assert!(left < -8.0, "{play_hz} Hz, at {now_s} s: {left} dB");
        }
    }
}

#[test]
fn a_person_over_the_echo_stays() {
    let play_hz = PLAY_HZ[0];
    let played = voice(3, 120.0, play_hz, 3.0);
    let mut mic = echoed(&played, play_hz, 0.08, 0.1);
    let person = voice(4, 190.0, MIC_HZ, 2.0);
    // From 1 s on, louder than the echo; judged after 64 ms of it and later.
    for (sample, said) in mic[MIC_HZ..].iter_mut().zip(&person) {
        *sample += 0.5 * said;
    }
    for now_s in [1.064, 1.096, 1.3, 2.0] {
        let left = unexplained_db(&mic, &played, play_hz, now_s);
        assert!(left > -3.0, "at {now_s} s: {left} dB");
    }
}

#[test]
fn a_person_with_headphones_stays() {
    let play_hz = PLAY_HZ[0];
    let played = voice(5, 120.0, play_hz, 3.0);
    for pitch_hz in [100.0, 121.0, 220.0] {
        let person = voice(6, pitch_hz, MIC_HZ, 3.0);
        for now_s in [0.1, 0.2, 1.0, 2.0] {
            let left = unexplained_db(&person, &played, play_hz, now_s);
            assert!(left > -5.0, "{pitch_hz} Hz at {now_s} s: {left} dB");
        }
    }
}

#[test]
fn nothing_played_explains_nothing_and_nothing_heard_breaks_nothing() {
    let mut meter = EchoMeter::default();
    assert_eq!(meter.unexplained(&voice(7, 120.0, MIC_HZ, 1.0)), 1.0);
    meter.hear_played(&vec![0; 24_576], 24_000);
    assert_eq!(meter.unexplained(&voice(7, 120.0, MIC_HZ, 1.0)), 1.0);
    assert_eq!(meter.unexplained(&[0.0; 8192]), 1.0);
    assert_eq!(meter.unexplained(&[]), 1.0);
    let played = around(&voice(8, 120.0, PLAY_HZ[0], 2.0), PLAY_HZ[0], 1.0);
    meter.hear_played(&played, PLAY_HZ[0] as u32);
    assert_eq!(meter.unexplained(&[f32::NAN; 8192]), 1.0);
    // After it the meter is as good as new.
    let echo: Vec<f32> = echoed(&voice(8, 120.0, PLAY_HZ[0], 2.0), PLAY_HZ[0], 0.08, 0.1);
    assert!(meter.unexplained(&echo[..MIC_HZ]) < 0.2);
}

#[test]
fn a_rate_that_is_no_multiple_is_brought_down_as_well() {
    let tone = |hz: f32, rate: f32| -> Vec<f32> {
        (0..rate as usize)
            .map(|n| (2.0 * PI * hz * n as f32 / rate).sin())
            .collect()
    };
    let decimator = Decimator::default();
    for rate_hz in [24_000, 44_100, 48_000] {
        let kept = decimator.run(&tone(500.0, rate_hz as f32), rate_hz);
        let dropped = decimator.run(&tone(6000.0, rate_hz as f32), rate_hz);
        let power = |s: &[f32]| s.iter().map(|v| v * v).sum::<f32>() / s.len() as f32;
        assert!(
            (power(&kept) - 0.5).abs() < 0.02,
            "{rate_hz}: {}",
            power(&kept)
        );
        assert!(power(&dropped) < 1e-4, "{rate_hz}: {}", power(&dropped));
    }
}
