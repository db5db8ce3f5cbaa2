//! Sealing and opening of small things.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

/// Bytes of a key.
pub(super) const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// A key; overwritten when dropped.
pub(super) struct Key(Zeroizing<[u8; KEY_BYTES]>);

/// What a sealed thing is. It cannot be opened as anything else.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// The proof in the database that a machine key belongs to it.
    Check,
    /// The key of this conversation of the operator's.
    Key([u8; 16]),
    /// The key of this conversation of a guest's: the hash of which guest.
    GuestsKey([u8; 16], [u8; 32]),
    /// A message: conversation, number, speaker.
    Message([u8; 16], u64, u8),
    /// A call: conversation, number.
    Call([u8; 16], u64),
    /// By what a conversation's client is rung.
    PushToken([u8; 16]),
    /// The key of this package under way.
    ParcelKey([u8; 16]),
    /// A chunk of a package: package, number.
    ParcelChunk([u8; 16], u32),
}

/// Sealed bytes and the number that they were sealed with.
#[derive(Clone)]
pub(super) struct Sealed {
    pub(super) nonce: Vec<u8>,
    pub(super) ciphertext: Vec<u8>,
}

/// The bytes were not sealed with this key for this place, or were changed.
#[derive(Debug)]
pub(super) struct NotOurs;

impl Key {
    pub(super) fn random() -> Result<Self, getrandom::Error> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        getrandom::fill(key.as_mut_slice())?;
        Ok(Self(key))
    }

    pub(super) fn from_slice(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.try_into().ok()?)))
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// Seals with a fresh random nonce; 192 bits never repeat by chance.
    pub(super) fn seal(&self, place: Place, plain: &[u8]) -> Result<Sealed, getrandom::Error> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce)?;
        let ciphertext = self
            .cipher()
            .encrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: plain,
                    aad: &place.bytes(),
                },
            )
            .expect("a text is shorter than 256 GiB, the cipher's only limit");
        Ok(Sealed {
            nonce: nonce.to_vec(),
            ciphertext,
        })
    }

    pub(super) fn open(&self, place: Place, sealed: &Sealed) -> Result<Vec<u8>, NotOurs> {
        let nonce: [u8; NONCE_BYTES] = sealed.nonce.as_slice().try_into().map_err(|_| NotOurs)?;
        let payload = Payload {
            msg: &sealed.ciphertext,
            aad: &place.bytes(),
        };
        self.cipher()
            .decrypt(&XNonce::from(nonce), payload)
            .map_err(|_| NotOurs)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&(*self.0).into())
    }
}

impl Place {
    fn bytes(self) -> Vec<u8> {
        match self {
            Self::Check => b"janet check 1".to_vec(),
            Self::Key(id) => [b"janet key 1".as_slice(), &id].concat(),
            Self::GuestsKey(id, owner) => [b"janet guest's key 1".as_slice(), &id, &owner].concat(),
            Self::Message(id, seq, role) => [
                b"janet message 1".as_slice(),
                &id,
                &seq.to_le_bytes(),
                &[role],
            ]
            .concat(),
            Self::Call(id, seq) => [b"janet call 1".as_slice(), &id, &seq.to_le_bytes()].concat(),
            Self::PushToken(id) => [b"janet push token 1".as_slice(), &id].concat(),
            Self::ParcelKey(id) => [b"janet parcel key 1".as_slice(), &id].concat(),
            Self::ParcelChunk(id, number) => [
                b"janet parcel chunk 1".as_slice(),
                &id,
                &number.to_le_bytes(),
            ]
            .concat(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_for_one_place_opens_nowhere_else() {
        let key = Key::random().expect("random numbers");
        let here = Place::Message([1; 16], 1, 0);
        let sealed = key.seal(here, b"words").expect("random numbers");
        assert_eq!(key.open(here, &sealed).expect("its own place"), b"words");
        for elsewhere in [
            Place::Check,
            Place::Key([1; 16]),
            Place::Message([2; 16], 1, 0),
            Place::Message([1; 16], 2, 0),
            Place::Message([1; 16], 1, 1),
            Place::Call([1; 16], 1),
            Place::PushToken([1; 16]),
            Place::ParcelKey([1; 16]),
            Place::ParcelChunk([1; 16], 1),
        ] {
            assert!(key.open(elsewhere, &sealed).is_err());
        }
        let other = Key::random().expect("random numbers");
        assert!(other.open(here, &sealed).is_err());
        for at in 0..sealed.ciphertext.len() {
            let mut changed = sealed.clone();
            changed.ciphertext[at] ^= 1;
            assert!(key.open(here, &changed).is_err());
        }
        let cut = Sealed {
            nonce: vec![0; 3],
            ciphertext: vec![],
        };
        assert!(key.open(here, &cut).is_err());
    }
}
