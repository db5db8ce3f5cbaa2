//! A loaded voice, shared by all that it says.

use std::path::Path;
use std::sync::Arc;

use janet_kernels::Exec;

use super::config::VoiceConfig;
use super::decoder::Decoder;
use super::durations::Durations;
use super::encoder::Encoder;
use super::flow::Flow;
use super::job::{SpeakJob, SpeakStep};
use super::weights::{Weights, wrong};
use crate::ModelError;
use crate::onnx::OnnxFile;
use crate::phonemes::{Phonemizer, Sentence};

/// How a phrase is to be spoken.
#[derive(Clone, Debug, PartialEq)]
pub struct SpeakOptions {
    /// The same seed gives the same sound.
    pub seed: u64,
    /// Strength of the noise in the sound; `None`: the voice's own. 0 with `duration_noise` 0
    /// takes all chance out.
    pub noise: Option<f32>,
    /// Strength of the noise in the durations; `None`: the voice's own.
    pub duration_noise: Option<f32>,
    /// Factor on the voice's own durations: 2 is half as fast. Kept within 0.25 … 4.
    pub length_scale: f32,
}

impl Default for SpeakOptions {
    fn default() -> Self {
        Self {
            seed: 0,
            noise: None,
            duration_noise: None,
            length_scale: 1.0,
        }
    }
}

/// A Piper voice with one of its speakers. Clones share the weights.
#[derive(Clone)]
pub struct Voice {
    inner: Arc<Inner>,
}

/// What all jobs of a voice share.
pub(super) struct Inner {
    pub(super) config: VoiceConfig,
    pub(super) encoder: Encoder,
    pub(super) durations: Durations,
    pub(super) flow: Arc<Flow>,
    pub(super) decoder: Arc<Decoder>,
    pub(super) latent: usize,
    pub(super) exec: Exec,
    phonemizer: Phonemizer,
}

impl Voice {
    /// Loads the voice from its ONNX file and the JSON file beside it, with the built-in
    /// phonemes. Of several speakers it is the first.
    ///
    /// # Errors
    /// When a file cannot be read, is damaged, or is a voice of another kind.
    pub fn load(
        onnx: impl AsRef<Path>,
        json: impl AsRef<Path>,
        exec: &Exec,
    ) -> Result<Self, ModelError> {
        Self::load_speaker(onnx, json, None, exec)
    }

    /// Loads the voice of one speaker, by name or number.
    ///
    /// # Errors
    /// As [`Voice::load`], and when there is no such speaker.
    pub fn load_speaker(
        onnx: impl AsRef<Path>,
        json: impl AsRef<Path>,
        speaker: Option<&str>,
        exec: &Exec,
    ) -> Result<Self, ModelError> {
        Self::with_phonemizer(onnx, json, speaker, Phonemizer::built_in()?, exec)
    }

    /// Loads the voice, to be fed by `phonemizer`.
    ///
    /// # Errors
    /// As [`Voice::load`].
    pub fn with_phonemizer(
        onnx: impl AsRef<Path>,
        json: impl AsRef<Path>,
        speaker: Option<&str>,
        phonemizer: Phonemizer,
        exec: &Exec,
    ) -> Result<Self, ModelError> {
        let config = VoiceConfig::read(json)?;
        let speaker = config.speaker(speaker)?;
        let file = OnnxFile::read(onnx)?;
        let weights = Weights::new(&file, exec).of_speaker(speaker, config.speakers)?;
        let encoder = Encoder::load(&weights, exec)?;
        let latent = weights.any("enc_p.proj.weight")?.dim(0)? / 2;
        for (symbol, ids) in &config.phoneme_ids {
            if let Some(id) = ids.iter().find(|&&id| id as usize >= encoder.ids()) {
                let reason = format!("no row for id {id} of {symbol:?}, it has {}", encoder.ids());
                return Err(wrong("enc_p.emb.weight", reason));
            }
        }
        let inner = Inner {
            durations: Durations::load(&weights, encoder.hidden())?,
            flow: Arc::new(Flow::load(&weights, latent, exec)?),
            decoder: Arc::new(Decoder::load(&weights, latent)?),
            encoder,
            config,
            latent,
            exec: exec.clone(),
            phonemizer,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Samples per second of everything this voice says.
    pub fn sample_rate_hz(&self) -> u32 {
        self.inner.config.sample_rate_hz
    }

    /// Begins to speak `text`. Text without anything to say gives a job that is done at once.
    ///
    /// # Errors
    /// When a number in `options` is none.
    pub fn begin(&self, text: &str, options: SpeakOptions) -> Result<SpeakJob, ModelError> {
        let sentences = self.inner.phonemizer.sentences(text);
        self.begin_phonemes(sentences, text.len(), options)
    }

    /// Begins to speak phonemes; `text_bytes` is the length of the text they stand for, which the
    /// last piece of sound reports as reached.
    ///
    /// # Errors
    /// As [`Voice::begin`].
    pub fn begin_phonemes(
        &self,
        sentences: Vec<Sentence>,
        text_bytes: usize,
        options: SpeakOptions,
    ) -> Result<SpeakJob, ModelError> {
        let numbers = [
            options.noise.unwrap_or(0.0),
            options.duration_noise.unwrap_or(0.0),
        ];
        if numbers
            .iter()
            .chain([&options.length_scale])
            .any(|number| !number.is_finite())
        {
            return Err(ModelError::Input {
                what: "speak options",
                reason: format!("{options:?} holds something that is no number"),
            });
        }
        Ok(SpeakJob::new(
            self.inner.clone(),
            sentences,
            text_bytes,
            &options,
        ))
    }

    /// Speaks a short word to nobody, so that the first real phrase finds warm caches.
    ///
    /// # Errors
    /// When the model cannot run.
    pub fn warm_up(&self) -> Result<(), ModelError> {
        let mut job = self.begin("Hello there.", SpeakOptions::default())?;
        while job.step()? != SpeakStep::Done {}
        Ok(())
    }
}
