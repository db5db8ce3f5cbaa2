//! The way to Janet: a UDP socket, QUIC on it, and the certificate that is expected.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use janet_protocol::quic::{ALPN, KEEP_ALIVE_S, LARGEST_DATAGRAM, SEND_FRAMES};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{
    ClientConfig, ConnectionError, Endpoint, IdleTimeout, RecvStream, SendStream, TransportConfig,
    TransportErrorCode, VarInt,
};
use rustls::pki_types::CertificateDer;
use tokio::time::timeout;

use crate::Hello;
use crate::pin::{Fingerprint, Trust, Verifier};

/// She answers at once; a path that loses half of everything, within a few tries.
const PATIENCE: Duration = Duration::from_secs(10);
/// Without a sign of life for so long the connection is over.
const IDLE: Duration = Duration::from_secs(45);
/// Datagrams that came and were not read yet, in bytes. Of more the oldest are dropped.
const DATAGRAM_BYTES: usize = 64 << 10;
/// What quinn itself needs for a datagram that waits, at most.
const DATAGRAM_OVERHEAD: usize = 64;
/// Any will do: she is known by her fingerprint.
const NAME: &str = "janet";

/// Whom to call, and as whom.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where she listens.
    pub server: SocketAddr,
    /// How to know that it is she.
    pub trust: Trust,
    /// Who we are.
    pub hello: Hello,
    /// From where; `None`: the system chooses.
    pub local: Option<SocketAddr>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// Another machine has to be known by its certificate.
    #[error(
        "{0} is not this machine: the fingerprint of its certificate is needed, as `janet pair` shows it"
    )]
    NeedsFingerprint(IpAddr),
    /// The system gives no socket.
    #[error("no UDP socket can be had: {0}")]
    Socket(#[from] io::Error),
    /// The certificate is another than the pinned one.
    #[error("whoever answers there shows another certificate than the pinned one")]
    OtherCertificate,
    /// Nobody answers.
    #[error("nobody answers there within {} s: is it the UDP port that `janet serve` shows behind `QUIC:`?", PATIENCE.as_secs())]
    Silence,
    /// Whoever answers speaks something else.
    #[error("whoever answers there does not speak Janet's QUIC (ALPN janet-vr/1)")]
    OtherProtocol,
    /// She takes in nobody now, or not us.
    #[error("the connection was refused; she may have too many, or the way is not open")]
    Refused,
    /// Anything else.
    #[error("no connection: {0}")]
    Failed(String),
}

/// A connection and its control stream.
pub(crate) struct Way {
    pub(crate) endpoint: Endpoint,
    pub(crate) connection: quinn::Connection,
    pub(crate) control: (SendStream, RecvStream),
}

impl Way {
    /// Of the certificate that was shown.
    pub(crate) fn fingerprint(&self) -> Option<Fingerprint> {
        let shown = self.connection.peer_identity()?;
        let chain = shown.downcast::<Vec<CertificateDer<'static>>>().ok()?;
        chain.first().map(|shown| Fingerprint::of(shown))
    }
}

/// Connects to whom is trusted, within a time.
pub(crate) async fn connect(options: &Options) -> Result<Way, ConnectError> {
    let server = options.server;
    let expected = match options.trust {
        Trust::Pinned(fingerprint) => Some(fingerprint),
        Trust::ThisMachine if server.ip().to_canonical().is_loopback() => None,
        Trust::ThisMachine => return Err(ConnectError::NeedsFingerprint(server.ip())),
    };
    open(server, expected, options.local).await
}

/// Connects to whoever shows this certificate, or any, within a time.
pub(crate) async fn open(
    server: SocketAddr,
    expected: Option<Fingerprint>,
    local: Option<SocketAddr>,
) -> Result<Way, ConnectError> {
    let endpoint = Endpoint::client(local.unwrap_or_else(|| any(server)))?;
    let connecting = async {
        let connecting = endpoint.connect_with(config(expected)?, server, NAME);
        let connecting = connecting.map_err(|error| ConnectError::Failed(error.to_string()))?;
        let connection = connecting.await.map_err(refused)?;
        let control = connection.open_bi().await.map_err(refused)?;
        Ok::<_, ConnectError>((connection, control))
    };
    let connected = timeout(PATIENCE, connecting).await;
    let (connection, control) = connected.map_err(|_| ConnectError::Silence)??;
    Ok(Way {
        endpoint,
        connection,
        control,
    })
}

/// Another socket for the same endpoint, as when the network changes.
pub(crate) fn rebind(endpoint: &Endpoint, server: SocketAddr) -> io::Result<()> {
    endpoint.rebind(UdpSocket::bind(any(server))?)
}

/// Any port of ours by which this server can be reached.
fn any(server: SocketAddr) -> SocketAddr {
    match server.ip() {
        IpAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        IpAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}

fn config(expected: Option<Fingerprint>) -> Result<ClientConfig, ConnectError> {
    let failed = |error: &dyn std::error::Error| ConnectError::Failed(error.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Verifier {
        expected,
        provider: provider.clone(),
    };
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| failed(&error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    tls.alpn_protocols = vec![ALPN.to_vec()];
    let tls = QuicClientConfig::try_from(tls).map_err(|error| failed(&error))?;
    let mut config = ClientConfig::new(Arc::new(tls));
    config.transport_config(Arc::new(transport()));
    Ok(config)
}

fn transport() -> TransportConfig {
    let mut transport = TransportConfig::default();
    let idle = IdleTimeout::try_from(IDLE).expect("less than a minute");
    transport
        .max_concurrent_bidi_streams(VarInt::from_u32(0))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .datagram_receive_buffer_size(Some(DATAGRAM_BYTES))
        .datagram_send_buffer_size(SEND_FRAMES * (LARGEST_DATAGRAM + DATAGRAM_OVERHEAD))
        .keep_alive_interval(Some(Duration::from_secs(KEEP_ALIVE_S)))
        .max_idle_timeout(Some(idle));
    transport
}

/// TLS's alerts (RFC 8446 §6.2), as QUIC carries them (RFC 9001 §4.8).
const NO_APPLICATION_PROTOCOL: u8 = 120;

fn refused(error: ConnectionError) -> ConnectError {
    let alert = TransportErrorCode::crypto(NO_APPLICATION_PROTOCOL);
    match error {
        ConnectionError::TimedOut => ConnectError::Silence,
        ConnectionError::TransportError(error)
            if error.reason.contains("invalid peer certificate") =>
        {
            ConnectError::OtherCertificate
        }
        ConnectionError::ConnectionClosed(closed) if closed.error_code == alert => {
            ConnectError::OtherProtocol
        }
        ConnectionError::ConnectionClosed(closed)
            if closed.error_code == TransportErrorCode::CONNECTION_REFUSED =>
        {
            ConnectError::Refused
        }
        error => ConnectError::Failed(error.to_string()),
    }
}
