//! The UDP port of all calls.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::call::Call;
use super::mux::{CallNo, Datagram, Mux};
use super::peer::{Peer, PeerError, Transmit, ice_fragment};
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
    fn sdp(&self) -> &str {
        let (Self::Offer(sdp) | Self::Answer(sdp)) = self;
        sdp
    }
}

/// The port, and who is behind it.
pub(crate) struct Door {
    socket: UdpSocket,
    address: SocketAddr,
    mux: Mutex<Mux<mpsc::Sender<Datagram>>>,
    calls: AtomicU64,
}

impl Door {
    /// Opens the port of this number, or any other if somebody has it.
    pub(crate) async fn open(host: IpAddr, port: u16) -> io::Result<Self> {
        let socket = match UdpSocket::bind((host, port)).await {
            Ok(socket) => socket,
            Err(_) => UdpSocket::bind((host, 0)).await?,
        };
        Ok(Self {
            address: socket.local_addr()?,
            socket,
            mux: Mutex::default(),
            calls: AtomicU64::new(1),
        })
    }

    /// Where it is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Hands each datagram to its call, until the server goes down.
    pub(crate) async fn listen(self: Arc<Self>, mut leaving: watch::Receiver<bool>) {
        let mut buffer = BytesMut::new();
        loop {
            buffer.reserve(DATAGRAM_BYTES);
            let read = tokio::select! {
                read = self.socket.recv_buf_from(&mut buffer) => read,
                () = goes_down(&mut leaving) => return,
            };
            match read {
                Ok((_, from)) => {
                    let bytes = buffer.split();
                    self.hand_on(Datagram { from, bytes });
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
        let local = self.address;
        let make = move || {
            let now = Instant::now();
            let mut peer = Peer::new(now, &[local])?;
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
    /// Where datagrams come in.
    pub(super) fn address(&self) -> SocketAddr {
        self.door.address
    }

    /// Sends, or drops what the system has no room for.
    pub(super) fn send(&self, out: &Transmit) {
        self.door.mux().sent(self.number, out.to, &out.bytes);
        if self.door.socket.try_send_to(&out.bytes, out.to).is_err() {
            metrics::counter!("janet_webrtc_dropped_datagrams_total", "why" => "unsent")
                .increment(1);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.door.mux().leave(self.number);
    }
}
