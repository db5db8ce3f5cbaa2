//! Looks through a GGUF file's metadata for the one number that its reader divides by unseen.

/// Lists around a list that is looked into. Not one less than its reader follows: what comes behind
/// a list that only the reader follows would stay unseen.
const DEEPEST: usize = 64;
/// The number: tensors lie at multiples of it.
const ALIGNMENT: &[u8] = b"general.alignment";

/// Whether the file says that its tensors lie at multiples of 0.
///
/// `false` also where the metadata cannot be followed: what is wrong with it is the reader's to
/// say.
pub(super) fn has_zero_alignment(file: &[u8]) -> bool {
    let mut left = Left {
        bytes: file,
        wide: true,
    };
    left.find_zero().unwrap_or(false)
}

/// The bytes that are not read yet.
struct Left<'a> {
    bytes: &'a [u8],
    /// Lengths have 8 bytes; in version 1 they have 4.
    wide: bool,
}

impl<'a> Left<'a> {
    fn find_zero(&mut self) -> Option<bool> {
        self.take(4)?;
        self.wide = self.number(4)? != 1;
        self.length()?;
        let mut zero = false;
        for _ in 0..self.length()? {
            let key = self.text()?;
            let kind = self.number(4)?;
            let value = self.value(kind, 0)?;
            // The last of a name counts, and NULs behind a name do not, as for the reader.
            let end = key
                .iter()
                .rposition(|byte| *byte != 0)
                .map_or(0, |at| at + 1);
            if &key[..end] == ALIGNMENT {
                zero = value.iter().all(|byte| *byte == 0);
            }
        }
        Some(zero)
    }

    /// The bytes of a value; of a list none.
    fn value(&mut self, kind: u64, depth: usize) -> Option<&'a [u8]> {
        match kind {
            8 => self.text(),
            9 if depth <= DEEPEST => {
                let kind = self.number(4)?;
                let count = self.length()?;
                match size(kind) {
                    Some(size) => {
                        self.take(size.checked_mul(count.try_into().ok()?)?)?;
                    }
                    None => {
                        for _ in 0..count {
                            self.value(kind, depth + 1)?;
                        }
                    }
                }
                Some(&[])
            }
            _ => self.take(size(kind)?),
        }
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        self.take(length.try_into().ok()?)
    }

    fn length(&mut self) -> Option<u64> {
        self.number(if self.wide { 8 } else { 4 })
    }

    fn number(&mut self, size: usize) -> Option<u64> {
        let bytes = self.take(size)?.iter().rev();
        Some(bytes.fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, left) = self.bytes.split_at_checked(count)?;
        self.bytes = left;
        Some(taken)
    }
}

/// Bytes of a value of this kind, where all have as many.
fn size(kind: u64) -> Option<usize> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use candle_core::quantized::gguf_file::Content;

    use super::*;

    fn file(pairs: &[(&str, u32, &[u8])]) -> Vec<u8> {
        let mut bytes = b"GGUF\x03\0\0\0".to_vec();
        bytes.extend(0u64.to_le_bytes());
        bytes.extend((pairs.len() as u64).to_le_bytes());
        for (key, kind, value) in pairs {
            bytes.extend((key.len() as u64).to_le_bytes());
            bytes.extend(key.as_bytes());
            bytes.extend(kind.to_le_bytes());
            bytes.extend(*value);
        }
        bytes
    }

    #[test]
    fn a_zero_is_found_behind_whatever_stands_before_it() {
        // Two texts in a list, the second empty; a list of lists.
        let texts = b"\x08\0\0\0\x02\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0x\0\0\0\0\0\0\0\0";
        let lists = b"\x09\0\0\0\x01\0\0\0\0\0\0\0\x00\0\0\0\x03\0\0\0\0\0\0\0abc";
        let before = [("texts", 9, &texts[..]), ("lists", 9, &lists[..])];
        let with =
            |value: (&'static str, u32, &'static [u8])| file(&[&before[..], &[value]].concat());
        assert!(has_zero_alignment(&with(("general.alignment", 4, &[0; 4]))));
        assert!(has_zero_alignment(&with(("general.alignment\0", 0, &[0]))));
        assert!(!has_zero_alignment(&with((
            "general.alignment",
            4,
            &[0, 1, 0, 0]
        ))));
        assert!(!has_zero_alignment(&with((
            "general.alignmenu",
            4,
            &[0; 4]
        ))));
    }

    #[test]
    fn lists_are_followed_as_deep_as_the_reader_follows_them() {
        // Lists of one list each, the innermost empty.
        let nested = |lists: usize| {
            let around = b"\x09\0\0\0\x01\0\0\0\0\0\0\0".repeat(lists - 1);
            [&around[..], &[0; 12]].concat()
        };
        let with = |lists: usize, alignment: u8| {
            let value = [alignment, 0, 0, 0];
            file(&[
                ("deep", 9, &nested(lists)),
                ("general.alignment", 4, &value),
            ])
        };
        let is_read = |lists| Content::read(&mut Cursor::new(with(lists, 32))).is_ok();
        let deepest = DEEPEST + 1;
        assert!(is_read(deepest) && !is_read(deepest + 1));
        assert!(has_zero_alignment(&with(deepest, 0)));
        assert!(!has_zero_alignment(&with(deepest, 32)));
    }

    #[test]
    fn a_file_that_is_cut_or_lies_is_left_to_its_reader() {
        let whole = file(&[("general.alignment", 4, &[0; 4])]);
        for length in 0..whole.len() {
            assert!(!has_zero_alignment(&whole[..length]), "{length} bytes");
        }
        let mut endless = whole.clone();
        endless[24..32].fill(0xff);
        assert!(!has_zero_alignment(&endless));
        let list = [9, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert!(!has_zero_alignment(&file(&[(
            "deep",
            9,
            &list.repeat(100)
        )])));
    }
}
