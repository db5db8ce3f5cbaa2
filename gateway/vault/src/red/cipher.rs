//! Sealing and opening: XChaCha20-Poly1305, each thing bound to what it is.

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::RedError;
use super::key::{Cost, KEY_BYTES, Key, SALT_BYTES, random};

const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// How an item was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Under the vault's own key, while it was unlocked.
    Kept,
    /// To the vault's public key, while it was locked.
    Sealed,
}

/// What a sealed thing is. It cannot be opened as anything else.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    /// The vault's private key: all that its row says in the clear is bound to it.
    PrivateKey(&'a [u8; 16], Cost, &'a [u8; SALT_BYTES], &'a PublicKey),
    /// An item: vault, item, version, how it was sealed.
    Item(&'a [u8; 16], &'a [u8; 16], u64, Kind),
    /// All of an export; its header.
    Export(&'a [u8]),
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

/// Seals in place, with a fresh random nonce: the plain bytes are gone when this returns.
pub(super) fn seal(
    key: &Key,
    place: Place<'_>,
    mut plain: Zeroizing<Vec<u8>>,
) -> Result<Sealed, RedError> {
    let nonce: [u8; NONCE_BYTES] = random()?;
    // Room for the tag first: what grows later is moved, and only ciphertext may be left behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(plain.len() + TAG_BYTES));
    bytes.append(&mut plain);
    cipher(key)
        .encrypt_in_place(&XNonce::from(nonce), &place.bytes(), &mut *bytes)
        .expect("it is shorter than 256 GiB, the cipher's only limit");
    Ok(Sealed {
        nonce: nonce.to_vec(),
        ciphertext: std::mem::take(&mut *bytes),
    })
}

pub(super) fn open(
    key: &Key,
    place: Place<'_>,
    sealed: &Sealed,
) -> Result<Zeroizing<Vec<u8>>, NotOurs> {
    open_bytes(key, place, &sealed.nonce, &sealed.ciphertext)
}

fn open_bytes(
    key: &Key,
    place: Place<'_>,
    nonce: &[u8],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, NotOurs> {
    let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| NotOurs)?;
    let mut bytes = Zeroizing::new(ciphertext.to_vec());
    cipher(key)
        .decrypt_in_place(&XNonce::from(nonce), &place.bytes(), &mut *bytes)
        .map_err(|_| NotOurs)?;
    Ok(bytes)
}

/// Seals so that only the private key opens it: a key pair for this once, whose public half stands in
/// front of the ciphertext. Says nothing of who did that.
pub(super) fn seal_to(
    public: &PublicKey,
    place: Place<'_>,
    plain: Zeroizing<Vec<u8>>,
) -> Result<Sealed, RedError> {
    let once = StaticSecret::from(*Key::random()?.bytes());
    let once_public = PublicKey::from(&once);
    let key = agreed(&once, public, &once_public, public).ok_or(RedError::Refused)?;
    let mut sealed = seal(&key, place, plain)?;
    sealed
        .ciphertext
        .splice(0..0, once_public.as_bytes().iter().copied());
    Ok(sealed)
}

pub(super) fn open_with(
    private: &StaticSecret,
    public: &PublicKey,
    place: Place<'_>,
    sealed: &Sealed,
) -> Result<Zeroizing<Vec<u8>>, NotOurs> {
    let (once, ciphertext) = sealed
        .ciphertext
        .split_first_chunk::<KEY_BYTES>()
        .ok_or(NotOurs)?;
    let once = PublicKey::from(*once);
    let key = agreed(private, &once, &once, public).ok_or(NotOurs)?;
    open_bytes(&key, place, &sealed.nonce, ciphertext)
}

/// The key that both ends come to; none for a public key that makes it the same for everybody.
fn agreed(
    secret: &StaticSecret,
    theirs: &PublicKey,
    once: &PublicKey,
    vault: &PublicKey,
) -> Option<Key> {
    let shared = secret.diffie_hellman(theirs);
    let both = [once.as_bytes().as_slice(), vault.as_bytes()].concat();
    shared
        .was_contributory()
        .then(|| Key::from_slice(shared.as_bytes()))
        .flatten()
        .map(|key| key.derived(&both, "janet red sealed 1"))
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.bytes().into())
}

impl Kind {
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Kept => 1,
            Self::Sealed => 2,
        }
    }

    pub(super) const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Kept),
            2 => Some(Self::Sealed),
            _ => None,
        }
    }
}

impl Place<'_> {
    fn bytes(self) -> Vec<u8> {
        match self {
            Self::PrivateKey(vault, cost, salt, public) => [
                b"janet red key 1".as_slice(),
                vault,
                &cost.memory_kib.to_le_bytes(),
                &cost.passes.to_le_bytes(),
                &cost.lanes.to_le_bytes(),
                salt,
                public.as_bytes(),
            ]
            .concat(),
            Self::Item(vault, item, version, kind) => [
                b"janet red item 1".as_slice(),
                vault,
                item,
                &version.to_le_bytes(),
                &[kind.code()],
            ]
            .concat(),
            Self::Export(header) => [b"janet red export 1".as_slice(), header].concat(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> Zeroizing<Vec<u8>> {
        Zeroizing::new(b"words".to_vec())
    }

    #[test]
    fn what_is_sealed_for_one_place_opens_nowhere_else() {
        let key = Key::random().expect("random numbers");
        let private = StaticSecret::from([7; 32]);
        let (public, other) = (PublicKey::from(&private), PublicKey::from([9; 32]));
        let cheap = Cost {
            memory_kib: 64,
            ..Cost::DEFAULT
        };
        let places = [
            Place::PrivateKey(&[1; 16], Cost::DEFAULT, &[1; 16], &public),
            Place::PrivateKey(&[2; 16], Cost::DEFAULT, &[1; 16], &public),
            Place::PrivateKey(&[1; 16], cheap, &[1; 16], &public),
            Place::PrivateKey(&[1; 16], Cost::DEFAULT, &[2; 16], &public),
            Place::PrivateKey(&[1; 16], Cost::DEFAULT, &[1; 16], &other),
            Place::Item(&[1; 16], &[1; 16], 1, Kind::Kept),
            Place::Item(&[2; 16], &[1; 16], 1, Kind::Kept),
            Place::Item(&[1; 16], &[2; 16], 1, Kind::Kept),
            Place::Item(&[1; 16], &[1; 16], 2, Kind::Kept),
            Place::Item(&[1; 16], &[1; 16], 1, Kind::Sealed),
            Place::Export(b"one"),
            Place::Export(b"two"),
        ];
        for (at, here) in places.into_iter().enumerate() {
            let sealed = seal(&key, here, plain()).expect("random numbers");
            let boxed = seal_to(&public, here, plain()).expect("random numbers");
            for (elsewhere, place) in places.into_iter().enumerate() {
                let opened = open(&key, place, &sealed).ok();
                assert_eq!(opened, (at == elsewhere).then(plain));
                let opened = open_with(&private, &public, place, &boxed).ok();
                assert_eq!(opened, (at == elsewhere).then(plain));
            }
        }
    }

    #[test]
    fn no_changed_byte_opens() {
        let key = Key::random().expect("random numbers");
        let private = StaticSecret::from([7; 32]);
        let public = PublicKey::from(&private);
        let place = Place::Export(b"here");
        let sealed = seal(&key, place, plain()).expect("random numbers");
        let boxed = seal_to(&public, place, plain()).expect("random numbers");
        for bit in [0x01, 0x80] {
            for at in 0..boxed.ciphertext.len() {
                let mut changed = boxed.clone();
                changed.ciphertext[at] ^= bit;
                assert!(
                    open_with(&private, &public, place, &changed).is_err(),
                    "{at}"
                );
                let mut changed = sealed.clone();
                if let Some(byte) = changed.ciphertext.get_mut(at) {
                    *byte ^= bit;
                    assert!(open(&key, place, &changed).is_err(), "{at}");
                }
            }
            for at in 0..NONCE_BYTES {
                let mut changed = sealed.clone();
                changed.nonce[at] ^= bit;
                assert!(open(&key, place, &changed).is_err(), "{at}");
            }
        }
        for cut in 0..boxed.ciphertext.len() {
            let short = Sealed {
                nonce: boxed.nonce.clone(),
                ciphertext: boxed.ciphertext[..cut].to_vec(),
            };
            assert!(open_with(&private, &public, place, &short).is_err());
            assert!(open(&key, place, &short).is_err());
        }
        let other = StaticSecret::from([8; 32]);
        assert!(open_with(&other, &public, place, &boxed).is_err());
    }

    #[test]
    fn a_public_key_that_makes_everybody_agree_is_refused() {
        // A point of small order: the shared secret would be zero whoever asks.
        let weak = PublicKey::from([0; 32]);
        assert!(seal_to(&weak, Place::Export(b"here"), plain()).is_err());
    }
}
