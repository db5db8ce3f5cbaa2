//! The vault in a file that the operator takes along, under a password of its own.
//!
//! `"JanetRed" | version u16 | memory_kib u32 | passes u32 | lanes u32 | salt 16 | nonce 24 | ciphertext`,
//! little-endian. All that stands before the nonce is bound to the ciphertext. In it: how many items
//! (u32), the items one behind the other, and zeros up to a power of two.

use std::fmt;

use zeroize::Zeroizing;

use super::cipher::{self, Place, Sealed};
use super::items::{MOST_ITEMS, MOST_TOTAL};
use super::key::{Cost, Key, SALT_BYTES, random, scrub_stack, slow};
use super::record::Record;
use super::unlock::Fresh;
use super::vault::Red;
use super::word::MOST_BYTES;
use super::{RedError, schema};
use crate::desk::{Action, Consent, Receipt, subject_of};
use crate::red_thread::{Pass, SafeWordProof};

const MAGIC: &[u8; 8] = b"JanetRed";
const VERSION: u16 = 1;
const HEADER: usize = 8 + 2 + 12 + SALT_BYTES;
const NONCE: usize = 24;
const LEAST_PADDED: usize = 4096;
/// From here on zeros fill up to whole steps only.
const STEP: usize = 1 << 20;
/// A longer file is none of ours.
pub const MOST_EXPORT: usize = 4 << 20;

/// A file that may be an export.
#[derive(Clone)]
pub struct Package {
    header: Vec<u8>,
    salt: [u8; SALT_BYTES],
    cost: Cost,
    /// None if it cannot be one: the same work is done for nothing.
    sealed: Option<Sealed>,
}

/// An export that opened.
pub struct OpenPackage {
    plain: Zeroizing<Vec<u8>>,
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Items of names that were not there.
    pub added: usize,
    /// Items that were newer than ours of that name.
    pub replaced: usize,
    /// Items that were not: ours stayed.
    pub kept: usize,
}

impl fmt::Debug for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Package([private])")
    }
}

impl fmt::Debug for OpenPackage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpenPackage([private])")
    }
}

impl Package {
    /// Takes a file apart. What is wrong with it shows only when it does not open.
    pub fn read(file: &[u8]) -> Result<Self, RedError> {
        match Self::parse(file) {
            Some(package) => Ok(package),
            None => Ok(Self {
                header: Vec::new(),
                salt: random()?,
                cost: Cost::DEFAULT,
                sealed: None,
            }),
        }
    }

    fn parse(file: &[u8]) -> Option<Self> {
        if file.len() > MOST_EXPORT {
            return None;
        }
        let (header, rest) = file.split_at_checked(HEADER)?;
        let rest_of_header = header.strip_prefix(MAGIC)?;
        let (version, rest_of_header) = rest_of_header.split_first_chunk::<2>()?;
        let (costs, salt) = rest_of_header.split_first_chunk::<12>()?;
        let mut costs = costs
            .chunks_exact(4)
            .map(|bytes| u32::from_le_bytes(bytes.try_into().expect("four bytes")));
        let cost = Cost {
            memory_kib: costs.next()?,
            passes: costs.next()?,
            lanes: costs.next()?,
        };
        let (nonce, ciphertext) = rest.split_at_checked(NONCE)?;
        let ours = u16::from_le_bytes(*version) == VERSION && cost.is_sane();
        ours.then_some(Self {
            header: header.to_vec(),
            salt: salt.try_into().ok()?,
            cost,
            sealed: Some(Sealed {
                nonce: nonce.to_vec(),
                ciphertext: ciphertext.to_vec(),
            }),
        })
    }

    /// The slow step, and the answer whether it opens.
    pub fn derive(self, password: &str) -> Result<OpenPackage, RedError> {
        let password = if password.len() > MOST_BYTES {
            ""
        } else {
            password
        };
        let key = file_key(&slow(password, &self.salt, self.cost)?, &self.salt);
        let sealed = self.sealed.ok_or(RedError::Export)?;
        let plain = cipher::open(&key, Place::Export(&self.header), &sealed);
        scrub_stack();
        let package = OpenPackage {
            plain: plain.map_err(|_| RedError::Export)?,
        };
        package.records().ok_or(RedError::Export)?;
        Ok(package)
    }
}

impl OpenPackage {
    fn records(&self) -> Option<Vec<Record<'_>>> {
        let (count, mut rest) = self.plain.split_first_chunk::<4>()?;
        let count = usize::try_from(u32::from_le_bytes(*count)).ok()?;
        if count > MOST_ITEMS {
            return None;
        }
        let records = (0..count)
            .map(|_| Record::decode_from(&mut rest))
            .collect::<Option<Vec<_>>>()?;
        rest.iter().all(|byte| *byte == 0).then_some(records)
    }
}

impl Red {
    /// What a consent to an export of this vault is bound to.
    pub fn export_subject(&self) -> Result<[u8; 32], RedError> {
        let mut inner = self.lock_inner();
        let header = self.sql(schema::header(inner.whole(&self.path)?))?;
        let header = header.ok_or(RedError::Absent)?;
        Ok(subject_of(&[b"red export", &header.id]))
    }

    /// All secrets in one file that this password opens, with the receipt of the consent. Needs the vault
    /// unlocked, consent and the safe word proved for this; stubs and damaged items are left out.
    pub fn export(
        &self,
        pass: &Pass<'_>,
        consent: Consent,
        proof: SafeWordProof,
        password: &Fresh,
        now_ms: u64,
    ) -> Result<(Vec<u8>, Receipt), RedError> {
        if !proof.is_fresh(now_ms) {
            return Err(RedError::Stale);
        }
        let receipt = consent.spend(pass, &Action::Export, &self.export_subject()?)?;
        let inner = self.lock_inner();
        let contents = self.contents(&inner, &inner.keys()?)?;
        drop(inner);
        let records: Vec<_> = contents
            .items
            .iter()
            .map(|item| item.record())
            .filter(|record| record.value.is_some())
            .collect();
        let length = 4 + records.iter().map(Record::length).sum::<usize>();
        if length > 4 + MOST_TOTAL {
            return Err(RedError::TooMuch { limit: MOST_TOTAL });
        }
        let padded = match length {
            ..=STEP => length.next_power_of_two().max(LEAST_PADDED),
            _ => length.next_multiple_of(STEP),
        };
        let mut plain = Zeroizing::new(Vec::with_capacity(padded));
        plain.extend(u32::try_from(records.len()).expect("a few").to_le_bytes());
        for record in &records {
            record.encode_into(&mut plain);
        }
        plain.resize(padded, 0);
        let mut file = MAGIC.to_vec();
        file.extend(VERSION.to_le_bytes());
        let cost = password.cost;
        for number in [cost.memory_kib, cost.passes, cost.lanes] {
            file.extend(number.to_le_bytes());
        }
        file.extend(password.salt);
        let key = file_key(&password.key, &password.salt);
        let sealed = cipher::seal(&key, Place::Export(&file), plain)?;
        scrub_stack();
        file.extend(sealed.nonce);
        file.extend(sealed.ciphertext);
        Ok((file, receipt))
    }

    /// Merges an export into the unlocked vault, all of it or nothing: of two items with the same name the
    /// one that was put later stays, ours if both are as old.
    pub fn import(&self, _pass: &Pass<'_>, package: &OpenPackage) -> Result<Imported, RedError> {
        let mut inner = self.lock_inner();
        let keys = inner.keys()?;
        let contents = self.contents(&inner, &keys)?;
        let mut done = Imported::default();
        let mut chosen: Vec<Record<'_>> = Vec::new();
        for theirs in package.records().ok_or(RedError::Export)? {
            let ours = contents
                .position(theirs.name)
                .map(|at| contents.items[at].record());
            let count = match ours {
                None => &mut done.added,
                Some(ours) if ours.value.is_none() || ours.changed_ms < theirs.changed_ms => {
                    &mut done.replaced
                }
                Some(_) => {
                    done.kept += 1;
                    continue;
                }
            };
            // A file names nothing twice, unless somebody made it by hand.
            if chosen.iter().any(|other| other.name == theirs.name) {
                return Err(RedError::Export);
            }
            *count += 1;
            chosen.push(theirs);
        }
        self.put_all(&mut inner, &keys, &chosen)?;
        scrub_stack();
        Ok(done)
    }
}

/// What the password's key seals files with.
fn file_key(password: &Key, salt: &[u8; SALT_BYTES]) -> Key {
    password.derived(salt, "janet red file 1")
}

#[cfg(test)]
#[path = "export_test.rs"]
mod tests;
