//! The relays of one call: each a socket of its own, as a server tells its clients apart by where they
//! send from.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Instant, SystemTime};

use bytes::BytesMut;
use futures_util::future::join_all;
use tokio::io::ReadBuf;
use tokio::net::UdpSocket;

use super::servers::{Credentials, resolve};
use super::turn::{Relay, Relayed};
use crate::config::{IceServer, Realtime};

/// Relays of one call: a second one helps where the first server is gone.
const MOST_RELAYS: usize = 2;
/// What a server wraps a datagram in comes on top of it.
const DATAGRAM_BYTES: usize = 2048 + 64;
/// Datagrams that are taken from one socket at once, before anything else is looked at.
const AT_ONCE: usize = 16;

/// One relay and its socket.
struct Line {
    socket: UdpSocket,
    relay: Relay,
    buffer: Vec<u8>,
}

/// The relays of a call.
#[derive(Default)]
pub(super) struct Relays {
    lines: Vec<Line>,
}

/// What came of a relay.
pub(super) enum Came {
    /// The call can be reached there, too.
    Address(SocketAddr),
    /// This came to that address.
    Datagram {
        from: SocketAddr,
        to: SocketAddr,
        bytes: BytesMut,
    },
}

impl Relays {
    /// Looks the servers up and asks each for a relay. Who cannot be asked is left out.
    pub(super) async fn ask(realtime: Arc<Realtime>) -> Self {
        let mut relays = Self::default();
        let Some(key) = &realtime.turn_key else {
            return relays;
        };
        let servers = realtime.ice_servers.iter();
        let servers = servers.filter(|server| server.relays()).take(MOST_RELAYS);
        let lines = join_all(servers.map(async |server| {
            let credentials = Credentials::of(key, SystemTime::now()).ok()?;
            line(server, credentials).await
        }));
        for line in lines.await {
            match line {
                Some(line) => relays.lines.push(line),
                None => not_used("unknown"),
            }
        }
        relays.flush();
        relays
    }

    /// Waits until a server has sent something, and takes it. Never without any. May be cancelled.
    pub(super) async fn receive(&mut self, now: impl Fn() -> Instant) {
        poll_fn(|context| {
            let mut came = false;
            for line in &mut self.lines {
                for _ in 0..AT_ONCE {
                    let mut buffer = ReadBuf::new(&mut line.buffer);
                    match line.socket.poll_recv(context, &mut buffer) {
                        Poll::Ready(Ok(())) => {
                            let bytes = BytesMut::from(buffer.filled());
                            line.relay.datagram(now(), bytes);
                            came = true;
                        }
                        // Nobody is there (ICMP): the relay's own time-out tells.
                        Poll::Ready(Err(_)) => {}
                        Poll::Pending => break,
                    }
                }
            }
            match came {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
    }

    /// What came of them next.
    pub(super) fn poll(&mut self) -> Option<Came> {
        for line in &mut self.lines {
            while let Some(relayed) = line.relay.poll() {
                match (relayed, line.relay.address()) {
                    (Relayed::Address(address), _) => return Some(Came::Address(address)),
                    (Relayed::Datagram { from, bytes }, Some(to)) => {
                        return Some(Came::Datagram { from, to, bytes });
                    }
                    (Relayed::Refused, _) => not_used("refused"),
                    (Relayed::Datagram { .. }, None) => {}
                }
            }
        }
        None
    }

    /// Sends from there, if that is one of them.
    pub(super) fn send(
        &mut self,
        now: Instant,
        from: SocketAddr,
        to: SocketAddr,
        bytes: &[u8],
    ) -> bool {
        let mut lines = self.lines.iter_mut();
        let Some(line) = lines.find(|line| line.relay.address() == Some(from)) else {
            return false;
        };
        line.relay.send(now, to, bytes);
        true
    }

    /// Sends what waits to be sent.
    pub(super) fn flush(&mut self) {
        for Line { socket, relay, .. } in &mut self.lines {
            while let Some(bytes) = relay.poll_transmit() {
                if socket.try_send(&bytes).is_err() {
                    metrics::counter!("janet_webrtc_dropped_datagrams_total", "why" => "unsent")
                        .increment(1);
                }
            }
        }
    }

    /// When to call [`Relays::on_timeout`].
    pub(super) fn timeout(&mut self) -> Option<Instant> {
        let lines = self.lines.iter_mut();
        lines.filter_map(|line| line.relay.timeout()).min()
    }

    /// The moment has come.
    pub(super) fn on_timeout(&mut self, now: Instant) {
        for line in &mut self.lines {
            if line.relay.timeout().is_some_and(|due| due <= now) {
                line.relay.on_timeout(now);
            }
        }
    }

    /// Gives them back.
    pub(super) fn close(&mut self, now: Instant) {
        for line in &mut self.lines {
            line.relay.close(now);
        }
        self.flush();
    }
}

/// A socket for the first address of the server's to which there is a way at all.
async fn line(server: &IceServer, credentials: Credentials) -> Option<Line> {
    for address in resolve(server).await {
        if let Ok(socket) = socket(address).await
            && let Ok(local) = socket.local_addr()
        {
            let relay = Relay::ask(Instant::now(), local, address, credentials).ok()?;
            return Some(Line {
                socket,
                relay,
                buffer: vec![0; DATAGRAM_BYTES],
            });
        }
    }
    None
}

/// A socket for one server.
pub(super) async fn socket(server: SocketAddr) -> io::Result<UdpSocket> {
    let any = match server {
        SocketAddr::V4(_) => IpAddr::from(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::from(Ipv6Addr::UNSPECIFIED),
    };
    let socket = UdpSocket::bind((any, 0)).await?;
    // Only what the server sends comes in.
    socket.connect(server).await?;
    // What is sent before the runtime knows that it can be sent is lost, and comes again later.
    socket.writable().await?;
    Ok(socket)
}

fn not_used(why: &'static str) {
    tracing::debug!(why, "a server that should relay does not");
    metrics::counter!("janet_webrtc_relays_refused_total", "why" => why).increment(1);
}
