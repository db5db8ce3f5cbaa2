//! `/v1/audio`: other software has recordings heard and texts spoken.

use std::time::Duration;

use janet_audio::wav;
use janet_tests::http::{self, Answer};
use janet_tests::{Server, sound};
use serde_json::{Value, json};

/// A form with a file and these fields.
fn hear(file: &[u8], fields: &[(&str, &str)]) -> Answer {
    let mut body = Vec::new();
    for (name, value) in fields {
        let part = format!("--xyz\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        body.extend(part.into_bytes());
        body.extend(value.as_bytes());
        body.extend(b"\r\n");
    }
    let part = "--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.wav\"\r\nContent-Type: audio/wav\r\n\r\n";
    body.extend(part.bytes());
    body.extend(file);
    body.extend(b"\r\n--xyz--\r\n");
    let kind = "multipart/form-data; boundary=xyz";
    let path = "/v1/audio/transcriptions";
    http::post(Server::shared().address(), path, kind, &body).0
}

fn clip(name: &str) -> Vec<u8> {
    std::fs::read(sound::clip_path(name)).expect("a clip")
}

fn speak(more: &Value) -> (Answer, Vec<u8>) {
    let mut body = json!({ "model": "tts-1", "voice": "alloy", "input": "The train is late." });
    for (name, value) in more.as_object().expect("fields") {
        body[name] = value.clone();
    }
    let body = body.to_string();
    let address = Server::shared().address();
    http::post(
        address,
        "/v1/audio/speech",
        "application/json",
        body.as_bytes(),
    )
}

#[test]
fn a_recording_is_text_in_each_shape() {
    let file = clip("goforward");
    let with = |fields: &[(&str, &str)]| {
        let mut all = vec![("model", "whisper-1")];
        all.extend(fields);
        let answer = hear(&file, &all);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer
    };
    let plain: Value = serde_json::from_str(&with(&[]).body).expect("JSON");
    let text = plain["text"].as_str().expect("text").to_owned();
    assert!(text.to_lowercase().contains("go forward"), "{text}");
    assert_eq!(
        with(&[("response_format", "text")]).body,
        format!("{text}\n")
    );

    let verbose = with(&[
        ("response_format", "verbose_json"),
        ("language", "en"),
        ("temperature", "0"),
        ("timestamp_granularities[]", "word"),
        ("timestamp_granularities[]", "segment"),
    ]);
    let verbose: Value = serde_json::from_str(&verbose.body).expect("JSON");
    assert_eq!(
        (&verbose["text"], &verbose["language"]),
        (&json!(text), &json!("en"))
    );
    let words = verbose["words"].as_array().expect("words");
    assert_eq!(words.len(), text.split_whitespace().count(), "{verbose}");
    let at = |value: &Value, field: &str| value[field].as_f64().expect("seconds");
    assert!(
        words
            .windows(2)
            .all(|two| at(&two[0], "end") <= at(&two[1], "start") + 0.01)
    );
    let segment = &verbose["segments"][0];
    assert_eq!(at(segment, "start"), at(&words[0], "start"));
    assert!(at(words.last().expect("some"), "end") <= at(&verbose, "duration") + 0.1);

    let srt = with(&[("response_format", "srt")]).body;
    assert!(
        srt.starts_with("1\n00:00:0") && srt.contains(" --> "),
        "{srt}"
    );
    let vtt = with(&[("response_format", "vtt")]);
    assert!(vtt.body.starts_with("WEBVTT\n\n00:00:0"), "{vtt:?}");
    assert_eq!(vtt.header("content-type"), Some("text/vtt; charset=utf-8"));
}

#[test]
fn what_cannot_be_heard_is_refused_by_its_field() {
    let file = clip("goforward");
    let mp3 = [b"ID3\x04".as_slice(), &[0; 600]].concat();
    let empty = wav::write(&[], 16_000);
    for (file, field, value) in [
        (&mp3, "file", ""),
        (&empty, "file", ""),
        (&file[..1000].to_vec(), "file", ""),
        (&file, "language", "de"),
        (&file, "response_format", "yaml"),
        (&file, "prompt", "Ada"),
        (&file, "stream", "true"),
        (&file, "timestamp_granularities", "word"),
    ] {
        let name = if field.starts_with("time") {
            "timestamp_granularities[]"
        } else {
            field
        };
        let fields = [(name, value)];
        let answer = hear(file, if field == "file" { &[] } else { &fields });
        let body: Value = serde_json::from_str(&answer.body).expect("JSON");
        assert_eq!(
            (answer.status, &body["error"]["param"]),
            (400, &json!(field)),
            "{body}"
        );
    }
    let address = Server::shared().address();
    let (bare, _) = http::post(address, "/v1/audio/transcriptions", "audio/wav", &file);
    assert_eq!(bare.status, 400, "{bare:?}");
    assert!(bare.body.contains("multipart/form-data"), "{bare:?}");
}

#[test]
fn what_is_spoken_is_heard_again() {
    let (answer, file) = speak(&json!({ "speed": 0.9 }));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("audio/wav"));
    // Nobody knew how long it would be when it was begun.
    assert_eq!(file[40..44], [0xff; 4]);
    let heard = hear(&file, &[("response_format", "text")]);
    assert_eq!(heard.status, 200, "{heard:?}");
    let heard = heard.body.to_lowercase();
    assert!(heard.contains("train") && heard.contains("late"), "{heard}");
}

#[test]
fn sound_comes_as_samples_too_and_as_fast_as_it_is_wanted() {
    let seconds = |speed: f32| {
        let (answer, pcm) = speak(&json!({ "response_format": "pcm", "speed": speed }));
        assert_eq!(answer.status, 200, "{answer:?}");
        let pcm = wav::read_s16le(&pcm).expect("whole samples");
        assert!(pcm.iter().any(|sample| sample.abs() > 0.1), "it is silent");
        pcm.len() as f32 / 24_000.0
    };
    let (slow, usual, fast) = (seconds(0.5), seconds(1.0), seconds(2.0));
    assert!((0.5..4.0).contains(&usual), "{usual} s");
    // Each request draws its durations anew (±7 %, by its number), and a phoneme lasts whole frames, one at
    // least: asked for twice the speed, this sentence is 1.45 to 1.8 times as fast. Where speed counted for
    // nothing it would be 0.9 to 1.15.
    assert!(
        slow > 1.3 * usual && usual > 1.3 * fast,
        "{slow} {usual} {fast}"
    );
}

#[test]
fn what_cannot_be_spoken_is_refused_by_its_field() {
    for (more, param) in [
        (json!({ "response_format": "mp3" }), "response_format"),
        (json!({ "input": "" }), "input"),
        (json!({ "input": "…" }), "input"),
        (json!({ "speed": 9 }), "speed"),
        (json!({ "voice": "server:none" }), "voice"),
    ] {
        let (answer, _) = speak(&more);
        let body: Value = serde_json::from_str(&answer.body).expect("JSON");
        assert_eq!(
            (answer.status, &body["error"]["param"]),
            (400, &json!(param)),
            "{body}"
        );
    }
}

#[test]
fn a_long_recording_is_heard_to_its_end() {
    // Longer than what is heard as it is: the VAD finds the speech, step by step.
    let pause = vec![0.0; 16_000 * 12];
    let speech = sound::clip("goforward");
    let long = [&speech[..], &pause, &speech, &pause, &speech].concat();
    assert!(long.len() > 28 * 16_000);
    let file = wav::write(&long, 16_000);
    let limit = Duration::from_secs(60);
    assert_eq!(wav::read(&file, limit).expect("a file").len(), long.len());
    let heard = hear(&file, &[("response_format", "text")])
        .body
        .to_lowercase();
    assert_eq!(heard.matches("go forward").count(), 3, "{heard}");
}
