//! Pairing: how a device gets its key, by the code that `janet pair` shows.
//!
//! Nobody vouches for Janet's certificate yet when a device comes for the first time, so any is taken
//! that is shown, and the exchange is bound to it: it succeeds only with whoever knows the code *and* has
//! that certificate. From then on it is pinned.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use janet_protocol::{ClientMessage, Private, Role, ServerMessage};
use tokio::time::timeout;

use crate::pake::Side;
use crate::transport;
use crate::{Client, ConnectError, Ended, Event, Fingerprint, Hello, Next};

/// She answers at once.
const PATIENCE: Duration = Duration::from_secs(10);
/// Of a code.
const DIGITS: usize = 8;

/// The code that `janet pair` shows: eight digits, with or without spaces. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct PairCode(Private<String>);

/// What was given is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a code is eight digits, as `janet pair` shows it on Janet's own machine")]
pub struct NoPairCode;

impl FromStr for PairCode {
    type Err = NoPairCode;

    fn from_str(text: &str) -> Result<Self, NoPairCode> {
        let code: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let is_code = code.len() == DIGITS && code.bytes().all(|byte| byte.is_ascii_digit());
        is_code.then(|| Self(code.into())).ok_or(NoPairCode)
    }
}

impl fmt::Debug for PairCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a device has once it is paired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paired {
    /// What Janet calls the device.
    pub device_id: String,
    /// Its key, which nobody can tell a second time.
    pub key: Private<String>,
    /// What it may do.
    pub role: Role,
    /// Of the certificate that is to be pinned from now on.
    pub fingerprint: Fingerprint,
}

/// Why a device is not paired.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PairError {
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// She has ended it.
    #[error(transparent)]
    Ended(#[from] Ended),
    /// She does not take the device in: in her words.
    #[error("Janet refuses: {0}")]
    Refused(String),
    /// She lets us in as we are.
    #[error(
        "no key is needed here: Janet takes whoever comes from her own machine as the operator"
    )]
    NotNeeded,
    /// Whoever answers did not know the code.
    #[error("whoever answers there has not shown that it is Janet: it does not know the code")]
    NotJanet,
    /// What she says is no answer.
    #[error("what came is no answer to a pairing")]
    Confused,
    /// She says nothing.
    #[error("Janet did not answer within {} s", PATIENCE.as_secs())]
    Silence,
}

/// Pairs this device, under a name for people: with whoever shows this certificate, or, where none is
/// given, with whoever knows the code.
pub async fn pair(
    server: SocketAddr,
    expected: Option<Fingerprint>,
    code: &PairCode,
    name: &str,
) -> Result<Paired, PairError> {
    let way = transport::open(server, expected, None).await?;
    let seen = way.fingerprint().ok_or(PairError::Confused)?;
    let mut client = Client::begin(way, server, Hello::default());
    let paired = exchange(&mut client, code, name, seen).await;
    client.close().await;
    paired
}

async fn exchange(
    client: &mut Client,
    code: &PairCode,
    name: &str,
    seen: Fingerprint,
) -> Result<Paired, PairError> {
    match said(client).await? {
        // She tells a fingerprint as well, which anybody could.
        ServerMessage::PairWanted { .. } => {}
        ServerMessage::Connected { .. } => return Err(PairError::NotNeeded),
        _ => return Err(PairError::Confused),
    }
    let side = Side::begin(code.0.expose(), &seen);
    let (name, message) = (name.to_owned(), side.message);
    client.say(ClientMessage::PairStart { name, message }).await;
    let ServerMessage::PairChallenge { message } = said(client).await? else {
        return Err(PairError::Confused);
    };
    let key = bytes(&message).and_then(|answer| side.finish(&answer));
    let key = key.ok_or(PairError::Confused)?;
    let proof = key.proof().into();
    client.say(ClientMessage::PairFinish { proof }).await;
    let ServerMessage::Paired {
        device_id,
        key: device_key,
        role,
        proof,
    } = said(client).await?
    else {
        return Err(PairError::Confused);
    };
    let is_janet = bytes(proof.expose()).is_some_and(|proof| key.is_servers(&proof));
    is_janet
        .then_some(Paired {
            device_id,
            key: device_key,
            role,
            fingerprint: seen,
        })
        .ok_or(PairError::NotJanet)
}

/// What she says next; an error of hers is one.
async fn said(client: &mut Client) -> Result<ServerMessage, PairError> {
    let said = async {
        loop {
            if let Next::Event(Event::Said(message)) = client.next().await? {
                return Ok(*message);
            }
        }
    };
    match timeout(PATIENCE, said).await {
        Ok(Ok(ServerMessage::Error { message, .. })) => Err(PairError::Refused(message)),
        Ok(said) => said,
        Err(_) => Err(PairError::Silence),
    }
}

/// The bytes of hexadecimal digits.
pub(crate) fn bytes(digits: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let value = |digit: u8| char::from(digit).to_digit(16).map(|value| value as u8);
    let bytes = pairs.iter();
    let bytes = bytes.map(|[high, low]| Some(value(*high)? << 4 | value(*low)?));
    bytes.collect::<Option<_>>().filter(|_| rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_eight_digits_as_people_write_them_and_is_never_printed() {
        let code: PairCode = "1234 5678".parse().expect("as it is shown");
        assert_eq!("12345678".parse(), Ok(code.clone()));
        assert_eq!(" 12 34 56 78\n".parse(), Ok(code.clone()));
        assert_eq!(format!("{code:?}"), "[private]");
        for wrong in [
            "",
            "1234567",
            "123456789",
            "1234567x",
            "１２３４５６７８",
            "12345678 9",
        ] {
            assert_eq!(wrong.parse::<PairCode>(), Err(NoPairCode), "{wrong}");
        }
    }

    #[test]
    fn digits_are_bytes_or_nothing() {
        assert_eq!(bytes("00ffA0"), Some(vec![0, 0xff, 0xa0]));
        assert_eq!(bytes(""), Some(Vec::new()));
        for wrong in ["0", "0g", "é", "+1", "000"] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
    }
}
