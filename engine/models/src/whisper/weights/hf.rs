//! What a Hugging Face Whisper file must hold, read into plain tensors.
//!
//! Knows `transformers`' names. There queries, keys and values are three layers, of which the keys
//! have no bias; here they are one under the other, as our layers want them.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use candle_core::safetensors::BufferedSafetensors;
use candle_core::{DType, Device, Tensor};

use super::super::encoder::{Affine, EncoderLayerWeights, EncoderWeights};
use super::super::settings::Settings;
use super::{DecoderLayerWeights, DecoderWeights, Dims, wrong};
use crate::ModelError;

/// A Whisper's first tensor. Files of the bare model leave the prefix out.
const FIRST: &str = "encoder.conv1.weight";
const PREFIX: &str = "model.";
/// A longer list of tensors is no list of tensors.
const LONGEST_HEAD: u64 = 16 << 20;

/// Whether the file at `path` lists a Whisper's tensors.
pub(super) fn check(path: &Path) -> Result<(), ModelError> {
    let wrong = |reason: String| ModelError::Format {
        path: path.to_path_buf(),
        reason,
    };
    let head = head(path).map_err(|source| ModelError::Read {
        path: path.to_path_buf(),
        source,
    })?;
    // A shape and a place per name; only the names matter here.
    let tensors: HashMap<String, serde::de::IgnoredAny> = serde_json::from_slice(&head)
        .map_err(|error| wrong(format!("is no safetensors file, or cut short: {error}")))?;
    let is_first = |name: &String| name.strip_prefix(PREFIX).unwrap_or(name) == FIRST;
    if tensors.keys().any(is_first) {
        return Ok(());
    }
    Err(wrong(format!("is not a Whisper: it holds no {FIRST}")))
}

/// The list of tensors, as far as it is there: its length, then as much JSON.
fn head(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let mut length = Vec::new();
    file.by_ref().take(8).read_to_end(&mut length)?;
    let length = length.try_into().map_or(0, u64::from_le_bytes);
    let mut head = Vec::new();
    file.take(length.min(LONGEST_HEAD)).read_to_end(&mut head)?;
    Ok(head)
}

/// A file's tensors.
pub(in super::super) struct HfFile {
    path: PathBuf,
    tensors: BufferedSafetensors,
    /// [`PREFIX`], or nothing.
    prefix: &'static str,
}

impl HfFile {
    /// Reads `path`.
    pub(super) fn read(path: &Path) -> Result<Self, ModelError> {
        let bytes = fs::read(path).map_err(|source| ModelError::Read {
            path: path.to_path_buf(),
            source,
        })?;
        let tensors = BufferedSafetensors::new(bytes).map_err(|e| ModelError::Format {
            path: path.to_path_buf(),
            reason: format!("is no safetensors file, or cut short: {e}"),
        })?;
        let prefix = if tensors.get(FIRST).is_ok() {
            ""
        } else {
            PREFIX
        };
        Ok(Self {
            path: path.to_path_buf(),
            tensors,
            prefix,
        })
    }

    pub(super) fn dims(&self, settings: &Settings) -> Result<Dims, ModelError> {
        let conv = self.name(FIRST);
        let [width, mel_bands, _] = self.shape(&conv)?[..] else {
            return Err(wrong(&conv, "not three-dimensional"));
        };
        let rows = |name: &str| {
            let name = self.name(name);
            match self.shape(&name)?[..] {
                [rows, columns] if columns == width => Ok(rows),
                ref dims => Err(wrong(&name, &format!("shape {dims:?}, width is {width}"))),
            }
        };
        let heads = settings
            .heads
            .filter(|heads| *heads > 0 && width % heads == 0);
        let heads = heads.ok_or_else(|| ModelError::Format {
            path: self.path.with_file_name("config.json"),
            reason: format!(
                "encoder_attention_heads is {:?}, which does not divide the width {width}",
                settings.heads
            ),
        })?;
        let layers = |side: &str| {
            (0..)
                .take_while(|i| {
                    let name = self.name(&format!("{side}.layers.{i}.fc1.weight"));
                    self.tensors.get(&name).is_ok()
                })
                .count()
        };
        Ok(Dims {
            mel_bands,
            width,
            heads,
            encoder_layers: layers("encoder"),
            decoder_layers: layers("decoder"),
            audio_positions: rows("encoder.embed_positions.weight")?,
            text_positions: rows("decoder.embed_positions.weight")?,
            vocabulary: rows("decoder.embed_tokens.weight")?,
        })
    }

    pub(super) fn encoder(&self, dims: &Dims) -> Result<EncoderWeights, ModelError> {
        let c = dims.width;
        let hidden = self.hidden("encoder", c)?;
        let conv = |name: &str, from: usize| {
            Ok::<_, ModelError>(Affine {
                weight: self.tensor(&format!("encoder.{name}.weight"), &[c, from, 3])?,
                bias: Some(self.tensor(&format!("encoder.{name}.bias"), &[c])?),
            })
        };
        let layers = (0..dims.encoder_layers)
            .map(|i| {
                let at = |rest: &str| format!("encoder.layers.{i}.{rest}");
                Ok(EncoderLayerWeights {
                    attention_norm: self.norm(&at("self_attn_layer_norm"), c)?,
                    qkv: self.stacked(&at("self_attn"), &["q_proj", "k_proj", "v_proj"], c)?,
                    out: self.linear(&at("self_attn.out_proj"), c, c)?,
                    ffn_norm: self.norm(&at("final_layer_norm"), c)?,
                    ffn_up: self.linear(&at("fc1"), hidden, c)?,
                    ffn_down: self.linear(&at("fc2"), c, hidden)?,
                })
            })
            .collect::<Result<_, ModelError>>()?;
        Ok(EncoderWeights {
            conv1: conv("conv1", dims.mel_bands)?,
            conv2: conv("conv2", c)?,
            positions: self.tensor("encoder.embed_positions.weight", &[dims.audio_positions, c])?,
            layers,
            norm: self.norm("encoder.layer_norm", c)?,
            heads: dims.heads,
        })
    }

    pub(super) fn decoder(&self, dims: &Dims) -> Result<DecoderWeights, ModelError> {
        let c = dims.width;
        let hidden = self.hidden("decoder", c)?;
        let layers = (0..dims.decoder_layers)
            .map(|i| {
                let at = |rest: &str| format!("decoder.layers.{i}.{rest}");
                Ok(DecoderLayerWeights {
                    self_norm: self.norm(&at("self_attn_layer_norm"), c)?,
                    self_qkv: self.stacked(&at("self_attn"), &["q_proj", "k_proj", "v_proj"], c)?,
                    self_out: self.linear(&at("self_attn.out_proj"), c, c)?,
                    cross_norm: self.norm(&at("encoder_attn_layer_norm"), c)?,
                    cross_q: self.linear(&at("encoder_attn.q_proj"), c, c)?,
                    cross_kv: self.stacked(&at("encoder_attn"), &["k_proj", "v_proj"], c)?,
                    cross_out: self.linear(&at("encoder_attn.out_proj"), c, c)?,
                    ffn_norm: self.norm(&at("final_layer_norm"), c)?,
                    ffn_up: self.linear(&at("fc1"), hidden, c)?,
                    ffn_down: self.linear(&at("fc2"), c, hidden)?,
                })
            })
            .collect::<Result<_, ModelError>>()?;
        Ok(DecoderWeights {
            embeddings: self.tensor("decoder.embed_tokens.weight", &[dims.vocabulary, c])?,
            positions: self.tensor("decoder.embed_positions.weight", &[dims.text_positions, c])?,
            layers,
            norm: self.norm("decoder.layer_norm", c)?,
        })
    }

    fn name(&self, rest: &str) -> String {
        format!("{}{rest}", self.prefix)
    }

    fn shape(&self, name: &str) -> Result<Vec<usize>, ModelError> {
        let view = self.tensors.get(name).map_err(|_| self.missing(name))?;
        Ok(view.shape().to_vec())
    }

    fn missing(&self, name: &str) -> ModelError {
        wrong(name, &format!("missing in {}", self.path.display()))
    }

    /// A tensor in f32, refused unless it has exactly these dimensions.
    fn tensor(&self, rest: &str, dims: &[usize]) -> Result<Tensor, ModelError> {
        let name = self.name(rest);
        let found = self.shape(&name)?;
        if found != dims {
            let reason = format!("shape {found:?}, expected {dims:?}");
            return Err(wrong(&name, &reason));
        }
        let tensor = self.tensors.load(&name, &Device::Cpu)?;
        match tensor.dtype() {
            DType::F32 | DType::F16 | DType::BF16 => Ok(tensor.to_dtype(DType::F32)?),
            other => Err(wrong(
                &name,
                &format!("{other:?} where floats are expected"),
            )),
        }
    }

    /// Width between the two halves of the feed-forward part.
    fn hidden(&self, side: &str, width: usize) -> Result<usize, ModelError> {
        let name = self.name(&format!("{side}.layers.0.fc1.weight"));
        match self.shape(&name)?[..] {
            [hidden, c] if c == width => Ok(hidden),
            ref dims => Err(wrong(&name, &format!("shape {dims:?}, width is {width}"))),
        }
    }

    fn linear(&self, name: &str, to: usize, from: usize) -> Result<Affine, ModelError> {
        Ok(Affine {
            weight: self.tensor(&format!("{name}.weight"), &[to, from])?,
            bias: Some(self.tensor(&format!("{name}.bias"), &[to])?),
        })
    }

    fn norm(&self, name: &str, width: usize) -> Result<Affine, ModelError> {
        Ok(Affine {
            weight: self.tensor(&format!("{name}.weight"), &[width])?,
            bias: Some(self.tensor(&format!("{name}.bias"), &[width])?),
        })
    }

    /// Layers `[c, c]` one under the other. The keys' bias is zero and not in the file.
    fn stacked(&self, name: &str, parts: &[&str], c: usize) -> Result<Affine, ModelError> {
        let mut weights = Vec::with_capacity(parts.len());
        let mut biases = Vec::with_capacity(parts.len());
        for part in parts {
            weights.push(self.tensor(&format!("{name}.{part}.weight"), &[c, c])?);
            biases.push(if *part == "k_proj" {
                Tensor::zeros(c, DType::F32, &Device::Cpu)?
            } else {
                self.tensor(&format!("{name}.{part}.bias"), &[c])?
            });
        }
        Ok(Affine {
            weight: Tensor::cat(&weights, 0)?,
            bias: Some(Tensor::cat(&biases, 0)?),
        })
    }
}
