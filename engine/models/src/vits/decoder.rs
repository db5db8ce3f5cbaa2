//! The decoder (HiFi-GAN): latent frames to samples.

use std::sync::Arc;

use candle_core::Tensor;

use super::ops::{Result, with_slice};
use super::resblock::{Kind, Residual, ResidualState};
use super::stream::{ConvTail, Line, More, StreamConv, StreamUpsample, UpsampleTail};
use super::weights::{Weights, wrong};
use crate::ModelError;

/// Slope of the rectifiers inside, and of the one before the last convolution.
const SLOPE: f32 = 0.1;
const LAST_SLOPE: f32 = 0.01;

/// The decoder's weights.
pub(super) struct Decoder {
    first: StreamConv,
    stages: Vec<Stage>,
    last: StreamConv,
    samples_per_frame: usize,
    lookahead_samples: usize,
}

struct Stage {
    upsample: StreamUpsample,
    /// Each a chain of residuals. Their outputs are averaged: added here, divided by the weights of
    /// the layer behind.
    blocks: Vec<Vec<Residual>>,
}

/// What one job keeps between pieces.
pub(super) struct DecoderState {
    weights: Arc<Decoder>,
    first: ConvTail,
    stages: Vec<StageState>,
    last: ConvTail,
}

#[derive(Default)]
struct StageState {
    upsample: UpsampleTail,
    blocks: Vec<BlockState>,
}

#[derive(Default)]
struct BlockState {
    residuals: Vec<ResidualState>,
    /// Frames that wait for the slower blocks.
    ready: Line,
}

impl Decoder {
    pub(super) fn load(weights: &Weights<'_>, latent: usize) -> Result<Self, ModelError> {
        let mut channels = weights.any("dec.conv_pre.weight")?.dim(0)?;
        let who = weights.of_who("dec.cond", channels)?;
        let first = weights.stream_for("dec.conv_pre", (latent, channels), 1.0, who.as_deref())?;
        let kind = Kind::find(weights)?;
        let (count, blocks) = shares(weights, kind)?;
        // The rectifier lets a positive factor pass, so a mean can be had from the next weights.
        let share = |stage: usize| if stage == 0 { 1.0 } else { 1.0 / blocks as f64 };
        let mut stages = Vec::new();
        for stage in 0..count {
            let (upsample, to) =
                weights.upsample(&format!("dec.ups.{stage}"), channels, share(stage))?;
            channels = to;
            let blocks = (stage * blocks..(stage + 1) * blocks)
                .map(|block| kind.load(weights, &format!("dec.resblocks.{block}"), channels));
            let blocks = blocks.collect::<Result<Vec<_>, _>>()?;
            stages.push(Stage { upsample, blocks });
        }
        let last = weights.stream_for("dec.conv_post", (channels, 1), share(count), None)?;
        let samples_per_frame = stages.iter().map(|stage| stage.upsample.stride()).product();
        let mut decoder = Self {
            first,
            stages,
            last,
            samples_per_frame,
            lookahead_samples: 0,
        };
        decoder.lookahead_samples = decoder.measure_lookahead();
        Ok(decoder)
    }

    /// Samples per latent frame.
    pub(super) fn samples_per_frame(&self) -> usize {
        self.samples_per_frame
    }

    /// Frames of input that the first samples need beyond their own.
    pub(super) fn lookahead(&self) -> usize {
        self.lookahead_samples.div_ceil(self.samples_per_frame)
    }

    fn measure_lookahead(&self) -> usize {
        let mut rate = self.samples_per_frame;
        let mut samples = self.first.lag() * rate;
        for stage in &self.stages {
            rate /= stage.upsample.stride();
            samples += stage.upsample.stride() * rate;
            let lag = |block: &Vec<Residual>| block.iter().map(Residual::lag).sum::<usize>();
            samples += rate * stage.blocks.iter().map(lag).max().unwrap_or(0);
        }
        samples + self.last.lag()
    }

    /// A fresh state for one sentence.
    pub(super) fn begin(self: &Arc<Self>) -> DecoderState {
        let stages = self.stages.iter().map(|stage| StageState {
            upsample: UpsampleTail::default(),
            blocks: stage
                .blocks
                .iter()
                .map(|block| BlockState {
                    residuals: block.iter().map(|_| ResidualState::default()).collect(),
                    ready: Line::default(),
                })
                .collect(),
        });
        DecoderState {
            stages: stages.collect(),
            weights: self.clone(),
            first: ConvTail::default(),
            last: ConvTail::default(),
        }
    }
}

/// How many upsamplings there are, and how many residual blocks behind each.
fn shares(weights: &Weights<'_>, kind: Kind) -> Result<(usize, usize), ModelError> {
    let count = weights.count("dec.ups.", ".weight");
    if count == 0 {
        return Err(wrong("dec.ups.0.weight", "not in the file"));
    }
    let blocks = kind.blocks(weights);
    if blocks < count || !blocks.is_multiple_of(count) {
        let name = format!("dec.resblocks.{blocks}");
        let reason = format!("{blocks} residual blocks for {count} upsamplings");
        return Err(wrong(&name, reason));
    }
    Ok((count, blocks / count))
}

impl DecoderState {
    /// Takes latent frames `[1, latent, n]` and gives the samples that are through.
    pub(super) fn push(&mut self, z: Option<&Tensor>, more: More) -> Result<Vec<f32>> {
        let decoder = self.weights.clone();
        let mut x = decoder.first.push(&mut self.first, z, more)?;
        for (stage, state) in decoder.stages.iter().zip(&mut self.stages) {
            let upsampled =
                stage
                    .upsample
                    .push_leaky(&mut state.upsample, x.as_ref(), SLOPE, more)?;
            let Some(y) = upsampled else {
                return Ok(Vec::new());
            };
            x = stage.push(&mut state.blocks, &y, more)?;
        }
        let last = decoder
            .last
            .push_leaky(&mut self.last, x.as_ref(), LAST_SLOPE, more)?;
        match last {
            Some(samples) => with_slice(&samples.tanh()?, <[f32]>::to_vec),
            None => Ok(Vec::new()),
        }
    }
}

impl Stage {
    fn push(&self, states: &mut [BlockState], x: &Tensor, more: More) -> Result<Option<Tensor>> {
        let mut ready = usize::MAX;
        for (block, state) in self.blocks.iter().zip(states.iter_mut()) {
            let mut y = Some(x.clone());
            for (residual, state) in block.iter().zip(&mut state.residuals) {
                y = residual.push(state, y.as_ref(), SLOPE, more)?;
            }
            if let Some(y) = y {
                state.ready.push(&y)?;
            }
            ready = ready.min(state.ready.frames()?);
        }
        let mut sum: Option<Tensor> = None;
        for state in states {
            let Some(part) = state.ready.take(ready)? else {
                return Ok(None);
            };
            sum = Some(match sum {
                Some(sum) => (sum + part)?,
                None => part,
            });
        }
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    use janet_kernels::Exec;

    use super::*;
    use crate::onnx::{Dtype, Initializer, OnnxFile};

    #[test]
    fn blocks_that_cannot_be_shared_among_the_upsamplings_are_refused() {
        let exec = Exec::cpu(1);
        let shared = |upsamplings: usize, blocks: usize| {
            let upsamplings = (0..upsamplings).map(|n| format!("dec.ups.{n}.weight"));
            let blocks = (0..blocks).map(|n| format!("dec.resblocks.{n}.convs.0.weight"));
            let empty = Initializer {
                dims: vec![0],
                dtype: Dtype::F32,
                data: Vec::new(),
            };
            let named = |name: String| (name, empty.clone());
            let mut file = OnnxFile::default();
            file.initializers
                .extend(upsamplings.chain(blocks).map(named));
            let weights = Weights::new(&file, &exec);
            let kind = Kind::find(&weights).expect("there is a block");
            shares(&weights, kind).map_err(|error| error.to_string())
        };
        assert_eq!(shared(2, 6), Ok((2, 3)));
        for (upsamplings, blocks, name) in [
            (0, 3, "dec.ups.0.weight"),
            (3, 2, "dec.resblocks.2"),
            (2, 5, "dec.resblocks.5"),
        ] {
            let error = shared(upsamplings, blocks).expect_err(name);
            assert!(error.contains(name), "{error}");
        }
    }
}
