//! A voice from a file of the user's, with its configuration beside it as `voice.json`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use janet_audio::wav;
use janet_tests::language_server::{LanguageServer, MODEL, Manner};
use janet_tests::server::janet;
use janet_tests::{Client, Server, sound};
use serde_json::{Value, json};

const JOE: &str = "piper-en_US-joe-medium";
const SENTENCE: &str = "The first train leaves at noon today.";
/// What the copy says of itself; the same weights, so that it speaks slower by as much.
const RATE_HZ: u32 = 16_000;
const JOES_RATE_HZ: u32 = 22_050;

fn run(words: &[&str]) -> String {
    let output = Command::new(janet())
        .args(words)
        .output()
        .expect("the binary runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{words:?}: {}",
        text(&output.stderr)
    );
    text(&output.stdout)
}

/// A copy of joe under another name that says another rate.
fn copy_of_joe(folder: &Path) -> PathBuf {
    let joe = PathBuf::from(run(&["models", "where", JOE]).trim());
    let copy = folder.join("voice.onnx");
    fs::copy(joe.join("en_US-joe-medium.onnx"), &copy).expect("joe is there");
    let config = fs::read(joe.join("en_US-joe-medium.onnx.json")).expect("it is there");
    let mut config: Value = serde_json::from_slice(&config).expect("JSON");
    assert_eq!(config["audio"]["sample_rate"], JOES_RATE_HZ);
    config["audio"]["sample_rate"] = json!(RATE_HZ);
    fs::write(folder.join("voice.json"), config.to_string()).expect("writable");
    copy
}

/// How long the sentence is in joe's own voice, in seconds.
fn said_by_joe(folder: &Path) -> f32 {
    let file = folder.join("joe.wav");
    let voice = format!("models.voice={JOE}");
    let output = file.display().to_string();
    run(&["say", SENTENCE, "--output", &output, "--set", &voice]);
    let bytes = fs::read(file).expect("it was written");
    let joe = wav::read_native(&bytes, Duration::from_secs(60)).expect("a WAV file");
    assert_eq!(joe.rate_hz, JOES_RATE_HZ);
    joe.samples.len() as f32 / JOES_RATE_HZ as f32
}

#[tokio::test(flavor = "multi_thread")]
async fn it_speaks_at_the_rate_that_the_file_beside_it_says() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let voice = copy_of_joe(folder.path());
    let language = LanguageServer::start(0, Manner::Says(vec![SENTENCE])).await;
    let server = Server::start(&[
        &format!("models.voice=file:{}", voice.display()),
        "llm.server=ollama",
        &format!("llm.url=http://{}", language.address),
    ])
    .ready();
    server.has("llm", MODEL);
    server.has("tts", "voice.onnx");
    let mut client = Client::connect(&server).await;
    let ask = json!({ "type": "message", "text": "When does it leave?", "speak": true });
    client.send(ask).await;
    let answer = client.until("assistant_message").await;
    assert_eq!(answer["text"], SENTENCE);
    let (rate_hz, heard) = sound::decode(answer["audio"].as_str().expect("a recording"));
    assert!(sound::level(&heard) > 0.01, "it is heard");
    let slower = heard.len() as f32 / rate_hz as f32 / said_by_joe(folder.path());
    let wanted = JOES_RATE_HZ as f32 / RATE_HZ as f32;
    // No sentence is spoken twice in the very same time.
    assert!(
        (slower / wanted - 1.0).abs() < 0.15,
        "{slower}, wanted {wanted}"
    );
}
