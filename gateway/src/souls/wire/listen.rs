//! The port at which paired souls are heard, and the way to theirs.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use janet_vault::bridge::Party;
use janet_vault::conversations::ConversationUuid;
use janet_vault::identity::{Identity, PublicKey};
use rustls::pki_types::{IpAddr, Ipv4Addr, ServerName};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::carry::take;
use super::{CarryError, Home, tls};

/// How long a connection and its handshake may take.
const OPENED: Duration = Duration::from_secs(10);
/// Connections that may be in their handshakes; one more is closed at once.
const HANDSHAKES: usize = 8;

/// What the port needs of the process around it.
pub(crate) trait Answering: Send + Sync + 'static {
    /// Those that are paired now.
    fn peers(&self) -> Vec<Party>;
    /// The soul that a package of this one is for.
    fn home_for(&self, peer: Party) -> Option<Home>;
    /// A transfer has begun to come in; none: one is under way already. It has ended when this is dropped.
    fn begin(&self) -> Option<Box<dyn Send>>;
    /// This conversation is about to come in. Blocks on the disk.
    fn comes(&self, conversation: ConversationUuid);
    /// One has come in.
    fn came(&self, peer: Party);
}

/// Hears paired souls until it is dropped. One transfer is under way at a time.
pub(crate) async fn listen(
    listener: TcpListener,
    identity: Arc<Identity>,
    answering: Arc<dyn Answering>,
    now_ms: fn() -> u64,
) {
    let handshakes = Arc::new(Semaphore::new(HANDSHAKES));
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
        };
        let socket = match accepted {
            Ok((socket, _)) => socket,
            Err(error) => {
                tracing::warn!(%error, "a soul could not be let in");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(place) = handshakes.clone().try_acquire_owned() else {
            continue;
        };
        let (identity, answering) = (identity.clone(), answering.clone());
        connections.spawn(async move {
            let hearing = hear(socket, identity, answering, now_ms);
            if let Err(error) = hearing.await {
                tracing::warn!(%error, "a transfer from the other soul has not come to its end");
            }
            drop(place);
        });
    }
}

async fn hear(
    socket: TcpStream,
    identity: Arc<Identity>,
    answering: Arc<dyn Answering>,
    now_ms: fn() -> u64,
) -> Result<(), CarryError> {
    let peers = answering.peers();
    let keys = peers.iter().map(|peer| peer.key).collect();
    let config = tls::server(identity, keys).map_err(io::Error::other)?;
    let accepting = TlsAcceptor::from(Arc::new(config)).accept(socket);
    let stream = timeout(OPENED, accepting)
        .await
        .map_err(|_| CarryError::Silent)??;
    let key = tls::peer_of(stream.get_ref().1);
    let known = |key: PublicKey| peers.into_iter().find(|peer| peer.key == key);
    let peer = key.and_then(known).ok_or_else(stranger)?;
    let home = answering.home_for(peer).ok_or_else(stranger)?;
    let Some(_only) = answering.begin() else {
        return Err(io::Error::other("another transfer is under way").into());
    };
    let told = answering.clone();
    let comes = move |conversation| told.comes(conversation);
    if take(stream, &home, peer, now_ms, comes).await? {
        answering.came(peer);
    }
    Ok(())
}

fn stranger() -> CarryError {
    io::Error::from(io::ErrorKind::PermissionDenied).into()
}

/// The way to a paired soul.
pub(crate) async fn connect(
    address: &str,
    identity: Arc<Identity>,
    peer: Party,
) -> Result<TlsStream<TcpStream>, CarryError> {
    let config = tls::client(identity, peer.key).map_err(io::Error::other)?;
    // The name is not looked at: the key is what is known.
    let name = ServerName::IpAddress(IpAddr::V4(Ipv4Addr::from([127, 0, 0, 1])));
    let connecting = async {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        TlsConnector::from(Arc::new(config))
            .connect(name, socket)
            .await
    };
    let stream = timeout(OPENED, connecting)
        .await
        .map_err(|_| CarryError::Silent)??;
    if tls::peer_of(stream.get_ref().1) != Some(peer.key) {
        return Err(stranger());
    }
    Ok(stream)
}
