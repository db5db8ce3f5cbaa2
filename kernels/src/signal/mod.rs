//! Signal work for sound and the face, behind one small trait with three real backends: the CPU, any GPU
//! that wgpu reaches (Vulkan, Metal, DX12), and CUDA.
//!
//! Two things are computed: Whisper's log-mel spectrogram, and *face frames*. A face frame is 800 samples at
//! 48 kHz of one session's sound (60 a second); out of it come log-mel features, from these the targets of a
//! small causal network ([`FaceModel`]), and from the targets, smoothed over time, the weights of the visemes.
//! All sessions of a process share one [`FaceBatch`]: a frame of all of them is one upload, one launch and one
//! download, and what a session carries from frame to frame stays on the device.
//!
//! Nothing here knows which viseme is which, reads a file, or starts a thread. Every backend is held to the
//! same plain loops by `kernels/tests/conformance`.
//!
//! Numbers that are not finite never get in: models that hold one are refused, samples, features and targets
//! that are none count as the nearest sensible value (see [`Input`]), and every layer saturates, so that
//! weights are always finite and between 0 and 1.

mod choose;
mod cpu;
#[cfg(feature = "nvrtc")]
mod cuda;
mod error;
mod faces;
mod model;
#[cfg(any(feature = "nvrtc", feature = "wgpu"))]
mod packed;
mod slots;
mod smoothing;
mod spectrum;
#[cfg(feature = "wgpu")]
mod wgpu;

pub use choose::{Choice, Chosen};
pub use cpu::Cpu;
#[cfg(feature = "nvrtc")]
pub use cuda::Cuda;
pub use error::SignalError;
pub use faces::Faces;
pub use model::{Activation, FaceModel, FaceSpec, Head, Layer};
pub use smoothing::Smoothing;
pub use spectrum::{Clip, LogMel, Tail};
#[cfg(feature = "wgpu")]
pub use wgpu::{Adapters, Wgpu};

/// Samples of a face frame.
pub const FRAME_SAMPLES: usize = 800;
/// Samples per second of what [`Input::Samples`] holds.
pub const FRAME_RATE_HZ: u32 = 48_000;

/// A place where signal work is done.
pub trait Backend: Send + Sync + std::fmt::Debug {
    /// What it is, for people: `cpu`, `cuda: NVIDIA H100 80GB HBM3`.
    fn name(&self) -> &str;

    /// Whisper's log-mel spectrograms of `clips`, `bands` bands each, as [`LogMel`] says.
    ///
    /// # Errors
    /// [`SignalError::Limit`] for `bands` outside of 1..=128; [`SignalError::Lost`] when the device is gone.
    fn log_mel(&self, clips: &[Clip<'_>], bands: usize) -> Result<Vec<LogMel>, SignalError>;

    /// Room for `slots` sessions whose faces `model` moves.
    ///
    /// # Errors
    /// [`SignalError::Limit`] when the device has not as much memory, [`SignalError::Lost`] when it is gone.
    fn batch(&self, model: &FaceModel, slots: usize) -> Result<Box<dyn FaceBatch>, SignalError>;
}

/// The faces of many sessions, each in a slot that the caller numbers.
pub trait FaceBatch: Send + std::fmt::Debug {
    /// The model that it was made with.
    fn model(&self) -> &FaceModel;

    /// Slots that there are.
    fn slots(&self) -> usize;

    /// Forgets what slot `slot` has heard: somebody else comes in.
    ///
    /// # Errors
    /// [`SignalError::Slot`] where there is no such slot.
    fn reset(&mut self, slot: usize) -> Result<(), SignalError>;

    /// Moves each slot named on by one frame; `out` holds one result for each input, in their order.
    ///
    /// # Errors
    /// [`SignalError::Slot`] and [`SignalError::Shape`] before anything is moved; [`SignalError::Lost`] when
    /// the device is gone, and this batch with it.
    fn frame(&mut self, inputs: &[(usize, Input<'_>)], out: &mut Frames)
    -> Result<(), SignalError>;
}

/// What moves a slot on by one frame.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// [`FRAME_SAMPLES`] samples, full scale ±1. NaN counts as 0, anything beyond ±8 as ±8.
    Samples(&'a [f32]),
    /// The features of a frame, as [`Frames::features`] gave them. NaN counts as 0, anything beyond ±8 as ±8.
    /// Does not touch the samples that the slot remembers.
    Features(&'a [f32]),
    /// Targets for the smoothing alone (from phonemes, say), 0..=1. NaN counts as 0, others are clamped.
    /// Touches neither the network's memory nor the samples.
    Targets(&'a [f32]),
}

/// The results of a frame, one for each input.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frames {
    features: usize,
    visemes: usize,
    values: Vec<f32>,
}

impl Frames {
    /// Values that one input's result takes: features, levels, weights.
    fn stride(&self) -> usize {
        self.features + 2 * self.visemes
    }

    /// Makes room for `count` results of `model`, all zero.
    pub(crate) fn prepare(&mut self, model: &FaceModel, count: usize) -> &mut [f32] {
        self.features = model.features();
        self.visemes = model.visemes();
        self.values.clear();
        self.values.resize(count * self.stride(), 0.0);
        &mut self.values
    }

    /// Results held.
    pub fn len(&self) -> usize {
        self.values.len().checked_div(self.stride()).unwrap_or(0)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.stride()..][..self.stride()]
    }

    /// The log-mel features that the network saw ([`FaceModel::features`] of them); zeros for targets.
    pub fn features(&self, index: usize) -> &[f32] {
        &self.row(index)[..self.features]
    }

    /// The visemes' levels after smoothing, before normalisation: what a slot goes on from.
    pub fn levels(&self, index: usize) -> &[f32] {
        &self.row(index)[self.features..][..self.visemes]
    }

    /// The visemes' weights: 0..=1, their sum 1.
    pub fn weights(&self, index: usize) -> &[f32] {
        &self.row(index)[self.features + self.visemes..]
    }
}

/// A finite value of at most ±8 in place of `x`. Without a branch, so that a loop over it becomes vectors:
/// a frame of a thousand sessions is 800 000 samples.
#[inline]
fn clean(x: f32) -> f32 {
    let x = if x.is_nan() { 0.0 } else { x };
    x.clamp(-8.0, 8.0)
}

/// A value in 0..=1 in place of `x`.
#[inline]
fn clean_target(x: f32) -> f32 {
    if x.is_nan() { 0.0 } else { x.clamp(0.0, 1.0) }
}
