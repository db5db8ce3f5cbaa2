//! How phones are rung that are not connected: the settings of Apple's push service.

use std::path::PathBuf;

use super::ConfigError;
use super::raw::Raw;
use super::resolve::{Check, path};
use crate::address;

/// Where apps from the App Store and from TestFlight are rung.
const PRODUCTION: &str = "https://api.push.apple.com";
/// Where apps are rung that were put on a phone by Xcode.
const DEVELOPMENT: &str = "https://api.sandbox.push.apple.com";
/// Behind the app's bundle id.
const VOIP: &str = ".voip";
/// Of a key and of a team.
const ID_CHARACTERS: usize = 10;

/// Apple's push service, and as whom it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Apns {
    /// The `.p8` file of the signing key. Read when Janet starts.
    pub key: PathBuf,
    /// What Apple calls that key.
    pub key_id: String,
    /// What Apple calls the developer.
    pub team_id: String,
    /// The app's bundle id with `.voip` behind it.
    pub topic: String,
    /// Where it is, without a slash at the end.
    pub url: String,
    /// A PEM file with the only certificates that are trusted; `None`: those of the system.
    pub ca: Option<PathBuf>,
}

impl Check<'_> {
    /// `calls.apns_…`; `None`: nobody is rung who is not connected.
    pub(super) fn apns(&self, raw: &Raw) -> Result<Option<Apns>, ConfigError> {
        let calls = &raw.calls;
        let url = match calls.apns_environment.as_str() {
            "production" => PRODUCTION,
            "development" => DEVELOPMENT,
            other => {
                let wanted = "production or development";
                return Err(self.out_of_range("calls.apns_environment", wanted, other));
            }
        };
        let url = match calls.apns_url.trim_end_matches('/') {
            "" => url,
            url => self.https_url("calls.apns_url", url)?,
        };
        let Some(key) = path(&calls.apns_key) else {
            return Ok(None);
        };
        Ok(Some(Apns {
            key,
            key_id: self.id("calls.apns_key_id", &calls.apns_key_id)?,
            team_id: self.id("calls.apns_team_id", &calls.apns_team_id)?,
            topic: self.topic("calls.apns_topic", &calls.apns_topic)?,
            url: url.to_owned(),
            ca: path(&calls.apns_ca),
        }))
    }

    fn id(&self, key: &'static str, text: &str) -> Result<String, ConfigError> {
        let is_part = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        if text.len() == ID_CHARACTERS && text.bytes().all(is_part) {
            return Ok(text.to_owned());
        }
        let wanted = format!("Apple's {ID_CHARACTERS} capital letters and digits");
        Err(self.out_of_range(key, &wanted, format!("{text:?}")))
    }

    fn topic(&self, key: &'static str, text: &str) -> Result<String, ConfigError> {
        let bundle = text.strip_suffix(VOIP).unwrap_or(text);
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
        let is_bundle = (1..=155).contains(&bundle.len()) && bundle.bytes().all(is_part);
        if is_bundle {
            return Ok(format!("{bundle}{VOIP}"));
        }
        let wanted = "the app's bundle id, such as com.example.janet";
        Err(self.out_of_range(key, wanted, format!("{text:?}")))
    }

    fn https_url<'a>(&self, key: &'static str, text: &'a str) -> Result<&'a str, ConfigError> {
        let is_fine = address::parse(text).is_some_and(|url| url.scheme() == "https");
        if is_fine {
            return Ok(text);
        }
        let wanted = "an address such as https://api.push.apple.com";
        Err(self.out_of_range(key, wanted, address::told(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::ConfigError;
    use super::super::tests::{load_with, machine};
    use super::Apns;

    const WHOLE: [(&str, &str); 4] = [
        ("calls.apns_key", "/keys/AuthKey_ABC1234567.p8"),
        ("calls.apns_key_id", "ABC1234567"),
        ("calls.apns_team_id", "TEAM123456"),
        ("calls.apns_topic", "com.example.janet"),
    ];

    fn with(changed: &[(&str, &str)]) -> Result<Option<Apns>, ConfigError> {
        let mut all: Vec<(&str, &str)> = WHOLE.to_vec();
        all.retain(|(key, _)| changed.iter().all(|(other, _)| other != key));
        all.extend(changed);
        let flags: Vec<_> = all
            .iter()
            .map(|(key, value)| ("--set", *key, *value))
            .collect();
        Ok(load_with(&flags, &[], machine(2, 8))?.0.apns)
    }

    #[test]
    fn without_a_key_nobody_is_rung_and_with_one_it_is_apple_who_is_asked() {
        assert_eq!(with(&[("calls.apns_key", "")]).expect("fine"), None);
        let apns = with(&[]).expect("fine").expect("a key");
        assert_eq!(apns.topic, "com.example.janet.voip");
        assert_eq!(apns.url, "https://api.push.apple.com");
        assert_eq!(apns.ca, None);
        let other = with(&[
            ("calls.apns_topic", "com.example.janet.voip"),
            ("calls.apns_environment", "development"),
        ]);
        let other = other.expect("fine").expect("a key");
        assert_eq!(other.topic, apns.topic);
        assert_eq!(other.url, "https://api.sandbox.push.apple.com");
        let relay = with(&[
            ("calls.apns_url", "https://127.0.0.1:8443/"),
            ("calls.apns_ca", "/keys/root.pem"),
        ]);
        let relay = relay.expect("fine").expect("a key");
        assert_eq!(relay.url, "https://127.0.0.1:8443");
        assert!(relay.ca.is_some());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (key, wrong) in [
            ("calls.apns_key_id", ""),
            ("calls.apns_key_id", "abc1234567"),
            ("calls.apns_key_id", "ABC12345678"),
            ("calls.apns_team_id", ""),
            ("calls.apns_team_id", "TEAM 12345"),
            ("calls.apns_topic", ""),
            ("calls.apns_topic", ".voip"),
            ("calls.apns_topic", "com.example/janet"),
            ("calls.apns_environment", "sandbox"),
            ("calls.apns_url", "http://api.push.apple.com"),
            ("calls.apns_url", "https://me:hush@127.0.0.1"),
            ("calls.apns_url", "api.push.apple.com"),
        ] {
            let error = with(&[(key, wrong)]).expect_err(wrong).to_string();
            assert!(error.contains(&format!("`{key}`")), "{error}");
            assert!(!error.contains("hush"), "{error}");
        }
    }
}
