//! The network: weights and the work of one layer.
//!
//! Knows tensors only. Which tokens are run, in which pieces and into which cache is decided by
//! its callers.

use candle_core::{Device, Tensor};
use janet_kernels::{Exec, HeadNorms, KvCache, KvShape, Linear, Precision, Rope, rms_norm, swiglu};

use super::gguf::{Gguf, Rows, weight};
use super::shape::NetShape;
use crate::ModelError;

/// The weights of a model of the Llama family.
#[derive(Debug)]
pub(super) struct Net {
    pub(super) shape: NetShape,
    pub(super) exec: Exec,
    embedding: Rows,
    layers: Vec<Layer>,
    norm: Tensor,
    head: Linear,
    rope: Rope,
}

#[derive(Debug)]
struct Layer {
    attention_norm: Tensor,
    head_norms: Option<HeadNorms>,
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
        let rope = Rope::new(
            shape.rope_dims,
            shape.rope_base,
            &factors,
            shape.rope_pairs,
            capacity,
            &exec.device,
        )?;
        let norm = reader.vector("output_norm.weight", shape.hidden)?;
        Ok(Self {
            exec: exec.clone(),
            embedding,
            layers,
            norm,
            head,
            rope,
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
        self.embedding.gather(ids, &self.exec.device)
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
        let seen = cache.attend(n, start, &qkv, &self.rope, layer.head_norms.as_ref())?;
        let x = (x + layer.out.forward(&seen)?)?;
        let h = rms_norm(&x, &layer.feed_norm, self.shape.eps, exec)?;
        let h = swiglu(&layer.gate_up.forward(&h)?, exec)?;
        Ok((x + layer.down.forward(&h)?)?)
    }

    /// The logits `[vocabulary]` behind the last token of `x` `[t, hidden]`.
    pub(super) fn logits(&self, x: &Tensor) -> Result<Vec<f32>, ModelError> {
        let last = x.narrow(0, x.dim(0)? - 1, 1)?.contiguous()?;
        let h = rms_norm(&last, &self.norm, self.shape.eps, &self.exec)?;
        Ok(self
            .head
            .forward(&h)?
            .flatten_all()?
            .to_device(&Device::Cpu)?
            .to_vec1()?)
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
        Ok(Layer {
            attention_norm: self.vector(&name("attn_norm"), hidden)?,
            head_norms,
            qkv: self.linear(&qkv, &[q, kv, kv], hidden)?,
            out: self.linear(&[&name("attn_output")], &[hidden], q)?,
            feed_norm: self.vector(&name("ffn_norm"), hidden)?,
            gate_up: self.linear(&[&gate, &up], &[feed, feed], hidden)?,
            down: self.linear(&[&down], &[hidden], feed)?,
        })
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
