//! The power spectrum of real samples: a complex transform of half their number, taken apart.

use std::f64::consts::TAU;
use std::fmt;
use std::sync::Arc;

use rustfft::{Fft, FftPlanner, num_complex::Complex32};

use crate::signal::spectrum::BINS;

/// The plan of a transform; rustfft chooses its instructions by itself.
#[derive(Clone)]
pub(crate) struct Fourier {
    fft: Arc<dyn Fft<f32>>,
    /// `e^(-2πik/N)` for each bin.
    twiddles: Vec<Complex32>,
}

/// What a transform works in.
#[derive(Clone, Debug)]
pub(crate) struct Scratch {
    buffer: Vec<Complex32>,
    fft: Vec<Complex32>,
}

impl Fourier {
    /// For `length` samples, an even number of at least 400.
    pub(crate) fn new(length: usize) -> Self {
        let twiddle = |k: usize| {
            let angle = -TAU * k as f64 / length as f64;
            Complex32::new(angle.cos() as f32, angle.sin() as f32)
        };
        Self {
            fft: FftPlanner::new().plan_fft_forward(length / 2),
            twiddles: (0..BINS).map(twiddle).collect(),
        }
    }

    pub(crate) fn scratch(&self) -> Scratch {
        Scratch {
            buffer: vec![Complex32::default(); self.fft.len()],
            fft: vec![Complex32::default(); self.fft.get_inplace_scratch_len()],
        }
    }

    /// The power of the first 201 bins of `samples`. No allocation.
    pub(crate) fn power(&self, samples: &[f32], scratch: &mut Scratch, power: &mut [f32; BINS]) {
        let z = &mut scratch.buffer;
        for (z, pair) in z.iter_mut().zip(samples.chunks_exact(2)) {
            *z = Complex32::new(pair[0], pair[1]);
        }
        self.fft.process_with_scratch(z, &mut scratch.fft);
        let half = z.len();
        for (k, (power, twiddle)) in power.iter_mut().zip(&self.twiddles).enumerate() {
            let (a, b) = (z[k % half], z[(half - k) % half].conj());
            // The spectra of the even and, times i, of the odd samples, twice as large as they are.
            let (even, odd) = (a + b, a - b);
            let value = even + Complex32::new(odd.im, -odd.re) * twiddle;
            *power = 0.25 * value.norm_sqr();
        }
    }
}

impl fmt::Debug for Fourier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fourier({})", 2 * self.fft.len())
    }
}
