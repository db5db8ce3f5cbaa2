//! SHA-256 of bytes on their way.

use std::io::{self, Read, Write};

use sha2::{Digest, Sha256};

use super::progress::Progress;

const BLOCK_BYTES: usize = 256 * 1024;

/// Which end of a copy failed.
#[derive(Debug)]
pub(super) enum CopyError {
    /// The source.
    Read(io::Error),
    /// The target: the disk is full, for instance.
    Write(io::Error),
}

impl CopyError {
    /// Where it does not matter which.
    pub(super) fn either(self) -> io::Error {
        match self {
            Self::Read(error) | Self::Write(error) => error,
        }
    }
}

/// A hash that grows while bytes pass.
#[derive(Default)]
pub(super) struct Hasher {
    hash: Sha256,
    bytes: u64,
}

impl Hasher {
    /// Reads `from` to its end, but at most to `limit` bytes in all, and writes it to `to`.
    pub(super) fn copy(
        &mut self,
        from: &mut dyn Read,
        to: &mut dyn Write,
        limit: u64,
        progress: &mut dyn Progress,
    ) -> Result<(), CopyError> {
        let mut block = vec![0; BLOCK_BYTES];
        while self.bytes < limit {
            let room = usize::try_from(limit - self.bytes)
                .unwrap_or(usize::MAX)
                .min(block.len());
            let read = match from.read(&mut block[..room]) {
                Ok(0) => break,
                Ok(read) => read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(CopyError::Read(e)),
            };
            to.write_all(&block[..read]).map_err(CopyError::Write)?;
            self.hash.update(&block[..read]);
            self.bytes += read as u64;
            progress.advance(read as u64);
        }
        Ok(())
    }

    /// How many bytes have passed.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Their hash in lower-case hexadecimal.
    pub(super) fn finish(self) -> String {
        self.hash
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::progress::Silent;
    use super::*;

    #[test]
    fn the_hash_is_sha_256_and_the_limit_holds() {
        let mut hasher = Hasher::default();
        let mut out = Vec::new();
        hasher
            .copy(&mut &b"abcdef"[..], &mut out, 3, &mut Silent)
            .expect("memory reads");
        assert_eq!((out.as_slice(), hasher.bytes()), (&b"abc"[..], 3));
        assert_eq!(
            hasher.finish(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
