//! What a certificate is known by.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// SHA-256 of a certificate as DER. No secret: it is what a client should know beforehand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of this certificate.
    pub(crate) fn of(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }

    /// 64 lower-case digits, as programs compare it.
    pub(crate) fn hex(&self) -> String {
        hex(&self.0)
    }
}

/// Pairs with colons between, as browsers show it.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs: Vec<String> = self.0.iter().map(|byte| format!("{byte:02X}")).collect();
        f.write_str(&pairs.join(":"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_the_sha_256_in_both_forms() {
        let of_nothing = Fingerprint::of(b"");
        assert_eq!(
            of_nothing.hex(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        let shown = of_nothing.to_string();
        assert!(
            shown.starts_with("E3:B0:C4:42:98") && shown.ends_with(":55"),
            "{shown}"
        );
        assert_eq!(shown.len(), 32 * 3 - 1);
    }
}
