//! How the outside sees our UDP port: asked of STUN servers from that port itself (RFC 8489), so that a
//! router's address leads to it. Without a network and without a clock.
//!
//! Each pair of an address of ours and one of a server's is asked by itself, and again while anybody
//! calls: a router forgets what is not used.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use rtc::stun::message::{
    BINDING_REQUEST, BINDING_SUCCESS, CLASS_ERROR_RESPONSE, CLASS_SUCCESS_RESPONSE, Getter,
    METHOD_BINDING, Message, TransactionId, is_stun_message,
};
use rtc::stun::xoraddr::XorMappedAddress;

use super::peer::Transmit;

/// Pairs that are asked: each costs a datagram every [`AGAIN`].
const MOST_PAIRS: usize = 16;
/// A request without an answer is sent again after this, twice this, and so on (RFC 8489 §6.2.1).
const RETRANSMIT: Duration = Duration::from_millis(500);
/// So often, before the server is left alone until the next round.
const TRIES: u32 = 5;
/// Between two rounds: routers keep a UDP mapping for 30 s at least (RFC 4787 §4.3 would have it be
/// longer, and many are not).
const AGAIN: Duration = Duration::from_secs(20);

/// An address of ours, and how the outside sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mapped {
    pub(super) local: SocketAddr,
    pub(super) seen: SocketAddr,
}

/// What is known, and what is asked.
#[derive(Default)]
pub(super) struct Reflexive {
    pairs: Vec<Pair>,
    out: VecDeque<Transmit>,
}

struct Pair {
    local: SocketAddr,
    server: SocketAddr,
    /// The request that waits for its answer, and how often it was sent.
    asked: Option<(TransactionId, u32)>,
    due: Instant,
    seen: Option<SocketAddr>,
}

impl Reflexive {
    /// Asks these servers from these addresses from now on. What is known stays where the pair does.
    pub(super) fn aim(&mut self, now: Instant, locals: &[SocketAddr], servers: &[SocketAddr]) {
        let mut pairs: Vec<Pair> = Vec::new();
        for local in locals {
            for server in servers {
                if !can_reach(*local, *server) || pairs.len() == MOST_PAIRS {
                    continue;
                }
                let is_pair = |pair: &Pair| (pair.local, pair.server) == (*local, *server);
                if pairs.iter().any(is_pair) {
                    continue;
                }
                let known = self.pairs.iter().position(is_pair);
                pairs.push(match known {
                    Some(at) => self.pairs.swap_remove(at),
                    None => Pair {
                        local: *local,
                        server: *server,
                        asked: None,
                        due: now,
                        seen: None,
                    },
                });
            }
        }
        self.pairs = pairs;
    }

    /// Asks whoever is due.
    pub(super) fn on_timeout(&mut self, now: Instant) {
        for pair in &mut self.pairs {
            if pair.due > now {
                continue;
            }
            let (id, tries) = match pair.asked {
                Some((_, TRIES)) => {
                    // Nobody is there, or not any more.
                    (pair.asked, pair.seen) = (None, None);
                    pair.due = now + AGAIN;
                    continue;
                }
                Some((id, tries)) => (id, tries),
                None => (TransactionId::new(), 0),
            };
            let mut request = Message::new();
            if request
                .build(&[Box::new(id), Box::new(BINDING_REQUEST)])
                .is_err()
            {
                continue;
            }
            pair.asked = Some((id, tries + 1));
            pair.due = now + RETRANSMIT * 2_u32.pow(tries);
            self.out.push_back(Transmit {
                from: pair.local,
                to: pair.server,
                bytes: BytesMut::from(&request.raw[..]),
            });
        }
    }

    /// What has to be sent next.
    pub(super) fn poll_transmit(&mut self) -> Option<Transmit> {
        self.out.pop_front()
    }

    /// When to call [`Reflexive::on_timeout`].
    pub(super) fn timeout(&self) -> Option<Instant> {
        self.pairs.iter().map(|pair| pair.due).min()
    }

    /// Takes an answer; `false`: the datagram is somebody else's.
    pub(super) fn take(
        &mut self,
        now: Instant,
        to: SocketAddr,
        from: SocketAddr,
        bytes: &[u8],
    ) -> bool {
        let is_asked = |pair: &&mut Pair| (pair.local, pair.server) == (to, from);
        if !is_stun_message(bytes) {
            return false;
        }
        let Some(pair) = self.pairs.iter_mut().find(is_asked) else {
            return false;
        };
        let mut answer = Message::new();
        answer.raw = bytes.to_vec();
        let is_answer = answer.decode().is_ok()
            && answer.typ.method == METHOD_BINDING
            && matches!(
                answer.typ.class,
                CLASS_SUCCESS_RESPONSE | CLASS_ERROR_RESPONSE
            )
            && pair
                .asked
                .is_some_and(|(id, _)| id == answer.transaction_id);
        if !is_answer {
            return false;
        }
        let mut seen = XorMappedAddress::default();
        let is_told = answer.typ == BINDING_SUCCESS && seen.get_from(&answer).is_ok();
        pair.seen = is_told.then(|| SocketAddr::new(seen.ip, seen.port));
        (pair.asked, pair.due) = (None, now + AGAIN);
        true
    }

    /// How the outside sees us, where it sees us otherwise than we do.
    pub(super) fn mapped(&self) -> Vec<Mapped> {
        let mut all = Vec::new();
        for Pair { local, seen, .. } in &self.pairs {
            if let Some(seen) = *seen
                && seen != *local
                && seen.port() != 0
                && !seen.ip().is_unspecified()
            {
                let mapped = Mapped {
                    local: *local,
                    seen,
                };
                if !all.contains(&mapped) {
                    all.push(mapped);
                }
            }
        }
        all
    }
}

/// Whether a datagram from one can get to the other at all.
fn can_reach(local: SocketAddr, server: SocketAddr) -> bool {
    local.is_ipv4() == server.is_ipv4() && local.ip().is_loopback() == server.ip().is_loopback()
}

#[cfg(test)]
mod tests {
    use rtc::stun::message::BINDING_ERROR;

    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    /// An answer to the request, as if it came from there.
    fn answer(request: &Transmit, seen: Option<&str>) -> Vec<u8> {
        let mut read = Message::new();
        read.raw = request.bytes.to_vec();
        read.decode().expect("a request");
        let mut answer = Message::new();
        let id = Box::new(read.transaction_id);
        match seen {
            Some(seen) => {
                let (ip, port) = (at(seen).ip(), at(seen).port());
                let seen = Box::new(XorMappedAddress { ip, port });
                answer.build(&[id, Box::new(BINDING_SUCCESS), seen])
            }
            None => answer.build(&[id, Box::new(BINDING_ERROR)]),
        }
        .expect("an answer");
        answer.raw
    }

    #[test]
    fn an_answer_tells_how_we_are_seen_and_is_asked_for_again() {
        let now = Instant::now();
        let (local, server) = (at("192.0.2.9:8765"), at("198.51.100.1:3478"));
        let mut reflexive = Reflexive::default();
        // Of another family, of this machine only, and named twice.
        let servers = [
            server,
            at("[2001:db8::1]:3478"),
            at("127.0.0.1:3478"),
            server,
        ];
        reflexive.aim(now, &[local], &servers);
        reflexive.on_timeout(now);
        let request = reflexive.poll_transmit().expect("a request");
        assert_eq!((request.from, request.to), (local, server));
        assert!(reflexive.poll_transmit().is_none());
        let mapped = "203.0.113.7:4444";
        let right = answer(&request, Some(mapped));
        assert!(!reflexive.take(now, local, at("198.51.100.2:3478"), &right));
        assert!(!reflexive.take(now, local, server, b"voice"));
        assert_eq!(reflexive.mapped(), []);
        assert!(reflexive.take(now, local, server, &right));
        let seen = at(mapped);
        assert_eq!(reflexive.mapped(), [Mapped { local, seen }]);
        assert!(!reflexive.take(now, local, server, &right), "once");
        // The next round: the router has chosen anew.
        let later = reflexive.timeout().expect("another round");
        assert_eq!(later, now + AGAIN);
        reflexive.on_timeout(later);
        let request = reflexive.poll_transmit().expect("a request");
        let moved = answer(&request, Some("203.0.113.7:5555"));
        assert!(reflexive.take(later, local, server, &moved));
        assert_eq!(reflexive.mapped()[0].seen.port(), 5555);
        // Aimed anew, it is not forgotten.
        reflexive.aim(later, &[local], &[server]);
        assert_eq!(reflexive.mapped().len(), 1);
        reflexive.aim(later, &[local], &[]);
        assert_eq!((reflexive.mapped().len(), reflexive.timeout()), (0, None));
    }

    #[test]
    fn a_server_that_is_silent_or_refuses_is_asked_seldom() {
        let mut now = Instant::now();
        let (local, server) = (at("192.0.2.9:8765"), at("198.51.100.1:3478"));
        let mut reflexive = Reflexive::default();
        reflexive.aim(now, &[local], &[server]);
        let (mut sent, end) = (0, now + AGAIN);
        while now < end {
            reflexive.on_timeout(now);
            sent += std::iter::from_fn(|| reflexive.poll_transmit()).count();
            now = reflexive.timeout().expect("it is asked again");
        }
        assert_eq!(sent, TRIES as usize);
        reflexive.on_timeout(now);
        let request = reflexive.poll_transmit().expect("another round");
        assert!(reflexive.take(now, local, server, &answer(&request, None)));
        assert_eq!(reflexive.mapped(), []);
        assert_eq!(reflexive.timeout(), Some(now + AGAIN));
    }

    #[test]
    fn without_a_router_there_is_nothing_to_tell() {
        let now = Instant::now();
        let (local, server) = (at("127.0.0.1:8765"), at("127.0.0.1:3478"));
        let mut reflexive = Reflexive::default();
        reflexive.aim(now, &[local], &[server]);
        reflexive.on_timeout(now);
        let request = reflexive.poll_transmit().expect("a request");
        assert!(reflexive.take(
            now,
            local,
            server,
            &answer(&request, Some("127.0.0.1:8765"))
        ));
        assert_eq!(reflexive.mapped(), []);
    }
}
