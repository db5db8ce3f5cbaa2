//! What moves a face: a stack of causal convolutions over log-mel features, and its limits.

use std::sync::Arc;

use super::smoothing::{Coefficients, Smoothing};
use super::spectrum::{FACE_WINDOW, MOST_BANDS};
use super::{FRAME_SAMPLES, SignalError};

/// Layers at the most.
pub(crate) const MOST_LAYERS: usize = 8;
/// Channels of a layer at the most.
pub(crate) const MOST_CHANNELS: usize = 256;
/// Weights and biases at the most.
const MOST_PARAMETERS: usize = 100_000;
/// Frames that the network may look ahead: 33 ms, where 40 are allowed.
const MOST_AHEAD: usize = 2;
/// A weight may be as large.
const LARGEST_WEIGHT: u32 = 1_000_000;
/// Every layer's output saturates here, so that no sum of the next can overflow.
pub(crate) const SATURATION: f32 = 10_000.0;

/// What follows a layer's sum. Its result is clamped to ±10 000 in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    Linear,
    /// `max(x, 0)`.
    Relu,
}

/// How the last layer's values become targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// Clamped to 0..=1.
    Linear,
    /// `e^x` over the sum of all `e^x`.
    Softmax,
    /// `1 / (1 + e^-x)` each.
    Sigmoid,
}

/// A causal convolution over frames, of stride 1. One tap makes it a plain dense layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Channels that come in; for the first layer the features of a frame.
    pub inputs: usize,
    /// Channels that go out; of the last layer the visemes.
    pub outputs: usize,
    /// Frames that it looks at, 1..=9.
    pub taps: usize,
    /// Frames between two taps, 1..=8.
    pub dilation: usize,
    /// `outputs × inputs × taps`, as PyTorch's `Conv1d` has them: the last tap is the newest frame. What lies
    /// before a session's first frame is zero.
    pub weight: Vec<f32>,
    /// One for each output.
    pub bias: Vec<f32>,
    /// What follows the sum.
    pub activation: Activation,
}

/// Everything that a [`FaceModel`] is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct FaceSpec {
    /// Mel bands between 0 and 8 kHz, 1..=128.
    pub bands: usize,
    /// Spectra in a frame: 1 or 2, the last window of 25 ms ending with the frame. The features are theirs, one
    /// behind the other, each `(log10(power) + 4) / 4` as Whisper's, without its clamp to the loudest cell.
    pub spectra: usize,
    /// The stack, at most 8 layers and 100 000 parameters.
    pub layers: Vec<Layer>,
    /// What the last layer's values mean.
    pub head: Head,
    /// Frames by which the network's answer lags behind what it has heard, 0..=2: weights that come with frame
    /// `n` belong to frame `n - look_ahead`. Not computed with; the caller shifts.
    pub look_ahead: usize,
    /// What follows over time.
    pub smoothing: Smoothing,
}

/// A checked model; clones share it.
#[derive(Clone, Debug)]
pub struct FaceModel {
    inner: Arc<Checked>,
}

#[derive(Debug)]
struct Checked {
    spec: FaceSpec,
    coefficients: Coefficients,
}

impl FaceModel {
    /// Checks `spec`.
    ///
    /// # Errors
    /// Names the field that is out of its limits, has the wrong length or holds what is no number.
    pub fn new(spec: FaceSpec) -> Result<Self, SignalError> {
        SignalError::within("bands", spec.bands, 1..=MOST_BANDS)?;
        SignalError::within("spectra", spec.spectra, 1..=2)?;
        SignalError::within("layers", spec.layers.len(), 1..=MOST_LAYERS)?;
        SignalError::within("look_ahead", spec.look_ahead, 0..=MOST_AHEAD)?;
        let mut inputs = spec.bands * spec.spectra;
        let mut parameters = 0;
        for (i, layer) in spec.layers.iter().enumerate() {
            layer.check(&format!("layers[{i}]"), inputs)?;
            inputs = layer.outputs;
            parameters += layer.weight.len() + layer.bias.len();
        }
        SignalError::within("parameters", parameters, 1..=MOST_PARAMETERS)?;
        let coefficients = spec.smoothing.coefficients(inputs)?;
        Ok(Self {
            inner: Arc::new(Checked { spec, coefficients }),
        })
    }

    /// What it is made of.
    pub fn spec(&self) -> &FaceSpec {
        &self.inner.spec
    }

    /// Features of a frame.
    pub fn features(&self) -> usize {
        self.spec().bands * self.spec().spectra
    }

    /// Visemes that it has weights for.
    pub fn visemes(&self) -> usize {
        self.inner.coefficients.rest.len()
    }

    /// Weights and biases.
    pub fn parameters(&self) -> usize {
        let layers = self.spec().layers.iter();
        layers.map(|l| l.weight.len() + l.bias.len()).sum()
    }

    /// Frames before the current one that its targets depend on.
    pub fn memory(&self) -> usize {
        self.spec().layers.iter().map(Layer::memory).sum()
    }

    pub(crate) fn coefficients(&self) -> &Coefficients {
        &self.inner.coefficients
    }

    /// Samples from one spectrum to the next.
    pub(crate) fn hop(&self) -> usize {
        FRAME_SAMPLES / self.spec().spectra
    }

    /// Samples before a frame that its first window reaches back to.
    pub(crate) fn history(&self) -> usize {
        FACE_WINDOW - self.hop()
    }
}

impl Layer {
    /// Frames before the current one that it looks at.
    pub(crate) fn memory(&self) -> usize {
        (self.taps - 1) * self.dilation
    }

    /// Frames that its ring of inputs holds: a power of two, so that a frame's counter may wrap.
    pub(crate) fn ring(&self) -> usize {
        (self.memory() + 1).next_power_of_two()
    }

    /// The weight of `output` for `input`, `back` taps before the newest.
    pub(crate) fn weight(&self, output: usize, input: usize, back: usize) -> f32 {
        self.weight[(output * self.inputs + input) * self.taps + self.taps - 1 - back]
    }

    fn check(&self, name: &str, inputs: usize) -> Result<(), SignalError> {
        SignalError::length(format!("{name}.inputs"), self.inputs, inputs)?;
        SignalError::within(format!("{name}.inputs"), self.inputs, 1..=MOST_CHANNELS)?;
        SignalError::within(format!("{name}.outputs"), self.outputs, 1..=MOST_CHANNELS)?;
        SignalError::within(format!("{name}.taps"), self.taps, 1..=9)?;
        SignalError::within(format!("{name}.dilation"), self.dilation, 1..=8)?;
        let lists = [
            (
                "weight",
                &self.weight,
                self.outputs * self.inputs * self.taps,
            ),
            ("bias", &self.bias, self.outputs),
        ];
        for (field, list, expected) in lists {
            let what = format!("{name}.{field}");
            SignalError::length(&*what, list.len(), expected)?;
            // Written so that NaN does not fit.
            let fits = |x: &f32| x.abs() <= LARGEST_WEIGHT as f32;
            if let Some(at) = list.iter().position(|x| !fits(x)) {
                return Err(SignalError::Value {
                    what,
                    at,
                    value: list[at].to_string(),
                    limit: LARGEST_WEIGHT,
                });
            }
        }
        Ok(())
    }
}
