//! Voice that finds its way by servers for ICE: relayed by coturn and by nothing else, and by the address at
//! which a router is seen. A server that is wrong, or silent, delays nobody.

use janet_tests::far::Far;
use janet_tests::server::look_again;
use janet_tests::turn::{Key, PASSWORD, Turn, USERNAME, binding_answer};
use janet_tests::{Client, Server, http};
use serde_json::{Value, json};
use tokio::net::UdpSocket;

fn start(settings: &[String], key: &str) -> Server {
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    Server::start_with(&settings, &[("TURN_KEY", key)]).ready()
}

/// A session that the server offers: its name and the description.
async fn offered(client: &mut Client) -> (Value, Value) {
    client.send(json!({ "type": "vr_connect" })).await;
    let offer = client.until("vr_offer").await;
    (offer["session_id"].clone(), offer)
}

/// The answer of the other end, and that it was taken.
async fn answered(client: &mut Client, session_id: &Value, sdp: Value) {
    let answer =
        json!({ "type": "vr_audio", "session_id": session_id, "sdp": sdp, "sdp_type": "answer" });
    client.send(answer).await;
    assert_eq!(client.until("vr_response").await["status"], "connecting");
}

async fn connected(client: &mut Client) {
    while client.until("vr_response").await["status"] != "connected" {}
}

#[tokio::test]
async fn voice_goes_both_ways_through_a_relay_where_there_is_no_other_way() {
    let Some(turn) = Turn::start(Key::Password) else {
        return;
    };
    let mut settings = turn.settings(Key::Password);
    settings.push("realtime.ice_policy=relay".to_owned());
    let server = start(&settings, PASSWORD);
    // Each call has relays of its own, so that one server can call itself.
    let mut near = Client::connect(&server).await;
    let mut far = Client::connect(&server).await;
    let told = &near.connected["ice_servers"][0];
    let url = format!("turn:{}?transport=udp", turn.address());
    assert_eq!(
        (&told["urls"], &told["username"], &told["credential"]),
        (&json!([url]), &json!(USERNAME), &json!(PASSWORD))
    );
    let (near_id, offer) = offered(&mut near).await;
    assert_eq!(offer["ice_servers"][0]["urls"], json!([url]));
    far.send(json!({ "type": "vr_connect", "sdp": offer["sdp"] }))
        .await;
    let answer = far.until("vr_answer").await;
    let far_id = answer["session_id"].clone();
    answered(&mut near, &near_id, answer["sdp"].clone()).await;
    for sdp in [&offer["sdp"], &answer["sdp"]] {
        let sdp = sdp.as_str().expect("text");
        assert!(!sdp.contains(" typ host"), "an address is told:\n{sdp}");
    }
    for at in [true, false] {
        let (from, to, id) = match at {
            true => (&mut near, &mut far, &far_id),
            false => (&mut far, &mut near, &near_id),
        };
        let mut ice = from.candidate("vr_ice").await;
        let candidate = ice["candidate"].as_str().expect("text");
        assert!(candidate.contains(" typ relay"), "{candidate}");
        ice["session_id"] = id.clone();
        to.send(ice).await;
    }
    connected(&mut near).await;
    connected(&mut far).await;
    // She speaks, is heard at the other end, and what she answers there is heard here.
    near.send(json!({ "type": "message", "text": "Please tell me about the sea.", "speak": true }))
        .await;
    near.until("assistant_message").await;
    for client in [&mut far, &mut near] {
        let heard = client.until("transcript").await;
        let words = heard["text"].as_str().expect("text");
        assert!(!words.trim().is_empty(), "{heard}");
    }
    // The goodbye goes through the relay, too.
    near.send(json!({ "type": "audio_stop" })).await;
    while far.until("vr_response").await["status"] != "ended" {}
    // Both relays are given back.
    turn.says("lifetime=0", 2);
    let log = server.log();
    for secret in [PASSWORD, "typ relay", "a=ice-"] {
        assert!(!log.contains(secret), "{secret} is logged");
    }
}

#[tokio::test]
async fn a_shared_secret_is_as_good_as_a_password_and_a_wrong_one_delays_nobody() {
    let Some(turn) = Turn::start(Key::Shared) else {
        return;
    };
    for (secret, is_right) in [(PASSWORD, true), ("wrong", false)] {
        let server = start(&turn.settings(Key::Shared), secret);
        let mut client = Client::connect(&server).await;
        let told = client.connected["ice_servers"][0].clone();
        let username = told["username"].as_str().expect("a name");
        assert!(username.ends_with(&format!(":{USERNAME}")), "{username}");
        assert_ne!(told["credential"], json!(secret));
        let mut far = Far::meet().await;
        let (id, offer) = offered(&mut client).await;
        let sdp = far.answer(&offer).await;
        answered(&mut client, &id, sdp).await;
        if is_right {
            let ice = client.candidate("vr_ice").await;
            assert!(
                ice["candidate"]
                    .as_str()
                    .expect("text")
                    .contains(" typ relay")
            );
        } else {
            connected(&mut client).await;
            let refused = "janet_webrtc_relays_refused_total{why=\"refused\"} 1";
            while !http::get(server.address(), "/metrics")
                .body
                .contains(refused)
            {
                look_again().await;
            }
        }
        client.is_served().await;
        client.close().await;
        far.close().await;
    }
}

#[tokio::test]
async fn servers_that_never_answer_delay_nobody() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let address = silent.local_addr().expect("it is bound");
    let servers = format!("realtime.ice_servers=stun:{address}, turn:{address}");
    let settings = [
        servers,
        "realtime.turn_username=janet".to_owned(),
        "realtime.turn_password_env=TURN_KEY".to_owned(),
    ];
    let server = start(&settings, PASSWORD);
    let mut client = Client::connect(&server).await;
    let mut far = Far::meet().await;
    let (id, offer) = offered(&mut client).await;
    let sdp = far.answer(&offer).await;
    answered(&mut client, &id, sdp).await;
    connected(&mut client).await;
    // Both were asked: for our address from the port itself, for a relay from a port of its own.
    let (mut asked_binding, mut asked_relay) = (false, false);
    let mut request = [0; 1500];
    while !(asked_binding && asked_relay) {
        let (_, from) = silent.recv_from(&mut request).await.expect("a socket");
        let is_ours = from.port() == server.address().port();
        match request[1] {
            1 if is_ours => asked_binding = true,
            3 if !is_ours => asked_relay = true,
            other => panic!("request {other} from port {}", from.port()),
        }
    }
    let gone = http::get(server.address(), "/metrics").body;
    assert!(gone.contains("janet_webrtc_setup_seconds"), "{gone}");
    client.close().await;
    far.close().await;
}

#[tokio::test]
async fn the_far_end_is_told_at_which_address_a_router_shows_the_port() {
    let stun = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let address = stun.local_addr().expect("it is bound");
    let server = start(&[format!("realtime.ice_servers=stun:{address}")], "");
    let mut client = Client::connect(&server).await;
    let told = json!([{ "urls": [format!("stun:{address}")] }]);
    assert_eq!(client.connected["ice_servers"], told);
    let (id, _) = offered(&mut client).await;
    let mut request = [0; 1500];
    let (len, from) = stun.recv_from(&mut request).await.expect("a socket");
    assert_eq!(
        from.port(),
        server.address().port(),
        "it is the port of calls"
    );
    let answer = binding_answer(&request[..len], ([203, 0, 113, 7], 4444));
    let answer = answer.expect("a request");
    stun.send_to(&answer, from).await.expect("a socket");
    let ice = client.candidate("vr_ice").await;
    assert_eq!((&ice["session_id"], &ice["sdp_mid"]), (&id, &json!("0")));
    let candidate = ice["candidate"].as_str().expect("text");
    let seen = "203.0.113.7 4444 typ srflx raddr 0.0.0.0 rport 0";
    assert!(candidate.contains(seen), "{candidate}");
    // Who calls by telephone's words hears the same.
    client.send(json!({ "type": "audio_stop" })).await;
    let device = json!({ "platform": "test", "device": "a socket" });
    client
        .send(json!({ "type": "voip_call", "direction": "outgoing", "device_info": device }))
        .await;
    let offer = client.until("voip_offer").await;
    assert_eq!(offer["ice_servers"], told);
    // Asked again, if the first call had ended before the second began.
    let answers = async {
        loop {
            let (len, from) = stun.recv_from(&mut request).await.expect("a socket");
            let answer = binding_answer(&request[..len], ([203, 0, 113, 7], 4444));
            let sent = stun.send_to(&answer.expect("a request"), from).await;
            sent.expect("a socket");
        }
    };
    let ice = tokio::select! {
        ice = client.candidate("voip_ice") => ice,
        () = answers => unreachable!("it goes on"),
    };
    assert_eq!(ice["call_id"], offer["call_id"]);
    assert!(ice["candidate"].as_str().expect("text").contains(seen));
    client.close().await;
}

#[test]
fn the_doctor_says_what_servers_for_voice_do() {
    let Some(turn) = Turn::start(Key::Password) else {
        return;
    };
    let look = |password: &str| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = std::process::Command::new(janet_tests::server::janet());
        command.args([
            "doctor",
            "--set",
            "server.port=0",
            "--set",
            "llm.server=off",
        ]);
        command.env("HOME", folder.path()).env("TURN_KEY", password);
        for setting in turn.settings(Key::Password) {
            let with_stun = setting.replace(
                "ice_servers=",
                &format!("ice_servers=stun:{}, turns:t.example, ", turn.address()),
            );
            command.args(["--set", &with_stun]);
        }
        let out = command.output().expect("it runs");
        String::from_utf8_lossy(&out.stdout).into_owned()
    };
    let address = turn.address();
    let said = look(PASSWORD);
    for line in [
        format!("stun:{address} sees this machine as 127.0.0.1"),
        format!("turn:{address}?transport=udp relays, from 127.0.0.1"),
        "turns:t.example:5349?transport=tcp is told to clients".to_owned(),
    ] {
        assert!(said.contains(&line), "{line} is not in:\n{said}");
    }
    assert!(!said.contains(PASSWORD), "{said}");
    let said = look("wrong");
    let refused = format!("turn:{address}?transport=udp does not answer, or refuses");
    assert!(said.contains(&refused), "{said}");
}
