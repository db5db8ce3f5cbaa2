//! One relay of a call's: an allocation on a TURN server (RFC 8656). Without a network and without a clock.
//!
//! Wraps the client of the crate `rtc` for allocating, permissions and refreshes. Voice goes in Send
//! indications, not over channels: 36 bytes more for each packet, but that client loses a channel for good
//! when the server changes its nonce at the wrong moment. The nonce is looked at every minute, so that one
//! that has become stale is replaced long before the allocation ends.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use rtc::crypto::default_provider;
use rtc::sansio::Protocol;
use rtc::shared::error::Error;
use rtc::shared::{TaggedBytesMut, TransportContext, TransportProtocol};
use rtc::stun::fingerprint::FINGERPRINT;
use rtc::stun::message::{CLASS_INDICATION, METHOD_SEND, Message, MessageType, TransactionId};
use rtc::turn::client::{Client, ClientConfig, Event};
use rtc::turn::proto::data::Data;
use rtc::turn::proto::peeraddr::PeerAddress;

use super::servers::Credentials;

/// Addresses that a relay is asked to let through: those of the far end that a call tries at most, and
/// those of its restarts.
const MOST_PEERS: usize = 128;
/// Whom the server does not want to relay to is not asked for again before this.
const REFUSED: Duration = Duration::from_secs(10);
/// The allocation is refreshed so often, which shows a nonce that has become stale.
const REFRESH: Duration = Duration::from_secs(60);
/// So often a server may change its nonce while it is asked for an allocation.
const TRIES: u32 = 3;

/// How the library's error says that a nonce is stale: it has the server's code in its words only.
const STALE_NONCE: &str = "(error 438:";

/// What comes of a relay.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Relayed {
    /// It is reached there from now on.
    Address(SocketAddr),
    /// Somebody sent this to it.
    Datagram { from: SocketAddr, bytes: BytesMut },
    /// There is none: the server does not answer, or does not want to.
    Refused,
}

/// How far the permission for an address is.
enum Permit {
    /// Asked for; the latest datagram waits for it.
    Asked(TransactionId, BytesMut),
    Given,
    RefusedUntil(Instant),
}

/// An allocation, or the wish for one.
pub(super) struct Relay {
    client: Client,
    server: SocketAddr,
    local: SocketAddr,
    address: Option<SocketAddr>,
    tries: u32,
    is_over: bool,
    peers: HashMap<SocketAddr, Permit>,
    out: VecDeque<BytesMut>,
    told: VecDeque<Relayed>,
}

impl Relay {
    /// Asks a server for an allocation, from this address of ours.
    pub(super) fn ask(
        now: Instant,
        local: SocketAddr,
        server: SocketAddr,
        credentials: Credentials,
    ) -> Result<Self, Error> {
        let config = ClientConfig {
            turn_serv_addr: server.to_string(),
            local_addr: local,
            transport_protocol: TransportProtocol::UDP,
            username: credentials.username,
            password: credentials.password.0,
            allocation_refresh_interval_cap: Some(REFRESH),
            ..ClientConfig::default()
        };
        let provider = default_provider().map_err(|error| Error::Other(error.to_string()))?;
        let mut client = Client::new(config, provider)?;
        client.allocate(now)?;
        Ok(Self {
            client,
            server,
            local,
            address: None,
            tries: 1,
            is_over: false,
            peers: HashMap::new(),
            out: VecDeque::new(),
            told: VecDeque::new(),
        })
    }

    /// Where it is reached, once it is there.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// A datagram came from the server.
    pub(super) fn datagram(&mut self, now: Instant, bytes: BytesMut) {
        let read = self.client.handle_read(TaggedBytesMut {
            now,
            transport: TransportContext {
                local_addr: self.local,
                peer_addr: self.server,
                transport_protocol: TransportProtocol::UDP,
                ecn: None,
            },
            message: bytes,
        });
        if let Err(error) = read {
            tracing::trace!(%error, "a relay's datagram was not taken");
        }
        self.drain(now);
    }

    /// Sends through it. The first datagram for somebody waits until the server lets it through.
    pub(super) fn send(&mut self, now: Instant, to: SocketAddr, bytes: &[u8]) {
        let is_full = self.peers.len() == MOST_PEERS;
        match self.peers.get_mut(&to) {
            Some(Permit::Given) => self.indicate(to, bytes),
            Some(Permit::Asked(_, waits)) => *waits = BytesMut::from(bytes),
            Some(Permit::RefusedUntil(then)) if now < *then => {}
            None if is_full => {}
            _ => self.ask_for(now, to, BytesMut::from(bytes)),
        }
    }

    fn ask_for(&mut self, now: Instant, to: SocketAddr, waits: BytesMut) {
        let Some(address) = self.address else {
            return;
        };
        let relay = self.client.relay(address);
        let asked = relay.and_then(|mut relay| relay.create_permission(now, to));
        let permit = match asked {
            Ok(Some(id)) => Permit::Asked(id, waits),
            Ok(None) | Err(_) => Permit::RefusedUntil(now + REFUSED),
        };
        self.peers.insert(to, permit);
    }

    fn indicate(&mut self, to: SocketAddr, bytes: &[u8]) {
        let mut indication = Message::new();
        let built = indication.build(&[
            Box::new(TransactionId::new()),
            Box::new(MessageType::new(METHOD_SEND, CLASS_INDICATION)),
            Box::new(PeerAddress {
                ip: to.ip(),
                port: to.port(),
            }),
            Box::new(Data(bytes.to_vec())),
            Box::new(FINGERPRINT),
        ]);
        match built {
            Ok(()) => self.out.push_back(BytesMut::from(&indication.raw[..])),
            Err(error) => tracing::trace!(%error, "a datagram could not be relayed"),
        }
    }

    /// What came of it next.
    pub(super) fn poll(&mut self) -> Option<Relayed> {
        self.told.pop_front()
    }

    /// What has to be sent to the server next.
    pub(super) fn poll_transmit(&mut self) -> Option<BytesMut> {
        let theirs = self.client.poll_write().map(|out| out.message);
        theirs.or_else(|| self.out.pop_front())
    }

    /// When to call [`Relay::on_timeout`].
    pub(super) fn timeout(&mut self) -> Option<Instant> {
        (!self.is_over)
            .then(|| self.client.poll_timeout())
            .flatten()
    }

    /// The moment has come.
    pub(super) fn on_timeout(&mut self, now: Instant) {
        if let Err(error) = self.client.handle_timeout(now) {
            tracing::trace!(%error, "a relay's timer failed");
        }
        self.drain(now);
    }

    /// Gives the allocation back: what is to be sent for it is polled after this.
    pub(super) fn close(&mut self, now: Instant) {
        self.out.clear();
        if let Some(address) = self.address
            && let Ok(mut relay) = self.client.relay(address)
            && let Err(error) = relay.close(now)
        {
            tracing::trace!(%error, "a relay was not given back");
        }
        self.is_over = true;
    }

    fn drain(&mut self, now: Instant) {
        while let Some(event) = self.client.poll_event() {
            match event {
                Event::AllocateResponse(_, address) => {
                    self.address = Some(address);
                    self.told.push_back(Relayed::Address(address));
                }
                Event::AllocateError(_, error) => self.on_refused(now, &error),
                Event::TransactionTimeout(_) if self.address.is_none() => self.give_up(),
                Event::TransactionTimeout(id) => self.on_denied(now, id, false),
                Event::CreatePermissionResponse(_, peer) => {
                    let given = self.peers.insert(peer, Permit::Given);
                    if let Some(Permit::Asked(_, waits)) = given {
                        self.indicate(peer, &waits);
                    }
                }
                Event::CreatePermissionError(id, error) => {
                    self.on_denied(now, id, error == Error::ErrTryAgain);
                }
                Event::DataIndicationOrChannelData(_, from, bytes) => {
                    self.told.push_back(Relayed::Datagram { from, bytes });
                }
                _ => {}
            }
        }
    }

    fn on_refused(&mut self, now: Instant, error: &Error) {
        let is_stale = error.to_string().contains(STALE_NONCE);
        if is_stale && self.tries < TRIES && self.client.allocate(now).is_ok() {
            self.tries += 1;
        } else {
            self.give_up();
        }
    }

    fn give_up(&mut self) {
        if !self.is_over {
            self.is_over = true;
            self.told.push_back(Relayed::Refused);
        }
    }

    fn on_denied(&mut self, now: Instant, id: TransactionId, again: bool) {
        let asked = |permit: &Permit| matches!(permit, Permit::Asked(asked, _) if *asked == id);
        let peer = self.peers.iter().find(|(_, permit)| asked(permit));
        let Some(peer) = peer.map(|(peer, _)| *peer) else {
            return;
        };
        match self.peers.insert(peer, Permit::RefusedUntil(now + REFUSED)) {
            Some(Permit::Asked(_, waits)) if again => self.ask_for(now, peer, waits),
            _ => {}
        }
    }
}

#[cfg(test)]
#[path = "turn_test.rs"]
mod tests;
