//! A stored tensor and the ways to use it.

use candle_core::{Device, Tensor};
use half::f16;

use crate::ModelError;

/// A tensor's element type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dtype {
    /// 32-bit float.
    F32,
    /// 16-bit float.
    F16,
    /// 64-bit float.
    F64,
    /// Signed 8-bit integer.
    I8,
    /// Unsigned 8-bit integer.
    U8,
    /// Signed 32-bit integer.
    I32,
    /// Signed 64-bit integer.
    I64,
    /// One byte, 0 or 1.
    Bool,
    /// A type of this code in onnx.proto that nothing here reads; the data is kept as it is.
    Other(u64),
}

impl Dtype {
    pub(super) fn from_code(code: u64) -> Self {
        match code {
            1 => Self::F32,
            2 => Self::U8,
            3 => Self::I8,
            6 => Self::I32,
            7 => Self::I64,
            9 => Self::Bool,
            10 => Self::F16,
            11 => Self::F64,
            other => Self::Other(other),
        }
    }

    /// Bytes per element; 1 where it is not known.
    pub fn bytes(self) -> usize {
        match self {
            Self::F64 | Self::I64 => 8,
            Self::F32 | Self::I32 => 4,
            Self::F16 => 2,
            Self::I8 | Self::U8 | Self::Bool | Self::Other(_) => 1,
        }
    }
}

/// A tensor as the file holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Initializer {
    /// The shape; empty for a scalar.
    pub dims: Vec<usize>,
    /// The element type.
    pub dtype: Dtype,
    /// The elements, row by row, little-endian; as long as shape and type say.
    pub data: Vec<u8>,
}

impl Initializer {
    /// How many elements there are.
    pub fn elements(&self) -> usize {
        self.dims.iter().product()
    }

    /// All elements as `f32`, whatever the number type.
    ///
    /// # Errors
    /// When the element type is none that is read here; `name` is for the message.
    pub fn to_f32(&self, name: &str) -> Result<Vec<f32>, ModelError> {
        Ok(match self.dtype {
            Dtype::F32 => self.words().map(f32::from_le_bytes).collect(),
            Dtype::F16 => self
                .words()
                .map(|word| f16::from_le_bytes(word).to_f32())
                .collect(),
            Dtype::F64 => self
                .words()
                .map(|word| f64::from_le_bytes(word) as f32)
                .collect(),
            Dtype::I64 => self
                .words()
                .map(|word| i64::from_le_bytes(word) as f32)
                .collect(),
            Dtype::I32 => self
                .words()
                .map(|word| i32::from_le_bytes(word) as f32)
                .collect(),
            Dtype::I8 => self
                .data
                .iter()
                .map(|&byte| f32::from(byte as i8))
                .collect(),
            Dtype::U8 | Dtype::Bool => self.data.iter().map(|&byte| f32::from(byte)).collect(),
            Dtype::Other(code) => return Err(self.refused(name, code)),
        })
    }

    /// All elements as whole numbers.
    ///
    /// # Errors
    /// When they are not whole numbers; `name` is for the message.
    pub fn to_i64(&self, name: &str) -> Result<Vec<i64>, ModelError> {
        Ok(match self.dtype {
            Dtype::I64 => self.words().map(i64::from_le_bytes).collect(),
            Dtype::I32 => self
                .words()
                .map(|word| i64::from(i32::from_le_bytes(word)))
                .collect(),
            Dtype::I8 => self
                .data
                .iter()
                .map(|&byte| i64::from(byte as i8))
                .collect(),
            Dtype::U8 | Dtype::Bool => self.data.iter().map(|&byte| i64::from(byte)).collect(),
            other => {
                return Err(ModelError::Weight {
                    name: name.to_owned(),
                    reason: format!("whole numbers wanted, the file has {other:?}"),
                });
            }
        })
    }

    /// The tensor on `device`, as `f32`, with the file's shape.
    ///
    /// # Errors
    /// As [`Initializer::to_f32`], and when the device refuses.
    pub fn to_tensor(&self, name: &str, device: &Device) -> Result<Tensor, ModelError> {
        Ok(Tensor::from_vec(
            self.to_f32(name)?,
            self.dims.as_slice(),
            device,
        )?)
    }

    fn words<const N: usize>(&self) -> impl Iterator<Item = [u8; N]> + '_ {
        self.data.as_chunks::<N>().0.iter().copied()
    }

    fn refused(&self, name: &str, code: u64) -> ModelError {
        ModelError::Weight {
            name: name.to_owned(),
            reason: format!("element type {code} is not supported"),
        }
    }
}
