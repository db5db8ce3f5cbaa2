//! What the files must hold, read into plain tensors.

use std::fs;
use std::path::{Path, PathBuf};

use candle_core::safetensors::BufferedSafetensors;
use candle_core::{DType, Device, Tensor};

use crate::ModelError;

/// With fewer there is no room for words between the marks of beginning and end.
const LEAST_POSITIONS: usize = 8;

/// The sizes, as `config.json` tells them.
#[derive(Clone, Debug, serde::Deserialize)]
pub(super) struct Config {
    pub(super) hidden_size: usize,
    pub(super) intermediate_size: usize,
    pub(super) num_hidden_layers: usize,
    pub(super) num_attention_heads: usize,
    pub(super) max_position_embeddings: usize,
    pub(super) vocab_size: usize,
    pub(super) layer_norm_eps: f32,
    hidden_act: String,
    model_type: String,
}

impl Config {
    pub(super) fn load(dir: &Path) -> Result<Self, ModelError> {
        let path = dir.join("config.json");
        let bad = |reason: String| ModelError::Format {
            path: path.clone(),
            reason,
        };
        let bytes = fs::read(&path).map_err(|source| ModelError::Read {
            path: path.clone(),
            source,
        })?;
        let config: Self = serde_json::from_slice(&bytes).map_err(|e| bad(e.to_string()))?;
        let (width, heads) = (config.hidden_size, config.num_attention_heads);
        if config.model_type != "bert" || config.hidden_act != "gelu" {
            let (kind, activation) = (&config.model_type, &config.hidden_act);
            return Err(bad(format!(
                "is a {kind} with {activation}, not a bert with gelu"
            )));
        }
        if heads == 0 || width == 0 || width % heads != 0 {
            return Err(bad(format!(
                "{heads} heads do not divide the width {width}"
            )));
        }
        if config.max_position_embeddings < LEAST_POSITIONS {
            return Err(bad(format!(
                "max_position_embeddings is {}, less than {LEAST_POSITIONS}",
                config.max_position_embeddings
            )));
        }
        Ok(config)
    }
}

/// A weight and its bias.
pub(super) struct Affine {
    pub(super) weight: Tensor,
    pub(super) bias: Tensor,
}

/// One layer's weights, f32 on the CPU.
pub(super) struct Layer {
    /// Query, key and value, one under the other.
    pub(super) qkv: Affine,
    pub(super) out: Affine,
    pub(super) attention_norm: Affine,
    pub(super) up: Affine,
    pub(super) down: Affine,
    pub(super) norm: Affine,
}

/// A file's tensors.
pub(super) struct Weights {
    path: PathBuf,
    tensors: BufferedSafetensors,
    /// `bert.` in files of a model with a head.
    prefix: &'static str,
}

impl Weights {
    pub(super) fn read(dir: &Path) -> Result<Self, ModelError> {
        let path = dir.join("model.safetensors");
        let bytes = fs::read(&path).map_err(|source| ModelError::Read {
            path: path.clone(),
            source,
        })?;
        let tensors = BufferedSafetensors::new(bytes).map_err(|e| ModelError::Format {
            path: path.clone(),
            reason: format!("is no safetensors file, or cut short: {e}"),
        })?;
        let bare = tensors.get("embeddings.word_embeddings.weight").is_ok();
        Ok(Self {
            path,
            tensors,
            prefix: if bare { "" } else { "bert." },
        })
    }

    /// Words, and positions to which the first sort of text is added: a text alone has no other.
    pub(super) fn embeddings(&self, config: &Config) -> Result<(Tensor, Tensor), ModelError> {
        let width = config.hidden_size;
        let part = |name: &str| format!("embeddings.{name}_embeddings.weight");
        let words = self.tensor(&part("word"), &[config.vocab_size, width])?;
        let positions = [config.max_position_embeddings, width];
        let positions = self.tensor(&part("position"), &positions)?;
        let sorts = self.tensor(&part("token_type"), &[2, width])?;
        Ok((words, positions.broadcast_add(&sorts.narrow(0, 0, 1)?)?))
    }

    pub(super) fn embeddings_norm(&self, config: &Config) -> Result<Affine, ModelError> {
        self.norm("embeddings.LayerNorm", config.hidden_size)
    }

    pub(super) fn layer(&self, index: usize, config: &Config) -> Result<Layer, ModelError> {
        let (width, hidden) = (config.hidden_size, config.intermediate_size);
        let name = |part: &str| format!("encoder.layer.{index}.{part}");
        let one = |part: &str| self.linear(&name(&format!("attention.self.{part}")), width, width);
        let (q, k, v) = (one("query")?, one("key")?, one("value")?);
        Ok(Layer {
            qkv: Affine {
                weight: Tensor::cat(&[q.weight, k.weight, v.weight], 0)?,
                bias: Tensor::cat(&[q.bias, k.bias, v.bias], 0)?,
            },
            out: self.linear(&name("attention.output.dense"), width, width)?,
            attention_norm: self.norm(&name("attention.output.LayerNorm"), width)?,
            up: self.linear(&name("intermediate.dense"), hidden, width)?,
            down: self.linear(&name("output.dense"), width, hidden)?,
            norm: self.norm(&name("output.LayerNorm"), width)?,
        })
    }

    fn linear(&self, name: &str, to: usize, from: usize) -> Result<Affine, ModelError> {
        Ok(Affine {
            weight: self.tensor(&format!("{name}.weight"), &[to, from])?,
            bias: self.tensor(&format!("{name}.bias"), &[to])?,
        })
    }

    fn norm(&self, name: &str, width: usize) -> Result<Affine, ModelError> {
        Ok(Affine {
            weight: self.tensor(&format!("{name}.weight"), &[width])?,
            bias: self.tensor(&format!("{name}.bias"), &[width])?,
        })
    }

    fn tensor(&self, name: &str, dims: &[usize]) -> Result<Tensor, ModelError> {
        let name = format!("{}{name}", self.prefix);
        let wrong = |reason: String| ModelError::Weight {
            name: name.clone(),
            reason,
        };
        let view = self
            .tensors
            .get(&name)
            .map_err(|_| wrong(format!("is not in {}", self.path.display())))?;
        if view.shape() != dims {
            return Err(wrong(format!(
                "shape {:?}, expected {dims:?}",
                view.shape()
            )));
        }
        Ok(self
            .tensors
            .load(&name, &Device::Cpu)?
            .to_dtype(DType::F32)?)
    }
}
