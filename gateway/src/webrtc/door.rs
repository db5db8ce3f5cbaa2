//! The UDP port of all calls, at each address of ours.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use futures_util::future::join_all;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::call::Call;
use super::description::{PeerError, ice_fragment};
use super::mux::{CallNo, Datagram, Mux};
use super::peer::{Peer, Transmit};
use crate::app::goes_down;

/// Datagrams that wait for one call: more than two seconds of voice. What is more is dropped, as the
/// network might.
const DATAGRAMS: usize = 128;
/// Larger ones are cut off, and no sender of ours makes any (RFC 8831 §5: 1200 bytes and headers).
const DATAGRAM_BYTES: usize = 2048;
/// Keys are made and a description is read within milliseconds; on a machine that is busy, later.
const MAKING: Duration = Duration::from_secs(5);
/// Between two tries to read from a socket that fails.
const RETRY: Duration = Duration::from_millis(10);

/// What the far end is told, in SDP (RFC 8866).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Description {
    /// It has to answer.
    Offer(String),
    /// To its offer.
    Answer(String),
}

impl Description {
    /// The description itself.
    pub(super) fn sdp(&self) -> &str {
        let (Self::Offer(sdp) | Self::Answer(sdp)) = self;
        sdp
    }
}

/// The port at one address.
struct Way {
    socket: UdpSocket,
    address: SocketAddr,
}

/// The port, and who is behind it.
pub(crate) struct Door {
    ways: Vec<Way>,
    mux: Mutex<Mux<mpsc::Sender<Datagram>>>,
    calls: AtomicU64,
}

impl Door {
    /// Opens the port of this number at these addresses, or any other where somebody has it; without those
    /// that this machine does not have.
    pub(crate) async fn open(hosts: &[IpAddr], port: u16) -> io::Result<Self> {
        let mut ways = Vec::new();
        let mut failed = None;
        for host in hosts {
            match way(*host, port).await {
                Ok(way) => ways.push(way),
                Err(error) => failed = Some(error),
            }
        }
        match failed {
            Some(error) if ways.is_empty() => Err(error),
            _ => Ok(Self {
                ways,
                mux: Mutex::default(),
                calls: AtomicU64::new(1),
            }),
        }
    }

    /// Where it is.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.ways.iter().map(|way| way.address).collect()
    }

    /// Hands each datagram to its call, until the server goes down.
    pub(crate) async fn listen(self: Arc<Self>, leaving: watch::Receiver<bool>) {
        let ways = self.ways.iter();
        let all = ways.map(|way| self.listen_at(way, leaving.clone()));
        join_all(all).await;
    }

    async fn listen_at(&self, way: &Way, mut leaving: watch::Receiver<bool>) {
        let mut buffer = BytesMut::new();
        loop {
            buffer.reserve(DATAGRAM_BYTES);
            let read = tokio::select! {
                read = way.socket.recv_buf_from(&mut buffer) => read,
                () = goes_down(&mut leaving) => return,
            };
            match read {
                Ok((_, from)) => {
                    let (to, at, bytes) = (way.address, Instant::now(), buffer.split());
                    self.hand_on(Datagram {
                        from,
                        to,
                        at,
                        bytes,
                    });
                }
                Err(error) => {
                    tracing::debug!(kind = ?error.kind(), "the UDP port failed");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    /// Begins a call: with the far end's offer, or without one, so that we offer.
    pub(crate) async fn call(
        self: &Arc<Self>,
        offer: Option<String>,
    ) -> Result<(Call, Description), PeerError> {
        let locals = self.addresses();
        let make = move || {
            let now = Instant::now();
            let mut peer = Peer::new(now, &locals)?;
            let description = match offer {
                Some(offer) => Description::Answer(peer.accept(now, offer)?),
                None => Description::Offer(peer.offer(now)?),
            };
            Ok((peer, description))
        };
        // Keys take their time; and a description that breaks the library breaks this task alone.
        let made = timeout(MAKING, tokio::task::spawn_blocking(make)).await;
        let (peer, description) = match made {
            Ok(Ok(made)) => made?,
            Ok(Err(_)) => return Err(PeerError::Description("it cannot be read".to_owned())),
            Err(_) => return Err(PeerError::Setup("it takes too long".to_owned())),
        };
        let fragment = ice_fragment(description.sdp())
            .ok_or_else(|| PeerError::Setup("there is no user fragment".to_owned()))?;
        let number = CallNo(self.calls.fetch_add(1, Ordering::Relaxed));
        let (queue, datagrams) = mpsc::channel(DATAGRAMS);
        self.mux().enter(number, fragment, queue);
        let place = Place {
            door: self.clone(),
            number,
        };
        let call = Call::begin(place, peer, datagrams)
            .map_err(|error| PeerError::Setup(error.to_string()))?;
        Ok((call, description))
    }

    fn hand_on(&self, datagram: Datagram) {
        let queue = self.mux().whose(datagram.from, &datagram.bytes).cloned();
        let dropped = match queue {
            None => "nobody",
            Some(queue) => match queue.try_send(datagram) {
                Ok(()) => return,
                Err(_) => "full",
            },
        };
        metrics::counter!("janet_webrtc_dropped_datagrams_total", "why" => dropped).increment(1);
    }

    fn mux(&self) -> MutexGuard<'_, Mux<mpsc::Sender<Datagram>>> {
        self.mux.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call's place behind the port; free again when it is dropped, also in a panic.
pub(super) struct Place {
    door: Arc<Door>,
    number: CallNo,
}

impl Place {
    /// The call is named by another user fragment from now on.
    pub(super) fn rename(&self, fragment: &str) {
        self.door.mux().rename(self.number, fragment);
    }

    /// Sends, or drops what the system has no room for.
    pub(super) fn send(&self, out: &Transmit) {
        self.door.mux().sent(self.number, out.to, &out.bytes);
        let mut ways = self.door.ways.iter();
        let sent = match ways.find(|way| way.address == out.from) {
            Some(way) => way.socket.try_send_to(&out.bytes, out.to).is_ok(),
            None => false,
        };
        if !sent {
            metrics::counter!("janet_webrtc_dropped_datagrams_total", "why" => "unsent")
                .increment(1);
        }
    }
}

async fn way(host: IpAddr, port: u16) -> io::Result<Way> {
    let socket = match UdpSocket::bind((host, port)).await {
        Ok(socket) => socket,
        Err(_) => UdpSocket::bind((host, 0)).await?,
    };
    Ok(Way {
        address: socket.local_addr()?,
        socket,
    })
}

impl Drop for Place {
    fn drop(&mut self) {
        self.door.mux().leave(self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    /// For documentation only (RFC 5737): no machine has it.
    const NOBODY: [u8; 4] = [192, 0, 2, 1];

    #[tokio::test]
    async fn addresses_that_this_machine_does_not_have_are_left_out() {
        let here = IpAddr::from(Ipv4Addr::LOCALHOST);
        let door = Door::open(&[NOBODY.into(), here], 0).await;
        let addresses = door.expect("one of them is ours").addresses();
        assert_eq!(addresses.len(), 1);
        assert_eq!(addresses[0].ip(), here);
        assert!(Door::open(&[NOBODY.into()], 0).await.is_err());
    }

    #[tokio::test]
    async fn a_port_that_somebody_has_gives_way_to_another() {
        let here = IpAddr::from(Ipv4Addr::LOCALHOST);
        let first = Door::open(&[here], 0).await.expect("a port");
        let port = first.addresses()[0].port();
        let second = Door::open(&[here], port).await.expect("a port");
        assert_ne!(second.addresses()[0].port(), port);
    }

    #[tokio::test]
    async fn every_address_is_offered_and_a_call_that_nobody_takes_is_freed() {
        let hosts = [
            Ipv4Addr::LOCALHOST.into(),
            Ipv4Addr::new(127, 0, 0, 2).into(),
        ];
        let door = Arc::new(Door::open(&hosts, 0).await.expect("two ports"));
        let (call, description) = door.call(None).await.expect("an offer");
        for address in door.addresses() {
            let line = format!("{} {} typ host", address.ip(), address.port());
            assert!(description.sdp().contains(&line), "{line}");
        }
        assert_eq!(door.mux().len(), (1, 1, 0));
        drop(call);
        // Its task ends by itself: it is the last that holds the door.
        while Arc::strong_count(&door) > 1 {
            tokio::task::yield_now().await;
        }
        assert_eq!(door.mux().len(), (0, 0, 0));
    }
}
