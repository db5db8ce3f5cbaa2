//! A conversation over QUIC: asked by voice, answered by voice, through the client of `vr-sdk`.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use janet_protocol::quic::{Header, Kind};
use janet_protocol::{FRAME_SAMPLES as FACE_SAMPLES, FaceFrame, ServerMessage};
use janet_tests::over_quic::Raw;
use janet_tests::server::janet;
use janet_tests::sound::{self, RATE_HZ};
use janet_tests::{Client as WebSocket, Server};
use janet_vr::{Client, Event, FRAME_SAMPLES, Hello, Next, Options, Trust};
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::{Instant as Moment, interval, timeout};

/// An answer on two cores that other tests use, too.
const PATIENCE: Duration = Duration::from_secs(60);

fn options(server: SocketAddr) -> Options {
    Options {
        server,
        trust: Trust::ThisMachine,
        hello: Hello::default(),
        local: None,
    }
}

/// A recorded clip at the rate of the client.
fn clip(name: &str) -> Vec<f32> {
    janet_audio::resample(&sound::clip(name), RATE_HZ, janet_vr::RATE_HZ).expect("two rates")
}

/// What came back.
#[derive(Default)]
struct Heard {
    said: Vec<ServerMessage>,
    /// Frames in which something is to be heard.
    loud: usize,
    faces: Vec<FaceFrame>,
    is_open: bool,
}

impl Heard {
    fn answers(&self) -> usize {
        let is_answer =
            |said: &&ServerMessage| matches!(said, ServerMessage::AssistantMessage { .. });
        self.said.iter().filter(is_answer).count()
    }

    fn words(&self) -> String {
        let text = |said: &ServerMessage| match said {
            ServerMessage::AssistantMessage { user_text, .. } => Some(user_text.expose().clone()),
            _ => None,
        };
        self.said.iter().filter_map(text).collect()
    }
}

/// Speaks in real time, silence behind it, and listens, until `done`. It is asked on every beat.
async fn speak(
    client: &mut Client,
    speech: &[f32],
    heard: &mut Heard,
    mut done: impl FnMut(&Client, &Heard, usize) -> bool,
) {
    let mut packets = speech.chunks_exact(FRAME_SAMPLES);
    let mut beat = interval(Duration::from_millis(20));
    let until = Moment::now() + PATIENCE;
    for n in 0.. {
        // Everything that comes within this beat.
        loop {
            tokio::select! {
                _ = beat.tick() => break,
                next = client.next() => match next.expect("the connection lasts") {
                    Next::Event(Event::Opened { .. }) => heard.is_open = true,
                    Next::Event(Event::Closed) => panic!("the session was ended"),
                    Next::Event(Event::Said(message)) => heard.said.push(*message),
                    Next::Face(frame) => heard.faces.push(frame),
                    Next::Sound(frame) => {
                        heard.loud += usize::from(frame.iter().any(|sample| sample.abs() > 0.01));
                    }
                },
            }
        }
        if heard.is_open {
            client.speak(packets.next().unwrap_or(&[0.0; FRAME_SAMPLES]));
        }
        if done(client, heard, n) {
            return;
        }
        assert!(
            Moment::now() < until,
            "nothing more came; so far: {:?}",
            heard.said
        );
    }
}

#[tokio::test]
async fn a_spoken_question_is_answered_by_voice_and_its_playout_is_believed() {
    let server = Server::shared();
    let mut client = Client::connect(&options(server.quic()))
        .await
        .expect("connected");
    client.open_voice().await;
    let mut heard = Heard::default();
    let speech = clip("goforward");
    speak(&mut client, &speech, &mut heard, |_, heard, _| {
        heard.answers() > 0 && heard.loud > 25
    })
    .await;
    assert!(
        heard.words().to_lowercase().contains("forward"),
        "{}",
        heard.words()
    );
    let has = |wanted: fn(&ServerMessage) -> bool| heard.said.iter().any(wanted);
    assert!(has(|said| matches!(
        said,
        ServerMessage::Transcript { last: true, .. }
    )));
    assert!(has(|said| matches!(said, ServerMessage::Speaking { .. })));
    assert!(has(|said| matches!(said, ServerMessage::FaceClock { .. })));
    let stats = client.stats();
    assert!(stats.received > 50 && stats.sent > 50, "{stats:?}");
    assert_eq!(stats.garbage, 0, "{stats:?}");
    // Her face came along, each frame with its sample, and her mouth was open at times.
    let on_grid = |face: &&FaceFrame| face.timestamp.is_multiple_of(FACE_SAMPLES);
    assert!(
        heard.faces.iter().filter(on_grid).count() > 25,
        "{:?}",
        heard.faces
    );
    assert!(heard.faces.is_sorted_by_key(|face| face.timestamp));
    assert!(
        heard
            .faces
            .iter()
            .any(|face| face.weights[1..].iter().any(|w| *w > 127))
    );
    // Interrupted: she falls silent, and says how far she was heard.
    client.say(janet_protocol::ClientMessage::Interrupt).await;
    speak(&mut client, &[], &mut heard, |_, heard, _| {
        let flushed = |said: &ServerMessage| matches!(said, ServerMessage::PlayoutFlush { .. });
        let finished = |said: &ServerMessage| {
            use janet_protocol::SpeakingState::{Finished, Stopped};
            matches!(
                said,
                ServerMessage::Speaking {
                    state: Finished | Stopped,
                    ..
                }
            )
        };
        heard.said.iter().any(flushed) || heard.said.iter().any(finished)
    })
    .await;
    client.close().await;
}

#[tokio::test]
async fn who_changes_networks_in_the_middle_goes_on() {
    let server = Server::shared();
    let mut client = Client::connect(&options(server.quic()))
        .await
        .expect("connected");
    client.open_voice().await;
    let mut heard = Heard::default();
    let speech = clip("goforward");
    let half = speech.len() / FRAME_SAMPLES / 2;
    let mut ports = vec![client.local_address().expect("bound").port()];
    let (mut spoken, mut has_moved_while_she_speaks) = (0, None);
    speak(&mut client, &speech, &mut heard, |client, heard, _| {
        spoken += usize::from(heard.is_open);
        let moves = match has_moved_while_she_speaks {
            _ if spoken == half && ports.len() == 1 => true,
            None if heard.loud > 10 => {
                has_moved_while_she_speaks = Some(heard.loud);
                true
            }
            _ => false,
        };
        if moves {
            client.rebind().expect("another socket");
            ports.push(client.local_address().expect("bound").port());
        }
        // Heard on over the third socket.
        heard.answers() > 0 && has_moved_while_she_speaks.is_some_and(|loud| heard.loud > loud + 20)
    })
    .await;
    assert!(
        heard.words().to_lowercase().contains("forward"),
        "{}",
        heard.words()
    );
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 3, "{ports:?}");
    client.close().await;
}

#[tokio::test]
async fn the_command_line_asks_by_a_recording_writes_what_it_hears_and_counts() {
    let server = Server::shared();
    let folder = tempfile::tempdir().expect("a folder");
    let answer = folder.path().join("answer.wav");
    let output = Command::new(janet())
        .args([
            "client",
            "--quic",
            &server.quic().to_string(),
            "--json",
            "--say",
        ])
        .arg(sound::clip_path("goforward"))
        .arg("-o")
        .arg(&answer)
        .output();
    let output = timeout(PATIENCE * 2, output)
        .await
        .expect("it ends")
        .expect("it runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let object: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let user = object["user"][0]
        .as_str()
        .expect("a question")
        .to_lowercase();
    assert!(user.contains("forward"), "{object}");
    for figure in [
        "connected_ms",
        "opened_ms",
        "first_audio_ms",
        "packets",
        "sent",
    ] {
        assert!(object["figures"][figure].is_u64(), "{figure}: {object}");
    }
    let wav = std::fs::read(&answer).expect("written");
    let heard = janet_audio::wav::read(&wav, PATIENCE).expect("a WAV file");
    assert!(heard.iter().any(|sample| sample.abs() > 0.05), "silence");
}

/// What `janet client` says with these words, which are wrong.
async fn complaint(words: &[&str]) -> String {
    let output = Command::new(janet()).arg("client").args(words).output();
    let output = output.await.expect("it runs");
    assert!(!output.status.success(), "{words:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn what_is_wrong_on_the_command_line_is_said_by_name() {
    let nobody = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let nobody = nobody.local_addr().expect("bound").to_string();
    for (words, wanted) in [
        (vec!["--quic", "127.0.0.1:many"], "HOST:PORT"),
        (vec!["--quic", "192.0.2.1:8767"], "fingerprint"),
        (
            vec!["--quic", "127.0.0.1", "--fingerprint", "12"],
            "64 hexadecimal digits",
        ),
        (
            vec!["--quic", "127.0.0.1", "--say", "/nowhere.wav"],
            "/nowhere.wav",
        ),
        (vec!["--quic", nobody.as_str()], "cannot be reached"),
    ] {
        let told = complaint(&words).await;
        assert!(told.contains(wanted), "{words:?}: {told}");
    }
    // Another certificate than hers.
    let here = Server::shared().quic().to_string();
    let other = "00".repeat(32);
    let told = complaint(&["--quic", &here, "--fingerprint", &other]).await;
    assert!(told.contains("another certificate"), "{told}");
}

#[tokio::test]
async fn a_conversation_goes_on_over_the_other_carrier() {
    let server = Server::shared();
    let mut raw = Raw::greet(server.quic(), None).await;
    let connected = raw.until("connected").await;
    assert_eq!(connected["role"], "operator");
    let capabilities = connected["capabilities"].as_array().expect("a list");
    assert!(capabilities.contains(&json!("quic")), "{connected}");
    raw.say(json!({ "type": "message", "text": "Hello.", "request_id": 5 }))
        .await;
    let answer = raw.until("assistant_message").await;
    assert_eq!(answer["request_id"], 5);
    let id = connected["client_id"].as_str().expect("an id");
    let mut client = WebSocket::resume(server, id).await;
    // The one who sat there hears why it has to leave.
    assert_eq!(raw.until("error").await["code"], "superseded");
    assert_eq!(raw.goodbye().await.0, 1008);
    client.send(json!({ "type": "get_context" })).await;
    let context = client.until("context").await;
    let messages = context["data"]["messages"].as_array().expect("a list");
    assert_eq!(messages.len(), 2, "{messages:?}");
    client.close().await;
}

#[tokio::test]
async fn datagrams_of_the_session_and_no_others_are_heard() {
    let server = Server::shared();
    let mut raw = Raw::enter(server.quic(), None).await;
    let session = raw.open_voice().await;
    let dropped = "janet_quic_dropped_datagrams_total";
    let before = server.measured(dropped);
    let header = Header {
        kind: Kind::Opus,
        session,
        sequence: 1,
        timestamp: 960,
    };
    let good = header.write(&[0xF8, 0xFF, 0xFE]).expect("short enough");
    let mut unknown = good.clone();
    unknown[0] = 9;
    let other = Header {
        session: session.wrapping_add(1),
        ..header
    };
    let face = Header {
        kind: Kind::Face,
        ..header
    };
    let wrong = [
        vec![],
        vec![1],
        good[..9].to_vec(),
        unknown,
        other.write(&[1, 2, 3]).expect("short enough"),
        face.write(&[0]).expect("short enough"),
    ];
    let mut rng = fastrand::Rng::with_seed(5);
    let garbage = (0..100).map(|_| (0..rng.usize(..1100)).map(|_| rng.u8(3..)).collect());
    let all: Vec<Vec<u8>> = wrong.into_iter().chain(garbage).collect();
    let sent = all.len() as f64;
    for datagram in all {
        // Waits for room: none of them gives way to another.
        let sent = raw.connection.send_datagram_wait(datagram.into()).await;
        sent.expect("the connection lasts");
    }
    let since = Instant::now();
    while server.measured(dropped) < before + sent {
        assert!(
            since.elapsed() < PATIENCE,
            "{}",
            server.measured(dropped) - before
        );
        janet_tests::server::look_again().await;
    }
    // Opus that is none: the session goes on, and so does everything else.
    let sent = raw.connection.send_datagram_wait(good.into()).await;
    sent.expect("the connection lasts");
    raw.is_served().await;
    assert!(
        raw.connection.read_datagram().await.is_ok(),
        "she is still there"
    );
    raw.say(json!({ "type": "audio_stop" })).await;
    raw.is_served().await;
}

#[tokio::test]
async fn a_headset_says_where_its_wearer_looks() {
    let server = Server::shared();
    let mut client = Raw::enter(server.quic(), None).await;
    let connect = json!({ "type": "vr_connect", "transport": "quic", "session_id": "seen" });
    client.say(connect).await;
    client.until("vr_opened").await;
    let head = json!({ "position": [0.0, 1.5, 0.25], "rotation": [0.0, 0.0, 0.0, 1.0] });
    let pose = |id: &str| json!({ "type": "vr_pose", "session_id": id, "head": head });
    client.say(pose("another")).await;
    let refused = client.until("vr_error").await;
    assert_eq!(refused["code"], "unknown_session", "{refused}");
    client.say(pose("seen")).await;
    client.say(json!({ "type": "get_context" })).await;
    let context = client.until("context").await;
    assert_eq!(context["data"]["pose"]["head"], head, "{context}");
}

#[tokio::test]
async fn a_server_that_goes_down_leaves_a_client_that_says_goodbye() {
    let server = Server::start(&[]).ready();
    let mut client = Client::connect(&options(server.quic()))
        .await
        .expect("connected");
    server.signal("TERM");
    let gone = async { while client.next().await.is_ok() {} };
    timeout(PATIENCE, gone).await.expect("it ends");
    assert!(client.next().await.is_err(), "and stays so");
    client.close().await;
}
