//! One connection below its control stream: datagrams to their session, streams that nobody asked for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use janet_audio::jitter::Packet;
use janet_protocol::quic::{HEADER_BYTES, Header, Kind, NO_SUCH_STREAM};
use quinn::{Connection, SendDatagramError, VarInt};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Packets that wait for a session: more than two seconds of voice. What is more is dropped, as the
/// network might.
const PACKETS: usize = 128;

/// A packet, and when its datagram came.
pub(super) type Came = (Instant, Packet<Bytes>);

/// Whose datagrams are taken.
struct Route {
    session: u16,
    packets: mpsc::Sender<Came>,
}

/// A connection's datagrams. Dropping it ends its task.
pub(crate) struct Link {
    connection: Connection,
    /// Held for a few instructions.
    route: Arc<Mutex<Option<Route>>>,
    /// Room for datagrams when none waits.
    idle_space: usize,
    task: JoinHandle<()>,
}

impl Link {
    /// Starts the task.
    pub(super) fn begin(connection: Connection) -> Self {
        let route = Arc::default();
        let task = tokio::spawn(read(connection.clone(), Arc::clone(&route)));
        Self {
            idle_space: connection.datagram_send_buffer_space(),
            connection,
            route,
            task,
        }
    }

    /// Whether the client takes datagrams at all.
    pub(crate) fn has_datagrams(&self) -> bool {
        self.connection.max_datagram_size().is_some()
    }

    /// The packets of this session from now on, and of no other.
    pub(super) fn route(&self, session: u16) -> mpsc::Receiver<Came> {
        let (packets, waiting) = mpsc::channel(PACKETS);
        *lock(&self.route) = Some(Route { session, packets });
        waiting
    }

    /// No packets of this session any more.
    pub(super) fn unroute(&self, session: u16) {
        lock(&self.route).take_if(|route| route.session == session);
    }

    /// Whether everything that was sent is on its way.
    pub(super) fn is_idle(&self) -> bool {
        self.connection.datagram_send_buffer_space() >= self.idle_space
    }

    /// Sends a datagram, or drops what the path does not take.
    pub(super) fn send(&self, datagram: Vec<u8>) {
        let why = match self.connection.send_datagram(datagram.into()) {
            Ok(()) => return,
            Err(SendDatagramError::TooLarge) => "too_large",
            Err(_) => "gone",
        };
        dropped(why);
    }

    /// Packets sent and lost so far, as this side sees it.
    pub(super) fn sent_and_lost(&self) -> (u64, u64) {
        let path = self.connection.stats().path;
        (path.sent_packets, path.lost_packets)
    }

    /// Resolves when the connection has ended.
    pub(super) async fn closed(&self) {
        self.connection.closed().await;
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read(connection: Connection, route: Arc<Mutex<Option<Route>>>) {
    let code = VarInt::from_u32(NO_SUCH_STREAM);
    loop {
        tokio::select! {
            datagram = connection.read_datagram() => match datagram {
                Ok(datagram) => hand_on(&datagram, &route),
                Err(_) => return,
            },
            // Until there are uploads, a second stream is a mistake, and is told so.
            stream = connection.accept_bi() => match stream {
                Ok((mut stream, mut incoming)) => {
                    metrics::counter!("janet_quic_refused_streams_total").increment(1);
                    stream.reset(code).ok();
                    incoming.stop(code).ok();
                }
                Err(_) => return,
            },
            stream = connection.accept_uni() => match stream {
                Ok(mut incoming) => {
                    metrics::counter!("janet_quic_refused_streams_total").increment(1);
                    incoming.stop(code).ok();
                }
                Err(_) => return,
            },
        }
    }
}

fn hand_on(datagram: &Bytes, route: &Mutex<Option<Route>>) {
    let header = match Header::read(datagram) {
        Ok(header) => header,
        Err(bad) => return dropped(bad.as_str()),
    };
    // Janet has a face; nobody tells her of theirs.
    if header.kind != Kind::Opus {
        return dropped("not_taken");
    }
    let packet = Packet {
        sequence: header.sequence,
        timestamp: header.timestamp,
        payload: datagram.slice(HEADER_BYTES..),
    };
    match &*lock(route) {
        Some(route) if route.session == header.session => {
            if route.packets.try_send((Instant::now(), packet)).is_err() {
                dropped("full");
            }
        }
        _ => dropped("no_session"),
    }
}

pub(super) fn dropped(why: &'static str) {
    metrics::counter!("janet_quic_dropped_datagrams_total", "why" => why).increment(1);
}

fn lock(route: &Mutex<Option<Route>>) -> MutexGuard<'_, Option<Route>> {
    route.lock().unwrap_or_else(PoisonError::into_inner)
}
