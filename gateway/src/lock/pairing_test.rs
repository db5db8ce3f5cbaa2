use std::net::Ipv4Addr;

use super::super::pake::client::Client;
use super::*;

const CODE: &str = "00000042";
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 7));

fn ours() -> Fingerprint {
    Fingerprint::of(b"our certificate")
}

fn opened(now: Instant) -> (Desk, Ticket) {
    let mut desk = Desk::new(ours());
    let ticket = desk.open(now, Code::new(42), Role::Guest);
    (desk, ticket)
}

/// A whole try with this code, by a client that sees this certificate.
fn attempt(
    desk: &mut Desk,
    now: Instant,
    code: &str,
    seen: Fingerprint,
) -> Result<Granted, Refused> {
    attempt_from(desk, now, HERE, (code, seen))
}

/// The same, from this address.
fn attempt_from(
    desk: &mut Desk,
    now: Instant,
    from: IpAddr,
    (code, seen): (&str, Fingerprint),
) -> Result<Granted, Refused> {
    let client = Client::new(code, &seen);
    let (reply, exchange) = desk.start(now, from, &client.message)?;
    desk.finish(now, exchange, &client.finish(&reply).client)
}

fn at(number: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(192, 168, 1, number))
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_right_code_pairs_once_and_the_server_proves_itself() {
    let now = Instant::now();
    let (mut desk, ticket) = opened(now);
    assert_eq!(desk.over(ticket), None);
    let client = Client::new(CODE, &ours());
    let (reply, exchange) = desk.start(now, HERE, &client.message).expect("open");
    let proofs = client.finish(&reply);
    let granted = desk.finish(now, exchange, &proofs.client).expect("right");
    assert_eq!((granted.role, granted.proof), (Role::Guest, proofs.server));
    assert_eq!(
        (granted.ticket, desk.over(ticket)),
        (ticket, Some(Over::Used))
    );
    let again = attempt(&mut desk, now, CODE, ours());
    assert_eq!(again.expect_err("used"), Refused::Used);
}

#[test]
fn every_way_to_fail_has_its_name() {
    let now = Instant::now();
    let just_in_time = LIFE - Duration::from_nanos(1);
    let swapped = Fingerprint::of(b"another certificate");
    let rows = [
        (
            "a wrong code",
            "00000043",
            ours(),
            SECOND,
            Some(Refused::Wrong { left: 2 }),
        ),
        (
            "a code that is no code",
            "",
            ours(),
            SECOND,
            Some(Refused::Wrong { left: 2 }),
        ),
        (
            "a swapped certificate",
            CODE,
            swapped,
            SECOND,
            Some(Refused::Wrong { left: 2 }),
        ),
        ("too late", CODE, ours(), LIFE, Some(Refused::Late)),
        ("just in time", CODE, ours(), just_in_time, None),
    ];
    for (what, code, seen, after, refused) in rows {
        let (mut desk, _) = opened(now);
        let result = attempt(&mut desk, now + after, code, seen);
        assert_eq!(result.err(), refused, "{what}");
    }
    let mut desk = Desk::new(ours());
    let result = attempt(&mut desk, now, CODE, ours());
    assert_eq!(result.expect_err("closed"), Refused::NothingOpen);
}

#[test]
fn the_fifth_try_may_be_right_and_a_sixth_is_none() {
    let now = Instant::now();
    let wrong = ("99999999", ours());
    let tried = |desk: &mut Desk, lefts: &[u8]| {
        for (number, left) in (0..).zip(lefts) {
            let from = at(number / 2);
            let refused = attempt_from(desk, now, from, wrong).expect_err("wrong");
            assert_eq!(refused, Refused::Wrong { left: *left }, "{number}");
        }
    };
    let (mut desk, ticket) = opened(now);
    let mut twin = opened(now).0;
    tried(&mut twin, &[2, 1, 2, 1]);
    attempt_from(&mut twin, now, at(9), (CODE, ours())).expect("the fifth is right");

    tried(&mut desk, &[2, 1, 2, 1, 0]);
    assert_eq!(desk.over(ticket), Some(Over::WornOut));
    let sixth = attempt_from(&mut desk, now, at(9), (CODE, ours())).expect_err("worn out");
    assert_eq!(sixth, Refused::NoTryLeft);
}

#[test]
fn one_machine_has_three_tries_and_leaves_two_to_others() {
    let now = Instant::now();
    let (mut desk, ticket) = opened(now);
    let address = |text: &str| text.parse::<IpAddr>().expect("an address");
    // A network of IPv6 is one.
    let theirs = (1..=3).map(|n| address(&format!("2001:db8::{n}")));
    for (from, left) in theirs.zip([2, 1, 0]) {
        let refused = attempt_from(&mut desk, now, from, ("99999999", ours()));
        assert_eq!(refused.expect_err("wrong"), Refused::Wrong { left });
    }
    for code in [CODE, "99999999"] {
        let from = address("2001:db8::4");
        let refused = attempt_from(&mut desk, now, from, (code, ours()));
        assert_eq!(refused.expect_err("its share is used"), Refused::ShareUsed);
    }
    assert_eq!(desk.over(ticket), None, "it goes on");
    let refused = attempt_from(&mut desk, now, at(1), ("99999999", ours()));
    assert_eq!(refused.expect_err("wrong"), Refused::Wrong { left: 1 });
    attempt_from(&mut desk, now, at(1), (CODE, ours())).expect("right");
}

#[test]
fn tries_that_are_begun_at_once_count_when_they_are_finished() {
    let now = Instant::now();
    let (mut desk, ticket) = opened(now);
    let begin = |desk: &mut Desk, from| {
        let client = Client::new("99999999", &ours());
        let (reply, exchange) = desk.start(now, from, &client.message).expect("open");
        (exchange, client.finish(&reply).client)
    };
    let begun: Vec<_> = (0..10).map(|_| begin(&mut desk, HERE)).collect();
    let finished: Vec<_> = begun
        .into_iter()
        .map(|(exchange, proof)| desk.finish(now, exchange, &proof).expect_err("wrong"))
        .collect();
    let tested = finished
        .iter()
        .filter(|refused| **refused != Refused::ShareUsed);
    assert_eq!(tested.count(), usize::from(SHARE));
    assert_eq!(desk.over(ticket), None);
    let late = begin(&mut desk, at(1));
    for _ in 0..2 {
        let (exchange, proof) = begin(&mut desk, at(2));
        desk.finish(now, exchange, &proof).expect_err("wrong");
    }
    assert_eq!(desk.over(ticket), Some(Over::WornOut));
    let refused = desk.finish(now, late.0, &late.1).expect_err("worn out");
    assert_eq!(refused, Refused::NoTryLeft);
}

#[test]
fn tries_that_are_broken_off_cost_nothing() {
    let now = Instant::now();
    let (mut desk, _) = opened(now);
    for _ in 0..10 * TRIES {
        let client = Client::new("99999999", &ours());
        drop(desk.start(now, HERE, &client.message).expect("open"));
    }
    attempt(&mut desk, now, CODE, ours()).expect("it is right");
}

#[test]
fn what_cannot_be_read_costs_no_try() {
    let now = Instant::now();
    let (mut desk, _) = opened(now);
    for _ in 0..2 * TRIES {
        let refused = desk.start(now, HERE, b"hello").expect_err("no message");
        assert_eq!(refused, Refused::Malformed(Malformed));
    }
    attempt(&mut desk, now, CODE, ours()).expect("nothing was tested");
}

#[test]
fn a_proof_of_an_earlier_try_is_wrong_in_a_later_one() {
    let now = Instant::now();
    let (mut desk, _) = opened(now);
    let client = Client::new(CODE, &ours());
    let message = client.message.clone();
    let (reply, exchange) = desk.start(now, HERE, &message).expect("open");
    let proof = client.finish(&reply).client;
    // The client goes away; whoever listened says the same words again.
    drop(exchange);
    let (_, exchange) = desk.start(now, HERE, &message).expect("open");
    let refused = desk.finish(now, exchange, &proof).expect_err("a replay");
    assert_eq!(refused, Refused::Wrong { left: 2 });
}

#[test]
fn the_servers_own_proof_and_cut_ones_are_wrong() {
    let now = Instant::now();
    let wrong = |of: fn(&Proofs) -> Vec<u8>| {
        let (mut desk, _) = opened(now);
        let client = Client::new(CODE, &ours());
        let (reply, exchange) = desk.start(now, HERE, &client.message).expect("open");
        let proof = of(&client.finish(&reply));
        desk.finish(now, exchange, &proof).expect_err("wrong")
    };
    let refused = Refused::Wrong { left: 2 };
    assert_eq!(wrong(|proofs| proofs.server.to_vec()), refused);
    assert_eq!(wrong(|proofs| proofs.client[..31].to_vec()), refused);
    assert_eq!(wrong(|_| Vec::new()), refused);
}

#[test]
fn a_try_cannot_be_finished_in_another_pairing_than_its_own() {
    let now = Instant::now();
    let (mut desk, first) = opened(now);
    let client = Client::new(CODE, &ours());
    let (reply, exchange) = desk.start(now, HERE, &client.message).expect("open");
    let second = desk.open(now, Code::new(42), Role::Operator);
    assert_eq!(desk.over(first), Some(Over::Withdrawn));
    let proof = client.finish(&reply).client;
    let refused = desk.finish(now, exchange, &proof).expect_err("another one");
    assert_eq!(refused, Refused::NothingOpen);
    assert_eq!(desk.over(second), None, "it goes on");
    desk.withdraw(first);
    assert_eq!(desk.over(second), None, "an old ticket takes nothing back");
    desk.withdraw(second);
    assert_eq!(desk.over(second), Some(Over::Withdrawn));
}

#[test]
fn a_try_that_takes_too_long_is_late() {
    let now = Instant::now();
    let (mut desk, ticket) = opened(now);
    assert_eq!(desk.poll_timeout(), Some(now + LIFE));
    let client = Client::new(CODE, &ours());
    let (reply, exchange) = desk.start(now, HERE, &client.message).expect("open");
    desk.handle_timeout(now + LIFE - SECOND);
    assert_eq!(desk.over(ticket), None, "an early call does nothing");
    let proof = client.finish(&reply).client;
    let late = desk.finish(now + LIFE, exchange, &proof);
    assert_eq!(late.expect_err("late"), Refused::Late);
    assert_eq!(
        (desk.over(ticket), desk.poll_timeout()),
        (Some(Over::Late), None)
    );
}

/// Random sessions: whatever strangers do in whatever order, a pairing grants one device at most, only
/// to who has its code, sees our certificate and is in time, and tests five codes at most.
#[test]
fn promises_hold_in_random_sessions() {
    for seed in 0..40 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut now = Instant::now();
        let mut desk = Desk::new(ours());
        // The open one: its code, since when, codes tested.
        let mut open: Option<(Ticket, String, Instant, u8)> = None;
        let mut exchanges = Vec::new();
        let mut granted = 0;
        for _ in 0..30 {
            now += Duration::from_millis(random.u64(0..8_000));
            match random.u8(0..10) {
                0 => {
                    let code = random.u32(0..4);
                    let ticket = desk.open(now, Code::new(code), Role::Operator);
                    open = Some((ticket, format!("{code:08}"), now, 0));
                    granted = 0;
                }
                1 => {
                    if let Some((ticket, ..)) = open.take_if(|_| random.u8(0..4) == 0) {
                        desk.withdraw(ticket);
                    }
                }
                2..=5 => {
                    let code = format!("{:08}", random.u32(0..4));
                    let seen = if random.u8(0..5) == 0 {
                        Fingerprint::of(b"x")
                    } else {
                        ours()
                    };
                    let client = Client::new(&code, &seen);
                    let from = at(random.u8(0..4));
                    if let Ok((reply, exchange)) = desk.start(now, from, &client.message) {
                        let (_, _, since, _) = open.as_ref().expect("only while one is open");
                        assert!(now < *since + LIFE, "seed {seed}: begun too late");
                        let is_right = |open: &str| open == code && seen == ours();
                        let is_right = open.as_ref().is_some_and(|(_, open, ..)| is_right(open));
                        exchanges.push((exchange, client.finish(&reply).client, is_right));
                    }
                }
                _ if exchanges.is_empty() => {}
                _ => {
                    let at = random.usize(0..exchanges.len());
                    let (exchange, proof, is_right) = exchanges.swap_remove(at);
                    let ticket = exchange.ticket;
                    let finished = desk.finish(now, exchange, &proof);
                    if matches!(finished, Ok(_) | Err(Refused::Wrong { .. })) {
                        let (.., tested) = open.as_mut().expect("only while one is open");
                        *tested += 1;
                        assert!(*tested <= TRIES, "seed {seed}: a sixth code");
                    }
                    if let Ok(grant) = finished {
                        granted += 1;
                        let (current, _, since, _) = open.as_ref().expect("only while one is open");
                        assert!(is_right, "seed {seed}: a wrong code or certificate");
                        assert_eq!((granted, grant.ticket, ticket), (1, *current, *current));
                        assert!(now < *since + LIFE, "seed {seed}: too late");
                    }
                }
            }
        }
    }
}
