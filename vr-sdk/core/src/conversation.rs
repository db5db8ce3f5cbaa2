//! The conversation from the client's side, without a socket and without a clock.

use std::collections::VecDeque;

use bytes::Bytes;
use janet_audio::opus::OpusError;
use janet_protocol::quic::{HEADER_BYTES, Header, Kind, short_session};
use janet_protocol::{
    ClientMessage, Dialect, FaceFrame, Incoming, Outgoing, Private, ServerMessage, Status,
    Transport, VrStatus,
};

use crate::{FRAME_SAMPLES, Microphone, Stats, Voice};

/// What is told waits for whoever drives this; of more the oldest are forgotten.
const MOST_EVENTS: usize = 256;
/// Frames of her face wait likewise: half a second of them.
const MOST_FACES: usize = 30;
/// Samples played between two playout reports: 100 ms.
const REPORT_EVERY: usize = 5 * FRAME_SAMPLES;

/// Who the client says to be.
#[derive(Clone, Debug, Default)]
pub struct Hello {
    /// Resumes a conversation.
    pub client_id: Option<String>,
    /// The device's key; none is needed on Janet's own machine.
    pub key: Option<Private<String>>,
}

/// What happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Voice flows from now on.
    Opened {
        /// Its number, which stands in every datagram.
        session_no: u32,
    },
    /// Voice does not flow any more; the conversation goes on.
    Closed,
    /// She says this. What the core needs of it, it has taken.
    Said(Box<ServerMessage>),
}

enum Stage {
    /// Nobody has let us in yet.
    Greeting,
    /// We are in, and she may still be loading.
    Entered { is_ready: bool },
    /// A session was asked for.
    Opening,
    /// Voice flows.
    Open(Box<Session>),
}

struct Session {
    number: u16,
    voice: Voice,
    microphone: Microphone,
    /// Samples played since the last report.
    unreported: usize,
    reported: Option<u32>,
}

/// A client's half of a conversation.
pub struct Core {
    stage: Stage,
    /// Whether voice is wanted as soon as it can be had.
    wants_voice: bool,
    frames: VecDeque<String>,
    events: VecDeque<Event>,
    faces: VecDeque<FaceFrame>,
    garbage: u64,
    /// Of the last session, once it has ended.
    stats: Stats,
    /// What the last beat gave.
    frame: Vec<f32>,
    sequence: u16,
}

impl Core {
    /// One that says so who it is. Microphone packets are counted from `sequence`, which is chance.
    pub fn new(hello: Hello, sequence: u16) -> Self {
        let Hello { client_id, key } = hello;
        let mut core = Self {
            stage: Stage::Greeting,
            wants_voice: false,
            frames: VecDeque::new(),
            events: VecDeque::new(),
            faces: VecDeque::new(),
            garbage: 0,
            stats: Stats::default(),
            frame: vec![0.0; FRAME_SAMPLES],
            sequence,
        };
        core.say(ClientMessage::ClientConnect { client_id, key });
        core
    }

    /// Voice is wanted: from now on, or once she is ready.
    pub fn open_voice(&mut self) {
        self.wants_voice = true;
        self.ask_for_voice();
    }

    /// Says anything else.
    pub fn say(&mut self, message: ClientMessage) {
        let incoming = Incoming {
            request_id: None,
            dialect: Dialect::Canonical,
            message,
        };
        self.frames.push_back(incoming.to_json());
    }

    /// A frame came on the control stream. One that is not understood is passed over: a newer server
    /// says more than we know.
    pub fn on_frame(&mut self, frame: &[u8]) -> Result<(), OpusError> {
        let Ok(Outgoing { message, .. }) = serde_json::from_slice(frame) else {
            self.garbage += 1;
            return Ok(());
        };
        match &message {
            ServerMessage::Connected { status, .. } => {
                let is_ready = *status == Status::Ready;
                if matches!(self.stage, Stage::Greeting | Stage::Entered { .. }) {
                    self.stage = Stage::Entered { is_ready };
                }
                self.ask_for_voice();
            }
            ServerMessage::VrOpened { session_no, .. } => {
                let (session_no, number) = (*session_no, short_session(*session_no));
                // Of a session before.
                self.faces.clear();
                self.stage = Stage::Open(Box::new(Session {
                    number,
                    voice: Voice::new()?,
                    microphone: Microphone::new(number, self.sequence)?,
                    unreported: 0,
                    reported: None,
                }));
                self.tell(Event::Opened { session_no });
            }
            ServerMessage::VrError { .. } if matches!(self.stage, Stage::Opening) => {
                self.wants_voice = false;
                self.stage = Stage::Entered { is_ready: true };
            }
            ServerMessage::VrResponse {
                status: VrStatus::Ended,
                ..
            } => self.close(),
            ServerMessage::FaceClock {
                rtp_timestamp,
                sample,
            } => {
                if let Stage::Open(session) = &mut self.stage {
                    session.voice.on_clock(*rtp_timestamp, *sample);
                }
            }
            ServerMessage::PlayoutFlush { from_sample } => {
                if let Stage::Open(session) = &mut self.stage {
                    session.voice.flush(*from_sample);
                    let played = session.voice.played();
                    self.report(played);
                }
            }
            _ => {}
        }
        self.tell(Event::Said(Box::new(message)));
        Ok(())
    }

    /// A datagram came.
    pub fn on_datagram(&mut self, now_us: u64, datagram: &Bytes) {
        match (Header::read(datagram), &mut self.stage) {
            (Ok(header), Stage::Open(session))
                if header.session == session.number && header.kind == Kind::Opus =>
            {
                let payload = datagram.slice(HEADER_BYTES..);
                let (sequence, position) = (header.sequence, header.timestamp);
                session.voice.push(now_us, sequence, position, payload);
            }
            // The first of a session may overtake the message that opens it, and holds silence.
            (Ok(_), Stage::Opening) => {}
            // Her face is for those who draw it.
            (Ok(header), Stage::Open(session)) if header.session == session.number => {
                let payload = datagram.get(HEADER_BYTES..).unwrap_or_default();
                match FaceFrame::of_payload(header.timestamp, payload) {
                    Ok(frame) => self.show(frame),
                    Err(_) => self.garbage += 1,
                }
            }
            _ => self.garbage += 1,
        }
    }

    /// Takes samples of the microphone, as they are spoken; dropped while no voice flows.
    pub fn speak(&mut self, samples: &[f32]) -> Result<(), OpusError> {
        match &mut self.stage {
            Stage::Open(session) => session.microphone.speak(samples),
            _ => Ok(()),
        }
    }

    /// Her sound for the next 20 ms; called each [`FRAME_US`](crate::FRAME_US) of the ear's own clock.
    pub fn beat(&mut self, now_us: u64) -> &[f32] {
        let mut frame = std::mem::take(&mut self.frame);
        self.play(now_us, &mut frame);
        self.frame = frame;
        &self.frame
    }

    /// Her sound for the next samples of the ear's device, however many that asks for at a time. It asks at
    /// its own pace, which may differ from hers.
    pub fn play(&mut self, now_us: u64, out: &mut [f32]) {
        let Stage::Open(session) = &mut self.stage else {
            return out.fill(0.0);
        };
        session.voice.play(now_us, out);
        session.unreported += out.len();
        let played = session.voice.played();
        if session.unreported >= REPORT_EVERY && played != session.reported {
            self.report(played);
        }
    }

    /// The path loses so many packets of a hundred.
    pub fn set_loss(&mut self, percent: u8) -> Result<(), OpusError> {
        match &mut self.stage {
            Stage::Open(session) => session.microphone.set_loss(percent),
            _ => Ok(()),
        }
    }

    /// The next frame for the control stream.
    pub fn poll_frame(&mut self) -> Option<String> {
        self.frames.pop_front()
    }

    /// The next datagram.
    pub fn poll_datagram(&mut self) -> Option<Vec<u8>> {
        match &mut self.stage {
            Stage::Open(session) => session.microphone.poll(),
            _ => None,
        }
    }

    /// Whether a datagram waits.
    pub fn has_datagram(&self) -> bool {
        matches!(&self.stage, Stage::Open(session) if session.microphone.has_waiting())
    }

    /// What has happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The next frame of her face. Its timestamp is the number at 48 kHz of the sample of hers that it
    /// belongs to, as in [`Core::played`]. Frames may come late, twice, or not at all.
    pub fn poll_face(&mut self) -> Option<FaceFrame> {
        self.faces.pop_front()
    }

    /// The number at 48 kHz of her sample that is played next; `None` before the first.
    pub fn played(&self) -> Option<u32> {
        match &self.stage {
            Stage::Open(session) => session.voice.played(),
            _ => None,
        }
    }

    /// Whether voice flows.
    pub fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Open(_))
    }

    /// What became of the packets of this session, or of the last one.
    pub fn stats(&self) -> Stats {
        let mut stats = self.stats;
        if let Stage::Open(session) = &self.stage {
            session.voice.count(&mut stats);
            stats.sent = session.microphone.sent();
            stats.unsent = session.microphone.unsent();
        }
        stats.garbage = self.garbage;
        stats
    }

    fn ask_for_voice(&mut self) {
        if self.wants_voice && matches!(self.stage, Stage::Entered { is_ready: true }) {
            self.stage = Stage::Opening;
            self.say(ClientMessage::VrConnect {
                session_id: None,
                transport: Transport::Quic,
                sdp: None,
                head_pose: None,
            });
        }
    }

    fn close(&mut self) {
        if self.is_open() {
            self.stats = self.stats();
            self.wants_voice = false;
            self.faces.clear();
            self.stage = Stage::Entered { is_ready: true };
            self.tell(Event::Closed);
        }
    }

    fn report(&mut self, played: Option<u32>) {
        if let Stage::Open(session) = &mut self.stage {
            session.unreported = 0;
            session.reported = played;
        }
        if let Some(played_sample) = played {
            self.say(ClientMessage::Playout { played_sample });
        }
    }

    fn show(&mut self, frame: FaceFrame) {
        if self.faces.len() == MOST_FACES {
            self.faces.pop_front();
        }
        self.faces.push_back(frame);
    }

    fn tell(&mut self, event: Event) {
        if self.events.len() == MOST_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }
}

#[cfg(test)]
#[path = "conversation_test.rs"]
mod tests;
