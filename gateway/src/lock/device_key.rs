//! The key that a paired device shows: it has it, we have its hash.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};
use zeroize::Zeroizing;

const KEY_BYTES: usize = 32;

/// 256 random bits. Leaves the process once, in `paired`.
pub(crate) struct DeviceKey(Zeroizing<[u8; KEY_BYTES]>);

impl DeviceKey {
    /// A new one.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        getrandom::fill(bytes.as_mut_slice())?;
        Ok(Self(bytes))
    }

    /// As a client writes it: base64 in the alphabet of URLs, without padding, which is a token of
    /// HTTP, too. `None`: it is no key at all.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        Some(Self(Zeroizing::new(bytes.as_slice().try_into().ok()?)))
    }

    /// The same form.
    pub(crate) fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(URL_SAFE_NO_PAD.encode(self.0.as_slice()))
    }

    /// What is kept of it. A fast hash is enough: nobody guesses 256 random bits.
    pub(crate) fn hash(&self) -> KeyHash {
        let digest: [u8; 32] = Sha256::digest(self.0.as_slice()).into();
        KeyHash(super::fingerprint::hex(&digest))
    }
}

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// SHA-256 of a key, in hexadecimal digits.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct KeyHash(String);

impl KeyHash {
    /// Whether both are of the same key, in a time that does not depend on where they differ.
    pub(crate) fn is(&self, other: &Self) -> Choice {
        self.0.as_bytes().ct_eq(other.0.as_bytes())
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hash]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_back_from_its_text_and_only_from_that() {
        let key = DeviceKey::random().expect("randomness");
        let text = key.text();
        assert_eq!(text.len(), 43);
        assert!(
            text.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        );
        let again = DeviceKey::parse(&text).expect("its text");
        assert!(bool::from(again.hash().is(&key.hash())));
        for wrong in [
            "",
            "none",
            &text[1..],
            &format!("{}=", *text),
            &format!("{}A", *text),
        ] {
            assert!(DeviceKey::parse(wrong).is_none(), "{wrong}");
        }
        let other = DeviceKey::random().expect("randomness");
        assert!(!bool::from(other.hash().is(&key.hash())));
    }

    #[test]
    fn nothing_of_it_is_printed() {
        let key = DeviceKey::random().expect("randomness");
        let text = format!("{key:?} {:?}", key.hash());
        assert_eq!(text, "[secret] [hash]");
    }
}
