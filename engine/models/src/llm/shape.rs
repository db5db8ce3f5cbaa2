//! The sizes of a model of the Llama family, from a GGUF file's metadata.

use janet_kernels::RopePairs;

use super::gguf::Gguf;
use crate::ModelError;

/// What the metadata says about the network.
#[derive(Clone, Debug)]
pub(super) struct NetShape {
    pub(super) layers: usize,
    pub(super) hidden: usize,
    pub(super) heads: usize,
    pub(super) kv_heads: usize,
    pub(super) head_dim: usize,
    /// Tokens that the model was trained for.
    pub(super) context: usize,
    pub(super) eps: f32,
    pub(super) rope_base: f32,
    pub(super) rope_dims: usize,
    pub(super) rope_pairs: RopePairs,
}

impl NetShape {
    pub(super) fn read(file: &Gguf) -> Result<Self, ModelError> {
        let family = file.text("general.architecture").unwrap_or_default();
        let rope_pairs = match family {
            "llama" => RopePairs::Neighbours,
            "qwen2" | "qwen3" => RopePairs::Halves,
            other => {
                return Err(file.damaged(format!(
                    "architecture {other:?} is not supported (llama, qwen2, qwen3 are)"
                )));
            }
        };
        let key = |name: &str| format!("{family}.{name}");
        if file
            .number(&key("expert_count"))
            .is_some_and(|count| count > 0)
        {
            return Err(file.damaged("mixtures of experts are not supported"));
        }
        match file.text(&key("rope.scaling.type")) {
            None | Some("none") => {}
            Some(other) => {
                return Err(file.damaged(format!("rope scaling {other:?} is not supported")));
            }
        }
        let heads = file.need(&key("attention.head_count"))?;
        let hidden = file.need(&key("embedding_length"))?;
        let head_dim = file
            .number(&key("attention.key_length"))
            .or_else(|| hidden.checked_div(heads))
            .ok_or_else(|| file.damaged("attention.head_count is 0"))?;
        Ok(Self {
            layers: file.need(&key("block_count"))?,
            hidden,
            heads,
            kv_heads: file
                .number(&key("attention.head_count_kv"))
                .unwrap_or(heads),
            head_dim,
            context: file.need(&key("context_length"))?,
            eps: file
                .float(&key("attention.layer_norm_rms_epsilon"))
                .ok_or_else(|| file.damaged("no attention.layer_norm_rms_epsilon"))?,
            rope_base: file.float(&key("rope.freq_base")).unwrap_or(10_000.0),
            rope_dims: file
                .number(&key("rope.dimension_count"))
                .unwrap_or(head_dim),
            rope_pairs,
        })
    }
}
