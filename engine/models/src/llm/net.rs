//! The network: weights and the work of one layer.
//!
//! Knows tensors only. Which tokens are run, in which pieces and into which cache is decided by
//! its callers.

use candle_core::{Device, Tensor};
use janet_kernels::{
    Exec, HeadNorms, KvCache, KvShape, Linear, Precision, Rope, geglu_tanh, rms_norm, swiglu,
};

use super::gguf::{Gguf, Rows, weight};
use super::shape::{Angles, NetShape};
use crate::ModelError;

/// The weights of a model.
#[derive(Debug)]
pub(super) struct Net {
    pub(super) shape: NetShape,
    pub(super) exec: Exec,
    embedding: Rows,
    layers: Vec<Layer>,
    norm: Tensor,
    head: Linear,
    rope: Rope,
    /// For the layers with a window, where they turn differently.
    window_rope: Option<Rope>,
}

#[derive(Debug)]
struct Layer {
    attention_norm: Tensor,
    head_norms: Option<HeadNorms>,
    /// Norms of what attention and the feed-forward part add (Gemma).
    after: Option<(Tensor, Tensor)>,
    /// Queries, keys and values in one product.
    qkv: Linear,
    out: Linear,
    feed_norm: Tensor,
    /// Gate and up in one product.
    gate_up: Linear,
    down: Linear,
}

impl Net {
    /// Reads all weights; `capacity` is the longest context that will be asked for.
    pub(super) fn read(
        file: &Gguf,
        precision: Precision,
        capacity: usize,
        exec: &Exec,
    ) -> Result<Self, ModelError> {
        let shape = NetShape::read(file)?;
        let reader = Reader {
            file,
            shape: &shape,
            precision,
            exec,
        };
        let embedding = file.rows("token_embd.weight")?;
        if embedding.width() != shape.hidden {
            let width = embedding.width();
            let reason = format!("rows of {width}, not embedding_length {}", shape.hidden);
            return Err(weight("token_embd.weight", reason));
        }
        let tied = !file.has_tensor("output.weight");
        let head = if tied {
            "token_embd.weight"
        } else {
            "output.weight"
        };
        let head = reader.linear(&[head], &[embedding.count()], shape.hidden)?;
        let layers = (0..shape.layers)
            .map(|n| reader.layer(n))
            .collect::<Result<_, _>>()?;
        let factors = if file.has_tensor("rope_freqs.weight") {
            file.tensor("rope_freqs.weight")?.to_vec1::<f32>()?
        } else {
            Vec::new()
        };
        let rope = reader.rope(shape.rope, &factors, capacity)?;
        let own = shape.window_rope.map(|a| reader.rope(a, &[], capacity));
        let window_rope = own.transpose()?;
        let norm = reader.vector("output_norm.weight", shape.hidden)?;
        Ok(Self {
            exec: exec.clone(),
            embedding,
            layers,
            norm,
            head,
            rope,
            window_rope,
            shape,
        })
    }

    /// Size of the vocabulary.
    pub(super) fn vocabulary(&self) -> usize {
        self.embedding.count()
    }

    /// A cache for `capacity` tokens.
    pub(super) fn cache(&self, capacity: usize) -> Result<KvCache, ModelError> {
        let NetShape {
            layers,
            heads,
            kv_heads,
            head_dim,
            ..
        } = self.shape;
        let shape = KvShape {
            layers,
            heads,
            kv_heads,
            head_dim,
            capacity,
        };
        Ok(KvCache::new(shape, &self.exec)?)
    }

    /// What goes into the first layer: `[ids, hidden]`.
    pub(super) fn embed(&self, ids: &[u32]) -> Result<Tensor, ModelError> {
        let x = self.embedding.gather(ids, &self.exec.device)?;
        match self.shape.embedding_scale {
            1.0 => Ok(x),
            scale => Ok((x * f64::from(scale))?),
        }
    }

    /// Runs `x` `[t, hidden]`, the tokens from position `start` on, through layer `n`.
    pub(super) fn layer(
        &self,
        n: usize,
        x: &Tensor,
        start: usize,
        cache: &mut KvCache,
    ) -> Result<Tensor, ModelError> {
        let layer = &self.layers[n];
        let exec = &self.exec;
        let h = rms_norm(x, &layer.attention_norm, self.shape.eps, exec)?;
        let qkv = layer.qkv.forward(&h)?;
        let own = self.window_rope.as_ref();
        let rope = own.filter(|_| self.shape.has_window(n));
        let seen = cache.attend(
            n,
            start,
            &qkv,
            rope.unwrap_or(&self.rope),
            layer.head_norms.as_ref(),
            self.shape.look(n),
        )?;
        let h = layer.out.forward(&seen)?;
        let x = (x + self.after(layer.after.as_ref().map(|(norm, _)| norm), h)?)?;
        let h = rms_norm(&x, &layer.feed_norm, self.shape.eps, exec)?;
        let h = layer.gate_up.forward(&h)?;
        let h = match self.shape.family.is_gemma() {
            true => geglu_tanh(&h, exec)?,
            false => swiglu(&h, exec)?,
        };
        let h = layer.down.forward(&h)?;
        Ok((x + self.after(layer.after.as_ref().map(|(_, norm)| norm), h)?)?)
    }

    /// What a part of a layer adds, through its norm if it has one.
    fn after(&self, norm: Option<&Tensor>, h: Tensor) -> Result<Tensor, ModelError> {
        match norm {
            None => Ok(h),
            Some(norm) => Ok(rms_norm(&h, norm, self.shape.eps, &self.exec)?),
        }
    }

    /// The logits `[vocabulary]` behind the last token of `x` `[t, hidden]`.
    pub(super) fn logits(&self, x: &Tensor) -> Result<Vec<f32>, ModelError> {
        let last = x.narrow(0, x.dim(0)? - 1, 1)?.contiguous()?;
        let h = rms_norm(&last, &self.norm, self.shape.eps, &self.exec)?;
        let logits = self.head.forward(&h)?.flatten_all()?;
        let mut logits: Vec<f32> = logits.to_device(&Device::Cpu)?.to_vec1()?;
        if let Some(cap) = self.shape.logit_cap {
            for logit in &mut logits {
                *logit = cap * (*logit / cap).tanh();
            }
        }
        Ok(logits)
    }
}

/// Takes weights out of the file and lays them out for the device.
struct Reader<'a> {
    file: &'a Gguf,
    shape: &'a NetShape,
    precision: Precision,
    exec: &'a Exec,
}

impl Reader<'_> {
    fn layer(&self, n: usize) -> Result<Layer, ModelError> {
        let NetShape {
            hidden,
            heads,
            kv_heads,
            head_dim,
            eps,
            ..
        } = *self.shape;
        let name = |part: &str| format!("blk.{n}.{part}.weight");
        let (q, kv) = (heads * head_dim, kv_heads * head_dim);
        let (gate, up, down) = (name("ffn_gate"), name("ffn_up"), name("ffn_down"));
        let [_, feed] = self.file.tensor_dims(&gate)?;
        let qkv = [name("attn_q"), name("attn_k"), name("attn_v")];
        let qkv: Vec<&str> = qkv.iter().map(String::as_str).collect();
        let head_norms = if self.file.has_tensor(&name("attn_q_norm")) {
            Some(HeadNorms {
                query: self.vector(&name("attn_q_norm"), head_dim)?,
                key: self.vector(&name("attn_k_norm"), head_dim)?,
                eps,
            })
        } else {
            None
        };
        let after = if self.shape.family.is_gemma() {
            let of = |part: &str| self.vector(&name(part), hidden);
            Some((of("post_attention_norm")?, of("post_ffw_norm")?))
        } else {
            None
        };
        Ok(Layer {
            after,
            attention_norm: self.vector(&name("attn_norm"), hidden)?,
            head_norms,
            qkv: self.linear(&qkv, &[q, kv, kv], hidden)?,
            out: self.linear(&[&name("attn_output")], &[hidden], q)?,
            feed_norm: self.vector(&name("ffn_norm"), hidden)?,
            gate_up: self.linear(&[&gate, &up], &[feed, feed], hidden)?,
            down: self.linear(&[&down], &[hidden], feed)?,
        })
    }

    fn rope(&self, angles: Angles, factors: &[f32], capacity: usize) -> Result<Rope, ModelError> {
        let NetShape {
            rope_dims,
            rope_pairs,
            ..
        } = *self.shape;
        // Slower by as much in every pair.
        let factors: Vec<f32> = (0..rope_dims / 2)
            .map(|n| factors.get(n).unwrap_or(&1.0) * angles.stretch)
            .collect();
        Ok(Rope::new(
            rope_dims,
            angles.base,
            &factors,
            rope_pairs,
            capacity,
            &self.exec.device,
        )?)
    }

    /// One layer of the matrices `names`, one below the other, with their biases if they have any.
    fn linear(&self, names: &[&str], rows: &[usize], width: usize) -> Result<Linear, ModelError> {
        let mut weights = Vec::with_capacity(names.len());
        let mut biases = Vec::new();
        for (name, rows) in names.iter().zip(rows) {
            let matrix = self.file.tensor(name)?;
            if matrix.dims() != [*rows, width] {
                return Err(weight(
                    name,
                    format!("is {:?}, not [{rows}, {width}]", matrix.dims()),
                ));
            }
            weights.push(matrix);
            let bias = name.replace(".weight", ".bias");
            if self.file.has_tensor(&bias) {
                biases.push(self.file.tensor(&bias)?);
            }
        }
        let matrix = match &weights[..] {
            [one] => one.clone(),
            many => Tensor::cat(many, 0)?,
        };
        drop(weights);
        let bias = match biases.len() {
            0 => None,
            count if count == names.len() => Some(Tensor::cat(&biases, 0)?),
            _ => {
                return Err(weight(
                    names[0],
                    "some of its parts have a bias, some not".into(),
                ));
            }
        };
        Ok(Linear::new(
            &matrix,
            bias.as_ref(),
            self.precision,
            self.exec,
        )?)
    }

    fn vector(&self, name: &str, width: usize) -> Result<Tensor, ModelError> {
        let vector = self.file.tensor(name)?;
        if vector.dims() != [width] {
            return Err(weight(
                name,
                format!("is {:?}, not [{width}]", vector.dims()),
            ));
        }
        Ok(vector.to_device(&self.exec.device)?)
    }
}
