//! The text encoder: phoneme ids to what each of them should sound like.

use candle_core::Tensor;
use janet_kernels::{Exec, Linear, Precision, layer_norm};

use super::attention::Attention;
use super::ops::{Result, with_slice};
use super::weights::{Weights, wrong};
use crate::ModelError;

/// Width of the feed-forward convolutions.
const SPREAD: usize = 3;

/// The encoder's weights.
pub(super) struct Encoder {
    /// Embeddings, scaled: `[ids, hidden]`.
    embeddings: Tensor,
    layers: Vec<Layer>,
    /// `[t, hidden]` → `[t, 2 · latent]`.
    project: Linear,
    hidden: usize,
}

struct Layer {
    attention: Attention,
    norm_attention: Norm,
    widen: Linear,
    narrow: Linear,
    norm_spread: Norm,
}

/// A layer norm over channels.
pub(super) struct Norm {
    pub(super) gamma: Tensor,
    pub(super) beta: Tensor,
}

impl Norm {
    pub(super) fn load(
        weights: &Weights<'_>,
        name: &str,
        width: usize,
    ) -> Result<Self, ModelError> {
        Ok(Self {
            gamma: weights.vector(&format!("{name}.gamma"), width)?,
            beta: weights.vector(&format!("{name}.beta"), width)?,
        })
    }

    pub(super) fn forward(&self, x: &Tensor, exec: &Exec) -> Result<Tensor> {
        layer_norm(x, &self.gamma, &self.beta, 1e-5, exec)
    }
}

impl Encoder {
    pub(super) fn load(weights: &Weights<'_>, exec: &Exec) -> Result<Self, ModelError> {
        let table = weights.any("enc_p.emb.weight")?;
        let (_, hidden) = table.dims2()?;
        let embeddings = (table * (hidden as f64).sqrt())?.to_device(&exec.device)?;
        let count = weights.count("enc_p.encoder.attn_layers.", ".conv_q.weight");
        let layers = (0..count)
            .map(|index| Layer::load(weights, index, hidden, exec))
            .collect::<Result<Vec<_>, _>>()?;
        let latent = weights.any("enc_p.proj.weight")?.dim(0)?;
        let project = weights.linear("enc_p.proj", (hidden, latent), 1)?;
        Ok(Self {
            embeddings,
            layers,
            project,
            hidden,
        })
    }

    /// Channels of what the encoder gives.
    pub(super) fn hidden(&self) -> usize {
        self.hidden
    }

    /// One past the highest phoneme id that has an embedding.
    pub(super) fn ids(&self) -> usize {
        self.embeddings.dims().first().copied().unwrap_or(0)
    }

    /// How many [`Encoder::step`]s there are.
    pub(super) fn steps(&self) -> usize {
        2 * self.layers.len()
    }

    /// Ids to embeddings `[t, hidden]`.
    pub(super) fn embed(&self, ids: &[u32]) -> Result<Tensor> {
        self.embeddings
            .index_select(&Tensor::new(ids, self.embeddings.device())?, 0)
    }

    /// Half a layer: even steps are attention, odd ones the feed-forward part.
    pub(super) fn step(&self, x: &Tensor, step: usize, exec: &Exec) -> Result<Tensor> {
        let Some(layer) = self.layers.get(step / 2) else {
            return Ok(x.clone());
        };
        if step.is_multiple_of(2) {
            let y = layer.attention.forward(x, exec)?;
            return layer.norm_attention.forward(&(x + y)?, exec);
        }
        let y = layer.widen.forward(&side_by_side(x)?)?.relu()?;
        let y = layer.narrow.forward(&side_by_side(&y)?)?;
        layer.norm_spread.forward(&(x + y)?, exec)
    }

    /// Mean and log deviation of the latent sound per id: `[t, 2 · latent]`.
    pub(super) fn statistics(&self, x: &Tensor) -> Result<Tensor> {
        self.project.forward(x)
    }
}

impl Layer {
    fn load(
        weights: &Weights<'_>,
        index: usize,
        hidden: usize,
        exec: &Exec,
    ) -> Result<Self, ModelError> {
        let name = |part: &str| format!("enc_p.encoder.{part}.{index}");
        let spread = name("ffn_layers");
        let inner = weights.any(&format!("{spread}.conv_1.weight"))?.dim(0)?;
        Ok(Self {
            attention: load_attention(weights, &name("attn_layers"), hidden, exec)?,
            norm_attention: Norm::load(weights, &name("norm_layers_1"), hidden)?,
            widen: weights.linear(&format!("{spread}.conv_1"), (hidden, inner), SPREAD)?,
            narrow: weights.linear(&format!("{spread}.conv_2"), (inner, hidden), SPREAD)?,
            norm_spread: Norm::load(weights, &name("norm_layers_2"), hidden)?,
        })
    }
}

fn load_attention(
    weights: &Weights<'_>,
    name: &str,
    hidden: usize,
    exec: &Exec,
) -> Result<Attention, ModelError> {
    let table = format!("{name}.emb_rel_k");
    let dims = weights.any(&table)?.dims().to_vec();
    let [1, places, width] = dims[..] else {
        return Err(wrong(
            &table,
            format!("[1, places, width] wanted, it is {dims:?}"),
        ));
    };
    if width == 0 || places % 2 == 0 || !hidden.is_multiple_of(width) {
        return Err(wrong(
            &table,
            format!("{dims:?} does not fit {hidden} channels"),
        ));
    }
    let part = |letter: &str, scale: f64| -> Result<(Tensor, Tensor), ModelError> {
        let weight = weights.tensor(
            &format!("{name}.conv_{letter}.weight"),
            &[hidden, hidden, 1],
        )?;
        let bias = weights.tensor(&format!("{name}.conv_{letter}.bias"), &[hidden])?;
        Ok(((weight.squeeze(2)? * scale)?, (bias * scale)?))
    };
    // Scaling the query once here saves scaling every score later.
    let (q, q_bias) = part("q", 1.0 / (width as f64).sqrt())?;
    let ((k, k_bias), (v, v_bias)) = (part("k", 1.0)?, part("v", 1.0)?);
    let weight = Tensor::cat(&[q, k, v], 0)?;
    let bias = Tensor::cat(&[q_bias, k_bias, v_bias], 0)?;
    Ok(Attention {
        qkv: Linear::new(&weight, Some(&bias), Precision::F32, exec)?,
        out: weights.linear(&format!("{name}.conv_o"), (hidden, hidden), 1)?,
        near_keys: weights.values(&table, &dims)?,
        near_values: weights.values(&format!("{name}.emb_rel_v"), &dims)?,
        heads: hidden / width,
        width,
    })
}

/// `[t, c]` → `[t, 3c]`: each row with its neighbours, zeros beyond the ends.
fn side_by_side(x: &Tensor) -> Result<Tensor> {
    let (time, channels) = x.dims2()?;
    let rows = with_slice(x, |x| {
        let mut rows = vec![0.0; time * SPREAD * channels];
        for (t, row) in rows.chunks_exact_mut(SPREAD * channels).enumerate() {
            for (place, part) in row.chunks_exact_mut(channels).enumerate() {
                if let Some(from) = (t + place).checked_sub(1).filter(|&from| from < time) {
                    part.copy_from_slice(&x[from * channels..][..channels]);
                }
            }
        }
        rows
    })?;
    Tensor::from_vec(rows, (time, SPREAD * channels), x.device())
}
