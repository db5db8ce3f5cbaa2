//! Phones that are not connected are woken up by Apple's push service, and answer. A stand-in takes
//! the service's place.

use std::time::Duration;

use janet_tests::elsewhere::{self, Elsewhere, Key};
use janet_tests::push_service::{Answer, PushService};
use janet_tests::{Client, Server, sound};
use serde_json::{Value, json};

/// A token as phones have them.
fn token(number: u8) -> String {
    format!("{number:02x}").repeat(32)
}

fn start(service: &PushService, more: &[&str]) -> Server {
    let settings = service.settings();
    let settings = settings
        .iter()
        .map(String::as_str)
        .chain(more.iter().copied());
    let settings: Vec<&str> = settings.collect();
    Server::start(&settings).ready()
}

fn voip_call(direction: &str, token: &str) -> Value {
    let device = json!({ "platform": "ios", "device": "a phone", "push_token": token });
    json!({ "type": "voip_call", "direction": direction, "device_info": device })
}

/// A phone that has called once and is gone: its `client_id`.
async fn phone(server: &Server, token: &str) -> String {
    let mut phone = Client::connect(server).await;
    phone.send(voip_call("outgoing", token)).await;
    let offer = phone.until("voip_offer").await;
    phone
        .send(json!({ "type": "voip_end", "call_id": offer["call_id"] }))
        .await;
    phone.until("voip_ended").await;
    let id = phone.client_id.clone();
    phone.close().await;
    id
}

/// Rings it; gives the call.
async fn ring(asks: &mut Client, client_id: &str) -> Value {
    asks.send(json!({ "type": "voip_ring", "client_id": client_id, "caller": "the kitchen" }))
        .await;
    let told = asks.until("voip_state").await;
    assert_eq!(told["state"], "ringing");
    told["call_id"].clone()
}

async fn refused(asks: &mut Client, message: Value) -> String {
    asks.send(message).await;
    let error = asks.until("voip_error").await;
    error["code"].as_str().expect("a code").to_owned()
}

/// What somebody who asked for a ring is told of its end: which, why, and in whose words.
async fn told(asks: &mut Client) -> (Value, Value, Value) {
    let mut ended = asks.until("voip_ended").await;
    assert_eq!(ended["duration_ms"], 0);
    let [call_id, reason, words] = ["call_id", "reason", "words"].map(|name| ended[name].take());
    (call_id, reason, words)
}

async fn calls(client: &mut Client) -> Vec<Value> {
    client.send(json!({ "type": "get_context" })).await;
    let context = client.until("context").await;
    context["data"]["calls"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn a_phone_that_is_away_is_woken_up_and_answers_or_declines() {
    let mut service = PushService::start().await;
    let server = start(&service, &[]);
    // Digits in capitals are the same token.
    let id = phone(&server, &token(0xab).to_uppercase()).await;
    let mut asks = Client::connect(&server).await;
    let call_id = ring(&mut asks, &id).await;
    let push = service.next().await;
    assert_eq!(push.token, token(0xab));
    assert_eq!(
        (&push.payload["call_id"], &push.payload["caller"]),
        (&call_id, &json!("the kitchen"))
    );
    assert_eq!(push.payload["node_id"], asks.connected["nodes"][0]);
    let again = json!({ "type": "voip_ring", "client_id": id });
    assert_eq!(refused(&mut asks, again.clone()).await, "busy");

    // Woken up, it connects and answers.
    let mut woken = Client::resume(&server, &id).await;
    let mut answer = voip_call("incoming", &token(0xcd));
    answer["call_id"] = json!("0".repeat(32));
    assert_eq!(refused(&mut woken, answer.clone()).await, "unknown_call");
    answer["call_id"] = call_id.clone();
    woken.send(answer.clone()).await;
    let offer = woken.until("voip_offer").await;
    assert_eq!(
        (&offer["call_id"], &offer["node_id"]),
        (&call_id, &push.payload["node_id"])
    );
    assert_eq!(refused(&mut asks, again.clone()).await, "busy");
    woken
        .send(json!({ "type": "voip_end", "call_id": call_id, "reason": "dinner" }))
        .await;
    let ended = woken.until("voip_ended").await;
    assert_eq!(
        (&ended["reason"], &ended["words"]),
        (&json!("hung_up"), &json!("dinner"))
    );
    let history = calls(&mut woken).await;
    let last = history.last().expect("a call");
    assert_eq!(
        (&last["direction"], &last["words"], &last["missed"]),
        (&json!("incoming"), &json!("dinner"), &json!(false))
    );
    assert_eq!(refused(&mut woken, answer).await, "unknown_call", "once");
    woken.close().await;

    // The next time it has another token, comes in another conversation, and declines.
    let call_id = ring(&mut asks, &id).await;
    assert_eq!(service.next().await.token, token(0xcd));
    let mut woken = Client::connect(&server).await;
    woken
        .send(json!({ "type": "voip_end", "call_id": call_id }))
        .await;
    assert_eq!(woken.until("voip_ended").await["reason"], "declined");
    woken.close().await;
    // It is rung no more, and whoever asks next finds the line free.
    ring(&mut asks, &id).await;
    let last = service.next().await;
    assert!(service.is_quiet(), "one push a ring");
    assert_eq!(last.provider, push.provider, "signed once");

    // Tokens and keys are nobody's business.
    let log = server.log();
    let key = service.key();
    let secret = key.lines().nth(1).expect("base64");
    for word in [&token(0xab), &token(0xcd), &push.provider, secret, "dinner"] {
        assert!(!log.contains(word.trim()), "the log tells");
    }
    for file in std::fs::read_dir(server.folder().join("data")).expect("the data") {
        let path = file.expect("a file").path();
        if path.is_dir() {
            // The other soul's, which no phone belongs to.
            continue;
        }
        let bytes = std::fs::read(&path).expect("read");
        let token = token(0xcd);
        let found = bytes.windows(64).any(|window| window == token.as_bytes());
        assert!(!found, "{}", path.display());
    }
    asks.close().await;
}

#[tokio::test]
async fn what_the_push_service_says_is_heeded() {
    let mut service = PushService::start().await;
    let server = start(&service, &[]);
    let mut asks = Client::connect(&server).await;
    // Nobody will answer this one: it rings beside the others, until it is missed.
    let forgotten = phone(&server, &token(1)).await;
    let missed = ring(&mut asks, &forgotten).await;
    service.next().await;

    let id = phone(&server, &token(2)).await;
    use Answer::{Drop, Fine, Later, No};
    let rows: [(&[Answer], usize, bool); 9] = [
        (&[Fine], 1, true),
        (&[No(500, "InternalServerError"), Fine], 2, true),
        (&[Later(429, "1"), Fine], 2, true),
        (&[Drop, Fine], 2, true),
        (
            &[No(503, "Shutdown"), No(500, "InternalServerError")],
            2,
            false,
        ),
        (&[Drop, Drop], 2, false),
        (&[Later(429, "60")], 1, false),
        // Signed a moment ago: another could not be signed sooner than after twenty minutes.
        (&[No(403, "ExpiredProviderToken")], 1, false),
        (&[No(400, "BadTopic")], 1, false),
    ];
    for (answers, pushes, rings) in rows {
        service.answer(answers);
        let call_id = ring(&mut asks, &id).await;
        let mut came = Vec::new();
        for _ in 0..pushes {
            came.push(service.next().await);
        }
        if let [Later(_, "1"), ..] = answers {
            assert!(came[1].at - came[0].at >= Duration::from_secs(1));
        }
        if rings {
            let mut woken = Client::connect(&server).await;
            woken
                .send(json!({ "type": "voip_end", "call_id": call_id }))
                .await;
            assert_eq!(woken.until("voip_ended").await["reason"], "declined");
            woken.close().await;
        }
        let (ended, reason, _) = told(&mut asks).await;
        let expected = if rings { "declined" } else { "unreachable" };
        assert_eq!((&ended, reason), (&call_id, json!(expected)), "{answers:?}");
        assert!(service.is_quiet(), "{answers:?}");
    }
    // The service says nothing, but may have woken it up.
    service.answer(&[Answer::Hang]);
    let call_id = ring(&mut asks, &id).await;
    service.next().await;
    let mut woken = Client::resume(&server, &id).await;
    let mut answer = voip_call("incoming", &token(2));
    answer["call_id"] = call_id.clone();
    woken.send(answer).await;
    assert_eq!(woken.until("voip_offer").await["call_id"], call_id);
    woken.close().await;
    let (ended, reason, _) = told(&mut asks).await;
    assert_eq!((&ended, reason), (&call_id, json!("client_gone")));
    // Whom it does not know is forgotten.
    for (number, answer) in [(3, No(410, "Unregistered")), (4, No(400, "BadDeviceToken"))] {
        let id = phone(&server, &token(number)).await;
        service.answer(&[answer]);
        let call_id = ring(&mut asks, &id).await;
        assert_eq!(service.next().await.token, token(number));
        let ended = asks.until("voip_ended").await;
        assert_eq!(
            (&ended["call_id"], &ended["reason"]),
            (&call_id, &json!("unreachable"))
        );
        let again = json!({ "type": "voip_ring", "client_id": id });
        assert_eq!(refused(&mut asks, again).await, "unknown_client");
        let mut back = Client::resume(&server, &id).await;
        let history = calls(&mut back).await;
        let last = history.last().expect("a call");
        assert_eq!(
            (&last["reason"], &last["missed"]),
            (&json!("unreachable"), &json!(true))
        );
        back.close().await;
    }
    let ended = asks.until("voip_ended").await;
    assert_eq!(
        (&ended["call_id"], &ended["reason"]),
        (&missed, &json!("missed"))
    );
    let mut back = Client::resume(&server, &forgotten).await;
    let history = calls(&mut back).await;
    let last = history.last().expect("a call");
    assert_eq!(
        (&last["reason"], &last["missed"]),
        (&json!("missed"), &json!(true))
    );
    let mut late = voip_call("incoming", &token(1));
    late["call_id"] = missed;
    assert_eq!(refused(&mut back, late).await, "unknown_call");
    back.close().await;
    asks.close().await;
}

#[tokio::test]
async fn who_asked_hears_how_it_ends_at_the_phone_unless_somebody_talks_there() {
    let mut service = PushService::start().await;
    let server = start(&service, &[]);
    let id = phone(&server, &token(1)).await;
    let mut asks = Client::connect(&server).await;
    let end = |call_id: &Value, words: &str| json!({ "type": "voip_end", "call_id": call_id, "reason": words });

    // It declines, and says why.
    let call_id = ring(&mut asks, &id).await;
    service.next().await;
    let mut woken = Client::resume(&server, &id).await;
    woken.send(end(&call_id, "in a meeting")).await;
    let expected = (call_id, json!("declined"), json!("in a meeting"));
    assert_eq!(told(&mut asks).await, expected);
    // The phone itself is told as ever.
    assert_eq!(woken.until("voip_ended").await["words"], "in a meeting");
    woken.close().await;

    // It answers, and hangs up before voice flows.
    let call_id = ring(&mut asks, &id).await;
    service.next().await;
    let mut woken = Client::resume(&server, &id).await;
    let mut answer = voip_call("incoming", &token(1));
    answer["call_id"] = call_id.clone();
    woken.send(answer.clone()).await;
    woken.until("voip_offer").await;
    woken.send(end(&call_id, "")).await;
    let expected = (call_id, json!("hung_up"), Value::Null);
    assert_eq!(told(&mut asks).await, expected);
    woken.close().await;

    // It answers and talks, by a recording: the rest is between the two.
    let call_id = ring(&mut asks, &id).await;
    service.next().await;
    let mut woken = Client::resume(&server, &id).await;
    answer["call_id"] = call_id.clone();
    woken.send(answer.clone()).await;
    woken.until("voip_offer").await;
    let sound = sound::base64(&[0; 32_000]);
    woken
        .send(json!({ "type": "voip_audio", "call_id": call_id, "audio": sound }))
        .await;
    // Silence has no words.
    assert_eq!(woken.until("voip_error").await["code"], "no_speech");
    woken.send(end(&call_id, "until tomorrow")).await;
    woken.until("voip_ended").await;
    woken.close().await;
    // It vanishes after it has answered. This is the next that is told.
    let call_id = ring(&mut asks, &id).await;
    service.next().await;
    let mut woken = Client::resume(&server, &id).await;
    answer["call_id"] = call_id.clone();
    woken.send(answer).await;
    woken.until("voip_offer").await;
    woken.close().await;
    let expected = (call_id, json!("client_gone"), Value::Null);
    assert_eq!(told(&mut asks).await, expected);
    for words in ["in a meeting", "until tomorrow"] {
        assert!(!server.log().contains(words), "the log tells");
    }
    asks.close().await;
}

#[tokio::test]
async fn only_the_operators_own_device_is_rung_and_only_until_it_is_revoked() {
    let mut service = PushService::start().await;
    let server = start(&service, &["server.host=0.0.0.0"]);
    let Some(address) = elsewhere::address(server.address().port()) else {
        return;
    };
    let mut asks = Client::connect(&server).await;
    let mut devices = Vec::new();
    for (role, number) in [("operator", 1), ("operator", 2), ("guest", 3)] {
        asks.send(json!({ "type": "pair_open", "role": role }))
            .await;
        let opened = asks.until("pair_opened").await;
        let text = |name: &str| opened[name].as_str().expect("a text").to_owned();
        let (code, seen) = (text("code"), text("fingerprint"));
        let mut stranger = Elsewhere::open(address, &seen, Key::None)
            .await
            .expect("upgraded");
        stranger.told().await;
        let paired = stranger.pair(&code, &seen, role).await;
        asks.until("device_paired").await;
        let key = paired["key"].as_str().expect("a key").to_owned();
        let mut device = Elsewhere::open(address, &seen, Key::Bearer(&key))
            .await
            .expect("upgraded");
        let client_id = device.until("connected").await["client_id"].clone();
        let client_id = client_id.as_str().expect("an id").to_owned();
        device.send(voip_call("outgoing", &token(number))).await;
        device.until("voip_offer").await;
        let id = paired["device_id"].as_str().expect("an id").to_owned();
        devices.push((client_id, key, seen, id));
        drop(device);
    }
    let [(phone, key, seen, id), (_, other, ..), (guest, ..)] = &devices[..] else {
        panic!("three devices");
    };
    let gone = || async {
        while server.clients() > 1 {
            janet_tests::server::look_again().await;
        }
    };
    gone().await;
    let to = |client_id: &str| json!({ "type": "voip_ring", "client_id": client_id });
    assert_eq!(refused(&mut asks, to(guest)).await, "unknown_client");
    let call_id = ring(&mut asks, phone).await;
    assert_eq!(service.next().await.token, token(1));
    let decline = json!({ "type": "voip_end", "call_id": call_id });
    // Neither the other device nor this machine was rung.
    assert_eq!(refused(&mut asks, decline.clone()).await, "unknown_call");
    let mut wrong = Elsewhere::open(address, seen, Key::Bearer(other))
        .await
        .expect("upgraded");
    wrong.until("connected").await;
    wrong.send(decline.clone()).await;
    assert_eq!(wrong.until("voip_error").await["code"], "unknown_call");
    let mut right = Elsewhere::open(address, seen, Key::Bearer(key))
        .await
        .expect("upgraded");
    right.until("connected").await;
    right.send(decline).await;
    assert_eq!(right.until("voip_ended").await["reason"], "declined");
    drop((wrong, right));
    gone().await;
    asks.send(json!({ "type": "device_revoke", "device_id": id }))
        .await;
    asks.until("device_revoked").await;
    assert_eq!(refused(&mut asks, to(phone)).await, "unknown_client");
    assert!(service.is_quiet());
    asks.close().await;
}
