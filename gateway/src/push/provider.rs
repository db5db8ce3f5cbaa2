//! As whom Apple is asked: a token signed with the developer's key (RFC 7519, ES256).
//!
//! Apple takes a token for an hour and no new one within twenty minutes of the last.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;

/// Another token is made once one is so old, in seconds.
const OLD_S: u64 = 50 * 60;
/// One that is younger is shown on, whatever is said of it, in seconds.
const YOUNG_S: u64 = 20 * 60;

/// The file holds no key that Apple gives out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotAKey;

/// The system gives no randomness to sign with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotSigned;

/// Signs, and keeps what was signed last.
pub(super) struct Provider {
    key: EcdsaKeyPair,
    random: SystemRandom,
    /// Of every token, encoded.
    header: String,
    team_id: String,
    shown: Option<Shown>,
}

struct Shown {
    token: String,
    /// When it was made, in seconds since 1970.
    made_s: u64,
}

impl Provider {
    /// From the text of a `.p8` file.
    pub(super) fn new(pem: &[u8], key_id: &str, team_id: &str) -> Result<Self, NotAKey> {
        let random = SystemRandom::new();
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem).map_err(|_| NotAKey)?;
        let pkcs8 = der.secret_pkcs8_der();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &random);
        Ok(Self {
            key: key.map_err(|_| NotAKey)?,
            random,
            header: encode(&json!({ "alg": "ES256", "kid": key_id })),
            team_id: team_id.to_owned(),
            shown: None,
        })
    }

    /// What to show at this moment, in seconds since 1970.
    pub(super) fn token(&mut self, now_s: u64) -> Result<String, NotSigned> {
        // A clock that was set back makes a token old as well: it is from the future.
        if let Some(shown) = &self.shown
            && shown.made_s.abs_diff(now_s) < OLD_S
        {
            return Ok(shown.token.clone());
        }
        let claims = encode(&json!({ "iss": self.team_id, "iat": now_s }));
        let signed = format!("{}.{claims}", self.header);
        let signature = self.key.sign(&self.random, signed.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signature.map_err(|_| NotSigned)?);
        let token = format!("{signed}.{signature}");
        self.shown = Some(Shown {
            token: token.clone(),
            made_s: now_s,
        });
        Ok(token)
    }

    /// Apple takes this token for too old: whether another will be shown.
    pub(super) fn expired(&mut self, token: &str, now_s: u64) -> bool {
        let Some(shown) = self.shown.as_ref().filter(|shown| shown.token == token) else {
            // There is another already.
            return true;
        };
        let may_go = shown.made_s.abs_diff(now_s) >= YOUNG_S;
        if may_go {
            self.shown = None;
        }
        may_go
    }
}

fn encode(value: &serde_json::Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[cfg(test)]
pub(super) mod tests {
    use ring::signature::{ECDSA_P256_SHA256_FIXED, KeyPair as _, UnparsedPublicKey};
    use serde_json::Value;

    use super::*;

    const NOW_S: u64 = 1_800_000_000;

    fn pem(der: &[u8]) -> String {
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
    }

    fn pkcs8() -> Vec<u8> {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let made = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new());
        made.expect("a key").as_ref().to_vec()
    }

    /// A file that is one, with a key of its own.
    pub(crate) fn key_file() -> String {
        pem(&pkcs8())
    }

    fn provider() -> Provider {
        let made = Provider::new(pem(&pkcs8()).as_bytes(), "KEY1234567", "TEAM123456");
        made.unwrap_or_else(|NotAKey| panic!("it is one"))
    }

    /// Header and claims of a token that this provider has signed.
    fn open(provider: &Provider, token: &str) -> (Value, Value) {
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, signature] = parts[..] else {
            panic!("{} parts", parts.len());
        };
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).expect("base64");
        let public = provider.key.public_key().as_ref();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public)
            .verify(format!("{header}.{claims}").as_bytes(), &bytes(signature))
            .expect("its signature");
        let value = |text: &str| serde_json::from_slice(&bytes(text)).expect("JSON");
        (value(header), value(claims))
    }

    #[test]
    fn a_token_says_who_and_when_and_is_signed() {
        let mut provider = provider();
        let token = provider.token(NOW_S).expect("signed");
        let (header, claims) = open(&provider, &token);
        assert_eq!(header, json!({ "alg": "ES256", "kid": "KEY1234567" }));
        assert_eq!(claims, json!({ "iss": "TEAM123456", "iat": NOW_S }));
    }

    #[test]
    fn a_token_is_shown_for_fifty_minutes_and_then_made_anew() {
        let mut provider = provider();
        let first = provider.token(NOW_S).expect("signed");
        for (now_s, is_first) in [
            (NOW_S + OLD_S - 1, true),
            (NOW_S - OLD_S + 1, true),
            (NOW_S + OLD_S, false),
        ] {
            let token = provider.token(now_s).expect("signed");
            assert_eq!(token == first, is_first, "{now_s}");
        }
        // The clock was set back by a day: that one is from the future.
        let back_s = NOW_S - 24 * 3600;
        let token = provider.token(back_s).expect("signed");
        assert_eq!(open(&provider, &token).1["iat"], back_s);
    }

    #[test]
    fn one_that_is_taken_for_too_old_is_made_anew_only_after_twenty_minutes() {
        let mut provider = provider();
        let first = provider.token(NOW_S).expect("signed");
        assert!(!provider.expired(&first, NOW_S + YOUNG_S - 1));
        assert_eq!(provider.token(NOW_S + YOUNG_S - 1), Ok(first.clone()));
        assert!(provider.expired(&first, NOW_S + YOUNG_S));
        let second = provider.token(NOW_S + YOUNG_S).expect("signed");
        assert_ne!(second, first);
        // Somebody else is still told of the first.
        assert!(provider.expired(&first, NOW_S + YOUNG_S + 1));
        assert_eq!(provider.token(NOW_S + YOUNG_S + 1), Ok(second));
    }

    #[test]
    fn a_file_as_apple_writes_it_is_a_key_and_others_are_none() {
        // Apple names the curve a second time, inside: ten bytes more than elsewhere.
        let der = pkcs8();
        let at = der.len() - 70;
        assert_eq!(der[at..at + 2], [0xa1, 0x44], "the public key follows");
        let parameters = [
            0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
        ];
        let mut apple = [&der[..at], &parameters, &der[at..]].concat();
        let added = parameters.len() as u8;
        // The lengths of what it stands in: the whole, the octets, the key.
        assert_eq!((apple[1], apple[2]), (0x81, 0x87));
        apple[2] += added;
        let octets = apple.windows(2).position(|two| two == [0x04, 0x6d]);
        let octets = octets.expect("an octet string of 109 bytes");
        apple[octets + 1] += added;
        assert_eq!(apple[octets + 2], 0x30);
        apple[octets + 3] += added;
        for good in [&der, &apple] {
            assert!(Provider::new(pem(good).as_bytes(), "k", "t").is_ok());
        }
        let p384 = {
            let algorithm = &ring::signature::ECDSA_P384_SHA384_FIXED_SIGNING;
            let made = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new());
            pem(made.expect("a key").as_ref())
        };
        for wrong in ["", "secret", &pem(&der[1..]), &p384] {
            assert!(
                Provider::new(wrong.as_bytes(), "k", "t").is_err(),
                "{wrong}"
            );
        }
    }
}
