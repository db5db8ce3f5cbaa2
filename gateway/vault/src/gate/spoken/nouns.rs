//! The words that announce a secret.

use std::ops::Range;

use crate::gate::text::Text;

/// What the value behind a noun looks like.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Any words: a password.
    Phrase,
    /// Any words, even many, and always meant as a secret: a passphrase, the safe word.
    Motto,
    /// Digits, perhaps with letters among them: a door code.
    Code,
    /// Digits: a PIN, a card's number.
    Digits,
    /// One string that nobody would say: an API key.
    Token,
}

impl Kind {
    pub(super) fn has_digits(self) -> bool {
        matches!(self, Self::Code | Self::Digits)
    }
}

/// A noun where it stands.
pub(super) struct Noun {
    pub(super) kind: Kind,
    pub(super) words: Range<usize>,
    /// Whether it is somebody's: "my password", not "the password".
    pub(super) own: bool,
}

/// The noun that begins with this word.
pub(super) fn at(text: &Text<'_>, index: usize) -> Option<Noun> {
    let word = |offset: usize| {
        // A name of several words may be written in one: `api_key`, "pass-word".
        let joined = offset == 0
            || text.words.get(index + offset).is_some()
                && matches!(text.gap(index + offset), " " | "_" | "-" | "  ");
        if joined {
            text.word(index + offset)
        } else {
            ""
        }
    };
    let (kind, words) = match (word(0), word(1), word(2)) {
        ("pass", "word", _) => (Kind::Phrase, 2),
        ("pass", "phrase", _) => (Kind::Motto, 2),
        ("pass", "code", _) => (Kind::Phrase, 2),
        ("pwd" | "passwort" | "passcode", ..) => (Kind::Phrase, 1),
        ("wifi" | "network" | "wlan", "key", _) => (Kind::Phrase, 2),
        ("wi", "fi", "key") => (Kind::Phrase, 3),
        ("passphrase" | "safeword", ..) => (Kind::Motto, 1),
        ("safe" | "secret" | "code" | "magic", "word", _) => (Kind::Motto, 2),
        ("secret" | "seed" | "recovery" | "backup", "phrase", _) => (Kind::Motto, 2),
        ("seed", "words", _) => (Kind::Motto, 2),
        ("pin", "code" | "number", _) => (Kind::Digits, 2),
        ("pin" | "cvv" | "cvc" | "cvv2" | "ssn" | "combination", ..) => (Kind::Digits, 1),
        ("social", "security", "number") => (Kind::Digits, 3),
        ("social", "security", _) => (Kind::Digits, 2),
        ("credit" | "debit" | "bank", "card", "number") => (Kind::Digits, 3),
        ("credit" | "debit", "card", _) => (Kind::Digits, 2),
        ("card" | "account" | "routing", "number", _) => (Kind::Digits, 2),
        ("passport" | "license" | "licence", "number", _) => (Kind::Code, 2),
        ("one", "time", "code" | "password") => (Kind::Code, 3),
        ("otp", ..) => (Kind::Code, 1),
        (
            "door" | "alarm" | "gate" | "entry" | "entrance" | "security" | "verification"
            | "unlock" | "lock" | "garage" | "keypad" | "safe" | "login" | "activation"
            | "recovery" | "backup" | "authentication" | "auth" | "confirmation" | "secret"
            | "access" | "building" | "2fa",
            "code",
            _,
        ) => (Kind::Code, 2),
        ("api" | "secret" | "access" | "private" | "encryption" | "signing", "key", _)
        | ("license" | "licence" | "product", "key", _)
        | ("api" | "client" | "app" | "shared", "secret", _)
        | ("api" | "auth" | "access" | "refresh" | "bearer" | "secret", "token", _) => {
            (Kind::Token, 2)
        }
        ("token" | "apikey" | "secret" | "secretkey" | "accesskey" | "accesstoken", ..)
        | ("authtoken" | "clientsecret" | "credential" | "credentials" | "privatekey", ..) => {
            (Kind::Token, 1)
        }
        (name, ..) if name.ends_with("password") || name.ends_with("passwd") => (Kind::Phrase, 1),
        _ => return None,
    };
    let own = kind == Kind::Motto
        || (index.saturating_sub(4)..index)
            .rev()
            .take_while(|before| !text.breaks(before + 1))
            .any(|before| matches!(text.word(before), "my" | "our" | "his" | "her" | "their"));
    Some(Noun {
        kind,
        words: index..index + words,
        own,
    })
}
