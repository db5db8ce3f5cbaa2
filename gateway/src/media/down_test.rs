use janet_audio::opus::{Decoder, has_copy};

use super::*;
use crate::media::PLAY_RATE_HZ;

/// A voice: two tones, so that it is no silence anywhere.
fn voice(from: usize, len: usize) -> Vec<i16> {
    let wave = |n: usize, hz: f32| (n as f32 * hz * std::f32::consts::TAU / 48_000.0).sin();
    (from..from + len)
        .map(|n| (6000.0 * (wave(n, 220.0) + wave(n, 1330.0))) as i16)
        .collect()
}

fn level(sound: &[f32]) -> f32 {
    (sound.iter().map(|s| s * s).sum::<f32>() / sound.len() as f32).sqrt()
}

fn down() -> Down {
    Down::new(65_534, u32::MAX - 1000).expect("libopus")
}

/// Everything that is due until then, on a timer that is never late: numbers and the decoded sound.
fn run(down: &mut Down, until_us: u64) -> (Vec<(u16, u32)>, Vec<f32>) {
    let mut decoder = Decoder::new(PLAY_RATE_HZ).expect("a rate");
    let (mut numbers, mut sound) = (Vec::new(), Vec::new());
    let mut now_us = down.timeout().unwrap_or(0);
    while now_us < until_us {
        let frame = down.poll(now_us).expect("libopus").expect("it is due");
        numbers.push((frame.sequence, frame.timestamp));
        sound.extend_from_slice(decoder.decode(frame.payload).expect("a packet"));
        now_us = down.timeout().expect("there is always a next one");
    }
    (numbers, sound)
}

#[test]
fn a_packet_goes_out_every_20_ms_whether_she_speaks_or_not_and_numbers_wrap() {
    let mut down = down();
    down.play(0, &voice(0, 4800));
    let (numbers, sound) = run(&mut down, 1_000_000);
    assert_eq!(numbers.len(), 50);
    for (n, (sequence, timestamp)) in numbers.into_iter().enumerate() {
        assert_eq!(sequence, 65_534_u16.wrapping_add(n as u16));
        assert_eq!(timestamp, (u32::MAX - 1000).wrapping_add(n as u32 * 960));
    }
    assert!(level(&sound[960..4800]) > 0.1);
    assert!(level(&sound[24_000..]) < 1e-3);
    assert_eq!(down.poll(999_999), Ok(None), "not before its time");
}

#[test]
fn silence_is_one_packet_and_the_first_word_after_it_holds_nothing_older() {
    let mut down = down();
    let mut payloads = Vec::new();
    for n in 0..60_u64 {
        if n == 10 || n == 40 {
            down.play(n as u32 * 960, &voice(0, 4 * 960));
        }
        let frame = down.poll(n * FRAME_US).expect("libopus").expect("due");
        payloads.push(frame.payload.to_vec());
    }
    assert!(payloads[..10].iter().all(|payload| *payload == payloads[0]));
    assert!(
        payloads[20..40]
            .iter()
            .all(|payload| *payload == payloads[0])
    );
    assert_ne!(payloads[12], payloads[0]);
    assert!(
        !has_copy(&payloads[40]),
        "what was said long ago is not repeated"
    );
}

#[test]
fn a_late_timer_catches_up_and_a_stall_is_left_out() {
    let mut down = down();
    run(&mut down, 100_000);
    // 60 ms late: three packets at once, and none is left out.
    let mut at_once = Vec::new();
    while let Some(frame) = down.poll(160_000).expect("libopus") {
        at_once.push(frame.timestamp);
    }
    assert_eq!(at_once.len(), 4);
    let last = at_once[3];
    // Half a second late: one packet, whose timestamp says how much is missing.
    let frame = down.poll(680_000).expect("libopus").expect("due");
    let (sequence, timestamp) = (frame.sequence, frame.timestamp);
    assert_eq!(timestamp, last.wrapping_add(26 * 960));
    assert_eq!(
        sequence,
        65_534_u16.wrapping_add(9),
        "but no packet is missing"
    );
    assert_eq!(down.poll(680_000), Ok(None));
    assert_eq!(down.timeout(), Some(700_000));
}

#[test]
fn the_clock_is_told_where_the_count_of_samples_jumps_and_nowhere_else() {
    let mut down = down();
    let ahead = down.encoder.lookahead_samples();
    let at = |frame: u32| (u32::MAX - 1000).wrapping_add(frame * 960 + ahead);
    run(&mut down, 60_000);
    assert_eq!(down.poll_clock(), None);
    down.play(0, &voice(0, 4800));
    run(&mut down, 100_000);
    down.play(4800, &voice(4800, 480));
    run(&mut down, 400_000);
    let clock = |rtp_timestamp, sample| {
        Some(Clock {
            rtp_timestamp,
            sample,
        })
    };
    assert_eq!(down.poll_clock(), clock(at(3), 0));
    assert_eq!(
        down.poll_clock(),
        None,
        "what follows without a gap is known"
    );
    down.play(5280, &voice(0, 960));
    run(&mut down, 420_000);
    assert_eq!(down.poll_clock(), clock(at(20), 5280));
    // In the middle of a frame.
    down.play(6240, &voice(0, 480));
    down.play(9000, &voice(0, 480));
    run(&mut down, 440_000);
    assert_eq!(down.poll_clock(), clock(at(21).wrapping_add(480), 9000));
    assert_eq!(down.poll_clock(), None);
}

#[test]
fn what_is_taken_back_fades_away_and_says_how_far_she_was_heard() {
    let mut down = down();
    assert_eq!(down.flush(0), None);
    down.play(1000, &voice(0, 9600));
    run(&mut down, 40_000);
    // Two frames are sent; the flush is for what lies behind the third.
    assert_eq!(down.flush(1000 + 3 * 960), Some(1000 + 3 * 960));
    let (_, sound) = run(&mut down, 400_000);
    assert!(level(&sound[4 * 960..]) < 1e-2);
    // Everything before it was sent: 10 ms fade away, though the far end has more.
    down.play(1000 + 3 * 960, &voice(0, 9600));
    run(&mut down, 440_000);
    let sent = 1000 + 5 * 960;
    assert_eq!(down.flush(1000 + 3 * 960), Some(sent + FADE as u32));
    run(&mut down, 800_000);
    // Numbers that begin again at a paused sample, and wrap.
    down.play(u32::MAX - 100, &voice(0, 480));
    assert_eq!(down.flush(5000), Some(379), "nothing of it lies behind");
}

#[test]
fn no_more_waits_than_half_a_second() {
    let mut down = down();
    for n in 0..60 {
        down.play(n * 480, &voice(0, 480));
    }
    assert_eq!(down.dropped_samples(), 10 * 480);
    assert_eq!(down.sound.len(), CAPACITY);
    // Marks do not grow either.
    let mut down = self::down();
    for n in 0..200 {
        down.play(n * 1000, &[1]);
    }
    assert_eq!(down.marks.len(), MARKS);
}
