//! A network between two ends of UDP that loses, delays, swaps and doubles packets, always the same way for
//! one seed. It runs in the test's own process, so that it needs no rights and no kernel's help.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Larger ones are cut off; none is on its way in a test.
const PACKET_BYTES: usize = 2048;
/// Packets on their way at once; of more the network loses the newest.
const ON_THEIR_WAY: usize = 4096;
/// Packets from the server that the relay has not looked at.
const WAITING: usize = 1024;

/// How bad it is.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// Lost, of all.
    pub loss: f64,
    /// Sent twice, of all.
    pub doubled: f64,
    /// Each packet is so much later, by chance, so that they overtake each other.
    pub jitter: Duration,
    /// Of the chance.
    pub seed: u64,
}

impl Weather {
    /// Nothing happens to any packet.
    pub const FINE: Self = Self {
        loss: 0.0,
        doubled: 0.0,
        jitter: Duration::ZERO,
        seed: 0,
    };

    /// A tenth is lost, the others are up to 50 ms late, and one in fifty comes twice.
    pub const fn foul(seed: u64) -> Self {
        Self {
            loss: 0.1,
            doubled: 0.02,
            jitter: Duration::from_millis(50),
            seed,
        }
    }
}

/// What became of the packets.
#[derive(Debug, Default)]
struct Counts {
    carried: AtomicU64,
    lost: AtomicU64,
}

/// A relay that runs. It ends when it is dropped.
pub struct Relay {
    address: SocketAddr,
    counts: Arc<Counts>,
    is_cut: Arc<AtomicBool>,
    is_deaf: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Relay {
    /// Stands at this address (port 0: any) before that server.
    pub async fn start(at: SocketAddr, server: SocketAddr, weather: Weather) -> io::Result<Self> {
        let front = Arc::new(UdpSocket::bind(at).await?);
        let address = front.local_addr()?;
        let counts = Arc::<Counts>::default();
        let (is_cut, is_deaf) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
        let (inbox, from_server) = mpsc::channel(WAITING);
        let network = Network {
            at,
            server,
            weather,
            chance: fastrand::Rng::with_seed(weather.seed),
            front,
            behind: HashMap::new(),
            readers: Vec::new(),
            inbox,
            on_their_way: BinaryHeap::new(),
            number: 0,
            counts: counts.clone(),
            is_cut: is_cut.clone(),
            is_deaf: is_deaf.clone(),
        };
        let task = tokio::spawn(network.run(from_server));
        Ok(Self {
            address,
            counts,
            is_cut,
            is_deaf,
            task,
        })
    }

    /// Where a client finds it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on nothing passes, in either direction.
    pub fn cut(&self) {
        self.is_cut.store(true, Ordering::Relaxed);
    }

    /// From now on nothing of the server's reaches anybody.
    pub fn deafen(&self) {
        self.is_deaf.store(true, Ordering::Relaxed);
    }

    /// How many packets passed, and how many were lost.
    pub fn carried_and_lost(&self) -> (u64, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (read(&self.counts.carried), read(&self.counts.lost))
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A packet on its way: due when, which (so that equal times keep their order), by which socket, where to.
type OnItsWay = Reverse<(Instant, u64, Way)>;

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// From this client.
    ToServer(SocketAddr, Vec<u8>),
    /// To this client.
    ToClient(SocketAddr, Vec<u8>),
}

/// The task's own.
struct Network {
    at: SocketAddr,
    server: SocketAddr,
    weather: Weather,
    chance: fastrand::Rng,
    front: Arc<UdpSocket>,
    /// For each client a socket of its own, so that the server can tell them apart.
    behind: HashMap<SocketAddr, Arc<UdpSocket>>,
    readers: Vec<Reader>,
    inbox: mpsc::Sender<(SocketAddr, Vec<u8>)>,
    on_their_way: BinaryHeap<OnItsWay>,
    number: u64,
    counts: Arc<Counts>,
    is_cut: Arc<AtomicBool>,
    is_deaf: Arc<AtomicBool>,
}

/// Reads what comes from the server for one client.
struct Reader(JoinHandle<()>);

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Network {
    async fn run(mut self, mut from_server: mpsc::Receiver<(SocketAddr, Vec<u8>)>) {
        let mut buffer = [0; PACKET_BYTES];
        let front = self.front.clone();
        loop {
            let due = self.on_their_way.peek().map(|Reverse((due, ..))| *due);
            let next = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                read = front.recv_from(&mut buffer) => {
                    // A client that is gone: the kernel says so here.
                    if let Ok((len, client)) = read {
                        self.take(Way::ToServer(client, buffer[..len].to_vec()));
                    }
                }
                Some((client, packet)) = from_server.recv() => {
                    self.take(Way::ToClient(client, packet));
                }
                () = next => {
                    if let Some(Reverse((.., way))) = self.on_their_way.pop() {
                        self.deliver(way).await;
                    }
                }
            }
        }
    }

    /// What the network does to a packet.
    fn take(&mut self, way: Way) {
        let is_cut = match way {
            Way::ToServer(..) => &self.is_cut,
            Way::ToClient(..) => &self.is_deaf,
        };
        let is_cut = is_cut.load(Ordering::Relaxed) || self.is_cut.load(Ordering::Relaxed);
        let is_lost = self.chance.f64() < self.weather.loss || is_cut;
        if is_lost || self.on_their_way.len() >= ON_THEIR_WAY {
            self.counts.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if self.chance.f64() < self.weather.doubled {
            let again = match &way {
                Way::ToServer(client, packet) => Way::ToServer(*client, packet.clone()),
                Way::ToClient(client, packet) => Way::ToClient(*client, packet.clone()),
            };
            self.send_off(again);
        }
        self.send_off(way);
    }

    fn send_off(&mut self, way: Way) {
        let late = self.weather.jitter.mul_f64(self.chance.f64());
        self.number += 1;
        let packet = (Instant::now() + late, self.number, way);
        self.on_their_way.push(Reverse(packet));
    }

    async fn deliver(&mut self, way: Way) {
        self.counts.carried.fetch_add(1, Ordering::Relaxed);
        // What cannot be sent is lost, as everything may be here.
        match way {
            Way::ToServer(client, packet) => {
                if let Ok(socket) = self.behind(client).await {
                    socket.send_to(&packet, self.server).await.ok();
                }
            }
            Way::ToClient(client, packet) => {
                self.front.send_to(&packet, client).await.ok();
            }
        }
    }

    async fn behind(&mut self, client: SocketAddr) -> io::Result<Arc<UdpSocket>> {
        if let Some(socket) = self.behind.get(&client) {
            return Ok(socket.clone());
        }
        let socket = Arc::new(UdpSocket::bind((self.at.ip(), 0)).await?);
        let (reading, inbox) = (socket.clone(), self.inbox.clone());
        self.readers.push(Reader(tokio::spawn(async move {
            let mut buffer = [0; PACKET_BYTES];
            loop {
                // A server that is gone: the kernel says so here.
                let Ok((len, _)) = reading.recv_from(&mut buffer).await else {
                    continue;
                };
                if inbox.send((client, buffer[..len].to_vec())).await.is_err() {
                    return;
                }
            }
        })));
        self.behind.insert(client, socket.clone());
        Ok(socket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends numbered packets through, and gives what an echo behind it sends back, in order.
    async fn echoed(weather: Weather, packets: u16) -> (Vec<u16>, (u64, u64)) {
        let here = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = UdpSocket::bind(here).await.expect("a socket");
        let address = server.local_addr().expect("bound");
        let echo = Reader(tokio::spawn(async move {
            let mut buffer = [0; 64];
            while let Ok((len, from)) = server.recv_from(&mut buffer).await {
                server.send_to(&buffer[..len], from).await.ok();
            }
        }));
        let relay = Relay::start(here, address, weather).await.expect("a relay");
        let client = UdpSocket::bind(here).await.expect("a socket");
        for number in 0..packets {
            let sent = client.send_to(&number.to_be_bytes(), relay.address()).await;
            sent.expect("loopback takes it");
        }
        let mut back = Vec::new();
        let mut buffer = [0; 64];
        let longest = Duration::from_millis(500);
        while let Ok(Ok((2, _))) =
            tokio::time::timeout(longest, client.recv_from(&mut buffer)).await
        {
            back.push(u16::from_be_bytes([buffer[0], buffer[1]]));
        }
        drop(echo);
        (back, relay.carried_and_lost())
    }

    #[tokio::test]
    async fn in_fine_weather_everything_passes_in_order() {
        let (back, counts) = echoed(Weather::FINE, 100).await;
        assert_eq!(back, (0..100).collect::<Vec<_>>());
        assert_eq!(counts, (200, 0));
    }

    #[tokio::test]
    async fn in_foul_weather_packets_are_lost_swapped_and_doubled() {
        let (back, (_, lost)) = echoed(Weather::foul(7), 400).await;
        let mut once = back.clone();
        once.sort_unstable();
        once.dedup();
        // A tenth each way.
        assert!((280..370).contains(&once.len()), "{}", once.len());
        assert!(lost > 40, "{lost}");
        assert!(once.len() < back.len(), "some come twice");
        assert!(!back.is_sorted(), "some overtake others");
    }
}
