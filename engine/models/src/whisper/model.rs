//! A Whisper model that is loaded and ready.

use std::path::Path;
use std::sync::Arc;

use candle_core::Tensor;
use janet_kernels::{Exec, Precision};

use super::decoder::Decoder;
use super::encoder::{Encoder, Encoding};
use super::judge::Look;
use super::transcribe::{Options, TranscribeJob};
use super::vocabulary::Vocabulary;
use super::weights::{self, Dims};
use crate::ct2::Ct2File;
use crate::mel::LogMel;
use crate::{ModelError, Step};

/// Speech recognition; clones share the weights.
#[derive(Clone, Debug)]
pub struct Whisper {
    pub(super) parts: Arc<Parts>,
}

/// What all jobs share.
#[derive(Debug)]
pub(super) struct Parts {
    pub dims: Dims,
    pub mel: LogMel,
    pub encoder: Arc<Encoder>,
    pub decoder: Arc<Decoder>,
    pub vocabulary: Vocabulary,
    /// What the encoder makes of silence: `[positions, width]`, put behind short sounds.
    pub quiet: Tensor,
}

impl Whisper {
    /// Loads `model.bin`, `tokenizer.json` and `config.json` from a folder, with 8-bit weights.
    pub fn load(dir: &Path, exec: &Exec) -> Result<Self, ModelError> {
        Self::load_with(dir, Precision::Q8, exec)
    }

    /// Loads with weights of this precision.
    pub fn load_with(dir: &Path, precision: Precision, exec: &Exec) -> Result<Self, ModelError> {
        let file = Ct2File::read(&dir.join("model.bin"))?;
        let dims = Dims::of(&file)?;
        let vocabulary = Vocabulary::load(dir, dims.vocabulary)?;
        let encoder = Encoder::new(&weights::encoder(&file, &dims)?, precision, exec)?;
        let encoder = Arc::new(encoder);
        let quiet = quiet(&encoder, dims.mel_bands)?;
        let decoder = weights::decoder(&file, &dims)?;
        let decoder = Decoder::new(&decoder, dims.heads, precision, exec)?;
        Ok(Self {
            parts: Arc::new(Parts {
                dims,
                mel: LogMel::new(dims.mel_bands),
                encoder,
                decoder: Arc::new(decoder),
                vocabulary,
                quiet,
            }),
        })
    }

    /// The model's sizes.
    pub fn dims(&self) -> Dims {
        self.parts.dims
    }

    /// The parts in the order in which a job uses them: to measure and compare them one by one.
    pub fn stages(&self) -> (&LogMel, &Arc<Encoder>, &Arc<Decoder>) {
        let parts = &*self.parts;
        (&parts.mel, &parts.encoder, &parts.decoder)
    }

    /// Runs once over a second of silence, so that the first real job finds memory and caches
    /// ready.
    pub fn warm_up(&self) -> Result<(), ModelError> {
        let mut job = TranscribeJob::unjudged(self, vec![0.0; 16_000], Options::default());
        while job.step()? == Step::More {}
        Ok(())
    }

    /// Begins to transcribe `pcm` (16 kHz, mono, ±1).
    ///
    /// Values that are no numbers, or infinite, are an error; values beyond ±1 are taken as they
    /// are. Empty sound gives empty text. Dropping the job cancels it.
    pub fn begin(&self, pcm: Vec<f32>, options: Options) -> Result<TranscribeJob, ModelError> {
        if let Some(at) = pcm.iter().position(|v| !v.is_finite()) {
            return Err(ModelError::Input {
                what: "pcm",
                reason: format!("sample {at} is {}", pcm[at]),
            });
        }
        Ok(TranscribeJob::new(self, pcm, options))
    }
}

/// A spectrogram's silence beside loud speech. With −0.6 to −0.3 the decoder repeats a sentence
/// whose end is cut close; measured on 30 spoken sentences and fourteen clips.
const QUIET_LEVEL: f32 = -0.2;

/// Encodes silence as long as a medium look, once for all jobs: about 0.2 s of work.
fn quiet(encoder: &Arc<Encoder>, bands: usize) -> Result<Tensor, ModelError> {
    let frames = Look::Medium.frames(0, 2 * encoder.positions());
    let mut encoding = Encoding::begin(encoder, &vec![QUIET_LEVEL; frames * bands])?;
    loop {
        if let Step::Ready(sound) = encoding.step()? {
            return Ok(sound);
        }
    }
}
