//! The keys of an unlocked vault, and what they open.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::RedError;
use super::cipher::{self, Kind, NotOurs, Place};
use super::key::{KEY_BYTES, Key, random};
use super::record::Record;
use super::schema::{Header, Row};
use super::unlock::Fresh;
use crate::blue::{Blue, Secret};

/// All of them come from the private one; made for one call and overwritten after it.
pub(super) struct Keys {
    vault: [u8; 16],
    private: StaticSecret,
    public: PublicKey,
    data: Key,
}

/// An item that was opened.
pub(super) struct Opened {
    pub(super) row: Row,
    plain: Zeroizing<Vec<u8>>,
}

impl Opened {
    pub(super) fn record(&self) -> Record<'_> {
        Record::decode(&self.plain).expect("checked when it was opened")
    }
}

/// What a vault holds: of each name the newest item.
pub(super) struct Contents {
    /// In the order of their versions.
    pub(super) items: Vec<Opened>,
    /// Versions that a newer one of the same name has replaced.
    pub(super) replaced: Vec<u64>,
    /// Rows that do not open.
    pub(super) damaged: usize,
}

impl Contents {
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        let mut items = self.items.iter();
        items.position(|item| item.record().name == name)
    }
}

impl Keys {
    pub(super) fn new(vault: [u8; 16], private: &[u8; KEY_BYTES]) -> Self {
        let private = StaticSecret::from(*private);
        let own = Key::from_slice(private.as_bytes()).expect("both are 32 bytes long");
        Self {
            vault,
            public: PublicKey::from(&private),
            data: own.derived(&vault, "janet red items 1"),
            private,
        }
    }

    /// The private key as the word's key opens it; none if that is another word's, or was changed.
    pub(super) fn unwrapped(header: &Header, word: &Key) -> Option<Self> {
        let word = word.derived(&header.id, "janet red word 1");
        let plain = cipher::open(&word, header.place(), &header.private).ok()?;
        let keys = Self::new(header.id, plain.as_slice().try_into().ok()?);
        (keys.public == header.public).then_some(keys)
    }

    /// Keys of nobody, which open nothing: for who guessed wrong the same work is done.
    pub(super) fn of_nobody(vault: [u8; 16]) -> Result<Self, RedError> {
        Ok(Self::new(vault, Key::random()?.bytes()))
    }

    /// The header of this vault under a word's key.
    pub(super) fn wrapped(&self, word: &Fresh) -> Result<Header, RedError> {
        let mut header = Header {
            id: self.vault,
            cost: word.cost,
            salt: word.salt,
            public: self.public,
            private: cipher::Sealed {
                nonce: Vec::new(),
                ciphertext: Vec::new(),
            },
        };
        let key = word.key.derived(&self.vault, "janet red word 1");
        let plain = Zeroizing::new(self.private.as_bytes().to_vec());
        header.private = cipher::seal(&key, header.place(), plain)?;
        Ok(header)
    }

    /// Puts them where only an unlocked vault has them.
    pub(super) fn hold(&self, blue: &Blue) -> Result<Secret, RedError> {
        let mut both = Zeroizing::new(Vec::with_capacity(16 + KEY_BYTES));
        both.extend(self.vault);
        both.extend(self.private.as_bytes());
        Ok(blue.hold(&both)?)
    }

    /// And takes them from there; none once that was zeroed.
    pub(super) fn held(secret: &Secret) -> Option<Self> {
        secret
            .with(|both| {
                let (vault, private) = both.split_first_chunk::<16>()?;
                Some(Self::new(*vault, private.try_into().ok()?))
            })
            .ok()
            .flatten()
    }

    pub(super) fn open(&self, row: Row) -> Result<Opened, NotOurs> {
        let place = Place::Item(&self.vault, &row.id, row.version, row.kind);
        let plain = match row.kind {
            Kind::Kept => cipher::open(&self.data, place, &row.sealed),
            Kind::Sealed => cipher::open_with(&self.private, &self.public, place, &row.sealed),
        }?;
        Record::decode(&plain).ok_or(NotOurs)?;
        Ok(Opened { row, plain })
    }

    /// A row for an item, sealed under the vault's own key.
    pub(super) fn keep(&self, version: u64, record: &Record<'_>) -> Result<Row, RedError> {
        let id = random()?;
        let place = Place::Item(&self.vault, &id, version, Kind::Kept);
        Ok(Row {
            version,
            id,
            kind: Kind::Kept,
            sealed: cipher::seal(&self.data, place, record.encode())?,
        })
    }

    /// Opens everything. With keys of nobody, it takes as long and is all damaged.
    pub(super) fn contents(&self, rows: (Vec<Row>, usize)) -> Contents {
        let (rows, damaged) = rows;
        let mut contents = Contents {
            items: Vec::with_capacity(rows.len()),
            replaced: Vec::new(),
            damaged,
        };
        // Names by a hash that is another in each call, so that a thousand are not compared with each other.
        let hasher = RandomState::new();
        let mut seen = HashSet::new();
        // The newest first: it is the one that counts.
        for row in rows.into_iter().rev() {
            match self.open(row) {
                Ok(item) => {
                    let name = item.record().name;
                    if !seen.insert(hasher.hash_one(name)) && contents.position(name).is_some() {
                        contents.replaced.push(item.row.version);
                    } else {
                        contents.items.push(item);
                    }
                }
                Err(NotOurs) => contents.damaged += 1,
            }
        }
        contents.items.reverse();
        contents
    }

    /// What was sealed while the vault was locked becomes its own; the rows that have to be written.
    pub(super) fn settle<'c>(&self, contents: &'c mut Contents) -> Result<Vec<&'c Row>, RedError> {
        let mut rows = Vec::new();
        for item in &mut contents.items {
            if item.row.kind == Kind::Sealed {
                item.row = self.keep(item.row.version, &item.record())?;
                rows.push(&item.row);
            }
        }
        Ok(rows)
    }
}

/// Seals an item to a locked vault.
pub(super) fn seal_to(header: &Header, version: u64, record: &Record<'_>) -> Result<Row, RedError> {
    let id = random()?;
    let place = Place::Item(&header.id, &id, version, Kind::Sealed);
    Ok(Row {
        version,
        id,
        kind: Kind::Sealed,
        sealed: cipher::seal_to(&header.public, place, record.encode())?,
    })
}
