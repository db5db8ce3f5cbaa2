//! The sizes of a model, from a GGUF file's metadata.

use janet_kernels::{Look, RopePairs};

use super::family::Family;
use super::gguf::Gguf;
use crate::ModelError;

/// No model has as many heads, or as wide ones.
const MOST: usize = 1 << 16;

/// What the metadata says about the network.
#[derive(Clone, Debug)]
pub(super) struct NetShape {
    pub(super) family: Family,
    pub(super) layers: usize,
    pub(super) hidden: usize,
    pub(super) heads: usize,
    pub(super) kv_heads: usize,
    pub(super) head_dim: usize,
    /// Tokens that the model was trained for.
    pub(super) context: usize,
    pub(super) eps: f32,
    pub(super) rope_dims: usize,
    pub(super) rope_pairs: RopePairs,
    pub(super) rope: Angles,
    /// The angles of layers that look at a window, where they have their own.
    pub(super) window_rope: Option<Angles>,
    /// How layers without a window look.
    pub(super) look: Look,
    /// Tokens in the window of the layers that have one.
    pub(super) window: Option<usize>,
    /// Of so many layers the last looks at everything.
    pub(super) window_period: usize,
    /// What embeddings are multiplied with.
    pub(super) embedding_scale: f32,
    /// Logits are bent to stay below this size.
    pub(super) logit_cap: Option<f32>,
}

/// How fast positions turn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Angles {
    pub(super) base: f32,
    /// Positions are divided by it.
    pub(super) stretch: f32,
}

impl NetShape {
    pub(super) fn read(file: &Gguf) -> Result<Self, ModelError> {
        let family = Family::read(file)?;
        let key = |name: &str| format!("{}.{name}", family.name());
        if file
            .number(&key("expert_count"))
            .is_some_and(|count| count > 0)
        {
            return Err(file.damaged("mixtures of experts are not supported"));
        }
        let layers = file.need(&key("block_count"))?;
        let heads = file.need(&key("attention.head_count"))?;
        let hidden = file.need(&key("embedding_length"))?;
        let share = hidden
            .checked_div(heads)
            .ok_or_else(|| file.damaged("attention.head_count is 0"))?;
        let head_dim = file.number(&key("attention.key_length")).unwrap_or(share);
        let rope = Angles {
            base: file.float(&key("rope.freq_base")).unwrap_or(10_000.0),
            stretch: stretch(file, &key)?,
        };
        let window_rope = family.turns_windows_differently().then(|| Angles {
            base: file.float(&key("rope.freq_base_swa")).unwrap_or(10_000.0),
            stretch: 1.0,
        });
        let gemma = family.is_gemma();
        let cap = |name: &str, usual: Option<f32>| {
            let cap = file.float(&key(name)).or(usual);
            cap.filter(|cap| gemma && *cap > 0.0)
        };
        let usual = family.usual_caps();
        let shape = Self {
            layers,
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
            rope_dims: file
                .number(&key("rope.dimension_count"))
                .unwrap_or(head_dim),
            rope_pairs: family.rope_pairs(),
            rope,
            window_rope,
            look: Look {
                scale: family.score_scale(layers, head_dim, share),
                window: None,
                cap: cap("attn_logit_softcapping", usual.0),
            },
            window: file
                .number(&key("attention.sliding_window"))
                .filter(|window| gemma && *window > 0),
            window_period: file
                .number(&key("attention.sliding_window_pattern"))
                .filter(|period| *period > 0)
                .unwrap_or(family.window_period()),
            embedding_scale: if gemma { (hidden as f32).sqrt() } else { 1.0 },
            logit_cap: cap("final_logit_softcapping", usual.1),
            family,
        };
        match shape.fault() {
            None => Ok(shape),
            Some(reason) => Err(file.damaged(reason)),
        }
    }

    /// What cannot be, told before room is taken for it. Whether the weights have these sizes is
    /// seen when they are read.
    fn fault(&self) -> Option<String> {
        let Self {
            layers,
            heads,
            kv_heads,
            head_dim,
            context,
            rope_dims,
            ..
        } = *self;
        if layers == 0 || context == 0 {
            return Some(format!("{layers} layers and a context of {context} tokens"));
        }
        if heads > MOST || kv_heads == 0 || heads % kv_heads != 0 {
            return Some(format!("{heads} heads share {kv_heads} keys and values"));
        }
        if head_dim == 0 || head_dim > MOST {
            return Some(format!("heads are {head_dim} wide"));
        }
        if rope_dims % 2 != 0 || rope_dims > head_dim {
            return Some(format!(
                "rope.dimension_count is {rope_dims}; it has to be even, and heads are {head_dim} wide"
            ));
        }
        None
    }

    /// Whether layer `n` looks at a window only.
    pub(super) fn has_window(&self, n: usize) -> bool {
        self.window.is_some() && n % self.window_period + 1 < self.window_period
    }

    /// How layer `n` looks at what was before.
    pub(super) fn look(&self, n: usize) -> Look {
        Look {
            window: self.window.filter(|_| self.has_window(n)),
            ..self.look
        }
    }
}

/// By how much a model's positions are stretched.
fn stretch(file: &Gguf, key: &impl Fn(&str) -> String) -> Result<f32, ModelError> {
    match file.text(&key("rope.scaling.type")) {
        None | Some("none") => Ok(1.0),
        Some("linear") => {
            let factor = file.float(&key("rope.scaling.factor")).unwrap_or(1.0);
            if factor > 0.0 {
                Ok(factor)
            } else {
                Err(file.damaged(format!("rope.scaling.factor {factor} is not positive")))
            }
        }
        Some(other) => Err(file.damaged(format!(
            "rope scaling {other:?} is not supported (none, linear are)"
        ))),
    }
}
