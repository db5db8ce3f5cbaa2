//! Packets that are lost on the way and sent again, on virtual time.

use janet_audio::jitter::{Heard, Hearing, Options, Packet};

use super::super::nack::KEPT;
use super::tests::{Seen, World};
use super::*;

/// What became of her voice on a way that loses one packet in ten.
struct Became {
    /// Packets that a recogniser heard, in order.
    heard: usize,
    missing: u64,
    asked: u64,
    given: u64,
    longest_wait: Duration,
    /// How much the way's delay was seen to vary.
    jitter_us: u64,
    /// What the first is told of its packets, report by report.
    lost_percent: Vec<u8>,
}

/// Two that met before the way began to lose packets, of which the answerer may not agree to send any again.
fn met(seed: u64, agrees: bool) -> World {
    let mut world = World::new(seed, 0);
    let mut offer = world.peers[0].offer(world.now).expect("an offer");
    assert!(offer.contains("a=rtcp-fb:111 nack\r\n"), "{offer}");
    if !agrees {
        offer = offer.replace("a=rtcp-fb:111 nack\r\n", "");
    }
    let answer = world.peers[1].accept(world.now, offer).expect("an answer");
    assert_eq!(answer.contains("a=rtcp-fb:111 nack\r\n"), agrees);
    let taken = world.peers[0].answered(world.now, answer);
    taken.expect("it was offered");
    let both = |seen: &[Seen; 2]| seen.iter().all(|s| s.connected > 0);
    assert!(world.until(Duration::from_secs(5), both), "they never met");
    world
}

/// Twenty seconds of voice from the first to the second.
fn heard(mut world: World) -> Became {
    world.lost_percent = 10;
    let began = world.now;
    let mut hearing = Hearing::new(Options::default());
    let (mut taken, mut told, mut heard) = (0, 0_u32, Vec::new());
    let mut longest_wait = Duration::ZERO;
    while world.now - began < Duration::from_secs(20) {
        let now = world.now;
        let now_us = (now - began).as_micros() as u64;
        if now_us.is_multiple_of(1_000_000) {
            world.peers[1].round_trip(now);
        }
        if now_us >= u64::from(told) * 20_000 {
            let (sequence, timestamp) = (told as u16, told * 960);
            world.peers[0].voice(now, sequence.wrapping_add(65_000), timestamp, &[0xF8; 60]);
            told += 1;
        }
        world.step();
        let now_us = (world.now - began).as_micros() as u64;
        let seen = &world.seen[1];
        for ((sequence, timestamp, _), is_again) in seen.voice.iter().zip(&seen.again).skip(taken) {
            let packet = Packet {
                sequence: *sequence,
                timestamp: *timestamp,
                payload: *timestamp,
            };
            match is_again {
                true => hearing.push_again(now_us, packet),
                false => hearing.push(now_us, packet),
            };
        }
        taken = seen.voice.len();
        let patience = world.peers[1].patience().unwrap_or_default();
        hearing.wait_us(patience.as_micros() as u64);
        if let Some(due) = hearing.timeout() {
            longest_wait = longest_wait.max(Duration::from_micros(due.saturating_sub(now_us)));
        }
        while let Some(next) = hearing.pull(now_us) {
            if let Heard::Packet { payload, .. } = next {
                heard.push(payload);
            }
        }
    }
    assert!(heard.is_sorted(), "in order");
    Became {
        heard: heard.len(),
        missing: hearing.stats().missing,
        asked: world.peers[1].again().asked,
        given: world.peers[0].again().given,
        longest_wait,
        jitter_us: hearing.stats().jitter_us,
        lost_percent: std::mem::take(&mut world.seen[0].losses),
    }
}

#[test]
fn a_lost_packet_comes_again_and_is_heard() {
    for seed in [41, 42] {
        let with = heard(met(seed, true));
        let without = heard(met(seed, false));
        assert!((60..160).contains(&without.missing), "{}", without.missing);
        assert_eq!((without.asked, without.given), (0, 0));
        assert!(
            with.missing * 5 < without.missing && with.heard > 970,
            "{} heard, {} missing; {} missing without being sent again",
            with.heard,
            with.missing,
            without.missing
        );
        // A packet is lost a second time, or the question is: each is asked for twice at most.
        assert!(with.asked <= 2 * without.missing + 40, "{}", with.asked);
        assert!(with.given <= with.asked && with.given > 50);
        assert!(with.longest_wait <= Duration::from_millis(150));
    }
}

#[test]
fn what_came_again_was_lost_all_the_same_and_is_no_jitter() {
    for seed in [44, 45] {
        let became = heard(met(seed, true));
        assert!(became.given > 50, "{}", became.given);
        let told = &became.lost_percent[became.lost_percent.len() / 4..];
        let mean = told.iter().copied().map(u32::from).sum::<u32>() / told.len() as u32;
        assert!(mean >= 7 && told.len() > 10, "{told:?}");
        assert!(told.iter().all(|percent| *percent >= 4), "{told:?}");
        // The way's own delays lie within 10 ms of each other.
        assert!(became.jitter_us < 6000, "{} µs", became.jitter_us);
    }
}

#[test]
fn somebody_who_asks_for_everything_is_sent_little() {
    use rtc::rtcp::transport_feedbacks::transport_layer_nack::{NackPair, TransportLayerNack};

    let mut world = met(43, true);
    let now = world.now;
    let ssrc = world.peers[0].ssrc;
    for n in 0..200_u16 {
        world.peers[0].voice(now, n, u32::from(n) * 960, &[0xF8; 60]);
    }
    let pairs = |n: u16| NackPair {
        packet_id: n.wrapping_mul(17),
        lost_packets: u16::MAX,
    };
    for media_ssrc in [ssrc, ssrc.wrapping_add(1)] {
        for _ in 0..20 {
            let nack = TransportLayerNack {
                sender_ssrc: 1,
                media_ssrc,
                nacks: (0..300).map(pairs).collect(),
            };
            let packets: Vec<Box<dyn rtc::rtcp::Packet>> = vec![Box::new(nack)];
            let message = RTCMessage::RtcpPacket("x".into(), packets);
            world.peers[0].read(now, message);
        }
    }
    assert_eq!(world.peers[0].again().given, 2 * KEPT as u64);
}
