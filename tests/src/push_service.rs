//! A stand-in for Apple's push service: HTTP/2 over TLS with a root certificate of its own.
//!
//! Written from Apple's documentation, with nothing of Janet's but the schema of what a push carries.
//! What it finds wrong with a push stands in the push.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use h2::server::SendResponse;
use http::{HeaderMap, Request, Response};
use jsonschema::Validator;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// However slow this machine is.
const PATIENCE: Duration = Duration::from_secs(60);
/// Pushes that nobody has looked at.
const UNSEEN: usize = 64;
const KEY_ID: &str = "KEY1234567";
const TEAM_ID: &str = "TEAM123456";
const BUNDLE: &str = "com.example.janet";

/// How a push is answered.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The phone is told.
    Fine,
    /// This status, with this reason.
    No(u16, &'static str),
    /// The same, and to come back after this.
    Later(u16, &'static str),
    /// Not at all.
    Hang,
    /// The connection ends.
    Drop,
}

/// A push as it came.
#[derive(Debug)]
pub struct Push {
    /// The device's token.
    pub token: String,
    /// What the phone is told.
    pub payload: Value,
    /// When it came.
    pub at: Instant,
    /// As whom Janet has shown herself.
    pub provider: String,
    /// What Apple would not like about it.
    faults: Vec<String>,
}

/// The service.
pub struct PushService {
    address: SocketAddr,
    folder: TempDir,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    pushes: mpsc::Receiver<Push>,
    listening: JoinHandle<()>,
}

/// What the tasks share.
struct Service {
    public_key: Vec<u8>,
    schema: Validator,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    pushes: mpsc::Sender<Push>,
}

impl PushService {
    /// Begins to listen.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let signing = KeyPair::generate().expect("a key");
        let (tls, root) = tls();
        for (name, text) in [("key.p8", signing.serialize_pem()), ("root.pem", root)] {
            std::fs::write(folder.path().join(name), text).expect("written");
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let answers = Arc::default();
        let (sender, pushes) = mpsc::channel(UNSEEN);
        let schema = serde_json::from_str(janet_protocol::PUSH_SCHEMA).expect("JSON");
        let service = Arc::new(Service {
            public_key: signing.public_key_raw().to_vec(),
            schema: jsonschema::draft202012::new(&schema).expect("a schema"),
            answers: Arc::clone(&answers),
            pushes: sender,
        });
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let listening = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(service.clone().serve(acceptor.clone(), socket));
            }
        });
        Self {
            address,
            folder,
            answers,
            pushes,
            listening,
        }
    }

    /// The settings of a Janet who asks this service.
    pub fn settings(&self) -> Vec<String> {
        let file = |name: &str| self.folder.path().join(name).display().to_string();
        vec![
            format!("calls.apns_key={}", file("key.p8")),
            format!("calls.apns_key_id={KEY_ID}"),
            format!("calls.apns_team_id={TEAM_ID}"),
            format!("calls.apns_topic={BUNDLE}"),
            format!("calls.apns_url=https://{}", self.address),
            format!("calls.apns_ca={}", file("root.pem")),
        ]
    }

    /// The signing key's text, which nobody else may see.
    pub fn key(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("key.p8")).expect("it was written")
    }

    /// Answers the next pushes so; those behind them are fine.
    pub fn answer(&self, answers: &[Answer]) {
        let mut waiting = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.extend(answers.iter().cloned());
    }

    /// The next push, with which nothing may be wrong.
    pub async fn next(&mut self) -> Push {
        let push = timeout(PATIENCE, self.pushes.recv()).await;
        let push = push.expect("a push within a minute").expect("it listens");
        assert!(push.faults.is_empty(), "{:?}", push.faults);
        push
    }

    /// Whether there was no push that nobody has looked at.
    pub fn is_quiet(&mut self) -> bool {
        self.pushes.try_recv().is_err()
    }
}

impl Drop for PushService {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Service {
    async fn serve(self: Arc<Self>, acceptor: TlsAcceptor, socket: TcpStream) {
        let Ok(tls) = acceptor.accept(socket).await else {
            return;
        };
        let is_h2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
        let Ok(mut connection) = h2::server::handshake(tls).await else {
            return;
        };
        let drop_it = Arc::new(Notify::new());
        loop {
            let accepted = tokio::select! {
                accepted = connection.accept() => accepted,
                () = drop_it.notified() => return,
            };
            let Some(Ok((request, respond))) = accepted else {
                return;
            };
            let (service, drop_it) = (self.clone(), drop_it.clone());
            tokio::spawn(async move {
                service.take(is_h2, request, respond, &drop_it).await;
            });
        }
    }

    async fn take(
        &self,
        is_h2: bool,
        request: Request<h2::RecvStream>,
        mut respond: SendResponse<Bytes>,
        drop_it: &Notify,
    ) {
        let (head, mut body) = request.into_parts();
        let mut bytes = Vec::new();
        while let Some(Ok(chunk)) = body.data().await {
            body.flow_control().release_capacity(chunk.len()).ok();
            bytes.extend_from_slice(&chunk);
        }
        let mut faults = Vec::new();
        let mut demand = |is_so: bool, what: &str| {
            if !is_so {
                faults.push(what.to_owned());
            }
        };
        demand(is_h2, "ALPN is not h2");
        demand(head.method == "POST", "the method is not POST");
        demand(
            head.uri.scheme_str() == Some("https"),
            "the scheme is not https",
        );
        let token = head.uri.path().strip_prefix("/3/device/").unwrap_or("");
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        demand(
            token.len() >= 64 && token.bytes().all(is_hex),
            "the path names no device",
        );
        let topic = format!("{BUNDLE}.voip");
        for (name, value) in [
            ("apns-topic", topic.as_str()),
            ("apns-push-type", "voip"),
            ("apns-priority", "10"),
            ("apns-expiration", "0"),
        ] {
            demand(header(&head.headers, name) == value, name);
        }
        let provider = header(&head.headers, "authorization");
        let provider = provider
            .strip_prefix("bearer ")
            .or(provider.strip_prefix("Bearer "));
        let provider = provider.unwrap_or_default().to_owned();
        if let Err(fault) = self.check(&provider) {
            demand(false, fault);
        }
        demand(bytes.len() <= 5 << 10, "the payload is too large");
        let payload: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if let Err(error) = self.schema.validate(&payload) {
            demand(false, &error.to_string());
        }
        let expires_ms = payload["expires_ms"].as_u64().unwrap_or_default();
        let left_ms = expires_ms.saturating_sub(u64::try_from(now().as_millis()).unwrap_or(0));
        demand((1..=45_000).contains(&left_ms), "it does not end in time");
        let push = Push {
            token: token.to_owned(),
            payload,
            at: Instant::now(),
            provider,
            faults,
        };
        self.pushes.try_send(push).ok();
        let answer = {
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            answers.pop_front().unwrap_or(Answer::Fine)
        };
        let (status, reason, retry_after) = match answer {
            Answer::Fine => (200, None, None),
            Answer::No(status, reason) => (status, Some(reason), None),
            Answer::Later(status, after) => (status, Some("TooManyRequests"), Some(after)),
            Answer::Drop => return drop_it.notify_one(),
            // The stream is held, and nothing is ever said.
            Answer::Hang => return std::future::pending().await,
        };
        let mut head = Response::builder().status(status);
        if let Some(after) = retry_after {
            head = head.header("retry-after", after);
        }
        let head = head.body(()).expect("a status and a header");
        if let Ok(mut stream) = respond.send_response(head, reason.is_none())
            && let Some(reason) = reason
        {
            let body = serde_json::json!({ "reason": reason }).to_string();
            stream.send_data(body.into(), true).ok();
        }
    }

    /// Whether somebody with the key has signed this, lately.
    fn check(&self, token: &str) -> Result<(), &'static str> {
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, signature] = parts[..] else {
            return Err("the token has not three parts");
        };
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| "no base64");
        let value = |text| {
            serde_json::from_slice::<Value>(&bytes(text)?).map_err(|_| "the token holds no JSON")
        };
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &self.public_key)
            .verify(format!("{header}.{claims}").as_bytes(), &bytes(signature)?)
            .map_err(|_| "the token's signature is wrong")?;
        let (header, claims) = (value(header)?, value(claims)?);
        if header["alg"] != "ES256" || header["kid"] != KEY_ID || claims["iss"] != TEAM_ID {
            return Err("the token is somebody else's");
        }
        match claims["iat"].as_u64() {
            Some(made_s) if made_s.abs_diff(now().as_secs()) < 3600 => Ok(()),
            _ => Err("the token is not of this hour"),
        }
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}

fn now() -> Duration {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default()
}

/// TLS for this machine that speaks HTTP/2 alone, and the root certificate that vouches for it, in PEM.
fn tls() -> (ServerConfig, String) {
    let root_key = KeyPair::generate().expect("a key");
    let mut root = CertificateParams::new([]).expect("no names");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = root.self_signed(&root_key).expect("signed");
    let issuer = Issuer::new(root, root_key);
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).expect("an address");
    let leaf = params.signed_by(&key, &issuer).expect("signed");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let secret = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut tls = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring speaks them")
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], secret)
        .expect("they belong together");
    tls.alpn_protocols = vec![b"h2".to_vec()];
    (tls, certificate.pem())
}
