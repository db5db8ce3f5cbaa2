//! The encoder: a spectrogram in, one vector per 20 ms out.
//!
//! Also the trunk of Smart Turn, which is a Whisper-tiny encoder with fewer positions. Works in
//! blocks of rows, so that a step stays short however long the sound is. Everything is time-major,
//! `[positions, width]`, and the two convolutions are matrix products over three neighbouring
//! frames: so all weights take the same quantised path.

use std::sync::Arc;

use candle_core::Tensor;
use janet_kernels::{Exec, Linear, Precision, gelu_erf, layer_norm};

use super::attention::{Sight, attend, transposed};
use crate::{ModelError, Step};

/// Multiplications and additions per step: about 5 ms of one AVX-512 core with 8-bit weights and
/// 15 ms with plain floats.
const STEP_OPERATIONS: usize = 500_000_000;
/// Below this there is nothing to gain from cutting.
const LEAST_ROWS: usize = 32;
const NORM_EPSILON: f32 = 1e-5;

/// A weight `[to, from]` (or `[to, from, 3]`, or `[width]` of a normalisation) and its bias.
#[derive(Clone, Debug)]
pub struct Affine {
    /// What is multiplied by.
    pub weight: Tensor,
    /// What is added.
    pub bias: Option<Tensor>,
}

/// One encoder layer's weights, f32 on the CPU.
#[derive(Clone, Debug)]
pub struct EncoderLayerWeights {
    /// Normalisation before attention.
    pub attention_norm: Affine,
    /// Query, key and value, one under the other: `[3 width, width]`.
    pub qkv: Affine,
    /// After attention.
    pub out: Affine,
    /// Normalisation before the feed-forward part.
    pub ffn_norm: Affine,
    /// To the hidden width.
    pub ffn_up: Affine,
    /// Back from it.
    pub ffn_down: Affine,
}

/// All of an encoder's weights, f32 on the CPU.
#[derive(Clone, Debug)]
pub struct EncoderWeights {
    /// First convolution, `[width, bands, 3]`, stride 1.
    pub conv1: Affine,
    /// Second convolution, `[width, width, 3]`, stride 2.
    pub conv2: Affine,
    /// What is added to tell the positions apart, `[positions, width]`.
    pub positions: Tensor,
    /// The layers.
    pub layers: Vec<EncoderLayerWeights>,
    /// The last normalisation.
    pub norm: Affine,
    /// Attention heads.
    pub heads: usize,
}

/// An encoder that is ready to run; shared by all jobs.
#[derive(Debug)]
pub struct Encoder {
    conv1: Linear,
    conv2: Linear,
    positions: Tensor,
    layers: Vec<Layer>,
    norm: Norm,
    heads: usize,
    width: usize,
    hidden: usize,
    bands: usize,
    exec: Exec,
}

#[derive(Debug)]
struct Layer {
    attention_norm: Norm,
    qkv: Linear,
    out: Linear,
    ffn_norm: Norm,
    ffn_up: Linear,
    ffn_down: Linear,
}

/// A normalisation over the last dimension.
#[derive(Debug)]
pub(super) struct Norm {
    weight: Tensor,
    bias: Tensor,
    exec: Exec,
}

impl Norm {
    pub(super) fn new(of: &Affine, exec: &Exec) -> Result<Self, ModelError> {
        let weight = of.weight.to_device(&exec.device)?;
        let bias = match &of.bias {
            Some(bias) => bias.to_device(&exec.device)?,
            None => weight.zeros_like()?,
        };
        Ok(Self {
            weight,
            bias,
            exec: exec.clone(),
        })
    }

    pub(super) fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        layer_norm(x, &self.weight, &self.bias, NORM_EPSILON, &self.exec)
    }
}

/// A linear layer of these weights.
pub(super) fn linear(
    of: &Affine,
    precision: Precision,
    exec: &Exec,
) -> candle_core::Result<Linear> {
    Linear::new(&of.weight, of.bias.as_ref(), precision, exec)
}

/// A convolution of width 3 as a linear layer over three frames laid end to end.
fn convolution(of: &Affine, precision: Precision, exec: &Exec) -> candle_core::Result<Linear> {
    let (to, from, taps) = of.weight.dims3()?;
    let weight = of
        .weight
        .transpose(1, 2)?
        .contiguous()?
        .reshape((to, taps * from))?;
    Linear::new(&weight, of.bias.as_ref(), precision, exec)
}

impl Encoder {
    /// Lays the weights out for `exec`.
    ///
    /// The first convolution stays in floats whatever `precision` says: its rows are no multiple
    /// of a quantisation block, and the spectrogram's small differences matter there.
    pub fn new(
        weights: &EncoderWeights,
        precision: Precision,
        exec: &Exec,
    ) -> Result<Self, ModelError> {
        let (width, bands, _) = weights.conv1.weight.dims3()?;
        let hidden = match weights.layers.first() {
            Some(layer) => layer.ffn_up.weight.dim(0)?,
            None => width,
        };
        let layers = weights
            .layers
            .iter()
            .map(|w| {
                Ok(Layer {
                    attention_norm: Norm::new(&w.attention_norm, exec)?,
                    qkv: linear(&w.qkv, precision, exec)?,
                    out: linear(&w.out, precision, exec)?,
                    ffn_norm: Norm::new(&w.ffn_norm, exec)?,
                    ffn_up: linear(&w.ffn_up, precision, exec)?,
                    ffn_down: linear(&w.ffn_down, precision, exec)?,
                })
            })
            .collect::<Result<_, ModelError>>()?;
        Ok(Self {
            conv1: convolution(&weights.conv1, Precision::F32, exec)?,
            conv2: convolution(&weights.conv2, precision, exec)?,
            positions: weights.positions.to_device(&exec.device)?,
            layers,
            norm: Norm::new(&weights.norm, exec)?,
            heads: weights.heads,
            width,
            hidden,
            bands,
            exec: exec.clone(),
        })
    }

    /// Positions that it can give at most; it takes twice as many frames.
    pub fn positions(&self) -> usize {
        self.positions.dims().first().copied().unwrap_or(0)
    }

    /// Rows per step, where a row costs `operations`.
    fn rows(&self, operations: usize) -> usize {
        (STEP_OPERATIONS / operations.max(1)).max(LEAST_ROWS)
    }
}

/// One run of an encoder.
#[derive(Debug)]
pub struct Encoding {
    encoder: Arc<Encoder>,
    stage: Stage,
    /// The rows that the stage reads: frames padded by one on each side, or `[positions, width]`.
    x: Tensor,
    /// The rows that it has made so far.
    done: Vec<Tensor>,
    /// Queries, keys and values of the layer at hand, and its keys transposed.
    attention: Option<(Tensor, Tensor)>,
    positions: usize,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    Conv1 { row: usize },
    Conv2 { row: usize },
    Project { layer: usize, row: usize },
    Attend { layer: usize, row: usize },
    Feed { layer: usize, row: usize },
    Finish,
    Over,
}

impl Encoding {
    /// Begins with `frames` `[n, bands]` of f32 values, `n` even and at most twice the positions.
    pub fn begin(encoder: &Arc<Encoder>, frames: &[f32]) -> Result<Self, ModelError> {
        let count = frames.len() / encoder.bands;
        let most = 2 * encoder.positions();
        if count * encoder.bands != frames.len()
            || !count.is_multiple_of(2)
            || count == 0
            || count > most
        {
            return Err(ModelError::Input {
                what: "spectrogram",
                reason: format!(
                    "{} values are no even number of frames up to {most} with {} bands",
                    frames.len(),
                    encoder.bands
                ),
            });
        }
        // One frame of zeros on each side, as the convolution pads.
        let mut padded = vec![0.0; (count + 2) * encoder.bands];
        padded[encoder.bands..][..frames.len()].copy_from_slice(frames);
        Ok(Self {
            x: Tensor::from_vec(padded, (count + 2, encoder.bands), &encoder.exec.device)?,
            encoder: Arc::clone(encoder),
            stage: Stage::Conv1 { row: 0 },
            done: Vec::new(),
            attention: None,
            positions: count / 2,
        })
    }

    /// Goes one block further; at the end gives `[positions, width]`.
    pub fn step(&mut self) -> Result<Step<Tensor>, ModelError> {
        match self.stage {
            Stage::Conv1 { row } => self.conv1(row)?,
            Stage::Conv2 { row } => self.conv2(row)?,
            Stage::Project { layer, row } => self.project(layer, row)?,
            Stage::Attend { layer, row } => self.attend(layer, row)?,
            Stage::Feed { layer, row } => self.feed(layer, row)?,
            Stage::Finish => {
                self.stage = Stage::Over;
                return Ok(Step::Ready(self.encoder.norm.forward(&self.x)?));
            }
            Stage::Over => {
                return Err(ModelError::Input {
                    what: "encoding",
                    reason: "stepped after its end".to_owned(),
                });
            }
        }
        Ok(Step::More)
    }

    /// Takes the rows made and empties the list.
    fn collect(&mut self) -> candle_core::Result<Tensor> {
        match std::mem::take(&mut self.done).as_slice() {
            [only] => Ok(only.clone()),
            parts => Tensor::cat(parts, 0),
        }
    }

    fn conv1(&mut self, row: usize) -> Result<(), ModelError> {
        let encoder = &self.encoder;
        let frames = 2 * self.positions;
        let rows = encoder
            .rows(2 * 3 * encoder.bands * encoder.width)
            .min(frames - row);
        let y = encoder.conv1.forward(&neighbours(&self.x, row, rows, 1)?)?;
        self.done.push(gelu_erf(&y, &encoder.exec)?);
        self.stage = Stage::Conv1 { row: row + rows };
        if row + rows == frames {
            let zeros = Tensor::zeros((1, self.encoder.width), y.dtype(), y.device())?;
            self.done.insert(0, zeros.clone());
            self.done.push(zeros);
            self.x = self.collect()?;
            self.stage = Stage::Conv2 { row: 0 };
        }
        Ok(())
    }

    fn conv2(&mut self, row: usize) -> Result<(), ModelError> {
        let encoder = &self.encoder;
        let rows = encoder
            .rows(2 * 3 * encoder.width * encoder.width)
            .min(self.positions - row);
        let y = encoder
            .conv2
            .forward(&neighbours(&self.x, 2 * row, rows, 2)?)?;
        let y = (gelu_erf(&y, &encoder.exec)? + encoder.positions.narrow(0, row, rows)?)?;
        self.done.push(y);
        self.stage = Stage::Conv2 { row: row + rows };
        if row + rows == self.positions {
            self.x = self.collect()?;
            self.stage = if self.encoder.layers_left(0) {
                Stage::Project { layer: 0, row: 0 }
            } else {
                Stage::Finish
            };
        }
        Ok(())
    }

    fn project(&mut self, layer: usize, row: usize) -> Result<(), ModelError> {
        let encoder = &self.encoder;
        let rows = encoder
            .rows(2 * 3 * encoder.width * encoder.width)
            .min(self.positions - row);
        let weights = &encoder.layers[layer];
        let x = self.x.narrow(0, row, rows)?;
        self.done
            .push(weights.qkv.forward(&weights.attention_norm.forward(&x)?)?);
        self.stage = Stage::Project {
            layer,
            row: row + rows,
        };
        if row + rows == self.positions {
            let width = self.encoder.width;
            let qkv = self.collect()?;
            let keys = transposed(&qkv.narrow(1, width, width)?)?;
            self.attention = Some((qkv, keys));
            self.stage = Stage::Attend { layer, row: 0 };
        }
        Ok(())
    }

    fn attend(&mut self, layer: usize, row: usize) -> Result<(), ModelError> {
        let encoder = &self.encoder;
        let width = encoder.width;
        let per_row = 4 * self.positions * width + 2 * width * width;
        let rows = encoder.rows(per_row).min(self.positions - row);
        let (qkv, keys) = self
            .attention
            .as_ref()
            .expect("the projection before set it");
        let weights = &encoder.layers[layer];
        let attended = attend(
            &qkv.narrow(0, row, rows)?.narrow(1, 0, width)?,
            keys,
            &qkv.narrow(1, 2 * width, width)?,
            encoder.heads,
            Sight::First(self.positions),
            &encoder.exec,
        )?;
        let x = self.x.narrow(0, row, rows)?;
        self.done.push((x + weights.out.forward(&attended)?)?);
        self.stage = Stage::Attend {
            layer,
            row: row + rows,
        };
        if row + rows == self.positions {
            self.attention = None;
            self.x = self.collect()?;
            self.stage = Stage::Feed { layer, row: 0 };
        }
        Ok(())
    }

    fn feed(&mut self, layer: usize, row: usize) -> Result<(), ModelError> {
        let encoder = &self.encoder;
        let rows = encoder
            .rows(4 * encoder.width * encoder.hidden)
            .min(self.positions - row);
        let weights = &encoder.layers[layer];
        let x = self.x.narrow(0, row, rows)?;
        let y = weights.ffn_up.forward(&weights.ffn_norm.forward(&x)?)?;
        let y = weights.ffn_down.forward(&gelu_erf(&y, &encoder.exec)?)?;
        self.done.push((x + y)?);
        self.stage = Stage::Feed {
            layer,
            row: row + rows,
        };
        if row + rows == self.positions {
            self.x = self.collect()?;
            self.stage = if self.encoder.layers_left(layer + 1) {
                Stage::Project {
                    layer: layer + 1,
                    row: 0,
                }
            } else {
                Stage::Finish
            };
        }
        Ok(())
    }
}

impl Encoder {
    fn layers_left(&self, layer: usize) -> bool {
        layer < self.layers.len()
    }
}

/// Rows of three neighbouring frames laid end to end, `[rows, 3 width]`: the first row begins at
/// frame `first` of `x`, the next ones `stride` further each.
fn neighbours(x: &Tensor, first: usize, rows: usize, stride: usize) -> candle_core::Result<Tensor> {
    let width = x.dim(1)?;
    if stride == 1 {
        let taps = (0..3)
            .map(|tap| x.narrow(0, first + tap, rows))
            .collect::<candle_core::Result<Vec<_>>>()?;
        return Tensor::cat(&taps, 1);
    }
    // Stride 2: pairs of frames end to end, and the first half of the next pair.
    let pairs = x.narrow(0, first, 2 * rows)?.reshape((rows, 2 * width))?;
    let next = x.narrow(0, first + 2, 2 * rows)?;
    let next = next.reshape((rows, 2 * width))?.narrow(1, 0, width)?;
    Tensor::cat(&[pairs, next], 1)
}
