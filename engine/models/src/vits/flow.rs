//! The normalising flow, run backwards: from what the text asks for to what the decoder speaks.
//!
//! Four coupling layers in a row, each a small WaveNet, so all of it streams.

use std::sync::Arc;

use candle_core::{Device, Tensor};
use janet_kernels::{Exec, gated_tanh};

use super::ops::Result;
use super::stream::{ConvTail, Line, More, StreamConv};
use super::weights::{Weights, wrong};
use crate::ModelError;

/// The flow's weights.
pub(super) struct Flow {
    /// In the order in which they run.
    couplings: Vec<Coupling>,
    exec: Exec,
    latent: usize,
}

struct Coupling {
    before: StreamConv,
    layers: Vec<WaveLayer>,
    after: StreamConv,
    channels: usize,
}

struct WaveLayer {
    input: StreamConv,
    /// To the next layer and to the sum; the last layer feeds the sum only.
    onward: StreamConv,
}

/// What one job keeps between pieces.
pub(super) struct FlowState {
    weights: Arc<Flow>,
    couplings: Vec<CouplingState>,
}

#[derive(Default)]
struct CouplingState {
    before: ConvTail,
    layers: Vec<WaveState>,
    after: ConvTail,
    /// The half that steers, waiting to leave together with the steered one.
    steering: Line,
    /// The half to be steered, waiting for the WaveNet.
    steered: Line,
}

#[derive(Default)]
struct WaveState {
    input: ConvTail,
    onward: ConvTail,
    /// The layer's input, waiting for its residual.
    residual: Line,
    /// This layer's part of the sum, waiting for the later layers' parts.
    skip: Line,
}

impl Flow {
    pub(super) fn load(
        weights: &Weights<'_>,
        latent: usize,
        exec: &Exec,
    ) -> Result<Self, ModelError> {
        let half = latent / 2;
        // Every second flow is a flip of the channels, without weights.
        let count = (0..).take_while(|i| weights.has(&format!("flow.flows.{}.pre.weight", 2 * i)));
        let couplings = (0..count.count())
            .rev()
            .map(|index| Coupling::load(weights, &format!("flow.flows.{}", 2 * index), half))
            .collect::<Result<Vec<_>, _>>()?;
        if couplings.is_empty() || latent % 2 == 1 {
            return Err(wrong(
                "flow.flows.0.pre.weight",
                "the flow has no coupling layers",
            ));
        }
        Ok(Self {
            couplings,
            exec: exec.clone(),
            latent,
        })
    }

    /// A fresh state for one sentence.
    pub(super) fn begin(self: &Arc<Self>) -> FlowState {
        let couplings = self.couplings.iter().map(|coupling| CouplingState {
            layers: coupling
                .layers
                .iter()
                .map(|_| WaveState::default())
                .collect(),
            ..CouplingState::default()
        });
        FlowState {
            couplings: couplings.collect(),
            weights: self.clone(),
        }
    }
}

impl FlowState {
    /// Takes latent frames `[1, latent, n]` and gives those that are through.
    pub(super) fn push(&mut self, z: Option<&Tensor>, more: More) -> Result<Option<Tensor>> {
        let flow = self.weights.clone();
        let mut z = z.cloned();
        for (coupling, state) in flow.couplings.iter().zip(&mut self.couplings) {
            let flipped = z.as_ref().map(|z| flip(z, flow.latent)).transpose()?;
            z = coupling.push(state, flipped.as_ref(), more, &flow.exec)?;
            if z.is_none() && more == More::Follows {
                return Ok(None);
            }
        }
        Ok(z)
    }
}

impl Coupling {
    fn load(weights: &Weights<'_>, name: &str, half: usize) -> Result<Self, ModelError> {
        let channels = weights.any(&format!("{name}.pre.weight"))?.dim(0)?;
        let count = weights.count(&format!("{name}.enc.in_layers."), ".weight");
        let who = weights.of_who(&format!("{name}.enc.cond_layer"), 2 * channels * count)?;
        let layers = (0..count)
            .map(|index| {
                let width = if index + 1 < count {
                    2 * channels
                } else {
                    channels
                };
                let input = format!("{name}.enc.in_layers.{index}");
                let onward = format!("{name}.enc.res_skip_layers.{index}");
                Ok(WaveLayer {
                    input: {
                        let who = who.as_deref();
                        let who = who.map(|who| &who[index * 2 * channels..][..2 * channels]);
                        weights.stream_for(&input, (channels, 2 * channels), 1.0, who)?
                    },
                    onward: weights.stream(&onward, channels, width)?,
                })
            })
            .collect::<Result<Vec<_>, ModelError>>()?;
        Ok(Self {
            before: weights.stream(&format!("{name}.pre"), half, channels)?,
            layers,
            after: weights.stream(&format!("{name}.post"), channels, half)?,
            channels,
        })
    }

    fn push(
        &self,
        state: &mut CouplingState,
        z: Option<&Tensor>,
        more: More,
        exec: &Exec,
    ) -> Result<Option<Tensor>> {
        let mut h = None;
        if let Some(z) = z {
            let half = z.dim(1)? / 2;
            let steering = z.narrow(1, 0, half)?.contiguous()?;
            state
                .steered
                .push(&z.narrow(1, half, half)?.contiguous()?)?;
            h = self.before.push(&mut state.before, Some(&steering), more)?;
            state.steering.push(&steering)?;
        }
        for (layer, wave) in self.layers.iter().zip(&mut state.layers) {
            h = self.wave(layer, wave, h, more, exec)?;
        }
        let Some(sum) = sum_of_skips(&mut state.layers)? else {
            return Ok(None);
        };
        let Some(mean) = self.after.push(&mut state.after, Some(&sum), more)? else {
            return Ok(None);
        };
        let frames = mean.dim(2)?;
        match (state.steering.take(frames)?, state.steered.take(frames)?) {
            (Some(steering), Some(steered)) => {
                Ok(Some(Tensor::cat(&[steering, (steered - mean)?], 1)?))
            }
            _ => Ok(None),
        }
    }

    /// One WaveNet layer: what goes on to the next one; its part of the sum is kept.
    fn wave(
        &self,
        layer: &WaveLayer,
        state: &mut WaveState,
        h: Option<Tensor>,
        more: More,
        exec: &Exec,
    ) -> Result<Option<Tensor>> {
        if let Some(h) = &h {
            state.residual.push(h)?;
        }
        let Some(y) = layer.input.push(&mut state.input, h.as_ref(), more)? else {
            return Ok(None);
        };
        let gated = gated_tanh(&y, exec)?;
        let Some(y) = layer.onward.push(&mut state.onward, Some(&gated), more)? else {
            return Ok(None);
        };
        let frames = y.dim(2)?;
        if y.dim(1)? == self.channels {
            state.skip.push(&y)?;
            return Ok(None);
        }
        state
            .skip
            .push(&y.narrow(1, self.channels, self.channels)?.contiguous()?)?;
        let onward = y.narrow(1, 0, self.channels)?;
        state
            .residual
            .take(frames)?
            .map(|residual| residual + onward)
            .transpose()
    }
}

/// The sum over layers of the frames that all of them have given.
fn sum_of_skips(layers: &mut [WaveState]) -> Result<Option<Tensor>> {
    let mut ready = usize::MAX;
    for layer in layers.iter() {
        ready = ready.min(layer.skip.frames()?);
    }
    let mut sum: Option<Tensor> = None;
    for layer in layers {
        let Some(part) = layer.skip.take(ready)? else {
            return Ok(None);
        };
        sum = Some(match sum {
            Some(sum) => (sum + part)?,
            None => part,
        });
    }
    Ok(sum)
}

/// The channels of `z` `[1, latent, n]` in reverse order.
fn flip(z: &Tensor, latent: usize) -> Result<Tensor> {
    let order: Vec<u32> = (0..latent as u32).rev().collect();
    z.index_select(&Tensor::new(order, &Device::Cpu)?.to_device(z.device())?, 1)
}
