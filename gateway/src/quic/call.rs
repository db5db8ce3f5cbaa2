//! A voice session over datagrams: its task, and what its connection holds of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use janet_audio::opus::OpusError;
use janet_engine::Playback;
use janet_protocol::quic::{Header, Kind, SendBuffer, short_session};
use tokio::sync::mpsc;

use super::link::{Came, Link, dropped};
use super::unsent::Unsent;
use crate::face;
use crate::media::{Clock, Down, Face, Up};
use crate::playing::Sound;

/// Chunks and flushes of her voice on their way to the task: more than a second. What is more is
/// dropped: the task has stood still for so long.
const SOUND: usize = 128;
/// What comes of the session on its way to the connection: more than two seconds of voice. What is more
/// is dropped and counted.
const TOLD: usize = 128;
/// Between two looks whether the path takes what waits.
const LOOK: Duration = Duration::from_millis(5);
/// Between two looks how much the path loses.
const LOSSES: Duration = Duration::from_secs(1);
/// The position of the first sample of hers.
const BEGINNING: u32 = 0;

/// What comes of a session.
#[derive(Debug)]
pub(crate) enum Told {
    /// Microphone samples, 16 kHz mono.
    Mic {
        /// The samples.
        samples: Vec<i16>,
        /// When the datagram came that they are told by.
        came: Instant,
    },
    /// Which of her samples is at which position.
    Clock(Clock),
    /// Her voice from this sample on is not said after all; the far end may have some of it already.
    Flush { from_sample: u32 },
    /// It has ended by a fault of our own, or with its connection.
    Over,
}

/// A session, as its connection holds it. Dropping it ends it.
pub(crate) struct Call {
    sound: mpsc::Sender<Sound>,
    told: mpsc::Receiver<Told>,
}

impl Call {
    /// Starts the task of the session of this number.
    pub(crate) fn begin(link: Arc<Link>, session_no: u32) -> Result<Self, OpusError> {
        let (sound, playbacks) = mpsc::channel(SOUND);
        let (tell, told) = mpsc::channel(TOLD);
        let session = short_session(session_no);
        let packets = link.route(session);
        let began = Instant::now();
        let task = Task {
            session,
            losses: (began + LOSSES, link.sent_and_lost()),
            link,
            up: Up::new()?,
            down: Down::new(fastrand::u16(..), BEGINNING)?,
            waiting: Unsent::new(),
            face: Face::default(),
            faces: SendBuffer::new(),
            face_sequence: fastrand::u16(..),
            began,
            mic: Vec::new(),
            came: began,
            waited: Duration::ZERO,
            tell,
        };
        metrics::counter!("janet_quic_sessions_total").increment(1);
        tokio::spawn(task.run(packets, playbacks));
        Ok(Self { sound, told })
    }

    /// What the engine wants to be heard.
    pub(crate) fn play(&self, playback: &Playback<'_>) {
        let sound = Sound::of(playback, Instant::now());
        if self.sound.try_send(sound).is_err() {
            metrics::counter!("janet_quic_dropped_chunks_total").increment(1);
        }
    }

    /// What comes next. May be cancelled.
    pub(crate) async fn told(&mut self) -> Told {
        self.told.recv().await.unwrap_or(Told::Over)
    }
}

/// The task's own.
struct Task {
    session: u16,
    link: Arc<Link>,
    up: Up,
    down: Down,
    waiting: Unsent,
    face: Face,
    /// Frames of it that wait for the path.
    faces: SendBuffer<Vec<u8>>,
    face_sequence: u16,
    began: Instant,
    /// When to look next what was lost, and what was sent and lost by the last time.
    losses: (Instant, (u64, u64)),
    mic: Vec<i16>,
    /// When the last datagram came.
    came: Instant,
    /// The longest way from the engine's ring to here since the last packet.
    waited: Duration,
    tell: mpsc::Sender<Told>,
}

impl Task {
    async fn run(
        mut self,
        mut packets: mpsc::Receiver<Came>,
        mut playbacks: mpsc::Receiver<Sound>,
    ) {
        let link = self.link.clone();
        loop {
            let now = Instant::now();
            if let Err(error) = self.turn(now) {
                tracing::error!(%error, "a voice session ends: Opus failed");
                break;
            }
            let due = self.due(now);
            tokio::select! {
                Some((came, packet)) = packets.recv() => {
                    self.came = came;
                    self.up.push(self.micros(Instant::now()), packet);
                }
                sound = playbacks.recv() => match sound {
                    Some(sound) => self.hear(sound),
                    // The connection that it belonged to has let it go.
                    None => break,
                },
                () = tokio::time::sleep_until(due.into()) => {}
                () = link.closed() => break,
            }
        }
        self.link.unroute(self.session);
        self.count();
    }

    /// Everything that is due now.
    fn turn(&mut self, now: Instant) -> Result<(), OpusError> {
        let now_us = self.micros(now);
        self.up.pull(now_us, &mut self.mic);
        if !self.mic.is_empty() {
            let samples = std::mem::take(&mut self.mic);
            let came = self.came;
            self.tell(Told::Mic { samples, came });
        }
        loop {
            let due_us = self.down.timeout().unwrap_or(now_us);
            let Some(frame) = self.down.poll(now_us)? else {
                break;
            };
            let header = Header {
                kind: Kind::Opus,
                session: self.session,
                sequence: frame.sequence,
                timestamp: frame.timestamp,
            };
            let waited = std::mem::take(&mut self.waited);
            match header.write(frame.payload) {
                Some(datagram) => self.waiting.push(due_us, waited, datagram),
                None => dropped("too_large"),
            }
        }
        while let Some(clock) = self.down.poll_clock() {
            self.tell(Told::Clock(clock));
        }
        self.show();
        // What QUIC itself still holds back is for its congestion controller to send.
        if self.link.is_idle() {
            while let Some((datagram, took)) = self.waiting.pop(now_us) {
                self.link.send(datagram);
                metrics::histogram!("janet_ring_to_wire_seconds").record(took.as_secs_f64());
            }
            while let Some(datagram) = self.faces.pop() {
                self.link.send(datagram);
                face::sent("quic", 1);
            }
        }
        self.look_for_losses(now)
    }

    /// Queues the frames of her face whose sound was sent.
    fn show(&mut self) {
        let Some(sent_to) = self.down.sent_to() else {
            return;
        };
        while let Some(frame) = self.face.poll(sent_to) {
            let header = Header {
                kind: Kind::Face,
                session: self.session,
                sequence: self.face_sequence,
                timestamp: frame.timestamp,
            };
            self.face_sequence = self.face_sequence.wrapping_add(1);
            let datagram = header.write(&frame.payload());
            self.faces
                .push(datagram.expect("a frame has 21 bytes at most"));
        }
        face::dropped(self.face.take_dropped());
    }

    /// The more is lost, the more of each packet goes along in the next.
    fn look_for_losses(&mut self, now: Instant) -> Result<(), OpusError> {
        let (due, (sent, lost)) = self.losses;
        if now < due {
            return Ok(());
        }
        let (sent_now, lost_now) = self.link.sent_and_lost();
        self.losses = (now + LOSSES, (sent_now, lost_now));
        let sent = sent_now.saturating_sub(sent);
        let lost = lost_now.saturating_sub(lost).min(sent);
        let percent = (lost * 100).checked_div(sent).unwrap_or_default() as u8;
        metrics::histogram!("janet_quic_loss_percent").record(f64::from(percent));
        self.down.set_loss(percent)
    }

    fn hear(&mut self, sound: Sound) {
        match sound {
            Sound::Chunk {
                first_sample,
                samples,
                made,
                face,
            } => {
                self.waited = self.waited.max(made.elapsed());
                self.down.play(first_sample, &samples);
                if let Some(frame) = face {
                    self.face.push(frame);
                }
            }
            Sound::Closed(frame) => self.face.close(frame, self.down.ends_at()),
            Sound::Flush { from_sample } => {
                self.face.flush(from_sample);
                self.down.flush(from_sample);
                self.tell(Told::Flush { from_sample });
            }
        }
    }

    fn tell(&self, told: Told) {
        if self.tell.try_send(told).is_err() {
            metrics::counter!("janet_quic_dropped_told_total").increment(1);
        }
    }

    fn due(&self, now: Instant) -> Instant {
        let ours = [self.up.timeout(), self.down.timeout()]
            .into_iter()
            .flatten();
        let ours = ours.map(|due_us| self.began + Duration::from_micros(due_us));
        let waits = !self.waiting.is_empty() || !self.faces.is_empty();
        let look = waits.then_some(now + LOOK);
        ours.chain(look).min().unwrap_or(now + LOSSES)
    }

    fn micros(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.began).as_micros() as u64
    }

    fn count(&self) {
        let (stats, mended) = (self.up.stats(), self.up.mended());
        for (what, packets) in [
            ("received", stats.received),
            ("late", stats.late),
            ("missing", stats.missing),
            ("fec_recovered", mended.fec_recovered),
            ("concealed", mended.concealed),
            ("garbage", mended.garbage),
        ] {
            metrics::counter!("janet_media_packets_total", "what" => what).increment(packets);
        }
        let unsent = self.waiting.dropped();
        metrics::counter!("janet_quic_dropped_datagrams_total", "why" => "unsent")
            .increment(unsent);
        face::dropped(self.faces.dropped());
        let dropped = self.down.dropped_samples();
        metrics::counter!("janet_media_dropped_samples_total").increment(dropped);
        tracing::debug!(?stats, ?mended, unsent, "a voice session has ended");
    }
}
