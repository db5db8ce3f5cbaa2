//! The stochastic duration predictor: how many frames each phoneme lasts.

use candle_core::Tensor;
use janet_kernels::{Exec, Linear, gelu_erf};

use super::encoder::Norm;
use super::noise::Noise;
use super::ops::{Result, with_slice};
use super::spline;
use super::weights::{Weights, wrong};
use crate::ModelError;

/// Width of the depthwise convolutions; dilations are its powers.
const WIDTH: usize = 3;
/// Spline bins per phoneme.
const BINS: usize = 10;
/// The flows that the exported graph runs, in its order; every other index is a flip.
const FLOWS: [usize; 3] = [7, 5, 3];

/// The predictor's weights.
pub(super) struct Durations {
    before: Linear,
    convs: Stack,
    project: Linear,
    flows: Vec<SplineFlow>,
    /// The last flow: `(z − shift) · scale`, for the half that becomes the log durations.
    shift: f32,
    scale: f32,
    hidden: usize,
}

struct SplineFlow {
    before: Linear,
    convs: Stack,
    project: Linear,
}

/// Dilated depthwise-separable convolutions.
struct Stack {
    layers: Vec<Separable>,
    hidden: usize,
}

struct Separable {
    /// `[hidden, WIDTH]`.
    taps: Vec<f32>,
    bias: Vec<f32>,
    dilation: usize,
    norm_depth: Norm,
    point: Linear,
    norm_point: Norm,
}

/// The predictor's work on one sentence, between its steps.
pub(super) struct Prediction {
    condition: Tensor,
    /// Two numbers per phoneme that the flows turn from noise into log durations.
    halves: [Vec<f32>; 2],
    done: usize,
}

impl Durations {
    pub(super) fn load(weights: &Weights<'_>, hidden: usize) -> Result<Self, ModelError> {
        if weights.has("dp.conv_1.weight") {
            let reason = "a duration predictor without flows; only the stochastic one is supported";
            return Err(wrong("dp.conv_1.weight", reason));
        }
        let who = weights.of_who("dp.cond", hidden)?;
        let flows = FLOWS
            .iter()
            .map(|index| {
                let name = format!("dp.flows.{index}");
                Ok(SplineFlow {
                    before: weights.linear(&format!("{name}.pre"), (1, hidden), 1)?,
                    convs: Stack::load(weights, &format!("{name}.convs"), hidden)?,
                    project: weights.linear(&format!("{name}.proj"), (hidden, 3 * BINS - 1), 1)?,
                })
            })
            .collect::<Result<Vec<_>, ModelError>>()?;
        let first = |name: &str| -> Result<f32, ModelError> {
            let values: Vec<f32> = weights.any(name)?.flatten_all()?.to_vec1()?;
            values
                .first()
                .copied()
                .ok_or_else(|| wrong(name, "it is empty"))
        };
        // Exporters fold exp(−logs) into a constant of this name.
        let scale = if weights.has("/dp/flows.0/Exp_output_0") {
            first("/dp/flows.0/Exp_output_0")?
        } else {
            (-first("dp.flows.0.logs")?).exp()
        };
        Ok(Self {
            before: weights.linear_for("dp.pre", (hidden, hidden), 1, who.as_deref())?,
            convs: Stack::load(weights, "dp.convs", hidden)?,
            project: weights.linear("dp.proj", (hidden, hidden), 1)?,
            flows,
            shift: first("dp.flows.0.m")?,
            scale,
            hidden,
        })
    }

    /// Begins on the encoder's output `x` `[t, hidden]`; `noise_scale` spreads the durations.
    pub(super) fn begin(
        &self,
        x: &Tensor,
        noise: &mut Noise,
        noise_scale: f32,
        exec: &Exec,
    ) -> Result<Prediction> {
        let time = x.dim(0)?;
        let condition = self.convs.forward(&self.before.forward(x)?, exec)?;
        let mut draw = || {
            (0..time)
                .map(|_| noise.next() * noise_scale)
                .collect::<Vec<f32>>()
        };
        let halves = [draw(), draw()];
        Ok(Prediction {
            condition: self.project.forward(&condition)?,
            halves,
            done: 0,
        })
    }

    /// Runs one flow; the log durations once all have run.
    pub(super) fn step(&self, job: &mut Prediction, exec: &Exec) -> Result<Option<Vec<f32>>> {
        job.halves.swap(0, 1);
        if let Some(flow) = self.flows.get(job.done) {
            let [steering, steered] = &mut job.halves;
            flow.forward(steering, steered, &job.condition, self.hidden, exec)?;
            job.done += 1;
            return Ok(None);
        }
        Ok(Some(
            job.halves[0]
                .iter()
                .map(|z| (z - self.shift) * self.scale)
                .collect(),
        ))
    }
}

impl SplineFlow {
    fn forward(
        &self,
        steering: &[f32],
        steered: &mut [f32],
        condition: &Tensor,
        hidden: usize,
        exec: &Exec,
    ) -> Result<()> {
        let z = Tensor::from_slice(steering, (steering.len(), 1), condition.device())?;
        let h = (self.before.forward(&z)? + condition)?;
        let h = self.project.forward(&self.convs.forward(&h, exec)?)?;
        let scale = 1.0 / (hidden as f32).sqrt();
        with_slice(&h, |h| {
            for (z, row) in steered.iter_mut().zip(h.chunks_exact(3 * BINS - 1)) {
                let (sizes, slopes) = row.split_at(2 * BINS);
                let sizes: Vec<f32> = sizes.iter().map(|size| size * scale).collect();
                *z = spline::inverse(*z, &sizes[..BINS], &sizes[BINS..], slopes);
            }
        })
    }
}

impl Stack {
    fn load(weights: &Weights<'_>, name: &str, hidden: usize) -> Result<Self, ModelError> {
        let count = weights.count(&format!("{name}.convs_sep."), ".weight");
        let layers = (0..count)
            .map(|index| {
                let depth = format!("{name}.convs_sep.{index}");
                Ok(Separable {
                    taps: weights.values(&format!("{depth}.weight"), &[hidden, 1, WIDTH])?,
                    bias: weights.values(&format!("{depth}.bias"), &[hidden])?,
                    dilation: WIDTH.pow(index as u32),
                    norm_depth: Norm::load(weights, &format!("{name}.norms_1.{index}"), hidden)?,
                    point: weights.linear(
                        &format!("{name}.convs_1x1.{index}"),
                        (hidden, hidden),
                        1,
                    )?,
                    norm_point: Norm::load(weights, &format!("{name}.norms_2.{index}"), hidden)?,
                })
            })
            .collect::<Result<Vec<_>, ModelError>>()?;
        Ok(Self { layers, hidden })
    }

    fn forward(&self, x: &Tensor, exec: &Exec) -> Result<Tensor> {
        let mut x = x.clone();
        for layer in &self.layers {
            let y = layer.depth(&x, self.hidden)?;
            let y = gelu_erf(&layer.norm_depth.forward(&y, exec)?, exec)?;
            let y = layer.norm_point.forward(&layer.point.forward(&y)?, exec)?;
            x = (x + gelu_erf(&y, exec)?)?;
        }
        Ok(x)
    }
}

impl Separable {
    /// The depthwise convolution of `x` `[t, hidden]`.
    fn depth(&self, x: &Tensor, hidden: usize) -> Result<Tensor> {
        let time = x.dim(0)?;
        let taps: Vec<Vec<f32>> = (0..WIDTH)
            .map(|tap| self.taps.iter().skip(tap).step_by(WIDTH).copied().collect())
            .collect();
        let sums = with_slice(x, |x| {
            let mut sums = Vec::with_capacity(time * hidden);
            for t in 0..time {
                let at = sums.len();
                sums.extend_from_slice(&self.bias);
                for (tap, weights) in taps.iter().enumerate() {
                    let from = (t + tap * self.dilation).checked_sub(self.dilation * (WIDTH / 2));
                    let Some(from) = from.filter(|&from| from < time) else {
                        continue;
                    };
                    let row = &x[from * hidden..][..hidden];
                    for ((sum, weight), x) in sums[at..].iter_mut().zip(weights).zip(row) {
                        *sum += weight * x;
                    }
                }
            }
            sums
        })?;
        Tensor::from_vec(sums, (time, hidden), x.device())
    }
}
