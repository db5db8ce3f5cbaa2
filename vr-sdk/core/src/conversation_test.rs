use janet_audio::opus::Encoder;
use janet_audio::wav::to_s16;
use serde_json::{Value, json};

use super::*;
use crate::FRAME_US;

fn core() -> Core {
    let key = Some(Private::from("secret"));
    Core::new(
        Hello {
            client_id: None,
            key,
        },
        0,
    )
}

fn hear(core: &mut Core, message: Value) {
    core.on_frame(message.to_string().as_bytes())
        .expect("no codec fails");
}

fn connected(status: &str) -> Value {
    json!({ "type": "connected", "client_id": "0".repeat(32), "status": status, "role": "operator",
        "protocol": 1, "capabilities": [], "nodes": [] })
}

/// What the core says, by type.
fn said(core: &mut Core) -> Vec<Value> {
    let frames = std::iter::from_fn(|| core.poll_frame());
    frames
        .map(|frame| serde_json::from_str(&frame).expect("JSON"))
        .collect()
}

fn opened() -> Core {
    let mut core = core();
    core.open_voice();
    hear(&mut core, connected("ready"));
    hear(
        &mut core,
        json!({ "type": "vr_opened", "session_id": "s", "session_no": 65_536 + 7 }),
    );
    said(&mut core);
    core
}

/// A datagram of her voice: a tone, numbered.
fn datagram(encoder: &mut Encoder, session: u16, n: u16) -> Bytes {
    let mut frame = [0; FRAME_SAMPLES];
    for (at, sample) in frame.iter_mut().enumerate() {
        *sample = to_s16(((usize::from(n) * FRAME_SAMPLES + at) as f32 * 0.05).sin() * 0.3);
    }
    let header = Header {
        kind: Kind::Opus,
        session,
        sequence: n,
        timestamp: u32::from(n) * FRAME_SAMPLES as u32,
    };
    let payload = encoder.encode(&frame).expect("encoded");
    header.write(payload).expect("short enough").into()
}

#[test]
fn the_first_word_says_who_we_are_and_no_key_is_printed() {
    let mut core = core();
    assert_eq!(
        said(&mut core),
        [json!({ "type": "client_connect", "key": "secret" })]
    );
    let hello = Hello {
        client_id: None,
        key: Some(Private::from("secret")),
    };
    assert!(!format!("{hello:?}").contains("secret"));
}

#[test]
fn voice_is_asked_for_once_and_only_when_she_is_ready() {
    let mut core = core();
    core.open_voice();
    said(&mut core);
    hear(&mut core, connected("models_loading"));
    assert_eq!(said(&mut core), [] as [Value; 0]);
    hear(&mut core, connected("ready"));
    assert_eq!(
        said(&mut core),
        [json!({ "type": "vr_connect", "transport": "quic" })]
    );
    core.open_voice();
    hear(&mut core, connected("ready"));
    assert_eq!(said(&mut core), [] as [Value; 0]);
    assert!(!core.is_open());
}

#[test]
fn a_session_that_is_refused_leaves_the_conversation_and_may_be_asked_for_again() {
    let mut core = core();
    core.open_voice();
    hear(&mut core, connected("ready"));
    said(&mut core);
    hear(
        &mut core,
        json!({ "type": "vr_error", "code": "overloaded", "message": "later" }),
    );
    assert!(!core.is_open());
    core.open_voice();
    assert_eq!(said(&mut core)[0]["type"], "vr_connect");
}

#[test]
fn her_voice_is_played_and_what_was_played_is_reported_every_100_ms() {
    let mut core = opened();
    let mut encoder = Encoder::new().expect("an encoder");
    hear(
        &mut core,
        json!({ "type": "face_clock", "rtp_timestamp": 0, "sample": 1000 }),
    );
    let (mut loud, mut reports) = (0, Vec::new());
    for n in 0..50u16 {
        let now_us = u64::from(n) * FRAME_US;
        core.on_datagram(now_us, &datagram(&mut encoder, 7, n));
        loud += usize::from(core.beat(now_us).iter().any(|sample| sample.abs() > 0.1));
        reports.extend(said(&mut core));
    }
    assert!(loud >= 45, "{loud}");
    assert!((8..=10).contains(&reports.len()), "{reports:?}");
    let numbers: Vec<_> = reports
        .iter()
        .map(|r| r["played_sample"].as_u64())
        .collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
    let last = numbers.last().copied().flatten().expect("a number");
    assert!(
        (1000 + 960 * 40..=1000 + 960 * 50).contains(&last),
        "{last}"
    );
    // Called back: answered at once by what was played.
    hear(
        &mut core,
        json!({ "type": "playout_flush", "from_sample": last }),
    );
    assert_eq!(said(&mut core)[0]["type"], "playout");
    assert_eq!(core.stats().received, 50);
}

#[test]
fn datagrams_of_others_and_garbage_are_counted_and_not_played() {
    let mut core = opened();
    let mut encoder = Encoder::new().expect("an encoder");
    core.on_datagram(0, &datagram(&mut encoder, 8, 0));
    core.on_datagram(0, &Bytes::from_static(b"short"));
    core.on_datagram(0, &Bytes::from_static(&[9; 40]));
    hear(&mut core, json!({ "type": "of_a_newer_server" }));
    assert_eq!((core.stats().received, core.stats().garbage), (0, 4));
}

#[test]
fn her_face_is_handed_on_frame_by_frame_and_what_is_none_is_garbage() {
    let mut core = opened();
    let datagram = |session, payload: &[u8]| {
        let header = Header {
            kind: Kind::Face,
            session,
            sequence: 0,
            timestamp: 1600,
        };
        Bytes::from(header.write(payload).expect("short enough"))
    };
    core.on_datagram(0, &datagram(7, &[1, 6, 255]));
    core.on_datagram(0, &datagram(7, &[1, 10, 255]));
    core.on_datagram(0, &datagram(8, &[1, 6, 255]));
    let frame = core.poll_face().expect("one");
    assert_eq!((frame.timestamp, frame.weights[6]), (1600, 255));
    assert_eq!((core.poll_face(), core.stats().garbage), (None, 2));
    // Of more than wait the oldest are forgotten.
    for _ in 0..100 {
        core.on_datagram(0, &datagram(7, &[0]));
    }
    let waiting = std::iter::from_fn(|| core.poll_face()).count();
    assert_eq!(waiting, MOST_FACES);
}

#[test]
fn a_packet_that_overtakes_the_message_which_opens_its_session_is_no_garbage() {
    let mut core = core();
    core.open_voice();
    hear(&mut core, connected("ready"));
    let mut encoder = Encoder::new().expect("an encoder");
    core.on_datagram(0, &datagram(&mut encoder, 7, 0));
    hear(
        &mut core,
        json!({ "type": "vr_opened", "session_id": "s", "session_no": 7 }),
    );
    core.on_datagram(FRAME_US, &datagram(&mut encoder, 7, 1));
    assert_eq!((core.stats().received, core.stats().garbage), (1, 0));
}

#[test]
fn the_microphone_goes_out_while_voice_flows_and_nowhere_else() {
    let mut core = core();
    core.speak(&[0.1; FRAME_SAMPLES]).expect("dropped");
    assert!(core.poll_datagram().is_none());
    let mut core = opened();
    core.speak(&[0.1; FRAME_SAMPLES]).expect("encoded");
    let datagram = core.poll_datagram().expect("a packet");
    assert_eq!(Header::read(&datagram).map(|h| h.session), Ok(7));
    hear(
        &mut core,
        json!({ "type": "vr_response", "session_id": "s", "status": "ended" }),
    );
    assert!(!core.is_open());
    core.speak(&[0.1; FRAME_SAMPLES]).expect("dropped");
    assert!(core.poll_datagram().is_none());
    assert_eq!(core.stats().sent, 1);
}
