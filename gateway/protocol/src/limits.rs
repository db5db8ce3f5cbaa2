//! How much one client may send at once.

/// Upper bounds, checked before anything is allocated for a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one text frame. The default leaves room for a 10 MiB upload in base64.
    pub frame_bytes: usize,
    /// Bytes (UTF-8) of the text of one message.
    pub text_bytes: usize,
    /// Bytes of one decoded utterance, WAV header included.
    pub audio_bytes: usize,
    /// Bytes of one binary frame; the default is two seconds of microphone.
    pub binary_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame_bytes: 16 << 20,
            text_bytes: 16 << 10,
            audio_bytes: 10 << 20,
            binary_bytes: 64_000,
        }
    }
}
