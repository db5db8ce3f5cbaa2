//! The buffers that both kinds of GPU read: the same numbers in the same order, so that `face.wgsl`,
//! `log_mel.wgsl` and `kernels.cu` are the same program twice.
//!
//! A power spectrum is taken as a product with a table of cosines and sines: exact to a rounding or two, no
//! branch, and one frame of a thousand sessions is a quarter of a billion multiplications, which a GPU does in
//! a tenth of a millisecond. The window is symmetric, so samples are folded around its middle first: half the
//! work.

use std::f64::consts::TAU;

use super::model::Layer;
use super::slots::{Job, Kind};
use super::spectrum::{BINS, Clip, FACE_POWER, FACE_WINDOW, filter_bank, hann, sample};
use super::spectrum::{WHISPER_HOP, WHISPER_WINDOW};
use super::{Activation, FRAME_SAMPLES, FaceModel, Head, Input, clean, clean_target};

/// Threads that work on a group of sessions or frames.
pub(crate) const THREADS: usize = 256;

/// Values of a job in the upload, and of the upload's head.
const JOB: usize = 4;

/// Cosine and sine for each term and bin: `[term][bin][2]`, terms 0 to half a window.
pub(crate) fn fourier_table(window: usize) -> Vec<f32> {
    let half = window / 2;
    let mut table = Vec::with_capacity((half + 1) * BINS * 2);
    for term in 0..=half {
        for bin in 0..BINS {
            // Reduced as a whole number, so that the angle is exact.
            let angle = TAU * ((term * bin) % window) as f64 / window as f64;
            table.extend([angle.cos() as f32, angle.sin() as f32]);
        }
    }
    table
}

/// The filter bank as the kernels read it, for a buffer whose length is `at` by now: first bin, count and
/// place of the weights for each band, then the weights' bits.
fn push_filters(words: &mut Vec<u32>, bands: usize) {
    let filters = filter_bank(bands);
    let mut at = words.len() + 3 * bands;
    for filter in &filters {
        words.extend([
            filter.first_bin as u32,
            filter.weights.len() as u32,
            at as u32,
        ]);
        at += filter.weights.len();
    }
    for filter in &filters {
        words.extend(filter.weights.iter().map(|w| w.to_bits()));
    }
}

/// A model as the kernels read it, and where things lie.
#[derive(Clone, Debug)]
pub(crate) struct PackedFace {
    /// The head, the layers, the filters. See `face.wgsl` for the places.
    pub(crate) shape: Vec<u32>,
    /// Half a window, the smoothing, the layers' weights and biases.
    pub(crate) params: Vec<f32>,
    pub(crate) table: Vec<f32>,
    /// Values that all slots carry from frame to frame.
    pub(crate) state: usize,
    stride_in: usize,
    stride_out: usize,
}

impl PackedFace {
    pub(crate) fn new(model: &FaceModel, slots: usize) -> Self {
        let (features, visemes) = (model.features(), model.visemes());
        let smoothing = model.coefficients();
        let half = FACE_WINDOW / 2;
        let mut params = hann(FACE_WINDOW)[..=half].to_vec();
        let smoothing_at = params.len();
        for list in [
            &smoothing.attack,
            &smoothing.release,
            &smoothing.dominance,
            &smoothing.rest,
            &smoothing.rest_weights,
        ] {
            params.extend(list);
        }
        // The histories first, then each layer's rings, the levels last.
        let mut state = slots * model.history();
        let mut layers = Vec::new();
        for layer in &model.spec().layers {
            let [weight_at, ring_at] = [params.len(), state];
            push_weights(&mut params, layer);
            state += slots * layer.ring() * layer.inputs;
            layers.extend([
                layer.inputs as u32,
                layer.outputs as u32,
                layer.taps as u32,
                layer.dilation as u32,
                layer.ring() as u32,
                ring_at as u32,
                weight_at as u32,
                u32::from(layer.activation == Activation::Relu),
            ]);
        }
        let head = match model.spec().head {
            Head::Linear => 0,
            Head::Softmax => 1,
            Head::Sigmoid => 2,
        };
        let stride_in = FRAME_SAMPLES.max(features).max(visemes);
        let stride_out = features + 2 * visemes;
        let mut shape = vec![
            model.spec().spectra as u32,
            model.hop() as u32,
            model.history() as u32,
            model.spec().bands as u32,
            stride_in as u32,
            features as u32,
            visemes as u32,
            model.spec().layers.len() as u32,
            head,
            state as u32,
            smoothing_at as u32,
            0,
            FACE_POWER.to_bits(),
        ];
        shape.extend(layers);
        shape[11] = shape.len() as u32;
        push_filters(&mut shape, model.spec().bands);
        Self {
            shape,
            params,
            table: fourier_table(FACE_WINDOW),
            state: state + slots * visemes,
            stride_in,
            stride_out,
        }
    }

    /// Values of an upload of `jobs` jobs.
    pub(crate) fn upload_len(&self, jobs: usize) -> usize {
        JOB + jobs * (JOB + self.stride_in)
    }

    /// Values of a download of `jobs` jobs.
    pub(crate) fn download_len(&self, jobs: usize) -> usize {
        jobs * self.stride_out
    }

    /// Writes a frame into the first [`Self::upload_len`] values of `upload`.
    pub(crate) fn upload(&self, jobs: &[Job], inputs: &[(usize, Input<'_>)], upload: &mut [u32]) {
        upload[..JOB].copy_from_slice(&[jobs.len() as u32, 0, 0, 0]);
        let (heads, data) = upload[JOB..].split_at_mut(jobs.len() * JOB);
        for (to, job) in heads.chunks_exact_mut(JOB).zip(jobs) {
            let kind = match job.kind {
                Kind::Samples => 0,
                Kind::Features => 1,
                Kind::Targets => 2,
            };
            let flags = u32::from(job.heard) | u32::from(job.moved) << 1;
            to.copy_from_slice(&[job.slot as u32, kind, job.frames, flags]);
        }
        for (to, (_, input)) in data.chunks_exact_mut(self.stride_in).zip(inputs) {
            match input {
                Input::Samples(x) | Input::Features(x) => {
                    to.iter_mut()
                        .zip(*x)
                        .for_each(|(to, x)| *to = clean(*x).to_bits());
                }
                Input::Targets(x) => {
                    to.iter_mut()
                        .zip(*x)
                        .for_each(|(to, x)| *to = clean_target(*x).to_bits());
                }
            }
        }
    }
}

/// `taps × inputs × outputs`, tap 0 the newest frame, then the biases.
fn push_weights(params: &mut Vec<f32>, layer: &Layer) {
    for back in 0..layer.taps {
        for input in 0..layer.inputs {
            params.extend((0..layer.outputs).map(|output| layer.weight(output, input, back)));
        }
    }
    params.extend(&layer.bias);
}

/// Clips as the kernels read them.
#[derive(Clone, Debug)]
pub(crate) struct PackedClips {
    /// Rows, clips, bands, place of the filters, place of the clips; a clip's first row and number of rows
    /// for each clip; the filters.
    pub(crate) shape: Vec<u32>,
    /// For each row the first of its samples in `samples`.
    pub(crate) starts: Vec<u32>,
    /// The samples of each clip as its windows see them: mirrored and silent ends laid down, 240 more than
    /// 160 for each frame.
    pub(crate) samples: Vec<f32>,
    pub(crate) rows: usize,
}

impl PackedClips {
    pub(crate) fn new(clips: &[Clip<'_>], bands: usize) -> Self {
        let mut packed = Self {
            shape: vec![0, clips.len() as u32, bands as u32, 0, 5],
            starts: Vec::new(),
            samples: Vec::new(),
            rows: 0,
        };
        for clip in clips {
            packed
                .shape
                .extend([packed.rows as u32, clip.frames as u32]);
            packed.rows += clip.frames;
            if clip.frames == 0 {
                continue;
            }
            let start = packed.samples.len();
            let hops = (0..clip.frames).map(|f| (start + f * WHISPER_HOP) as u32);
            packed.starts.extend(hops);
            let length = ((clip.frames - 1) * WHISPER_HOP + WHISPER_WINDOW) as isize;
            let before = (WHISPER_WINDOW / 2) as isize;
            packed
                .samples
                .extend((-before..length - before).map(|at| sample(clip, at)));
        }
        packed.shape[0] = packed.rows as u32;
        packed.shape[3] = packed.shape.len() as u32;
        push_filters(&mut packed.shape, bands);
        packed
    }

    /// Values of the result: the rows, then for each clip the least value that is left standing.
    pub(crate) fn result_len(&self, bands: usize) -> usize {
        self.rows * bands + self.shape[1] as usize
    }

    /// Takes a result apart.
    pub(crate) fn unpack(
        &self,
        clips: &[Clip<'_>],
        bands: usize,
        result: &[f32],
    ) -> Vec<super::LogMel> {
        let (mut rows, lowest) = result.split_at(self.rows * bands);
        let spectrogram = |(clip, lowest): (&Clip<'_>, &f32)| {
            let (values, rest) = rows.split_at(clip.frames * bands);
            rows = rest;
            super::LogMel {
                bands,
                values: values.to_vec(),
                silence: super::spectrum::normalised(lowest.max(super::spectrum::FLOOR.log10())),
            }
        };
        clips.iter().zip(lowest).map(spectrogram).collect()
    }
}
