//! What Janet can say to a client.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Base64, CallState, ContextData, EndReason, ErrorCode, PairEnd, PairedDevice, Private,
    RequestId, Sensitivity, Timestamp, TrustEvent, VisemeFrame,
};

/// One text frame to a client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outgoing {
    /// The `request_id` of what this answers, as the client wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<RequestId>,
    /// What is said.
    #[serde(flatten)]
    pub message: ServerMessage,
}

impl Outgoing {
    /// The frame's text.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("no message has a map key that is not a string")
    }
}

impl From<ServerMessage> for Outgoing {
    /// A frame that answers no request.
    fn from(message: ServerMessage) -> Self {
        Self {
            request_id: None,
            message,
        }
    }
}

/// What Janet sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum ServerMessage {
    /// The first frame of every connection.
    Connected {
        /// Resumes this session in `?client_id=`; 32 hexadecimal digits.
        #[cfg_attr(test, schemars(extend("pattern" = "^[0-9a-f]{32}$")))]
        client_id: String,
        /// Whether requests are served yet; sent again when that changes.
        status: Status,
        /// What this connection may do.
        role: Role,
        /// Version of the protocol, [`crate::PROTOCOL`]; grows when a released name changes its meaning.
        protocol: u32,
        /// What this server can do, as lower-case nouns.
        capabilities: Vec<String>,
        /// Ids of the nodes of the cluster.
        nodes: Vec<String>,
        /// Servers that help the client's voice through routers, for its own
        /// `RTCPeerConnection`; absent: none. Told to who came from this machine or with a key.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ice_servers: Vec<IceServer>,
    },
    /// Text that follows what was sent of this reply before. Canonical dialect.
    AssistantDelta {
        /// Which reply.
        reply_id: String,
        /// The text.
        text: Private<String>,
    },
    /// A reply is complete. Canonical dialect.
    AssistantMessage {
        /// Which reply.
        reply_id: String,
        /// What history keeps: all of it, or what was heard of a spoken reply.
        text: Private<String>,
        /// What was answered: the typed text, or what was understood.
        user_text: Private<String>,
        /// The whole sound, where it was asked for and is not streamed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        audio: Option<Base64>,
        /// Format of `audio`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        audio_format: Option<AudioFormat>,
        /// The session.
        client_id: String,
        /// How she means it.
        tone: Tone,
        /// Pictures that belong to the answer.
        images: Vec<Value>,
        /// What was done besides answering.
        actions: Vec<Value>,
        /// The ledger's marks by name, in ms from the end of speech; negative: before it.
        latency: BTreeMap<String, i64>,
    },
    /// A whole answer at once. Older dialect.
    Response {
        /// The answer.
        text: Private<String>,
        /// What was answered.
        user_text: Private<String>,
        /// A WAV file, or null.
        audio: Option<Base64>,
        /// Format of `audio`.
        audio_format: AudioFormat,
        /// The session.
        client_id: String,
    },
    /// Streaming voice has begun: binary frames are accepted from here on.
    AudioReady {
        /// Rate of the binary frames down, in Hz.
        #[cfg_attr(test, schemars(extend("enum" = crate::PLAY_RATES_HZ)))]
        play_rate_hz: u32,
    },
    /// Whether the microphone is heard back.
    AudioLooping {
        /// It is.
        on: bool,
    },
    /// The client drops every sample from this one on and answers `playout`. Later frames may
    /// begin at the same sample again.
    PlayoutFlush {
        /// First sample to drop.
        from_sample: u32,
    },
    /// What Janet understands of the user's speech so far.
    Transcript {
        /// All words of the turn so far, gated.
        text: Private<String>,
        /// Whether they will not change any more.
        #[serde(rename = "final")]
        last: bool,
        /// Where the turn's speech began, in ms since `audio_start`.
        start_ms: u64,
        /// Where it ended so far, in ms since `audio_start`.
        end_ms: u64,
    },
    /// Her voice began, was held, went on or ended.
    Speaking {
        /// Which reply.
        reply_id: String,
        /// What changed.
        state: SpeakingState,
        /// Rate of her voice's samples, in Hz.
        rate_hz: u32,
    },
    /// More of a reply's text was heard: captions keep step by it. Sent for streamed voice only,
    /// about as often as `playout` reports more.
    SpeechHeard {
        /// Which reply.
        reply_id: String,
        /// Characters (Unicode scalar values) of the reply's text, from its beginning to the end
        /// of the last word that was wholly heard.
        chars: usize,
    },
    /// The answer to `settings_set`: what holds from now on.
    Settings {
        /// How fast she speaks; 1 is the voice's own pace.
        voice_speed: f64,
        /// How readily sound counts as speech.
        sensitivity: Sensitivity,
        /// With which voice she speaks: the id of one that `context` lists.
        voice: String,
        /// With which language model she thinks: the id of one that `context` lists.
        model: String,
    },
    /// The answer to `ping`.
    Pong {
        /// As the client sent it.
        timestamp: Timestamp,
    },
    /// The answer to `get_context`.
    Context {
        /// The conversation so far, and who answers in it.
        data: Box<ContextData>,
    },
    /// Voice in real time: the server's offer. The client answers by `vr_audio`.
    VrOffer {
        /// What the session is called.
        session_id: String,
        /// Its number on this server, for what has no room for a name.
        session_no: u32,
        /// The session description (RFC 8866); candidates that are known later come by `vr_ice`.
        sdp: Private<String>,
        /// Always `offer`.
        sdp_type: SdpType,
        /// As in `connected`, with names and passwords that hold from now.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ice_servers: Vec<IceServer>,
    },
    /// Voice in real time: the server's answer to the client's offer.
    VrAnswer {
        /// What the session is called.
        session_id: String,
        /// Its number on this server, for what has no room for a name.
        session_no: u32,
        /// The session description (RFC 8866); candidates that are known later come by `vr_ice`.
        sdp: Private<String>,
        /// Always `answer`.
        sdp_type: SdpType,
    },
    /// Where the server may be reached, besides what its description says.
    VrIce {
        /// The session.
        session_id: String,
        /// An ICE candidate (RFC 8839 §5.1).
        candidate: Private<String>,
        /// The media section it belongs to. All share one transport.
        sdp_mid: String,
        /// The same by number.
        sdp_mline_index: u32,
    },
    /// Voice in real time flows over QUIC from now on: datagrams of this session are taken, and sent.
    VrOpened {
        /// What the session is called.
        session_id: String,
        /// Its number on this server, which stands in its datagrams.
        session_no: u32,
    },
    /// How far a session is: the answer to `vr_audio`, and sent whenever that changes.
    VrResponse {
        /// The session.
        session_id: String,
        /// How far it is.
        status: VrStatus,
        /// What she said to a recording.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Private<String>>,
        /// The same as a WAV file, where no media is up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        audio: Option<Base64>,
    },
    /// Something about a session could not be understood or served. The connection stays open.
    VrError {
        /// The session, if it is known which.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session_id: Option<String>,
        /// The reason for programs.
        code: ErrorCode,
        /// The reason for people; never quotes a description or a candidate.
        message: String,
        /// The offending field.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        field: Option<String>,
    },
    /// Janet rings. Answered by `voip_call` with the direction `incoming`, or declined by `voip_end`;
    /// after a while she gives up by `voip_ended`.
    VoipIncoming {
        /// What the call is called.
        call_id: String,
        /// The node that rings.
        node_id: String,
        /// Who calls, for people.
        caller: String,
    },
    /// A call is set up: the server's offer. The client answers by `voip_answer`.
    VoipOffer {
        /// What the call is called.
        call_id: String,
        /// The session description (RFC 8866); candidates that are known later come by `voip_ice`.
        sdp: Private<String>,
        /// Always `offer`.
        sdp_type: SdpType,
        /// The node that talks.
        node_id: String,
        /// As in `connected`, with names and passwords that hold from now.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ice_servers: Vec<IceServer>,
    },
    /// Where the server may be reached, besides what its description says.
    VoipIce {
        /// The call.
        call_id: String,
        /// An ICE candidate (RFC 8839 §5.1).
        candidate: Private<String>,
        /// The media section it belongs to. All share one transport.
        sdp_mid: String,
        /// The same by number.
        sdp_mline_index: u32,
    },
    /// Voice flows; answers `voip_answer`.
    VoipConnected {
        /// The call.
        call_id: String,
        /// Always `connected`.
        status: CallState,
    },
    /// What she said to a `voip_audio` of the client's; her voice follows as `voip_audio`.
    VoipResponse {
        /// The call.
        call_id: String,
        /// The words.
        text: Private<String>,
        /// How far the call is by then.
        status: CallState,
    },
    /// Her voice, where no other way for it is up.
    VoipAudio {
        /// The call.
        call_id: String,
        /// A WAV file.
        audio: Base64,
    },
    /// How far a call is: answers `voip_hold` and `voip_ring`.
    VoipState {
        /// The call.
        call_id: String,
        /// How far it is.
        state: CallState,
    },
    /// A call is over, from whichever side. Nothing more comes of it.
    VoipEnded {
        /// The call.
        call_id: String,
        /// Why.
        reason: EndReason,
        /// How long they talked, in ms; 0 if they never did.
        duration_ms: u64,
        /// What the client gave as the reason, where it ended the call and gave one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        words: Option<Private<String>>,
    },
    /// Something about a call could not be understood or served. The connection stays open, and a
    /// call that there is goes on.
    VoipError {
        /// The call, if it is known which.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call_id: Option<String>,
        /// The reason for programs.
        code: ErrorCode,
        /// The reason for people; never quotes a description or a candidate.
        message: String,
        /// The offending field.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        field: Option<String>,
    },
    /// On the data channel `events` alone: which of her samples sounds when. The sample is played at
    /// this RTP timestamp, and so on from it, until the next `face_clock`.
    FaceClock {
        /// Of her voice's packets, in ticks of 48 kHz; wraps at 2³².
        rtp_timestamp: u32,
        /// Number of the sample at 48 kHz, as in `playout`; wraps at 2³².
        sample: u32,
    },
    /// What her mouth does, where voice goes over the WebSocket: the frames of what was sent of her voice
    /// since the last ones, in their order. One for every 800 samples at 48 kHz while she sounds, and one
    /// in which the mouth is closed where she ends, is paused or flushed.
    Viseme {
        /// At least one.
        frames: Vec<VisemeFrame>,
    },
    /// How she means what she says from this sample on.
    Tone {
        /// The tone.
        name: Tone,
        /// How strongly, 0 to 1.
        #[cfg_attr(test, schemars(range(min = 0.0, max = 1.0)))]
        intensity: f64,
        /// Position in her voice at 48 kHz, as in `viseme`; wraps at 2³².
        at_sample: u32,
    },
    /// She moves her head, or all of her, at this sample.
    Gesture {
        /// Which movement; a client passes over those that it does not know.
        #[cfg_attr(test, schemars(extend("pattern" = "^[a-z][a-z_]*$")))]
        name: String,
        /// Position in her voice at 48 kHz, as in `viseme`; wraps at 2³².
        at_sample: u32,
    },
    /// The first frame of a connection from another machine that showed no device key: it may pair,
    /// and nothing else.
    PairWanted {
        /// Version of the protocol.
        protocol: u32,
        /// SHA-256 of the server's certificate. A client that can see the certificate itself takes
        /// that one: whoever stands in between says here what they like.
        #[cfg_attr(test, schemars(extend("pattern" = "^[0-9a-f]{64}$")))]
        fingerprint: String,
    },
    /// The answer to `pair_open`.
    PairOpened {
        /// Eight digits, to be typed on the device.
        #[cfg_attr(test, schemars(extend("pattern" = "^[0-9]{8}$")))]
        code: Private<String>,
        /// What the device may do.
        role: Role,
        /// SHA-256 of the server's certificate.
        #[cfg_attr(test, schemars(extend("pattern" = "^[0-9a-f]{64}$")))]
        fingerprint: String,
        /// Where other machines reach the server, the likeliest first.
        addresses: Vec<String>,
        /// The UDP port of its QUIC, where it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        quic_port: Option<u16>,
        /// How long the code is good for, in milliseconds.
        expires_ms: u64,
    },
    /// A pairing is over, and no device was paired. Sent to whoever opened it.
    PairClosed {
        /// Why.
        reason: PairEnd,
    },
    /// A device was paired. Sent to whoever opened the pairing.
    DevicePaired {
        /// The device.
        device: PairedDevice,
    },
    /// The answer to `pair_start`.
    PairChallenge {
        /// Side B's message of SPAKE2.
        #[cfg_attr(test, schemars(extend("pattern" = "^[0-9a-f]{66}$")))]
        message: String,
    },
    /// The answer to `pair_finish`. The connection ends behind it: the next one shows the key.
    Paired {
        /// What this device is called from now on.
        #[cfg_attr(test, schemars(extend("pattern" = "^[0-9a-f]{16}$")))]
        device_id: String,
        /// The device's key. Nobody can tell it a second time.
        #[cfg_attr(test, schemars(extend("pattern" = "^[A-Za-z0-9_-]{43}$")))]
        key: Private<String>,
        /// What it may do.
        role: Role,
        /// HMAC of the exchange's key: shows that the server knew the code.
        #[cfg_attr(test, schemars(extend("pattern" = "^[0-9a-f]{64}$")))]
        proof: Private<String>,
    },
    /// The answer to `device_list`.
    DevicesListed {
        /// All that are paired, the oldest first.
        devices: Vec<PairedDevice>,
    },
    /// The answer to `device_revoke`: its connections are closed, and its key is worth nothing.
    DeviceRevoked {
        /// Which.
        device_id: String,
    },
    /// Something could not be understood or served. The connection stays open.
    Error {
        /// The reason for programs.
        code: ErrorCode,
        /// The reason for people; never quotes a user's text.
        message: String,
        /// The offending field.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        field: Option<String>,
    },
    /// About what is remembered, who is asked first, what stops her, and her souls.
    #[serde(untagged)]
    #[cfg_attr(test, schemars(skip))]
    Trust(TrustEvent),
}

/// Whether requests are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Status {
    /// Yes.
    Ready,
    /// Not yet; requests get `not_ready`.
    ModelsLoading,
}

/// What a connection may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Role {
    /// The one person whose assistant this is.
    Operator,
    /// Anybody else who was let in.
    Guest,
}

/// What changed in her voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum SpeakingState {
    /// Sound of this reply begins.
    Started,
    /// Held: somebody speaks, and it is not yet clear whether to Janet.
    Paused,
    /// Goes on from the held sample.
    Resumed,
    /// All of it was played.
    Finished,
    /// Ended before its end.
    Stopped,
}

/// Which side of an agreement a session description is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum SdpType {
    /// It has to be answered.
    Offer,
    /// It answers one.
    Answer,
}

/// A server that helps voice through routers, as `RTCIceServer` has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct IceServer {
    /// Its URIs (RFC 7064, RFC 7065).
    pub urls: Vec<String>,
    /// For one that relays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The password that belongs to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<Private<String>>,
}

/// How far a session of voice in real time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum VrStatus {
    /// Agreed; media does not flow yet.
    Connecting,
    /// Media flows.
    Connected,
    /// It is over.
    Ended,
}

/// How she means it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Tone {
    /// Pleased.
    Happy,
    /// Working something out.
    Thinking,
    /// Nothing in particular.
    #[default]
    Neutral,
    /// Worried.
    Concerned,
}

/// Format of a sound inside JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum AudioFormat {
    /// RIFF/WAVE, s16le, mono.
    #[default]
    Wav,
}

#[cfg(test)]
#[path = "server_test.rs"]
pub(crate) mod tests;

#[cfg(test)]
#[path = "server_errors_test.rs"]
mod errors;
