//! One call: its task, and what the connection it belongs to holds of it.

use std::time::{Duration, Instant};

use janet_audio::jitter::Packet;
use janet_audio::opus::OpusError;
use janet_engine::Playback;
use janet_protocol::{ErrorCode, Outgoing, ServerMessage, WireError};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use super::candidates::reflexive_candidate;
use super::channels::LONGEST_TEXT;
use super::description::{PeerError, ice_fragment};
use super::door::{Description, Place};
use super::measured;
use super::mux::Datagram;
use super::peer::{Happened, Peer};
use super::relays::{Came, Relays};
use super::stun::Mapped;
use crate::face;
use crate::media::{Clock, Down, Face, Up};
use crate::playing::Sound;

/// Chunks and flushes of her voice on their way to the task: more than a second. What is more is
/// dropped: the task has stood still for so long.
const SOUND: usize = 128;
/// Orders and JSON on their way to the task; what is more is dropped, or refused.
const COMMANDS: usize = 256;
/// Microphone packets and JSON on their way from the task: more than two seconds of voice. What is more
/// is dropped and counted.
const TOLD: usize = 128;
/// How long a far end has to answer an offer, and to be found after that.
const SETTING_UP: Duration = Duration::from_secs(30);
/// An order is looked at within milliseconds.
const ORDER: Duration = Duration::from_secs(5);
/// Between two wishes for a new way.
const BETWEEN: Duration = Duration::from_secs(1);
/// Addresses of our port that one far end is told of, however often a router chooses another.
const MOST_MAPPED: usize = 32;
/// The task wakes at least so often.
const IDLE: Duration = Duration::from_secs(1);

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Media does not flow yet.
    Connecting,
    /// It does.
    Connected,
    /// It never did.
    Failed,
    /// The far end has said goodbye.
    Left,
    /// It does not any more, and the far end said nothing.
    Lost,
    /// A fault of our own.
    Broken,
}

impl State {
    /// Whether nothing more comes of the call.
    pub(crate) const fn is_over(self) -> bool {
        !matches!(self, Self::Connecting | Self::Connected)
    }
}

/// What comes from the far end.
#[derive(Debug)]
pub(crate) enum Told {
    /// The call is at this point now; when that [is over](State::is_over), nothing more comes.
    State(State),
    /// Microphone samples, 16 kHz mono.
    Mic {
        /// The samples.
        samples: Vec<i16>,
        /// When the datagram came that they are told by.
        came: Instant,
    },
    /// JSON from the `events` channel.
    Text(String),
    /// We can be reached there, too: an ICE candidate for the far end.
    Candidate(String),
    /// Of her voice everything before this sample will have been heard, although more was asked to be
    /// dropped: it is on its way already.
    Heard(u32),
}

/// What came of the wish for a new way.
pub(crate) enum Again {
    /// The far end is told this.
    Agreed(Description),
    /// The offer comes from somebody else, or nobody has been agreed with yet: it is for a call of its own.
    Stranger,
}

enum Command {
    Again(Option<String>, oneshot::Sender<Result<Again, PeerError>>),
    Answered(String, oneshot::Sender<Result<(), PeerError>>),
    Candidate(String, oneshot::Sender<Result<(), PeerError>>),
    Text(String),
}

/// A call, as its connection holds it. Dropping it says goodbye to the far end.
pub(crate) struct Call {
    commands: mpsc::Sender<Command>,
    sound: mpsc::Sender<Sound>,
    told: mpsc::Receiver<Told>,
    state: watch::Receiver<State>,
}

impl Call {
    /// Starts the task.
    pub(super) fn begin(
        place: Place,
        peer: Peer,
        datagrams: mpsc::Receiver<Datagram>,
    ) -> Result<Self, OpusError> {
        let (commands, orders) = mpsc::channel(COMMANDS);
        let (sound, playbacks) = mpsc::channel(SOUND);
        let (tell, told) = mpsc::channel(TOLD);
        let (set_state, state) = watch::channel(State::Connecting);
        let began = Instant::now();
        let task = Task {
            mapped: place.mapped(),
            place,
            peer,
            relays: Relays::default(),
            told_mapped: Vec::new(),
            up: Up::new()?,
            down: Down::new(fastrand::u16(..), fastrand::u32(..))?,
            face: Face::default(),
            began,
            set_up_until: began + SETTING_UP,
            clock: None,
            came: began,
            waited: Duration::ZERO,
            mic: Vec::new(),
            strays: 0,
            again: None,
            state: set_state,
            tell,
        };
        metrics::counter!("janet_webrtc_calls_total").increment(1);
        tokio::spawn(task.run(datagrams, orders, playbacks));
        Ok(Self {
            commands,
            sound,
            told,
            state,
        })
    }

    /// The far end answers our offer.
    pub(crate) async fn answered(&self, sdp: String) -> Result<(), PeerError> {
        self.order(|reply| Command::Answered(sdp, reply)).await
    }

    /// The far end's network has changed: both look for a new way (ICE restart), with an offer of the far
    /// end's, or with one of ours.
    pub(crate) async fn again(&self, offer: Option<String>) -> Result<Again, PeerError> {
        self.order(|reply| Command::Again(offer, reply)).await
    }

    /// The far end can be reached there, perhaps.
    pub(crate) async fn candidate(&self, candidate: String) -> Result<(), PeerError> {
        self.order(|reply| Command::Candidate(candidate, reply))
            .await
    }

    /// Whether media flows.
    pub(crate) fn is_connected(&self) -> bool {
        *self.state.borrow() == State::Connected
    }

    /// What the engine wants to be heard.
    pub(crate) fn play(&self, playback: &Playback<'_>) {
        let sound = Sound::of(playback, Instant::now());
        if self.sound.try_send(sound).is_err() {
            metrics::counter!("janet_webrtc_dropped_chunks_total").increment(1);
        }
    }

    /// Sends JSON on `events`, if that is open.
    pub(crate) fn text(&self, json: String) {
        if self.commands.try_send(Command::Text(json)).is_err() {
            metrics::counter!("janet_webrtc_dropped_texts_total").increment(1);
        }
    }

    /// What comes next. May be cancelled.
    pub(crate) async fn told(&mut self) -> Told {
        tokio::select! {
            changed = self.state.changed() => Told::State(match changed {
                Ok(()) => *self.state.borrow_and_update(),
                // Its task is gone without a word: a fault in it.
                Err(_) => State::Broken,
            }),
            Some(told) = self.told.recv() => told,
        }
    }

    async fn order<T>(
        &self,
        order: impl FnOnce(oneshot::Sender<Result<T, PeerError>>) -> Command,
    ) -> Result<T, PeerError> {
        let (reply, done) = oneshot::channel();
        let gone = || PeerError::Setup("the call has ended".to_owned());
        self.commands.try_send(order(reply)).map_err(|_| gone())?;
        match timeout(ORDER, done).await {
            Ok(Ok(done)) => done,
            Ok(Err(_)) | Err(_) => Err(gone()),
        }
    }
}

/// The task's own.
struct Task {
    place: Place,
    peer: Peer,
    relays: Relays,
    /// How the outside sees our port, and what the far end knows of that.
    mapped: watch::Receiver<Vec<Mapped>>,
    told_mapped: Vec<Mapped>,
    up: Up,
    down: Down,
    face: Face,
    began: Instant,
    /// When a call that is not connected by then is given up.
    set_up_until: Instant,
    /// As last told, for an `events` channel that opens later.
    clock: Option<Clock>,
    mic: Vec<i16>,
    /// When the last datagram came.
    came: Instant,
    /// The longest way from the engine's ring to here since the last packet.
    waited: Duration,
    strays: u64,
    /// When a new way was asked for last.
    again: Option<Instant>,
    state: watch::Sender<State>,
    tell: mpsc::Sender<Told>,
}

impl Task {
    async fn run(
        mut self,
        mut datagrams: mpsc::Receiver<Datagram>,
        mut orders: mpsc::Receiver<Command>,
        mut playbacks: mpsc::Receiver<Sound>,
    ) {
        // Whoever does not answer delays nobody.
        let mut asking = std::pin::pin!(Relays::ask(self.place.ice()));
        let mut is_asking = true;
        let end = loop {
            let now = Instant::now();
            match self.turn(now) {
                Ok(None) => {}
                Ok(Some(end)) => break end,
                Err(error) => {
                    tracing::error!(%error, "a call ends: Opus failed");
                    break State::Broken;
                }
            }
            let due = self.due(now);
            tokio::select! {
                Some(Datagram { from, to, at, bytes }) = datagrams.recv() => {
                    self.came = at;
                    self.peer.datagram(Instant::now(), to, from, bytes);
                }
                Some(sound) = playbacks.recv() => self.hear(sound),
                relays = &mut asking, if is_asking => {
                    (self.relays, is_asking) = (relays, false);
                }
                () = self.relays.receive(Instant::now) => {}
                Ok(()) = self.mapped.changed() => {}
                order = orders.recv() => match order {
                    Some(order) => self.obey(order),
                    // The connection that it belonged to is gone.
                    None => break State::Left,
                },
                () = tokio::time::sleep_until(due.into()) => {}
            }
        };
        self.peer.close();
        let now = Instant::now();
        self.send_all(now);
        self.relays.close(now);
        self.count();
        self.state.send_replace(end);
    }

    /// Everything that is due now; how it ended, if it did.
    fn turn(&mut self, now: Instant) -> Result<Option<State>, OpusError> {
        if self.peer.timeout().is_some_and(|due| due <= now) {
            self.peer.on_timeout(now);
        }
        self.relays.on_timeout(now);
        self.on_relays(now);
        self.tell_mapped();
        let now_us = self.micros(now);
        while let Some(happened) = self.peer.poll() {
            if let Some(end) = self.on(happened, now, now_us)? {
                return Ok(Some(end));
            }
        }
        self.up.wait(self.peer.patience());
        self.up.pull(now_us, &mut self.mic);
        if !self.mic.is_empty() {
            let samples = std::mem::take(&mut self.mic);
            let came = self.came;
            self.tell(Told::Mic { samples, came });
        }
        if self.is_connected() {
            loop {
                let due_us = self.down.timeout().unwrap_or(now_us);
                let Some(frame) = self.down.poll(now_us)? else {
                    break;
                };
                self.peer
                    .voice(now, frame.sequence, frame.timestamp, frame.payload);
                // What she is ahead of the ear is no delay.
                let late = Duration::from_micros(now_us.saturating_sub(due_us));
                let late = late + std::mem::take(&mut self.waited);
                metrics::histogram!("janet_ring_to_wire_seconds").record(late.as_secs_f64());
            }
            while let Some(clock) = self.down.poll_clock() {
                self.clock = Some(clock);
                self.tell_clock(now);
            }
            self.show(now);
        } else if now >= self.set_up_until {
            return Ok(Some(State::Failed));
        }
        self.send_all(now);
        Ok(None)
    }

    fn on_relays(&mut self, now: Instant) {
        while let Some(came) = self.relays.poll() {
            match came {
                Came::Address(address) => match self.peer.add_relay(address) {
                    Ok(candidate) => self.tell(Told::Candidate(candidate)),
                    Err(error) => tracing::debug!(%error, "a relay is of no use"),
                },
                Came::Datagram { from, to, bytes } => self.peer.datagram(now, to, from, bytes),
            }
        }
    }

    /// Tells the far end how the outside sees our port, each address once.
    fn tell_mapped(&mut self) {
        let mapped = self.mapped.borrow_and_update().clone();
        for mapped in mapped {
            if self.told_mapped.len() < MOST_MAPPED && !self.told_mapped.contains(&mapped) {
                self.told_mapped.push(mapped);
                if let Ok(candidate) = reflexive_candidate(mapped.seen) {
                    self.tell(Told::Candidate(candidate));
                }
            }
        }
    }

    fn on(
        &mut self,
        happened: Happened,
        now: Instant,
        now_us: u64,
    ) -> Result<Option<State>, OpusError> {
        match happened {
            Happened::Connected => {
                if !self.is_connected() {
                    let took = now - self.began;
                    metrics::histogram!("janet_webrtc_setup_seconds").record(took.as_secs_f64());
                    self.state.send_replace(State::Connected);
                }
                self.peer.round_trip(now);
            }
            Happened::Left if self.is_connected() => return Ok(Some(State::Left)),
            Happened::Lost if self.is_connected() => return Ok(Some(State::Lost)),
            Happened::Left | Happened::Lost => return Ok(Some(State::Failed)),
            Happened::Voice {
                sequence,
                timestamp,
                payload,
                is_again,
            } => {
                let packet = Packet {
                    sequence,
                    timestamp,
                    payload,
                };
                match is_again {
                    true => self.up.push_again(now_us, packet),
                    false => self.up.push(now_us, packet),
                }
            }
            Happened::Stray => self.strays += 1,
            Happened::Reported {
                lost_percent,
                jitter,
            } => {
                self.down.set_loss(lost_percent)?;
                let here = Duration::from_micros(self.up.stats().jitter_us);
                let round_trip = self.peer.round_trip(now);
                measured::reported(lost_percent, jitter, here, round_trip);
            }
            Happened::EventsOpen => self.tell_clock(now),
            Happened::Text(text) => self.tell(Told::Text(text)),
            // Janet has a face; nobody tells her of theirs.
            Happened::Face(frame) => tracing::trace!(bytes = frame.len(), "a face was not taken"),
            Happened::TooLong => {
                let message = format!("more than {LONGEST_TEXT} bytes in one message on events");
                let error = WireError::new(ErrorCode::FrameTooLarge, message);
                self.peer.text(now, &Outgoing::from(error).to_json());
            }
        }
        Ok(None)
    }

    fn obey(&mut self, order: Command) {
        let now = Instant::now();
        // Nobody waits for the reply any more if it cannot be sent.
        match order {
            Command::Answered(sdp, reply) => {
                let taken = self.peer.answered(now, sdp);
                if taken.is_ok() {
                    self.set_up_until = now + SETTING_UP;
                }
                reply.send(taken).ok();
            }
            Command::Again(offer, reply) => {
                reply.send(self.again(now, offer)).ok();
            }
            Command::Candidate(candidate, reply) => {
                reply.send(self.peer.candidate(candidate)).ok();
            }
            Command::Text(json) => {
                if !self.peer.text(now, &json) {
                    metrics::counter!("janet_webrtc_dropped_texts_total").increment(1);
                }
            }
        }
    }

    fn again(&mut self, now: Instant, offer: Option<String>) -> Result<Again, PeerError> {
        let is_stranger = |offer: &String| !self.peer.is_from_far_end(offer);
        if offer.as_ref().is_some_and(is_stranger) {
            return Ok(Again::Stranger);
        }
        if self.again.is_some_and(|last| now - last < BETWEEN) {
            return Err(PeerError::TooSoon);
        }
        self.again = Some(now);
        let description = match offer {
            Some(offer) => Description::Answer(self.peer.accept_again(now, offer)?),
            None => match self.peer.offer_again(now) {
                Ok(offer) => Description::Offer(offer),
                Err(PeerError::NotAgreed) => return Ok(Again::Stranger),
                Err(error) => return Err(error),
            },
        };
        if let Some(fragment) = ice_fragment(description.sdp()) {
            self.place.rename(fragment);
        }
        // They were for the old way.
        self.told_mapped.clear();
        metrics::counter!("janet_webrtc_restarts_total").increment(1);
        Ok(Again::Agreed(description))
    }

    fn hear(&mut self, sound: Sound) {
        match sound {
            // What is said before anybody can hear it is not kept for later.
            Sound::Chunk { .. } if !self.is_connected() => {}
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
                if let Some(sample) = self.down.flush(from_sample) {
                    self.tell(Told::Heard(sample));
                }
            }
        }
    }

    /// Sends the frames of her face whose sound was sent. Without a channel nobody sees them.
    fn show(&mut self, now: Instant) {
        let Some(sent_to) = self.down.sent_to() else {
            return;
        };
        while !self.peer.face_is_full()
            && let Some(frame) = self.face.poll(sent_to)
        {
            if self.peer.face(now, &frame.encode()) {
                face::sent("webrtc", 1);
            }
        }
        face::dropped(self.face.take_dropped());
    }

    fn tell(&self, told: Told) {
        if self.tell.try_send(told).is_err() {
            metrics::counter!("janet_webrtc_dropped_told_total").increment(1);
        }
    }

    fn tell_clock(&mut self, now: Instant) {
        let Some(Clock {
            rtp_timestamp,
            sample,
        }) = self.clock
        else {
            return;
        };
        let clock = ServerMessage::FaceClock {
            rtp_timestamp,
            sample,
        };
        // Not open yet: it is told when it is.
        self.peer.text(now, &Outgoing::from(clock).to_json());
    }

    fn send_all(&mut self, now: Instant) {
        while let Some(out) = self.peer.poll_transmit() {
            if !self.relays.send(now, out.from, out.to, &out.bytes) {
                self.place.send(&out);
            }
        }
        self.relays.flush();
    }

    fn due(&mut self, now: Instant) -> Instant {
        let down = self.down.timeout().filter(|_| self.is_connected());
        let ours = [self.up.timeout(), down].into_iter().flatten();
        let ours = ours.map(|due_us| self.began + Duration::from_micros(due_us));
        let due = ours.chain([now + IDLE]).min().unwrap_or(now);
        let theirs = [self.peer.timeout(), self.relays.timeout()];
        theirs.into_iter().flatten().fold(due, Instant::min)
    }

    fn is_connected(&self) -> bool {
        *self.state.borrow() == State::Connected
    }

    fn micros(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.began).as_micros() as u64
    }

    fn count(&self) {
        let again = self.peer.again();
        let besides = [
            ("stray", self.strays),
            ("asked_again", again.asked),
            ("given_again", again.given),
        ];
        measured::ended(&self.up, &self.down, besides);
    }
}
