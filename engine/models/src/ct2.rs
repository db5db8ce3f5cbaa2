//! Reads CTranslate2's binary weights (`model.bin`), the format that faster-whisper users have.
//!
//! Decides only what a file says: names, shapes, numbers. Never knows what a variable means to a
//! model. Layout, all little-endian: u32 version (6), specification name, u32 revision, u32 count;
//! per variable: name, u8 rank, u32 per dimension, u8 number type, u32 bytes, data; then u32 count
//! of aliases, each two names. A name is a u16 length that counts a closing NUL, then the bytes.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use half::{bf16, f16};

use crate::ModelError;

/// The one file version that CTranslate2 has written since 2020.
const VERSION: u32 = 6;
/// More dimensions than any real variable has: a file that says more is damaged.
const MAX_RANK: usize = 8;

/// A file's variables, still in the numbers of the file.
#[derive(Debug)]
pub struct Ct2File {
    path: PathBuf,
    specification: String,
    revision: u32,
    bytes: Vec<u8>,
    variables: HashMap<String, Variable>,
}

/// Where a variable lies in the file.
#[derive(Clone, Debug)]
struct Variable {
    dims: Vec<usize>,
    kind: Kind,
    start: usize,
    len: usize,
}

/// The number types that the format knows, by their code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    F32,
    I8,
    I16,
    I32,
    F16,
    Bf16,
}

impl Kind {
    fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::F32,
            1 => Self::I8,
            2 => Self::I16,
            3 => Self::I32,
            4 => Self::F16,
            5 => Self::Bf16,
            _ => return None,
        })
    }

    fn size_bytes(self) -> usize {
        match self {
            Self::I8 => 1,
            Self::I16 | Self::F16 | Self::Bf16 => 2,
            Self::F32 | Self::I32 => 4,
        }
    }
}

impl Ct2File {
    /// Reads a whole file and checks that every variable lies inside it.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        let bytes = fs::read(path).map_err(|source| ModelError::Read {
            path: path.to_path_buf(),
            source,
        })?;
        Self::parse(path, bytes)
    }

    fn parse(path: &Path, bytes: Vec<u8>) -> Result<Self, ModelError> {
        let bad = |reason: String| ModelError::Format {
            path: path.to_path_buf(),
            reason,
        };
        let mut cursor = Cursor {
            bytes: &bytes,
            at: 0,
        };
        let version = cursor.u32().map_err(&bad)?;
        if version != VERSION {
            return Err(bad(format!(
                "CTranslate2 file version {version}, but only {VERSION} is known"
            )));
        }
        let specification = cursor.name().map_err(&bad)?;
        let revision = cursor.u32().map_err(&bad)?;
        let count = cursor.u32().map_err(&bad)?;
        let mut variables = HashMap::new();
        for _ in 0..count {
            let name = cursor.name().map_err(&bad)?;
            let variable = cursor.variable().map_err(|e| bad(format!("{name}: {e}")))?;
            variables.insert(name, variable);
        }
        // Files of early revisions end here, without a list of aliases.
        let aliases = if cursor.at == bytes.len() {
            0
        } else {
            cursor.u32().map_err(&bad)?
        };
        for _ in 0..aliases {
            let alias = cursor.name().map_err(&bad)?;
            let of = cursor.name().map_err(&bad)?;
            let Some(variable) = variables.get(&of) else {
                return Err(bad(format!("alias {alias} of {of}, which is not there")));
            };
            variables.insert(alias, variable.clone());
        }
        Ok(Self {
            path: path.to_path_buf(),
            specification,
            revision,
            bytes,
            variables,
        })
    }

    /// The file this came from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The model family that the file says it holds, such as `WhisperSpec`, and its revision.
    pub fn specification(&self) -> (&str, u32) {
        (&self.specification, self.revision)
    }

    /// Whether a variable or alias of this name exists.
    pub fn contains(&self, name: &str) -> bool {
        self.variables.contains_key(name)
    }

    /// The dimensions of a variable; empty for a single value.
    pub fn dims(&self, name: &str) -> Result<&[usize], ModelError> {
        Ok(&self.variable(name)?.dims)
    }

    /// A variable as f32 in row-major order.
    ///
    /// Numbers of type int8 need a second variable, `NAME_scale`, with one f32 per row (or one for
    /// all): the value is the number divided by its scale, as CTranslate2 defines it.
    pub fn values(&self, name: &str) -> Result<Vec<f32>, ModelError> {
        let variable = self.variable(name)?;
        let data = &self.bytes[variable.start..variable.start + variable.len];
        let four = |c: &[u8]| [c[0], c[1], c[2], c[3]];
        Ok(match variable.kind {
            Kind::F32 => (data.chunks_exact(4))
                .map(|c| f32::from_le_bytes(four(c)))
                .collect(),
            Kind::F16 => (data.chunks_exact(2))
                .map(|c| f16::from_le_bytes([c[0], c[1]]).to_f32())
                .collect(),
            Kind::Bf16 => (data.chunks_exact(2))
                .map(|c| bf16::from_le_bytes([c[0], c[1]]).to_f32())
                .collect(),
            Kind::I8 => self.scaled(name, variable, data)?,
            Kind::I16 | Kind::I32 => {
                return Err(ModelError::Weight {
                    name: name.to_owned(),
                    reason: "whole numbers where weights are expected".to_owned(),
                });
            }
        })
    }

    fn scaled(&self, name: &str, variable: &Variable, data: &[u8]) -> Result<Vec<f32>, ModelError> {
        let scale = self.values(&format!("{name}_scale"))?;
        let rows = variable.dims.first().copied().unwrap_or(1);
        if scale.len() != 1 && scale.len() != rows {
            return Err(ModelError::Weight {
                name: name.to_owned(),
                reason: format!("{} scales for {rows} rows", scale.len()),
            });
        }
        let row_len = (data.len() / rows.max(1)).max(1);
        Ok(data
            .chunks(row_len)
            .enumerate()
            .flat_map(|(row, numbers)| {
                let scale = scale[row.min(scale.len() - 1)];
                numbers.iter().map(move |b| f32::from(*b as i8) / scale)
            })
            .collect())
    }

    /// A variable as an f32 tensor on the CPU, refused unless it has exactly these dimensions.
    pub fn tensor(&self, name: &str, dims: &[usize]) -> Result<Tensor, ModelError> {
        let found = self.dims(name)?;
        if found != dims {
            return Err(ModelError::Weight {
                name: name.to_owned(),
                reason: format!("shape {found:?}, expected {dims:?}"),
            });
        }
        Ok(Tensor::from_vec(self.values(name)?, dims, &Device::Cpu)?)
    }

    /// A single whole number, such as `encoder/num_heads`.
    pub fn integer(&self, name: &str) -> Result<i32, ModelError> {
        let variable = self.variable(name)?;
        let data = &self.bytes[variable.start..variable.start + variable.len];
        match (variable.kind, data) {
            (Kind::I8, [a]) => Ok(i32::from(*a as i8)),
            (Kind::I16, [a, b]) => Ok(i32::from(i16::from_le_bytes([*a, *b]))),
            (Kind::I32, [a, b, c, d]) => Ok(i32::from_le_bytes([*a, *b, *c, *d])),
            _ => Err(ModelError::Weight {
                name: name.to_owned(),
                reason: "not a single whole number".to_owned(),
            }),
        }
    }

    fn variable(&self, name: &str) -> Result<&Variable, ModelError> {
        self.variables.get(name).ok_or_else(|| ModelError::Weight {
            name: name.to_owned(),
            reason: format!("missing in {}", self.path.display()),
        })
    }
}

/// Reads forward through the file; every error says how far it came.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], String> {
        let end = self.at.checked_add(len).filter(|e| *e <= self.bytes.len());
        let Some(end) = end else {
            return Err(format!(
                "truncated: {len} bytes wanted at {}, the file has {}",
                self.at,
                self.bytes.len()
            ));
        };
        let part = &self.bytes[self.at..end];
        self.at = end;
        Ok(part)
    }

    fn u8(&mut self) -> Result<u8, String> {
        Ok(self.take(1)?[0])
    }

    fn u32(&mut self) -> Result<u32, String> {
        let b = self.take(4)?;
        Ok(u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    }

    fn name(&mut self) -> Result<String, String> {
        let b = self.take(2)?;
        let len = usize::from(u16::from_le_bytes([b[0], b[1]]));
        match self.take(len)? {
            [text @ .., 0] => String::from_utf8(text.to_vec())
                .map_err(|_| format!("a name before byte {} is not UTF-8", self.at)),
            _ => Err(format!("a name before byte {} has no end", self.at)),
        }
    }

    fn variable(&mut self) -> Result<Variable, String> {
        let rank = usize::from(self.u8()?);
        if rank > MAX_RANK {
            return Err(format!("{rank} dimensions"));
        }
        let mut dims = Vec::with_capacity(rank);
        for _ in 0..rank {
            dims.push(self.u32()? as usize);
        }
        let code = self.u8()?;
        let kind = Kind::from_code(code).ok_or_else(|| format!("unknown number type {code}"))?;
        let len = self.u32()? as usize;
        let expected = dims
            .iter()
            .try_fold(kind.size_bytes(), |size, d| size.checked_mul(*d));
        if expected != Some(len) {
            return Err(format!(
                "shape {dims:?} of {kind:?} does not fill {len} bytes"
            ));
        }
        let start = self.at;
        self.take(len)?;
        Ok(Variable {
            dims,
            kind,
            start,
            len,
        })
    }
}

#[cfg(test)]
#[path = "ct2_test.rs"]
mod tests;
