//! An item in the clear: what is sealed of it, and how much it may be.
//!
//! `version u8 | changed_ms u64 | name | tags | value`, each text behind its length; little-endian.
//! Zeros fill it up to a power of two, so that its length on disk tells little of the secret's.

use zeroize::Zeroizing;

use super::RedError;

/// Bytes of a name.
pub const MOST_NAME: usize = 256;
/// Tags of an item.
pub const MOST_TAGS: usize = 16;
/// Bytes of a tag.
pub const MOST_TAG: usize = 128;
/// Bytes of a value.
pub const MOST_VALUE: usize = 16 << 10;

const VERSION: u8 = 1;
/// A value is there; none is a stub of her other soul's.
const WITH_VALUE: u8 = 1;
const WITHOUT_VALUE: u8 = 0;
const LEAST_PADDED: usize = 1024;

/// An item as it is read; its parts lie in the buffer that was opened.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub(super) changed_ms: u64,
    pub(super) name: &'a str,
    pub(super) tags: Vec<&'a str>,
    /// None for a stub.
    pub(super) value: Option<&'a [u8]>,
}

impl<'a> Record<'a> {
    /// Whether it is within what a vault takes; the error names the field.
    pub(super) fn check(&self) -> Result<(), RedError> {
        let too_long = |field, limit| Err(RedError::TooLong { field, limit });
        if self.name.is_empty() {
            return Err(RedError::Empty { field: "name" });
        }
        if self.name.len() > MOST_NAME {
            return too_long("name", MOST_NAME);
        }
        if self.tags.len() > MOST_TAGS {
            return too_long("tags", MOST_TAGS);
        }
        if self.tags.iter().any(|tag| tag.len() > MOST_TAG) {
            return too_long("a tag", MOST_TAG);
        }
        match self.value {
            Some([]) => Err(RedError::Empty { field: "value" }),
            Some(value) if value.len() > MOST_VALUE => too_long("value", MOST_VALUE),
            _ => Ok(()),
        }
    }

    /// Made once, of the right size, so that nothing is moved and left behind.
    pub(super) fn encode(&self) -> Zeroizing<Vec<u8>> {
        let padded = self.length().next_power_of_two().max(LEAST_PADDED);
        let mut out = Zeroizing::new(Vec::with_capacity(padded));
        self.encode_into(&mut out);
        debug_assert_eq!(out.len(), self.length());
        out.resize(padded, 0);
        out
    }

    /// Adds it without zeros behind it; needs [`Self::length`] bytes.
    pub(super) fn encode_into(&self, out: &mut Vec<u8>) {
        out.push(VERSION);
        out.extend(self.changed_ms.to_le_bytes());
        let mut text = |bytes: &[u8]| {
            out.extend(short(bytes.len()).to_le_bytes());
            out.extend(bytes);
        };
        text(self.name.as_bytes());
        // As many lengths and texts as there are tags; their number in front, like a length.
        let tags = short(self.tags.len()).to_le_bytes();
        out.extend(tags);
        for tag in &self.tags {
            out.extend(short(tag.len()).to_le_bytes());
            out.extend(tag.as_bytes());
        }
        match self.value {
            Some(value) => {
                out.push(WITH_VALUE);
                out.extend(short(value.len()).to_le_bytes());
                out.extend(value);
            }
            None => out.push(WITHOUT_VALUE),
        }
    }

    pub(super) fn length(&self) -> usize {
        let tags = self.tags.iter().map(|tag| 2 + tag.len()).sum::<usize>();
        let value = self.value.map_or(0, |value| 2 + value.len());
        1 + 8 + 2 + self.name.len() + 2 + tags + 1 + value
    }

    /// Reads what [`Self::encode`] made; none for anything else.
    pub(super) fn decode(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes;
        let record = Self::decode_from(&mut rest)?;
        rest.iter().all(|byte| *byte == 0).then_some(record)
    }

    /// Reads one and leaves what is behind it.
    pub(super) fn decode_from(rest: &mut &'a [u8]) -> Option<Self> {
        if take(rest, 1)? != [VERSION] {
            return None;
        }
        let changed_ms = u64::from_le_bytes(take(rest, 8)?.try_into().ok()?);
        let name = text(rest)?;
        let tags = (0..length(rest)?)
            .map(|_| text(rest))
            .collect::<Option<Vec<_>>>()?;
        let value = match *take(rest, 1)? {
            [WITH_VALUE] => {
                let length = length(rest)?;
                Some(take(rest, length)?)
            }
            [WITHOUT_VALUE] => None,
            _ => return None,
        };
        let record = Self {
            changed_ms,
            name,
            tags,
            value,
        };
        record.check().is_ok().then_some(record)
    }
}

/// Lengths were checked against their limits, all of which fit.
fn short(length: usize) -> u16 {
    u16::try_from(length).expect("checked against its limit")
}

fn take<'a>(rest: &mut &'a [u8], bytes: usize) -> Option<&'a [u8]> {
    let (taken, behind) = rest.split_at_checked(bytes)?;
    *rest = behind;
    Some(taken)
}

fn length(rest: &mut &[u8]) -> Option<usize> {
    let bytes = take(rest, 2)?.try_into().ok()?;
    Some(usize::from(u16::from_le_bytes(bytes)))
}

fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let length = length(rest)?;
    std::str::from_utf8(take(rest, length)?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_item_comes_back_as_it_was(
            changed_ms: u64,
            name in "\\PC{1,60}",
            tags in prop::collection::vec("\\PC{0,16}", 0..MOST_TAGS),
            value in prop::option::of(prop::collection::vec(any::<u8>(), 1..3000)),
        ) {
            let record = Record {
                changed_ms,
                name: &name,
                tags: tags.iter().map(String::as_str).collect(),
                value: value.as_deref(),
            };
            prop_assert!(record.check().is_ok(), "within the limits");
            let bytes = record.encode();
            prop_assert!(bytes.len().is_power_of_two() && bytes.len() >= LEAST_PADDED);
            let again = Record::decode(&bytes);
            prop_assert!(again.is_some_and(|again| again == record), "it comes back");
        }

        #[test]
        fn whatever_else_there_is_never_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _nothing = Record::decode(&bytes).is_some();
            let mut versioned = vec![VERSION];
            versioned.extend(bytes);
            let _nothing = Record::decode(&versioned).is_some();
        }
    }

    #[test]
    fn limits_are_told_by_the_field() {
        let (long_name, long_tag) = ("n".repeat(MOST_NAME + 1), "t".repeat(MOST_TAG + 1));
        let long_value = vec![1; MOST_VALUE + 1];
        let good = Record {
            changed_ms: 1,
            name: "bank",
            tags: vec!["money"],
            value: Some(b"x"),
        };
        let bad = |change: &dyn Fn(&mut Record<'_>)| {
            let mut record = good.clone();
            // The lifetimes of what is put in are those of the test.
            change(&mut record);
            record.check().expect_err("refused").to_string()
        };
        assert!(good.check().is_ok());
        assert_eq!(bad(&|record| record.name = ""), "name is empty");
        assert_eq!(bad(&|record| record.value = Some(b"")), "value is empty");
        for (record, error) in [
            (
                Record {
                    name: &long_name,
                    ..good.clone()
                },
                "name is too long: 256 bytes are possible",
            ),
            (
                Record {
                    tags: vec![&long_tag],
                    ..good.clone()
                },
                "a tag is too long: 128 bytes are possible",
            ),
            (
                Record {
                    tags: vec!["x"; MOST_TAGS + 1],
                    ..good.clone()
                },
                "tags is too long: 16 bytes are possible",
            ),
            (
                Record {
                    value: Some(&long_value),
                    ..good.clone()
                },
                "value is too long: 16384 bytes are possible",
            ),
        ] {
            assert_eq!(record.check().expect_err("refused").to_string(), error);
        }
        // What is as long as possible still fits its lengths.
        let (name, tag) = ("n".repeat(MOST_NAME), "t".repeat(MOST_TAG));
        let value = vec![255; MOST_VALUE];
        let most = Record {
            changed_ms: u64::MAX,
            name: &name,
            tags: vec![&tag; MOST_TAGS],
            value: Some(&value),
        };
        let bytes = most.encode();
        assert_eq!(bytes.len(), 32 << 10);
        assert!(Record::decode(&bytes).is_some_and(|again| again == most));
    }
}
