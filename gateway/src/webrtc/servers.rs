//! Servers for ICE: where they are, the key to those that relay, and what clients are told of them.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use janet_protocol::IceServer as Told;
use rtc::crypto::{CryptoError, HmacAlgorithm, default_provider};
use tokio::net::lookup_host;
use tokio::time::timeout;

use crate::config::{ApiKey, IceKind, IceServer, Realtime, TurnKey};

/// Names are looked up within this, or the server is not asked.
const LOOKUP: Duration = Duration::from_secs(5);
/// How long a name and password hold that come from a shared secret: longer than anybody talks.
const HOLDS: Duration = Duration::from_secs(24 * 60 * 60);

/// A name and its password for a server that relays.
pub(crate) struct Credentials {
    pub(crate) username: String,
    pub(crate) password: ApiKey,
}

impl Credentials {
    /// Those of now.
    pub(crate) fn of(key: &TurnKey, now: SystemTime) -> Result<Self, CryptoError> {
        match key {
            TurnKey::Password { username, password } => Ok(Self {
                username: username.clone(),
                password: password.clone(),
            }),
            TurnKey::Shared { username, secret } => {
                let until = now.duration_since(UNIX_EPOCH).unwrap_or_default() + HOLDS;
                let username = match username.as_str() {
                    "" => until.as_secs().to_string(),
                    name => format!("{}:{name}", until.as_secs()),
                };
                let provider = default_provider()?;
                let secret = secret.0.as_bytes();
                let mut mac = provider.crypto().new_hmac(HmacAlgorithm::Sha1, secret)?;
                let mut tag = vec![0; mac.output_len()];
                mac.sign(&[username.as_bytes()], &mut tag)?;
                Ok(Self {
                    username,
                    password: ApiKey(BASE64_STANDARD.encode(tag)),
                })
            }
        }
    }
}

/// What a client is told, who finds its own way with it. Who came without a key of its own is told of
/// none to those that relay.
pub(crate) fn told(realtime: &Realtime, may_be_relayed: bool, now: SystemTime) -> Vec<Told> {
    let key = realtime.turn_key.as_ref().filter(|_| may_be_relayed);
    let key = key.and_then(|key| Credentials::of(key, now).ok());
    let tell = |server: &IceServer| {
        let urls = vec![server.to_string()];
        match (server.kind, &key) {
            (IceKind::Stun, _) => Some(Told {
                urls,
                username: None,
                credential: None,
            }),
            (_, Some(key)) => Some(Told {
                urls,
                username: Some(key.username.clone()),
                credential: Some(key.password.0.clone().into()),
            }),
            (_, None) => None,
        }
    };
    realtime.ice_servers.iter().filter_map(tell).collect()
}

/// Where a server is, the best address first; empty: nobody knows.
pub(crate) async fn resolve(server: &IceServer) -> Vec<SocketAddr> {
    let place = (server.host.as_str(), server.port);
    match timeout(LOOKUP, lookup_host(place)).await {
        Ok(Ok(addresses)) => addresses.collect(),
        Ok(Err(_)) | Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::IcePolicy;

    fn realtime(turn_key: TurnKey) -> Realtime {
        let server = |kind, over_tcp| IceServer {
            kind,
            host: "t.example".into(),
            port: 3478,
            over_tcp,
        };
        Realtime {
            ice_servers: vec![server(IceKind::Stun, false), server(IceKind::Turn, true)],
            turn_key: Some(turn_key),
            ice_policy: IcePolicy::All,
        }
    }

    #[test]
    fn a_shared_secret_makes_names_that_hold_for_a_day() {
        let secret = || ApiKey("north".into());
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
        let shared = |username: &str| TurnKey::Shared {
            username: username.into(),
            secret: secret(),
        };
        let named = Credentials::of(&shared("janet"), now).expect("HMAC");
        assert_eq!(named.username, "1086400:janet");
        // printf 1086400:janet | openssl dgst -sha1 -hmac north -binary | base64
        assert_eq!(named.password.0, "V+H9PprBfqJQIlqilQ7MeNIPZSc=");
        let nameless = Credentials::of(&shared(""), now).expect("HMAC");
        assert_eq!(nameless.username, "1086400");
    }

    #[test]
    fn a_client_that_stays_is_told_names_that_hold_from_then_on() {
        let key = TurnKey::Shared {
            username: "janet".into(),
            secret: ApiKey("north".into()),
        };
        let realtime = realtime(key);
        let credentials_at = |hours: u64| {
            let now = UNIX_EPOCH + Duration::from_secs(1_000_000 + hours * 60 * 60);
            let told = told(&realtime, true, now);
            let [_, turn] = &told[..] else {
                panic!("two servers");
            };
            let name = turn.username.clone().expect("a name");
            let (until, of) = name.split_once(':').expect("a time");
            assert_eq!(of, "janet");
            let until = Duration::from_secs(until.parse().expect("seconds"));
            assert_eq!(UNIX_EPOCH + until, now + HOLDS, "a day from now");
            let credential = turn.credential.clone().expect("a password");
            (until, credential.into_exposed())
        };
        // At the beginning, in the last hour of what was told then, and behind it.
        let all = [0, 23, 48].map(credentials_at);
        assert!(all[0].0 < all[1].0 && all[1].0 < all[2].0);
        assert!(all[0].1 != all[1].1 && all[1].1 != all[2].1);
    }

    #[test]
    fn clients_are_told_of_servers_that_relay_only_with_a_key() {
        let key = TurnKey::Password {
            username: "janet".into(),
            password: ApiKey("zanzibar".into()),
        };
        let told_to = |may| told(&realtime(key.clone()), may, SystemTime::now());
        let all = told_to(true);
        assert_eq!(all.len(), 2);
        assert_eq!(all[1].urls, ["turn:t.example:3478?transport=tcp"]);
        assert_eq!(all[1].username.as_deref(), Some("janet"));
        assert!(!format!("{all:?}").contains("zanzibar"));
        let few = told_to(false);
        assert_eq!(few.len(), 1);
        assert_eq!((&few[0].username, &few[0].credential), (&None, &None));
    }

    #[tokio::test]
    async fn an_address_needs_no_looking_up() {
        for (host, address) in [("127.0.0.1", "127.0.0.1:3478"), ("::1", "[::1]:3478")] {
            let server = IceServer {
                kind: IceKind::Stun,
                host: host.into(),
                port: 3478,
                over_tcp: false,
            };
            let address: SocketAddr = address.parse().expect("an address");
            assert_eq!(resolve(&server).await, [address]);
        }
    }
}
