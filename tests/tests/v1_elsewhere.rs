//! `/v1` where a language server or a speech server is configured: the same choice as in conversations.

use janet_tests::language_server::{LanguageServer, MODEL, Manner, OTHER_MODEL};
use janet_tests::speech_server::{self, RATE_HZ, SpeechServer, TONE_HZ, samples_of};
use janet_tests::{Server, http};
use serde_json::{Value, json};

async fn post(server: &Server, path: &'static str, body: Value) -> (http::Answer, Vec<u8>) {
    let (address, body) = (server.address(), body.to_string());
    let kind = "application/json";
    let asked =
        tokio::task::spawn_blocking(move || http::post(address, path, kind, body.as_bytes()));
    asked.await.expect("an answer")
}

async fn chat(server: &Server, model: &str, more: &Value) -> Value {
    let text = "My key is AKIAIOSFODNN7EXAMPLE. What is the capital of France?";
    let mut body = json!({
        "model": model, "messages": [{ "role": "user", "content": text }], "max_tokens": 30,
    });
    for (name, value) in more.as_object().expect("fields") {
        body[name] = value.clone();
    }
    let (answer, _) = post(server, "/v1/chat/completions", body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_str(&answer.body).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_language_server_answers_whoever_did_not_choose_another() {
    let pieces = vec!["<think>France?</think>", "It is ", "Paris."];
    let fake = LanguageServer::start(0, Manner::Says(pieces)).await;
    let url = format!("llm.url=http://{}/v1", fake.address);
    let server = Server::start(&["llm.server=openai", &url, "llm.first_text_ms=400"]).ready();
    server.has("llm", MODEL);

    let wishes = json!({ "top_p": 0.5, "stop": "\n\n", "seed": 5, "temperature": 0.5 });
    let answer = chat(&server, "gpt-4o", &wishes).await;
    let message = &answer["choices"][0]["message"]["content"];
    assert_eq!(
        (message, &answer["model"]),
        (&json!("It is Paris."), &json!(MODEL))
    );
    assert_eq!(answer["usage"], Value::Null, "nobody told it");
    let asked = fake.questions().pop().expect("it was asked");
    let got = ["top_p", "stop", "seed", "temperature", "max_tokens"].map(|name| &asked[name]);
    let wanted = [json!(0.5), json!(["\n\n"]), json!(5), json!(0.5), json!(30)];
    assert_eq!(got, wanted.each_ref());
    let shown = asked.to_string();
    assert!(
        shown.contains("[secret]") && !shown.contains("AKIAIOSFODNN7EXAMPLE"),
        "{shown}"
    );

    let named = format!("server:{OTHER_MODEL}");
    chat(&server, &named, &json!({})).await;
    let asked = fake.questions().pop().expect("it was asked");
    assert_eq!(asked["model"], OTHER_MODEL);

    let before = fake.questions().len();
    let own = chat(&server, "own", &json!({})).await;
    assert_eq!(fake.questions().len(), before, "she was asked herself");
    assert!(
        own["usage"]["prompt_tokens"]
            .as_u64()
            .is_some_and(|tokens| tokens > 0)
    );

    // Not a word comes of it: she answers herself.
    fake.behave(Manner::Fails);
    let instead = chat(&server, "auto", &json!({})).await;
    let text = instead["choices"][0]["message"]["content"].as_str();
    assert!(text.is_some_and(|text| !text.is_empty()), "{instead}");
}

/// How much of a sound is the stand-in's tone, 0 to 1.
fn tone(pcm: &[u8]) -> f32 {
    let sound = janet_audio::wav::read_s16le(pcm).expect("whole samples");
    let turn = std::f32::consts::TAU * TONE_HZ / RATE_HZ as f32;
    let (mut of_tone, mut all) = (0.0, 0.0);
    for window in sound.chunks_exact(480) {
        let angles = (0..480).map(|n| n as f32 * turn);
        let pairs = window.iter().zip(angles);
        let (re, im) = pairs.fold((0.0, 0.0), |(re, im), (sample, angle)| {
            (re + sample * angle.cos(), im + sample * angle.sin())
        });
        of_tone += (re * re + im * im) / 240.0;
        all += window.iter().map(|sample| sample * sample).sum::<f32>();
    }
    of_tone / all
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_speech_server_does_not_say_to_the_end_is_said_once_and_by_herself() {
    let fake = SpeechServer::start(0, speech_server::Manner::Speaks).await;
    let url = format!("tts.url=http://{}/v1", fake.address);
    let server = Server::start(&[&url, "tts.first_sound_ms=700", "tts.stall_ms=700"]).ready();
    server.has("tts", "alloy");
    let text = "The train leaves soon.";
    let say = async |voice: &str| {
        let body = json!({
            "model": "tts-1", "input": text, "voice": voice, "response_format": "pcm",
        });
        let (answer, sound) = post(&server, "/v1/audio/speech", body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        sound
    };
    let theirs = say("alloy").await;
    assert!(tone(&theirs) > 0.9, "{}", tone(&theirs));
    assert!((theirs.len() / 2).abs_diff(samples_of(text)) < 2400);
    let own = say("own").await;
    assert!(tone(&own) < 0.3, "{}", tone(&own));
    fake.behave(speech_server::Manner::BreaksOff);
    let instead = say("auto").await;
    assert!(tone(&instead) < 0.3, "{}", tone(&instead));
    assert!(instead.len().abs_diff(own.len()) < own.len() / 2);
}
