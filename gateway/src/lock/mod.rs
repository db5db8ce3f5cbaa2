//! The lock on the door: who may come in from another machine, and with which rights.
//!
//! ```text
//!  certificate ─▶ TLS ─▶ key shown? ─ registry ─▶ access ─▶ page, socket, /v1
//!                          └ none: may pair ─ desk (code, SPAKE2) ─▶ devices ─▶ a key
//! ```
//! This machine needs no key. Everything that decides is sans-IO (`access`, `pairing`, `registry`,
//! `peers`); this file holds the one of each that a server has, and the clock.

mod access;
mod certificate;
mod code;
mod device_key;
mod devices;
pub(crate) mod file;
mod fingerprint;
mod held;
mod names;
mod opened;
mod pairing;
mod pake;
mod peers;
mod registry;

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use janet_protocol::Role;
use tokio::sync::{Semaphore, watch};
use tokio::task::spawn_blocking;

pub(crate) use access::{Access, Asked, Denied, Peer, Shown, Visitor, Way};
pub(crate) use certificate::Certificate;
pub(crate) use certificate::{CertificateError, Files};
pub(crate) use device_key::DeviceKey;
pub(crate) use devices::Devices;
pub(crate) use devices::DevicesError;
pub(crate) use fingerprint::Fingerprint;
pub(crate) use held::Holding;
pub(crate) use names::{Names, is_name};
pub(crate) use opened::{Opened, Outcome};
pub(crate) use pairing::{Exchange, Refused};
pub(crate) use pake::Proof;
pub(crate) use peers::machine;
pub(crate) use registry::{Device, DeviceId};

use code::Code;
use held::Held;
use opened::Room;
use pairing::Desk;
use peers::Peers;

/// Connections without a key at once; each may pair.
const STRANGERS: usize = 16;
/// Of one machine. A page has one.
const STRANGERS_OF_ONE: usize = 4;
/// Connections of one machine elsewhere: a browser opens half a dozen for a page, and a socket.
const HELD: usize = 32;
/// Places of one device, or of one machine whose guests have no key: a socket for each open page, and those
/// whose end was not noticed yet.
const SEATS: usize = 8;
/// Connections of one machine elsewhere: a browser opens half a dozen for a page.
const KNOCKS: (u32, Duration) = (60, Duration::from_millis(200));
/// Tries of one machine to pair: enough for somebody who mistypes, whatever code is open.
const PAIRINGS: (u32, Duration) = (10, Duration::from_secs(30));
/// Keys of one machine that are not known: a page that was shut out asks again for a while.
const WRONG_KEYS: (u32, Duration) = (20, Duration::from_secs(5));

/// Why the lock cannot be put in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// No certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// No list of devices.
    #[error(transparent)]
    Devices(#[from] DevicesError),
}

/// Why a pairing is not opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotOpened {
    /// Nobody could come.
    #[error("only this machine is served; `janet serve --host 0.0.0.0` lets others in")]
    Loopback,
    /// The system gives no randomness.
    #[error("no code can be made")]
    Random(#[from] getrandom::Error),
}

/// One machine elsewhere has too many connections, or makes them too fast.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TooMany;

/// Whose places are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Who {
    Device(DeviceId),
    /// Not for logs.
    Machine(IpAddr),
}

/// How often one machine elsewhere may do what.
#[derive(Debug)]
struct Limits {
    knocks: Peers,
    pairings: Peers,
    wrong_keys: Peers,
}

/// The lock of one server.
#[derive(Debug)]
pub(crate) struct Lock {
    pub(crate) certificate: Certificate,
    pub(crate) devices: Devices,
    pub(crate) names: Names,
    /// Where the server listens.
    pub(crate) host: IpAddr,
    pub(crate) port: u16,
    /// Whether plain clients of the house are guests.
    pub(crate) legacy_lan: bool,
    /// Connections of other machines.
    held: Arc<Held<IpAddr>>,
    /// Those of them without a key.
    strangers_of: Arc<Held<IpAddr>>,
    /// Places of clients elsewhere.
    seats: Arc<Held<Who>>,
    /// One permit for each connection that may pair.
    pub(crate) strangers: Arc<Semaphore>,
    /// Held for a few instructions, and for one exchange's arithmetic (under a millisecond).
    room: Mutex<Room>,
    /// Told when a pairing is over.
    over: watch::Sender<()>,
    limits: Mutex<Limits>,
}

impl Lock {
    /// Puts it in. Blocks on the disk.
    pub(crate) fn open(
        files: Option<&Files>,
        folder: &Path,
        names: Names,
        (host, port): (IpAddr, u16),
        legacy_lan: bool,
    ) -> Result<Self, LockError> {
        let certificate = Certificate::open(files, folder, &names)?;
        let peers = |(burst, every): (u32, Duration)| Peers::new(burst, every);
        Ok(Self {
            devices: Devices::open(folder)?,
            room: Mutex::new(Room {
                desk: Desk::new(certificate.fingerprint),
                paired: None,
            }),
            certificate,
            names,
            host,
            port,
            legacy_lan,
            held: Held::new(HELD),
            strangers_of: Held::new(STRANGERS_OF_ONE),
            seats: Held::new(SEATS),
            strangers: Arc::new(Semaphore::new(STRANGERS)),
            over: watch::Sender::new(()),
            limits: Mutex::new(Limits {
                knocks: peers(KNOCKS),
                pairings: peers(PAIRINGS),
                wrong_keys: peers(WRONG_KEYS),
            }),
        })
    }

    /// The addresses of ours at which voice comes in.
    pub(crate) fn media_addresses(&self) -> Vec<IpAddr> {
        self.names.of_media(self.host)
    }

    /// Where other machines reach the server.
    pub(crate) fn reachable(&self) -> Vec<String> {
        self.names.reachable(self.host, self.port)
    }

    /// Whether another connection from there is taken in now, and what it holds until it ends: nothing
    /// where it comes from this machine.
    pub(crate) fn admit(&self, address: IpAddr) -> Result<Option<Holding<IpAddr>>, TooMany> {
        if address.to_canonical().is_loopback() {
            return Ok(None);
        }
        if !self.limits().knocks.admits(Instant::now(), address) {
            return Err(TooMany);
        }
        let holding = self.held.take(machine(address));
        holding.map(Some).ok_or(TooMany)
    }

    /// Whether somebody without a key is heard beside those of the same machine, and what it holds until it
    /// ends.
    pub(crate) fn admit_stranger(&self, peer: &Peer) -> Result<Holding<IpAddr>, TooMany> {
        let holding = self.strangers_of.take(machine(peer.address));
        holding.ok_or(TooMany)
    }

    /// Whether this client is served beside its other connections, and what it holds until it ends: nothing
    /// where it is on this machine.
    pub(crate) fn seat(
        &self,
        peer: &Peer,
        access: &Access,
    ) -> Result<Option<Holding<Who>>, TooMany> {
        let who = match access {
            Access::Here => return Ok(None),
            Access::Device(id, _) => Who::Device(id.clone()),
            Access::Guest | Access::Stranger | Access::Refused => {
                Who::Machine(machine(peer.address))
            }
        };
        self.seats.take(who).map(Some).ok_or(TooMany)
    }

    /// Whose key this is. `None`: this machine has shown too many that are not known.
    pub(crate) fn look_up(&self, peer: &Peer, key: Option<&str>) -> Option<Shown> {
        let Some(text) = key else {
            return Some(Shown::Nothing);
        };
        // What is not needed is not looked at.
        if peer.is_here() {
            return Some(Shown::Nothing);
        }
        let device = DeviceKey::parse(text).and_then(|key| self.devices.visit(&key));
        match device {
            Some(device) => Some(Shown::Device(device.id, device.role)),
            None => {
                let admitted = self
                    .limits()
                    .wrong_keys
                    .admits(Instant::now(), peer.address);
                admitted.then_some(Shown::Unknown)
            }
        }
    }

    /// Opens a pairing for whoever keeps what comes back.
    pub(crate) fn open_pairing(self: &Arc<Self>, role: Role) -> Result<Opened, NotOpened> {
        if self.host.is_loopback() {
            return Err(NotOpened::Loopback);
        }
        let code = Code::random()?;
        let ticket = {
            let mut room = self.room();
            room.paired = None;
            room.desk.open(Instant::now(), code.clone(), role)
        };
        self.over.send_replace(());
        Ok(Opened::new(self.clone(), ticket, code))
    }

    /// A client's first message. `None`: its machine has tried too often.
    pub(crate) fn start_pairing(
        &self,
        peer: &Peer,
        message: &[u8],
    ) -> Option<Result<(Vec<u8>, Exchange), Refused>> {
        let now = Instant::now();
        if !self.limits().pairings.admits(now, peer.address) {
            return None;
        }
        Some(self.room().desk.start(now, peer.address, message))
    }

    /// A client's proof: takes in the device of this name if it is right.
    pub(crate) async fn finish_pairing(
        self: &Arc<Self>,
        exchange: Exchange,
        proof: &Proof,
        name: String,
    ) -> Result<Paired, PairingError> {
        let finished = self.room().desk.finish(Instant::now(), exchange, proof);
        self.over.send_replace(());
        let granted = finished?;
        let lock = self.clone();
        let (ticket, role, proof) = (granted.ticket, granted.role, granted.proof);
        // On the disk before the client hears of it; told to who opened the pairing also when the
        // client has gone meanwhile.
        let adding = spawn_blocking(move || {
            let added = lock.devices.add(name, role);
            let device = added.as_ref().ok().map(|(device, _)| device.clone());
            lock.room().paired = Some((ticket, device));
            lock.over.send_replace(());
            added
        });
        let (device, key) = adding.await.map_err(|_| PairingError::Died)??;
        Ok(Paired { device, key, proof })
    }

    /// Shuts a device out; `None`: there is none of this id.
    pub(crate) async fn revoke(
        self: &Arc<Self>,
        id: DeviceId,
    ) -> Result<Option<Device>, PairingError> {
        let lock = self.clone();
        match spawn_blocking(move || lock.devices.revoke(&id)).await {
            Ok(revoked) => Ok(revoked?),
            Err(_) => Err(PairingError::Died),
        }
    }

    /// Writes down who was here since the last time.
    pub(crate) async fn save(self: &Arc<Self>) {
        if !self.devices.has_news() {
            return;
        }
        let lock = self.clone();
        match spawn_blocking(move || lock.devices.save()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "it is not kept when devices were here"),
            Err(error) => tracing::warn!(%error, "it is not kept when devices were here"),
        }
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn limits(&self) -> MutexGuard<'_, Limits> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A device that was just taken in.
#[derive(Debug)]
pub(crate) struct Paired {
    pub(crate) device: Device,
    pub(crate) key: DeviceKey,
    /// The server's.
    pub(crate) proof: Proof,
}

/// Why a device was not taken in, or not shut out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PairingError {
    /// The try was none.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It cannot be kept.
    #[error(transparent)]
    Devices(#[from] DevicesError),
    /// The call was cut short by a panic.
    #[error("a call of the list of devices died")]
    Died,
}
