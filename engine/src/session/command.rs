//! What a transport tells its session's core.

use janet_audio::{CaptureReader, Line};
use janet_talk::{MicMode, UtteranceId};

use super::settings::SessionSettings;

/// One request of the transport, in order.
pub(crate) enum Command {
    Text {
        text: String,
        speak: bool,
        tag: u32,
    },
    Utterance {
        id: UtteranceId,
        pcm_16k: Vec<f32>,
        speak: bool,
        tag: u32,
    },
    MicOpen {
        reader: CaptureReader,
        line: Box<Line>,
        mode: MicMode,
    },
    MicClose,
    /// The microphone comes back as her voice, or does not any more.
    Loop(bool),
    Settings(SessionSettings),
    Commit,
    Interrupt,
    Hold,
    GoOn,
    Played(u32),
    Announce {
        id: u32,
        text: String,
    },
    Retract(u32),
    Detach,
}
