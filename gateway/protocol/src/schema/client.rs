//! What a client may write, as shapes. The parser reads by hand and has no such types, so these
//! exist for the schema alone; `truth` holds them against the parser.

use schemars::JsonSchema;

use super::values::{Recording, Words};
use crate::{MIC_RATE_HZ, PLAY_RATES_HZ, Sensitivity, Timestamp, VOICE_SPEEDS};

/// What a client may send. Unknown fields are ignored. What is refused is answered by `error`, and
/// the connection stays.
#[derive(JsonSchema)]
#[schemars(tag = "type", rename_all = "snake_case")]
#[expect(
    dead_code,
    reason = "the schema is made from the shapes, never from values"
)]
pub(super) enum FromClient {
    /// A typed message; answered by `assistant_delta`s and one `assistant_message`.
    Message {
        /// The words.
        text: Words,
        /// Whether the answer is spoken.
        #[schemars(extend("default" = false))]
        speak: Option<bool>,
        /// Whether this may be remembered; absent or null: nothing is said about it.
        remember: Option<bool>,
    },
    /// The older dialect's `message`; answered by one `response`.
    TextInput {
        /// The words.
        text: Words,
        /// Whether the answer is spoken.
        #[schemars(extend("default" = true))]
        speak: Option<bool>,
        /// Whether this may be remembered; absent or null: nothing is said about it.
        remember: Option<bool>,
    },
    /// One whole utterance, never endpointed; answered as `message`.
    Audio {
        /// The recording.
        audio: Recording,
    },
    /// The older dialect's `audio`; answered by one `response`.
    AudioChunk {
        /// The recording.
        audio: Recording,
    },
    /// Streaming voice begins: binary frames up are accepted once `audio_ready` has come.
    AudioStart {
        /// Rate of the binary frames up, in Hz.
        #[schemars(extend("const" = MIC_RATE_HZ))]
        rate_hz: u32,
        /// Rate of the binary frames down, in Hz.
        #[schemars(extend("enum" = PLAY_RATES_HZ))]
        play_rate_hz: u32,
        /// Who ends a turn.
        mode: VoiceMode,
    },
    /// The push-to-talk turn is complete.
    AudioEnd {},
    /// Streaming voice ends; her speech stops too.
    AudioStop {},
    /// What the client has really played: sent every 100 ms while playing, and after each
    /// `playout_flush`.
    Playout {
        /// Samples played so far on this connection, at the play rate; wraps at 2³².
        played_sample: u32,
    },
    /// Her speech stops at once.
    Interrupt {},
    /// Answered by `pong` with the same timestamp.
    Ping {
        /// The client's own clock.
        timestamp: Timestamp,
    },
    /// Answered by `context`.
    GetContext {},
    /// How she speaks and listens on this connection; answered by `settings`. A field that is absent
    /// or null leaves its setting as it is.
    SettingsSet {
        /// How fast she speaks; 1 is the voice's own pace. Holds for the phrases made from now on.
        #[schemars(range(min = *VOICE_SPEEDS.start(), max = *VOICE_SPEEDS.end()))]
        voice_speed: Option<f64>,
        /// How readily sound counts as speech.
        sensitivity: Option<Sensitivity>,
        /// With which voice she speaks: the id of one that `context` lists.
        voice: Option<Words>,
        /// With which language model she thinks, for the answers that begin from now on: the id of
        /// one that `context` lists.
        model: Option<Words>,
    },
}

/// How a turn of streamed speech ends.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(
    dead_code,
    reason = "the schema is made from the shapes, never from values"
)]
pub(super) enum VoiceMode {
    /// Janet decides when the turn is over, and can be interrupted by speech.
    HandsFree,
    /// The client decides, by `audio_end`.
    PushToTalk,
}
