//! The life of one connection, whatever it came over: its task's loop, and how it ends.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::ws::Message;
use futures_util::StreamExt;
use janet_engine::{Engine, EngineError, Session, SessionSpec};
use janet_protocol::{
    ErrorCode, IceServer, Limits, Outgoing, PROTOCOL, Role, ServerMessage, Status, WireError,
};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, broadcast, oneshot, watch};
use tokio::task::JoinError;
use tokio::time::{MissedTickBehavior, timeout};

use super::carrier::{Carrier, Frames};
use super::devices;
use super::inbound::Door;
use super::outbound::{Outbound, Stalled};
use super::parked::{self, Comeback};
use super::rate::Rate;
use super::realtime::{self, News, Realtime};
use super::requests::Requests;
use super::settings::Settings;
use super::trust::{Done, Trusted};
use crate::app::{App, Phase, goes_down};
use crate::conversations::{Arrival, Seat, Summons};
use crate::lock::{Access, Opened, Outcome};
use crate::trust::Told;
use crate::vault::Audible;
use crate::webrtc::told_servers;

/// How long a client that said goodbye, or was told it, may take to close its side.
const FAREWELL: Duration = Duration::from_secs(1);
/// Between two tries to tell a session whose queue is full.
const RETRY: Duration = Duration::from_millis(10);
/// How long a reply that its client has left may take to end and be stored.
const LAST_WORDS: Duration = Duration::from_secs(10);
/// What this server can do, for clients that ask before they offer.
const CAPABILITIES: [&str; 19] = [
    "text",
    "voice",
    "transcript",
    "interruption",
    "resume",
    "latency",
    "settings",
    "captions",
    "face",
    "webrtc",
    "calls",
    "pairing",
    "red_thread",
    "consent",
    "memory",
    "vault",
    "audit",
    "personas",
    "transfer",
];

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    /// The client closed it or vanished.
    Gone,
    /// Its socket broke, without a goodbye.
    Lost,
    /// No sign of life within the ping time-out.
    Silent,
    /// The client does not read.
    Stalled,
    /// A frame beyond every limit.
    TooBig,
    /// What came is no WebSocket frame, or not in its place.
    Violation,
    /// A text frame that is no text.
    NotText,
    /// Far more requests than are allowed, and no end.
    Flooding,
    /// The same `client_id` connected elsewhere.
    Superseded,
    /// Its conversation is forgotten.
    Forgotten,
    /// Its key is not known (any more).
    NotPaired,
    /// It came to pair and has, or had its time.
    Done,
    /// No place or no engine session is free.
    Full,
    /// Its device has as many places as one may have.
    Crowded,
    /// The server is going down.
    Away,
    /// A fault of our own.
    Fault,
}

impl Leave {
    /// The close code (RFC 6455 §7.4.1).
    pub(super) const fn code(self) -> u16 {
        match self {
            Self::Gone | Self::Lost | Self::Silent | Self::Done | Self::Forgotten => 1000,
            Self::Away => 1001,
            Self::Stalled | Self::Flooding | Self::Superseded | Self::NotPaired => 1008,
            Self::Violation => 1002,
            Self::NotText => 1007,
            Self::TooBig => 1009,
            Self::Fault => 1011,
            Self::Full | Self::Crowded => 1013,
        }
    }

    /// The reason in words, for the close frame; at most 123 bytes.
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::Gone => "goodbye",
            Self::Lost => "the connection broke",
            Self::Silent => "no sign of life within the ping time-out",
            Self::Stalled => "the client does not read what it is sent",
            Self::TooBig => "the frame is too large",
            Self::Violation => "this is not the WebSocket protocol",
            Self::NotText => "a text frame is not UTF-8",
            Self::Flooding => "too many messages",
            Self::Superseded => "superseded: this client_id connected elsewhere",
            Self::Forgotten => {
                "this conversation is forgotten; another one begins with the next connection"
            }
            Self::NotPaired => "not paired: this device key is not known (any more)",
            Self::Done => "there is nothing more to pair here; come back with the key",
            Self::Full => "no place is free; try again later",
            Self::Crowded => "this device has too many connections; close one of them",
            Self::Away => "the server is going down",
            Self::Fault => "internal error",
        }
    }
}

impl fmt::Display for Leave {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl From<Stalled> for Leave {
    fn from(_: Stalled) -> Self {
        Self::Stalled
    }
}

/// What a connection's task woke up for.
enum Wake {
    /// The socket has a frame, or has ended.
    Frame(Option<Result<Message, Leave>>),
    /// The engine has events or sound.
    Engine,
    /// Voice in real time has something to say.
    Realtime(News),
    /// Time to see whether the client is alive.
    PingDue,
    /// The models are further along.
    Phase,
    /// Somebody else takes the seat, or rings.
    Summons(Summons),
    /// The client is back, by another socket.
    Comeback(Comeback),
    /// The device was shut out.
    Revoked,
    /// The pairing that it opened is over.
    PairingOver(Outcome),
    /// Something that all connections have to know.
    Told(Result<Told, RecvError>),
    /// A request that took its time has its answer.
    Done(Box<Result<Done, JoinError>>),
    /// The server ends.
    GoingDown,
    /// The writer has given up.
    WriterGone,
}

/// One client that was let in.
pub(super) struct Connection {
    pub(super) app: Arc<App>,
    /// What it came by.
    pub(super) carrier: Carrier,
    pub(super) access: Access,
    pub(super) role: Role,
    /// The pairing that it has opened, which ends with it.
    pub(super) pairing: Option<Opened>,
    /// Its place in its conversation; nobody else has one at the same time.
    pub(super) seat: Seat,
    /// `None` while the models load.
    pub(super) session: Option<Session>,
    pub(super) outbound: Outbound,
    pub(super) requests: Requests,
    pub(super) limits: Limits,
    pub(super) rate: Rate,
    /// Rate of binary frames down while streaming voice is on, and of whole sounds.
    pub(super) play_rate_hz: u32,
    /// What the client set, kept for a session that opens later.
    pub(super) settings: Settings,
    /// When this client was last told that a binary frame was no good, so that a stream of them is
    /// not answered by a stream of errors.
    pub(super) binary_refused: Option<Instant>,
    /// Requests refused in a row.
    pub(super) refused: u32,
    /// Voice in real time, while there is any.
    pub(super) realtime: Option<Realtime>,
    /// While voice flows: its client, by another socket.
    pub(super) comeback: Option<oneshot::Receiver<Comeback>>,
    /// Where her streamed voice goes: to whom the microphone belongs, or belonged last.
    pub(super) voice_over: Door,
    /// Samples of one microphone frame; kept for its allocation.
    pub(super) samples: Vec<i16>,
    pub(super) woken: Arc<Notify>,
    phase: watch::Receiver<Phase>,
    /// What is asked of her conscience.
    pub(super) trusted: Trusted,
    /// Her voice is on its way to this client.
    pub(super) audible: Option<Audible>,
    /// From the process's conscience.
    pub(super) told: broadcast::Receiver<Told>,
    pub(super) leaving: watch::Receiver<bool>,
    pub(super) heard: Instant,
}

impl Connection {
    /// Takes the client's place in its conversation and greets it.
    pub(super) async fn enter(
        app: Arc<App>,
        carrier: Carrier,
        client_id: Option<&str>,
        outbound: Outbound,
        access: Access,
        role: Role,
    ) -> Result<Self, (Leave, Outbound)> {
        let Some(owner) = access.owner() else {
            return Err((Leave::NotPaired, outbound));
        };
        // Before there is a conversation: whatever becomes of that is heard.
        let (told, forgettings) = (app.trust.listen(), app.trust.forgettings());
        let (seat, arrival) = match app.conversations.enter(client_id, owner).await {
            Ok(entered) => entered,
            Err(error) => {
                tracing::error!(%error, "a conversation cannot be opened");
                return Err((Leave::Fault, outbound));
            }
        };
        let now = Instant::now();
        let server = &app.config.server;
        let mut connection = Self {
            limits: Limits {
                frame_bytes: carrier.largest(server.max_frame_bytes),
                ..Limits::default()
            },
            rate: Rate::new(server.messages_per_second, now),
            play_rate_hz: app.config.talk.play_rate_hz,
            settings: Settings::new(app.config.engine.speed),
            phase: app.phase.clone(),
            leaving: app.leaving.clone(),
            trusted: Trusted::new(forgettings),
            audible: None,
            told,
            app,
            carrier,
            access,
            role,
            pairing: None,
            seat,
            session: None,
            outbound,
            requests: Requests::default(),
            binary_refused: None,
            refused: 0,
            realtime: None,
            comeback: None,
            voice_over: Door::Socket,
            samples: Vec::new(),
            woken: Arc::new(Notify::new()),
            heard: now,
        };
        connection.note_arrival(arrival);
        match connection.greet(arrival).await {
            Ok(()) => Ok(connection),
            Err(leave) => Err((leave, connection.outbound)),
        }
    }

    async fn greet(&mut self, arrival: Arrival) -> Result<(), Leave> {
        if self.is_ready() {
            self.open_session().await?;
        }
        self.tell_status()?;
        if self.app.trust.may_act().is_err() {
            let state = self.app.trust.red_thread_state();
            self.outbound.text(ServerMessage::Trust(state))?;
        }
        if arrival == Arrival::Unknown {
            let message = "this client_id names no conversation of yours: it is not known, belongs to \
                           somebody else, or has ended; a new one begins";
            self.outbound.text(WireError::in_field(
                ErrorCode::UnknownClient,
                "client_id",
                message,
            ))?;
        }
        Ok(())
    }

    /// Serves the client until one side has enough.
    pub(super) async fn run(&mut self, frames: &mut Frames) -> Leave {
        let mut ping = tokio::time::interval(self.app.config.server.ping_every);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let wake = tokio::select! {
                frame = frames.next() => Wake::Frame(frame),
                () = self.woken.notified() => Wake::Engine,
                news = realtime::news(&mut self.realtime) => Wake::Realtime(news),
                _ = ping.tick() => Wake::PingDue,
                changed = self.phase.changed(), if self.session.is_none() => match changed {
                    Ok(()) => Wake::Phase,
                    Err(_) => Wake::GoingDown,
                },
                summons = self.seat.summons() => Wake::Summons(summons),
                comeback = parked::comeback(&mut self.comeback) => Wake::Comeback(comeback),
                () = devices::revoked(&self.app.lock, &self.access) => Wake::Revoked,
                outcome = devices::outcome(self.pairing.as_ref()) => Wake::PairingOver(outcome),
                told = self.told.recv() => Wake::Told(told),
                done = self.trusted.pending.next() => Wake::Done(Box::new(done)),
                () = goes_down(&mut self.leaving) => Wake::GoingDown,
                () = self.outbound.closed() => Wake::WriterGone,
            };
            let went_on = match wake {
                Wake::Frame(frame) => self.on_frame(frame).await,
                Wake::Engine => self.pump().await,
                Wake::Realtime(news) => self.on_realtime(news).await,
                Wake::PingDue => self.on_ping_due(),
                Wake::Phase => self.on_phase().await,
                Wake::Summons(Summons::Ring(ring)) => self.on_ring(ring).await,
                Wake::Summons(Summons::Unanswered(unanswered)) => self.on_unanswered(unanswered),
                Wake::Summons(Summons::Leave) => {
                    Err(self.leave_with(ErrorCode::Superseded, Leave::Superseded))
                }
                Wake::Comeback(comeback) => {
                    *frames = self.go_on_over(comeback);
                    Ok(())
                }
                Wake::Revoked => Err(self.leave_with(ErrorCode::NotPaired, Leave::NotPaired)),
                Wake::PairingOver(outcome) => self.tell_outcome(outcome),
                Wake::Told(told) => self.on_told(told),
                Wake::Done(done) => self.on_done(*done),
                Wake::GoingDown => Err(self.leave_with(ErrorCode::ShuttingDown, Leave::Away)),
                Wake::WriterGone => Err(Leave::Stalled),
            };
            if let Err(leave) = went_on {
                return leave;
            }
            if self.trusted.forgets.is_some() {
                return Leave::Forgotten;
            }
            self.seat.set_engaged(self.realtime.is_some());
            self.note_microphone();
            self.expect_comeback();
        }
    }

    /// Ends the reply in progress, keeps what was heard of it, and closes.
    pub(super) async fn end(mut self, leave: Leave, frames: &mut Frames) {
        // Whoever was shut out lets nobody else in.
        self.pairing = None;
        if self.comeback.take().is_some() {
            self.app.parked.forget(self.seat.client_id());
        }
        if self.session.as_ref().is_some_and(Session::mic_is_open) {
            self.seat.leaves_talking(Instant::now());
        }
        if let Some(ring) = self.seat.leave_door() {
            // Nobody heard it: it is in the history.
            self.on_ring(ring).await.ok();
        }
        self.leave_call(leave).await;
        // It has nobody to talk to any more.
        self.realtime = None;
        let server = &self.app.config.server;
        let last_words = match leave {
            // Somebody waits for this place.
            // … or nobody will read them.
            Leave::Superseded | Leave::Forgotten => FAREWELL,
            _ => LAST_WORDS.min(server.shutdown / 2),
        };
        let goodbye = server.write_timeout.min(server.shutdown / 2);
        if leave != Leave::Forgotten {
            self.outbound.say_goodbye(leave.code(), leave.reason());
        }
        if timeout(last_words, self.settle()).await.is_err() {
            tracing::warn!("a reply did not end in time and is not kept");
        }
        drop(self.session.take());
        self.note_microphone();
        // It may have been the last thing that was said.
        let is_forgotten = self.trusted.forgets.is_some();
        if !is_forgotten {
            self.distil_on_leaving(leave).await;
        }
        let is_gone = is_forgotten && self.forget().await;
        if leave == Leave::Forgotten {
            self.outbound.say_goodbye(leave.code(), leave.reason());
        }
        let Self { outbound, seat, .. } = self;
        match is_gone {
            true => seat.abandon(),
            false => seat.leave().await,
        }
        outbound.finish(goodbye).await;
        // Reading on lets the client's own close frame in, so that the socket ends cleanly.
        let ended = async { while let Some(Ok(_)) = frames.next().await {} };
        timeout(FAREWELL, ended).await.ok();
    }

    /// Lets the session know that nobody listens any more, and stores what it still says.
    async fn settle(&mut self) {
        let Some(session) = &mut self.session else {
            return;
        };
        // A full queue of commands is emptied every 10 ms.
        while let Err(EngineError::QueueFull) = session.detach() {
            tokio::time::sleep(RETRY).await;
        }
        loop {
            // Asked first: what a session said before it broke is there by then.
            let ended = self.session.as_ref().is_none_or(Session::has_ended);
            if self.store_only().await || ended {
                return;
            }
            self.woken.notified().await;
        }
    }

    /// Tells the client why it has to leave, ahead of the close frame. One that does not read any
    /// more leaves all the same.
    fn leave_with(&self, code: ErrorCode, leave: Leave) -> Leave {
        self.outbound
            .text(WireError::new(code, leave.reason()))
            .ok();
        leave
    }

    async fn on_frame(&mut self, frame: Option<Result<Message, Leave>>) -> Result<(), Leave> {
        self.heard = Instant::now();
        if let Some(Ok(frame)) = &frame {
            self.note_input(frame);
        }
        match frame {
            Some(Ok(Message::Text(text))) => self.on_text(&text, Door::Socket).await,
            Some(Ok(Message::Binary(bytes))) => self.on_binary(&bytes),
            // The answer to a ping is bytes, too, and whoever does not read them lets them gather.
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => match self.rate.admits(self.heard) {
                true => Ok(()),
                false => self.on_flood(),
            },
            Some(Ok(Message::Close(_))) => Err(Leave::Gone),
            None => Err(Leave::Lost),
            Some(Err(leave)) => Err(leave),
        }
    }

    fn on_ping_due(&mut self) -> Result<(), Leave> {
        if self.carrier.notices_silence() {
            return Ok(());
        }
        if self.heard.elapsed() > self.app.config.server.ping_timeout {
            return Err(Leave::Silent);
        }
        Ok(self.outbound.ping()?)
    }

    async fn on_phase(&mut self) -> Result<(), Leave> {
        if !self.is_ready() {
            return Ok(());
        }
        self.open_session().await?;
        self.tell_status()
    }

    fn is_ready(&mut self) -> bool {
        matches!(*self.phase.borrow_and_update(), Phase::Ready)
    }

    async fn open_session(&mut self) -> Result<(), Leave> {
        let engine: &Engine = self.app.engine.get().ok_or(Leave::Fault)?;
        let history = self.seat.history().await.map_err(|error| {
            tracing::error!(%error, "a conversation cannot be read");
            Leave::Fault
        })?;
        let woken = self.woken.clone();
        let spec = SessionSpec {
            history,
            waker: Arc::new(move || woken.notify_one()),
            attendant: self.attendant(),
            memory: self.recall(),
        };
        match engine.open(spec) {
            Ok(mut session) => {
                if self.seat.was_talking(Instant::now()) {
                    session.talks_already();
                }
                // A new session's queue is empty: what the client has set so far fits in.
                self.settings.apply(&session).map_err(|_| Leave::Fault)?;
                session.red_thread(self.app.trust.may_act().is_err());
                self.session = Some(session);
                self.trusted.session_began_ms = self.seat.now_ms();
                Ok(())
            }
            Err(EngineError::Busy { .. }) => Err(Leave::Full),
            Err(error) => {
                tracing::error!(%error, "a session cannot be opened");
                Err(Leave::Fault)
            }
        }
    }

    fn capabilities(&self) -> Vec<String> {
        let quic = self.app.quic.map(|_| "quic");
        let all = CAPABILITIES.into_iter().chain(quic);
        all.map(str::to_owned).collect()
    }

    pub(super) fn tell_status(&mut self) -> Result<(), Leave> {
        let status = if self.session.is_some() {
            Status::Ready
        } else {
            Status::ModelsLoading
        };
        let connected = ServerMessage::Connected {
            client_id: self.seat.client_id().to_owned(),
            status,
            role: self.role,
            protocol: PROTOCOL,
            capabilities: self.capabilities(),
            nodes: vec![self.app.node.as_str().to_owned()],
            ice_servers: self.ice_servers(),
        };
        Ok(self.outbound.text(Outgoing {
            request_id: self.carrier.take_request(),
            message: connected,
        })?)
    }

    /// Servers that help this client's voice through routers.
    pub(super) fn ice_servers(&self) -> Vec<IceServer> {
        ice_servers(&self.app, &self.access)
    }
}

/// Servers that help a client's voice through routers. Older clients of the house came in the clear:
/// what they are told anybody can read.
pub(super) fn ice_servers(app: &App, access: &Access) -> Vec<IceServer> {
    let may_be_relayed = matches!(access, Access::Here | Access::Device(..));
    let now = std::time::SystemTime::now();
    told_servers(&app.config.realtime, may_be_relayed, now)
}

/// What the client did wrong is told apart from a socket that broke. axum hides the type of the
/// error, so its words have to do; tests over a real socket hold them.
pub(super) fn reading_failed(error: &axum::Error) -> Leave {
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = source {
        let words = error.to_string();
        // A client that vanishes breaks the protocol, too.
        if words.ends_with("Connection reset without closing handshake") {
            return Leave::Lost;
        }
        for (beginning, leave) in [
            ("Space limit exceeded", Leave::TooBig),
            ("UTF-8 encoding error", Leave::NotText),
            ("WebSocket protocol error", Leave::Violation),
        ] {
            if words.starts_with(beginning) {
                return leave;
            }
        }
        source = error.source();
    }
    Leave::Lost
}
