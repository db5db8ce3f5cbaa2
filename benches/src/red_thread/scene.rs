//! Somebody in a room in which she speaks: her own sound is in the microphone, too.

use std::time::Duration;

use janet_engine::client::PLAY_HZ;
use janet_tests::Server;
use serde_json::json;

use super::words::{Place, amplitude};
use crate::clips::last_audible;
use crate::line::Line;
use crate::room::Room;

/// What has a long answer.
const QUESTIONS: [&str; 3] = [
    "Tell me a long story about the sea.",
    "Please tell me everything about the history of bread.",
    "What should I know before I travel to Italy?",
];
/// No answer to this within that time: something is asked again.
const PATIENCE: Duration = Duration::from_secs(15);
/// Between two of her answers.
const PAUSE: Duration = Duration::from_millis(300);
/// So late her echo is in the microphone.
const ECHO_LATE: Duration = Duration::from_millis(80);
/// Samples of noise, played again and again: 7 s.
const NOISE: usize = 112_000;

pub(super) struct Scene {
    line: Line,
    room: Room,
    noise: Vec<f32>,
    echo_gain: f32,
    asked: usize,
    ask_at: Duration,
}

impl Scene {
    pub(super) async fn open(server: &Server, place: Place, echo_db: f32, seed: usize) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed as u64);
        let sigma = place.noise_dbfs.map_or(0.0, amplitude);
        // Sum of uniform values: close enough to normal for noise (Irwin–Hall).
        let mut gauss = || (0..12).map(|_| rng.f32()).sum::<f32>() - 6.0;
        Self {
            line: Line::open(server).await,
            room: Room::new(seed as u64),
            noise: (0..NOISE).map(|_| gauss() * sigma).collect(),
            echo_gain: amplitude(echo_db),
            asked: seed,
            ask_at: Duration::from_millis(300),
        }
    }

    /// The next 20 ms.
    pub(super) async fn beat(&mut self) -> anyhow::Result<()> {
        let now = self.line.now();
        let hz = f64::from(PLAY_HZ);
        let late = now.saturating_sub(ECHO_LATE).as_secs_f64() * hz;
        let first = (now.as_secs_f64() * 16_000.0) as usize;
        let packet = self.room.packet(|k| {
            let at = late + k as f64 * hz / 16_000.0;
            let echo = self.line.sound.get(at as usize).copied().unwrap_or(0.0);
            echo * self.echo_gain + self.noise[(first + k) % NOISE]
        });
        self.line.packet(&packet).await
    }

    /// Waits until she has talked for this long, asking whenever she is silent.
    pub(super) async fn until_she_talks(&mut self, span: Duration) -> anyhow::Result<()> {
        loop {
            let now = self.line.now();
            match self.sounds_since() {
                Some(since) if now >= since + span => return Ok(()),
                Some(_) => self.ask_at = now + PAUSE,
                None if now >= self.ask_at => {
                    let text = QUESTIONS[self.asked % QUESTIONS.len()];
                    self.asked += 1;
                    self.ask_at = now + PATIENCE;
                    self.line
                        .send(json!({ "type": "message", "text": text, "speak": true }))
                        .await;
                }
                None => {}
            }
            anyhow::ensure!(now < 4 * PATIENCE, "she does not speak");
            self.beat().await?;
        }
    }

    /// Since when she speaks, held or not.
    fn sounds_since(&self) -> Option<Duration> {
        let mut since = None;
        for (at, told) in &self.line.frames {
            if told["type"] == "speaking" {
                match told["state"].as_str() {
                    Some("started") => since = Some(*at),
                    Some("finished" | "stopped") => since = None,
                    _ => {}
                }
            }
        }
        since
    }

    /// Somebody begins to say this now; when that is.
    pub(super) fn say(&mut self, pcm: &[f32]) -> Duration {
        self.room.say(pcm);
        self.line.now()
    }

    /// Pulls it by message; when that is.
    pub(super) async fn pull(&mut self) -> Duration {
        let now = self.line.elapsed();
        self.line.send(json!({ "type": "red_thread" })).await;
        now
    }

    pub(super) fn now(&self) -> Duration {
        self.line.now()
    }

    /// When she told that it is pulled.
    pub(super) fn pulled(&self) -> Option<Duration> {
        let mut frames = self.line.frames.iter();
        let state =
            frames.find(|(_, told)| told["type"] == "red_thread_state" && told["active"] == true);
        state.map(|(at, _)| *at)
    }

    /// When she was last heard, from then on.
    pub(super) fn last_heard(&self, from: Duration) -> Option<Duration> {
        last_audible(&self.line.sound, from, self.line.now())
    }

    /// The last transcript: what was understood.
    pub(super) fn understood(&self) -> String {
        let mut frames = self.line.frames.iter().rev();
        let last = frames.find(|(_, told)| told["type"] == "transcript");
        let text = last.and_then(|(_, told)| told["text"].as_str());
        text.unwrap_or_default().to_owned()
    }

    pub(super) async fn close(self) {
        self.line.close().await;
    }
}
