//! From a word to a key: Argon2id (RFC 9106), then one key for each purpose (HKDF-SHA256).

use std::fmt;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

use super::RedError;
use super::word::normalized;

pub(super) const KEY_BYTES: usize = 32;
pub(super) const SALT_BYTES: usize = 16;

/// What one guess costs whoever guesses. Stored with what the key opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// How often all of it is gone through.
    pub passes: u32,
    /// How many threads can work on it at once.
    pub lanes: u32,
}

impl Cost {
    /// The second recommendation of RFC 9106: 64 MiB, three passes, four lanes.
    pub const DEFAULT: Self = Self {
        memory_kib: 64 * 1024,
        passes: 3,
        lanes: 4,
    };

    /// Whether it is worth trying. What a damaged or forged file says must not take the machine's
    /// memory, or hours.
    pub(super) const fn is_sane(self) -> bool {
        self.lanes >= 1
            && self.lanes <= 16
            && self.passes >= 1
            && self.passes <= 16
            && self.memory_kib >= 8 * self.lanes
            && self.memory_kib <= 1 << 20
    }
}

/// A key on the heap, where moving it leaves no copy behind. Overwritten when dropped.
pub(super) struct Key(Box<Zeroizing<[u8; KEY_BYTES]>>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key([private])")
    }
}

impl Key {
    fn empty() -> Self {
        Self(Box::new(Zeroizing::new([0; KEY_BYTES])))
    }

    pub(super) fn random() -> Result<Self, RedError> {
        let mut key = Self::empty();
        getrandom::fill(key.0.as_mut_slice()).map_err(RedError::Random)?;
        Ok(key)
    }

    pub(super) fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut key = Self::empty();
        if bytes.len() != KEY_BYTES {
            return None;
        }
        key.0.copy_from_slice(bytes);
        Some(key)
    }

    pub(super) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// Another key of this one: for a purpose, and for one thing (`salt`).
    pub(super) fn derived(&self, salt: &[u8], purpose: &'static str) -> Self {
        let mut key = Self::empty();
        Hkdf::<Sha256>::new(Some(salt), self.0.as_slice())
            .expand(purpose.as_bytes(), key.0.as_mut_slice())
            .expect("32 bytes are within what HKDF gives");
        key
    }
}

pub(super) fn random<const N: usize>() -> Result<[u8; N], RedError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(RedError::Random)?;
    Ok(bytes)
}

/// The slow step: 64 MiB, some hundred milliseconds, on several cores where there are some.
pub(super) fn slow(word: &str, salt: &[u8; SALT_BYTES], cost: Cost) -> Result<Key, RedError> {
    #[cfg(test)]
    RUNS.with(|runs| runs.set(runs.get() + 1));
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(KEY_BYTES));
    let params = params.expect("sane costs are within Argon2's limits");
    let no_memory = RedError::Memory {
        kib: cost.memory_kib,
    };
    // Ours and not the crate's own, which it gives back as it is.
    let mut memory = Zeroizing::new(Vec::new());
    if memory.try_reserve_exact(params.block_count()).is_err() {
        return Err(no_memory);
    }
    memory.resize(params.block_count(), Block::new());
    let word = normalized(word);
    let mut key = Key::empty();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(
            word.as_bytes(),
            salt,
            key.0.as_mut_slice(),
            memory.as_mut_slice(),
        )
        .expect("the word is short, and salt, memory and key have the lengths of the costs");
    scrub_stack();
    Ok(key)
}

/// Overwrites what the calls before have left on the stack below here: ciphers and hashes work there,
/// and not all of them clean up.
#[inline(never)]
pub(super) fn scrub_stack() {
    let mut below = [0xa5_u8; 32 << 10];
    std::hint::black_box(&mut below).zeroize();
}

#[cfg(test)]
thread_local! {
    /// How often the slow step ran in this thread.
    pub(super) static RUNS: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost {
        memory_kib: 64,
        passes: 1,
        lanes: 2,
    };

    #[test]
    fn word_salt_cost_and_purpose_all_make_another_key() {
        let key = |word: &str, salt, cost| slow(word, &[salt; SALT_BYTES], cost).expect("memory");
        let one = key("tulips7&", 1, CHEAP);
        assert_eq!(one.bytes(), key("tulips7&", 1, CHEAP).bytes());
        let more = Cost { passes: 2, ..CHEAP };
        for other in [
            key("tulips7&", 2, CHEAP),
            key("tulips7& ", 1, CHEAP),
            key("tulips7&", 1, more),
            one.derived(b"1", "purpose 1"),
            one.derived(b"2", "purpose 1"),
            one.derived(b"1", "purpose 2"),
        ] {
            assert_ne!(one.bytes(), other.bytes());
        }
        assert_ne!(
            one.derived(b"1", "purpose 1").bytes(),
            one.derived(b"1", "purpose 2").bytes()
        );
    }

    #[test]
    fn costs_that_make_no_sense_are_known() {
        assert!(Cost::DEFAULT.is_sane() && CHEAP.is_sane());
        for (memory_kib, passes, lanes) in [
            (0, 3, 4),
            (31, 3, 4),
            (64 * 1024, 0, 4),
            (64 * 1024, 17, 4),
            (64 * 1024, 3, 0),
            (64 * 1024, 3, 17),
            ((1 << 20) + 1, 3, 4),
            (u32::MAX, u32::MAX, u32::MAX),
        ] {
            let cost = Cost {
                memory_kib,
                passes,
                lanes,
            };
            assert!(!cost.is_sane(), "{cost:?}");
        }
        const {
            assert!(Cost::DEFAULT.memory_kib >= 64 << 10 && Cost::DEFAULT.passes >= 3);
            assert!(Cost::DEFAULT.lanes == 4);
        }
    }
}
