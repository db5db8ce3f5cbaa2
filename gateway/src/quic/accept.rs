//! Takes in connections: no more than there is room for, and none that only knocks.
//!
//! A connection of which the address was not proved costs a handshake's arithmetic and a place; when
//! more than a few are in that state, an address has to be proved first (Retry, RFC 9000 §8.1.2), which
//! costs a stranger a round trip and us nothing. Half of the places for handshakes are this machine's own
//! (`handshakes`). The rest is as at the TCP port: other machines have half of the places at most, one
//! machine has so many connections and makes so many in a time, and one that does not come to the end of
//! its handshake, or does not say what it wants, is closed.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use janet_protocol::quic::LARGEST_FRAME;
use quinn::{Endpoint, Incoming, VarInt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::control::Control;
use super::handshakes::{Handshakes, UnderWay};
use super::link::Link;
use crate::app::{App, goes_down};
use crate::lock::{Holding, Peer, Way};
use crate::socket;

/// Places beside those of all clients, for those who pair or are about to be refused.
const SPARE_PLACES: usize = 192;
/// Handshakes under way, from which on an address has to be proved first.
const PROVE_FROM: usize = 8;
/// Error code of a connection that did not say in time what it wants.
const TOO_SLOW: u32 = 1000;
/// How long an endpoint may take to tell everybody that it closes.
const FAREWELL: Duration = Duration::from_secs(1);

/// How many may be where.
struct Gate {
    places: Arc<Semaphore>,
    elsewhere: Arc<Semaphore>,
    handshakes: Arc<Handshakes>,
}

/// What a connection holds until it ends.
struct Place {
    _place: OwnedSemaphorePermit,
    _elsewhere: Option<OwnedSemaphorePermit>,
    _holding: Option<Holding<IpAddr>>,
}

/// Serves until the server goes down; then takes in nobody and lets everybody leave.
pub(crate) async fn accept(endpoints: Vec<Endpoint>, app: Arc<App>) {
    let places = app.config.server.max_clients + SPARE_PLACES;
    let gate = Arc::new(Gate {
        places: Arc::new(Semaphore::new(places)),
        elsewhere: Arc::new(Semaphore::new(places / 2)),
        handshakes: Arc::default(),
    });
    let all = endpoints
        .into_iter()
        .map(|endpoint| accept_at(endpoint, gate.clone(), app.clone()));
    join_all(all).await;
}

async fn accept_at(endpoint: Endpoint, gate: Arc<Gate>, app: Arc<App>) {
    let mut leaving = app.leaving.clone();
    let mut visits = JoinSet::new();
    loop {
        let incoming = tokio::select! {
            Some(incoming) = endpoint.accept() => incoming,
            () = goes_down(&mut leaving) => break,
            else => break,
        };
        // Those that have ended are let go of here, so that none gather.
        while visits.try_join_next().is_some() {}
        let peer = Peer::new(incoming.remote_address(), Way::Tls);
        if let Some((incoming, place, handshake)) = gate.admit(incoming, &peer, &app) {
            visits.spawn(visit(incoming, place, handshake, peer, app.clone()));
        }
    }
    let ended = async { while visits.join_next().await.is_some() {} };
    if timeout(app.config.server.shutdown, ended).await.is_err() {
        tracing::warn!("some clients did not leave in time");
    }
    endpoint.close(VarInt::from_u32(1001), b"the server is going down");
    timeout(FAREWELL, endpoint.wait_idle()).await.ok();
}

impl Gate {
    /// Whether somebody is taken in now; everybody else has been answered.
    fn admit(
        &self,
        incoming: Incoming,
        peer: &Peer,
        app: &App,
    ) -> Option<(Incoming, Place, UnderWay)> {
        if self.handshakes.under_way() >= PROVE_FROM && !incoming.remote_address_validated() {
            metrics::counter!("janet_quic_retries_total").increment(1);
            // It fails only where an address was proved already.
            incoming.retry().ok();
            return None;
        }
        let handshake = self.handshakes.begin(peer.address);
        // Whoever has enough under way has not knocked once more.
        let taken = handshake.and_then(|handshake| Some((self.place(peer, app)?, handshake)));
        match taken {
            Some((place, handshake)) => Some((incoming, place, handshake)),
            None => {
                metrics::counter!("janet_quic_refused_total").increment(1);
                incoming.refuse();
                None
            }
        }
    }

    fn place(&self, peer: &Peer, app: &App) -> Option<Place> {
        let place = self.places.clone().try_acquire_owned().ok()?;
        let holding = app.lock.admit(peer.address).ok()?;
        let elsewhere = match holding {
            Some(_) => Some(self.elsewhere.clone().try_acquire_owned().ok()?),
            None => None,
        };
        Some(Place {
            _place: place,
            _elsewhere: elsewhere,
            _holding: holding,
        })
    }
}

/// One connection, from its handshake to its end.
async fn visit(incoming: Incoming, place: Place, handshake: UnderWay, peer: Peer, app: Arc<App>) {
    let patience = app.config.server.request_timeout;
    let connecting = async { incoming.accept()?.await };
    let connection = match timeout(patience, connecting).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(_)) | Err(_) => {
            metrics::counter!("janet_quic_handshakes_failed_total").increment(1);
            return;
        }
    };
    drop(handshake);
    metrics::counter!("janet_quic_connections_total").increment(1);
    let mut leaving = app.leaving.clone();
    let stream = tokio::select! {
        stream = timeout(patience, connection.accept_bi()) => stream,
        () = goes_down(&mut leaving) => return,
    };
    let Ok(Ok(stream)) = stream else {
        let reason = b"no control stream within the request time-out";
        connection.close(VarInt::from_u32(TOO_SLOW), reason);
        return;
    };
    let control = Control::new(connection.clone(), stream, LARGEST_FRAME);
    let link = Arc::new(Link::begin(connection.clone()));
    if socket::serve_quic(control, link, app, peer).await {
        connection.closed().await;
    }
    // Closed already, unless the client has gone first.
    connection.close(VarInt::from_u32(1000), b"goodbye");
    drop(place);
}
