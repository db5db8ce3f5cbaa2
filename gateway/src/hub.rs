//! Fetches files of a model hub by plain HTTPS, for the model store.
//!
//! `{endpoint}/{repo}/resolve/{revision}/{file}`, which leads to another host where the bytes are.
//! Redirects are followed here and not by the client below, so that it can be seen where the token
//! goes: to the hub's own address and nowhere else. Every wait has the same limit.

use std::io::{self, Read};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Buf, Bytes};
use janet_models::store::{Hub, HubAnswer, HubError, HubFile, Resume};
use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Response, StatusCode, Url};
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::{address, config};

/// Hubs lead once to where the bytes are; renamed repositories, once more.
const REDIRECTS: usize = 5;

/// Why no hub can be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum HubSetupError {
    /// The HTTP client cannot be made.
    #[error("no HTTP client for the model hub can be made")]
    Client(#[from] reqwest::Error),
    /// No runtime for it.
    #[error("the model hub's connection cannot be started")]
    Runtime(#[from] io::Error),
    /// An address that is not asked.
    #[error("`models.hf_endpoint` must be {wanted}, not {found} ({said_by})")]
    Endpoint {
        /// What would do.
        wanted: &'static str,
        /// What stands there.
        found: String,
        /// Which layer of the settings said it.
        said_by: String,
    },
    /// A token that is none.
    #[error("HF_TOKEN holds characters that no token has")]
    Token,
}

/// A hub that is set up when a file of it is asked for: most pulls need none, and what is wrong with
/// its settings must not keep them.
#[derive(Debug)]
pub(crate) struct LazyHub {
    settings: config::Hub,
    hub: OnceLock<Result<HttpHub, String>>,
}

impl LazyHub {
    pub(crate) fn new(settings: &config::Hub) -> Self {
        Self {
            settings: settings.clone(),
            hub: OnceLock::new(),
        }
    }
}

impl Hub for LazyHub {
    fn get(&self, file: &HubFile, resume: Option<Resume<'_>>) -> Result<HubAnswer, HubError> {
        let set_up = || HttpHub::new(&self.settings).map_err(|error| error.to_string());
        match self.hub.get_or_init(set_up) {
            Ok(hub) => hub.get(file, resume),
            Err(reason) => Err(HubError::NotAsked {
                reason: reason.clone(),
            }),
        }
    }
}

/// Where the hub is, and what it is shown; or what is wrong with the settings.
pub(crate) fn judge(hub: &config::Hub) -> Result<(Url, Option<HeaderValue>), HubSetupError> {
    let refused = |wanted| HubSetupError::Endpoint {
        wanted,
        found: address::told(&hub.endpoint),
        said_by: hub.said_by.clone(),
    };
    let wanted = "an address such as https://huggingface.co, without a password";
    let url = address::parse(&format!("{}/", hub.endpoint)).ok_or_else(|| refused(wanted))?;
    let Some(token) = &hub.token else {
        return Ok((url, None));
    };
    // What goes through an open network can be read by anybody on its way.
    if url.scheme() == "http" && !address::is_here(&url) {
        return Err(refused(
            "an https:// address while HF_TOKEN is set, which would be readable",
        ));
    }
    let mut value =
        HeaderValue::from_str(&format!("Bearer {}", token.0)).map_err(|_| HubSetupError::Token)?;
    value.set_sensitive(true);
    Ok((url, Some(value)))
}

/// A hub behind HTTP. Blocks; must not be called from a task of another runtime.
#[derive(Debug)]
pub(crate) struct HttpHub {
    client: Client,
    /// For protected addresses that a mirror on an open one leads to. Made when there is one.
    protected: OnceLock<Client>,
    runtime: Arc<Runtime>,
    endpoint: Url,
    authorization: Option<HeaderValue>,
    stall: Duration,
}

impl HttpHub {
    pub(crate) fn new(hub: &config::Hub) -> Result<Self, HubSetupError> {
        // Somebody may have installed one: any will do.
        drop(rustls::crypto::ring::default_provider().install_default());
        let (endpoint, authorization) = judge(hub)?;
        let mut client = builder(hub.stall);
        if endpoint.scheme() == "http" {
            // One's own mirror: reached directly, and on machines without certificates.
            client = client.no_proxy().tls_certs_only([]);
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Self {
            client: client.build()?,
            protected: OnceLock::new(),
            runtime: Arc::new(runtime),
            endpoint,
            authorization,
            stall: hub.stall,
        })
    }

    /// The address as people know it.
    fn shown(&self) -> String {
        self.endpoint.as_str().trim_end_matches('/').to_owned()
    }

    /// Follows redirects to the answer that holds the bytes.
    async fn send(&self, file: &HubFile, resume: Option<Resume<'_>>) -> Result<Response, HubError> {
        let mut url = self
            .endpoint
            .join(&file.path())
            .map_err(|_| HubError::Nonsense {
                endpoint: self.shown(),
                reason: "no address for this file",
            })?;
        for _ in 0..=REDIRECTS {
            let response = self.step(&url, resume).await?;
            if !response.status().is_redirection() {
                return Ok(response);
            }
            url = self.next(&url, &response)?;
        }
        Err(self.leads("from one address to the next without end"))
    }

    async fn step(&self, url: &Url, resume: Option<Resume<'_>>) -> Result<Response, HubError> {
        let mut request = self
            .client_for(url)?
            .get(url.clone())
            .header(header::ACCEPT_ENCODING, "identity");
        if url.origin() == self.endpoint.origin()
            && let Some(token) = &self.authorization
        {
            request = request.header(header::AUTHORIZATION, token.clone());
        }
        if let Some(resume) = resume {
            request = request
                .header(header::RANGE, format!("bytes={}-", resume.from))
                .header(header::IF_RANGE, resume.etag);
        }
        match timeout(self.stall, request.send()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) if error.is_timeout() => Err(self.silent(url)),
            Ok(Err(error)) => Err(HubError::Unreachable {
                endpoint: host(url),
                reason: innermost(&error),
            }),
            Err(_) => Err(self.silent(url)),
        }
    }

    fn client_for(&self, url: &Url) -> Result<&Client, HubError> {
        if url.scheme() == self.endpoint.scheme() || url.scheme() != "https" {
            return Ok(&self.client);
        }
        if let Some(client) = self.protected.get() {
            return Ok(client);
        }
        let client = builder(self.stall).build();
        let client = client.map_err(|error| HubError::Unreachable {
            endpoint: host(url),
            reason: innermost(&error),
        })?;
        Ok(self.protected.get_or_init(|| client))
    }

    fn next(&self, url: &Url, response: &Response) -> Result<Url, HubError> {
        let location = response.headers().get(header::LOCATION);
        let location = location.and_then(|location| location.to_str().ok());
        let next = location.and_then(|location| url.join(location).ok());
        match next {
            Some(next) if !matches!(next.scheme(), "http" | "https") => {
                Err(self.leads("to something that is not HTTP"))
            }
            Some(next) if url.scheme() == "https" && next.scheme() == "http" => {
                Err(self.leads("from a protected to an open connection"))
            }
            Some(next) => Ok(next),
            None => Err(self.leads("nowhere")),
        }
    }

    fn leads(&self, reason: &'static str) -> HubError {
        HubError::Redirect {
            endpoint: self.shown(),
            reason,
        }
    }

    fn silent(&self, url: &Url) -> HubError {
        HubError::Silent {
            endpoint: host(url),
            waited: self.stall,
        }
    }

    /// What an answer that is no file means.
    fn refused(&self, file: &HubFile, status: StatusCode) -> HubError {
        let (endpoint, status) = (self.shown(), status.as_u16());
        let HubFile {
            repo,
            file,
            revision,
        } = file.clone();
        match status {
            401 | 403 => HubError::Refused {
                endpoint,
                repo,
                file,
                status,
                with_token: self.authorization.is_some(),
            },
            404 => HubError::NotFound {
                endpoint,
                repo,
                file,
                revision,
            },
            _ => HubError::Status {
                endpoint,
                repo,
                file,
                status,
            },
        }
    }
}

impl Hub for HttpHub {
    fn get(&self, file: &HubFile, resume: Option<Resume<'_>>) -> Result<HubAnswer, HubError> {
        let mut response = self.runtime.block_on(self.send(file, resume))?;
        if response.status() == StatusCode::RANGE_NOT_SATISFIABLE && resume.is_some() {
            response = self.runtime.block_on(self.send(file, None))?;
        }
        let nonsense = |reason| HubError::Nonsense {
            endpoint: host(response.url()),
            reason,
        };
        let (from, total) = match response.status() {
            StatusCode::OK => (0, response.content_length()),
            StatusCode::PARTIAL_CONTENT => content_range(response.headers())
                .filter(|(from, _)| resume.is_some_and(|resume| resume.from == *from))
                .ok_or_else(|| nonsense("another part of the file than was asked for"))?,
            other => return Err(self.refused(file, other)),
        };
        let etag = strong_etag(response.headers());
        Ok(HubAnswer {
            from,
            total,
            etag,
            body: Box::new(Body {
                runtime: Arc::clone(&self.runtime),
                silent: self.silent(response.url()),
                stall: self.stall,
                response,
                here: Bytes::new(),
            }),
        })
    }
}

fn builder(stall: Duration) -> ClientBuilder {
    Client::builder()
        .connect_timeout(stall)
        .redirect(Policy::none())
        .http1_only()
        .user_agent(concat!("janet/", env!("CARGO_PKG_VERSION")))
}

/// The bytes of an answer, as they come.
struct Body {
    runtime: Arc<Runtime>,
    response: Response,
    here: Bytes,
    stall: Duration,
    silent: HubError,
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.here.is_empty() {
            // The limit is armed inside the runtime, whose timer it needs.
            let (response, stall) = (&mut self.response, self.stall);
            let next = self
                .runtime
                .block_on(async { timeout(stall, response.chunk()).await });
            match next {
                Ok(Ok(Some(bytes))) => self.here = bytes,
                Ok(Ok(None)) => return Ok(0),
                Ok(Err(error)) => return Err(io::Error::other(innermost(&error))),
                Err(_) => {
                    return Err(io::Error::new(io::ErrorKind::TimedOut, self.silent.clone()));
                }
            }
        }
        let some = buffer.len().min(self.here.len());
        self.here.copy_to_slice(&mut buffer[..some]);
        Ok(some)
    }
}

/// `Content-Range: bytes FROM-TO/TOTAL`.
fn content_range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let text = headers.get(header::CONTENT_RANGE)?.to_str().ok()?;
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (from, _) = range.split_once('-')?;
    Some((from.parse().ok()?, total.parse().ok()))
}

/// The entity tag, if the bytes behind it are always the same: of a weak one a rest must not be
/// asked for.
fn strong_etag(headers: &HeaderMap) -> Option<String> {
    let etag = headers.get(header::ETAG)?.to_str().ok()?;
    let is_strong = etag.len() > 2 && etag.starts_with('"') && etag.ends_with('"');
    is_strong.then(|| etag.to_owned())
}

/// Scheme, host and port: the rest of such an address may hold a signature.
fn host(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// The cause at the bottom: those above repeat the address.
fn innermost(error: &reqwest::Error) -> String {
    let mut error: &dyn std::error::Error = error;
    while let Some(cause) = error.source() {
        error = cause;
    }
    error.to_string()
}

#[cfg(test)]
#[path = "hub_test.rs"]
mod tests;
