//! One HTTP server, asked with its key.

use std::time::Duration;

use janet_protocol::LeftMachine;
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response};
use serde_json::Value;
use tokio::time::timeout;

use super::{Left, SetupError};
use crate::config::ApiKey;
use crate::conversations::now_ms;

/// A server on the same machine or in the same house answers at once.
const CONNECT: Duration = Duration::from_secs(2);
/// A list is at hand at once.
const LIST: Duration = Duration::from_secs(3);
/// Largest list.
const LARGEST_LIST: usize = 4 << 20;

/// Where it is, and what it is shown.
pub(crate) struct Server {
    http: reqwest::Client,
    url: String,
    key: Option<ApiKey>,
    asked: Left,
}

/// Why there is no answer. Holds nothing of what was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No connection, or none that lasts to the first byte.
    Unreachable,
    /// Nothing within this time.
    Late(Duration),
    /// Another status than 200.
    Status(u16),
    /// The connection ended in the middle.
    BrokeOff,
    /// A list that does not end.
    Endless,
    /// A list that is no JSON.
    NotJson,
}

impl Server {
    /// The server at this address and no other.
    pub(crate) fn new(url: &str, key: Option<ApiKey>) -> Result<Self, SetupError> {
        // Somebody may have installed one: any will do.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            // What is said goes where the configuration says and nowhere else.
            .redirect(Policy::none())
            .no_proxy()
            .tcp_nodelay(true)
            // One answer a connection: TCP itself holds a server that is faster than the voice.
            .http1_only()
            .user_agent(concat!("janet/", env!("CARGO_PKG_VERSION")));
        if url.starts_with("http://") {
            // Works on machines without certificates.
            http = http.tls_certs_only([]);
        }
        Ok(Self {
            http: http.build()?,
            url: url.to_owned(),
            key,
            asked: Left::default(),
        })
    }

    /// What went there since the start, as the operator is told of it.
    pub(crate) fn left(&self, what: &str) -> LeftMachine {
        self.asked.told(what, &self.url)
    }

    /// What is listed below this path.
    pub(crate) async fn list(&self, path: &str) -> Result<Value, Fault> {
        let list = async {
            let request = self.http.get(format!("{}{path}", self.url));
            let mut response = self.send(request).await?;
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(|_| Fault::BrokeOff)? {
                body.extend_from_slice(&chunk);
                if body.len() > LARGEST_LIST {
                    return Err(Fault::Endless);
                }
            }
            serde_json::from_slice(&body).map_err(|_| Fault::NotJson)
        };
        let listed = timeout(LIST, list).await;
        listed.map_err(|_| Fault::Late(LIST))?
    }

    /// The answer to a question, as it begins. The caller knows how long it may take.
    pub(crate) async fn ask(&self, path: &str, body: &Value) -> Result<Response, Fault> {
        self.asked.goes(now_ms());
        let request = self.http.post(format!("{}{path}", self.url)).json(body);
        self.send(request).await
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, Fault> {
        let request = match &self.key {
            Some(key) => request.bearer_auth(&key.0),
            None => request,
        };
        let response = request.send().await.map_err(|_| Fault::Unreachable)?;
        match response.status().as_u16() {
            200 => Ok(response),
            status => Err(Fault::Status(status)),
        }
    }
}
