//! A client on another machine: TLS, pinned to a fingerprint, and the client's half of a pairing.
//!
//! Written from the schema alone, with nothing of the server's, so that what it understands another
//! implementation understands, too.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use spake2::{Ed25519Group, Identity, Password, Spake2};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::client::Frame;
use crate::schema;

/// However slow this machine is.
const PATIENCE: Duration = Duration::from_secs(60);

/// An IPv4 address of this machine that is not its loopback; `None`: it has none, which is told.
pub fn address(port: u16) -> Option<SocketAddr> {
    let is_wanted = |ip: &IpAddr| ip.is_ipv4() && !ip.is_loopback();
    let found = find(port, is_wanted);
    if found.is_none() {
        skipped("this machine has no IPv4 address besides its loopback");
    }
    found
}

/// An address of this machine in a private network of either family; `None`: it has none, which is told.
pub fn private_address(port: u16) -> Option<SocketAddr> {
    let is_wanted = |ip: &IpAddr| match ip {
        IpAddr::V4(v4) => v4.is_private(),
        IpAddr::V6(v6) => v6.is_unique_local(),
    };
    let found = find(port, is_wanted);
    if found.is_none() {
        skipped("this machine has no address in a private network");
    }
    found
}

/// Says that a test is left out, and why. A machine that tests for others (`CI`) leaves none out.
pub(crate) fn skipped(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{why}");
    println!("SKIPPED: {why}");
}

fn find(port: u16, is_wanted: impl Fn(&IpAddr) -> bool) -> Option<SocketAddr> {
    let all = if_addrs::get_if_addrs().expect("the system tells its addresses");
    let found = all.iter().map(if_addrs::Interface::ip).find(is_wanted);
    found.map(|ip| SocketAddr::new(ip, port))
}

/// SHA-256 of a certificate as DER, in lower-case digits.
pub fn fingerprint(der: &[u8]) -> String {
    digits(&Sha256::digest(der))
}

/// Trusts one certificate by its fingerprint; the empty one trusts any, and tells what it saw.
#[derive(Debug)]
pub(crate) struct Pinned {
    fingerprint: String,
    provider: Arc<CryptoProvider>,
}

impl Pinned {
    /// Trusts any.
    pub(crate) fn any(provider: Arc<CryptoProvider>) -> Self {
        Self {
            fingerprint: String::new(),
            provider,
        }
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.fingerprint.is_empty() || self.fingerprint == fingerprint(certificate) {
            return Ok(ServerCertVerified::assertion());
        }
        Err(Error::General("another certificate than expected".into()))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let known = &self.provider.signature_verification_algorithms;
        known.supported_schemes()
    }
}

/// Opens TLS to a server that shows this certificate (the empty fingerprint: any); gives the one that
/// it showed.
pub async fn tls(
    address: SocketAddr,
    fingerprint: &str,
) -> io::Result<(TlsStream<TcpStream>, String)> {
    let provider = Arc::new(ring::default_provider());
    let pinned = Pinned {
        fingerprint: fingerprint.to_owned(),
        provider: provider.clone(),
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring speaks them")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(pinned))
        .with_no_client_auth();
    let socket = TcpStream::connect(address).await?;
    let name = ServerName::IpAddress(address.ip().into());
    let stream = TlsConnector::from(Arc::new(config)).connect(name, socket);
    let stream = timeout(PATIENCE, stream).await??;
    let shown = stream
        .get_ref()
        .1
        .peer_certificates()
        .expect("it showed one");
    let shown = self::fingerprint(&shown[0]);
    Ok((stream, shown))
}

/// A request over TLS: the answer's status, and its head and body as text.
pub async fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> (u16, String) {
    request_with(address, method, path, headers, &[]).await
}

/// The same with a body.
pub async fn request_with(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> (u16, String) {
    let (mut stream, _) = tls(address, "").await.expect("the server speaks TLS");
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    if !body.is_empty() {
        text += &format!("Content-Length: {}\r\n", body.len());
    }
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    text += "\r\n";
    let all = [text.as_bytes(), body].concat();
    // Who is refused by his head may find that the rest is not read.
    let written = stream.write_all(&all).await;
    if body.is_empty() {
        written.expect("the server reads");
    }
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    read.expect("it answers within a minute")
        .expect("it ends TLS as one should");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    (status.unwrap_or(0), answer)
}

/// A WebSocket over TLS.
pub struct Elsewhere {
    socket: WebSocketStream<TlsStream<TcpStream>>,
    /// Of the certificate that was seen.
    pub fingerprint: String,
}

/// How a device key is shown.
#[derive(Clone, Copy, Debug)]
pub enum Key<'a> {
    /// Not at all.
    None,
    /// As a program does.
    Bearer(&'a str),
    /// As a page does.
    Subprotocol(&'a str),
}

impl Elsewhere {
    /// Connects; the server's HTTP status where it does not upgrade.
    pub async fn open(address: SocketAddr, pin: &str, key: Key<'_>) -> Result<Self, u16> {
        Self::upgrade(address, pin, key, "/ws").await
    }

    /// The same, back in this conversation.
    pub async fn resume(
        address: SocketAddr,
        pin: &str,
        key: Key<'_>,
        client_id: &str,
    ) -> Result<Self, u16> {
        let path = format!("/ws?client_id={client_id}");
        Self::upgrade(address, pin, key, &path).await
    }

    async fn upgrade(
        address: SocketAddr,
        pin: &str,
        key: Key<'_>,
        path: &str,
    ) -> Result<Self, u16> {
        let (stream, fingerprint) = tls(address, pin).await.expect("the server speaks TLS");
        let url = format!("wss://{address}{path}");
        let mut request = url.into_client_request().expect("an address");
        let headers = request.headers_mut();
        match key {
            Key::None => {}
            Key::Bearer(key) => {
                let bearer = format!("Bearer {key}").parse().expect("a token");
                headers.insert("Authorization", bearer);
            }
            Key::Subprotocol(key) => {
                let offered = format!("janet.1, janet.key.{key}").parse().expect("tokens");
                headers.insert("Sec-WebSocket-Protocol", offered);
            }
        }
        match client_async(request, stream).await {
            Ok((socket, answer)) => {
                let chosen = answer.headers().get("Sec-WebSocket-Protocol");
                if matches!(key, Key::Subprotocol(_)) {
                    assert_eq!(chosen.expect("one is chosen"), "janet.1");
                }
                Ok(Self {
                    socket,
                    fingerprint,
                })
            }
            Err(tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("no upgrade: {error}"),
        }
    }

    /// Sends a JSON frame.
    pub async fn send(&mut self, message: Value) {
        let text = Message::text(message.to_string());
        self.socket
            .send(text)
            .await
            .expect("the connection is open");
    }

    /// Sends a ping; false when nobody takes it any more.
    pub async fn ping(&mut self) -> bool {
        let ping = Message::Ping(vec![7; 125].into());
        self.socket.send(ping).await.is_ok()
    }

    /// The next frame; her voice is passed over.
    pub async fn next(&mut self) -> Frame {
        let next = async {
            loop {
                return match self.socket.next().await {
                    Some(Ok(Message::Text(text))) => {
                        let value = serde_json::from_str(&text).expect("the server sends JSON");
                        schema::check_server(&value);
                        Frame::Text(value)
                    }
                    Some(Ok(Message::Close(Some(close)))) => {
                        Frame::Close(close.code.into(), close.reason.to_string())
                    }
                    Some(Ok(_)) => continue,
                    Some(Err(_)) | None => Frame::End,
                };
            }
        };
        timeout(PATIENCE, next)
            .await
            .expect("it says something within a minute")
    }

    /// The next text frame.
    pub async fn told(&mut self) -> Value {
        match self.next().await {
            Frame::Text(value) => value,
            other => panic!("{other:?} came instead of words"),
        }
    }

    /// The next text frame of this type; what comes before it is passed over.
    pub async fn until(&mut self, kind: &str) -> Value {
        loop {
            let value = self.told().await;
            if value["type"] == kind {
                return value;
            }
            assert_ne!(
                value["type"], "error",
                "an error came instead of {kind}: {value}"
            );
        }
    }

    /// How the server ends the connection.
    pub async fn goodbye(&mut self) -> (u16, String) {
        loop {
            match self.next().await {
                Frame::Close(code, reason) => return (code, reason),
                Frame::End => panic!("the connection ended without a goodbye"),
                Frame::Text(_) | Frame::Sound(..) => {}
            }
        }
    }

    /// Tries a code by a certificate that was seen, and gives the answer to the proof, or to the first
    /// message where that is refused. The server's own proof is checked.
    pub async fn pair(&mut self, code: &str, seen: &str, name: &str) -> Value {
        let client = Identity::new(b"janet/pair/1 client");
        let server = Identity::new(format!("janet/pair/1 server {seen}").as_bytes());
        let (side, message) =
            Spake2::<Ed25519Group>::start_a(&Password::new(code), &client, &server);
        let message = digits(&message);
        self.send(json!({ "type": "pair_start", "name": name, "message": message }))
            .await;
        let challenge = self.told().await;
        if challenge["type"] == "error" {
            return challenge;
        }
        assert_eq!(challenge["type"], "pair_challenge", "{challenge}");
        let theirs = bytes(challenge["message"].as_str().expect("digits"));
        let key = side.finish(&theirs).expect("a message of side B");
        let proof = |label: &str| {
            let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any length");
            mac.update(label.as_bytes());
            digits(&mac.finalize().into_bytes())
        };
        let ours = proof("janet/pair/1 client");
        self.send(json!({ "type": "pair_finish", "proof": ours }))
            .await;
        let answer = self.told().await;
        if answer["type"] == "paired" {
            assert_eq!(answer["proof"], proof("janet/pair/1 server"), "not Janet");
        }
        answer
    }
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(digits: &str) -> Vec<u8> {
    let pairs = (0..digits.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("digits"))
        .collect()
}
