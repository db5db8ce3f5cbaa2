//! `/v1` from another machine: with the key of a paired device, and with nothing else.

use janet_tests::elsewhere::{self, request_with};
use janet_tests::{Client, Server, sound};
use serde_json::{Value, json};

use crate::quic_doors::pair;

const BOUNDARY: &str = "janet-boundary";

/// A form with a recording.
fn form() -> Vec<u8> {
    let wav = std::fs::read(sound::clip_path("goforward")).expect("a clip");
    let mut form = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n\
         --{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n"
    )
    .into_bytes();
    form.extend_from_slice(&wav);
    form.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    form
}

/// What is asked: the path, what the body is, and the body.
fn questions() -> [(&'static str, String, Vec<u8>); 3] {
    let json = |value: Value| {
        (
            "application/json".to_owned(),
            value.to_string().into_bytes(),
        )
    };
    let chat = json(json!({ "model": "own", "max_tokens": 8, "temperature": 0,
        "messages": [{ "role": "user", "content": "Say yes." }] }));
    let speech = json(json!({ "model": "tts-1", "voice": "own", "input": "Yes.",
        "response_format": "wav" }));
    let form = (format!("multipart/form-data; boundary={BOUNDARY}"), form());
    [
        ("/v1/chat/completions", chat.0, chat.1),
        ("/v1/audio/speech", speech.0, speech.1),
        ("/v1/audio/transcriptions", form.0, form.1),
    ]
}

#[tokio::test]
async fn a_devices_key_opens_all_of_it_over_tls_until_it_is_revoked() {
    let server = Server::start(&["server.host=0.0.0.0"]).ready();
    let Some(address) = elsewhere::address(server.address().port()) else {
        return;
    };
    let (id, key, _) = pair(&server, address, "operator").await;
    let bearer = format!("Bearer {key}");
    let wrong = format!("Bearer {}", "A".repeat(43));
    let ask = async |key: Option<&str>, path: &str, kind: &str, body: &[u8]| {
        let mut headers = vec![("Content-Type", kind)];
        headers.extend(key.map(|key| ("Authorization", key)));
        request_with(address, "POST", path, &headers, body).await
    };
    for (path, kind, body) in questions() {
        for nobody in [None, Some(wrong.as_str())] {
            let (status, _) = ask(nobody, path, &kind, &body).await;
            assert_eq!(status, 401, "{path} with {nobody:?}");
        }
        let (status, answer) = ask(Some(&bearer), path, &kind, &body).await;
        let head: String = answer.chars().take(300).collect();
        assert_eq!(status, 200, "{path}: {head}");
        let told = match path {
            "/v1/chat/completions" => "chat.completion",
            "/v1/audio/speech" => "WAVE",
            _ => "forward",
        };
        assert!(answer.contains(told), "{path}: {head}");
    }
    let mut operator = Client::greet(&server, "/ws").await;
    operator
        .send(json!({ "type": "device_revoke", "device_id": id }))
        .await;
    operator.until("device_revoked").await;
    for (path, kind, body) in questions() {
        let (status, answer) = ask(Some(&bearer), path, &kind, &body).await;
        assert_eq!(status, 401, "{path}: {answer}");
    }
    assert!(!server.log().contains(&key), "the key is in the log");
}
