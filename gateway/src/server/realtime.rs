//! The UDP port for voice in real time: of the number that the TCP port has, so that there is one to open.
//! Without one everything else works.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::watch;

use crate::config::Realtime;
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
