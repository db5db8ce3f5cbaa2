//! Apple's push service: one POST over HTTP/2 for each push.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use janet_protocol::{LeftMachine, Private};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Certificate, StatusCode};
use tokio::sync::Semaphore;
use tokio::time::{timeout, timeout_at};
use zeroize::Zeroizing;

use super::PushError;
use super::provider::{NotSigned, Provider};
use super::verdict::{self, Answer, Verdict};
use crate::config;
use crate::conversations::now_ms;
use crate::elsewhere::Left;

/// Until a connection stands.
const CONNECT: Duration = Duration::from_secs(5);
/// Until an answer is there, connection included.
const ANSWER: Duration = Duration::from_secs(10);
/// Pushes on their way at once; others wait.
const AT_ONCE: usize = 4;
/// Of an answer's body, as much is read; Apple's are a line long.
const LONGEST_BODY: usize = 4 << 10;

/// The service, asked as one developer for one app.
pub(super) struct Apns {
    http: reqwest::Client,
    url: String,
    headers: HeaderMap,
    sent: Left,
    /// Held while a token is signed, well under a millisecond.
    provider: Mutex<Provider>,
    places: Semaphore,
}

/// Why a phone was not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NotSent {
    /// There is no such phone (any more).
    Gone,
    /// No, with Apple's word for it.
    Refused(u16, Option<String>),
    /// No connection, or none that lasts.
    Unreachable,
    /// No answer in time. The phone may have been told.
    Late,
    /// Nothing could be signed.
    NotSigned,
}

/// How one try ended.
enum Tried {
    Answered(Answer, String),
    Lost,
    Late,
}

impl Apns {
    /// Reads the key and makes the client. Blocks on the disk.
    pub(super) fn new(config: &config::Apns) -> Result<Self, PushError> {
        let pem = std::fs::read(&config.key)
            .map(Zeroizing::new)
            .map_err(|source| PushError::Read {
                setting: "calls.apns_key",
                path: config.key.clone(),
                source,
            })?;
        let provider = Provider::new(&pem, &config.key_id, &config.team_id);
        let provider = provider.map_err(|_| PushError::NotAKey {
            path: config.key.clone(),
        })?;
        // Somebody may have installed one: any will do.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .redirect(Policy::none())
            .no_proxy()
            .https_only(true)
            .http2_prior_knowledge()
            .user_agent(concat!("janet/", env!("CARGO_PKG_VERSION")));
        if let Some(path) = &config.ca {
            let read = std::fs::read(path).map_err(|source| PushError::Read {
                setting: "calls.apns_ca",
                path: path.clone(),
                source,
            });
            let trusted = Certificate::from_pem_bundle(&read?).unwrap_or_default();
            if trusted.is_empty() {
                return Err(PushError::NoCertificate { path: path.clone() });
            }
            http = http.tls_certs_only(trusted);
        }
        Ok(Self {
            http: http.build()?,
            url: config.url.clone(),
            headers: headers(&config.topic),
            sent: Left::default(),
            provider: Mutex::new(provider),
            places: Semaphore::new(AT_ONCE),
        })
    }

    /// What went there since the start.
    pub(super) fn left(&self) -> LeftMachine {
        self.sent.told("push", &self.url)
    }

    /// Tells the phone of this token, until this moment at the latest.
    pub(super) async fn send(
        &self,
        token: &Private<String>,
        payload: &[u8],
        until: Instant,
    ) -> Result<(), NotSent> {
        let sending = async {
            let _place = self.places.acquire().await.map_err(|_| NotSent::Late)?;
            self.send_now(token, payload, until).await
        };
        let sent = timeout_at(until.into(), sending).await;
        sent.unwrap_or(Err(NotSent::Late))
    }

    async fn send_now(
        &self,
        token: &Private<String>,
        payload: &[u8],
        until: Instant,
    ) -> Result<(), NotSent> {
        let mut tries = 0;
        loop {
            tries += 1;
            let tried = self.attempt(token, payload).await;
            let (pause, why) = match tried.map_err(|NotSigned| NotSent::NotSigned)? {
                // It may have been told: a second push would ring it twice.
                Tried::Late => return Err(NotSent::Late),
                Tried::Lost => (verdict::PAUSE, NotSent::Unreachable),
                Tried::Answered(answer, shown) => {
                    let why = NotSent::Refused(answer.status, answer.reason.clone());
                    match answer.judge(SystemTime::now()) {
                        Verdict::Sent => return Ok(()),
                        Verdict::Gone => return Err(NotSent::Gone),
                        Verdict::Refused => return Err(why),
                        Verdict::Expired if self.provider().expired(&shown, now_s()) => {
                            (Duration::ZERO, why)
                        }
                        Verdict::Expired => return Err(why),
                        Verdict::Later(pause) => (pause, why),
                    }
                }
            };
            if tries == 2 || Instant::now() + pause >= until {
                return Err(why);
            }
            tokio::time::sleep(pause).await;
        }
    }

    async fn attempt(&self, token: &Private<String>, payload: &[u8]) -> Result<Tried, NotSigned> {
        let shown = self.provider().token(now_s())?;
        self.sent.goes(now_ms());
        let request = self
            .http
            .post(format!("{}/3/device/{}", self.url, token.expose()))
            .headers(self.headers.clone())
            .bearer_auth(&shown)
            .body(payload.to_vec());
        let answering = async {
            let mut response = request.send().await?;
            let mut body = Vec::new();
            if response.status() != StatusCode::OK {
                while let Some(chunk) = response.chunk().await? {
                    body.extend_from_slice(&chunk);
                    if body.len() > LONGEST_BODY {
                        break;
                    }
                }
            }
            let retry_after = response.headers().get(RETRY_AFTER);
            Ok::<_, reqwest::Error>(Answer {
                status: response.status().as_u16(),
                reason: verdict::reason(&body),
                retry_after: retry_after.and_then(|text| text.to_str().ok().map(str::to_owned)),
            })
        };
        Ok(match timeout(ANSWER, answering).await {
            Ok(Ok(answer)) => Tried::Answered(answer, shown),
            // Its text holds the address, and that the token.
            Ok(Err(_)) => Tried::Lost,
            Err(_) => Tried::Late,
        })
    }

    fn provider(&self) -> std::sync::MutexGuard<'_, Provider> {
        self.provider.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of every push: a ring, now or never.
fn headers(topic: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let fixed = [
        ("apns-push-type", "voip"),
        ("apns-priority", "10"),
        // Apple keeps none for a phone that is off: it would ring when nobody calls.
        ("apns-expiration", "0"),
    ];
    for (name, value) in fixed {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    let topic = HeaderValue::from_str(topic).expect("letters, digits, dots and dashes");
    headers.insert(HeaderName::from_static("apns-topic"), topic);
    headers
}

/// Seconds since 1970; 0 for a clock before that.
fn now_s() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::super::provider::tests::key_file;
    use super::*;

    #[test]
    fn what_is_wrong_with_a_file_is_told_with_its_setting() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("written");
            path
        };
        let missing = folder.path().join("missing");
        let (good, other) = (file("key.p8", &key_file()), file("other", "secret"));
        let with = |key: &std::path::Path, ca: Option<&std::path::Path>| {
            let config = config::Apns {
                key: key.to_owned(),
                key_id: "KEY1234567".to_owned(),
                team_id: "TEAM123456".to_owned(),
                topic: "com.example.janet.voip".to_owned(),
                url: "https://127.0.0.1:1".to_owned(),
                ca: ca.map(Into::into),
            };
            Apns::new(&config).err().map(|error| error.to_string())
        };
        let refused = [
            ("calls.apns_key", with(&missing, None)),
            ("calls.apns_key", with(&other, None)),
            ("calls.apns_ca", with(&good, Some(&missing))),
            ("calls.apns_ca", with(&good, Some(&other))),
        ];
        for (setting, error) in refused {
            let error = error.expect("refused");
            assert!(error.starts_with(&format!("`{setting}` = ")), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
        assert_eq!(with(&good, None), None);
    }
}
