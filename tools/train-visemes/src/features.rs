//! What the network sees, computed by the same code as when Janet speaks.

use janet_kernels::Pool;
use janet_kernels::signal::{
    Activation, Backend, Cpu, FRAME_SAMPLES, FaceModel, FaceSpec, Frames, Head, Input, Layer,
    Smoothing,
};

/// Mel bands of a spectrum: few, so that a voice's harmonics do not stand out.
pub(crate) const BANDS: usize = 40;
/// Spectra in a frame: two, because a burst is shorter than a frame.
pub(crate) const SPECTRA: usize = 2;
/// Features of a frame.
pub(crate) const FEATURES: usize = BANDS * SPECTRA;

/// The features of whole frames of sound at 48 kHz, [`FEATURES`] for each.
pub(crate) fn features(samples: &[f32]) -> anyhow::Result<Vec<f32>> {
    let mut batch = Cpu::new(Pool::new(1)).batch(&listener()?, 1)?;
    let mut frames = Frames::default();
    let mut out = Vec::with_capacity(samples.len() / FRAME_SAMPLES * FEATURES);
    for frame in samples.chunks_exact(FRAME_SAMPLES) {
        batch.frame(&[(0, Input::Samples(frame))], &mut frames)?;
        out.extend(frames.features(0));
    }
    Ok(out)
}

/// A model that only listens.
fn listener() -> anyhow::Result<FaceModel> {
    Ok(FaceModel::new(FaceSpec {
        bands: BANDS,
        spectra: SPECTRA,
        layers: vec![Layer {
            inputs: FEATURES,
            outputs: 1,
            taps: 1,
            dilation: 1,
            weight: vec![0.0; FEATURES],
            bias: vec![0.0],
            activation: Activation::Linear,
        }],
        head: Head::Linear,
        look_ahead: 0,
        smoothing: Smoothing {
            attack_ms: vec![0.0],
            release_ms: vec![0.0],
            dominance: vec![1.0],
            rest: vec![1.0],
        },
    })?)
}
