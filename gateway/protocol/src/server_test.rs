use serde_json::{Value, json};

use super::*;
use crate::catalogue::{Direction, MESSAGES};
use crate::{
    Choice, ConversationInfo, ModelInfo, PROTOCOL, PairEnd, PairedDevice, PastMessage, Speaker,
    Trouble,
};

const ID: &str = "0123456789abcdef0123456789abcdef";

const DIGITS: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn device() -> PairedDevice {
    PairedDevice {
        device_id: "0123456789abcdef".into(),
        name: "phone".into(),
        role: Role::Guest,
        created_ms: 1,
        seen_ms: 2,
    }
}

fn ice_server() -> IceServer {
    IceServer {
        urls: vec!["turn:t.example:3478?transport=udp".into()],
        username: Some("janet".into()),
        credential: Some("Hello".into()),
    }
}

fn ice_json() -> Value {
    json!({"urls": ["turn:t.example:3478?transport=udp"], "username": "janet", "credential": "Hello"})
}

fn device_json() -> Value {
    json!({"device_id": "0123456789abcdef", "name": "phone", "role": "guest", "created_ms": 1,
        "seen_ms": 2})
}

/// One of each, with every optional field set, beside the exact JSON.
pub(crate) fn one_of_each() -> Vec<(ServerMessage, Value)> {
    let trust = crate::trust::event_tests::one_of_each().into_iter();
    let trust = trust.map(|(event, json)| (ServerMessage::Trust(event), json));
    of_the_rest().into_iter().chain(trust).collect()
}

fn of_the_rest() -> Vec<(ServerMessage, Value)> {
    let sound = || Base64(vec![0, 1, 2, 3]);
    vec![
        (
            ServerMessage::Connected {
                client_id: ID.into(),
                status: Status::ModelsLoading,
                role: Role::Operator,
                protocol: PROTOCOL,
                capabilities: vec!["voice".into()],
                nodes: vec![],
                ice_servers: vec![ice_server()],
            },
            json!({"type": "connected", "client_id": ID, "status": "models_loading",
                "role": "operator", "protocol": 1, "capabilities": ["voice"], "nodes": [],
                "ice_servers": [ice_json()]}),
        ),
        (
            ServerMessage::AssistantDelta {
                reply_id: "s1/r2".into(),
                text: "Hel".into(),
            },
            json!({"type": "assistant_delta", "reply_id": "s1/r2", "text": "Hel"}),
        ),
        (
            ServerMessage::AssistantMessage {
                reply_id: "s1/r2".into(),
                text: "Hello".into(),
                user_text: "hi".into(),
                audio: Some(sound()),
                audio_format: Some(AudioFormat::Wav),
                client_id: ID.into(),
                tone: Tone::Happy,
                images: vec![],
                actions: vec![],
                latency: BTreeMap::from([("first_audio".into(), 620), ("transcript".into(), -3)]),
            },
            json!({"type": "assistant_message", "reply_id": "s1/r2", "text": "Hello",
                "user_text": "hi", "audio": "AAECAw==", "audio_format": "wav", "client_id": ID,
                "tone": "happy", "images": [], "actions": [],
                "latency": {"first_audio": 620, "transcript": -3}}),
        ),
        (
            ServerMessage::Response {
                text: "Hello".into(),
                user_text: "hi".into(),
                audio: None,
                audio_format: AudioFormat::Wav,
                client_id: ID.into(),
            },
            json!({"type": "response", "text": "Hello", "user_text": "hi", "audio": null,
                "audio_format": "wav", "client_id": ID}),
        ),
        (
            ServerMessage::AudioReady {
                play_rate_hz: 24_000,
            },
            json!({"type": "audio_ready", "play_rate_hz": 24_000}),
        ),
        (
            ServerMessage::AudioLooping { on: true },
            json!({"type": "audio_looping", "on": true}),
        ),
        (
            ServerMessage::PlayoutFlush { from_sample: 480 },
            json!({"type": "playout_flush", "from_sample": 480}),
        ),
        (
            ServerMessage::Transcript {
                text: "hi".into(),
                last: true,
                start_ms: 10,
                end_ms: 20,
            },
            json!({"type": "transcript", "text": "hi", "final": true, "start_ms": 10,
                "end_ms": 20}),
        ),
        (
            ServerMessage::Speaking {
                reply_id: "s1/r2".into(),
                state: SpeakingState::Started,
                rate_hz: 24_000,
            },
            json!({"type": "speaking", "reply_id": "s1/r2", "state": "started",
                "rate_hz": 24_000}),
        ),
        (
            ServerMessage::SpeechHeard {
                reply_id: "s1/r2".into(),
                chars: 11,
            },
            json!({"type": "speech_heard", "reply_id": "s1/r2", "chars": 11}),
        ),
        (
            ServerMessage::Settings {
                voice_speed: 1.1,
                sensitivity: Sensitivity::High,
                voice: "auto".into(),
                model: "own".into(),
            },
            json!({"type": "settings", "voice_speed": 1.1, "sensitivity": "high", "voice": "auto",
                "model": "own"}),
        ),
        (
            ServerMessage::Pong {
                timestamp: Timestamp::Text("noon".into()),
            },
            json!({"type": "pong", "timestamp": "noon"}),
        ),
        (
            ServerMessage::Context {
                data: Box::new(ContextData {
                    loading: Some(crate::Loading {
                        stage: "voice".into(),
                        done: 0.5,
                    }),
                    busy: false,
                    trouble: vec![Trouble {
                        role: "tts".into(),
                        why: "it sent silence".into(),
                    }],
                    voices: vec![Choice {
                        id: "auto".into(),
                        name: "alloy".into(),
                    }],
                    language_models: Vec::new(),
                    messages: vec![PastMessage {
                        role: Speaker::User,
                        text: "Hello".into(),
                        interrupted: false,
                    }],
                    calls: vec![crate::PastCall {
                        direction: crate::CallDirection::Incoming,
                        started_ms: 1_800_000_000_000,
                        duration_ms: 0,
                        reason: EndReason::Missed,
                        missed: true,
                        words: None,
                    }],
                    models: BTreeMap::from([(
                        "llm".to_owned(),
                        ModelInfo {
                            name: "m".into(),
                            note: "n".into(),
                        },
                    )]),
                    profile: "cpu".into(),
                    version: "0.1.0".into(),
                    status: Status::Ready,
                    conversation: ConversationInfo {
                        id: ID.into(),
                        uuid: "u".into(),
                        expires_after_s: 1800,
                    },
                    pose: Some(crate::LastPose {
                        session_id: "s".into(),
                        age_ms: 9,
                        head: crate::Pose {
                            position: [0.0, 1.5, 0.0],
                            rotation: [0.0, 0.0, 0.0, 1.0],
                        },
                        hands: crate::Hands::default(),
                    }),
                }),
            },
            json!({"type": "context", "data": {
                "messages": [{"role": "user", "text": "Hello"}],
                "calls": [{"direction": "incoming", "started_ms": 1_800_000_000_000_u64,
                    "duration_ms": 0, "reason": "missed", "missed": true}],
                "models": {"llm": {"name": "m", "note": "n"}}, "profile": "cpu", "version": "0.1.0",
                "loading": {"stage": "voice", "done": 0.5}, "busy": false, "trouble": [{"role": "tts", "why": "it sent silence"}], "voices": [{"id": "auto", "name": "alloy"}],
                "language_models": [],
                "status": "ready", "conversation": {"id": ID, "uuid": "u", "expires_after_s": 1800},
                "pose": {"session_id": "s", "age_ms": 9, "hands": {},
                    "head": {"position": [0.0, 1.5, 0.0], "rotation": [0.0, 0.0, 0.0, 1.0]}}}}),
        ),
        (
            ServerMessage::VrOffer {
                session_id: "s".into(),
                session_no: 7,
                sdp: "Hello".into(),
                sdp_type: SdpType::Offer,
                ice_servers: vec![ice_server()],
            },
            json!({"type": "vr_offer", "session_id": "s", "session_no": 7, "sdp": "Hello",
                "sdp_type": "offer", "ice_servers": [ice_json()]}),
        ),
        (
            ServerMessage::VrIce {
                session_id: "s".into(),
                candidate: "candidate:1".into(),
                sdp_mid: "0".into(),
                sdp_mline_index: 0,
            },
            json!({"type": "vr_ice", "session_id": "s", "candidate": "candidate:1", "sdp_mid": "0",
                "sdp_mline_index": 0}),
        ),
        (
            ServerMessage::VrAnswer {
                session_id: "s".into(),
                session_no: 7,
                sdp: "Hello".into(),
                sdp_type: SdpType::Answer,
            },
            json!({"type": "vr_answer", "session_id": "s", "session_no": 7, "sdp": "Hello",
                "sdp_type": "answer"}),
        ),
        (
            ServerMessage::VrOpened {
                session_id: "s".into(),
                session_no: 7,
            },
            json!({"type": "vr_opened", "session_id": "s", "session_no": 7}),
        ),
        (
            ServerMessage::VrResponse {
                session_id: "s".into(),
                status: VrStatus::Connected,
                text: Some("Hello".into()),
                audio: Some(sound()),
            },
            json!({"type": "vr_response", "session_id": "s", "status": "connected",
                "text": "Hello", "audio": "AAECAw=="}),
        ),
        (
            ServerMessage::VrError {
                session_id: Some("s".into()),
                code: ErrorCode::BadDescription,
                message: "no".into(),
                field: Some("sdp".into()),
            },
            json!({"type": "vr_error", "session_id": "s", "code": "bad_description",
                "message": "no", "field": "sdp"}),
        ),
        (
            ServerMessage::VoipIncoming {
                call_id: "c".into(),
                node_id: "n".into(),
                caller: "Janet".into(),
            },
            json!({"type": "voip_incoming", "call_id": "c", "node_id": "n", "caller": "Janet"}),
        ),
        (
            ServerMessage::VoipOffer {
                call_id: "c".into(),
                sdp: "Hello".into(),
                sdp_type: SdpType::Offer,
                node_id: "n".into(),
                ice_servers: vec![ice_server()],
            },
            json!({"type": "voip_offer", "call_id": "c", "sdp": "Hello", "sdp_type": "offer",
                "node_id": "n", "ice_servers": [ice_json()]}),
        ),
        (
            ServerMessage::VoipIce {
                call_id: "c".into(),
                candidate: "candidate:1".into(),
                sdp_mid: "0".into(),
                sdp_mline_index: 0,
            },
            json!({"type": "voip_ice", "call_id": "c", "candidate": "candidate:1", "sdp_mid": "0",
                "sdp_mline_index": 0}),
        ),
        (
            ServerMessage::VoipConnected {
                call_id: "c".into(),
                status: CallState::Connected,
            },
            json!({"type": "voip_connected", "call_id": "c", "status": "connected"}),
        ),
        (
            ServerMessage::VoipResponse {
                call_id: "c".into(),
                text: "Hello".into(),
                status: CallState::Connecting,
            },
            json!({"type": "voip_response", "call_id": "c", "text": "Hello",
                "status": "connecting"}),
        ),
        (
            ServerMessage::VoipAudio {
                call_id: "c".into(),
                audio: sound(),
            },
            json!({"type": "voip_audio", "call_id": "c", "audio": "AAECAw=="}),
        ),
        (
            ServerMessage::VoipState {
                call_id: "c".into(),
                state: CallState::OnHold,
            },
            json!({"type": "voip_state", "call_id": "c", "state": "on_hold"}),
        ),
        (
            ServerMessage::VoipEnded {
                call_id: "c".into(),
                reason: EndReason::HungUp,
                duration_ms: 61_000,
                words: Some("enough".into()),
            },
            json!({"type": "voip_ended", "call_id": "c", "reason": "hung_up",
                "duration_ms": 61_000, "words": "enough"}),
        ),
        (
            ServerMessage::VoipError {
                call_id: Some("c".into()),
                code: ErrorCode::UnknownCall,
                message: "no".into(),
                field: Some("call_id".into()),
            },
            json!({"type": "voip_error", "call_id": "c", "code": "unknown_call",
                "message": "no", "field": "call_id"}),
        ),
        (
            ServerMessage::FaceClock {
                rtp_timestamp: u32::MAX,
                sample: 480,
            },
            json!({"type": "face_clock", "rtp_timestamp": u32::MAX, "sample": 480}),
        ),
        (
            ServerMessage::Viseme {
                frames: vec![VisemeFrame {
                    at_sample: 800,
                    weights: vec![[1, 200], [9, 55]],
                }],
            },
            json!({"type": "viseme",
                "frames": [{"at_sample": 800, "weights": [[1, 200], [9, 55]]}]}),
        ),
        (
            ServerMessage::Tone {
                name: Tone::Concerned,
                intensity: 0.5,
                at_sample: 48_000,
            },
            json!({"type": "tone", "name": "concerned", "intensity": 0.5, "at_sample": 48_000}),
        ),
        (
            ServerMessage::Gesture {
                name: "nod".into(),
                at_sample: 0,
            },
            json!({"type": "gesture", "name": "nod", "at_sample": 0}),
        ),
        (
            ServerMessage::PairWanted {
                protocol: PROTOCOL,
                fingerprint: DIGITS.into(),
            },
            json!({"type": "pair_wanted", "protocol": 1, "fingerprint": DIGITS}),
        ),
        (
            ServerMessage::PairOpened {
                code: "12345678".into(),
                role: Role::Guest,
                fingerprint: DIGITS.into(),
                addresses: vec!["https://192.168.1.5:8765/".into()],
                quic_port: Some(8767),
                expires_ms: 120_000,
            },
            json!({"type": "pair_opened", "code": "12345678", "role": "guest",
                "fingerprint": DIGITS, "addresses": ["https://192.168.1.5:8765/"],
                "quic_port": 8767, "expires_ms": 120_000}),
        ),
        (
            ServerMessage::PairClosed {
                reason: PairEnd::WornOut,
            },
            json!({"type": "pair_closed", "reason": "worn_out"}),
        ),
        (
            ServerMessage::DevicePaired { device: device() },
            json!({"type": "device_paired", "device": device_json()}),
        ),
        (
            ServerMessage::PairChallenge {
                message: format!("42{DIGITS}"),
            },
            json!({"type": "pair_challenge", "message": format!("42{DIGITS}")}),
        ),
        (
            ServerMessage::Paired {
                device_id: "0123456789abcdef".into(),
                key: "A".repeat(43).into(),
                role: Role::Operator,
                proof: DIGITS.into(),
            },
            json!({"type": "paired", "device_id": "0123456789abcdef", "key": "A".repeat(43),
                "role": "operator", "proof": DIGITS}),
        ),
        (
            ServerMessage::DevicesListed {
                devices: vec![device()],
            },
            json!({"type": "devices_listed", "devices": [device_json()]}),
        ),
        (
            ServerMessage::DeviceRevoked {
                device_id: "0123456789abcdef".into(),
            },
            json!({"type": "device_revoked", "device_id": "0123456789abcdef"}),
        ),
        (
            ServerMessage::Error {
                code: ErrorCode::AudioNotStarted,
                message: "no".into(),
                field: Some("x".into()),
            },
            json!({"type": "error", "code": "audio_not_started", "message": "no", "field": "x"}),
        ),
    ]
}

#[test]
fn every_message_has_exactly_the_names_of_the_protocol_and_comes_back() {
    for (message, json) in one_of_each() {
        for request_id in [
            None,
            Some(RequestId::Text("r".into())),
            Some(RequestId::Unsigned(u64::MAX)),
        ] {
            let frame = Outgoing {
                request_id: request_id.clone(),
                message: message.clone(),
            };
            let mut expected = json.clone();
            if let Some(id) = &request_id {
                expected["request_id"] = json!(id);
            }
            let text = frame.to_json();
            assert_eq!(
                serde_json::from_str::<Value>(&text).expect("JSON"),
                expected
            );
            assert_eq!(
                serde_json::from_str::<Outgoing>(&text).expect("our own frame"),
                frame
            );
        }
    }
}

#[test]
fn the_catalogue_lists_every_message_with_all_its_fields() {
    let mut seen: Vec<&str> = Vec::new();
    let messages = one_of_each();
    for (_, json) in &messages {
        let name = json["type"].as_str().expect("a tag");
        let entry = MESSAGES
            .iter()
            .find(|entry| entry.name == name && entry.direction == Direction::ToClient)
            .unwrap_or_else(|| panic!("{name} is not in the catalogue"));
        let mut listed: Vec<&str> = entry
            .fields
            .iter()
            .map(|field| field.trim_end_matches('?'))
            .collect();
        let mut written: Vec<&str> = json
            .as_object()
            .expect("an object")
            .keys()
            .map(String::as_str)
            .filter(|field| *field != "type")
            .collect();
        listed.sort_unstable();
        written.sort_unstable();
        assert_eq!(listed, written, "{name}");
        seen.push(name);
    }
    for entry in MESSAGES {
        match entry.direction {
            Direction::ToClient => assert!(seen.contains(&entry.name), "{}", entry.name),
            // A name that the parser does not know would answer `unknown_type` here.
            Direction::ToServer => {
                let frame = format!(r#"{{"type":"{}"}}"#, entry.name);
                let field = match crate::parse(&frame, &crate::Limits::default()) {
                    Ok(_) => None,
                    Err(error) => error.field,
                };
                assert_eq!(
                    field.as_deref(),
                    entry
                        .fields
                        .first()
                        .copied()
                        .filter(|field| !field.ends_with('?')),
                    "{}",
                    entry.name
                );
                for answer in entry.answered_by {
                    assert!(
                        MESSAGES.iter().any(|entry| entry.name == *answer),
                        "{answer}"
                    );
                }
            }
        }
    }
}
