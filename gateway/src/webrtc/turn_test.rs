//! A relay against a server of the test's own, on virtual time. Against coturn it is tried in
//! `tests/tests/turn.rs`.

use rtc::stun::attributes::{ATTR_NONCE, ATTR_REALM, ATTR_USERNAME};
use rtc::stun::error_code::{CODE_FORBIDDEN, CODE_STALE_NONCE, CODE_UNAUTHORIZED, ErrorCode};
use rtc::stun::integrity::MessageIntegrity;
use rtc::stun::message::{
    CLASS_ERROR_RESPONSE, CLASS_REQUEST, CLASS_SUCCESS_RESPONSE, Getter, METHOD_ALLOCATE,
    METHOD_CREATE_PERMISSION, METHOD_DATA, METHOD_REFRESH, Method, Setter,
};
use rtc::stun::textattrs::TextAttribute;
use rtc::turn::proto::lifetime::Lifetime;
use rtc::turn::proto::relayaddr::RelayedAddress;

use super::*;
use crate::config::ApiKey;

const REALM: &str = "example.org";
const RELAYED: &str = "203.0.113.1:50000";

fn at(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

/// What a server does with one request after the other.
struct Server {
    nonce: String,
    password: &'static str,
    /// Requests that it does not answer.
    is_deaf: bool,
    /// Whom it does not relay to.
    forbids: Option<SocketAddr>,
    /// What it was sent through it.
    relayed: Vec<(SocketAddr, Vec<u8>)>,
    /// Methods of the requests that it took, and the lifetimes that were asked for.
    took: Vec<(Method, Option<Duration>)>,
}

impl Server {
    fn new() -> Self {
        Self {
            nonce: "one".into(),
            password: "right",
            is_deaf: false,
            forbids: None,
            relayed: Vec::new(),
            took: Vec::new(),
        }
    }

    fn refuse(&self, request: &Message, code: ErrorCode) -> Message {
        self.answer(
            request,
            CLASS_ERROR_RESPONSE,
            vec![
                Box::new(code),
                Box::new(TextAttribute::new(ATTR_REALM, REALM.to_owned())),
                Box::new(TextAttribute::new(ATTR_NONCE, self.nonce.clone())),
            ],
        )
    }

    fn answer(
        &self,
        request: &Message,
        class: rtc::stun::message::MessageClass,
        more: Vec<Box<dyn Setter>>,
    ) -> Message {
        let mut setters: Vec<Box<dyn Setter>> = vec![
            Box::new(request.transaction_id),
            Box::new(MessageType::new(request.typ.method, class)),
        ];
        setters.extend(more);
        let mut answer = Message::new();
        answer.build(&setters).expect("an answer");
        answer
    }

    fn take(&mut self, bytes: &[u8]) -> Option<Message> {
        let mut request = Message::new();
        request.raw = bytes.to_vec();
        request.decode().expect("STUN");
        if request.typ.class == CLASS_INDICATION {
            let (mut peer, mut data) = (PeerAddress::default(), Data::default());
            peer.get_from(&request).expect("a peer");
            data.get_from(&request).expect("data");
            self.relayed
                .push((SocketAddr::new(peer.ip, peer.port), data.0));
            return None;
        }
        assert_eq!(request.typ.class, CLASS_REQUEST);
        if self.is_deaf {
            return None;
        }
        let Ok(user) = TextAttribute::get_from_as(&request, ATTR_USERNAME) else {
            return Some(self.refuse(&request, CODE_UNAUTHORIZED));
        };
        let nonce = TextAttribute::get_from_as(&request, ATTR_NONCE).expect("a nonce");
        let provider = default_provider().expect("a provider");
        let crypto = provider.crypto();
        let (realm, password) = (REALM.to_owned(), self.password.to_owned());
        let key = MessageIntegrity::long_term_integrity_key(user.text, realm, password, crypto);
        let key = key.expect("a key");
        if MessageIntegrity::check(&mut request, &key, crypto).is_err() {
            return Some(self.refuse(&request, CODE_UNAUTHORIZED));
        }
        if nonce.text != self.nonce {
            return Some(self.refuse(&request, CODE_STALE_NONCE));
        }
        let mut lifetime = Lifetime::default();
        let wanted = lifetime.get_from(&request).ok().map(|()| lifetime.0);
        self.took.push((request.typ.method, wanted));
        let whole = || Box::new(Lifetime(wanted.unwrap_or(Duration::from_secs(600))));
        let mut more: Vec<Box<dyn Setter>> = Vec::new();
        if request.typ.method == METHOD_ALLOCATE {
            let (ip, port) = (at(RELAYED).ip(), at(RELAYED).port());
            more.push(Box::new(RelayedAddress { ip, port }));
            more.push(whole());
        } else if request.typ.method == METHOD_REFRESH {
            more.push(whole());
        } else {
            assert_eq!(request.typ.method, METHOD_CREATE_PERMISSION);
            let mut peer = PeerAddress::default();
            peer.get_from(&request).expect("a peer");
            if self.forbids == Some(SocketAddr::new(peer.ip, peer.port)) {
                return Some(self.refuse(&request, CODE_FORBIDDEN));
            }
        }
        Some(self.answer(&request, CLASS_SUCCESS_RESPONSE, more))
    }
}

struct World {
    now: Instant,
    relay: Relay,
    server: Server,
    told: Vec<Relayed>,
}

impl World {
    fn new(server: Server) -> Self {
        let now = Instant::now();
        let credentials = Credentials {
            username: "janet".into(),
            password: ApiKey("right".into()),
        };
        let (local, at_server) = (at("192.0.2.9:5000"), at("198.51.100.1:3478"));
        Self {
            now,
            relay: Relay::ask(now, local, at_server, credentials).expect("a relay"),
            server,
            told: Vec::new(),
        }
    }

    /// Everything that happens at this moment.
    fn settle(&mut self) {
        loop {
            while let Some(told) = self.relay.poll() {
                self.told.push(told);
            }
            let Some(out) = self.relay.poll_transmit() else {
                return;
            };
            if let Some(answer) = self.server.take(&out) {
                self.relay
                    .datagram(self.now, BytesMut::from(&answer.raw[..]));
            }
        }
    }

    /// Everything until then.
    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        self.settle();
        while let Some(due) = self.relay.timeout().filter(|due| *due <= end) {
            self.now = due.max(self.now);
            self.relay.on_timeout(self.now);
            self.settle();
        }
        self.now = end;
    }

    fn say(&mut self, to: &str, words: &[u8]) {
        self.relay.send(self.now, at(to), words);
        self.settle();
    }
}

const FAR: &str = "198.51.100.77:6000";

#[test]
fn it_is_asked_for_lets_both_ways_through_and_is_given_back() {
    let mut world = World::new(Server::new());
    // Nothing can go through what is not there.
    world.say(FAR, b"early");
    assert_eq!(world.told, [Relayed::Address(at(RELAYED))]);
    assert_eq!(world.relay.address(), Some(at(RELAYED)));
    world.say(FAR, b"first");
    world.say(FAR, b"second");
    let sent = [(at(FAR), b"first".to_vec()), (at(FAR), b"second".to_vec())];
    assert_eq!(world.server.relayed, sent);
    let mut data = Message::new();
    let (ip, port) = (at(FAR).ip(), at(FAR).port());
    data.build(&[
        Box::new(TransactionId::new()),
        Box::new(MessageType::new(METHOD_DATA, CLASS_INDICATION)),
        Box::new(PeerAddress { ip, port }),
        Box::new(Data(b"back".to_vec())),
    ])
    .expect("an indication");
    let now = world.now;
    world.relay.datagram(now, BytesMut::from(&data.raw[..]));
    let back = Relayed::Datagram {
        from: at(FAR),
        bytes: BytesMut::from(&b"back"[..]),
    };
    assert_eq!(world.relay.poll(), Some(back));
    world.relay.close(now);
    world.settle();
    let given_back = (METHOD_REFRESH, Some(Duration::ZERO));
    assert_eq!(world.server.took.last(), Some(&given_back));
    assert_eq!(world.relay.timeout(), None);
}

#[test]
fn a_nonce_that_becomes_stale_is_replaced_and_nothing_is_lost() {
    let mut world = World::new(Server::new());
    world.settle();
    world.say(FAR, b"a");
    // An hour, with another nonce every ten minutes, and the allocation never runs out.
    let mut refreshed = world.now;
    for n in 0..60 {
        if n % 10 == 0 {
            world.server.nonce = format!("nonce {n}");
        }
        world.server.took.clear();
        world.run(Duration::from_secs(60));
        if world.server.took.iter().any(|(m, _)| *m == METHOD_REFRESH) {
            refreshed = world.now;
        }
        let age = world.now - refreshed;
        assert!(age < Duration::from_secs(300), "minute {n}: {age:?}");
    }
    world.server.nonce = "at the wrong moment".into();
    let other = "198.51.100.78:6000";
    world.say(other, b"waits");
    world.say(FAR, b"b");
    let relayed = &world.server.relayed;
    assert!(relayed.contains(&(at(other), b"waits".to_vec())));
    assert!(relayed.contains(&(at(FAR), b"b".to_vec())));
    assert_eq!(world.told, [Relayed::Address(at(RELAYED))]);
}

#[test]
fn a_wrong_password_or_a_server_that_is_silent_is_told_once() {
    let wrong = Server {
        password: "wrong",
        ..Server::new()
    };
    let deaf = Server {
        is_deaf: true,
        ..Server::new()
    };
    for server in [wrong, deaf] {
        let mut world = World::new(server);
        world.run(Duration::from_secs(60));
        assert_eq!(world.told, [Relayed::Refused]);
        assert_eq!((world.relay.address(), world.relay.timeout()), (None, None));
        world.say(FAR, b"nobody hears it");
        assert_eq!(world.server.relayed, []);
        let now = world.now;
        world.relay.close(now);
        assert!(world.relay.poll_transmit().is_none());
    }
}

#[test]
fn whom_the_server_refuses_is_asked_for_seldom_and_peers_are_few() {
    let mut world = World::new(Server {
        forbids: Some(at(FAR)),
        ..Server::new()
    });
    world.settle();
    for _ in 0..100 {
        world.say(FAR, b"no");
    }
    let asked = |world: &World| {
        let took = world.server.took.iter();
        took.filter(|(method, _)| *method == METHOD_CREATE_PERMISSION)
            .count()
    };
    assert_eq!((asked(&world), world.server.relayed.len()), (1, 0));
    world.run(REFUSED);
    world.server.forbids = None;
    world.say(FAR, b"yes");
    assert_eq!((asked(&world), world.server.relayed.len()), (2, 1));
    for port in 1..1000 {
        world.say(&format!("198.51.100.79:{port}"), b"many");
    }
    assert_eq!(world.relay.peers.len(), MOST_PEERS);
}

#[test]
fn garbage_from_the_server_changes_nothing() {
    let mut world = World::new(Server::new());
    world.settle();
    let mut rng = fastrand::Rng::with_seed(8);
    for n in 0..2000_usize {
        let mut bytes: Vec<u8> = (0..rng.usize(0..200)).map(|_| rng.u8(..)).collect();
        if let Some(first) = bytes.first_mut() {
            *first = [0, 1, 0x40, 0x7F, 128][n % 5];
        }
        if n % 2 == 0 && bytes.len() > 8 {
            bytes[4..8].copy_from_slice(&[0x21, 0x12, 0xA4, 0x42]);
        }
        let now = world.now;
        world.relay.datagram(now, BytesMut::from(&bytes[..]));
    }
    world.settle();
    world.say(FAR, b"still there");
    assert_eq!(world.server.relayed.len(), 1);
}
