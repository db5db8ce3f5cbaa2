//! The client's half of the proof that a code is known: SPAKE2 over Ed25519, side A, with the constants
//! and hashes of python-spake2, as [`ClientMessage::PairStart`](janet_protocol::ClientMessage) says.
//!
//! The server's identity holds the fingerprint of its certificate, so that whoever stands in between with
//! another certificate gets neither the code nor the key. One exchange tests one code. Never sees a socket.

use hmac::{Hmac, KeyInit as _, Mac as _};
use janet_protocol::{PAIR_MESSAGE_BYTES, PAIR_PROOF_BYTES};
use sha2::Sha256;
use spake2::rand_core::CryptoRng;
use spake2::{Ed25519Group, Identity, Password, Spake2, SysRng, UnwrapErr};
use zeroize::Zeroizing;

use crate::Fingerprint;

/// Begins every label.
const LABEL: &str = "janet/pair/1";

/// An exchange that has begun.
pub(crate) struct Side {
    side: Spake2<Ed25519Group>,
    /// What the server is told first.
    pub(crate) message: [u8; PAIR_MESSAGE_BYTES],
}

/// What both have if both knew the code and saw the same certificate.
pub(crate) struct Key(Zeroizing<Vec<u8>>);

impl Side {
    /// Begins with this code and the certificate that was seen.
    pub(crate) fn begin(code: &str, seen: &Fingerprint) -> Self {
        Self::begin_with(UnwrapErr(SysRng), code, seen)
    }

    fn begin_with(random: impl CryptoRng, code: &str, seen: &Fingerprint) -> Self {
        let client = Identity::new(format!("{LABEL} client").as_bytes());
        let server = Identity::new(format!("{LABEL} server {}", seen.hex()).as_bytes());
        let code = Password::new(code);
        let (side, message) = Spake2::start_a_with_rng(&code, &client, &server, random);
        let message = message.try_into().expect("a side and a point");
        Self { side, message }
    }

    /// The key, if the answer is a message of side B.
    pub(crate) fn finish(self, answer: &[u8]) -> Option<Key> {
        let key = self.side.finish(answer).ok()?;
        Some(Key(Zeroizing::new(key)))
    }
}

impl Key {
    /// Shows the server that we have it.
    pub(crate) fn proof(&self) -> [u8; PAIR_PROOF_BYTES] {
        self.mac("client").finalize().into_bytes().into()
    }

    /// Whether this shows that the server has it; compared in constant time.
    pub(crate) fn is_servers(&self, proof: &[u8]) -> bool {
        self.mac("server").verify_slice(proof).is_ok()
    }

    fn mac(&self, side: &str) -> Hmac<Sha256> {
        let key = Hmac::<Sha256>::new_from_slice(&self.0);
        let mut mac = key.expect("HMAC takes keys of every length");
        mac.update(format!("{LABEL} {side}").as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use spake2::rand_core::{TryCryptoRng, TryRng};

    use super::*;
    use crate::pairing::bytes;

    /// "Randomness" that counts.
    struct Counting;

    impl TryRng for Counting {
        type Error = Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            unreachable!("a scalar is drawn as bytes")
        }

        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            unreachable!("a scalar is drawn as bytes")
        }

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
            for (byte, value) in bytes.iter_mut().zip(0..) {
                *byte = value;
            }
            Ok(())
        }
    }

    impl TryCryptoRng for Counting {}

    /// The vector of python-spake2 0.9 and Python's hmac that the server's tests and the page's have, too.
    #[test]
    fn another_implementation_gives_the_same_messages_and_proofs() {
        let seen = Fingerprint::of(b"certificate");
        let side = Side::begin_with(Counting, "12345678", &seen);
        let message = "41d7e252ddf92c8dddf4ee130cb21d25bfe785f86a5562b36b91327808bfc448a3";
        assert_eq!(bytes(message), Some(side.message.to_vec()));
        let answer = "42e30139b402c5d151e481dbed5259ebdc74cc6b8b8650ae4ca728360652242926";
        let key = side.finish(&bytes(answer).expect("digits"));
        let key = key.expect("a message of side B");
        let ours = "9533121f6a0c24af487675e81b56a91dc29867d69f6d22fa29edf3fbbb087f02";
        assert_eq!(bytes(ours), Some(key.proof().to_vec()));
        let theirs = "a9fd3bbcb9a18b9abfb9844f7495f094679764151abd6789aed0cde5c9c397b3";
        let theirs = bytes(theirs).expect("digits");
        assert!(key.is_servers(&theirs));
        assert!(!key.is_servers(&key.proof()), "our own is no answer");
        assert!(!key.is_servers(&theirs[1..]) && !key.is_servers(&[]));
    }

    #[test]
    fn what_is_no_message_of_the_other_side_gives_no_key() {
        let seen = Fingerprint::of(b"certificate");
        let ours = Side::begin("12345678", &seen).message;
        for wrong in [&[][..], &[0x42; 7], &ours] {
            let side = Side::begin("12345678", &seen);
            assert!(side.finish(wrong).is_none(), "{wrong:?}");
        }
    }
}
