use super::*;

const MIC_HZ: usize = 16_000;
const PLAY_HZ: usize = 24_000;

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
fn echoed(played: &[f32], delay_s: f32, gain: f32) -> Vec<f32> {
    let reflections = [(0.0, 1.0), (0.0013, -0.4), (0.0037, 0.3), (0.0071, 0.2)];
    let count = played.len() * MIC_HZ / PLAY_HZ;
    (0..count)
        .map(|n| {
            let t = n as f32 / MIC_HZ as f32;
            let sum: f32 = reflections
                .iter()
                .map(|(late, share)| {
                    let at = (t - delay_s - late) * PLAY_HZ as f32;
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

/// What [`EchoMeter::unexplained`] is given when the ear is at `now_s`.
fn around(played: &[f32], now_s: f32) -> Vec<i16> {
    let from = ((now_s - BEFORE.as_secs_f32()) * PLAY_HZ as f32) as isize;
    let to = ((now_s + AFTER.as_secs_f32()) * PLAY_HZ as f32) as isize;
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

fn unexplained_db(mic: &[f32], played: &[f32], now_s: f32, mic_from_s: f32) -> f32 {
    let span = (mic_from_s * MIC_HZ as f32) as usize..(now_s * MIC_HZ as f32) as usize;
    let share =
        EchoMeter::default().unexplained(&mic[span], &around(played, now_s), PLAY_HZ as u32);
    10.0 * share.log10()
}

#[test]
fn an_echo_through_a_room_is_explained_at_every_delay() {
    let played = voice(1, 120.0, PLAY_HZ, 3.0);
    for delay_ms in [0, 20, 80, 150, 250] {
        let mic = echoed(&played, delay_ms as f32 / 1e3, 0.1);
        for now_s in [0.9, 1.5, 2.3] {
            let left = unexplained_db(&mic, &played, now_s, 0.0);
            assert!(left < -9.0, "{delay_ms} ms late, at {now_s} s: {left} dB");
        }
    }
}

#[test]
fn the_first_tenths_of_a_second_are_enough() {
    let played = voice(2, 110.0, PLAY_HZ, 1.0);
    let mic = echoed(&played, 0.08, 0.1);
    for now_s in [0.2, 0.3] {
        let left = unexplained_db(&mic, &played, now_s, 0.0);
        assert!(left < -8.0, "at {now_s} s: {left} dB");
    }
}

#[test]
fn a_person_over_the_echo_stays() {
    let played = voice(3, 120.0, PLAY_HZ, 3.0);
    let mut mic = echoed(&played, 0.08, 0.1);
    let person = voice(4, 190.0, MIC_HZ, 2.0);
    // From 1 s on, louder than the echo; judged after 64 ms of it and later.
    for (sample, said) in mic[MIC_HZ..].iter_mut().zip(&person) {
        *sample += 0.5 * said;
    }
    for now_s in [1.064, 1.096, 1.3, 2.0] {
        let left = unexplained_db(&mic, &played, now_s, 0.0);
        assert!(left > -3.0, "at {now_s} s: {left} dB");
    }
}

#[test]
fn a_person_with_headphones_stays() {
    let played = voice(5, 120.0, PLAY_HZ, 3.0);
    for pitch_hz in [100.0, 121.0, 220.0] {
        let person = voice(6, pitch_hz, MIC_HZ, 3.0);
        for now_s in [0.1, 0.2, 1.0, 2.0] {
            let left = unexplained_db(&person, &played, now_s, 0.0);
            assert!(left > -5.0, "{pitch_hz} Hz at {now_s} s: {left} dB");
        }
    }
}

#[test]
fn nothing_played_explains_nothing_and_nothing_heard_breaks_nothing() {
    let mut meter = EchoMeter::default();
    let silence = vec![0i16; 24_576];
    assert_eq!(
        meter.unexplained(&voice(7, 120.0, MIC_HZ, 1.0), &silence, 24_000),
        1.0
    );
    assert_eq!(meter.unexplained(&[0.0; 8192], &silence, 24_000), 1.0);
    assert_eq!(meter.unexplained(&[], &[], 24_000), 1.0);
    let played = around(&voice(8, 120.0, PLAY_HZ, 2.0), 1.0);
    assert_eq!(meter.unexplained(&[f32::NAN; 8192], &played, 24_000), 1.0);
    for rate_hz in [8000, 44_100, 48_000] {
        let share = meter.unexplained(&voice(9, 140.0, MIC_HZ, 1.0), &played, rate_hz);
        assert!((0.0..=1.0).contains(&share), "{rate_hz}: {share}");
    }
}
