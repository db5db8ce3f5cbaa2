//! The UDP ports for voice in real time: one of the number that the TCP port has, so that there is one to
//! open, and one for QUIC. Without them everything else works.

use std::net::IpAddr;
use std::sync::Arc;

use quinn::Endpoint;
use tokio::sync::watch;

use super::ServeError;
use crate::config::{Realtime, Server};
use crate::lock::Lock;
use crate::quic;
use crate::webrtc::Door;

/// Opens it at these addresses.
pub(super) async fn open(hosts: Vec<IpAddr>, port: u16, ice: Realtime) -> Option<Arc<Door>> {
    match Door::open(&hosts, port, ice).await {
        Ok(door) => {
            let addresses = door.addresses().len();
            tracing::debug!(addresses, "voice in real time over UDP");
            Some(Arc::new(door))
        }
        Err(error) => {
            tracing::warn!(%error, "there is no UDP port for voice in real time");
            None
        }
    }
}

/// Hands on what comes in, until the server goes down.
pub(super) async fn listen(door: Option<Arc<Door>>, leaving: watch::Receiver<bool>) {
    if let Some(door) = door {
        door.listen(leaving).await;
    }
}

/// Opens the port of QUIC where the server listens. One that nobody chose and that somebody else has is
/// no reason not to start.
pub(super) fn open_quic(server: &Server, lock: &Lock) -> Result<Vec<Endpoint>, ServeError> {
    let Some(wanted) = server.quic else {
        return Ok(Vec::new());
    };
    match quic::open(lock.host, wanted.port, server, &lock.certificate) {
        Ok(endpoints) => Ok(endpoints),
        Err(error) if wanted.is_asked_for => Err(ServeError::Quic {
            why: error.to_string(),
        }),
        Err(error) => {
            tracing::warn!(%error, "there is no QUIC; `server.quic_port` takes another port");
            Ok(Vec::new())
        }
    }
}

/// Its number.
pub(super) fn port(endpoints: &[Endpoint]) -> Option<u16> {
    let address = endpoints.first()?.local_addr().ok()?;
    Some(address.port())
}
