//! Whether servers for ICE answer, for `janet doctor`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::relays::{Came, Relays, socket};
use super::servers::resolve;
use super::stun::Reflexive;
use crate::config::{IceKind, IceServer, Realtime};

/// Who has not answered by then is not there: longer than all retransmissions take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer of a STUN server's that is read.
const ANSWER_BYTES: usize = 2048;

/// What a server did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Probed {
    /// It sees this machine at this address.
    Sees(SocketAddr),
    /// It relays, from this address.
    Relays(SocketAddr),
    /// It is for clients only, over TCP or TLS: Janet does not use it.
    NotOurs,
    /// Nobody knows where it is.
    Unknown,
    /// It does not answer, or does not want to.
    Refused,
}

/// Asks one of the servers.
pub(crate) async fn probe(server: &IceServer, realtime: &Realtime) -> Probed {
    let probed = match server.kind {
        IceKind::Stun => timeout(PATIENCE, seen(server)).await,
        _ if !server.relays() => return Probed::NotOurs,
        _ => {
            let only = Realtime {
                ice_servers: vec![server.clone()],
                ..realtime.clone()
            };
            timeout(PATIENCE, relayed(only)).await
        }
    };
    probed.unwrap_or(Probed::Refused)
}

async fn seen(server: &IceServer) -> Probed {
    let mut found = Probed::Unknown;
    for address in resolve(server).await {
        found = Probed::Refused;
        if let Ok(socket) = socket(address).await
            && let Some(seen) = ask(&socket, address).await
        {
            return Probed::Sees(seen);
        }
    }
    found
}

/// How a server sees this socket; `None`: it does not say.
async fn ask(socket: &UdpSocket, server: SocketAddr) -> Option<SocketAddr> {
    let local = socket.local_addr().ok()?;
    let mut reflexive = Reflexive::default();
    reflexive.aim(Instant::now(), &[local], &[server]);
    let mut answer = vec![0; ANSWER_BYTES];
    loop {
        let now = Instant::now();
        reflexive.on_timeout(now);
        while let Some(out) = reflexive.poll_transmit() {
            socket.send(&out.bytes).await.ok()?;
        }
        let due = reflexive.timeout()?;
        tokio::select! {
            read = socket.recv(&mut answer) => {
                let bytes = &answer[..read.ok()?];
                if reflexive.take(Instant::now(), local, server, bytes) {
                    let mapped = reflexive.mapped();
                    return Some(mapped.first().map_or(local, |mapped| mapped.seen));
                }
            }
            () = tokio::time::sleep_until(due.into()) => {}
        }
    }
}

async fn relayed(realtime: Realtime) -> Probed {
    let mut relays = Relays::ask(Arc::new(realtime)).await;
    let Some(mut due) = relays.timeout() else {
        return Probed::Unknown;
    };
    loop {
        if let Some(Came::Address(address)) = relays.poll() {
            relays.close(Instant::now());
            return Probed::Relays(address);
        }
        relays.flush();
        tokio::select! {
            () = relays.receive(Instant::now) => {}
            () = tokio::time::sleep_until(due.into()) => relays.on_timeout(Instant::now()),
        }
        match relays.timeout() {
            Some(next) => due = next,
            // It has given up.
            None => return Probed::Refused,
        }
    }
}
