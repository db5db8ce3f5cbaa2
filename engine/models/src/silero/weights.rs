//! Loads Silero's weights from safetensors and lays them out for the loops.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use safetensors::{Dtype, SafeTensors};

use super::dense::Dense;
use super::stream::VadStream;
use crate::ModelError;

/// Samples under one spectral frame.
pub(super) const FRAME_SAMPLES: usize = 256;
/// Frequency bins: the first half of the transform's rows is real, the second imaginary.
pub(super) const BINS: usize = 129;
/// Width of the recurrent state.
pub(super) const STATE: usize = 128;

/// The weights, shared by all streams.
#[derive(Clone, Debug)]
pub struct Vad {
    layers: Arc<Layers>,
}

/// The model's matrices, in the order in which they are used.
#[derive(Debug)]
pub(super) struct Layers {
    pub transform: Dense,
    pub convolutions: [Dense; 4],
    /// Input and state side by side to the four gates.
    pub gates: Dense,
    pub score: Dense,
}

impl Vad {
    /// Loads `silero_vad_16k.safetensors`.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        let bytes = fs::read(path).map_err(|source| ModelError::Read {
            path: path.to_path_buf(),
            source,
        })?;
        let file = SafeTensors::deserialize(&bytes).map_err(|e| ModelError::Format {
            path: path.to_path_buf(),
            reason: e.to_string(),
        })?;
        let transform = values(&file, "stft_conv.weight", &[2 * BINS, 1, FRAME_SAMPLES])?;
        let convolutions = [
            convolution(&file, "conv1", 128, BINS)?,
            convolution(&file, "conv2", 64, 128)?,
            convolution(&file, "conv3", 64, 64)?,
            convolution(&file, "conv4", 128, 64)?,
        ];
        let from_input = values(&file, "lstm_cell.weight_ih", &[4 * STATE, STATE])?;
        let from_state = values(&file, "lstm_cell.weight_hh", &[4 * STATE, STATE])?;
        let mut bias = values(&file, "lstm_cell.bias_ih", &[4 * STATE])?;
        let more = values(&file, "lstm_cell.bias_hh", &[4 * STATE])?;
        bias.iter_mut().zip(&more).for_each(|(a, b)| *a += b);
        let gates = from_input
            .chunks_exact(STATE)
            .zip(from_state.chunks_exact(STATE))
            .map(|(input, state)| [input, state].concat());
        let score = values(&file, "final_conv.weight", &[1, STATE, 1])?;
        Ok(Self {
            layers: Arc::new(Layers {
                transform: Dense::new(
                    transform.chunks_exact(FRAME_SAMPLES).map(<[f32]>::to_vec),
                    vec![0.0; 2 * BINS],
                ),
                convolutions,
                gates: Dense::new(gates, bias),
                score: Dense::new([score].into_iter(), values(&file, "final_conv.bias", &[1])?),
            }),
        })
    }

    /// A new stream that has heard nothing yet.
    pub fn stream(&self) -> VadStream {
        VadStream::new(Arc::clone(&self.layers))
    }

    /// Runs a few windows, so that the weights are in the cache.
    pub fn warm_up(&self) {
        let mut stream = self.stream();
        for _ in 0..4 {
            stream.window(&[0.0; super::WINDOW_SAMPLES]);
        }
    }
}

/// A convolution of three taps as a matrix over three frames laid end to end.
fn convolution(
    file: &SafeTensors<'_>,
    name: &str,
    to: usize,
    from: usize,
) -> Result<Dense, ModelError> {
    let weight = values(file, &format!("{name}.weight"), &[to, from, 3])?;
    let bias = values(file, &format!("{name}.bias"), &[to])?;
    let padded = from.next_multiple_of(super::stream::FRAME_ALIGN);
    let rows = weight.chunks_exact(3 * from).map(|row| {
        let mut laid = vec![0.0; 3 * padded];
        for (channel, taps) in row.chunks_exact(3).enumerate() {
            for (tap, weight) in taps.iter().enumerate() {
                laid[tap * padded + channel] = *weight;
            }
        }
        laid
    });
    Ok(Dense::new(rows, bias))
}

fn values(file: &SafeTensors<'_>, name: &str, dims: &[usize]) -> Result<Vec<f32>, ModelError> {
    let wrong = |reason: String| ModelError::Weight {
        name: name.to_owned(),
        reason,
    };
    let view = file.tensor(name).map_err(|e| wrong(e.to_string()))?;
    if view.shape() != dims || view.dtype() != Dtype::F32 {
        return Err(wrong(format!(
            "{:?} {:?}, expected F32 {dims:?}",
            view.dtype(),
            view.shape()
        )));
    }
    Ok(view
        .data()
        .chunks_exact(4)
        .map(|c| f32::from_le_bytes([c[0], c[1], c[2], c[3]]))
        .collect())
}
