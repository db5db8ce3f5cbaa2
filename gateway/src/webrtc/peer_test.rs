//! Two peers that talk over a seeded network on virtual time.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use fastrand::Rng;

use super::super::description::ice_fragment;
use super::*;

const STEP: Duration = Duration::from_millis(5);

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

impl Peer {
    /// Can be reached there, too: what a far end that moves does, and the server never.
    fn add_local(&mut self, local: SocketAddr) {
        let candidate = host_candidate(local).expect("an address");
        self.connection
            .add_local_candidate(candidate)
            .expect("a candidate");
        self.locals.push(local);
    }
}

/// What one side has seen.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) connected: u32,
    pub(super) left: u32,
    pub(super) lost: u32,
    pub(super) events_open: u32,
    pub(super) texts: Vec<String>,
    pub(super) faces: Vec<Vec<u8>>,
    pub(super) voice: Vec<(u16, u32, usize)>,
    /// For each of `voice` whether it was asked for.
    pub(super) again: Vec<bool>,
    pub(super) strays: u32,
    pub(super) too_long: u32,
    pub(super) losses: Vec<u8>,
    pub(super) jitters: Vec<Duration>,
}

impl Seen {
    fn note(&mut self, happened: Happened) {
        match happened {
            Happened::Connected => self.connected += 1,
            Happened::Left => self.left += 1,
            Happened::Lost => self.lost += 1,
            Happened::EventsOpen => self.events_open += 1,
            Happened::Text(text) => self.texts.push(text),
            Happened::TooLong => self.too_long += 1,
            Happened::Face(frame) => self.faces.push(frame),
            Happened::Stray => self.strays += 1,
            Happened::Reported {
                lost_percent,
                jitter,
            } => {
                self.losses.push(lost_percent);
                self.jitters.push(jitter);
            }
            Happened::Voice {
                sequence,
                timestamp,
                payload,
                is_again,
            } => {
                self.voice.push((sequence, timestamp, payload.len()));
                self.again.push(is_again);
            }
        }
    }
}

/// Both sides, and what is on its way between them.
pub(super) struct World {
    pub(super) now: Instant,
    pub(super) peers: [Peer; 2],
    pub(super) seen: [Seen; 2],
    /// By arrival and number. The first peer's ports are odd thousands, the second's even.
    wire: BTreeMap<(Instant, u64), Transmit>,
    pub(super) sent: u64,
    pub(super) lost_percent: u32,
    /// What goes from there or to there is lost.
    pub(super) dead: Option<SocketAddr>,
    rng: Rng,
}

impl World {
    pub(super) fn new(seed: u64, lost_percent: u32) -> Self {
        Self::between([address(1000), address(2000)], seed, lost_percent)
    }

    /// Of peers at these addresses, whose ports are as above.
    pub(super) fn between(at: [SocketAddr; 2], seed: u64, lost_percent: u32) -> Self {
        let now = Instant::now();
        let peers = at.map(|at| Peer::new(now, &[at]).expect("a peer"));
        Self {
            now,
            peers,
            seen: Default::default(),
            wire: BTreeMap::new(),
            sent: 0,
            lost_percent,
            dead: None,
            rng: Rng::with_seed(seed),
        }
    }

    /// The first offers, the second answers.
    pub(super) fn introduce(&mut self) {
        let offer = self.peers[0].offer(self.now).expect("an offer");
        let answer = self.peers[1].accept(self.now, offer).expect("an answer");
        let taken = self.peers[0].answered(self.now, answer);
        taken.expect("it was offered");
    }

    pub(super) fn step(&mut self) {
        for at in 0..2 {
            while let Some(out) = self.peers[at].poll_transmit() {
                self.sent += 1;
                let is_dead = [out.from, out.to]
                    .into_iter()
                    .any(|at| Some(at) == self.dead);
                if !is_dead && self.rng.u32(0..100) >= self.lost_percent {
                    let late = Duration::from_micros(self.rng.u64(1000..9000));
                    self.wire.insert((self.now + late, self.sent), out);
                }
            }
        }
        self.now += STEP;
        let later = self.wire.split_off(&(self.now, u64::MAX));
        for (_, out) in std::mem::replace(&mut self.wire, later) {
            let at = usize::from(out.to.port() % 2000 == 0);
            self.peers[at].datagram(self.now, out.to, out.from, out.bytes);
        }
        for at in 0..2 {
            if self.peers[at].timeout().is_some_and(|due| due <= self.now) {
                self.peers[at].on_timeout(self.now);
            }
            while let Some(happened) = self.peers[at].poll() {
                self.seen[at].note(happened);
            }
        }
    }

    /// Steps until it is so, or for this long.
    pub(super) fn until(&mut self, most: Duration, done: impl Fn(&[Seen; 2]) -> bool) -> bool {
        let end = self.now + most;
        while self.now < end {
            if done(&self.seen) {
                return true;
            }
            self.step();
        }
        done(&self.seen)
    }
}

#[test]
fn two_peers_find_each_other_and_talk_both_ways() {
    let mut world = World::new(1, 0);
    world.introduce();
    let both = |seen: &[Seen; 2]| seen.iter().all(|s| s.connected > 0 && s.events_open > 0);
    assert!(world.until(Duration::from_secs(5), both), "they never met");
    for n in 0..100_u16 {
        for at in 0..2 {
            let now = world.now;
            world.peers[at].voice(
                now,
                65_500_u16.wrapping_add(n),
                u32::from(n) * 960,
                &[0xF8; 60],
            );
        }
        if n == 50 {
            let now = world.now;
            assert!(world.peers[0].text(now, r#"{"type":"ping"}"#));
            assert!(world.peers[1].text(now, "\u{1F600}"));
        }
        for _ in 0..4 {
            world.step();
        }
    }
    let [first, second] = &world.seen;
    assert_eq!((first.voice.len(), second.voice.len()), (100, 100));
    assert_eq!(
        second.voice[50],
        (65_500_u16.wrapping_add(50), 50 * 960, 60)
    );
    assert_eq!(first.texts, ["\u{1F600}"]);
    assert_eq!(second.texts, [r#"{"type":"ping"}"#]);
    assert_eq!(first.strays + second.strays, 0);
}

#[test]
fn what_comes_before_the_answer_is_not_lost() {
    let mut world = World::new(2, 0);
    let offer = world.peers[0].offer(world.now).expect("an offer");
    let answer = world.peers[1].accept(world.now, offer).expect("an answer");
    // The answer takes its time, and the first check, which would come again much later, does not.
    let was_asked = |world: &World| world.sent > 0 && world.wire.is_empty();
    while !was_asked(&world) {
        world.step();
    }
    world.dead = Some(address(2000));
    world.until(Duration::from_millis(100), |_| false);
    world.dead = None;
    let taken = world.peers[0].answered(world.now, answer);
    taken.expect("it was offered");
    // A success response of STUN's (RFC 8489 §5), to whom the check came from.
    let is_answer = |out: &Transmit| out.to == address(2000) && out.bytes.starts_with(&[1, 1]);
    let mut sent = std::iter::from_fn(|| world.peers[0].poll_transmit());
    assert!(sent.any(|out| is_answer(&out)), "the check was lost");
}

#[test]
fn loss_is_reported_and_what_is_reliable_arrives() {
    let mut world = World::new(2, 20);
    world.introduce();
    let both = |seen: &[Seen; 2]| seen.iter().all(|s| s.connected > 0 && s.events_open > 0);
    assert!(world.until(Duration::from_secs(30), both), "they never met");
    for n in 0..500_u16 {
        let now = world.now;
        world.peers[0].voice(now, n, u32::from(n) * 960, &[0xF8; 60]);
        if n % 100 == 0 {
            assert!(world.peers[1].text(now, &n.to_string()));
        }
        for _ in 0..4 {
            world.step();
        }
    }
    world.until(Duration::from_secs(10), |seen| seen[0].texts.len() == 5);
    let [first, second] = &world.seen;
    assert!(
        (350..450).contains(&second.voice.len()),
        "{}",
        second.voice.len()
    );
    assert_eq!(first.texts, ["0", "100", "200", "300", "400"]);
    let worst = first.losses.iter().max();
    assert!(
        worst.is_some_and(|worst| (8..50).contains(worst)),
        "{:?}",
        first.losses
    );
    // Delays of 1 to 9 ms differ by 2.7 ms in the mean.
    let jitter = first.jitters.last().expect("it was reported");
    assert!((1..6).contains(&jitter.as_millis()), "{jitter:?}");
}

#[test]
fn a_side_that_says_goodbye_or_falls_silent_ends_the_other() {
    for goodbye in [true, false] {
        let mut world = World::new(3, 0);
        world.introduce();
        let both = |seen: &[Seen; 2]| seen.iter().all(|s| s.connected > 0);
        assert!(world.until(Duration::from_secs(5), both), "they never met");
        if goodbye {
            world.peers[0].close();
        } else {
            world.lost_percent = 100;
        }
        let ended = |seen: &[Seen; 2]| seen[1].left + seen[1].lost > 0;
        let patience = if goodbye { 1 } else { 20 };
        assert!(
            world.until(Duration::from_secs(patience), ended),
            "goodbye {goodbye}: it never ended"
        );
        assert_eq!(world.seen[1].left > 0, goodbye, "which of the two it was");
    }
}

#[test]
fn a_call_goes_on_when_either_side_moves_to_another_network() {
    for (mover, offers) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let mut world = World::new(5, 0);
        world.introduce();
        let both = |seen: &[Seen; 2]| seen.iter().all(|s| s.connected > 0 && s.events_open > 0);
        assert!(world.until(Duration::from_secs(5), both), "they never met");
        world.dead = Some(address([1000, 2000][mover]));
        world.until(Duration::from_secs(4), |_| false);
        world.peers[mover].add_local(address([3000, 4000][mover]));
        let now = world.now;
        let offer = world.peers[offers].offer_again(now).expect("an offer");
        let taker = 1 - offers;
        assert!(world.peers[taker].is_from_far_end(&offer));
        let stranger = Peer::new(now, &[address(5000)]).and_then(|mut peer| peer.offer(now));
        let stranger = stranger.expect("an offer");
        assert!(!world.peers[taker].is_from_far_end(&stranger));
        let answer = world.peers[taker]
            .accept_again(now, offer)
            .expect("an answer");
        world.peers[offers]
            .answered(now, answer)
            .expect("it was offered");
        let mut arrived = 0;
        for n in 0..500_u16 {
            let now = world.now;
            for at in 0..2 {
                world.peers[at].voice(now, n, u32::from(n) * 960, &[0xF8; 60]);
            }
            for _ in 0..4 {
                world.step();
            }
            if n == 100 {
                arrived = world
                    .seen
                    .iter()
                    .map(|seen| seen.voice.len())
                    .min()
                    .unwrap_or(0);
                assert!(world.peers[0].text(now, "there"));
                assert!(world.peers[1].text(now, "here"));
            }
        }
        assert!(
            arrived > 50,
            "{mover} moved, {offers} offers: after 2 s {arrived} packets were heard"
        );
        let [first, second] = &world.seen;
        for seen in [first, second] {
            assert_eq!((seen.left, seen.lost), (0, 0), "{mover} {offers}");
        }
        assert_eq!(
            (&first.texts[..], &second.texts[..]),
            (&["here".to_owned()][..], &["there".to_owned()][..])
        );
        assert!(world.peers.iter_mut().all(|peer| {
            peer.round_trip(world.now)
                .is_some_and(|trip| !trip.is_zero())
        }));
    }
}

#[test]
fn a_new_way_is_agreed_on_by_the_same_two_only() {
    let mut world = World::new(6, 0);
    let now = world.now;
    assert_eq!(world.peers[0].offer_again(now), Err(PeerError::NotAgreed));
    world.introduce();
    let both = |seen: &[Seen; 2]| seen.iter().all(|s| s.connected > 0);
    assert!(world.until(Duration::from_secs(5), both), "they never met");
    let now = world.now;
    let offer = world.peers[0].offer_again(now).expect("an offer");
    // Whoever did not hear it asks again, and is told the same.
    assert_eq!(world.peers[0].offer_again(now), Ok(offer.clone()));
    let mut stranger = Peer::new(now, &[address(6000)]).expect("a peer");
    let answer = stranger.accept(now, offer).expect("an answer");
    let refused = world.peers[0].answered(now, answer);
    assert!(
        matches!(refused, Err(PeerError::Description(_))),
        "{refused:?}"
    );
}

#[test]
fn what_is_no_description_is_refused_and_a_right_one_is_taken_after_it() {
    let now = Instant::now();
    let mut far = Peer::new(now, &[address(2000)]).expect("a peer");
    let mut peer = Peer::new(now, &[address(1000)]).expect("a peer");
    let refused = peer.answered(now, "v=0".to_owned());
    assert_eq!(refused, Err(PeerError::NothingOffered));
    assert_eq!(
        peer.candidate("candidate:1 1 udp 1 127.0.0.1 9 typ host".to_owned()),
        Err(PeerError::TooEarly)
    );
    let offer = peer.offer(now).expect("an offer");
    let audio_less: String = offer
        .replace("opus/48000/2", "PCMX/8000")
        .replace("useinbandfec", "x");
    for bad in ["", "v=0", "hello", "v=0\r\nm=audio", &"a".repeat(10_000)] {
        let refused = peer.answered(now, bad.to_owned());
        assert!(
            matches!(refused, Err(PeerError::Description(_))),
            "{bad:.20}: {refused:?}"
        );
    }
    let mut deaf = Peer::new(now, &[address(3000)]).expect("a peer");
    let refused = deaf.accept(now, audio_less);
    assert!(
        matches!(refused, Err(PeerError::NoOpus | PeerError::Description(_))),
        "{refused:?}"
    );
    let answer = far.accept(now, offer).expect("an answer");
    assert!(ice_fragment(&answer).is_some_and(|fragment| fragment.len() >= 4));
    peer.answered(now, answer.clone()).expect("it is right");
    let again = peer.answered(now, answer);
    assert_eq!(again, Err(PeerError::NothingOffered));
    let bad = peer.candidate("candidate:no".to_owned());
    assert!(matches!(bad, Err(PeerError::Candidate(_))), "{bad:?}");
    for fine in ["", "candidate:1 1 udp 1 0f8c.local 9 typ host"] {
        peer.candidate(fine.to_owned()).expect("nothing to do");
    }
}

#[test]
fn garbage_from_the_network_changes_nothing() {
    let mut world = World::new(4, 0);
    world.introduce();
    let both = |seen: &[Seen; 2]| seen.iter().all(|s| s.connected > 0);
    assert!(world.until(Duration::from_secs(5), both), "they never met");
    for n in 0..2000_u32 {
        let mut bytes: Vec<u8> = (0..world.rng.usize(0..200))
            .map(|_| world.rng.u8(..))
            .collect();
        if let Some(first) = bytes.first_mut() {
            // Each of STUN, DTLS and RTP in turn.
            *first = [0, 20, 22, 128, 200][n as usize % 5];
        }
        let from = address([2000, 9][n as usize % 2]);
        let now = world.now;
        world.peers[0].datagram(now, address(1000), from, BytesMut::from(&bytes[..]));
        world.step();
    }
    let now = world.now;
    world.peers[0].voice(now, 1, 0, &[0xF8]);
    world.peers[1].voice(now, 1, 0, &[0xF8]);
    world.until(Duration::from_secs(1), |seen| {
        seen.iter().all(|seen| !seen.voice.is_empty())
    });
    for seen in &world.seen {
        assert_eq!((seen.voice.len(), seen.left + seen.lost), (1, 0));
    }
}

#[test]
fn what_was_not_agreed_on_or_is_too_long_is_told_and_the_rest_goes_on() {
    let mut world = World::new(7, 0);
    world.introduce();
    let both = |seen: &[Seen; 2]| seen.iter().all(|s| s.connected > 0 && s.events_open > 0);
    assert!(world.until(Duration::from_secs(5), both), "they never met");
    // A payload type that nobody agreed on, in between.
    for n in 0..30_u16 {
        world.peers[0].opus = Some([OPUS, 96, 0][usize::from(n) % 3]);
        let now = world.now;
        world.peers[0].voice(now, n, u32::from(n) * 960, &[0xF8; 60]);
        for _ in 0..4 {
            world.step();
        }
    }
    let heard = &world.seen[1];
    assert_eq!(heard.voice.len(), 10, "{} strays", heard.strays);
    assert_eq!(heard.left + heard.lost, 0);
    let now = world.now;
    let long = "a".repeat(LONGEST_TEXT as usize + 1);
    assert!(world.peers[0].text(now, &long));
    assert!(world.peers[0].text(now, &long[1..]));
    assert!(world.peers[0].text(now, "short"));
    let done = |seen: &[Seen; 2]| seen[1].texts.len() == 2;
    assert!(world.until(Duration::from_secs(10), done), "nothing came");
    let heard = &world.seen[1];
    assert_eq!((heard.too_long, heard.left + heard.lost), (1, 0));
    assert_eq!(heard.texts[1], "short");
}

#[test]
fn frames_of_her_face_come_over_their_channel_whoever_opened_it() {
    let mut world = World::new(9, 0);
    world.introduce();
    let both = |seen: &[Seen; 2]| seen.iter().all(|s| s.connected > 0 && s.events_open > 0);
    assert!(world.until(Duration::from_secs(5), both), "they never met");
    for side in [0, 1] {
        let mut sent = 0;
        // As soon as the channel is open: it may be later than the other.
        for n in 0..200_u8 {
            let now = world.now;
            assert!(!world.peers[side].face_is_full());
            sent += usize::from(world.peers[side].face(now, &[n; 5]));
            world.step();
        }
        // One that comes late may be given up: nothing is sent twice.
        let most = |seen: &[Seen; 2]| seen[1 - side].faces.len() * 20 >= sent * 19;
        assert!(
            world.until(Duration::from_secs(5), most),
            "of {sent} too few came"
        );
        assert!(sent > 150, "{sent}");
        let came = &world.seen[1 - side];
        assert!(came.faces.iter().all(|frame| frame.len() == 5));
        assert_eq!(came.texts.len(), 0);
    }
}

#[test]
fn frames_that_nobody_takes_from_us_are_held_back() {
    let mut world = World::new(10, 0);
    world.introduce();
    let both = |seen: &[Seen; 2]| seen.iter().all(|s| s.connected > 0 && s.events_open > 0);
    assert!(world.until(Duration::from_secs(5), both), "they never met");
    let now = world.now;
    while !world.peers[0].face(now, &[0; 25]) {
        world.step();
    }
    let now = world.now;
    let taken = (0..1000)
        .take_while(|_| !world.peers[0].face_is_full() && world.peers[0].face(now, &[0; 25]));
    assert!((150..200).contains(&taken.count()));
}

/// The same description with something wrong in it.
fn spoilt(sdp: &str, from: &str, to: &str) -> String {
    let spoilt = sdp.replace(from, to);
    assert_ne!(spoilt, sdp, "{from} is not in it");
    spoilt
}

#[test]
fn descriptions_that_are_wrong_somewhere_are_refused_and_the_peer_takes_a_right_one() {
    let now = Instant::now();
    let mut far = Peer::new(now, &[address(2000)]).expect("a peer");
    let offer = far.offer(now).expect("an offer");
    let line = |begin: &str| {
        let mut lines = offer.lines();
        let found = lines.find(|line| line.starts_with(begin));
        found.unwrap_or_else(|| panic!("{begin}")).to_owned()
    };
    let print = line("a=fingerprint:");
    let rows = [
        (
            "another clock rate",
            spoilt(&offer, "opus/48000/2", "opus/16000/2"),
        ),
        ("another codec", spoilt(&offer, "opus/48000/2", "PCMU/8000")),
        ("no sound", spoilt(&offer, "m=audio", "m=video")),
        ("no version", spoilt(&offer, "v=0", "v=x")),
        ("no origin", spoilt(&offer, "o=", "x=")),
        ("no password", spoilt(&offer, "a=ice-pwd:", "a=ice-pw:")),
        ("no name", spoilt(&offer, "a=ice-ufrag:", "a=ice-uf:")),
        (
            "no fingerprint",
            spoilt(&offer, "a=fingerprint:", "a=finger:"),
        ),
        (
            "an empty fingerprint",
            spoilt(&offer, &print, "a=fingerprint:sha-256"),
        ),
        ("a line without a kind", spoilt(&offer, "s=-", "no line")),
        ("a time that is none", spoilt(&offer, "t=0 0", "t=a b")),
        (
            "a port that is none",
            spoilt(&offer, "m=audio 9", "m=audio 99999999"),
        ),
        (
            "a candidate that is none",
            spoilt(&offer, &line("a=candidate:"), "a=candidate:x"),
        ),
        (
            "two halves",
            offer[..offer.len() / 2].replace("a=fingerprint", "a=f"),
        ),
    ];
    for (what, bad) in rows {
        let mut peer = Peer::new(now, &[address(1000)]).expect("a peer");
        let refused = peer.accept(now, bad);
        let is_named = matches!(refused, Err(PeerError::Description(_) | PeerError::NoOpus));
        assert!(is_named, "{what}: {refused:?}");
    }
    // An answer that is wrong changes nothing of the offer, which takes the right one.
    let mut near = Peer::new(now, &[address(1000)]).expect("a peer");
    let answer = near.accept(now, offer).expect("an answer");
    for (from, to) in [
        ("opus/48000/2", "opus/8000/2"),
        ("a=ice-pwd:", "a=no:"),
        ("v=0", ""),
    ] {
        let refused = far.answered(now, spoilt(&answer, from, to));
        assert!(refused.is_err(), "{from}");
    }
    far.answered(now, answer).expect("it is right");
}
