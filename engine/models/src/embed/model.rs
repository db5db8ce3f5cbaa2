//! The model, loaded and ready.

use std::path::Path;
use std::sync::Arc;

use candle_core::{D, Result, Tensor};
use janet_kernels::{Exec, Linear, Precision, gelu_erf, layer_norm, softmax_last_dim};

use super::job::EmbedJob;
use super::tokens::Tokens;
use super::weights::{self, Affine, Config, Weights};
use crate::{ModelError, Step};

/// Tokens of a text that are read; of a longer one, the first. What these models were trained with.
const MOST_TOKENS: usize = 256;

/// Makes vectors of texts; clones share the weights.
#[derive(Clone, Debug)]
pub struct TextEmbedder {
    pub(super) parts: Arc<Parts>,
}

/// What all jobs share.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) tokens: Tokens,
    pub(super) layers: Vec<Layer>,
    words: Tensor,
    positions: Tensor,
    norm: Norm,
    width: usize,
    exec: Exec,
}

#[derive(Debug)]
pub(super) struct Layer {
    qkv: Linear,
    out: Linear,
    attention_norm: Norm,
    up: Linear,
    down: Linear,
    norm: Norm,
    heads: usize,
    exec: Exec,
}

#[derive(Debug)]
struct Norm {
    weight: Tensor,
    bias: Tensor,
    epsilon: f32,
    exec: Exec,
}

impl TextEmbedder {
    /// Loads `model.safetensors`, `config.json` and `tokenizer.json` of this folder. The weights stay in
    /// floats: in eight bits the vectors would not be those that other programs have of the same texts.
    pub fn load(dir: &Path, exec: &Exec) -> std::result::Result<Self, ModelError> {
        let config = Config::load(dir)?;
        let weights = Weights::read(dir)?;
        let most = MOST_TOKENS.min(config.max_position_embeddings);
        let tokens = Tokens::load(dir, most, config.vocab_size)?;
        let (words, positions) = weights.embeddings(&config)?;
        let norm = |of: &Affine| Norm::new(of, config.layer_norm_eps, exec);
        let layers = (0..config.num_hidden_layers)
            .map(|index| Layer::new(&weights.layer(index, &config)?, &config, exec))
            .collect::<std::result::Result<_, ModelError>>()?;
        Ok(Self {
            parts: Arc::new(Parts {
                tokens,
                layers,
                words: words.to_device(&exec.device)?,
                positions: positions.to_device(&exec.device)?,
                norm: norm(&weights.embeddings_norm(&config)?)?,
                width: config.hidden_size,
                exec: exec.clone(),
            }),
        })
    }

    /// How many numbers a vector has.
    pub fn dimensions(&self) -> usize {
        self.parts.width
    }

    /// Runs once, so that the first real job finds memory and caches ready.
    pub fn warm_up(&self) -> std::result::Result<(), ModelError> {
        self.embed(&["Good morning."]).map(drop)
    }

    /// Begins to make one vector for each of these texts.
    pub fn begin(&self, texts: &[&str]) -> std::result::Result<EmbedJob, ModelError> {
        EmbedJob::new(self, texts)
    }

    /// One vector of length 1 for each of these texts, all at once: for who has the time.
    pub fn embed(&self, texts: &[&str]) -> std::result::Result<Vec<Vec<f32>>, ModelError> {
        let mut job = self.begin(texts)?;
        loop {
            if let Step::Ready(vectors) = job.step()? {
                return Ok(vectors);
            }
        }
    }
}

impl Parts {
    /// The rows of these texts' tokens, end to end.
    pub(super) fn rows(&self, texts: &[Vec<u32>]) -> Result<Tensor> {
        let ids: Vec<u32> = texts.concat();
        let places: Vec<u32> = texts.iter().flat_map(|ids| 0..ids.len() as u32).collect();
        let ids = Tensor::from_vec(ids, places.len(), &self.exec.device)?;
        let places = Tensor::from_vec(places, ids.dims1()?, &self.exec.device)?;
        let words = self.words.index_select(&ids, 0)?;
        self.norm
            .forward(&(words + self.positions.index_select(&places, 0)?)?)
    }

    /// The mean of each text's rows, at length 1.
    pub(super) fn means(&self, x: &Tensor, texts: &[Vec<u32>]) -> Result<Vec<Vec<f32>>> {
        let mut start = 0;
        let mut vectors = Vec::with_capacity(texts.len());
        for ids in texts {
            let mean = x.narrow(0, start, ids.len())?.mean(0)?;
            let mut vector = mean.to_vec1::<f32>()?;
            let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-12);
            vector.iter_mut().for_each(|v| *v /= length);
            vectors.push(vector);
            start += ids.len();
        }
        Ok(vectors)
    }
}

impl Layer {
    fn new(
        of: &weights::Layer,
        config: &Config,
        exec: &Exec,
    ) -> std::result::Result<Self, ModelError> {
        let linear = |of: &Affine| Linear::new(&of.weight, Some(&of.bias), Precision::F32, exec);
        let norm = |of: &Affine| Norm::new(of, config.layer_norm_eps, exec);
        Ok(Self {
            qkv: linear(&of.qkv)?,
            out: linear(&of.out)?,
            attention_norm: norm(&of.attention_norm)?,
            up: linear(&of.up)?,
            down: linear(&of.down)?,
            norm: norm(&of.norm)?,
            heads: config.num_attention_heads,
            exec: exec.clone(),
        })
    }

    /// The first half of a layer, over texts that lie end to end: what each token sees of its text.
    pub(super) fn look(&self, x: &Tensor, texts: &[Vec<u32>]) -> Result<Tensor> {
        let qkv = self.qkv.forward(x)?;
        let mut start = 0;
        let mut seen = Vec::with_capacity(texts.len());
        for ids in texts {
            seen.push(self.attend(&qkv.narrow(0, start, ids.len())?)?);
            start += ids.len();
        }
        let seen = self.out.forward(&Tensor::cat(&seen, 0)?)?;
        self.attention_norm.forward(&(x + seen)?)
    }

    /// The second half: what each token makes of it.
    pub(super) fn think(&self, x: &Tensor) -> Result<Tensor> {
        let hidden = gelu_erf(&self.up.forward(x)?, &self.exec)?;
        self.norm.forward(&(x + self.down.forward(&hidden)?)?)
    }

    /// Every token of one text looks at all of its tokens.
    fn attend(&self, qkv: &Tensor) -> Result<Tensor> {
        let (n, three) = qkv.dims2()?;
        let (width, size) = (three / 3, three / 3 / self.heads);
        let part = |index: usize| {
            qkv.narrow(1, index * width, width)?
                .reshape((n, self.heads, size))?
                .transpose(0, 1)?
                .contiguous()
        };
        let (q, k, v) = ((part(0)? * (size as f64).powf(-0.5))?, part(1)?, part(2)?);
        let scores = q.matmul(&k.transpose(D::Minus1, D::Minus2)?.contiguous()?)?;
        softmax_last_dim(&scores, &self.exec)?
            .matmul(&v)?
            .transpose(0, 1)?
            .contiguous()?
            .reshape((n, width))
    }
}

impl Norm {
    fn new(of: &Affine, epsilon: f32, exec: &Exec) -> Result<Self> {
        Ok(Self {
            weight: of.weight.to_device(&exec.device)?,
            bias: of.bias.to_device(&exec.device)?,
            epsilon,
            exec: exec.clone(),
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        layer_norm(x, &self.weight, &self.bias, self.epsilon, &self.exec)
    }
}
