//! What runs on the transports' threads for each packet neither allocates nor loses or reorders a sample.

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use janet_audio::opus::{Decoder, Encoder, FRAME_SAMPLES};
use janet_audio::{Line, LineOptions, Pulled, capture};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

#[test]
fn capture_push_allocates_nothing_even_when_the_ring_is_full() {
    let (mut capture, mut reader) = capture(1000);
    let (floats, words) = (vec![0.5f32; 160], vec![7i16; 160]);
    let mut out = Vec::with_capacity(2000);
    for _ in 0..20 {
        assert_no_alloc(|| {
            for _ in 0..5 {
                capture.push(&floats);
                capture.push_s16(&words);
            }
        });
        reader.drain_into(&mut out);
        out.clear();
    }
    assert_eq!(reader.dropped_samples(), 20 * 600);
}

#[test]
fn playout_pull_allocates_nothing_across_pauses_and_flushes() {
    let (mut line, mut playout) = Line::new(48_000, LineOptions::default()).expect("48 kHz");
    let sound = vec![0.25f32; 4800];
    let (mut pulled, mut flushes) = (0, 0);
    for i in 0..600u64 {
        line.stage(&sound);
        match i % 50 {
            20 => drop(line.pause(i * 10_000)),
            30 => drop(line.resume()),
            40 => drop(line.flush(i * 10_000)),
            _ => {}
        }
        line.tick(i * 10_000);
        assert_no_alloc(|| {
            while let Some(next) = playout.pull() {
                match next {
                    Pulled::Sound(chunk) => pulled += chunk.samples().len(),
                    Pulled::Flush { .. } => flushes += 1,
                    Pulled::Cue(_) => {}
                }
            }
        });
    }
    assert!(
        pulled > 48_000 * 4 && flushes == 24,
        "{pulled} samples, {flushes} flushes"
    );
}

#[test]
fn opus_allocates_nothing_for_a_packet_that_comes_is_lost_or_is_garbage() {
    let (mut encoder, mut decoder) = (
        Encoder::new().expect("libopus"),
        Decoder::new(16_000).expect("a rate"),
    );
    let mut samples = 0;
    for n in 0..100u32 {
        let frame: [i16; FRAME_SAMPLES] =
            std::array::from_fn(|i| ((i as u32 * 7 * (n + 1)) % 6000) as i16);
        assert_no_alloc(|| {
            let packet = encoder.encode(&frame).expect("a frame");
            let heard = match n % 10 {
                7 => decoder.conceal(),
                8 => decoder.recover(packet),
                _ => decoder.decode(packet),
            };
            samples += heard.expect("a packet").len();
            decoder.decode(&[0xFF]).expect_err("garbage");
        });
    }
    assert_eq!(samples, 100 * 320);
}

#[test]
fn a_million_samples_cross_the_capture_ring_in_order() {
    let (mut capture, mut reader) = capture(997);
    let total = 1_000_000u32;
    let sender = std::thread::Builder::new()
        .name("transport".to_owned())
        .spawn(move || {
            let (mut next, mut rng) = (0u32, fastrand::Rng::with_seed(1));
            while next < total {
                let len = rng.u32(1..400).min(total - next);
                let samples: Vec<f32> = (next..next + len).map(|i| i as f32).collect();
                let taken = capture.push(&samples);
                next += taken as u32;
                if taken < samples.len() {
                    std::thread::yield_now();
                }
            }
        })
        .expect("a thread can be started");
    let mut out = Vec::with_capacity(total as usize);
    while out.len() < total as usize {
        if reader.drain_into(&mut out) == 0 {
            assert!(
                reader.connected() || !sender.is_finished(),
                "the sender died"
            );
            std::thread::yield_now();
        }
    }
    sender.join().expect("the sender ends well");
    assert!(out.iter().enumerate().all(|(i, &s)| s == i as f32));
}

#[test]
fn a_million_samples_cross_the_playout_ring_in_order() {
    let (mut line, mut playout) = Line::new(48_000, LineOptions::default()).expect("48 kHz");
    let total = 1_000_000usize;
    let listener = std::thread::Builder::new()
        .name("transport".to_owned())
        .spawn(move || {
            let mut expected = 0u32;
            while (expected as usize) < total {
                match playout.pull() {
                    Some(Pulled::Sound(chunk)) => {
                        assert_eq!(chunk.first_sample, expected);
                        for &sample in chunk.samples() {
                            assert_eq!(sample, (expected % 300) as i16);
                            expected += 1;
                        }
                    }
                    Some(Pulled::Flush { .. } | Pulled::Cue(_)) => panic!("nobody asked for it"),
                    None => std::thread::yield_now(),
                }
            }
        })
        .expect("a thread can be started");
    let (mut staged, mut now_us) = (0, 0);
    // Quiet enough that nothing is faded in after a gap.
    while !listener.is_finished() {
        let len = (total - staged).min(5000);
        let sound: Vec<f32> = (staged..staged + len)
            .map(|i| (i % 300) as f32 / 32767.0)
            .collect();
        staged += line.stage(&sound).taken;
        if line.tick(now_us) == 0 {
            std::thread::yield_now();
        }
        // Far faster than the listener at times: the line then waits for it.
        now_us += 10_000;
    }
    listener
        .join()
        .expect("the listener saw every sample in order");
}
