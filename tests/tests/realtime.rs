//! Calls are set up over the WebSocket, and what is wrong in one is refused by name. That they carry
//! voice is shown by `tests/interop/called_by_aiortc`, with somebody else's WebRTC at the other end.

use janet_tests::far::Far;
use janet_tests::server::look_again;
use janet_tests::{Client, Server, http, sound};
use serde_json::{Value, json};

async fn offer(client: &mut Client) -> Value {
    client
        .send(json!({ "type": "vr_connect", "request_id": 1 }))
        .await;
    client.until("vr_offer").await
}

async fn refused(client: &mut Client, message: Value) -> Value {
    client.send(message).await;
    client.until("vr_error").await
}

#[tokio::test]
async fn who_asks_without_an_offer_gets_one_with_opus_and_an_address() {
    let server = Server::shared();
    let mut client = Client::connect(server).await;
    let capabilities = client.connected["capabilities"].as_array().expect("a list");
    assert!(capabilities.contains(&json!("webrtc")));
    let offer = offer(&mut client).await;
    assert_eq!(
        (&offer["request_id"], &offer["sdp_type"]),
        (&json!(1), &json!("offer"))
    );
    let sdp = offer["sdp"].as_str().expect("text");
    for line in [
        "opus/48000/2",
        "useinbandfec=1",
        "a=candidate:",
        "webrtc-datachannel",
    ] {
        assert!(sdp.contains(line), "{line} is not in:\n{sdp}");
    }
    let log = server.log();
    assert!(!log.contains(" rtc") && !log.contains("a=ice-"), "{log}");
    assert!(sdp.contains("127.0.0.1"), "only loopback is served:\n{sdp}");
    client.close().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_session_is_named_and_everything_else_goes_on() {
    let mut client = Client::connect(Server::shared()).await;
    let id = offer(&mut client).await["session_id"]
        .as_str()
        .expect("a name")
        .to_owned();
    let rows = [
        (
            json!({ "type": "vr_connect", "transport": "quic" }),
            "out_of_range",
            "transport",
        ),
        (
            json!({ "type": "vr_connect", "sdp": 1 }),
            "wrong_type",
            "sdp",
        ),
        (
            json!({ "type": "vr_audio", "session_id": "nobody", "sdp": "v=0" }),
            "unknown_session",
            "session_id",
        ),
        (
            json!({ "type": "vr_audio", "session_id": id, "sdp": "v=0" }),
            "bad_description",
            "sdp",
        ),
        (
            json!({ "type": "vr_ice", "session_id": id, "candidate": "candidate:1" }),
            "unexpected",
            "candidate",
        ),
        (
            json!({ "type": "vr_ice", "session_id": id }),
            "missing_field",
            "candidate",
        ),
    ];
    for (message, code, field) in rows {
        let error = refused(&mut client, message.clone()).await;
        assert_eq!(
            (&error["code"], &error["field"]),
            (&json!(code), &json!(field)),
            "{message}: {error}"
        );
    }
    client.is_served().await;
    client.close().await;
}

#[tokio::test]
async fn descriptions_that_cannot_be_taken_leave_nothing_behind() {
    let mut client = Client::connect(Server::shared()).await;
    let video = "v=0\r\no=- 0 0 IN IP4 0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n";
    let mut rng = fastrand::Rng::with_seed(11);
    let garbage: String = (0..2000).map(|_| rng.char(..)).collect();
    for sdp in ["hello", "v=0\r\n", video, &garbage] {
        let error = refused(&mut client, json!({ "type": "vr_connect", "sdp": sdp })).await;
        assert_eq!(
            (&error["code"], &error["field"]),
            (&json!("bad_description"), &json!("sdp")),
            "{error}"
        );
        assert!(
            !error.to_string().contains("IN IP4"),
            "it quotes the description: {error}"
        );
    }
    // Nothing of the failed ones has the microphone.
    let start = json!({ "type": "audio_start", "rate_hz": 16_000, "play_rate_hz": 24_000, "mode": "hands_free" });
    client.send(start).await;
    client.until("audio_ready").await;
    client.close().await;
}

#[tokio::test]
async fn a_call_has_the_microphone_until_it_ends() {
    let mut client = Client::connect(Server::shared()).await;
    let first = offer(&mut client).await["session_id"].clone();
    let start = json!({ "type": "audio_start", "rate_hz": 16_000, "play_rate_hz": 24_000, "mode": "hands_free" });
    assert_eq!(
        client.refusal(start.clone()).await["code"],
        "audio_already_started"
    );
    client.send_mic(&[0; 320]).await;
    assert_eq!(client.error().await["code"], "audio_not_started");
    // A second one ends the first.
    let second = offer(&mut client).await["session_id"].clone();
    assert_ne!(first, second);
    let old = json!({ "type": "vr_ice", "session_id": first, "candidate": "" });
    assert_eq!(refused(&mut client, old).await["code"], "unknown_session");
    client.send(json!({ "type": "audio_stop" })).await;
    let ended = json!({ "type": "vr_ice", "session_id": second, "candidate": "" });
    assert_eq!(refused(&mut client, ended).await["code"], "unknown_session");
    client.send(start).await;
    client.until("audio_ready").await;
    client.close().await;
}

#[tokio::test]
async fn who_asks_again_before_anything_was_agreed_gets_a_new_offer_under_the_same_name() {
    let mut client = Client::connect(Server::shared()).await;
    let mut offers = Vec::new();
    for _ in 0..2 {
        client
            .send(json!({ "type": "vr_connect", "session_id": "mine" }))
            .await;
        let offer = client.until("vr_offer").await;
        assert_eq!(offer["session_id"], "mine");
        offers.push(offer["sdp"].as_str().expect("text").to_owned());
    }
    let name = |sdp: &String| {
        let mut lines = sdp.lines();
        lines
            .find(|line| line.starts_with("a=ice-ufrag:"))
            .map(str::to_owned)
    };
    assert!(name(&offers[0]).is_some());
    assert_ne!(name(&offers[0]), name(&offers[1]));
    client.close().await;
}

#[tokio::test]
async fn where_the_head_is_is_kept_as_long_as_the_session() {
    let mut client = Client::connect(Server::shared()).await;
    let head = |y: f64| json!({ "position": [0.0, y, 0.25], "rotation": [0.0, 0.0, 0.0, 1.0] });
    let pose = async |client: &mut Client| {
        client.send(json!({ "type": "get_context" })).await;
        client.until("context").await["data"]["pose"].clone()
    };
    client
        .send(json!({ "type": "vr_connect", "head_pose": head(1.5) }))
        .await;
    let id = client.until("vr_offer").await["session_id"].clone();
    let told = pose(&mut client).await;
    assert_eq!((&told["session_id"], &told["head"]), (&id, &head(1.5)));
    let hands = json!({ "left": head(1.0) });
    let moved = json!({ "type": "vr_pose", "session_id": id, "head": head(1.75), "hands": hands });
    client.send(moved.clone()).await;
    let told = pose(&mut client).await;
    assert_eq!((&told["head"], &told["hands"]), (&head(1.75), &hands));
    assert!(
        told["age_ms"].as_u64().is_some_and(|age| age < 60_000),
        "{told}"
    );
    let mut bent = moved.clone();
    bent["head"]["rotation"] = json!([1, 1, 0, 0]);
    let mut stranger = moved.clone();
    stranger["session_id"] = json!("nobody");
    for (message, code, field) in [
        (bent, "bad_pose", "head.rotation"),
        (stranger, "unknown_session", "session_id"),
    ] {
        let error = refused(&mut client, message).await;
        assert_eq!(
            (&error["code"], &error["field"]),
            (&json!(code), &json!(field))
        );
    }
    assert_eq!(pose(&mut client).await["head"], head(1.75), "it stays");
    client.send(json!({ "type": "audio_stop" })).await;
    assert_eq!(pose(&mut client).await, json!(null));
    client.close().await;
}

#[tokio::test]
async fn a_recording_in_a_session_is_answered_by_one() {
    let mut client = Client::connect(Server::shared()).await;
    let id = offer(&mut client).await["session_id"].clone();
    let clip = std::fs::read(sound::clip_path("austen_0930")).expect("test speech");
    let ask = |audio: String| json!({ "type": "vr_audio", "session_id": id, "audio": audio, "request_id": 9 });
    client.send(ask(sound::base64(&clip))).await;
    let answer = client.until("vr_response").await;
    assert_eq!(
        (
            &answer["request_id"],
            &answer["session_id"],
            &answer["status"]
        ),
        (&json!(9), &id, &json!("connecting"))
    );
    let words = answer["text"].as_str().expect("text");
    assert!(!words.trim().is_empty(), "{answer}");
    let (_, samples) = sound::decode(answer["audio"].as_str().expect("a WAV file"));
    assert!(samples.iter().any(|sample| sample.abs() > 0.05), "silence");
    let broken = [&b"RIFF\0\0\0\0WAVE"[..], &[0; 40]].concat();
    let silence = sound::base64(&[0; 32_000]);
    for (audio, code) in [
        (sound::base64(&broken), "bad_audio"),
        (silence, "no_speech"),
    ] {
        let error = refused(&mut client, ask(audio)).await;
        assert_eq!(
            (&error["code"], &error["request_id"], &error["session_id"]),
            (&json!(code), &json!(9), &id),
            "{error}"
        );
    }
    let nobody =
        json!({ "type": "vr_audio", "session_id": "nobody", "audio": sound::base64(&clip) });
    assert_eq!(
        refused(&mut client, nobody).await["code"],
        "unknown_session"
    );
    client.is_served().await;
    client.close().await;
}

#[tokio::test]
async fn a_second_answer_is_refused_and_the_session_goes_on() {
    let mut client = Client::connect(Server::shared()).await;
    let mut far = Far::meet().await;
    let offered = offer(&mut client).await;
    let sdp = far.answer(&offered).await;
    let id = offered["session_id"].clone();
    let answer = json!({ "type": "vr_audio", "session_id": id, "sdp": sdp });
    client.send(answer.clone()).await;
    while client.until("vr_response").await["status"] != "connected" {}
    let error = refused(&mut client, answer).await;
    assert_eq!(
        (&error["code"], &error["field"]),
        (&json!("unexpected"), &json!("sdp"))
    );
    // It is there still: the far end hears of its end, and not before.
    client.send(json!({ "type": "audio_stop" })).await;
    while far.client.until("vr_response").await["status"] != "ended" {}
    client.close().await;
    far.close().await;
}

#[tokio::test]
async fn a_call_that_finds_no_way_ends_by_itself_and_leaves_nothing() {
    let server = Server::start(&[]).ready();
    let mut client = Client::connect(&server).await;
    let mut far = Far::meet().await;
    let without = |described: &serde_json::Value| {
        let sdp = described["sdp"].as_str().unwrap_or_default();
        let lines = sdp.lines().filter(|line| !line.starts_with("a=candidate"));
        let lines: Vec<&str> = lines.collect();
        json!({ "sdp": lines.join("\r\n") + "\r\n" })
    };
    let offered = offer(&mut client).await;
    // Neither end knows where the other is.
    let sdp = far.answer(&without(&offered)).await;
    let sdp = without(&json!({ "sdp": sdp }))["sdp"].clone();
    let id = offered["session_id"].clone();
    client
        .send(json!({ "type": "vr_audio", "session_id": id, "sdp": sdp }))
        .await;
    let error = client.until("vr_error").await;
    assert_eq!(
        (&error["code"], &error["session_id"]),
        (&json!("unreachable"), &id)
    );
    for table in ["calls", "names", "addresses"] {
        let line = format!("janet_webrtc_table_entries{{table=\"{table}\"}} 0");
        while !http::get(server.address(), "/metrics").body.contains(&line) {
            look_again().await;
        }
    }
    // The microphone is free again.
    let start = json!({ "type": "audio_start", "rate_hz": 16_000, "play_rate_hz": 24_000, "mode": "hands_free" });
    client.send(start).await;
    client.until("audio_ready").await;
    client.close().await;
    far.close().await;
}
