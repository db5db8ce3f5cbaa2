//! Voices that are loaded beside the configured one, and which of all a session speaks with.

use std::fmt;
use std::path::Path;

use janet_kernels::Exec;
use janet_models::vits;

use crate::EngineError;

/// A voice of her own, loaded and warmed up. Clones share the weights.
#[derive(Clone)]
pub struct OwnVoice(pub(crate) vits::Voice);

impl OwnVoice {
    /// Loads a voice from its ONNX file and its configuration. Takes about a second: not for an
    /// audio thread.
    pub fn load(onnx: &Path, config: &Path, threads: usize) -> Result<Self, EngineError> {
        let failed = |source| EngineError::Model {
            role: "tts",
            source,
        };
        let voice = vits::Voice::load(onnx, config, &Exec::cpu(threads)).map_err(failed)?;
        voice.warm_up().map_err(failed)?;
        Ok(Self(voice))
    }
}

impl fmt::Debug for OwnVoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnVoice")
            .field("rate_hz", &self.0.sample_rate_hz())
            .finish_non_exhaustive()
    }
}

/// With which voice a session speaks.
#[derive(Clone, Debug, Default)]
pub enum VoiceChoice {
    /// As the server is configured: the speech server's while it is well, else the own voice.
    #[default]
    Configured,
    /// A voice of the speech server's, by its name; while it is not well, the own voice.
    Server(String),
    /// This one of her own, whatever else there is; `None`: the configured one.
    Own(Option<OwnVoice>),
}
