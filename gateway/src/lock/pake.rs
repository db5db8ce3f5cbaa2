//! Proves a short code without telling it, and that both sides see the same certificate.
//!
//! SPAKE2 over Ed25519, with the constants and hashes of python-spake2, so that clients in other
//! languages find an implementation. The client is side A, the server side B, and B's identity holds
//! the SHA-256 of the certificate: whoever stands in between with a certificate of their own leaves
//! the two with different keys. What the exchange gives is proved by an HMAC of each side.
//!
//! ```text
//!  client: start_a(code, A, B) ── X ──▶ server: start_b(code, A, B), key
//!          key                 ◀── Y ──
//!          HMAC(key, "… client") ─────▶ compared in constant time
//!          compared            ◀────── HMAC(key, "… server")
//! ```
//! One exchange tests one code, whatever is sent. Never sees a socket; keeps no state.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use spake2::rand_core::CryptoRng;
use spake2::{Ed25519Group, Identity, Password, Spake2, SysRng, UnwrapErr};
use zeroize::{Zeroize as _, Zeroizing};

use super::code::Code;
use super::fingerprint::Fingerprint;

/// Begins every label, so that no other use of a key can be taken for a pairing.
const LABEL: &str = "janet/pair/1";
/// Bytes of a message of the exchange: the side and a compressed point.
pub(crate) const MESSAGE_BYTES: usize = 33;
/// Bytes of a proof.
pub(crate) const PROOF_BYTES: usize = 32;

/// A proof that its sender has the exchange's key.
pub(crate) type Proof = [u8; PROOF_BYTES];

/// What came is no message of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "it is not a message of SPAKE2's side A: {MESSAGE_BYTES} bytes, an \"A\" and a point of Ed25519"
)]
pub(crate) struct Malformed;

/// What each side will prove. Worth as much as the key until the exchange is over.
pub(crate) struct Proofs {
    pub(crate) client: Proof,
    pub(crate) server: Proof,
}

impl Drop for Proofs {
    fn drop(&mut self) {
        self.client.zeroize();
        self.server.zeroize();
    }
}

impl std::fmt::Debug for Proofs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

/// The server's side: its message, and the proofs if the client's code and certificate are these.
pub(crate) fn answer(
    code: &Code,
    fingerprint: &Fingerprint,
    message: &[u8],
) -> Result<(Vec<u8>, Proofs), Malformed> {
    answer_with(UnwrapErr(SysRng), code, fingerprint, message)
}

fn answer_with(
    random: impl CryptoRng,
    code: &Code,
    fingerprint: &Fingerprint,
    message: &[u8],
) -> Result<(Vec<u8>, Proofs), Malformed> {
    let (a, b) = identities(fingerprint);
    let code = Password::new(code.as_str());
    let (side, reply) = Spake2::<Ed25519Group>::start_b_with_rng(&code, &a, &b, random);
    let key = Zeroizing::new(side.finish(message).map_err(|_| Malformed)?);
    Ok((reply, proofs(&key)))
}

/// Who talks to whom.
fn identities(fingerprint: &Fingerprint) -> (Identity, Identity) {
    let server = format!("{LABEL} server {}", fingerprint.hex());
    (
        Identity::new(format!("{LABEL} client").as_bytes()),
        Identity::new(server.as_bytes()),
    )
}

fn proofs(key: &[u8]) -> Proofs {
    let proof = |side: &str| -> Proof {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
        mac.update(format!("{LABEL} {side}").as_bytes());
        mac.finalize().into_bytes().into()
    };
    Proofs {
        client: proof("client"),
        server: proof("server"),
    }
}

#[cfg(test)]
pub(crate) mod client {
    //! The other side, for tests.

    use super::*;

    /// A client that has said its first word.
    pub(crate) struct Client {
        side: Spake2<Ed25519Group>,
        pub(crate) message: Vec<u8>,
    }

    impl Client {
        pub(crate) fn new(code: &str, fingerprint: &Fingerprint) -> Self {
            let (a, b) = identities(fingerprint);
            let (side, message) = Spake2::start_a(&Password::new(code), &a, &b);
            Self { side, message }
        }

        pub(crate) fn finish(self, reply: &[u8]) -> Proofs {
            proofs(&self.side.finish(reply).expect("a message of the server"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use spake2::rand_core::{TryCryptoRng, TryRng};

    use super::super::fingerprint::hex;
    use super::client::Client;
    use super::*;

    fn exchange(code: &str, seen: Fingerprint) -> (Proofs, Proofs) {
        let ours = Fingerprint::of(b"certificate");
        let client = Client::new(code, &seen);
        let (reply, server) =
            answer(&Code::new(1234_5678), &ours, &client.message).expect("well formed");
        assert_eq!(reply.len(), MESSAGE_BYTES);
        (client.finish(&reply), server)
    }

    /// "Randomness" that says the same bytes again and again.
    struct Fixed(u8);

    impl TryRng for Fixed {
        type Error = Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            unreachable!("a scalar is drawn as bytes")
        }

        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            unreachable!("a scalar is drawn as bytes")
        }

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
            bytes.fill(self.0);
            Ok(())
        }
    }

    impl TryCryptoRng for Fixed {}

    /// The vector was made by python-spake2 0.9 and Python's hmac, with the scalars that the bytes 0 to
    /// 63 and 64 times 7 give (little endian). The page's tests have the same.
    #[test]
    fn another_implementation_gives_the_same_messages_and_proofs() {
        const CLIENT: &str = "41d7e252ddf92c8dddf4ee130cb21d25bfe785f86a5562b36b91327808bfc448a3";
        let client: Vec<u8> = (0..CLIENT.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&CLIENT[at..at + 2], 16).expect("digits"))
            .collect();
        let ours = Fingerprint::of(b"certificate");
        let code = Code::new(1234_5678);
        let (reply, proofs) = answer_with(Fixed(7), &code, &ours, &client).expect("well formed");
        assert_eq!(
            hex(&reply),
            "42e30139b402c5d151e481dbed5259ebdc74cc6b8b8650ae4ca728360652242926"
        );
        assert_eq!(
            hex(&proofs.client),
            "9533121f6a0c24af487675e81b56a91dc29867d69f6d22fa29edf3fbbb087f02"
        );
        assert_eq!(
            hex(&proofs.server),
            "a9fd3bbcb9a18b9abfb9844f7495f094679764151abd6789aed0cde5c9c397b3"
        );
    }

    #[test]
    fn the_same_code_and_certificate_give_the_same_proofs() {
        let (client, server) = exchange("12345678", Fingerprint::of(b"certificate"));
        assert_eq!(client.client, server.client);
        assert_eq!(client.server, server.server);
        assert_ne!(client.client, client.server, "one is no echo of the other");
    }

    #[test]
    fn another_code_or_another_certificate_gives_others() {
        for (code, seen) in [
            ("12345679", &b"certificate"[..]),
            ("12345678", b"swapped certificate"),
        ] {
            let (client, server) = exchange(code, Fingerprint::of(seen));
            assert_ne!(client.client, server.client, "{code}");
            assert_ne!(client.server, server.server, "{code}");
        }
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let ours = Fingerprint::of(b"certificate");
        let good = Client::new("12345678", &ours).message;
        let mut other_side = good.clone();
        other_side[0] = b'B';
        // No point of the curve has this y.
        let mut no_point = vec![0xff; MESSAGE_BYTES];
        no_point[0] = b'A';
        no_point[1] = 2;
        no_point[MESSAGE_BYTES - 1] = 0x7f;
        let no_points = (0..=255_u8).map(|y| {
            let mut message = no_point.clone();
            message[1] = y;
            message
        });
        let code = Code::new(0);
        let refused = |message: &[u8]| answer(&code, &ours, message).is_err();
        assert!(!refused(&good));
        assert!(refused(b"") && refused(&good[..32]) && refused(&[&good[..], b"x"].concat()));
        assert!(refused(&other_side));
        assert!(no_points.filter(|message| refused(message)).count() > 64);
    }

    #[test]
    fn proofs_are_not_printed() {
        let (client, _) = exchange("12345678", Fingerprint::of(b"certificate"));
        assert_eq!(format!("{client:?}"), "[secret]");
    }
}
