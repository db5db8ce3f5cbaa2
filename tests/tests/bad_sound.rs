//! Recordings of every kind: converted where they can be, refused with the reason where not, and
//! never answered where nobody spoke.

use janet_tests::sound::{self, Format, RATE_HZ, base64, wav_file};
use janet_tests::{Client, Server};
use serde_json::{Value, json};

async fn upload(client: &mut Client, bytes: &[u8]) -> Value {
    client
        .send(json!({ "type": "audio", "audio": base64(bytes), "request_id": 5 }))
        .await;
    loop {
        if let janet_tests::Frame::Text(value) = client.next().await
            && ["assistant_message", "error"].contains(&value["type"].as_str().unwrap_or_default())
        {
            assert_eq!(value["request_id"], 5, "{value}");
            return value;
        }
    }
}

fn refused(answer: &Value) -> &str {
    assert_eq!(answer["type"], "error", "{answer}");
    answer["code"].as_str().expect("a code")
}

#[tokio::test]
async fn eight_bit_stereo_at_44100_hz_is_heard_like_any_other() {
    let speech = janet_audio::resample(&sound::clip("goforward"), RATE_HZ, 44_100).expect("a rate");
    let mut client = Client::connect(Server::shared()).await;
    for format in [
        Format {
            rate_hz: 44_100,
            channels: 2,
            bits: 8,
        },
        Format {
            rate_hz: 44_100,
            channels: 1,
            bits: 32,
        },
    ] {
        let answer = upload(&mut client, &wav_file(&speech, format)).await;
        let heard = answer["user_text"]
            .as_str()
            .unwrap_or_default()
            .to_lowercase();
        assert!(
            heard.contains("forward") && heard.contains("meters"),
            "{format:?}: {answer}"
        );
    }
}

#[tokio::test]
async fn bare_samples_without_a_header_are_heard() {
    let bytes: Vec<u8> = sound::s16(&sound::clip("goforward"))
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect();
    let mut client = Client::connect(Server::shared()).await;
    let answer = upload(&mut client, &bytes).await;
    assert!(
        answer["user_text"]
            .as_str()
            .unwrap_or_default()
            .to_lowercase()
            .contains("forward"),
        "{answer}"
    );
    assert!(
        answer["audio"].is_string(),
        "who speaks is answered by voice: {answer}"
    );
}

#[tokio::test]
async fn a_recording_of_nothing_is_refused() {
    let mut client = Client::connect(Server::shared()).await;
    let header_only = wav_file(
        &[],
        Format {
            rate_hz: RATE_HZ,
            channels: 1,
            bits: 16,
        },
    );
    assert_eq!(
        refused(&upload(&mut client, &header_only).await),
        "empty_field"
    );
    client.send(json!({ "type": "audio", "audio": "" })).await;
    assert_eq!(client.error().await["code"], "empty_field");
    client.is_served().await;
}

#[tokio::test]
async fn samples_that_are_no_numbers_are_refused_by_number() {
    let mut samples = sound::tone(440.0, 0.5, 0.2);
    samples[1234] = f32::NAN;
    let mut client = Client::connect(Server::shared()).await;
    let answer = upload(
        &mut client,
        &wav_file(
            &samples,
            Format {
                rate_hz: RATE_HZ,
                channels: 1,
                bits: 32,
            },
        ),
    )
    .await;
    assert_eq!(refused(&answer), "bad_audio");
    assert!(
        answer["message"]
            .as_str()
            .expect("text")
            .contains("sample 1234"),
        "{answer}"
    );
    client.is_served().await;
}

#[tokio::test]
async fn a_broken_wav_file_is_refused_with_what_is_wrong() {
    let whole = wav_file(
        &sound::tone(440.0, 0.5, 0.2),
        Format {
            rate_hz: RATE_HZ,
            channels: 1,
            bits: 16,
        },
    );
    let mut client = Client::connect(Server::shared()).await;
    for broken in [&whole[..20], &whole[..whole.len() / 2]] {
        let answer = upload(&mut client, broken).await;
        assert_eq!(refused(&answer), "bad_audio");
        assert!(
            answer["message"]
                .as_str()
                .expect("text")
                .contains("truncated"),
            "{answer}"
        );
    }
    client.is_served().await;
}

#[tokio::test]
async fn a_recording_longer_than_a_turn_is_refused() {
    let mut client = Client::connect(Server::shared()).await;
    let long = wav_file(
        &sound::tone(200.0, 40.0, 0.1),
        Format {
            rate_hz: RATE_HZ,
            channels: 1,
            bits: 16,
        },
    );
    let answer = upload(&mut client, &long).await;
    assert!(
        ["bad_audio", "field_too_large"].contains(&refused(&answer)),
        "{answer}"
    );
    client.is_served().await;
}

#[tokio::test]
async fn silence_and_music_are_not_answered() {
    let mut client = Client::connect(Server::shared()).await;
    let mono = Format {
        rate_hz: RATE_HZ,
        channels: 1,
        bits: 16,
    };
    for (name, samples) in [
        ("silence", vec![0.0; 2 * RATE_HZ as usize]),
        ("music", sound::music(3.0)),
        ("a tone", sound::tone(440.0, 2.0, 0.3)),
    ] {
        let answer = upload(&mut client, &wav_file(&samples, mono)).await;
        assert_eq!(answer["code"], "no_speech", "{name}: {answer}");
    }
    client.is_served().await;
}
