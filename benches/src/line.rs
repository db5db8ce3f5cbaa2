//! A client of a real server that talks and listens over its WebSocket in real time, as a page does, and keeps
//! everything with its time.

use std::time::{Duration, Instant};

use anyhow::bail;
use janet_engine::client::{PACKET, PLAY_HZ, Speaker};
use janet_tests::{Client, Frame, Server};
use serde_json::{Value, json};

const PACKET_SPAN: Duration = Duration::from_millis(20);
/// Packets between two reports of what was played.
const REPORT_PACKETS: u32 = 5;

/// One connection with an open microphone.
pub(crate) struct Line {
    client: Client,
    began: Instant,
    sent: u32,
    speaker: Speaker,
    /// What was played, from the first microphone sample on, at [`PLAY_HZ`]; silence in between.
    pub(crate) sound: Vec<f32>,
    /// What was told, with the time since the first microphone sample.
    pub(crate) frames: Vec<(Duration, Value)>,
}

impl Line {
    pub(crate) async fn open(server: &Server) -> Self {
        let mut client = Client::connect(server).await;
        let start = json!({ "type": "audio_start", "rate_hz": 16_000, "play_rate_hz": PLAY_HZ, "mode": "hands_free" });
        client.send(start).await;
        client.until("audio_ready").await;
        Self {
            client,
            began: Instant::now(),
            sent: 0,
            speaker: Speaker::default(),
            sound: Vec::new(),
            frames: Vec::new(),
        }
    }

    /// When the next packet's first sample is taken.
    pub(crate) fn now(&self) -> Duration {
        PACKET_SPAN * self.sent
    }

    /// The time in truth.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    pub(crate) async fn send(&mut self, message: Value) {
        self.client.send(message).await;
    }

    /// Sends the next packet once its last sample is there, and takes what comes meanwhile.
    pub(crate) async fn packet(&mut self, samples: &[i16; PACKET]) -> anyhow::Result<()> {
        let due = self.began + PACKET_SPAN * (self.sent + 1);
        while let Some(left) = due.checked_duration_since(Instant::now()) {
            match self.client.next_within(left).await {
                Some(frame) => self.take(frame).await?,
                None => break,
            }
        }
        self.speaker.play_to(self.began.elapsed(), &mut self.sound);
        if self.sent.is_multiple_of(REPORT_PACKETS) && self.speaker.played() > 0 {
            self.report(self.speaker.played()).await;
        }
        self.client.send_mic(samples).await;
        self.sent += 1;
        Ok(())
    }

    /// Leaves.
    pub(crate) async fn close(self) {
        self.client.close().await;
    }

    async fn take(&mut self, frame: Frame) -> anyhow::Result<()> {
        let now = self.began.elapsed();
        match frame {
            Frame::Sound(first, samples) => {
                self.speaker.play_to(now, &mut self.sound);
                self.speaker.take(first, &samples);
            }
            Frame::Text(told) => {
                if told["type"] == "playout_flush"
                    && let Some(from) = told["from_sample"].as_u64()
                {
                    self.speaker.play_to(now, &mut self.sound);
                    let stopped = self.speaker.flush(from as u32, &mut self.sound);
                    self.report(stopped).await;
                }
                self.frames.push((now, told));
            }
            other => bail!("{other:?} in mid-conversation"),
        }
        Ok(())
    }

    async fn report(&mut self, played: u32) {
        let report = json!({ "type": "playout", "played_sample": played });
        self.client.send(report).await;
    }
}
