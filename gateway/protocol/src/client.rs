//! What a client can say.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::hex;
use crate::{
    CallDirection, DeviceInfo, Hands, Pose, Private, RequestId, Role, Sound, Timestamp,
    TrustRequest,
};

/// Which set of names a client used. It is answered in the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// `message`, `audio` → `assistant_delta` …, `assistant_message`. Also every message that is
    /// the same in both.
    Canonical,
    /// `text_input`, `audio_chunk` → one `response`.
    Older,
}

/// A frame that was understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming {
    /// To be echoed in all that answers this.
    pub request_id: Option<RequestId>,
    /// How to answer.
    pub dialect: Dialect,
    /// What was said.
    pub message: ClientMessage,
}

/// How a turn of streamed speech ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VoiceMode {
    /// Janet decides when the turn is over, and can be interrupted by speech.
    HandsFree,
    /// The client decides, by `audio_end`.
    PushToTalk,
}

impl VoiceMode {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HandsFree => "hands_free",
            Self::PushToTalk => "push_to_talk",
        }
    }
}

/// How readily sound from the microphone counts as speech.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Sensitivity {
    /// Only what is clearly speech: for a noisy room.
    Low,
    /// As the server is configured.
    #[default]
    Normal,
    /// Also what may be speech: for a quiet voice.
    High,
}

impl Sensitivity {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Low, Self::Normal, Self::High];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }
}

/// Over what voice travels besides the WebSocket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Transport {
    /// WebRTC.
    #[default]
    Webrtc,
    /// QUIC datagrams.
    Quic,
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Webrtc, Self::Quic];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Webrtc => "webrtc",
            Self::Quic => "quic",
        }
    }
}

/// What `vr_audio` carries.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// The answer to an offer (RFC 8866); never empty.
    Description(Private<String>),
    /// One whole utterance; never empty.
    Recording(Sound),
}

/// One message from a client.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientMessage {
    /// `message`, older `text_input`: a typed message; answered by `assistant_delta`s and
    /// `assistant_message`, older `response`.
    Message {
        /// The words; never empty. Not gated yet.
        text: Private<String>,
        /// Whether the answer is spoken. Absent: false, in the older dialect true.
        speak: bool,
        /// Whether this may be remembered; `None`: nothing was said about it.
        remember: Option<bool>,
    },
    /// `audio`, older `audio_chunk`: one whole utterance, never endpointed; answered as `message`.
    Audio {
        /// The recording; never empty.
        audio: Sound,
    },
    /// `audio_start`: streaming voice begins; answered by `audio_ready`.
    AudioStart {
        /// Rate of the binary frames up, in Hz; always [`crate::MIC_RATE_HZ`] for now.
        rate_hz: u32,
        /// Rate of the binary frames down, in Hz; one of [`crate::PLAY_RATES_HZ`].
        play_rate_hz: u32,
        /// Who ends a turn.
        mode: VoiceMode,
    },
    /// `audio_end`: the push-to-talk turn is complete.
    AudioEnd,
    /// `audio_stop`: streaming voice ends; her speech stops too.
    AudioStop,
    /// `audio_loop`: the open microphone is heard back instead of listened to, or listened to again; answered
    /// by `audio_looping`.
    AudioLoop {
        /// Whether it is heard back.
        on: bool,
    },
    /// `playout`: what the client has really played, every 100 ms and after each `playout_flush`.
    Playout {
        /// Samples played so far on this connection, at the play rate.
        played_sample: u32,
    },
    /// `interrupt`: speech stops at once.
    Interrupt,
    /// `ping`: answered by `pong` with the same timestamp.
    Ping {
        /// The client's own clock.
        timestamp: Timestamp,
    },
    /// `get_context`: answered by `context`.
    GetContext,
    /// `settings_set`: how Janet speaks and listens on this connection from now on; answered by
    /// `settings`. An absent field leaves its setting as it is.
    SettingsSet {
        /// How fast she speaks, within [`crate::VOICE_SPEEDS`]; 1 is the voice's own pace. Holds
        /// for the phrases that are made from now on.
        voice_speed: Option<f64>,
        /// How readily sound counts as speech.
        sensitivity: Option<Sensitivity>,
        /// With which voice she speaks: the id of one that `context` lists; never empty.
        voice: Option<String>,
        /// With which language model she thinks, for the answers that begin from now on: the id of
        /// one that `context` lists; never empty.
        model: Option<String>,
    },
    /// `client_connect`: the first message of a control stream over QUIC, and of nothing else; answered
    /// by `connected`, or by `pair_wanted`.
    ClientConnect {
        /// Resumes a session.
        client_id: Option<String>,
        /// The device's key, which whoever is on Janet's own machine needs not.
        key: Option<Private<String>>,
    },
    /// `vr_connect`: voice in real time begins; answered by `vr_offer`, by `vr_answer` to a
    /// description of the client's, or by `vr_opened` over QUIC.
    VrConnect {
        /// What the session will be called; `None`: the server chooses.
        session_id: Option<String>,
        /// Over what.
        transport: Transport,
        /// The client's offer; `None`: the server offers. Never empty.
        sdp: Option<Private<String>>,
        /// Where the head is at the beginning.
        head_pose: Option<Pose>,
    },
    /// `vr_audio`: the client's answer to `vr_offer`, or one whole utterance; answered by `vr_response`.
    VrAudio {
        /// The session.
        session_id: String,
        /// Which of the two.
        said: Said,
    },
    /// `vr_pose`: where the client's head and hands are now.
    VrPose {
        /// The session.
        session_id: String,
        /// The head.
        head: Pose,
        /// The hands, as far as they are seen.
        hands: Hands,
    },
    /// `vr_ice`: where the client may be reached.
    VrIce {
        /// The session.
        session_id: String,
        /// An ICE candidate (RFC 8839 §5.1); empty: there are no more.
        candidate: Private<String>,
        /// The media section it belongs to. All share one transport, so it says nothing new.
        sdp_mid: Option<String>,
        /// The same by number.
        sdp_mline_index: Option<u32>,
    },
    /// `voip_call`: the client calls, or answers Janet's ring; answered by `voip_offer`.
    VoipCall {
        /// What the call will be called, or is called that is answered; `None`: the server chooses,
        /// and the one that rings is answered.
        call_id: Option<String>,
        /// Which of the two.
        direction: CallDirection,
        /// On what.
        device_info: DeviceInfo,
    },
    /// `voip_answer`: the client's answer to `voip_offer`; answered by `voip_connected` once voice
    /// flows.
    VoipAnswer {
        /// The call that was offered.
        call_id: String,
        /// The answer; never empty.
        sdp: Private<String>,
    },
    /// `voip_ice`: where the client may be reached.
    VoipIce {
        /// The call.
        call_id: String,
        /// An ICE candidate (RFC 8839 §5.1); empty: there are no more.
        candidate: Private<String>,
        /// The media section it belongs to. All share one transport, so it says nothing new.
        sdp_mid: Option<String>,
        /// The same by number.
        sdp_mline_index: Option<u32>,
    },
    /// `voip_audio`: one whole utterance, while no other way for voice is up; answered by
    /// `voip_response`, and her voice as `voip_audio`.
    VoipAudio {
        /// The call.
        call_id: String,
        /// The recording; never empty.
        audio: Sound,
    },
    /// `voip_hold`: neither side hears the other, or both do again; answered by `voip_state`.
    VoipHold {
        /// The call.
        call_id: String,
        /// Whether it is held.
        on: bool,
    },
    /// `voip_end`: the client hangs up, or declines; answered by `voip_ended`.
    VoipEnd {
        /// The call.
        call_id: String,
        /// Why, in the client's own words. Whether it hung up or declined shows by itself.
        reason: Option<Private<String>>,
    },
    /// `voip_ring`: Janet rings the client of a conversation, over its connection, or by a push where it
    /// has none and gave a `push_token`; answered by `voip_state`, and a push that nobody answers by
    /// `voip_ended`.
    VoipRing {
        /// The conversation, by the `client_id` that brings back to it; `None`: this one.
        client_id: Option<String>,
        /// Who calls, for people; `None`: Janet. Never blank.
        caller: Option<String>,
    },
    /// `pair_open`: lets one device in; answered by `pair_opened`, and by `device_paired` or
    /// `pair_closed` when that has come to an end. Closing the connection takes it back.
    PairOpen {
        /// What the device may do.
        role: Role,
    },
    /// `pair_start`: the first message of SPAKE2; answered by `pair_challenge`. Counts as a try.
    PairStart {
        /// What the device is called, for people; never empty.
        name: String,
        /// Side A's message.
        message: [u8; crate::PAIR_MESSAGE_BYTES],
    },
    /// `pair_finish`: shows that the code was known; answered by `paired`.
    PairFinish {
        /// HMAC of the exchange's key.
        proof: Private<[u8; crate::PAIR_PROOF_BYTES]>,
    },
    /// `device_list`: answered by `devices_listed`.
    DeviceList,
    /// `device_revoke`: shuts a device out at once; answered by `device_revoked`.
    DeviceRevoke {
        /// Which, as `devices_listed` calls it.
        device_id: String,
    },
    /// About what is remembered, who is asked first, what stops her, and her souls.
    Trust(TrustRequest),
}

impl ClientMessage {
    /// Its `type` in a dialect.
    pub const fn type_name(&self, dialect: Dialect) -> &'static str {
        match (self, dialect) {
            (Self::Message { .. }, Dialect::Canonical) => "message",
            (Self::Message { .. }, Dialect::Older) => "text_input",
            (Self::Audio { .. }, Dialect::Canonical) => "audio",
            (Self::Audio { .. }, Dialect::Older) => "audio_chunk",
            (Self::AudioStart { .. }, _) => "audio_start",
            (Self::AudioEnd, _) => "audio_end",
            (Self::AudioLoop { .. }, _) => "audio_loop",
            (Self::AudioStop, _) => "audio_stop",
            (Self::Playout { .. }, _) => "playout",
            (Self::Interrupt, _) => "interrupt",
            (Self::Ping { .. }, _) => "ping",
            (Self::GetContext, _) => "get_context",
            (Self::SettingsSet { .. }, _) => "settings_set",
            (Self::ClientConnect { .. }, _) => "client_connect",
            (Self::VrConnect { .. }, _) => "vr_connect",
            (Self::VrAudio { .. }, _) => "vr_audio",
            (Self::VrIce { .. }, _) => "vr_ice",
            (Self::VrPose { .. }, _) => "vr_pose",
            (Self::VoipCall { .. }, _) => "voip_call",
            (Self::VoipAnswer { .. }, _) => "voip_answer",
            (Self::VoipIce { .. }, _) => "voip_ice",
            (Self::VoipAudio { .. }, _) => "voip_audio",
            (Self::VoipHold { .. }, _) => "voip_hold",
            (Self::VoipEnd { .. }, _) => "voip_end",
            (Self::VoipRing { .. }, _) => "voip_ring",
            (Self::PairOpen { .. }, _) => "pair_open",
            (Self::PairStart { .. }, _) => "pair_start",
            (Self::PairFinish { .. }, _) => "pair_finish",
            (Self::DeviceList, _) => "device_list",
            (Self::DeviceRevoke { .. }, _) => "device_revoke",
            (Self::Trust(request), _) => request.type_name(),
        }
    }
}

impl Incoming {
    /// The text frame that [`crate::parse()`] reads as this value: the client's side.
    pub fn to_json(&self) -> String {
        let mut frame = Map::new();
        frame.insert("type".into(), self.message.type_name(self.dialect).into());
        if let Some(id) = &self.request_id {
            frame.insert("request_id".into(), json!(id));
        }
        let mut put = |name: &str, value: Value| {
            frame.insert(name.into(), value);
        };
        match &self.message {
            ClientMessage::Message {
                text,
                speak,
                remember,
            } => {
                put("text", json!(text));
                put("speak", json!(speak));
                if let Some(remember) = remember {
                    put("remember", json!(remember));
                }
            }
            ClientMessage::Audio {
                audio: Sound::Wav(bytes) | Sound::S16le(bytes),
            } => {
                put("audio", json!(bytes));
            }
            ClientMessage::AudioStart {
                rate_hz,
                play_rate_hz,
                mode,
            } => {
                put("rate_hz", json!(rate_hz));
                put("play_rate_hz", json!(play_rate_hz));
                put("mode", json!(mode.as_str()));
            }
            ClientMessage::Playout { played_sample } => {
                put("played_sample", json!(played_sample));
            }
            ClientMessage::Ping { timestamp } => {
                put("timestamp", json!(timestamp));
            }
            ClientMessage::SettingsSet {
                voice_speed,
                sensitivity,
                voice,
                model,
            } => {
                if let Some(voice) = voice {
                    put("voice", json!(voice));
                }
                if let Some(model) = model {
                    put("model", json!(model));
                }
                if let Some(speed) = voice_speed {
                    put("voice_speed", json!(speed));
                }
                if let Some(sensitivity) = sensitivity {
                    put("sensitivity", json!(sensitivity));
                }
            }
            ClientMessage::ClientConnect { client_id, key } => {
                if let Some(id) = client_id {
                    put("client_id", json!(id));
                }
                if let Some(key) = key {
                    put("key", json!(key));
                }
            }
            ClientMessage::VrConnect {
                session_id,
                transport,
                sdp,
                head_pose,
            } => {
                if let Some(pose) = head_pose {
                    put("head_pose", json!(pose));
                }
                put("transport", json!(transport.as_str()));
                if let Some(id) = session_id {
                    put("session_id", json!(id));
                }
                if let Some(sdp) = sdp {
                    put("sdp", json!(sdp));
                    put("sdp_type", json!("offer"));
                }
            }
            ClientMessage::VrAudio { session_id, said } => {
                put("session_id", json!(session_id));
                match said {
                    Said::Description(sdp) => {
                        put("sdp", json!(sdp));
                        put("sdp_type", json!("answer"));
                    }
                    Said::Recording(Sound::Wav(bytes) | Sound::S16le(bytes)) => {
                        put("audio", json!(bytes));
                    }
                }
            }
            ClientMessage::VrPose {
                session_id,
                head,
                hands,
            } => {
                put("session_id", json!(session_id));
                put("head", json!(head));
                put("hands", json!(hands));
            }
            ClientMessage::VrIce {
                session_id,
                candidate,
                sdp_mid,
                sdp_mline_index,
            } => {
                put("session_id", json!(session_id));
                put("candidate", json!(candidate));
                if let Some(mid) = sdp_mid {
                    put("sdp_mid", json!(mid));
                }
                if let Some(index) = sdp_mline_index {
                    put("sdp_mline_index", json!(index));
                }
            }
            ClientMessage::VoipCall {
                call_id,
                direction,
                device_info,
            } => {
                if let Some(id) = call_id {
                    put("call_id", json!(id));
                }
                put("direction", json!(direction.as_str()));
                let mut device = json!({
                    "platform": device_info.platform,
                    "device": device_info.device,
                });
                if let Some(token) = &device_info.push_token {
                    device["push_token"] = json!(token);
                }
                put("device_info", device);
            }
            ClientMessage::VoipAnswer { call_id, sdp } => {
                put("call_id", json!(call_id));
                put("sdp", json!(sdp));
                put("sdp_type", json!("answer"));
            }
            ClientMessage::VoipIce {
                call_id,
                candidate,
                sdp_mid,
                sdp_mline_index,
            } => {
                put("call_id", json!(call_id));
                put("candidate", json!(candidate));
                if let Some(mid) = sdp_mid {
                    put("sdp_mid", json!(mid));
                }
                if let Some(index) = sdp_mline_index {
                    put("sdp_mline_index", json!(index));
                }
            }
            ClientMessage::VoipAudio {
                call_id,
                audio: Sound::Wav(bytes) | Sound::S16le(bytes),
            } => {
                put("call_id", json!(call_id));
                put("audio", json!(bytes));
            }
            ClientMessage::AudioLoop { on } => put("on", json!(on)),
            ClientMessage::VoipHold { call_id, on } => {
                put("call_id", json!(call_id));
                put("on", json!(on));
            }
            ClientMessage::VoipEnd { call_id, reason } => {
                put("call_id", json!(call_id));
                if let Some(reason) = reason {
                    put("reason", json!(reason));
                }
            }
            ClientMessage::VoipRing { client_id, caller } => {
                if let Some(id) = client_id {
                    put("client_id", json!(id));
                }
                if let Some(caller) = caller {
                    put("caller", json!(caller));
                }
            }
            ClientMessage::PairOpen { role } => put("role", json!(role)),
            ClientMessage::PairStart { name, message } => {
                put("name", json!(name));
                put("message", json!(hex::digits(message)));
            }
            ClientMessage::PairFinish { proof } => {
                put("proof", json!(hex::digits(proof.expose())));
            }
            ClientMessage::DeviceRevoke { device_id } => {
                put("device_id", json!(device_id));
            }
            ClientMessage::Trust(request) => {
                let fields =
                    serde_json::to_value(request).expect("no map has a key that is not a string");
                for (name, value) in fields.as_object().into_iter().flatten() {
                    put(name, value.clone());
                }
            }
            ClientMessage::AudioEnd
            | ClientMessage::DeviceList
            | ClientMessage::AudioStop
            | ClientMessage::Interrupt
            | ClientMessage::GetContext => {}
        }
        Value::Object(frame).to_string()
    }
}
