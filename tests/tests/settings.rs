//! What a client may set for its own connection, and that it takes effect.

use std::time::{Duration, Instant};

use janet_tests::sound::{self, s16};
use janet_tests::{Client, Frame, Server};
use serde_json::{Value, json};

async fn set(client: &mut Client, message: Value) -> (Value, Value) {
    client.send(message).await;
    let settings = client.until("settings").await;
    (
        settings["voice_speed"].clone(),
        settings["sensitivity"].clone(),
    )
}

/// Samples of a spoken answer for each character of its text.
async fn pace(client: &mut Client) -> f64 {
    client
        .send(json!({ "type": "message", "text": "What is the capital of France?", "speak": true }))
        .await;
    let answer = client.until("assistant_message").await;
    let (_, samples) = sound::decode(answer["audio"].as_str().expect("a recording"));
    let text = answer["text"].as_str().expect("text").trim();
    samples.len() as f64 / text.chars().count() as f64
}

#[tokio::test]
async fn a_faster_voice_makes_fewer_samples_of_the_same_text() {
    let mut slow = Client::connect(Server::shared()).await;
    let mut fast = Client::connect(Server::shared()).await;
    assert_eq!(
        set(
            &mut slow,
            json!({ "type": "settings_set", "voice_speed": 0.75 })
        )
        .await,
        (json!(0.75), json!("normal"))
    );
    set(
        &mut fast,
        json!({ "type": "settings_set", "voice_speed": 1.5 }),
    )
    .await;
    let (slow, fast) = (pace(&mut slow).await, pace(&mut fast).await);
    // Twice as fast; the pauses between sentences stay as they are.
    assert!(fast < slow * 0.7, "{fast} and {slow} samples a character");
}

#[tokio::test]
async fn settings_are_told_as_they_hold_and_what_is_absent_stays() {
    let mut client = Client::connect(Server::shared()).await;
    let ask = json!({ "type": "settings_set" });
    assert_eq!(
        set(&mut client, ask.clone()).await,
        (json!(1.0), json!("normal"))
    );
    let change = json!({ "type": "settings_set", "sensitivity": "high" });
    assert_eq!(set(&mut client, change).await, (json!(1.0), json!("high")));
    let change = json!({ "type": "settings_set", "voice_speed": 1.1 });
    assert_eq!(set(&mut client, change).await, (json!(1.1), json!("high")));
    // Another client's are its own.
    let mut other = Client::connect(Server::shared()).await;
    assert_eq!(set(&mut other, ask).await, (json!(1.0), json!("normal")));
}

#[tokio::test]
async fn a_bad_value_names_its_field_and_changes_nothing() {
    let mut client = Client::connect(Server::shared()).await;
    let cases = [
        (
            json!({ "voice_speed": 0.49 }),
            "out_of_range",
            "voice_speed",
        ),
        (
            json!({ "voice_speed": 2.01 }),
            "out_of_range",
            "voice_speed",
        ),
        (
            json!({ "voice_speed": "fast" }),
            "wrong_type",
            "voice_speed",
        ),
        (
            json!({ "sensitivity": "extreme", "voice_speed": 2 }),
            "out_of_range",
            "sensitivity",
        ),
        (json!({ "sensitivity": 1 }), "wrong_type", "sensitivity"),
    ];
    for (mut message, code, field) in cases {
        message["type"] = json!("settings_set");
        message["request_id"] = json!(field);
        let error = client.refusal(message.clone()).await;
        assert_eq!(
            (&error["code"], &error["field"], &error["request_id"]),
            (&json!(code), &json!(field), &json!(field)),
            "{message}: {error}"
        );
    }
    let ask = json!({ "type": "settings_set" });
    assert_eq!(set(&mut client, ask).await, (json!(1.0), json!("normal")));
}

/// How long something is waited for after the sentence.
const AFTER: Duration = Duration::from_secs(20);

/// Whether anything is understood of a sentence with noise over it.
async fn hears(sensitivity: &str, snr_db: f32) -> bool {
    let mut client = Client::connect(Server::shared()).await;
    set(
        &mut client,
        json!({ "type": "settings_set", "sensitivity": sensitivity }),
    )
    .await;
    let start = json!({ "type": "audio_start", "rate_hz": sound::RATE_HZ, "play_rate_hz": 24_000, "mode": "hands_free" });
    client.send(start).await;
    client.until("audio_ready").await;
    let speech = sound::clip("goforward");
    let level = sound::level(&speech) * 10_f32.powf(-snr_db / 20.0) * 3_f32.sqrt();
    let mut seed = 1_u32;
    let mut noise = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((seed >> 8) as f32 / 8_388_608.0 - 1.0) * level
    };
    // On a busy machine words come late; the noise goes on until they do.
    let after = sound::RATE_HZ as usize * AFTER.as_secs() as usize;
    let silence = std::iter::repeat_n(0.0, after);
    let heard: Vec<f32> = speech
        .into_iter()
        .chain(silence)
        .map(|s| s + noise())
        .collect();
    let began = Instant::now();
    for (number, packet) in (1_u32..).zip(s16(&heard).chunks_exact(320)) {
        client.send_mic(packet).await;
        let due = began + Duration::from_millis(20) * number;
        while let Some(left) = due.checked_duration_since(Instant::now()) {
            match client.next_within(left).await {
                Some(Frame::Text(frame))
                    if frame["type"] == "transcript" && frame["text"] != "" =>
                {
                    return true;
                }
                Some(_) => {}
                None => break,
            }
        }
    }
    // A slow machine is still at it.
    let until = Instant::now() + Duration::from_secs(10);
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        match client.next_within(left).await {
            Some(Frame::Text(frame)) if frame["type"] == "transcript" && frame["text"] != "" => {
                return true;
            }
            Some(_) => {}
            None => break,
        }
    }
    false
}

#[tokio::test]
async fn a_sentence_in_noise_is_heard_by_a_keen_ear_only() {
    // The same samples give the same windows and the same probabilities. At −11 dB both ears hear
    // it, at −15 dB neither does.
    let (low, high) = tokio::join!(hears("low", -13.0), hears("high", -13.0));
    assert!(!low && high, "low: {low}, high: {high}");
}
