//! What a client may write, as shapes. The parser reads by hand and has no such types, so these
//! exist for the schema alone; `truth` holds them against the parser.

use schemars::JsonSchema;

use super::values::{
    CallId, Candidate, Description, DeviceName, EndWords, Label, Mid, PushToken, Recording,
    SessionId, Words,
};
use crate::{
    CallDirection, Hands, MIC_RATE_HZ, PLAY_RATES_HZ, Pose, Role, Sensitivity, Timestamp,
    VOICE_SPEEDS,
};

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
    /// The open microphone is heard back as her voice instead of listened to, or listened to again: so a
    /// client measures what the way there and back takes. She falls silent at either.
    AudioLoop {
        /// Whether it is heard back.
        on: bool,
    },
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
    /// The first message of a control stream over QUIC, and of nothing else: what the WebSocket says in
    /// its upgrade. Answered by `connected`, or by `pair_wanted` where a key is needed and none was shown.
    ClientConnect {
        /// Resumes a session; absent or null: a new one begins.
        client_id: Option<SessionId>,
        /// The device's key; nobody on Janet's own machine needs one.
        key: Option<SessionId>,
    },
    /// Voice in real time begins; answered by `vr_offer`, by `vr_answer` to a description of the
    /// client's, or by `vr_opened` over QUIC. A session that this connection has already ends.
    VrConnect {
        /// What the session will be called; absent or null: the server chooses.
        session_id: Option<SessionId>,
        /// Over what; absent or null: WebRTC.
        transport: Option<Transport>,
        /// The client's offer; absent or null: the server offers.
        sdp: Option<Description>,
        /// What `sdp` is.
        sdp_type: Option<OfferType>,
        /// Where the head is at the beginning.
        head_pose: Option<Pose>,
    },
    /// The client's answer to `vr_offer`, or one whole utterance as a recording; answered by
    /// `vr_response`. One of `sdp` and `audio` is there, and not both.
    #[schemars(extend("oneOf" = either("sdp", "audio")))]
    VrAudio {
        /// The session.
        session_id: SessionId,
        /// The answer.
        sdp: Option<Description>,
        /// What `sdp` is.
        sdp_type: Option<AnswerType>,
        /// The recording. She answers by words, and by a recording where no media is up.
        audio: Option<Recording>,
    },
    /// Where the client's head and hands are now. As many messages a second as of any other kind are
    /// taken; ten or twenty are plenty to be looked at by. Answered only if it is refused.
    VrPose {
        /// The session.
        session_id: SessionId,
        /// The head.
        head: Pose,
        /// The hands, as far as they are seen.
        hands: Option<Hands>,
    },
    /// Where the client may be reached. Answered only if it is refused.
    VrIce {
        /// The session.
        session_id: SessionId,
        /// The candidate.
        candidate: Candidate,
        /// The media section it belongs to; all share one transport.
        sdp_mid: Option<Mid>,
        /// The same by number.
        sdp_mline_index: Option<u32>,
    },
    /// The client calls, or answers Janet's ring; answered by `voip_offer`. One call at a time: a second
    /// one is refused as `busy`.
    VoipCall {
        /// `outgoing`: the client calls. `incoming`: it answers.
        direction: CallDirection,
        /// On what.
        device_info: DeviceInfo,
        /// What the call will be called, or is called that is answered; absent or null: the server
        /// chooses, and the one that rings is answered.
        call_id: Option<CallId>,
    },
    /// The client's answer to `voip_offer`; answered by `voip_connected` once voice flows, or by
    /// `voip_ended`.
    VoipAnswer {
        /// The call that was offered.
        call_id: CallId,
        /// The answer.
        sdp: Description,
        /// What `sdp` is.
        sdp_type: AnswerType,
    },
    /// Where the client may be reached. Answered only if it is refused.
    VoipIce {
        /// The call.
        call_id: CallId,
        /// The candidate.
        candidate: Candidate,
        /// The media section it belongs to; all share one transport.
        sdp_mid: Option<Mid>,
        /// The same by number.
        sdp_mline_index: Option<u32>,
    },
    /// One whole utterance, while no other way for voice is up; answered by `voip_response`, and her
    /// voice as `voip_audio`.
    VoipAudio {
        /// The call.
        call_id: CallId,
        /// The recording.
        audio: Recording,
    },
    /// Neither side hears the other, or both do again; answered by `voip_state`.
    VoipHold {
        /// The call.
        call_id: CallId,
        /// Whether it is held.
        on: bool,
    },
    /// The client hangs up, or declines to be rung; answered by `voip_ended`.
    VoipEnd {
        /// The call.
        call_id: CallId,
        /// Why, in the client's own words. Whether it hung up or declined shows by itself.
        reason: Option<EndWords>,
    },
    /// Janet rings the client of a conversation, over its connection, or by a push where it has none and
    /// gave a `push_token`; answered by `voip_state`, and a push that nobody answers by `voip_ended`.
    VoipRing {
        /// The conversation, by the `client_id` that brings back to it; absent or null: this one.
        client_id: Option<Label>,
        /// Who calls, for people; absent or null: Janet.
        caller: Option<Label>,
    },
    /// Lets one device in: it has two minutes and five tries. Answered by `pair_opened`; then by
    /// `device_paired`, or by `pair_closed`. It takes the place of one that is open, and closing this
    /// connection takes it back.
    PairOpen {
        /// What the device may do.
        role: Role,
    },
    /// The first message of a pairing: counts as a try. SPAKE2 over Ed25519 as python-spake2 has it:
    /// the password is the code's eight digits, side A's identity `janet/pair/1 client`, side B's
    /// `janet/pair/1 server FINGERPRINT` with the 64 lower-case digits of the SHA-256 of the
    /// certificate that the client sees. Answered by `pair_challenge`.
    PairStart {
        /// What the device is called, for people.
        name: DeviceName,
        /// Side A's message.
        #[schemars(extend("pattern" = "^[0-9a-f]{66}$"))]
        message: String,
    },
    /// Shows that the client knew the code and saw the certificate. Answered by `paired`, whose proof
    /// the client compares before it believes the key.
    PairFinish {
        /// HMAC-SHA-256 under the exchange's key of `janet/pair/1 client`; the server's is of
        /// `janet/pair/1 server`.
        #[schemars(extend("pattern" = "^[0-9a-f]{64}$"))]
        proof: String,
    },
    /// Answered by `devices_listed`.
    DeviceList {},
    /// Shuts a device out: its connections are closed at once. Answered by `device_revoked`.
    DeviceRevoke {
        /// Which, as `devices_listed` calls it.
        #[schemars(extend("pattern" = "^[0-9a-f]{16}$"))]
        device_id: String,
    },
}

/// Exactly one of two fields is there and not null.
fn either(one: &str, other: &str) -> serde_json::Value {
    let only = |here: &str, away: &str| {
        serde_json::json!({
            "properties": { here: { "type": "string" }, away: { "type": "null" } },
            "required": [here],
        })
    };
    serde_json::json!([only(one, other), only(other, one)])
}

/// On what somebody calls.
#[derive(JsonSchema)]
#[expect(
    dead_code,
    reason = "the schema is made from the shapes, never from values"
)]
pub(super) struct DeviceInfo {
    /// Such as `ios`, `unity` or `browser`.
    platform: Label,
    /// The device's own name.
    device: Label,
    /// By which it can be rung while it is not connected.
    push_token: Option<PushToken>,
}

/// Over what voice travels besides the WebSocket.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(
    dead_code,
    reason = "the schema is made from the shapes, never from values"
)]
pub(super) enum Transport {
    /// WebRTC.
    Webrtc,
    /// QUIC datagrams, on a connection over QUIC.
    Quic,
}

/// A description that has to be answered.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(
    dead_code,
    reason = "the schema is made from the shapes, never from values"
)]
pub(super) enum OfferType {
    /// The only one.
    Offer,
}

/// A description that answers one.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(
    dead_code,
    reason = "the schema is made from the shapes, never from values"
)]
pub(super) enum AnswerType {
    /// The only one.
    Answer,
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
