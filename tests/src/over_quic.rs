//! A client over QUIC that sends what it likes, right or wrong: written on quinn alone.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use janet_protocol::quic::{ALPN, FrameReader, frame};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Connection, ConnectionError, Endpoint, RecvStream, SendStream};
use rustls::client::{ClientSessionStore, Resumption};
use rustls::crypto::ring;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::elsewhere::Pinned;
use crate::schema;

/// However slow this machine is.
const PATIENCE: Duration = Duration::from_secs(60);
/// More than any frame of the server's.
const LARGEST: usize = 4 << 20;

/// A connection with its control stream.
pub struct Raw {
    /// Outlives the connection.
    _endpoint: Endpoint,
    /// For datagrams and further streams.
    pub connection: Connection,
    /// What is said.
    pub control: SendStream,
    incoming: RecvStream,
    frames: FrameReader,
}

impl Raw {
    /// Connects with this protocol's name; whatever certificate is shown.
    pub async fn connect(server: SocketAddr, alpn: &[u8]) -> Result<Self, ConnectionError> {
        let local = match server {
            SocketAddr::V4(_) => SocketAddr::from(([0, 0, 0, 0], 0)),
            SocketAddr::V6(_) => "[::]:0".parse().expect("an address"),
        };
        let endpoint = Endpoint::client(local).expect("a socket");
        let connecting = endpoint.connect_with(config(alpn), server, "janet");
        let connection = connecting.expect("an address that can be called").await?;
        let (control, incoming) = connection.open_bi().await?;
        Ok(Self {
            _endpoint: endpoint,
            connection,
            control,
            incoming,
            frames: FrameReader::new(LARGEST),
        })
    }

    /// The same in Janet's protocol.
    pub async fn open(server: SocketAddr) -> Self {
        let connected = timeout(PATIENCE, Self::connect(server, ALPN)).await;
        let connected = connected.expect("the server answers within a minute");
        connected.expect("the server takes us in")
    }

    /// The same, and says who it is; with this key, if any.
    pub async fn greet(server: SocketAddr, key: Option<&str>) -> Self {
        let mut raw = Self::open(server).await;
        let mut hello = json!({ "type": "client_connect" });
        if let Some(key) = key {
            hello["key"] = key.into();
        }
        raw.say(hello).await;
        raw
    }

    /// The same, once it is let in and served.
    pub async fn enter(server: SocketAddr, key: Option<&str>) -> Self {
        let mut raw = Self::greet(server, key).await;
        while raw.until("connected").await["status"] != "ready" {}
        raw
    }

    /// Sends a message.
    pub async fn say(&mut self, message: Value) {
        self.send(&frame(&message.to_string())).await;
    }

    /// Sends any bytes on the control stream.
    pub async fn send(&mut self, bytes: &[u8]) {
        let written = self.control.write_all(bytes).await;
        written.expect("the stream is open");
    }

    /// The next message; `None`: there is none any more.
    pub async fn next(&mut self) -> Option<Value> {
        let read = timeout(PATIENCE, self.read()).await;
        read.expect("the server says something within a minute")
    }

    /// The next message of this type; what comes before it is passed over.
    pub async fn until(&mut self, kind: &str) -> Value {
        let mut before = Vec::new();
        loop {
            let Some(message) = self.next().await else {
                panic!(
                    "{:?} instead of {kind}, after {before:?}",
                    self.goodbye().await
                );
            };
            if message["type"] == kind {
                return message;
            }
            before.push(message["type"].to_string());
        }
    }

    /// Sends a message and waits for its error.
    pub async fn refusal(&mut self, message: Value) -> Value {
        self.say(message).await;
        self.until("error").await
    }

    /// Shows that the connection still works.
    pub async fn is_served(&mut self) {
        self.say(json!({ "type": "ping", "timestamp": "still there" }))
            .await;
        assert_eq!(self.until("pong").await["timestamp"], "still there");
    }

    /// Opens voice, and gives the session's number.
    pub async fn open_voice(&mut self) -> u16 {
        self.say(json!({ "type": "vr_connect", "transport": "quic" }))
            .await;
        let number = self.until("vr_opened").await["session_no"].as_u64();
        number
            .and_then(|n| u16::try_from(n).ok())
            .expect("two bytes")
    }

    /// The code and reason with which the server ends the connection.
    pub async fn goodbye(&self) -> (u64, String) {
        let closed = timeout(PATIENCE, self.connection.closed()).await;
        match closed.expect("the server ends it within a minute") {
            ConnectionError::ApplicationClosed(closed) => (
                closed.error_code.into_inner(),
                String::from_utf8_lossy(&closed.reason).into_owned(),
            ),
            other => panic!("it ended by {other}"),
        }
    }

    async fn read(&mut self) -> Option<Value> {
        let mut chunk = [0; 4096];
        loop {
            if let Some(frame) = self.frames.poll().expect("no frame is so long") {
                let value = serde_json::from_slice(&frame).expect("the server sends JSON");
                schema::check_server(&value);
                return Some(value);
            }
            match self.incoming.read(&mut chunk).await {
                Ok(Some(bytes)) => self.frames.push(&chunk[..bytes]),
                Ok(None) | Err(_) => return None,
            }
        }
    }
}

/// What a client is that keeps its tickets here and would send data with its first packet if it may (0-RTT).
pub fn hasty(tickets: Arc<dyn ClientSessionStore>) -> ClientConfig {
    let mut tls = tls(ALPN);
    tls.resumption = Resumption::store(tickets);
    tls.enable_early_data = true;
    over(tls)
}

fn config(alpn: &[u8]) -> ClientConfig {
    over(tls(alpn))
}

fn tls(alpn: &[u8]) -> rustls::ClientConfig {
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(Pinned::any(provider.clone()));
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("ring speaks it")
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    tls.alpn_protocols = vec![alpn.to_vec()];
    tls
}

fn over(tls: rustls::ClientConfig) -> ClientConfig {
    ClientConfig::new(Arc::new(
        QuicClientConfig::try_from(tls).expect("ring has its first suite"),
    ))
}
