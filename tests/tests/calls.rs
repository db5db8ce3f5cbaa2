//! Calls, both ways, from the ring to the history. Where voice has to flow, the far end of the media is
//! another Janet; that a call carries words is shown by
//! `tests/interop/called_by_aiortc`, with somebody else's WebRTC.

use janet_tests::far::Far;
use janet_tests::over_quic::Raw;
use janet_tests::server::look_again;
use janet_tests::{Client, Frame, Server, http, sound};
use serde_json::{Value, json};

fn voip_call(direction: &str) -> Value {
    let device = json!({ "platform": "test", "device": "a socket" });
    json!({ "type": "voip_call", "direction": direction, "device_info": device })
}

/// The client calls: the offer.
async fn offered(client: &mut Client) -> Value {
    client.send(voip_call("outgoing")).await;
    client.until("voip_offer").await
}

/// Sends a message about this call.
async fn say(client: &mut Client, call_id: &Value, mut message: Value) {
    message["call_id"] = call_id.clone();
    client.send(message).await;
}

async fn refused(client: &mut Client, message: Value) -> (String, Option<String>) {
    client.send(message.clone()).await;
    let error = client.until("voip_error").await;
    let word = |name: &str| error[name].as_str().map(str::to_owned);
    (word("code").expect("a code"), word("field"))
}

/// A call over which voice flows: its name, and the connection at its other end.
pub(crate) async fn connected(client: &mut Client) -> (Value, Far) {
    let mut far = Far::meet().await;
    let offer = offered(client).await;
    let sdp = far.answer(&offer).await;
    let id = offer["call_id"].clone();
    let answer =
        json!({ "type": "voip_answer", "sdp": sdp, "sdp_type": "answer", "request_id": "agreed" });
    say(client, &id, answer).await;
    let connected = client.until("voip_connected").await;
    assert_eq!(
        (
            &connected["call_id"],
            &connected["status"],
            &connected["request_id"]
        ),
        (&id, &json!("connected"), &json!("agreed"))
    );
    (id, far)
}

async fn ended(client: &mut Client) -> (String, u64) {
    let ended = client.until("voip_ended").await;
    let reason = ended["reason"].as_str().expect("a reason").to_owned();
    (reason, ended["duration_ms"].as_u64().expect("a duration"))
}

async fn history(client: &mut Client) -> Vec<Value> {
    client.send(json!({ "type": "get_context" })).await;
    let context = client.until("context").await;
    context["data"]["calls"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn a_call_flows_is_held_goes_on_and_ends_with_its_time() {
    let server = Server::shared();
    let mut client = Client::connect(server).await;
    let capabilities = client.connected["capabilities"].as_array().expect("a list");
    assert!(capabilities.contains(&json!("calls")));
    let (id, mut far) = connected(&mut client).await;
    for (on, state) in [(true, "on_hold"), (true, "on_hold"), (false, "connected")] {
        say(
            &mut client,
            &id,
            json!({ "type": "voip_hold", "on": on, "request_id": 5 }),
        )
        .await;
        let told = client.until("voip_state").await;
        assert_eq!(
            (&told["state"], &told["call_id"], &told["request_id"]),
            (&json!(state), &id, &json!(5))
        );
    }
    let start = json!({ "type": "audio_start", "rate_hz": 16_000, "play_rate_hz": 24_000, "mode": "hands_free" });
    assert_eq!(
        client.refusal(start.clone()).await["code"],
        "audio_already_started"
    );
    client.send_mic(&[0; 320]).await;
    assert_eq!(client.error().await["code"], "audio_not_started");
    say(
        &mut client,
        &id,
        json!({ "type": "voip_end", "reason": "enough", "request_id": 6 }),
    )
    .await;
    let end = client.until("voip_ended").await;
    assert_eq!(
        (&end["reason"], &end["request_id"]),
        (&json!("hung_up"), &json!(6))
    );
    // The far end is told by the media itself.
    while far.client.until("vr_response").await["status"] != "ended" {}
    assert_eq!(end["words"], "enough");
    client.send(start).await;
    client.until("audio_ready").await;
    let measured = http::get(server.address(), "/metrics").body;
    assert!(measured.contains("janet_call_setup_seconds_bucket{"));
    let calls = history(&mut client).await;
    let call = calls.last().expect("a call");
    assert_eq!(
        (
            &call["direction"],
            &call["reason"],
            &call["missed"],
            &call["duration_ms"]
        ),
        (
            &json!("outgoing"),
            &json!("hung_up"),
            &json!(false),
            &end["duration_ms"]
        )
    );
    client.close().await;
    far.close().await;
}

#[tokio::test]
async fn a_far_end_that_says_goodbye_ends_the_call() {
    let server = Server::shared();
    let mut client = Client::connect(server).await;
    let (id, mut far) = connected(&mut client).await;
    far.hang_up().await;
    assert_eq!(ended(&mut client).await.0, "hung_up");
    far.close().await;
    let late = json!({ "type": "voip_hold", "call_id": id, "on": true });
    let unknown = ("unknown_call".to_owned(), Some("call_id".to_owned()));
    assert_eq!(refused(&mut client, late).await, unknown);
    client.close().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_call_is_named_and_the_call_goes_on() {
    let mut client = Client::connect(Server::shared()).await;
    let nobody = json!("nobody");
    let sound = sound::base64(&[0; 640]);
    let about_a_call = |id: &Value| {
        [
            json!({ "type": "voip_answer", "call_id": id, "sdp": "v=0", "sdp_type": "answer" }),
            json!({ "type": "voip_ice", "call_id": id, "candidate": "" }),
            json!({ "type": "voip_hold", "call_id": id, "on": true }),
            json!({ "type": "voip_audio", "call_id": id, "audio": sound }),
            json!({ "type": "voip_end", "call_id": id }),
        ]
    };
    let unknown = ("unknown_call".to_owned(), Some("call_id".to_owned()));
    let unexpected = || ("unexpected".to_owned(), None);
    // No call at all.
    for message in about_a_call(&nobody) {
        assert_eq!(
            refused(&mut client, message.clone()).await,
            unknown,
            "{message}"
        );
    }
    assert_eq!(refused(&mut client, voip_call("incoming")).await, unknown);

    // One that rings.
    client
        .send(json!({ "type": "voip_ring", "caller": "the kitchen" }))
        .await;
    let ring = client.until("voip_incoming").await;
    assert_eq!(
        (&ring["caller"], &ring["node_id"]),
        (&json!("the kitchen"), &client.connected["nodes"][0])
    );
    let [answer, ice, hold, audio, _] = about_a_call(&ring["call_id"]);
    for message in [answer, ice, hold, audio] {
        assert_eq!(
            refused(&mut client, message.clone()).await,
            unexpected(),
            "{message}"
        );
    }
    let mut other = voip_call("incoming");
    other["call_id"] = nobody.clone();
    assert_eq!(refused(&mut client, other).await, unknown);
    client.send(voip_call("incoming")).await;
    let offer = client.until("voip_offer").await;
    let id = &offer["call_id"];
    assert_eq!(
        (id, &offer["sdp_type"]),
        (&ring["call_id"], &json!("offer"))
    );

    // One that is offered.
    for message in about_a_call(&nobody) {
        assert_eq!(
            refused(&mut client, message.clone()).await,
            unknown,
            "{message}"
        );
    }
    let rows = [
        (voip_call("incoming"), "unexpected", None),
        (
            json!({ "type": "voip_answer", "call_id": id, "sdp": "v=0", "sdp_type": "answer" }),
            "bad_description",
            Some("sdp"),
        ),
        (
            json!({ "type": "voip_answer", "call_id": id, "sdp": "v=0", "sdp_type": "offer" }),
            "out_of_range",
            Some("sdp_type"),
        ),
        (
            json!({ "type": "voip_ice", "call_id": id, "candidate": "candidate:1" }),
            "unexpected",
            Some("candidate"),
        ),
        (
            json!({ "type": "voip_hold", "call_id": id, "on": false }),
            "unexpected",
            None,
        ),
        (
            json!({ "type": "voip_audio", "call_id": id, "audio": "AA==" }),
            "odd_byte_count",
            Some("audio"),
        ),
    ];
    for (message, code, field) in rows {
        let expected = (code.to_owned(), field.map(str::to_owned));
        assert_eq!(
            refused(&mut client, message.clone()).await,
            expected,
            "{message}"
        );
    }
    say(&mut client, id, json!({ "type": "voip_end" })).await;
    assert_eq!(ended(&mut client).await, ("hung_up".to_owned(), 0));
    client.is_served().await;
    client.close().await;
}

#[tokio::test]
async fn an_offer_is_answered_once() {
    let server = Server::shared();
    let mut client = Client::connect(server).await;
    let mut far = Far::meet().await;
    let offer = offered(&mut client).await;
    let sdp = far.answer(&offer).await;
    let answer = json!({ "type": "voip_answer", "sdp": sdp, "sdp_type": "answer" });
    let id = &offer["call_id"];
    say(&mut client, id, answer.clone()).await;
    say(&mut client, id, answer).await;
    // Whether or not voice flows by then.
    assert_eq!(client.until("voip_error").await["code"], "unexpected");
    say(&mut client, id, json!({ "type": "voip_end" })).await;
    assert_eq!(ended(&mut client).await.0, "hung_up");
    client.close().await;
    far.close().await;
}

#[tokio::test]
async fn one_call_or_session_at_a_time() {
    let mut client = Client::connect(Server::shared()).await;
    let offer = offered(&mut client).await;
    assert_eq!(refused(&mut client, voip_call("outgoing")).await.0, "busy");
    assert_eq!(
        refused(&mut client, json!({ "type": "voip_ring" })).await.0,
        "busy"
    );
    client
        .send(json!({ "type": "vr_connect", "session_id": "s" }))
        .await;
    let error = client.until("vr_error").await;
    assert_eq!(
        (&error["code"], &error["session_id"]),
        (&json!("busy"), &json!("s"))
    );
    // None of it ended the call.
    say(
        &mut client,
        &offer["call_id"],
        json!({ "type": "voip_end" }),
    )
    .await;
    assert_eq!(ended(&mut client).await.0, "hung_up");

    client
        .send(json!({ "type": "vr_connect", "session_id": "s" }))
        .await;
    client.until("vr_offer").await;
    assert_eq!(refused(&mut client, voip_call("outgoing")).await.0, "busy");
    client
        .send(json!({ "type": "vr_ice", "session_id": "s", "candidate": "x" }))
        .await;
    assert_eq!(
        client.until("vr_error").await["code"],
        "unexpected",
        "it is still there"
    );
    client.close().await;
}

#[tokio::test]
async fn a_ring_that_crosses_the_beginning_of_a_session_is_heard_or_refused_and_never_lost() {
    let server = Server::shared();
    let mut rung = Client::connect(server).await;
    let mut asks = Client::connect(server).await;
    let ring = json!({ "type": "voip_ring", "client_id": rung.client_id });
    let connect = json!({ "type": "vr_connect", "session_id": "s" });
    for _ in 0..20 {
        tokio::join!(rung.send(connect.clone()), asks.send(ring.clone()));
        let answer = loop {
            match asks.next().await {
                Frame::Text(frame) if frame["type"] != "connected" => break frame,
                Frame::Text(_) => {}
                other => panic!("{other:?} came instead of an answer"),
            }
        };
        if answer["type"] == "voip_state" {
            let incoming = rung.until("voip_incoming").await;
            assert_eq!(incoming["call_id"], answer["call_id"]);
            assert_eq!(rung.until("vr_error").await["code"], "busy");
            let id = &incoming["call_id"];
            say(&mut rung, id, json!({ "type": "voip_end" })).await;
            assert_eq!(ended(&mut rung).await.0, "declined");
        } else {
            assert_eq!(answer["code"], "busy", "{answer}");
            rung.until("vr_offer").await;
            rung.send(json!({ "type": "audio_stop" })).await;
        }
        rung.is_served().await;
    }
    rung.close().await;
    asks.close().await;
}

#[tokio::test]
async fn janet_rings_who_is_connected_and_nobody_else() {
    let server = Server::shared();
    let mut rung = Client::connect(server).await;
    let mut asks = Client::connect(server).await;
    let ring = json!({ "type": "voip_ring", "client_id": rung.client_id, "request_id": 1 });
    asks.send(ring.clone()).await;
    let told = asks.until("voip_state").await;
    assert_eq!(
        (&told["state"], &told["request_id"]),
        (&json!("ringing"), &json!(1))
    );
    let incoming = rung.until("voip_incoming").await;
    assert_eq!(
        (&incoming["call_id"], &incoming["caller"]),
        (&told["call_id"], &json!("Janet"))
    );
    // It was taken by then: whoever tells of it is engaged.
    rung.is_served().await;
    assert_eq!(refused(&mut asks, ring.clone()).await.0, "busy");
    assert_eq!(refused(&mut rung, voip_call("outgoing")).await.0, "busy");
    say(
        &mut rung,
        &incoming["call_id"],
        json!({ "type": "voip_end" }),
    )
    .await;
    assert_eq!(ended(&mut rung).await, ("declined".to_owned(), 0));
    let calls = history(&mut rung).await;
    assert_eq!(calls.len(), 1);
    assert_eq!(
        (
            &calls[0]["direction"],
            &calls[0]["reason"],
            &calls[0]["missed"]
        ),
        (&json!("incoming"), &json!("declined"), &json!(false))
    );
    rung.close().await;
    let away = ("unknown_client".to_owned(), Some("client_id".to_owned()));
    assert_eq!(refused(&mut asks, ring).await, away);
    let garbage = json!({ "type": "voip_ring", "client_id": "the one upstairs" });
    assert_eq!(refused(&mut asks, garbage).await, away);
    asks.close().await;
}

#[tokio::test]
async fn a_call_ends_with_its_connection_and_is_in_the_history_of_the_next() {
    let server = Server::shared();
    let mut client = Client::connect(server).await;
    client.send(json!({ "type": "voip_ring" })).await;
    client.until("voip_incoming").await;
    let id = client.client_id.clone();
    // The same client, elsewhere.
    let mut next = Client::resume(server, &id).await;
    let end = loop {
        match client.next().await {
            Frame::Text(frame) if frame["type"] == "voip_ended" => break frame,
            Frame::Text(_) => {}
            other => panic!("{other:?} came instead of the end of the call"),
        }
    };
    assert_eq!(end["reason"], "superseded");
    let calls = history(&mut next).await;
    assert_eq!(
        (&calls[0]["reason"], &calls[0]["missed"]),
        (&json!("superseded"), &json!(true))
    );
    offered(&mut next).await;
    next.close().await;
    let mut last = Client::resume(server, &id).await;
    let calls = history(&mut last).await;
    assert_eq!(
        (calls.len(), &calls[1]["reason"]),
        (2, &json!("client_gone"))
    );
    last.close().await;
}

#[tokio::test]
async fn without_media_a_recording_is_answered_by_words_and_a_recording() {
    let mut client = Client::connect(Server::shared()).await;
    let offer = offered(&mut client).await;
    let id = &offer["call_id"];
    let speech = sound::s16(&sound::clip("goforward"));
    let bytes: Vec<u8> = speech
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect();
    let recording = sound::base64(&bytes);
    let spoken = json!({ "type": "voip_audio", "audio": recording, "request_id": "r" });
    say(&mut client, id, spoken).await;
    let words = client.until("voip_response").await;
    assert_eq!(
        (&words["call_id"], &words["status"], &words["request_id"]),
        (id, &json!("connecting"), &json!("r"))
    );
    assert!(!words["text"].as_str().expect("text").trim().is_empty());
    let voice = client.until("voip_audio").await;
    assert_eq!((&voice["call_id"], &voice["request_id"]), (id, &json!("r")));
    assert!(
        voice["audio"].as_str().expect("base64").len() > 10_000,
        "half a second at least"
    );
    // Silence has no words, and that is told in the call's own type.
    let silence = sound::base64(&[0; 32_000]);
    say(
        &mut client,
        id,
        json!({ "type": "voip_audio", "audio": silence }),
    )
    .await;
    let error = client.until("voip_error").await;
    assert_eq!(
        (&error["code"], &error["call_id"]),
        (&json!("no_speech"), id)
    );
    say(&mut client, id, json!({ "type": "voip_end" })).await;
    let (reason, duration_ms) = ended(&mut client).await;
    assert_eq!(reason, "hung_up");
    assert!(duration_ms > 0, "they talked");
    client.close().await;
}

#[tokio::test]
async fn who_hangs_up_by_audio_stop_is_told_so() {
    let server = Server::shared();
    let mut client = Client::connect(server).await;
    let (_, far) = connected(&mut client).await;
    client
        .send(json!({ "type": "audio_stop", "request_id": 9 }))
        .await;
    let end = client.until("voip_ended").await;
    assert_eq!(
        (&end["reason"], &end["request_id"]),
        (&json!("hung_up"), &json!(9))
    );
    client.close().await;
    far.close().await;
}

#[tokio::test]
async fn a_call_survives_the_loss_of_its_socket_and_is_taken_up_again() {
    let server = Server::start(&[]).ready();
    let mut client = Client::connect(&server).await;
    let (id, mut far) = connected(&mut client).await;
    let client_id = client.client_id.clone();
    // Without a goodbye: what a phone does that leaves the house.
    drop(client);
    let parked = |number: u32| format!("janet_calls_parked {number}");
    while !http::get(server.address(), "/metrics")
        .body
        .contains(&parked(1))
    {
        look_again().await;
    }
    let mut client = Client::resume(&server, &client_id).await;
    assert_eq!(client.client_id, client_id);
    let mut again = voip_call("outgoing");
    again["call_id"] = id.clone();
    client.send(again).await;
    let offer = client.until("voip_offer").await;
    assert_eq!(offer["call_id"], id);
    let connect =
        json!({ "type": "vr_connect", "session_id": far.session_id, "sdp": offer["sdp"] });
    far.client.send(connect).await;
    let sdp = far.client.until("vr_answer").await["sdp"].clone();
    let answer = json!({ "type": "voip_answer", "sdp": sdp, "sdp_type": "answer" });
    say(&mut client, &id, answer).await;
    assert_eq!(client.until("voip_connected").await["call_id"], id);
    // It is the same call: it was never over, and its end is heard at the other end.
    assert_eq!(history(&mut client).await.len(), 0);
    say(&mut client, &id, json!({ "type": "voip_end" })).await;
    assert_eq!(ended(&mut client).await.0, "hung_up");
    while far.client.until("vr_response").await["status"] != "ended" {}
    let body = http::get(server.address(), "/metrics").body;
    assert!(body.contains(&parked(0)), "{body}");
    client.close().await;
    far.close().await;
}

#[tokio::test]
async fn a_client_may_come_back_to_its_call_over_quic() {
    let server = Server::start(&[]).ready();
    let mut client = Client::connect(&server).await;
    let (id, mut far) = connected(&mut client).await;
    let mut back = Raw::open(server.quic()).await;
    let hello = json!({ "type": "client_connect", "client_id": client.client_id });
    back.say(hello).await;
    back.until("connected").await;
    assert_eq!(client.error().await["code"], "superseded");
    let hold = json!({ "type": "voip_hold", "call_id": id, "on": true });
    back.say(hold).await;
    assert_eq!(back.until("voip_state").await["state"], "on_hold");
    back.say(json!({ "type": "voip_end", "call_id": id })).await;
    assert_eq!(back.until("voip_ended").await["reason"], "hung_up");
    while far.client.until("vr_response").await["status"] != "ended" {}
    far.close().await;
}

#[tokio::test]
async fn a_client_that_says_goodbye_ends_its_call_and_one_that_is_back_early_keeps_it() {
    let server = Server::start(&[]).ready();
    let mut client = Client::connect(&server).await;
    let (id, mut far) = connected(&mut client).await;
    let client_id = client.client_id.clone();
    // The old socket is not known to be dead yet.
    let mut back = Client::resume(&server, &client_id).await;
    assert_eq!(client.error().await["code"], "superseded");
    say(&mut back, &id, json!({ "type": "voip_hold", "on": true })).await;
    assert_eq!(back.until("voip_state").await["state"], "on_hold");
    back.close().await;
    while far.client.until("vr_response").await["status"] != "ended" {}
    let mut last = Client::resume(&server, &client_id).await;
    let calls = history(&mut last).await;
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0]["reason"], "client_gone");
    last.close().await;
    far.close().await;
}
