//! The families of models, and in what they differ beyond their sizes.

use janet_kernels::RopePairs;

use super::gguf::Gguf;
use crate::ModelError;

/// An architecture by GGUF's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// Llama 2 and 3, Mistral, SmolLM and whatever else is built like them.
    Llama,
    /// Qwen 2 and 2.5.
    Qwen2,
    /// Qwen 3.
    Qwen3,
    /// Gemma 2.
    Gemma2,
    /// Gemma 3, text.
    Gemma3,
}

impl Family {
    const ALL: [Self; 5] = [
        Self::Llama,
        Self::Qwen2,
        Self::Qwen3,
        Self::Gemma2,
        Self::Gemma3,
    ];

    /// The name in `general.architecture` and before each of the file's sizes.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Llama => "llama",
            Self::Qwen2 => "qwen2",
            Self::Qwen3 => "qwen3",
            Self::Gemma2 => "gemma2",
            Self::Gemma3 => "gemma3",
        }
    }

    /// The file's family; an error that lists what there is for any other.
    pub(super) fn read(file: &Gguf) -> Result<Self, ModelError> {
        let name = file.text("general.architecture").unwrap_or_default();
        let found = Self::ALL.into_iter().find(|family| family.name() == name);
        found.ok_or_else(|| {
            let all = Self::ALL.map(Self::name).join(", ");
            file.damaged(format!(
                "architecture {name:?} is not supported ({all} are)"
            ))
        })
    }

    pub(super) fn is_gemma(self) -> bool {
        matches!(self, Self::Gemma2 | Self::Gemma3)
    }

    pub(super) fn rope_pairs(self) -> RopePairs {
        match self {
            Self::Llama => RopePairs::Neighbours,
            _ => RopePairs::Halves,
        }
    }

    /// Layers with a window turn by angles of their own.
    pub(super) fn turns_windows_differently(self) -> bool {
        self == Self::Gemma3
    }

    /// Of so many layers the last looks at everything, where windows are used.
    pub(super) fn window_period(self) -> usize {
        match self {
            Self::Gemma3 => 6,
            _ => 2,
        }
    }

    /// The caps of scores and of logits where the file names none.
    pub(super) fn usual_caps(self) -> (Option<f32>, Option<f32>) {
        match self {
            Self::Gemma2 => (Some(50.0), Some(30.0)),
            _ => (None, None),
        }
    }

    /// What scores are multiplied with. The largest Gemmas, which the file does not tell apart
    /// but by their depth, go by a head's share of the width instead of its own.
    pub(super) fn score_scale(self, layers: usize, head_dim: usize, share: usize) -> f32 {
        let by = match (self, layers) {
            (Self::Gemma2, 46) | (Self::Gemma3, 62) => share,
            _ => head_dim,
        };
        1.0 / (by as f32).sqrt()
    }
}
