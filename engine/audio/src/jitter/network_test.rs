//! Both buffers behind a seeded network that loses, delays, doubles and reorders, with clocks that
//! differ.

use std::collections::BTreeMap;

use fastrand::Rng;

use super::*;

const FRAME_US: f64 = 20_000.0;

/// How a network behaves.
struct Network {
    /// Of a thousand packets so many never come.
    lost: u32,
    /// Of a thousand, come twice.
    doubled: u32,
    /// Delays are spread evenly up to this.
    jitter_us: u64,
    /// How much slower the sender's clock runs, in millionths.
    slow_ppm: f64,
}

/// When which packets come, by time; and which are sent.
fn arrivals(network: &Network, packets: u64, seed: u64) -> BTreeMap<(u64, u64), u64> {
    let mut rng = Rng::with_seed(seed);
    let mut arrivals = BTreeMap::new();
    for number in 0..packets {
        let sent_us = number as f64 * FRAME_US * (1.0 + network.slow_ppm / 1e6);
        let mut copies = u32::from(rng.u32(0..1000) >= network.lost);
        copies += u32::from(copies == 1 && rng.u32(0..1000) < network.doubled);
        for copy in 0..copies {
            let delay_us = rng.u64(0..=network.jitter_us);
            let at_us = 1_000_000 + sent_us as u64 + delay_us;
            arrivals.insert((at_us, 2 * number + u64::from(copy)), number);
        }
    }
    arrivals
}

fn packet(number: u64) -> Packet<u64> {
    Packet {
        sequence: (number + 65_000) as u16,
        timestamp: (number as u32)
            .wrapping_mul(960)
            .wrapping_add(u32::MAX - 5000),
        payload: number,
    }
}

const ROUGH: Network = Network {
    lost: 100,
    doubled: 50,
    jitter_us: 50_000,
    slow_ppm: 0.0,
};

#[test]
fn a_recogniser_hears_every_packet_that_came_in_time_once_and_in_order() {
    for seed in 0..50 {
        let arrivals = arrivals(&ROUGH, 2000, seed);
        let mut hearing = Hearing::new(Options::default());
        let mut heard = Vec::new();
        let mut frames = 0_u64;
        let mut pull = |hearing: &mut Hearing<u64>, now_us| {
            while let Some(next) = hearing.pull(now_us) {
                frames += 1;
                if let Heard::Packet { payload, .. } = next {
                    heard.push(payload);
                }
            }
        };
        for (&(now_us, _), &number) in &arrivals {
            // A timer that is due before the packet.
            while let Some(due) = hearing.timeout().filter(|due| *due <= now_us) {
                pull(&mut hearing, due);
            }
            hearing.push(now_us, packet(number));
            pull(&mut hearing, now_us);
        }
        while let Some(due) = hearing.timeout() {
            pull(&mut hearing, due);
        }
        assert!(
            heard.windows(2).all(|pair| pair[0] < pair[1]),
            "in order, once"
        );
        let came = arrivals
            .values()
            .collect::<std::collections::BTreeSet<_>>()
            .len();
        let stats = hearing.stats();
        assert_eq!(
            heard.len() as u64 + stats.late,
            came as u64 + late_twice(&stats, came, &heard)
        );
        assert!(stats.late * 50 < came as u64, "{seed}: {} late", stats.late);
        assert!(stats.recoverable > 0 && stats.duplicates > 0 && stats.reordered > 0);
        assert_eq!(frames, heard.len() as u64 + stats.missing);
    }
}

/// Both copies of a doubled packet may be late.
fn late_twice(stats: &Stats, came: usize, heard: &[u64]) -> u64 {
    (heard.len() as u64 + stats.late).saturating_sub(came as u64)
}

#[test]
fn an_ear_gets_a_frame_on_every_beat_and_few_that_are_made_up() {
    for seed in 0..20 {
        let arrivals = arrivals(&ROUGH, 3000, seed);
        let mut playing = Playing::new(Options::default());
        let mut coming = arrivals.iter().peekable();
        let (mut now_us, mut beats, mut played) = (1_000_000.0, 0_u64, Vec::new());
        while coming.peek().is_some() {
            while let Some((&(at_us, _), &number)) =
                coming.next_if(|((at, _), _)| *at as f64 <= now_us)
            {
                playing.push(at_us, packet(number));
            }
            if let Played::Packet(number) = playing.pull(now_us as u64) {
                played.push(number);
            }
            beats += 1;
            now_us += FRAME_US / playing.speed();
        }
        assert!(
            played.windows(2).all(|pair| pair[0] < pair[1]),
            "in order, once"
        );
        let made_up = playing.concealed() as f64 / beats as f64;
        // A tenth is lost; what is late adds little to it.
        assert!((0.07..0.16).contains(&made_up), "{seed}: {made_up}");
        assert!(playing.target_us() <= 85_000, "{}", playing.target_us());
    }
}

#[test]
fn a_clock_that_runs_slow_or_fast_makes_no_delay_and_no_gaps() {
    for slow_ppm in [-300.0, 300.0] {
        let network = Network {
            lost: 0,
            doubled: 0,
            jitter_us: 10_000,
            slow_ppm,
        };
        // Half an hour: more than half a second of difference.
        let arrivals = arrivals(&network, 90_000, 7);
        let mut playing = Playing::new(Options::default());
        let mut now_us = 1_000_000.0;
        let mut coming = arrivals.iter().peekable();
        let (mut deepest, mut beats) = (0, 0_u64);
        while coming.peek().is_some() {
            while let Some((&(at_us, _), &number)) =
                coming.next_if(|((at, _), _)| *at as f64 <= now_us)
            {
                playing.push(at_us, packet(number));
            }
            playing.pull(now_us as u64);
            beats += 1;
            if beats > 500 {
                deepest = deepest.max(playing.waiting_us());
            }
            now_us += FRAME_US / playing.speed();
        }
        assert!(deepest <= 120_000, "{slow_ppm}: {deepest}");
        let made_up = playing.concealed() as f64 / beats as f64;
        assert!(made_up < 0.002, "{slow_ppm}: {made_up}");
    }
}

#[test]
fn what_gathers_in_an_outage_is_left_out() {
    let mut playing = Playing::new(Options::default());
    for number in 0..50 {
        let now_us = 1_000_000 + number * 20_000;
        playing.push(now_us, packet(number));
        playing.pull(now_us);
    }
    // 800 ms come at once.
    for number in 50..90 {
        playing.push(2_800_000, packet(number));
    }
    playing.pull(2_800_000);
    assert!(playing.waiting_us() <= playing.target_us() + 200_000);
    assert!(playing.stats().dropped > 10);
}

#[test]
fn for_ten_minutes_a_recogniser_hears_another_clock_s_samples_once_and_dates_them_by_ours() {
    for slow_ppm in [-300.0, 300.0] {
        let network = Network {
            lost: 0,
            doubled: 0,
            jitter_us: 10_000,
            slow_ppm,
        };
        let arrivals = arrivals(&network, 30_000, 11);
        let mut hearing = Hearing::new(Options::default());
        let mut clock = crate::SampleClock::new(48_000);
        let mut heard = 0;
        for (&(now_us, _), &number) in &arrivals {
            hearing.push(now_us, packet(number));
            while let Some(next) = hearing.pull(now_us) {
                assert!(matches!(next, Heard::Packet { payload, .. } if payload == heard));
                heard += 1;
                clock.observe(heard * 960, now_us);
            }
            // Told as soon as its last sample may have come, or as late as the network was.
            let sent_us = heard as f64 * FRAME_US * (1.0 + slow_ppm / 1e6) + 980_000.0;
            let error_us = clock.at(heard * 960) as f64 - sent_us;
            assert!(
                error_us.abs() < 20_000.0,
                "{slow_ppm}: {error_us} µs at {heard}"
            );
        }
        assert_eq!((heard, hearing.stats().missing), (30_000, 0));
    }
}
