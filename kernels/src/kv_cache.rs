//! The keys and values of one conversation, and attention over them.
//!
//! All room is taken when the cache is made (the system hands out pages as they are touched).
//! The cache does not know how much of it is in use: its owner counts tokens, and to truncate
//! means to write over. Kept as f16, which halves the memory and costs nothing in speed.

use candle_core::{DType, Device, Error, Result, Tensor};

use crate::attention::{self, Heads};
use crate::isa::Isa;
use crate::view::with_f32;
use crate::{Exec, Rope, RopePairs, norm};

/// The sizes of a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KvShape {
    /// Layers of the model.
    pub layers: usize,
    /// Query heads; a multiple of `kv_heads`.
    pub heads: usize,
    /// Key and value heads.
    pub kv_heads: usize,
    /// Values per head; a multiple of 16.
    pub head_dim: usize,
    /// Tokens that fit.
    pub capacity: usize,
}

impl KvShape {
    fn layer(self) -> Heads {
        let Self {
            heads,
            kv_heads,
            head_dim,
            capacity,
            ..
        } = self;
        Heads {
            heads,
            kv_heads,
            head_dim,
            capacity,
        }
    }
}

/// Per-head RMS norms of queries and keys before rotation (Qwen 3).
#[derive(Clone, Debug)]
pub struct HeadNorms {
    /// `[head_dim]`.
    pub query: Tensor,
    /// `[head_dim]`.
    pub key: Tensor,
    /// Added to the mean square.
    pub eps: f32,
}

/// How a layer's queries look at the keys.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// What a score is multiplied with: usually `1 / √head_dim`.
    pub scale: f32,
    /// Tokens that are seen, the query's own included; `None` sees all before it. At least 1.
    pub window: Option<usize>,
    /// Scores are bent to stay below this size (`cap tanh(score / cap)`: Gemma 2).
    pub cap: Option<f32>,
}

impl Look {
    /// The usual one for heads of `head_dim` values.
    pub fn plain(head_dim: usize) -> Self {
        Self {
            scale: 1.0 / (head_dim as f32).sqrt(),
            window: None,
            cap: None,
        }
    }

    /// The first token that is seen by the last of `seen`.
    pub(crate) fn from(self, seen: usize) -> usize {
        self.window
            .map_or(0, |window| seen.saturating_sub(window.max(1)))
    }
}

/// Keys and values of up to `capacity` tokens in every layer.
#[derive(Debug)]
pub struct KvCache {
    shape: KvShape,
    room: Room,
    exec: Exec,
    /// No token from here on was ever written since the last erasure.
    written: usize,
}

#[derive(Debug)]
enum Room {
    /// f16 bits, one layer behind the other, as `attention` lays them out.
    Cpu { keys: Vec<u16>, values: Vec<u16> },
    /// One `[kv_heads, capacity, head_dim]` f32 tensor per layer.
    Device {
        keys: Vec<Tensor>,
        values: Vec<Tensor>,
    },
}

impl KvCache {
    /// An empty cache.
    pub fn new(shape: KvShape, exec: &Exec) -> Result<Self> {
        let KvShape {
            layers,
            heads,
            kv_heads,
            head_dim,
            capacity,
        } = shape;
        let whole = kv_heads > 0 && heads % kv_heads == 0 && head_dim > 0 && head_dim % 16 == 0;
        if !whole || capacity == 0 {
            return Err(Error::Msg(format!("kv cache: unsupported shape {shape:?}")));
        }
        let room = match &exec.device {
            Device::Cpu => Room::Cpu {
                keys: vec![0; layers * shape.layer().keys()],
                values: vec![0; layers * shape.layer().values()],
            },
            device => {
                let layer = || Tensor::zeros((kv_heads, capacity, head_dim), DType::F32, device);
                Room::Device {
                    keys: (0..layers).map(|_| layer()).collect::<Result<_>>()?,
                    values: (0..layers).map(|_| layer()).collect::<Result<_>>()?,
                }
            }
        };
        Ok(Self {
            shape,
            room,
            exec: exec.clone(),
            written: 0,
        })
    }

    /// The sizes it was made with.
    pub fn shape(&self) -> KvShape {
        self.shape
    }

    /// Writes keys and values of the tokens from position `start` on, and attends from each of
    /// them to itself and what `look` shows it before.
    ///
    /// `qkv` `[t, (heads + 2 kv_heads) head_dim]` holds queries, keys and values side by side,
    /// not yet rotated. Returns `[t, heads head_dim]`.
    pub fn attend(
        &mut self,
        layer: usize,
        start: usize,
        qkv: &Tensor,
        rope: &Rope,
        norms: Option<&HeadNorms>,
        look: Look,
    ) -> Result<Tensor> {
        let KvShape {
            layers,
            heads,
            kv_heads,
            head_dim,
            capacity,
        } = self.shape;
        let (tokens, width) = qkv.dims2()?;
        if layer >= layers
            || start + tokens > capacity
            || width != (heads + 2 * kv_heads) * head_dim
            || rope.dims > head_dim
            || (start + tokens) * rope.dims / 2 > rope.cos.len()
        {
            return Err(Error::Msg(format!(
                "kv cache: {tokens} tokens of width {width} at {start}, layer {layer}, do not fit \
                 {:?}",
                self.shape
            )));
        }
        let normed;
        let qkv = match norms {
            None => qkv,
            Some(norms) => {
                normed = self.normalise(qkv, norms)?;
                &normed
            }
        };
        self.written = self.written.max(start + tokens);
        let shape = self.shape.layer();
        match &mut self.room {
            Room::Cpu { keys, values } => {
                let keys = &mut keys[layer * shape.keys()..][..shape.keys()];
                let values = &mut values[layer * shape.values()..][..shape.values()];
                let pool = &self.exec.pool;
                let out = with_f32(qkv, "attend", |qkv| {
                    let isa = Isa::best();
                    Ok(attention::attend(
                        isa, shape, look, start, qkv, rope, keys, values, pool,
                    ))
                })?;
                Tensor::from_vec(out, (tokens, heads * head_dim), &Device::Cpu)
            }
            Room::Device { keys, values } => {
                attend_on_device(shape, look, start, qkv, rope, &keys[layer], &values[layer])
            }
        }
    }

    fn normalise(&self, qkv: &Tensor, norms: &HeadNorms) -> Result<Tensor> {
        let KvShape {
            heads,
            kv_heads,
            head_dim,
            ..
        } = self.shape;
        let tokens = qkv.dim(0)?;
        let part = |from: usize, count: usize| {
            qkv.narrow(1, from * head_dim, count * head_dim)?
                .contiguous()?
                .reshape((tokens, count, head_dim))
        };
        let q = norm::rms_norm(&part(0, heads)?, &norms.query, norms.eps, &self.exec)?;
        let k = norm::rms_norm(&part(heads, kv_heads)?, &norms.key, norms.eps, &self.exec)?;
        let v = part(heads + kv_heads, kv_heads)?;
        Tensor::cat(&[q, k, v], 1)?.reshape((tokens, (heads + 2 * kv_heads) * head_dim))
    }

    /// Takes over the first `tokens` tokens of a cache of the same model.
    pub fn copy_from(&mut self, other: &Self, tokens: usize) -> Result<()> {
        let KvShape {
            head_dim, capacity, ..
        } = self.shape;
        let same = KvShape {
            capacity,
            ..other.shape
        } == self.shape;
        if !same || tokens > capacity || tokens > other.shape.capacity {
            return Err(Error::Msg(format!(
                "kv cache: {tokens} tokens of {:?} do not fit {:?}",
                other.shape, self.shape
            )));
        }
        self.written = self.written.max(tokens);
        match (&mut self.room, &other.room) {
            (
                Room::Cpu { keys, values },
                Room::Cpu {
                    keys: their_keys,
                    values: their_values,
                },
            ) => {
                let (ours, theirs) = (self.shape.layer(), other.shape.layer());
                let rows = keys.chunks_exact_mut(ours.key_stride());
                for (to, from) in rows.zip(their_keys.chunks_exact(theirs.key_stride())) {
                    to[..tokens].copy_from_slice(&from[..tokens]);
                }
                let length = tokens * head_dim;
                let heads = values.chunks_exact_mut(capacity * head_dim);
                for (to, from) in heads.zip(their_values.chunks_exact(theirs.capacity * head_dim)) {
                    to[..length].copy_from_slice(&from[..length]);
                }
                Ok(())
            }
            (
                Room::Device { keys, values },
                Room::Device {
                    keys: their_keys,
                    values: their_values,
                },
            ) => {
                let ours = keys.iter().chain(values.iter());
                for (to, from) in ours.zip(their_keys.iter().chain(their_values)) {
                    to.slice_set(&from.narrow(1, 0, tokens)?.contiguous()?, 1, 0)?;
                }
                Ok(())
            }
            _ => Err(Error::Msg(
                "kv cache: the two caches are on different devices".into(),
            )),
        }
    }

    /// Overwrites everything that was written with zeros, so that nothing can be read back.
    pub fn erase(&mut self) -> Result<()> {
        let KvShape {
            head_dim, capacity, ..
        } = self.shape;
        let tokens = std::mem::take(&mut self.written).min(capacity);
        let layer = self.shape.layer();
        match &mut self.room {
            Room::Cpu { keys, values } => {
                for row in keys.chunks_exact_mut(layer.key_stride()) {
                    row[..tokens].fill(0);
                }
                for head in values.chunks_exact_mut(capacity * head_dim) {
                    head[..tokens * head_dim].fill(0);
                }
            }
            Room::Device { keys, values } => {
                for tensor in keys.iter().chain(values.iter()) {
                    tensor.zero_set()?;
                }
            }
        }
        Ok(())
    }
}

/// The same by candle's operations, for devices that have no kernel here.
pub(crate) fn attend_on_device(
    shape: Heads,
    look: Look,
    start: usize,
    qkv: &Tensor,
    rope: &Rope,
    keys: &Tensor,
    values: &Tensor,
) -> Result<Tensor> {
    let Heads {
        heads,
        kv_heads,
        head_dim,
        ..
    } = shape;
    let tokens = qkv.dim(0)?;
    let part = |from: usize, count: usize| {
        qkv.narrow(1, from * head_dim, count * head_dim)?
            .reshape((tokens, count, head_dim))?
            .transpose(0, 1)?
            .contiguous()
    };
    let q = rotate_on_device(&part(0, heads)?, rope, start)?;
    let k = rotate_on_device(&part(heads, kv_heads)?, rope, start)?;
    keys.slice_set(&k, 1, start)?;
    values.slice_set(&part(heads + kv_heads, kv_heads)?, 1, start)?;
    let seen = start + tokens;
    let group = heads / kv_heads;
    let q = q.reshape((kv_heads, group * tokens, head_dim))?;
    let scores = (q.matmul(&keys.narrow(1, 0, seen)?.transpose(1, 2)?.contiguous()?)?
        * f64::from(look.scale))?;
    let scores = match look.cap.map(f64::from) {
        None => scores,
        Some(cap) => ((scores / cap)?.tanh()? * cap)?,
    };
    let mask: Vec<f32> = (0..group * tokens)
        .flat_map(|row| {
            let last = start + row % tokens;
            let shown = look.from(last + 1)..=last;
            (0..seen).map(move |at| {
                if shown.contains(&at) {
                    0.0
                } else {
                    f32::NEG_INFINITY
                }
            })
        })
        .collect();
    let mask = Tensor::from_vec(mask, (1, group * tokens, seen), qkv.device())?;
    let exec = Exec {
        device: qkv.device().clone(),
        pool: crate::Pool::new(1),
    };
    let weights = norm::softmax_last_dim(&scores.broadcast_add(&mask)?, &exec)?;
    weights
        .matmul(&values.narrow(1, 0, seen)?.contiguous()?)?
        .reshape((heads, tokens, head_dim))?
        .transpose(0, 1)?
        .contiguous()?
        .reshape((tokens, heads * head_dim))
}

fn rotate_on_device(x: &Tensor, rope: &Rope, start: usize) -> Result<Tensor> {
    let (heads, tokens, head_dim) = x.dims3()?;
    let half = rope.dims / 2;
    let made;
    let (cos, sin) = match &rope.tables {
        Some(tables) => (&tables.0, &tables.1),
        None => {
            let rows = rope.cos.len() / half;
            made = (
                Tensor::from_slice(&rope.cos, (rows, half), x.device())?,
                Tensor::from_slice(&rope.sin, (rows, half), x.device())?,
            );
            (&made.0, &made.1)
        }
    };
    let (cos, sin) = (cos.narrow(0, start, tokens)?, sin.narrow(0, start, tokens)?);
    let turned = x.narrow(2, 0, rope.dims)?;
    let (a, b) = match rope.pairs {
        RopePairs::Neighbours => {
            let pairs = turned.reshape((heads, tokens, half, 2))?;
            (
                pairs.narrow(3, 0, 1)?.squeeze(3)?,
                pairs.narrow(3, 1, 1)?.squeeze(3)?,
            )
        }
        RopePairs::Halves => (turned.narrow(2, 0, half)?, turned.narrow(2, half, half)?),
    };
    let low = (a.broadcast_mul(&cos)? - b.broadcast_mul(&sin)?)?;
    let high = (a.broadcast_mul(&sin)? + b.broadcast_mul(&cos)?)?;
    let turned = match rope.pairs {
        RopePairs::Neighbours => {
            Tensor::stack(&[low, high], 3)?.reshape((heads, tokens, rope.dims))?
        }
        RopePairs::Halves => Tensor::cat(&[low, high], 2)?,
    };
    if rope.dims == head_dim {
        return Ok(turned);
    }
    Tensor::cat(&[turned, x.narrow(2, rope.dims, head_dim - rope.dims)?], 2)
}
