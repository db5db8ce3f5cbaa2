//! The decoder: tokens so far and the encoder's vectors in, scores of the next token out.
//!
//! Keeps the keys and values of everything seen in memory that is laid out once per job, so that
//! a token costs the same at every position. Never chooses a token.

use std::sync::Arc;

use candle_core::{DType, Tensor};
use janet_kernels::{Exec, Linear, Precision, gelu_erf};

use super::attention::{Sight, attend, attention, transposed};
use super::encoder::{Norm, linear};
use super::weights::DecoderWeights;
use crate::ModelError;

/// A decoder that is ready to run; shared by all jobs.
#[derive(Debug)]
pub struct Decoder {
    /// f16: only single rows are looked up.
    embeddings: Tensor,
    positions: Tensor,
    layers: Vec<Layer>,
    norm: Norm,
    scores: Linear,
    heads: usize,
    width: usize,
    exec: Exec,
}

#[derive(Debug)]
struct Layer {
    self_norm: Norm,
    self_qkv: Linear,
    self_out: Linear,
    cross_norm: Norm,
    cross_q: Linear,
    cross_kv: Linear,
    cross_out: Linear,
    ffn_norm: Norm,
    ffn_up: Linear,
    ffn_down: Linear,
}

impl Decoder {
    /// Lays the weights out for `exec`.
    pub(super) fn new(
        weights: &DecoderWeights,
        heads: usize,
        precision: Precision,
        exec: &Exec,
    ) -> Result<Self, ModelError> {
        let layers = weights
            .layers
            .iter()
            .map(|w| {
                Ok(Layer {
                    self_norm: Norm::new(&w.self_norm, exec)?,
                    self_qkv: linear(&w.self_qkv, precision, exec)?,
                    self_out: linear(&w.self_out, precision, exec)?,
                    cross_norm: Norm::new(&w.cross_norm, exec)?,
                    cross_q: linear(&w.cross_q, precision, exec)?,
                    cross_kv: linear(&w.cross_kv, precision, exec)?,
                    cross_out: linear(&w.cross_out, precision, exec)?,
                    ffn_norm: Norm::new(&w.ffn_norm, exec)?,
                    ffn_up: linear(&w.ffn_up, precision, exec)?,
                    ffn_down: linear(&w.ffn_down, precision, exec)?,
                })
            })
            .collect::<Result<_, ModelError>>()?;
        Ok(Self {
            embeddings: weights
                .embeddings
                .to_dtype(DType::F16)?
                .to_device(&exec.device)?,
            positions: weights.positions.to_device(&exec.device)?,
            layers,
            norm: Norm::new(&weights.norm, exec)?,
            scores: Linear::new(&weights.embeddings, None, precision, exec)?,
            heads,
            width: weights.embeddings.dim(1)?,
            exec: exec.clone(),
        })
    }

    /// Tokens that fit in all.
    pub fn positions(&self) -> usize {
        self.positions.dims().first().copied().unwrap_or(0)
    }
}

/// What a decoder has seen in one job.
#[derive(Debug)]
pub struct Context {
    decoder: Arc<Decoder>,
    /// Keys `[width, positions]` and values `[positions, width]` of the sound, per layer.
    cross: Vec<(Tensor, Tensor)>,
    /// The same of the tokens, with room for `capacity`.
    own: Vec<(Tensor, Tensor)>,
    capacity: usize,
    len: usize,
}

impl Context {
    /// Begins with nothing seen and room for `capacity` tokens.
    pub fn begin(decoder: &Arc<Decoder>, capacity: usize) -> Result<Self, ModelError> {
        let capacity = capacity.min(decoder.positions());
        let device = &decoder.exec.device;
        let own = decoder
            .layers
            .iter()
            .map(|_| {
                Ok((
                    Tensor::zeros((decoder.width, capacity), DType::F32, device)?,
                    Tensor::zeros((capacity, decoder.width), DType::F32, device)?,
                ))
            })
            .collect::<Result<_, ModelError>>()?;
        Ok(Self {
            decoder: Arc::clone(decoder),
            cross: Vec::new(),
            own,
            capacity,
            len: 0,
        })
    }

    /// Projects the encoder's vectors `sound` `[positions, width]` for one more layer; true when
    /// all layers have theirs.
    pub fn listen(&mut self, sound: &Tensor) -> Result<bool, ModelError> {
        let decoder = &self.decoder;
        let width = decoder.width;
        if let Some(layer) = decoder.layers.get(self.cross.len()) {
            let kv = layer.cross_kv.forward(sound)?;
            let keys = transposed(&kv.narrow(1, 0, width)?)?;
            self.cross.push((keys, kv.narrow(1, width, width)?));
        }
        Ok(self.cross.len() == decoder.layers.len())
    }

    /// Positions of the sound that it listens to.
    pub(super) fn positions(&self) -> usize {
        let first = self.cross.first();
        first.map_or(0, |(_, values)| values.dims()[0])
    }

    /// Tokens seen.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no token was seen yet.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether `more` tokens still fit.
    pub fn has_room(&self, more: usize) -> bool {
        self.len + more <= self.capacity
    }

    /// Forgets the tokens and keeps the sound: for another text of the same sound.
    pub fn rewind(&mut self) {
        self.len = 0;
    }

    /// Adds `tokens` and gives, for each of them, the scores of what follows: `[n, vocabulary]`.
    pub fn advance(&mut self, tokens: &[u32]) -> Result<Tensor, ModelError> {
        self.go(tokens, None)
    }

    /// Adds `tokens` as [`advance`](Self::advance) does, and keeps what `watched` sees.
    pub(super) fn advance_watched(
        &mut self,
        tokens: &[u32],
        watched: &mut Watched<'_>,
    ) -> Result<Tensor, ModelError> {
        self.go(tokens, Some(watched))
    }

    fn go(
        &mut self,
        tokens: &[u32],
        mut watched: Option<&mut Watched<'_>>,
    ) -> Result<Tensor, ModelError> {
        let n = tokens.len();
        if !self.has_room(n) || self.cross.len() < self.decoder.layers.len() {
            return Err(ModelError::Input {
                what: "tokens",
                reason: format!(
                    "{n} more than {} of {} with {} layers listening",
                    self.len,
                    self.capacity,
                    self.cross.len()
                ),
            });
        }
        let decoder = Arc::clone(&self.decoder);
        let (heads, width, exec) = (decoder.heads, decoder.width, &decoder.exec);
        let ids = Tensor::new(tokens, &exec.device)?;
        let mut x = decoder
            .embeddings
            .index_select(&ids, 0)?
            .to_dtype(DType::F32)?
            .add(&decoder.positions.narrow(0, self.len, n)?)?;
        let layers = decoder.layers.iter().zip(&self.own).zip(&self.cross);
        for (at, ((layer, own), cross)) in layers.enumerate() {
            let qkv = layer.self_qkv.forward(&layer.self_norm.forward(&x)?)?;
            own.0
                .slice_set(&transposed(&qkv.narrow(1, width, width)?)?, 1, self.len)?;
            own.1
                .slice_set(&qkv.narrow(1, 2 * width, width)?.contiguous()?, 0, self.len)?;
            let queries = qkv.narrow(1, 0, width)?;
            let sight = Sight::Causal { start: self.len };
            let y = attend(&queries, &own.0, &own.1, heads, sight, exec)?;
            x = (x + layer.self_out.forward(&y)?)?;

            let queries = layer.cross_q.forward(&layer.cross_norm.forward(&x)?)?;
            if let Some(watched) = &mut watched {
                watched.look(at, &queries, &cross.0, heads)?;
            }
            let sight = Sight::First(cross.0.dim(1)?);
            let y = attend(&queries, &cross.0, &cross.1, heads, sight, exec)?;
            x = (x + layer.cross_out.forward(&y)?)?;

            let y = layer.ffn_up.forward(&layer.ffn_norm.forward(&x)?)?;
            x = (x + layer.ffn_down.forward(&gelu_erf(&y, exec)?)?)?;
        }
        self.len += n;
        Ok(decoder.scores.forward(&decoder.norm.forward(&x)?)?)
    }
}

/// Which heads look where in the sound, over all tokens so far.
pub(super) struct Watched<'a> {
    /// Layer and head.
    pub heads: &'a [(usize, usize)],
    /// Positions of the sound that count.
    pub positions: usize,
    /// Per head the rows of all tokens so far, each of `positions` probabilities.
    pub rows: &'a mut [Vec<f32>],
}

impl Watched<'_> {
    fn look(
        &mut self,
        layer: usize,
        queries: &Tensor,
        keys: &Tensor,
        heads: usize,
    ) -> Result<(), ModelError> {
        for (rows, (at, head)) in self.rows.iter_mut().zip(self.heads) {
            if *at == layer {
                let seen = attention(queries, keys, heads, *head, self.positions)?;
                rows.extend(seen.flatten_all()?.to_vec1::<f32>()?);
            }
        }
        Ok(())
    }
}
