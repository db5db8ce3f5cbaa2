//! How voice in real time finds its way through routers: servers for ICE (RFC 8445), and the key to those
//! that relay.

use std::fmt;

use super::{ApiKey, Check, ConfigError, Environment};
use crate::config::raw::Raw;

/// How voice in real time finds its way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Realtime {
    /// Asked for our public address, or to relay; clients are told of them.
    pub ice_servers: Vec<IceServer>,
    /// What servers that relay want to see; `None`: there are none of them.
    pub turn_key: Option<TurnKey>,
    /// Which ways may be taken.
    pub ice_policy: IcePolicy,
}

/// A server for ICE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IceServer {
    /// What it does.
    pub kind: IceKind,
    /// Its name or address; an IPv6 address without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Over TCP instead of UDP.
    pub over_tcp: bool,
}

/// What a server for ICE does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IceKind {
    /// Says how it sees us (RFC 8489).
    Stun,
    /// Relays, too (RFC 8656).
    Turn,
    /// The same over TLS.
    Turns,
}

/// What a server that relays wants to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TurnKey {
    /// A name and its password.
    Password {
        /// The name.
        username: String,
        /// The password.
        password: ApiKey,
    },
    /// A secret that it shares with us: from it come names and passwords that hold for a while
    /// (draft-uberti-behave-turn-rest-00).
    Shared {
        /// Part of each name; may be empty.
        username: String,
        /// The secret.
        secret: ApiKey,
    },
}

/// Which ways may be taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IcePolicy {
    /// Whichever works.
    #[default]
    All,
    /// Over a server that relays and no other: nobody learns our address.
    Relay,
}

impl fmt::Display for IceServer {
    /// Its URI (RFC 7064, RFC 7065).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            IceKind::Stun => "stun",
            IceKind::Turn => "turn",
            IceKind::Turns => "turns",
        };
        match self.host.contains(':') {
            true => write!(f, "{kind}:[{}]:{}", self.host, self.port)?,
            false => write!(f, "{kind}:{}:{}", self.host, self.port)?,
        }
        match (self.kind, self.over_tcp) {
            (IceKind::Turn, false) => f.write_str("?transport=udp"),
            (IceKind::Turn | IceKind::Turns, true) => f.write_str("?transport=tcp"),
            _ => Ok(()),
        }
    }
}

impl IceServer {
    /// Whether Janet herself can be relayed by it: over UDP, and in the clear, as voice is encrypted already.
    pub(crate) fn relays(&self) -> bool {
        self.kind == IceKind::Turn && !self.over_tcp
    }

    /// Reads a URI; `None`: it is none.
    fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        let kind = match kind.to_ascii_lowercase().as_str() {
            "stun" => IceKind::Stun,
            "turn" => IceKind::Turn,
            "turns" => IceKind::Turns,
            _ => return None,
        };
        let (place, over_tcp) = match (rest.split_once('?'), kind) {
            (None, _) => (rest, kind == IceKind::Turns),
            (Some(_), IceKind::Stun) => return None,
            (Some((place, "transport=udp")), _) => (place, false),
            (Some((place, "transport=tcp")), _) => (place, true),
            (Some(_), _) => return None,
        };
        let (host, port) = match place.strip_prefix('[') {
            Some(rest) => {
                let (host, behind) = rest.split_once(']')?;
                host.parse::<std::net::Ipv6Addr>().ok()?;
                match behind {
                    "" => (host, None),
                    _ => (host, Some(behind.strip_prefix(':')?)),
                }
            }
            None => match place.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (place, None),
            },
        };
        let port = match port {
            Some(port) => port.parse().ok().filter(|port| *port != 0)?,
            None if kind == IceKind::Turns => 5349,
            None => 3478,
        };
        let is_of_names = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
        let is_host = !host.is_empty() && host.len() <= 253 && host.chars().all(is_of_names);
        is_host.then(|| Self {
            kind,
            host: host.to_owned(),
            port,
            over_tcp,
        })
    }
}

impl Check<'_> {
    pub(super) fn realtime(
        &self,
        raw: &Raw,
        environment: &Environment,
    ) -> Result<Realtime, ConfigError> {
        const SERVERS: &str = "realtime.ice_servers";
        let realtime = &raw.realtime;
        let mut ice_servers = Vec::new();
        for (number, text) in (1..).zip(realtime.ice_servers.split(',').map(str::trim)) {
            if text.is_empty() {
                continue;
            }
            let server = IceServer::parse(text).ok_or_else(|| {
                let wanted = "stun:HOST:PORT or turn:HOST:PORT?transport=udp, with commas between \
                              (name and password have settings of their own)";
                // Somebody may have put name and password there, in whichever form.
                let found = format!("something else as number {number}");
                self.out_of_range(SERVERS, wanted, found)
            })?;
            ice_servers.push(server);
        }
        if ice_servers.len() > MOST_SERVERS {
            let wanted = format!("at most {MOST_SERVERS} servers");
            return Err(self.out_of_range(SERVERS, &wanted, ice_servers.len()));
        }
        let wants_key = ice_servers
            .iter()
            .any(|server| server.kind != IceKind::Stun);
        let turn_key = self.turn_key(raw, wants_key, environment)?;
        let ice_policy = match realtime.ice_policy.as_str() {
            "all" => IcePolicy::All,
            "relay" if ice_servers.iter().any(IceServer::relays) => IcePolicy::Relay,
            "relay" => {
                let wanted = "a server turn:HOST:PORT?transport=udp among them while \
                              `realtime.ice_policy` = relay";
                return Err(self.out_of_range(SERVERS, wanted, "none"));
            }
            other => return Err(self.out_of_range("realtime.ice_policy", "all or relay", other)),
        };
        Ok(Realtime {
            ice_servers,
            turn_key,
            ice_policy,
        })
    }

    fn turn_key(
        &self,
        raw: &Raw,
        is_wanted: bool,
        environment: &Environment,
    ) -> Result<Option<TurnKey>, ConfigError> {
        const PASSWORD: &str = "realtime.turn_password_env";
        const SECRET: &str = "realtime.turn_secret_env";
        let realtime = &raw.realtime;
        let username = realtime.turn_username.trim().to_owned();
        let password = self.api_key(PASSWORD, &realtime.turn_password_env, environment)?;
        let secret = self.api_key(SECRET, &realtime.turn_secret_env, environment)?;
        if username.contains(':') || username.len() > 128 {
            let wanted = "a name without a colon, of at most 128 bytes";
            // What is behind a colon may be the password.
            let found = "another one";
            return Err(self.out_of_range("realtime.turn_username", wanted, found));
        }
        match (password, secret) {
            (Some(_), Some(_)) => {
                let wanted = format!("empty while `{PASSWORD}` is set");
                Err(self.out_of_range(SECRET, &wanted, &realtime.turn_secret_env))
            }
            (Some(_), None) if username.is_empty() => {
                let wanted = format!("the name that belongs to `{PASSWORD}`");
                Err(self.out_of_range("realtime.turn_username", &wanted, "nothing"))
            }
            (Some(password), None) => Ok(Some(TurnKey::Password { username, password })),
            (None, Some(secret)) => Ok(Some(TurnKey::Shared { username, secret })),
            (None, None) if is_wanted => {
                let wanted = format!(
                    "the name of an environment variable with the password of `realtime.turn_username` \
                     (or `{SECRET}`, with the server's static-auth-secret), as a server relays"
                );
                Err(self.out_of_range(PASSWORD, &wanted, "nothing"))
            }
            (None, None) => Ok(None),
        }
    }
}

/// Each is asked in every call, and told to every client.
const MOST_SERVERS: usize = 8;

#[cfg(test)]
mod tests {
    use super::super::tests::{load_with, machine};
    use super::*;

    fn load(
        settings: &[(&'static str, &'static str)],
        variables: &[(&str, &str)],
    ) -> Result<Realtime, String> {
        let flags = settings.iter().map(|(key, value)| ("--set", *key, *value));
        let flags: Vec<_> = flags.collect();
        let loaded = load_with(&flags, variables, machine(2, 8));
        let loaded = loaded.map(|(config, _)| config.realtime);
        loaded.map_err(|error| error.to_string())
    }

    const PASSWORD: [(&str, &str); 1] = [("TURN_PASSWORD", "zanzibar")];

    #[test]
    fn servers_are_read_and_written_as_the_standards_have_them() {
        assert_eq!(load(&[], &[]), Ok(Realtime::default()));
        let rows = [
            ("stun:stun.example.org", "stun:stun.example.org:3478"),
            ("STUN:192.0.2.1:99", "stun:192.0.2.1:99"),
            ("stun:[2001:db8::1]:99", "stun:[2001:db8::1]:99"),
            ("turn:a.example", "turn:a.example:3478?transport=udp"),
            (
                "turn:a.example?transport=tcp",
                "turn:a.example:3478?transport=tcp",
            ),
            ("turns:a.example", "turns:a.example:5349?transport=tcp"),
        ];
        for (text, written) in rows {
            let server = IceServer::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(server.to_string(), written);
            assert_eq!(IceServer::parse(written), Some(server), "{written}");
        }
        for text in [
            "",
            "stun",
            "stun:",
            "http:a",
            "stun:a:0",
            "stun:a:b",
            "stun:a:70000",
            "stun://a",
            "stun:a?transport=udp",
            "turn:a?transport=sctp",
            "turn:u:p@a:1",
            "stun:[::1",
            "stun:[a]:1",
            "stun:a b",
        ] {
            assert_eq!(IceServer::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_server_that_relays_needs_a_key_that_is_never_shown() {
        let turn = ("realtime.ice_servers", "stun:s.example, turn:t.example");
        let name = ("realtime.turn_username", "janet");
        let env = ("realtime.turn_password_env", "TURN_PASSWORD");
        let secret = ("realtime.turn_secret_env", "TURN_PASSWORD");
        let realtime = load(&[turn, name, env], &PASSWORD).expect("all is there");
        assert_eq!(realtime.ice_servers.len(), 2);
        assert!(!format!("{realtime:?}").contains("zanzibar"));
        assert!(matches!(realtime.turn_key, Some(TurnKey::Password { .. })));
        let realtime = load(&[turn, secret], &PASSWORD).expect("all is there");
        assert!(matches!(realtime.turn_key, Some(TurnKey::Shared { .. })));
        let with_password = ("realtime.ice_servers", "turn:janet:zanzibar@t.example");
        for (settings, key) in [
            (&[turn][..], "turn_password_env"),
            (&[turn, env][..], "turn_username"),
            (&[turn, name, env, secret][..], "turn_secret_env"),
            (&[with_password, name, env][..], "ice_servers"),
            (
                &[("realtime.ice_servers", "turn:janet:zanzibar,x@t.example")][..],
                "ice_servers",
            ),
            (
                &[("realtime.ice_servers", "stun:a,turn:janet:zanzibar")][..],
                "ice_servers",
            ),
            (
                &[turn, ("realtime.turn_username", "janet:zanzibar"), env][..],
                "turn_username",
            ),
            (&[("realtime.ice_policy", "relay")][..], "ice_servers"),
            (&[("realtime.ice_policy", "some")][..], "ice_policy"),
            (&[("realtime.ice_servers", "stun:a b")][..], "ice_servers"),
            (
                &[turn, ("realtime.turn_username", "a:b"), env][..],
                "turn_username",
            ),
        ] {
            let error = load(settings, &PASSWORD).expect_err(key);
            assert!(error.contains(&format!("`realtime.{key}`")), "{error}");
            assert!(!error.contains("zanzibar"), "{error}");
        }
        let second = [("realtime.ice_servers", "stun:a, stun:b c")];
        let error = load(&second, &[]).expect_err("a space");
        assert!(error.contains("number 2"), "{error}");
        let many = ["stun:a"; MOST_SERVERS + 1].join(",").leak();
        assert!(load(&[("realtime.ice_servers", many)], &[]).is_err());
    }
}
