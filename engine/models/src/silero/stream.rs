//! One listener's state, and the way of a window through the model.

use std::sync::Arc;

use super::weights::{BINS, FRAME_SAMPLES, Layers, STATE};

/// Samples per window: 32 ms at 16 kHz.
pub const WINDOW_SAMPLES: usize = 512;
/// Samples of the window before that the model sees again.
const CONTEXT_SAMPLES: usize = 64;
/// Samples mirrored at the end.
const MIRROR_SAMPLES: usize = 64;
const INPUT_SAMPLES: usize = CONTEXT_SAMPLES + WINDOW_SAMPLES + MIRROR_SAMPLES;
/// Samples between two spectral frames.
const HOP_SAMPLES: usize = 128;
/// A frame's channels are filled up to a multiple of this, so that dot products have no rest.
pub(super) const FRAME_ALIGN: usize = 16;
/// Channels of a spectral frame, filled up.
const SPECTRUM: usize = BINS.next_multiple_of(FRAME_ALIGN);

/// One stream of windows; remembers what it heard. Allocates when made, never after.
#[derive(Debug)]
pub struct VadStream {
    layers: Arc<Layers>,
    /// The input of the last window: its last samples are the next one's context.
    input: [f32; INPUT_SAMPLES],
    /// Between layers: frames with one frame of zeros on each side, which nothing writes to.
    spectrum: [f32; 6 * SPECTRUM],
    after_first: [f32; 6 * 128],
    after_second: [f32; 4 * 64],
    after_third: [f32; 3 * 64],
    /// What goes into the gates: the last layer's output, then the state's visible half.
    recurrent: [f32; 2 * STATE],
    cell: [f32; STATE],
    gates: [f32; 4 * STATE],
}

impl VadStream {
    pub(super) fn new(layers: Arc<Layers>) -> Self {
        debug_assert_eq!(layers.transform.input_len(), FRAME_SAMPLES);
        Self {
            layers,
            input: [0.0; INPUT_SAMPLES],
            spectrum: [0.0; 6 * SPECTRUM],
            after_first: [0.0; 6 * 128],
            after_second: [0.0; 4 * 64],
            after_third: [0.0; 3 * 64],
            recurrent: [0.0; 2 * STATE],
            cell: [0.0; STATE],
            gates: [0.0; 4 * STATE],
        }
    }

    /// Forgets everything heard.
    pub fn reset(&mut self) {
        self.input.fill(0.0);
        self.recurrent.fill(0.0);
        self.cell.fill(0.0);
    }

    /// The probability, 0 to 1, that somebody speaks in these samples (16 kHz, ±1).
    ///
    /// Samples that are no numbers, or infinite, count as 0: they would stay in the state for
    /// ever. Allocates nothing.
    pub fn window(&mut self, samples: &[f32; WINDOW_SAMPLES]) -> f32 {
        let end = CONTEXT_SAMPLES + WINDOW_SAMPLES;
        self.input.copy_within(WINDOW_SAMPLES..end, 0);
        for (to, from) in self.input[CONTEXT_SAMPLES..end].iter_mut().zip(samples) {
            *to = if from.is_finite() { *from } else { 0.0 };
        }
        for i in 0..MIRROR_SAMPLES {
            self.input[end + i] = self.input[end - 2 - i];
        }
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
                // SAFETY: the machine has the features that the function is compiled for; every
                // x86-64 machine with AVX-512F has FMA.
                return unsafe { self.forward_avx512() };
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                // SAFETY: the machine has the features that the function is compiled for.
                return unsafe { self.forward_avx2() };
            }
        }
        self.forward::<false>()
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512vl,fma")]
    fn forward_avx512(&mut self) -> f32 {
        self.forward::<true>()
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn forward_avx2(&mut self) -> f32 {
        self.forward::<true>()
    }

    #[inline(always)]
    fn forward<const FMA: bool>(&mut self) -> f32 {
        let layers = &*self.layers;
        let frames: [&[f32]; 4] =
            std::array::from_fn(|f| &self.input[f * HOP_SAMPLES..f * HOP_SAMPLES + FRAME_SAMPLES]);
        let spectrum = &mut self.spectrum;
        // Real parts come first: keep them until the imaginary ones are there.
        layers.transform.apply::<FMA, 4>(frames, |row, values| {
            for (f, value) in values.into_iter().enumerate() {
                let cell = &mut spectrum[(f + 1) * SPECTRUM + row % BINS];
                *cell = if row < BINS {
                    value
                } else {
                    (*cell * *cell + value * value).sqrt()
                };
            }
        });
        let [first, second, third, fourth] = &layers.convolutions;
        let windows: [&[f32]; 4] = std::array::from_fn(|t| &self.spectrum[t * SPECTRUM..]);
        first.apply::<FMA, 4>(windows, |row, values| {
            for (t, value) in values.into_iter().enumerate() {
                self.after_first[(t + 1) * 128 + row] = value.max(0.0);
            }
        });
        let windows = [&self.after_first[..], &self.after_first[2 * 128..]];
        second.apply::<FMA, 2>(windows, |row, values| {
            for (t, value) in values.into_iter().enumerate() {
                self.after_second[(t + 1) * 64 + row] = value.max(0.0);
            }
        });
        third.apply::<FMA, 1>([&self.after_second], |row, [value]| {
            self.after_third[64 + row] = value.max(0.0);
        });
        fourth.apply::<FMA, 1>([&self.after_third], |row, [value]| {
            self.recurrent[row] = value.max(0.0);
        });
        layers
            .gates
            .apply::<FMA, 1>([&self.recurrent], |row, [value]| self.gates[row] = value);
        let state = &mut self.recurrent[STATE..];
        let mut visible = [0.0; STATE];
        for i in 0..STATE {
            let (enter, keep) = (self.gates[i], self.gates[STATE + i]);
            let (new, show) = (self.gates[2 * STATE + i], self.gates[3 * STATE + i]);
            self.cell[i] = sigmoid(keep) * self.cell[i] + sigmoid(enter) * new.tanh();
            state[i] = sigmoid(show) * self.cell[i].tanh();
            visible[i] = state[i].max(0.0);
        }
        let mut score = 0.0;
        layers
            .score
            .apply::<FMA, 1>([&visible], |_, [value]| score = value);
        sigmoid(score)
    }
}

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}
