use proptest::prelude::*;

use super::*;
use crate::{CallDirection, DeviceInfo, Hands, Pose, Role, Said, Transport};

fn request_id() -> impl Strategy<Value = Option<RequestId>> {
    proptest::option::of(prop_oneof![
        any::<u64>().prop_map(RequestId::Unsigned),
        (i64::MIN..0).prop_map(RequestId::Signed),
        ".{0,40}".prop_map(RequestId::Text),
    ])
}

pub(crate) fn incoming() -> impl Strategy<Value = Incoming> {
    let voice = prop_oneof![Just(VoiceMode::HandsFree), Just(VoiceMode::PushToTalk)];
    let both = prop_oneof![
        ("[^\\s].{0,30}", any::<bool>(), any::<Option<bool>>()).prop_map(
            |(text, speak, remember)| ClientMessage::Message {
                text: text.into(),
                speak,
                remember
            }
        ),
        proptest::collection::vec(any::<[u8; 2]>(), 1..30).prop_map(|pairs| {
            ClientMessage::Audio {
                audio: Sound::S16le(Base64(pairs.concat())),
            }
        }),
    ];
    let neutral = prop_oneof![
        (0..2_usize, voice).prop_map(|(rate, mode)| ClientMessage::AudioStart {
            rate_hz: MIC_RATE_HZ,
            play_rate_hz: PLAY_RATES_HZ[rate],
            mode
        }),
        Just(ClientMessage::AudioEnd),
        Just(ClientMessage::AudioStop),
        any::<bool>().prop_map(|on| ClientMessage::AudioLoop { on }),
        Just(ClientMessage::Interrupt),
        Just(ClientMessage::GetContext),
        (
            proptest::option::of(VOICE_SPEEDS),
            proptest::option::of(proptest::sample::select(Sensitivity::ALL.to_vec())),
            proptest::option::of("[a-z]{1,9}"),
            proptest::option::of("[a-z]{1,9}"),
        )
            .prop_map(|(voice_speed, sensitivity, voice, model)| {
                ClientMessage::SettingsSet {
                    voice_speed,
                    sensitivity,
                    voice,
                    model,
                }
            }),
        (
            proptest::option::of("[a-z]{1,9}"),
            proptest::sample::select(Transport::ALL.to_vec()),
            proptest::option::of("[a-z=]{1,9}"),
        )
            .prop_map(|(session_id, transport, sdp)| ClientMessage::VrConnect {
                session_id,
                transport,
                sdp: sdp.map(Into::into),
                head_pose: None,
            }),
        ("[a-z]{1,9}", "[a-z=]{1,9}").prop_map(|(session_id, sdp)| ClientMessage::VrAudio {
            session_id,
            said: Said::Description(sdp.into()),
        }),
        (
            "[a-z]{1,9}",
            proptest::collection::vec(any::<[u8; 2]>(), 1..30)
        )
            .prop_map(|(session_id, pairs)| ClientMessage::VrAudio {
                session_id,
                said: Said::Recording(Sound::S16le(Base64(pairs.concat()))),
            }),
        (
            "[a-z]{1,9}",
            pose(),
            proptest::option::of(pose()),
            proptest::option::of(pose())
        )
            .prop_map(|(session_id, head, left, right)| ClientMessage::VrPose {
                session_id,
                head,
                hands: Hands { left, right },
            }),
        pose().prop_map(|head| ClientMessage::VrConnect {
            session_id: None,
            transport: Transport::Webrtc,
            sdp: None,
            head_pose: Some(head),
        }),
        (
            "[a-z]{1,9}",
            "[a-z ]{0,9}",
            proptest::option::of("[0-9]{0,2}"),
            any::<Option<u32>>(),
        )
            .prop_map(|(session_id, candidate, sdp_mid, sdp_mline_index)| {
                ClientMessage::VrIce {
                    session_id,
                    candidate: candidate.into(),
                    sdp_mid,
                    sdp_mline_index,
                }
            }),
        (
            proptest::option::of("[0-9a-f]{1,32}"),
            proptest::option::of("[A-Za-z0-9_-]{43}"),
        )
            .prop_map(|(client_id, key)| ClientMessage::ClientConnect {
                client_id,
                key: key.map(Into::into),
            }),
        calls(),
        crate::trust::parse::tests::requests().prop_map(ClientMessage::Trust),
        prop_oneof![Just(Role::Operator), Just(Role::Guest)]
            .prop_map(|role| ClientMessage::PairOpen { role }),
        (
            "[^\\s\\p{C}][^\\p{C}\u{2028}\u{2029}]{0,20}",
            any::<[u8; 32]>(),
            any::<u8>()
        )
            .prop_map(|(name, point, side)| {
                let mut message = [side; crate::PAIR_MESSAGE_BYTES];
                message[1..].copy_from_slice(&point);
                ClientMessage::PairStart { name, message }
            }),
        any::<[u8; 32]>().prop_map(|proof| ClientMessage::PairFinish {
            proof: proof.into()
        }),
        Just(ClientMessage::DeviceList),
        "[0-9a-f]{16}".prop_map(|device_id| ClientMessage::DeviceRevoke { device_id }),
        any::<u32>().prop_map(|played_sample| ClientMessage::Playout { played_sample }),
        any::<f64>()
            .prop_filter_map("finite", serde_json::Number::from_f64)
            .prop_map(|number| {
                ClientMessage::Ping {
                    timestamp: Timestamp::Number(number),
                }
            }),
    ];
    let dialect = prop_oneof![Just(Dialect::Canonical), Just(Dialect::Older)];
    let message = prop_oneof![
        (dialect, both),
        neutral.prop_map(|message| (Dialect::Canonical, message))
    ];
    (request_id(), message).prop_map(|(request_id, (dialect, message))| Incoming {
        request_id,
        dialect,
        message,
    })
}

fn pose() -> impl Strategy<Value = Pose> {
    let metres = -1000.0..1000.0_f32;
    (proptest::array::uniform3(metres), -1.0..1.0_f32, 0..4_usize).prop_map(
        |(position, half, axis)| {
            let mut rotation = [0.0; 4];
            rotation[axis] = half;
            rotation[(axis + 1) % 4] = (1.0 - half * half).sqrt();
            Pose { position, rotation }
        },
    )
}

fn calls() -> impl Strategy<Value = ClientMessage> {
    let id = || "[a-z]{1,9}";
    let label = || proptest::option::of("[a-z]{1,9}");
    prop_oneof![
        (
            label(),
            proptest::sample::select(CallDirection::ALL.to_vec()),
            (id(), id(), proptest::option::of("([0-9a-f]{2}){32,100}")),
        )
            .prop_map(|(call_id, direction, (platform, device, push_token))| {
                ClientMessage::VoipCall {
                    call_id,
                    direction,
                    device_info: DeviceInfo {
                        platform,
                        device,
                        push_token: push_token.map(Into::into),
                    },
                }
            }),
        (id(), "[a-z=]{1,9}").prop_map(|(call_id, sdp)| ClientMessage::VoipAnswer {
            call_id,
            sdp: sdp.into(),
        }),
        (
            id(),
            "[a-z ]{0,9}",
            proptest::option::of("[0-9]{0,2}"),
            any::<Option<u32>>(),
        )
            .prop_map(|(call_id, candidate, sdp_mid, sdp_mline_index)| {
                ClientMessage::VoipIce {
                    call_id,
                    candidate: candidate.into(),
                    sdp_mid,
                    sdp_mline_index,
                }
            }),
        (id(), proptest::collection::vec(any::<[u8; 2]>(), 1..30)).prop_map(|(call_id, pairs)| {
            ClientMessage::VoipAudio {
                call_id,
                audio: Sound::S16le(Base64(pairs.concat())),
            }
        }),
        (id(), any::<bool>()).prop_map(|(call_id, on)| ClientMessage::VoipHold { call_id, on }),
        (id(), proptest::option::of(".{0,9}")).prop_map(|(call_id, reason)| {
            ClientMessage::VoipEnd {
                call_id,
                reason: reason.map(Into::into),
            }
        }),
        (label(), label())
            .prop_map(|(client_id, caller)| ClientMessage::VoipRing { client_id, caller }),
    ]
}

/// JSON that is nearly a message.
fn near_miss() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<f64>().prop_map(|float| format!("{float}")),
        "-?[0-9]{1,40}(\\.[0-9]{1,9})?([eE]-?[0-9]{1,5})?",
        "\"[a-zA-Z0-9+/= \\\\ud]{0,20}\"",
        Just(r#"[{"a":[]}]"#.to_owned()),
        Just(r#""message""#.to_owned()),
        Just(r#""audio""#.to_owned()),
        Just(r#""audio_start""#.to_owned()),
        Just(r#""pair_start""#.to_owned()),
        Just(r#""device_revoke""#.to_owned()),
    ];
    let name = prop_oneof![
        Just("type"),
        Just("text"),
        Just("audio"),
        Just("request_id"),
        Just("rate_hz"),
        Just("timestamp"),
        Just("played_sample"),
        Just("name"),
        Just("message"),
        Just("device_id"),
    ];
    proptest::collection::vec((name, value), 0..6).prop_map(|fields| {
        let fields: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        format!("{{{}}}", fields.join(","))
    })
}

proptest! {
    #[test]
    fn what_a_client_writes_is_what_we_read(sent in incoming()) {
        let limits = Limits::default();
        prop_assert_eq!(parse(&sent.to_json(), &limits), Ok(sent));
    }

    #[test]
    fn no_string_makes_the_parser_panic(frame in ".{0,200}") {
        prop_assert!(parse(&frame, &Limits::default()).is_err());
    }

    #[test]
    fn no_json_makes_the_parser_panic(frame in near_miss(), cut in 0_usize..200) {
        drop(parse(&frame, &Limits::default()));
        drop(parse(frame.get(..cut).unwrap_or(&frame), &Limits::default()));
    }
}
