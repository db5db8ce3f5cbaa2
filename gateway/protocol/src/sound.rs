//! Sound inside JSON: base64 in, base64 out.
//!
//! Only the bytes are judged here; WAV headers, rates and channels are janet-audio's.

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD};
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Clients pad or do not; both are clear.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Bytes that are base64 on the wire. `Debug` tells their number only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Base64(pub Vec<u8>);

impl Base64 {
    /// Decodes standard base64, with or without padding; line breaks and blanks are skipped.
    ///
    /// On failure tells the offset of the offending character.
    pub(crate) fn decode(text: &str) -> Result<Self, usize> {
        let bytes = if text.bytes().any(|b| b.is_ascii_whitespace()) {
            let tight: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
            LENIENT.decode(tight)
        } else {
            LENIENT.decode(text)
        };
        bytes.map(Self).map_err(|error| match error {
            base64::DecodeError::InvalidByte(at, _)
            | base64::DecodeError::InvalidLastSymbol { offset: at, .. } => at,
            base64::DecodeError::InvalidLength(_) | base64::DecodeError::InvalidPadding => {
                text.len()
            }
        })
    }

    /// The base64 text, padded.
    pub fn encode(&self) -> String {
        STANDARD.encode(&self.0)
    }
}

impl fmt::Debug for Base64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes]", self.0.len())
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.encode())
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::decode(&text)
            .map_err(|at| de::Error::custom(format_args!("not base64 at character {at}")))
    }
}

/// One whole utterance as a client sent it, not yet converted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sound {
    /// A RIFF/WAVE file of any rate and channel count.
    Wav(Base64),
    /// Raw s16le mono at [`crate::MIC_RATE_HZ`]; the byte count is even.
    S16le(Base64),
}

impl Sound {
    /// The bytes, header included.
    pub fn bytes(&self) -> &[u8] {
        let (Self::Wav(bytes) | Self::S16le(bytes)) = self;
        &bytes.0
    }

    /// Whether these bytes begin like a WAV file.
    pub(crate) fn looks_like_wav(bytes: &[u8]) -> bool {
        bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WAVE")
    }
}
