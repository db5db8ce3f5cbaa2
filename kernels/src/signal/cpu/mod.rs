//! The backend that is always there: vectors chosen at run time, on a pool of threads that the caller owns.

mod batch;
mod conv;
mod fourier;

use super::spectrum::{
    BINS, FLOOR, Filter, RANGE_DECADES, WHISPER_HOP, WHISPER_WINDOW, filter_bank, hann, normalised,
    sample,
};
use super::{Backend, Clip, FaceBatch, FaceModel, LogMel, SignalError};
use crate::{Pool, isa::Isa, shared_out::SharedOut};
pub(crate) use batch::CpuBatch;
use fourier::Fourier;

/// Signal work on the CPU.
#[derive(Clone, Debug)]
pub struct Cpu {
    pool: Pool,
    isa: Isa,
    name: String,
}

impl Cpu {
    /// Runs on `pool`, the calling thread included.
    pub fn new(pool: Pool) -> Self {
        Self::with(pool, Isa::best())
    }

    /// Runs with another set of instructions that this machine has.
    pub(crate) fn with(pool: Pool, isa: Isa) -> Self {
        let name = format!("cpu: {isa:?}, threads: {}", pool.threads());
        Self { pool, isa, name }
    }
}

impl Backend for Cpu {
    fn name(&self) -> &str {
        &self.name
    }

    fn log_mel(&self, clips: &[Clip<'_>], bands: usize) -> Result<Vec<LogMel>, SignalError> {
        SignalError::within("bands", bands, 1..=super::spectrum::MOST_BANDS)?;
        let fourier = Fourier::new(WHISPER_WINDOW);
        let (window, filters) = (hann(WHISPER_WINDOW), filter_bank(bands));
        let spectrogram = |clip: &Clip<'_>| {
            let mut values = vec![0.0; clip.frames * bands];
            self.log_power(clip, &fourier, &window, &filters, &mut values);
            let floor = FLOOR.log10();
            let lowest = values.iter().copied().fold(floor, f32::max) - RANGE_DECADES;
            values
                .iter_mut()
                .for_each(|v| *v = normalised(v.max(lowest)));
            LogMel {
                bands,
                values,
                silence: normalised(floor.max(lowest)),
            }
        };
        Ok(clips.iter().map(spectrogram).collect())
    }

    fn batch(&self, model: &FaceModel, slots: usize) -> Result<Box<dyn FaceBatch>, SignalError> {
        Ok(Box::new(CpuBatch::new(self, model, slots)))
    }
}

impl Cpu {
    /// The decimal logarithms of a clip's powers, `frames` rows in `out`.
    fn log_power(
        &self,
        clip: &Clip<'_>,
        fourier: &Fourier,
        window: &[f32],
        filters: &[Filter],
        out: &mut [f32],
    ) {
        /// Frames that a thread does in one go.
        const BLOCK: usize = 32;
        let bands = filters.len();
        let frames = clip.frames;
        let shared = SharedOut::new(out);
        self.pool.run(frames.div_ceil(BLOCK), &|block| {
            let first = block * BLOCK;
            let count = BLOCK.min(frames - first);
            // SAFETY: `out` outlives the loop, and every block is another part of it.
            let rows = unsafe { shared.part(first * bands, count * bands) };
            let mut scratch = fourier.scratch();
            let mut windowed = vec![0.0; WHISPER_WINDOW];
            let mut power = [0.0; BINS];
            for (i, row) in rows.chunks_exact_mut(bands).enumerate() {
                let start = ((first + i) * WHISPER_HOP) as isize - (WHISPER_WINDOW / 2) as isize;
                for (n, (x, w)) in windowed.iter_mut().zip(window).enumerate() {
                    *x = w * sample(clip, start + n as isize);
                }
                fourier.power(&windowed, &mut scratch, &mut power);
                for (cell, filter) in row.iter_mut().zip(filters) {
                    *cell = filter.energy(&power).max(FLOOR).log10();
                }
            }
        });
    }
}
