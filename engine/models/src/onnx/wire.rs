//! The protobuf wire format: varints, fixed words and length-prefixed spans over a byte slice.
//!
//! Every read checks the slice's end; nothing here allocates.

/// Why bytes are not a sound ONNX model.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("cut short or damaged at byte {0}")]
    Truncated(usize),
    #[error("not an ONNX model: wire type {kind} at byte {at}")]
    WireType { kind: u8, at: usize },
    #[error("not an ONNX model: it has no graph")]
    NoGraph,
    #[error("tensor {0} keeps its data in another file, which is not supported")]
    External(String),
    #[error("tensor {name} has {have} bytes of data, its shape {dims:?} needs {need}")]
    Size {
        name: String,
        dims: Vec<i64>,
        have: usize,
        need: String,
    },
}

/// A field's value, not yet interpreted.
#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    Varint(u64),
    Fixed64,
    Bytes(Span<'a>),
    Fixed32(u32),
}

/// A part of the file, with its place in it for messages.
#[derive(Clone, Copy)]
pub(super) struct Span<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Span<'a> {
    /// The fields of a message, in order; stops behind the first fault.
    pub(super) fn fields(self) -> Fields<'a> {
        Fields { rest: self }
    }

    /// The span as text; bytes that are not UTF-8 are replaced.
    pub(super) fn text(self) -> String {
        String::from_utf8_lossy(self.bytes).into_owned()
    }

    /// Takes one varint from the front.
    pub(super) fn varint(&mut self) -> Result<u64, Fault> {
        let mut value = 0u64;
        for (index, &byte) in self.bytes.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                self.skip(index + 1);
                return Ok(value);
            }
        }
        Err(Fault::Truncated(self.at))
    }

    fn take(&mut self, count: u64) -> Result<Self, Fault> {
        let count = usize::try_from(count).map_err(|_| Fault::Truncated(self.at))?;
        let bytes = self.bytes.get(..count).ok_or(Fault::Truncated(self.at))?;
        let span = Self { bytes, at: self.at };
        self.skip(count);
        Ok(span)
    }

    /// Both callers have seen that `count` bytes are there.
    fn skip(&mut self, count: usize) {
        self.bytes = self.bytes.get(count..).unwrap_or_default();
        self.at += count;
    }

    fn field(&mut self) -> Result<(u64, Value<'a>), Fault> {
        let at = self.at;
        let key = self.varint()?;
        let value = match (key & 7) as u8 {
            0 => Value::Varint(self.varint()?),
            1 => {
                self.take(8)?;
                Value::Fixed64
            }
            2 => {
                let count = self.varint()?;
                Value::Bytes(self.take(count)?)
            }
            5 => Value::Fixed32(self.word()?),
            kind => return Err(Fault::WireType { kind, at }),
        };
        Ok((key >> 3, value))
    }

    fn word(&mut self) -> Result<u32, Fault> {
        let span = self.take(4)?;
        Ok(span
            .bytes
            .iter()
            .rev()
            .fold(0, |word, &byte| (word << 8) | u32::from(byte)))
    }
}

/// Iterates over a message's fields as (number, value).
pub(super) struct Fields<'a> {
    rest: Span<'a>,
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.bytes.is_empty() {
            return None;
        }
        let field = self.rest.field();
        if field.is_err() {
            self.rest.bytes = &[];
        }
        Some(field)
    }
}

/// Appends a repeated integer field, packed or not.
pub(super) fn push_ints(out: &mut Vec<i64>, value: Value<'_>) -> Result<(), Fault> {
    match value {
        Value::Varint(word) => out.push(word as i64),
        Value::Bytes(mut span) => {
            while !span.bytes.is_empty() {
                out.push(span.varint()? as i64);
            }
        }
        Value::Fixed64 | Value::Fixed32(_) => {}
    }
    Ok(())
}

/// Appends a repeated float field, packed or not.
pub(super) fn push_floats(out: &mut Vec<f32>, value: Value<'_>) -> Result<(), Fault> {
    match value {
        Value::Fixed32(word) => out.push(f32::from_bits(word)),
        Value::Bytes(span) => {
            let (words, rest) = span.bytes.as_chunks::<4>();
            if !rest.is_empty() {
                return Err(Fault::Truncated(span.at));
            }
            out.extend(words.iter().map(|&word| f32::from_le_bytes(word)));
        }
        Value::Varint(_) | Value::Fixed64 => {}
    }
    Ok(())
}
