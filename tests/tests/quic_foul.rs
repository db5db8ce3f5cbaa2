//! A headset on a bad network: another network namespace, where that is permitted, behind a relay that loses
//! a tenth of all packets, delays each by up to 50 ms, lets them overtake each other and doubles some.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use janet_tests::netns::Namespace;
use janet_tests::relay::{Relay, Weather};
use janet_tests::server::janet;
use janet_tests::{Server, sound};
use serde_json::Value;
use tokio::process::Command;
use tokio::time::timeout;

use crate::quic_doors::pair;

/// Twice an answer on two cores that other tests use, too.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test]
async fn a_question_across_a_foul_network_is_answered_and_what_was_lost_is_mended() {
    let namespace = Namespace::make();
    // The server knows its addresses from its start.
    let server = Server::start(&["server.host=0.0.0.0"]).ready();
    let folder = tempfile::tempdir().expect("a folder");
    let here = match &namespace {
        Some(namespace) => namespace.here(),
        None => {
            println!("NOTE: the client runs on this machine's loopback instead");
            Ipv4Addr::LOCALHOST
        }
    };
    let behind = SocketAddr::new(here.into(), server.quic().port());
    let relay = Relay::start((here, 0).into(), behind, Weather::foul(2027)).await;
    let relay = relay.expect("a relay");

    let mut words: Vec<String> = Vec::new();
    if let Some(namespace) = &namespace {
        words.extend(namespace.inside().map(str::to_owned));
    }
    words.push(janet().display().to_string());
    let relay_address = relay.address().to_string();
    words.extend(
        [
            "client",
            "--json",
            "--quic",
            relay_address.as_str(),
            "--say",
        ]
        .map(str::to_owned),
    );
    words.push(sound::clip_path("goforward").display().to_string());
    if namespace.is_some() {
        // Another machine, as far as the server is concerned.
        let tcp = SocketAddr::new(here.into(), server.address().port());
        let (_, key, fingerprint) = pair(&server, tcp, "guest").await;
        let file = folder.path().join("key");
        std::fs::write(&file, key).expect("written");
        words.extend([
            "--fingerprint".to_owned(),
            fingerprint,
            "--key-file".to_owned(),
        ]);
        words.push(file.display().to_string());
    }
    let answer = folder.path().join("answer.wav");
    words.extend(["-o".to_owned(), answer.display().to_string()]);
    let [program, arguments @ ..] = words.as_slice() else {
        unreachable!("the client is one of the words");
    };
    let output = Command::new(program)
        .args(arguments)
        .kill_on_drop(true)
        .output();
    let output = timeout(PATIENCE, output)
        .await
        .expect("it ends")
        .expect("it runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let object: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    println!("{}", object["figures"]);
    let user = object["user"][0].as_str().expect("a question");
    assert!(user.to_lowercase().contains("forward"), "{object}");
    let figure = |name: &str| object["figures"][name].as_f64().expect("a number");
    assert!((2.0..25.0).contains(&figure("loss_percent")), "{object}");
    // Of her voice; what is lost of a silence is not worth a copy.
    assert!(figure("fec_recovered") >= 2.0, "{object}");
    let wav = std::fs::read(&answer).expect("written");
    let heard = janet_audio::wav::read(&wav, PATIENCE).expect("a WAV file");
    assert!(heard.iter().any(|sample| sample.abs() > 0.05), "silence");
    let (carried, lost) = relay.carried_and_lost();
    assert!(lost > 20 && carried > lost, "{carried} {lost}");
}
