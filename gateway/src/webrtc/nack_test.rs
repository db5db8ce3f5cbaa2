use super::*;

fn packet(sequence: u16) -> rtp::Packet {
    let header = rtp::Header {
        sequence_number: sequence,
        ..rtp::Header::default()
    };
    rtp::Packet {
        header,
        payload: bytes::Bytes::new(),
    }
}

const FRAME: Duration = Duration::from_millis(20);
const TRIP: Duration = Duration::from_millis(40);

/// These of the packets that are sent every 20 ms come; when the last came.
fn steady(missing: &mut Missing, began: Instant, numbers: &[u16]) -> Instant {
    let mut now = began;
    for sequence in numbers {
        let n = u32::from(sequence.wrapping_sub(numbers[0]));
        now = began + FRAME * n;
        missing.came(now, *sequence, n * 960, false);
    }
    now
}

/// One that knows how long the way is.
fn near() -> Missing {
    let mut missing = Missing::default();
    missing.set_round_trip(TRIP);
    missing
}

#[test]
fn what_was_sent_is_given_again_twice_and_what_is_old_or_was_never_sent_is_not() {
    let mut sent = Sent::default();
    assert!(sent.again(0).is_none(), "nothing was sent");
    let first = u16::MAX - 40;
    for n in 0..100 {
        sent.keep(packet(first.wrapping_add(n)));
    }
    for n in 0..100 {
        let sequence = first.wrapping_add(n);
        let times = (0..5).filter_map(|_| sent.again(sequence));
        let times: Vec<u16> = times.map(|packet| packet.header.sequence_number).collect();
        match n {
            0..36 => assert!(times.is_empty(), "{n} is too old"),
            _ => assert_eq!(times, [sequence; 2], "{n}"),
        }
    }
    assert!(sent.again(first.wrapping_add(100)).is_none());
}

#[test]
fn a_gap_is_asked_for_after_a_moment_and_once_more_after_the_way_there_and_back() {
    let (mut missing, began) = (near(), Instant::now());
    let now = steady(&mut missing, began, &[65_534, 0]);
    let due = missing.timeout().expect("65,535 is missing");
    assert_eq!(due, now + OVERTAKEN);
    assert!(missing.ask(now).is_empty(), "it may only be overtaken");
    assert_eq!(missing.ask(due), [65_535]);
    let again = missing.timeout().expect("it may be lost again");
    assert_eq!(again, due + TRIP + TRIP / 4 + MARGIN);
    assert_eq!(missing.ask(again), [65_535]);
    let patience = missing.patience().expect("the way is short");
    let last = missing.timeout().expect("it may still come");
    assert!(missing.ask(last).is_empty(), "twice is enough");
    assert_eq!(missing.timeout(), None);
    assert_eq!(now + patience, last, "for so long voice is held back");
    assert_eq!(missing.patience(), None, "and no longer");
    assert!(missing.came(last, 65_535, 0, false), "it was asked for");
}

#[test]
fn what_comes_is_not_asked_for() {
    let (mut missing, began) = (near(), Instant::now());
    let mut now = steady(&mut missing, began, &[1, 2, 5]);
    let was_asked =
        |missing: &mut Missing, now, n: u16| missing.came(now, n, u32::from(n) * 960, false);
    assert!(!was_asked(&mut missing, now, 4), "it was overtaken");
    now += OVERTAKEN;
    assert_eq!(missing.ask(now), [3]);
    assert!(missing.patience().is_some());
    assert!(was_asked(&mut missing, now, 3));
    assert_eq!((missing.timeout(), missing.patience()), (None, None));
    assert!(!was_asked(&mut missing, now, 5), "it was there");
    assert!(missing.ask(now + TRIP * 3).is_empty());
}

#[test]
fn nobody_is_asked_where_it_would_take_too_long_or_nobody_knows_how_long() {
    for (trip_ms, times) in [(None, 0), (Some(500), 0), (Some(100), 1), (Some(10), 2)] {
        let mut missing = Missing::default();
        if let Some(trip_ms) = trip_ms {
            missing.set_round_trip(Duration::from_millis(trip_ms));
        }
        steady(&mut missing, Instant::now(), &[1, 3]);
        let patience = missing.patience();
        let mut asked = 0;
        while let Some(due) = missing.timeout() {
            asked += missing.ask(due).len();
        }
        assert_eq!(asked, times, "{trip_ms:?}");
        assert_eq!(patience.is_some(), times > 0);
        assert!(patience.is_none_or(|patience| patience <= PATIENCE));
        assert_eq!(missing.patience(), None);
    }
}

#[test]
fn an_outage_or_a_new_beginning_is_not_asked_for_and_what_waits_is_bounded() {
    let began = Instant::now();
    for numbers in [
        &[1, 2, 100][..],
        &[40_000, 40_001, 7],
        &[9, 9 + MOST_MISSING + 1],
    ] {
        let mut missing = near();
        steady(&mut missing, began, numbers);
        let waits = (missing.timeout(), missing.patience());
        assert_eq!(waits, (None, None), "{numbers:?}");
    }
    let every_second: Vec<u16> = (200..400).step_by(2).collect();
    let mut missing = near();
    let now = steady(&mut missing, began, &every_second);
    assert_eq!(missing.gaps.len(), usize::from(MOST_MISSING));
    let asked = missing.ask(now + PATIENCE);
    assert_eq!(asked.len(), usize::from(MOST_MISSING));
    assert!(asked.iter().all(|asked| asked % 2 == 1));
}

#[test]
fn where_delays_vary_what_was_overtaken_is_given_more_time() {
    let mut rng = fastrand::Rng::with_seed(8);
    let (mut missing, began) = (near(), Instant::now());
    let delays = (0..300_u32).map(|n| (FRAME * n + Duration::from_millis(rng.u64(0..50)), n));
    let mut arrivals: Vec<(Duration, u32)> = delays.collect();
    arrivals.sort_unstable();
    let mut asked = 0;
    for (late, n) in arrivals {
        let now = began + late;
        asked += missing.ask(now).len();
        missing.came(now, n as u16, n * 960, false);
    }
    assert!(missing.overtaken() > Duration::from_millis(20));
    assert!(asked < 30, "of 300 that all came {asked} were asked for");
}

#[test]
fn a_packet_whose_copy_is_here_is_not_asked_for_and_not_waited_for() {
    for (next, asked) in [(3, &[][..]), (4, &[2, 3][..])] {
        let (mut missing, now) = (near(), Instant::now());
        missing.came(now, 1, 960, true);
        missing.came(now, next, u32::from(next) * 960, true);
        assert_eq!(missing.patience().is_some(), !asked.is_empty());
        let due = missing.timeout().expect("it may only be overtaken");
        assert_eq!(missing.ask(due), asked);
        assert_eq!(missing.timeout().is_some(), !asked.is_empty());
        assert_eq!(missing.came(due, 2, 1920, true), !asked.is_empty());
    }
}

#[test]
fn of_what_was_sent_each_that_was_asked_for_counts_once_and_fades() {
    let mut sent = Sent::default();
    assert_eq!(sent.lost_percent(), 0);
    for n in 0..1000 {
        sent.keep(packet(n));
        if n % 10 == 9 {
            for _ in 0..3 {
                sent.again(n - 2);
            }
        }
        let told = sent.lost_percent();
        assert!(n < 100 || (8..=10).contains(&told), "{told} after {n}");
    }
    for n in 1000..3000 {
        sent.keep(packet(n));
    }
    assert_eq!(sent.lost_percent(), 0, "nothing is lost any more");
    for n in 3000 - KEPT as u16..3000 {
        sent.again(n);
    }
    assert!((25..=50).contains(&sent.lost_percent()));
}
