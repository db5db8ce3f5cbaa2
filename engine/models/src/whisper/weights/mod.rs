//! A Whisper model's weights as plain tensors, whatever file they come from.
//!
//! Two layouts are known: CTranslate2's `model.bin`, which faster-whisper users have, and Hugging
//! Face's `model.safetensors`. Each has a file of its own here that knows its names.

mod ct2;
mod hf;

use std::path::Path;

use candle_core::Tensor;

use super::encoder::{Affine, EncoderWeights};
use super::settings::Settings;
use crate::ModelError;
use crate::ct2::Ct2File;

/// CTranslate2's file, taken where both are there.
const CT2_NAME: &str = "model.bin";
/// Hugging Face's file.
const HF_NAME: &str = "model.safetensors";
/// What a Whisper's folder holds beside its weights.
const BESIDE: [&str; 2] = ["config.json", "tokenizer.json"];

/// The names of a folder's files that are read: the weights, and what belongs to them. Says of a
/// folder without weights what there is instead.
pub(crate) fn files(dir: &Path) -> Result<[&'static str; 3], String> {
    let has = |name: &str| dir.join(name).is_file();
    let parts = format!("{HF_NAME}.index.json");
    match [CT2_NAME, HF_NAME].into_iter().find(|name| has(name)) {
        Some(weights) => Ok([weights, BESIDE[0], BESIDE[1]]),
        None if has(&parts) => Err(format!(
            "the weights are in several parts; one {HF_NAME} is needed"
        )),
        None => Err(format!(
            "holds neither {CT2_NAME} (CTranslate2) nor {HF_NAME} (Hugging Face)"
        )),
    }
}

/// The sizes of a Whisper model, found in its weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dims {
    /// Mel bands that the encoder takes.
    pub mel_bands: usize,
    /// Width of every layer.
    pub width: usize,
    /// Attention heads.
    pub heads: usize,
    /// Encoder layers.
    pub encoder_layers: usize,
    /// Decoder layers.
    pub decoder_layers: usize,
    /// Positions that the encoder gives: 1500, one per 20 ms.
    pub audio_positions: usize,
    /// Positions that the decoder has: 448.
    pub text_positions: usize,
    /// Tokens.
    pub vocabulary: usize,
}

/// The decoder's weights, f32 on the CPU.
#[derive(Debug)]
pub(super) struct DecoderWeights {
    pub embeddings: Tensor,
    pub positions: Tensor,
    pub layers: Vec<DecoderLayerWeights>,
    pub norm: Affine,
}

/// One decoder layer's weights.
#[derive(Debug)]
pub(super) struct DecoderLayerWeights {
    pub self_norm: Affine,
    pub self_qkv: Affine,
    pub self_out: Affine,
    pub cross_norm: Affine,
    pub cross_q: Affine,
    pub cross_kv: Affine,
    pub cross_out: Affine,
    pub ffn_norm: Affine,
    pub ffn_up: Affine,
    pub ffn_down: Affine,
}

/// An open file of weights.
pub(super) enum WeightsFile {
    Ct2(Ct2File),
    HuggingFace(hf::HfFile),
}

impl WeightsFile {
    /// Opens the weights in `dir`.
    pub(super) fn open(dir: &Path) -> Result<Self, ModelError> {
        let [weights, ..] = files(dir).map_err(|reason| ModelError::Format {
            path: dir.to_path_buf(),
            reason,
        })?;
        let path = dir.join(weights);
        if weights == CT2_NAME {
            return Ct2File::read(&path).map(Self::Ct2);
        }
        hf::HfFile::read(&path).map(Self::HuggingFace)
    }

    /// Whether the head of a folder's file with this name is a Whisper's; reads no weights.
    pub(super) fn check(dir: &Path, name: &str) -> Result<(), ModelError> {
        match name {
            CT2_NAME => ct2::check(&dir.join(name)),
            _ => hf::check(&dir.join(name)),
        }
    }

    /// The model's sizes. `settings` says what safetensors do not: the heads.
    pub(super) fn dims(&self, settings: &Settings) -> Result<Dims, ModelError> {
        match self {
            Self::Ct2(file) => ct2::dims(file),
            Self::HuggingFace(file) => file.dims(settings),
        }
    }

    /// Reads the encoder.
    pub(super) fn encoder(&self, dims: &Dims) -> Result<EncoderWeights, ModelError> {
        match self {
            Self::Ct2(file) => ct2::encoder(file, dims),
            Self::HuggingFace(file) => file.encoder(dims),
        }
    }

    /// Reads the decoder.
    pub(super) fn decoder(&self, dims: &Dims) -> Result<DecoderWeights, ModelError> {
        match self {
            Self::Ct2(file) => ct2::decoder(file, dims),
            Self::HuggingFace(file) => file.decoder(dims),
        }
    }
}

fn wrong(name: &str, reason: &str) -> ModelError {
    ModelError::Weight {
        name: name.to_owned(),
        reason: reason.to_owned(),
    }
}
