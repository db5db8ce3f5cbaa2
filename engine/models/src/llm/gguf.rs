//! Reads GGUF files: metadata, and weights one at a time.
//!
//! The file is mapped, so that only the weight being read takes memory beside the result.

use std::fs::File;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use candle_core::quantized::gguf_file::{Content, Value};
use candle_core::quantized::{GgmlDType, ggml_file};
use candle_core::{Device, Tensor};
use memmap2::Mmap;

use super::gguf_head::has_zero_alignment;
use crate::ModelError;
use crate::error::without_backtrace;

/// Every kind of weight can be read where this many bytes are a whole step.
const STEP: usize = 4;

/// An open GGUF file.
pub(super) struct Gguf {
    path: PathBuf,
    map: Mmap,
    content: Content,
}

impl Gguf {
    pub(super) fn open(path: &Path) -> Result<Self, ModelError> {
        let read = |source| ModelError::Read {
            path: path.to_path_buf(),
            source,
        };
        let file = File::open(path).map_err(read)?;
        // SAFETY: the mapping is only read, and only while the model loads. The model store writes
        // a new file under another name and renames it, so its files are never changed or cut
        // meanwhile. A file that the user named by path can be, and that is accepted: to copy it
        // would double the memory that loading takes. Whoever changes it in those seconds gets
        // wrong weights; whoever cuts it short ends the process (SIGBUS). No reference into the
        // mapping lives longer than the reading of one weight.
        let map = unsafe { Mmap::map(&file) }.map_err(read)?;
        if has_zero_alignment(&map) {
            return Err(ModelError::Format {
                path: path.to_path_buf(),
                reason: "general.alignment is 0".to_owned(),
            });
        }
        let content =
            Content::read(&mut Cursor::new(&map[..])).map_err(|error| ModelError::Format {
                path: path.to_path_buf(),
                reason: format!("not GGUF: {}", without_backtrace(error)),
            })?;
        Ok(Self {
            path: path.to_path_buf(),
            map,
            content,
        })
    }

    /// An error that says what is wrong with this file.
    pub(super) fn damaged(&self, reason: impl Into<String>) -> ModelError {
        ModelError::Format {
            path: self.path.clone(),
            reason: reason.into(),
        }
    }

    pub(super) fn value(&self, key: &str) -> Option<&Value> {
        self.content.metadata.get(key)
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.value(key)?.to_string().ok().map(String::as_str)
    }

    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        self.value(key)?.to_bool().ok()
    }

    pub(super) fn number(&self, key: &str) -> Option<usize> {
        let value = self.value(key)?;
        let wide = value
            .to_u64()
            .ok()
            .or_else(|| value.to_i32().ok()?.try_into().ok())?;
        wide.try_into().ok()
    }

    pub(super) fn float(&self, key: &str) -> Option<f32> {
        self.value(key)?.to_f32().ok()
    }

    /// A list of floats.
    pub(super) fn floats(&self, key: &str) -> Option<Vec<f32>> {
        let list = self.value(key)?.to_vec().ok()?;
        list.iter().map(|v| v.to_f32().ok()).collect()
    }

    /// A number that the file cannot do without.
    pub(super) fn need(&self, key: &str) -> Result<usize, ModelError> {
        self.number(key)
            .ok_or_else(|| self.damaged(format!("no number under {key}")))
    }

    /// A list of strings that the file cannot do without.
    pub(super) fn texts(&self, key: &str) -> Result<Vec<&str>, ModelError> {
        let texts = || {
            let list = self.value(key)?.to_vec().ok()?;
            list.iter()
                .map(|v| v.to_string().ok().map(String::as_str))
                .collect()
        };
        let texts: Option<Vec<&str>> = texts();
        texts.ok_or_else(|| self.damaged(format!("no list of strings under {key}")))
    }

    pub(super) fn has_tensor(&self, name: &str) -> bool {
        self.content.tensor_infos.contains_key(name)
    }

    /// An error unless all weights that the file names are in it: a file that was copied half, or a
    /// part of a model in several files, has its metadata at the beginning, too.
    pub(super) fn whole(&self) -> Result<(), ModelError> {
        if let Some(parts) = self.number("split.count").filter(|parts| *parts > 1) {
            return Err(self.damaged(format!(
                "one of {parts} files of a model; `llama-gguf-split --merge` makes one file of them"
            )));
        }
        let mut names = self.content.tensor_infos.keys();
        names.try_for_each(|name| self.bytes(name).map(drop))
    }

    /// The two dimensions of a matrix as the file writes them: width, then rows.
    pub(super) fn tensor_dims(&self, name: &str) -> Result<[usize; 2], ModelError> {
        let (_, _, dims) = self.bytes(name)?;
        let [rows, width] = dims[..] else {
            return Err(weight(
                name,
                format!("has {} dimensions, not 2", dims.len()),
            ));
        };
        Ok([width, rows])
    }

    /// A weight as f32 on the CPU, in candle's order of dimensions.
    pub(super) fn tensor(&self, name: &str) -> Result<Tensor, ModelError> {
        let (data, dtype, dims) = self.bytes(name)?;
        let tensor = ggml_file::qtensor_from_ggml(dtype, data, dims, &Device::Cpu)?;
        Ok(tensor.dequantize(&Device::Cpu)?)
    }

    /// A matrix kept as it is in the file, for reading single rows.
    pub(super) fn rows(&self, name: &str) -> Result<Rows, ModelError> {
        let (data, dtype, dims) = self.bytes(name)?;
        let [count, width] = dims[..] else {
            return Err(weight(
                name,
                format!("has {} dimensions, not 2", dims.len()),
            ));
        };
        if width % dtype.block_size() != 0 {
            return Err(weight(
                name,
                format!("rows of {width} are not whole blocks"),
            ));
        }
        Ok(Rows {
            data: data.to_vec(),
            dtype,
            count,
            width,
        })
    }

    fn bytes(&self, name: &str) -> Result<(&[u8], GgmlDType, Vec<usize>), ModelError> {
        let info = self
            .content
            .tensor_infos
            .get(name)
            .ok_or_else(|| weight(name, "is not in the file".into()))?;
        let dims = info.shape.dims().to_vec();
        let count = dims.iter().try_fold(1usize, |a, b| a.checked_mul(*b));
        let blocks = count.map(|count| count / info.ggml_dtype.block_size());
        let size = blocks.and_then(|blocks| blocks.checked_mul(info.ggml_dtype.type_size()));
        let from = self.content.tensor_data_offset.checked_add(info.offset);
        let range = size.zip(from).and_then(|(size, from)| {
            let from = usize::try_from(from).ok()?;
            Some(from..from.checked_add(size)?)
        });
        let data = range.and_then(|range| self.map.get(range)).ok_or_else(|| {
            self.damaged(format!("{name} lies beyond the end: the file is cut short"))
        })?;
        if data.as_ptr().addr() % STEP != 0 {
            return Err(self.damaged(format!("{name} lies at an odd place: {}", info.offset)));
        }
        Ok((data, info.ggml_dtype, dims))
    }
}

/// A quantised matrix whose rows are looked up one by one: the token embedding.
#[derive(Debug)]
pub(super) struct Rows {
    data: Vec<u8>,
    dtype: GgmlDType,
    count: usize,
    width: usize,
}

impl Rows {
    /// How many rows there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Values in a row.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// The rows `ids` as f32 `[ids, width]` on `device`.
    pub(super) fn gather(&self, ids: &[u32], device: &Device) -> Result<Tensor, ModelError> {
        let size = self.width / self.dtype.block_size() * self.dtype.type_size();
        let mut picked = Vec::with_capacity(ids.len() * size);
        for id in ids {
            let at = *id as usize * size;
            let row = self
                .data
                .get(at..at + size)
                .ok_or_else(|| ModelError::Input {
                    what: "token id",
                    reason: format!("{id} is not below {}", self.count),
                })?;
            picked.extend_from_slice(row);
        }
        let dims = vec![ids.len(), self.width];
        let rows = ggml_file::qtensor_from_ggml(self.dtype, &picked, dims, &Device::Cpu)?;
        Ok(rows.dequantize(&Device::Cpu)?.to_device(device)?)
    }
}

pub(super) fn weight(name: &str, reason: String) -> ModelError {
    ModelError::Weight {
        name: name.to_owned(),
        reason,
    }
}
