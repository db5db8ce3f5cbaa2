//! Consent and the red thread by real speech: said by one voice, heard by the recogniser.

use std::collections::VecDeque;
use std::process::Command;
use std::time::{Duration, Instant};

use janet_audio::{Resampler, wav};
use janet_tests::language_server::{LanguageServer, Manner};
use janet_tests::server::janet;
use janet_tests::sound::{self, PACKET, RATE_HZ, s16};
use janet_tests::{Client, Server};
use serde_json::json;

use crate::persona;
use crate::voice::{Heard, PLAY_RATE_HZ, speak, start};

/// This text as somebody says it, at 16 kHz; the same each time.
pub(crate) fn said(text: &str) -> Vec<i16> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("said.wav");
    let status = Command::new(janet())
        .args(["say", "--offline", "--profile", "cpu"])
        .args(["--set", "engine.seed=1", "-o"])
        .arg(&path)
        .arg(text)
        .output()
        .expect("it runs");
    assert!(
        status.status.success(),
        "{}",
        String::from_utf8_lossy(&status.stderr)
    );
    let bytes = std::fs::read(&path).expect("a file");
    s16(&wav::read(&bytes, Duration::from_secs(60)).expect("a WAV file"))
}

async fn asked_for_a_transfer(client: &mut Client, heard: &mut Heard) {
    client
        .send(json!({ "type": "transfer_context", "source_soul": "networked", "target_soul": "constitutional" }))
        .await;
    // Her question is heard to its end: only then an answer counts.
    speak(client, &[], heard, |heard| {
        !heard.of("assistant_message").is_empty()
    })
    .await;
    let question = heard.of("soul_check");
    assert_eq!(question[0]["needs_click"], false, "{question:?}");
    assert_eq!(
        heard.of("consent_request")[0]["consent_id"],
        question[0]["consent_id"]
    );
    // It is in the stream of her voice.
    assert!(heard.of("consent_request_audio").is_empty());
}

#[tokio::test]
async fn a_spoken_yes_behind_the_whole_question_is_consent() {
    let server = Server::start(&[]).ready();
    let mut client = Client::connect(&server).await;
    client.ask("Hello there.").await;
    start(&mut client, "hands_free").await;
    let mut heard = Heard::default();
    asked_for_a_transfer(&mut client, &mut heard).await;
    speak(&mut client, &said("Yes, please."), &mut heard, |heard| {
        !heard.of("transfer_result").is_empty()
    })
    .await;
    let result = heard.of("transfer_result")[0];
    assert_eq!(result["success"], true, "{result}");
    client.send(json!({ "type": "audit_read" })).await;
    let log = client.until("audit_entries").await;
    assert!(log.to_string().contains("spoken"), "{log}");
}

#[tokio::test]
async fn a_spoken_no_is_one() {
    let server = Server::start(&[]).ready();
    let mut client = Client::connect(&server).await;
    client.ask("Hello there.").await;
    start(&mut client, "hands_free").await;
    let mut heard = Heard::default();
    // Asked for aloud as well.
    let wish = said("Sync to the constitutional soul.");
    speak(&mut client, &wish, &mut heard, |heard| {
        !heard.of("soul_check").is_empty() && !heard.of("assistant_message").is_empty()
    })
    .await;
    speak(
        &mut client,
        &said("No, don't do that."),
        &mut heard,
        |heard| !heard.of("transfer_denied").is_empty(),
    )
    .await;
    assert!(heard.of("transfer_result").is_empty());
}

#[tokio::test]
async fn the_red_thread_is_heard_while_she_speaks() {
    let server = Server::start(&[]).ready();
    let mut client = Client::connect(&server).await;
    start(&mut client, "hands_free").await;
    let mut heard = Heard::default();
    client
        .send(json!({ "type": "message", "text": "Tell me a long story about the sea.", "speak": true }))
        .await;
    speak(&mut client, &[], &mut heard, |heard| {
        heard
            .of("speaking")
            .iter()
            .any(|frame| frame["state"] == "started")
    })
    .await;
    speak(&mut client, &said("Red thread!"), &mut heard, |heard| {
        !heard.of("red_thread_state").is_empty()
    })
    .await;
    assert_eq!(heard.of("red_thread_state")[0]["active"], true);
    assert_eq!(
        client
            .refusal(json!({ "type": "message", "text": "Hello?" }))
            .await["code"],
        "red_thread"
    );
}

/// A loudspeaker beside an open microphone: what she says comes back.
struct Room {
    heard: Heard,
    /// Samples of hers that the loudspeaker has played.
    played: usize,
    to_mic: Resampler,
    /// On its way from the one to the other.
    air: VecDeque<f32>,
    /// Energy of hers that has come to the microphone.
    came: f32,
    packets: usize,
}

impl Room {
    /// From the loudspeaker to the microphone.
    const DELAY_MS: usize = 80;
    /// How much quieter it is there.
    const GAIN: f32 = 0.5;

    fn new() -> Self {
        let delay = RATE_HZ as usize * Self::DELAY_MS / 1000;
        Self {
            heard: Heard::default(),
            played: 0,
            to_mic: Resampler::new(PLAY_RATE_HZ, RATE_HZ).expect("both rates are known"),
            air: vec![0.0; delay].into(),
            came: 0.0,
            packets: 0,
        }
    }

    /// What the microphone hears in the next 20 ms, beside this.
    fn hears(&mut self, speech: &[i16]) -> Vec<i16> {
        let packet = PLAY_RATE_HZ as usize / 50;
        let until = (self.played + packet).min(self.heard.sound.len());
        self.played = self.played.min(until);
        let mut plays = self.heard.sound[self.played..until].to_vec();
        self.played = until;
        plays.resize(packet, 0.0);
        let mut at_mic = Vec::new();
        self.to_mic.process_into(&plays, &mut at_mic);
        self.air.extend(at_mic);
        let mixed = (0..PACKET).map(|at| {
            let hers = Self::GAIN * self.air.pop_front().unwrap_or_default();
            self.came += hers * hers;
            let theirs = speech.get(at).copied().unwrap_or_default();
            wav::to_s16(hers + f32::from(theirs) / 32768.0)
        });
        mixed.collect()
    }

    /// In real time until `done`; what is said by somebody else, and silence behind it.
    async fn go_on(
        &mut self,
        client: &mut Client,
        speech: &[i16],
        mut done: impl FnMut(&Heard) -> bool,
    ) {
        let mut speech = speech.chunks(PACKET);
        let mut beat = tokio::time::interval(Duration::from_millis(20));
        let since = Instant::now();
        while !done(&self.heard) {
            beat.tick().await;
            let packet = self.hears(speech.next().unwrap_or_default());
            client.send_mic(&packet).await;
            self.packets += 1;
            if self.packets.is_multiple_of(5) {
                client
                    .send(json!({ "type": "playout", "played_sample": self.played }))
                    .await;
            }
            while let Some(frame) = client.next_within(Duration::from_millis(1)).await {
                self.heard.note(frame);
            }
            assert!(
                since.elapsed() < Duration::from_secs(60),
                "nothing more came; so far: {:?}",
                self.heard.frames
            );
        }
    }

    /// She answers something aloud, and it is quiet for a while behind it.
    async fn hears_her_answer(&mut self, client: &mut Client, question: &str) {
        let before = self.heard.of("assistant_message").len();
        self.came = 0.0;
        client
            .send(json!({ "type": "message", "text": question, "speak": true }))
            .await;
        let mut quiet = 0;
        self.go_on(client, &[], |heard| {
            let is_over = heard.of("assistant_message").len() > before;
            quiet += usize::from(is_over);
            quiet > 125
        })
        .await;
        // Half a second of speech of a usual level.
        assert!(
            self.came > 10.0,
            "she is heard at the microphone: {}",
            self.came
        );
    }
}

/// Her own voice says "yes" while a question is open, and the words that stop everything and that ask for a
/// transfer; it comes back through the microphone and is nobody's. Somebody else's voice is somebody's.
#[tokio::test(flavor = "multi_thread")]
async fn her_own_voice_answers_and_stops_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let fake = LanguageServer::start(0, Manner::Says(vec!["Yes. Yes, go ahead."])).await;
    let server = persona::start(folder.path(), &fake, &[]).await;
    let mut client = Client::connect(&server).await;
    client.ask("Hello there.").await;
    start(&mut client, "hands_free").await;
    let mut room = Room::new();
    client
        .send(json!({ "type": "transfer_context", "source_soul": "networked", "target_soul": "constitutional" }))
        .await;
    room.go_on(&mut client, &[], |heard| {
        !heard.of("assistant_message").is_empty()
    })
    .await;
    room.hears_her_answer(&mut client, "Is there salt in the sea?")
        .await;
    for kind in ["consent_closed", "transfer_result", "transfer_denied"] {
        assert!(room.heard.of(kind).is_empty(), "{:?}", room.heard.frames);
    }
    // On a busy machine her echo may cut her short: a yes came too soon then, and she asks once more.
    for _ in 0..2 {
        let mut packets = 0;
        room.go_on(&mut client, &said("Yes, please."), |heard| {
            packets += 1;
            !heard.of("transfer_result").is_empty() || packets > 600
        })
        .await;
    }
    assert_eq!(room.heard.of("transfer_result").len(), 1);

    let asked = room.heard.of("soul_check").len();
    fake.behave(Manner::Says(vec![
        "Red thread. Yes. Sync to the networked soul. Red thread.",
    ]));
    room.hears_her_answer(&mut client, "And in a lake?").await;
    assert!(
        room.heard.of("red_thread_state").is_empty(),
        "{:?}",
        room.heard.frames
    );
    assert_eq!(room.heard.of("soul_check").len(), asked);
    room.go_on(&mut client, &said("Red thread!"), |heard| {
        !heard.of("red_thread_state").is_empty()
    })
    .await;
}

/// Said aloud, what sounds like it stops nothing, and nor does any recording that the tests have.
#[tokio::test(flavor = "multi_thread")]
async fn what_sounds_like_the_red_thread_does_not_pull_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let fake = LanguageServer::start(0, Manner::Says(vec!["Fine."])).await;
    let server = persona::start(folder.path(), &fake, &[]).await;
    let mut client = Client::connect(&server).await;
    start(&mut client, "hands_free").await;
    let mut speech: Vec<Vec<i16>> = [
        "I read threads all day.",
        "Please read thread number seven.",
        "That is a red threat to all of us.",
    ]
    .map(said)
    .into();
    for name in ["austen_0930", "cards_003", "goforward"] {
        speech.push(s16(&sound::clip(name)));
    }
    for path in [
        "browser/clips/interruption.wav",
        "browser/clips/yeah.wav",
        "browser/clips/mm-hm.wav",
        "../gateway/web/public/sample-question.wav",
    ] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let bytes = std::fs::read(&path).expect("a clip of the browser's tests");
        speech.push(s16(
            &wav::read(&bytes, Duration::from_secs(60)).expect("a WAV file")
        ));
    }
    let mut heard = Heard::default();
    for clip in speech {
        let length = clip.len() / PACKET;
        let mut packets = 0;
        // A second of silence ends a turn.
        speak(&mut client, &clip, &mut heard, |_| {
            packets += 1;
            packets > length + 50
        })
        .await;
    }
    let words: Vec<_> = heard
        .of("transcript")
        .iter()
        .filter(|frame| frame["final"] == true)
        .map(|frame| frame["text"].clone())
        .collect();
    assert!(words.len() >= 6, "they are heard: {words:?}");
    assert!(heard.of("red_thread_state").is_empty(), "{words:?}");
    speak(&mut client, &said("Red thread!"), &mut heard, |heard| {
        !heard.of("red_thread_state").is_empty()
    })
    .await;
}
