//! Clocks that jump and processes that stand still.

use std::path::{Path, PathBuf};
use std::time::Duration;

use janet_tests::server::{look_again, pause};
use janet_tests::sound::{self, PACKET, RATE_HZ, s16};
use janet_tests::{Client, Server};
use serde_json::{Value, json};

/// Longer than the microphone's ring, shorter than any patience.
const STANDSTILL: Duration = Duration::from_secs(3);

/// A wall clock that can be set, for one process: libfaketime, of Debian's package `faketime`.
struct WallClock {
    library: PathBuf,
    setting: PathBuf,
    /// A switch of the library: the clock that only goes forward stays true.
    steady: PathBuf,
}

impl WallClock {
    fn new(folder: &Path) -> Self {
        let multiarch = std::fs::read_dir("/usr/lib").expect("a Linux");
        let library = multiarch
            .filter_map(Result::ok)
            .map(|entry| entry.path().join("faketime/libfaketime.so.1"))
            .find(|library| library.is_file())
            .expect("libfaketime: apt-get install faketime, as ./test does");
        let clock = Self {
            library,
            setting: folder.join("wall-clock"),
            steady: PathBuf::from("1"),
        };
        clock.set("+0");
        clock
    }

    /// How far it is off, as in "+3h". The process looks every time it asks what time it is.
    fn set(&self, offset: &str) {
        // A rename, so that nobody reads half of it.
        let new = self.setting.with_extension("new");
        std::fs::write(&new, offset).expect("written");
        std::fs::rename(&new, &self.setting).expect("renamed");
    }

    fn environment(&self) -> [(&str, &Path); 4] {
        [
            ("LD_PRELOAD", &self.library),
            ("FAKETIME_TIMESTAMP_FILE", &self.setting),
            ("FAKETIME_NO_CACHE", &self.steady),
            ("FAKETIME_DONT_FAKE_MONOTONIC", &self.steady),
        ]
    }
}

async fn messages(client: &mut Client) -> usize {
    client.send(json!({ "type": "get_context" })).await;
    let context = client.until("context").await;
    context["data"]["messages"]
        .as_array()
        .expect("a list")
        .len()
}

/// What hour it is, as the process believes: a frame that it refuses makes a line of its log.
async fn hour(server: &Server, client: &mut Client) -> u32 {
    client.refusal(json!({ "type": "what_time_is_it" })).await;
    let log = server.log();
    let line = log.lines().last().expect("it logs");
    // 2026-01-02T03:04:05.678Z
    let hour = line.get(11..13).and_then(|hour| hour.parse().ok());
    hour.unwrap_or_else(|| panic!("no time in {line:?}"))
}

#[tokio::test]
async fn a_wall_clock_set_hours_ahead_or_back_ends_nothing_early_and_keeps_nothing_late() {
    const KEPT: Duration = Duration::from_secs(12);
    let folder = tempfile::tempdir().expect("a folder");
    let clock = WallClock::new(folder.path());
    let settings = ["conversation.keep_minutes=0.2"];
    let server = Server::launch(folder.path(), &settings, &clock.environment()).ready();

    let mut client = Client::connect(&server).await;
    client.ask("Good morning.").await;
    let id = client.client_id.clone();
    let mut watch = Client::connect(&server).await;
    let before = hour(&server, &mut watch).await;
    // The last client leaves, and then the clock jumps: what is counted from then must not.
    leave(&server, client).await;
    clock.set("+5h");
    // The control: it is five hours later for her, too; six, if the hour has just struck.
    let passed = (hour(&server, &mut watch).await + 24 - before) % 24;
    assert!((5..=6).contains(&passed), "{passed} hours have passed");
    let mut client = Client::resume(&server, &id).await;
    assert_eq!(client.client_id, id, "a jump ended the conversation");
    assert_eq!(messages(&mut client).await, 2);

    client.ask("It has become late.").await;
    leave(&server, client).await;
    clock.set("-5h");
    hour(&server, &mut watch).await;
    // It is looked at every few seconds what is to be forgotten.
    pause(2 * KEPT);
    let client = Client::resume(&server, &id).await;
    assert_ne!(
        client.client_id, id,
        "a clock that was set back keeps the conversation"
    );
}

/// Leaves, and waits until the server has noticed.
async fn leave(server: &Server, client: Client) {
    let clients = server.clients();
    client.close().await;
    while server.clients() >= clients {
        look_again().await;
    }
}

#[tokio::test]
async fn a_process_that_stood_still_goes_on_with_the_conversation() {
    let server = Server::start(&[]).ready();
    let mut client = Client::connect(&server).await;
    let audio = json!({ "type": "audio_start", "rate_hz": RATE_HZ, "play_rate_hz": 24000, "mode": "hands_free" });
    client.send(audio).await;
    client.until("audio_ready").await;

    let forward = s16(&sound::clip("goforward"));

    // In mid-speech of hers, as when a laptop is closed and opened again.
    let started = |frame: &Value| frame["type"] == "speaking" && frame["state"] == "started";
    client.speak_until(&forward, started).await;
    server.signal("STOP");
    pause(STANDSTILL);
    server.signal("CONT");
    let ended = |frame: &Value| {
        frame["type"] == "speaking" && (frame["state"] == "finished" || frame["state"] == "stopped")
    };
    client.speak_until(&[], ended).await;

    // In the middle of a word of the person's: what was said meanwhile comes all at once.
    let speech = s16(&sound::clip("austen_0930"));
    for packet in speech[..speech.len() / 2].chunks_exact(PACKET) {
        client.send_mic(packet).await;
        pause(Duration::from_millis(20));
    }
    server.signal("STOP");
    for packet in speech[speech.len() / 2..].chunks_exact(PACKET) {
        client.send_mic(packet).await;
    }
    pause(STANDSTILL);
    server.signal("CONT");
    let answered = |frame: &Value| frame["type"] == "assistant_message";
    client.speak_until(&[], answered).await;

    // And nothing is out of step: the next turn is heard word for word.
    let heard = |frame: &Value| {
        let text = frame["text"].as_str().unwrap_or_default().to_lowercase();
        frame["type"] == "transcript" && frame["final"] == true && text.contains("forward")
    };
    client.speak_until(&forward, heard).await;
    client.speak_until(&[], answered).await;
    client.is_served().await;
}
