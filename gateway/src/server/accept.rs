//! Takes in connections: no more than there is room for, and none that only stands in the door.
//!
//! Every connection has a place until it has become a WebSocket (which has a place of its own, see
//! `socket`) or has ended. One that has not said by its first byte whether it speaks TLS, and come to
//! the end of the handshake if so, within [`Door::patience`] is closed; so is one that then does not
//! say what it wants within the same time, or does not read what it asked for within
//! [`Door::write_patience`], so that such connections cannot take all places. What a connection was
//! told last reaches it (see [`linger`](super::linger)). Other machines have half of the places at most. Past the limit nobody is accepted: the kernel
//! lets them wait in its queue, and refuses past that. One machine elsewhere that knocks too often is
//! closed without a word, and so is one that has too many connections.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::linger::linger;
use super::patient::{Patient, Watched};
use super::tls::{self, Wire};
use crate::app::goes_down;
use crate::lock::{Lock, Peer, Way};

/// After the system had no file descriptor left, before the next try.
const OUT_OF_FILES: Duration = Duration::from_millis(100);

/// How long a client may take to close a connection that we have ended.
const FAREWELL: Duration = Duration::from_secs(2);

/// How the door is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Door {
    /// Connections at once that are no WebSockets (yet).
    pub(super) places: usize,
    /// How long a request may take to be said, and a connection may be silent between two.
    pub(super) patience: Duration,
    /// How long an answer may wait for a client that does not read on.
    pub(super) write_patience: Duration,
    /// How long requests may go on at the end.
    pub(super) farewell: Duration,
}

/// Serves until the server goes down; then takes in nobody and lets requests end.
pub(super) async fn accept(
    listeners: Vec<TcpListener>,
    router: Router,
    lock: Arc<Lock>,
    door: Door,
    mut leaving: watch::Receiver<bool>,
) {
    let acceptor = TlsAcceptor::from(lock.certificate.tls.clone());
    let places = Arc::new(Semaphore::new(door.places));
    let elsewhere = Arc::new(Semaphore::new(door.places / 2));
    let mut connections = JoinSet::new();
    loop {
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        let (socket, address) = tokio::select! {
            accepted = next(&listeners) => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    if !is_of_the_connection(&error) {
                        tracing::error!(%error, "no connection can be taken in");
                        metrics::counter!("janet_http_accept_errors_total").increment(1);
                        sleep(OUT_OF_FILES).await;
                    }
                    continue;
                }
            },
            () = goes_down(&mut leaving) => break,
        };
        // Those that have ended are let go of here, so that none gather.
        while connections.try_join_next().is_some() {}
        let Ok(holding) = lock.admit(address.ip()) else {
            metrics::counter!("janet_http_knocks_refused_total").increment(1);
            continue;
        };
        // So that whoever is on this machine finds room, however many come from elsewhere.
        let Ok(elsewhere) = holding
            .as_ref()
            .map(|_| elsewhere.clone().try_acquire_owned())
            .transpose()
        else {
            metrics::counter!("janet_http_knocks_refused_total").increment(1);
            continue;
        };
        // A sentence's first sound must not wait for a full packet.
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "a socket keeps Nagle's delay");
        }
        let (acceptor, router, mut leaving) = (acceptor.clone(), router.clone(), leaving.clone());
        connections.spawn(async move {
            let opened = tokio::select! {
                opened = open(socket, &acceptor, door.patience) => opened,
                () = goes_down(&mut leaving) => None,
            };
            let Some((socket, way)) = opened else {
                return;
            };
            let (socket, watched, let_go) = Patient::new(socket, door.write_patience);
            let peer = Peer::new(address, way);
            serve(socket, watched, router, peer, door, leaving).await;
            drop((place, elsewhere));
            // Now, or when the WebSocket that it became has ended.
            if let Ok(socket) = let_go.await {
                linger(socket, FAREWELL).await;
            }
            drop(holding);
        });
    }
    drop(listeners);
    let ended = async { while connections.join_next().await.is_some() {} };
    if timeout(door.farewell, ended).await.is_err() {
        tracing::warn!("some requests did not end in time");
    }
}

/// The next connection at any of them.
async fn next(listeners: &[TcpListener]) -> io::Result<(TcpStream, SocketAddr)> {
    poll_fn(|context| {
        for listener in listeners {
            if let Poll::Ready(accepted) = listener.poll_accept(context) {
                return Poll::Ready(accepted);
            }
        }
        Poll::Pending
    })
    .await
}

/// A connection that has begun to say what it wants; `None`: it did not, or not in time.
async fn open(
    socket: TcpStream,
    acceptor: &TlsAcceptor,
    patience: Duration,
) -> Option<(Box<dyn Wire>, Way)> {
    match timeout(patience, tls::open(socket, acceptor)).await {
        Ok(Ok(opened)) => Some(opened),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a connection ended before it began");
            None
        }
        Err(_) => {
            tracing::debug!("a connection did not begin in time");
            None
        }
    }
}

async fn serve(
    socket: Patient<Box<dyn Wire>>,
    watched: Watched,
    router: Router,
    peer: Peer,
    door: Door,
    mut leaving: watch::Receiver<bool>,
) {
    let service = TowerToHyperService::new(router);
    // Every request says where it comes from.
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        service.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(door.patience)
        .serve_connection(TokioIo::new(socket), service)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = goes_down(&mut leaving) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // It has become a WebSocket, or it is over.
    watched.end();
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// The client went before it was taken in: nothing is wrong here.
fn is_of_the_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}
