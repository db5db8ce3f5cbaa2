//! The UDP port of all calls, at each address of ours.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use futures_util::future::join_all;
use tokio::net::UdpSocket;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::timeout;

use super::call::Call;
use super::description::{PeerError, ice_fragment};
use super::mux::{CallNo, Datagram, Mux};
use super::peer::{Peer, Transmit};
use super::servers::resolve;
use super::stun::{Mapped, Reflexive};
use crate::app::goes_down;
use crate::config::{IceKind, IcePolicy, IceServer, Realtime};

/// Datagrams that wait for one call: more than two seconds of voice. What is more is dropped, as the
/// network might.
const DATAGRAMS: usize = 128;
/// Larger ones are cut off, and no sender of ours makes any (RFC 8831 §5: 1200 bytes and headers).
const DATAGRAM_BYTES: usize = 2048;
/// Keys are made and a description is read within milliseconds; on a machine that is busy, later.
const MAKING: Duration = Duration::from_secs(5);
/// Between two tries to read from a socket that fails.
const RETRY: Duration = Duration::from_millis(10);

/// Where STUN servers are is looked up so often while anybody calls.
const LOOK_UP: Duration = Duration::from_secs(300);
/// The same while none of them has an address.
const AGAIN: Duration = Duration::from_secs(5);

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
    ice: Arc<Realtime>,
    reflexive: Mutex<Reflexive>,
    /// How the outside sees the port.
    mapped: watch::Sender<Vec<Mapped>>,
    /// A call begins.
    begins: Notify,
}

impl Door {
    /// Opens the port of this number at these addresses, or any other where somebody has it; without those
    /// that this machine does not have.
    pub(crate) async fn open(hosts: &[IpAddr], port: u16, ice: Realtime) -> io::Result<Self> {
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
                ice: Arc::new(ice),
                reflexive: Mutex::default(),
                mapped: watch::Sender::default(),
                begins: Notify::new(),
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
        tokio::join!(join_all(all), self.reflect(leaving.clone()));
    }

    /// Learns how the outside sees the port, while anybody calls. Ends without servers to ask.
    async fn reflect(&self, mut leaving: watch::Receiver<bool>) {
        let is_stun = |server: &&_| {
            matches!(
                server,
                IceServer {
                    kind: IceKind::Stun,
                    ..
                }
            )
        };
        let servers: Vec<&IceServer> = self.ice.ice_servers.iter().filter(is_stun).collect();
        if servers.is_empty() || self.ice.ice_policy == IcePolicy::Relay {
            return;
        }
        let mut looked_up: Option<Instant> = None;
        loop {
            let now = Instant::now();
            if self.mux().is_empty() {
                self.mapped.send_replace(Vec::new());
                self.reflexive().aim(now, &[], &[]);
                looked_up = None;
                tokio::select! {
                    () = self.begins.notified() => {}
                    () = goes_down(&mut leaving) => return,
                }
            }
            if looked_up.is_none_or(|last| last.elapsed() > LOOK_UP) {
                let looking = join_all(servers.iter().map(|server| resolve(server)));
                let found = tokio::select! {
                    found = looking => found.concat(),
                    () = goes_down(&mut leaving) => return,
                };
                looked_up = (!found.is_empty()).then(Instant::now);
                self.reflexive().aim(now, &self.addresses(), &found);
            }
            let due = match looked_up {
                Some(_) => self.ask_outside(),
                // None of them has an address now: names may not be known yet.
                None => Instant::now() + AGAIN,
            };
            tokio::select! {
                () = tokio::time::sleep_until(due.into()) => {}
                () = goes_down(&mut leaving) => return,
            }
        }
    }

    /// Asks the servers that are due; when the next one is.
    fn ask_outside(&self) -> Instant {
        let now = Instant::now();
        let mut reflexive = self.reflexive();
        reflexive.on_timeout(now);
        while let Some(out) = reflexive.poll_transmit() {
            self.send(&out);
        }
        self.tell_mapped(reflexive.mapped());
        reflexive.timeout().unwrap_or(now + LOOK_UP)
    }

    fn tell_mapped(&self, mapped: Vec<Mapped>) {
        self.mapped.send_if_modified(|known| {
            let is_new = *known != mapped;
            *known = mapped;
            is_new
        });
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
        let locals = match self.ice.ice_policy {
            IcePolicy::All => self.addresses(),
            IcePolicy::Relay => Vec::new(),
        };
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
        self.tell_size();
        self.begins.notify_one();
        let place = Place {
            door: self.clone(),
            number,
        };
        let call = Call::begin(place, peer, datagrams)
            .map_err(|error| PeerError::Setup(error.to_string()))?;
        Ok((call, description))
    }

    fn hand_on(&self, datagram: Datagram) {
        let Datagram {
            from,
            to,
            at,
            bytes,
        } = &datagram;
        let mut reflexive = self.reflexive();
        if reflexive.take(*at, *to, *from, bytes) {
            self.tell_mapped(reflexive.mapped());
            return;
        }
        drop(reflexive);
        let mux = self.mux();
        let mut queues = mux.whose(datagram.from, &datagram.bytes).peekable();
        if queues.peek().is_none() {
            dropped("nobody");
        }
        let mut rest = Some(datagram);
        while let Some(queue) = queues.next() {
            let datagram = match queues.peek() {
                Some(_) => rest.clone(),
                None => rest.take(),
            };
            if let Some(datagram) = datagram
                && queue.try_send(datagram).is_err()
            {
                dropped("full");
            }
        }
    }

    fn send(&self, out: &Transmit) {
        let mut ways = self.ways.iter();
        let sent = match ways.find(|way| way.address == out.from) {
            Some(way) => way.socket.try_send_to(&out.bytes, out.to).is_ok(),
            None => false,
        };
        if !sent {
            dropped("unsent");
        }
    }

    fn reflexive(&self) -> MutexGuard<'_, Reflexive> {
        self.reflexive
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells how full the tables are.
    fn tell_size(&self) {
        let (calls, names, addresses) = self.mux().len();
        for (table, size) in [("calls", calls), ("names", names), ("addresses", addresses)] {
            metrics::gauge!("janet_webrtc_table_entries", "table" => table).set(size as f64);
        }
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
        self.door.send(out);
    }

    /// Servers for ICE.
    pub(super) fn ice(&self) -> Arc<Realtime> {
        self.door.ice.clone()
    }

    /// How the outside sees the port, now and later.
    pub(super) fn mapped(&self) -> watch::Receiver<Vec<Mapped>> {
        self.door.mapped.subscribe()
    }
}

fn dropped(why: &'static str) {
    metrics::counter!("janet_webrtc_dropped_datagrams_total", "why" => why).increment(1);
}

async fn way(host: IpAddr, port: u16) -> io::Result<Way> {
    let socket = match UdpSocket::bind((host, port)).await {
        Ok(socket) => socket,
        Err(_) => {
            let socket = UdpSocket::bind((host, 0)).await?;
            let instead = socket.local_addr()?.port();
            tracing::warn!(
                port,
                instead,
                "somebody has the UDP port for voice in real time; another is taken"
            );
            socket
        }
    };
    Ok(Way {
        address: socket.local_addr()?,
        socket,
    })
}

impl Drop for Place {
    fn drop(&mut self) {
        self.door.mux().leave(self.number);
        self.door.tell_size();
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    /// For documentation only (RFC 5737): no machine has it.
    const NOBODY: [u8; 4] = [192, 0, 2, 1];

    fn arrived(from: SocketAddr, to: SocketAddr, bytes: BytesMut) -> Datagram {
        Datagram {
            from,
            to,
            at: Instant::now(),
            bytes,
        }
    }

    #[tokio::test]
    async fn addresses_that_this_machine_does_not_have_are_left_out() {
        let here = IpAddr::from(Ipv4Addr::LOCALHOST);
        let door = Door::open(&[NOBODY.into(), here], 0, Realtime::default()).await;
        let addresses = door.expect("one of them is ours").addresses();
        assert_eq!(addresses.len(), 1);
        assert_eq!(addresses[0].ip(), here);
        assert!(
            Door::open(&[NOBODY.into()], 0, Realtime::default())
                .await
                .is_err()
        );
    }

    #[tokio::test]
    async fn a_port_that_somebody_has_gives_way_to_another() {
        let here = IpAddr::from(Ipv4Addr::LOCALHOST);
        let first = Door::open(&[here], 0, Realtime::default())
            .await
            .expect("a port");
        let port = first.addresses()[0].port();
        let second = Door::open(&[here], port, Realtime::default())
            .await
            .expect("a port");
        assert_ne!(second.addresses()[0].port(), port);
    }

    #[tokio::test]
    async fn every_address_is_offered_and_a_call_that_nobody_takes_is_freed() {
        let hosts = [
            Ipv4Addr::LOCALHOST.into(),
            Ipv4Addr::new(127, 0, 0, 2).into(),
        ];
        let door = Arc::new(
            Door::open(&hosts, 0, Realtime::default())
                .await
                .expect("two ports"),
        );
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

    #[tokio::test]
    async fn a_flood_fills_one_queue_and_nothing_else() {
        let hosts = [Ipv4Addr::LOCALHOST.into()];
        let door = Door::open(&hosts, 0, Realtime::default()).await;
        let door = Arc::new(door.expect("a port"));
        let (queue, mut waiting) = mpsc::channel(DATAGRAMS);
        door.mux().enter(CallNo(9), "flooded", queue);
        let (calm, mut quiet) = mpsc::channel(DATAGRAMS);
        door.mux().enter(CallNo(8), "calm", calm);
        let at = |port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let to = door.addresses()[0];
        let named = |name: &str| {
            let mut request = vec![0, 1, 0, 16, 0x21, 0x12, 0xA4, 0x42];
            request.extend([7; 12]);
            request.extend([0, 6, 0, name.len() as u8]);
            request.extend(name.bytes());
            BytesMut::from(&request[..])
        };
        for n in 0..20_000_u16 {
            // From everywhere: named, unknown, and not even STUN.
            let bytes = match n % 3 {
                0 => named("flooded"),
                1 => named("nobody!"),
                _ => BytesMut::from(&[128; 1200][..]),
            };
            let from = at(1000 + n);
            door.hand_on(arrived(from, to, bytes));
        }
        assert_eq!(door.mux().len(), (2, 2, 0), "nothing is learned from it");
        assert_eq!(waiting.len(), DATAGRAMS);
        let (from, bytes) = (at(999), named("calm"));
        door.hand_on(arrived(from, to, bytes));
        assert_eq!(quiet.try_recv().expect("it is handed on").from, at(999));
        // Once it is worked off, the flooded call goes on, too.
        while waiting.try_recv().is_ok() {}
        let bytes = named("flooded");
        door.hand_on(arrived(from, to, bytes));
        assert_eq!(waiting.len(), 1);
        door.mux().leave(CallNo(9));
        door.mux().leave(CallNo(8));
        assert_eq!(door.mux().len(), (0, 0, 0));
    }
}
