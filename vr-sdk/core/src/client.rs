//! The client for programs that have Tokio: [`Core`] over quinn, in one task.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use janet_audio::opus::OpusError;
use janet_protocol::quic::{FrameReader, frame};
use janet_protocol::{ClientMessage, FaceFrame};
use quinn::{Connection, ConnectionError, Endpoint, RecvStream, SendStream, VarInt};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::transport::{self, ConnectError, Options, Way};
use crate::{Core, Event, FRAME_US, Hello, Stats};

/// What is said, and samples, on their way to the task; more than two seconds of a microphone.
const COMMANDS: usize = 128;
/// Events that nobody has taken yet; of a program that lets more gather the connection is ended.
const EVENTS: usize = 256;
/// Frames of her sound that nobody has taken yet: a second. What is more is dropped.
const SOUNDS: usize = 50;
/// Frames of her face that nobody has taken yet: a second. What is more is dropped.
const FACES: usize = 60;
/// Frames on their way to the control stream; with more than that nobody reads at the other end.
const FRAMES: usize = 64;
/// Longest frame that is read. Janet's have at most a megabyte.
const LARGEST: usize = 4 << 20;
/// Bytes that are read at once.
const CHUNK: usize = 16 << 10;
/// So many beats may be late and still be caught up with.
const CATCH_UP: u32 = 5;
/// Between two looks how much the path loses.
const LOSSES: Duration = Duration::from_secs(1);
/// Between two looks whether the path takes what waits.
const LOOK: Duration = Duration::from_millis(5);
/// How long what was said last may take to arrive.
const FAREWELL: Duration = Duration::from_secs(1);
/// The code by which a client leaves; those of the server are the WebSocket's (RFC 6455 §7.4.1).
const GOODBYE: u32 = 1000;

/// Why a connection has ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Ended {
    /// She has closed it.
    #[error("Janet has ended the connection: {reason} ({code})")]
    ByServer {
        /// As a WebSocket's close codes.
        code: u64,
        /// In words.
        reason: String,
    },
    /// We have.
    #[error("the connection was closed")]
    ByUs,
    /// Nothing was heard of her for too long.
    #[error("the connection was lost")]
    Lost,
    /// The program does not take what comes.
    #[error("events were not taken in time")]
    Stalled,
    /// What came is not what the protocol says.
    #[error("the other side broke the protocol: {0}")]
    Broken(String),
}

/// What comes of a connection.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Something has happened.
    Event(Event),
    /// Her sound for the next 20 ms, at [`crate::RATE_HZ`]; on every beat while voice flows.
    Sound(Box<[f32]>),
    /// What her mouth does at one of her samples: its timestamp is that sample's number at 48 kHz.
    Face(FaceFrame),
}

enum Command {
    Say(ClientMessage),
    OpenVoice,
    Speak(Box<[f32]>),
}

/// A connection to Janet. Dropping it leaves without a word; [`Client::close`] says goodbye.
pub struct Client {
    server: SocketAddr,
    endpoint: Endpoint,
    connection: Connection,
    commands: mpsc::Sender<Command>,
    events: mpsc::Receiver<Event>,
    sounds: mpsc::Receiver<Box<[f32]>>,
    faces: mpsc::Receiver<FaceFrame>,
    stats: watch::Receiver<Stats>,
    task: JoinHandle<Ended>,
    ended: Option<Ended>,
}

impl Client {
    /// Connects, and says who we are. Whether we are let in is said by the first event.
    pub async fn connect(options: &Options) -> Result<Self, ConnectError> {
        let way = transport::connect(options).await?;
        Ok(Self::begin(way, options.server, options.hello.clone()))
    }

    /// Says who we are over this connection.
    pub(crate) fn begin(way: Way, server: SocketAddr, hello: Hello) -> Self {
        let Way {
            endpoint,
            connection,
            control: (control, incoming),
        } = way;
        let (commands, orders) = mpsc::channel(COMMANDS);
        let (tell, events) = mpsc::channel(EVENTS);
        let (sound, sounds) = mpsc::channel(SOUNDS);
        let (face, faces) = mpsc::channel(FACES);
        let (count, stats) = watch::channel(Stats::default());
        let (frames, waiting) = mpsc::channel(FRAMES);
        let now = Instant::now();
        let task = Task {
            core: Core::new(hello, chance()),
            reader: FrameReader::new(LARGEST),
            idle_space: connection.datagram_send_buffer_space(),
            losses: (now + LOSSES, (0, 0)),
            connection: connection.clone(),
            began: now,
            beat: None,
            frames,
            tell,
            sound,
            face,
            count,
        };
        let writer = tokio::spawn(write(control, waiting));
        let task = tokio::spawn(task.run(incoming, orders, writer));
        Self {
            server,
            endpoint,
            connection,
            commands,
            events,
            sounds,
            faces,
            stats,
            task,
            ended: None,
        }
    }

    /// What comes next; `Err` for ever once the connection has ended. May be cancelled.
    pub async fn next(&mut self) -> Result<Next, Ended> {
        tokio::select! {
            biased;
            Some(event) = self.events.recv() => return Ok(Next::Event(event)),
            Some(frame) = self.faces.recv() => return Ok(Next::Face(frame)),
            Some(frame) = self.sounds.recv() => return Ok(Next::Sound(frame)),
            else => {}
        }
        let ended = match self.ended.clone() {
            Some(ended) => ended,
            None => (&mut self.task).await.unwrap_or(Ended::Lost),
        };
        self.ended = Some(ended.clone());
        Err(ended)
    }

    /// Voice is wanted as soon as it can be had.
    pub async fn open_voice(&self) {
        // Fails once the connection has ended, which `next` tells.
        self.commands.send(Command::OpenVoice).await.ok();
    }

    /// Says something.
    pub async fn say(&self, message: ClientMessage) {
        self.commands.send(Command::Say(message)).await.ok();
    }

    /// Hands samples of the microphone over ([`crate::RATE_HZ`]), as they are spoken; whether there was
    /// room for them.
    pub fn speak(&self, samples: &[f32]) -> bool {
        let samples = Command::Speak(samples.into());
        self.commands.try_send(samples).is_ok()
    }

    /// Goes on over another socket of this machine, as when the network changes.
    pub fn rebind(&self) -> io::Result<()> {
        transport::rebind(&self.endpoint, self.server)
    }

    /// Where we are seen to come from.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        self.endpoint.local_addr()
    }

    /// The connection itself, for what is not voice.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// What became of the packets so far.
    pub fn stats(&self) -> Stats {
        *self.stats.borrow()
    }

    /// Time to her and back.
    pub fn round_trip(&self) -> Duration {
        self.connection.rtt()
    }

    /// Says goodbye, and waits until it has arrived.
    pub async fn close(self) {
        let Self {
            endpoint,
            connection,
            commands,
            task,
            ended,
            ..
        } = self;
        // The task's end is that nobody has anything to say any more.
        drop(commands);
        // What it ended with can be had once.
        if ended.is_none() {
            timeout(FAREWELL, task).await.ok();
        }
        connection.close(VarInt::from_u32(GOODBYE), b"goodbye");
        timeout(FAREWELL, endpoint.wait_idle()).await.ok();
    }
}

/// The task's own.
struct Task {
    core: Core,
    reader: FrameReader,
    connection: Connection,
    /// Room for datagrams when none waits.
    idle_space: usize,
    /// When to look next what was lost, and what was sent and lost by the last time.
    losses: (Instant, (u64, u64)),
    began: Instant,
    /// When her next 20 ms are due, while voice flows.
    beat: Option<Instant>,
    frames: mpsc::Sender<String>,
    tell: mpsc::Sender<Event>,
    sound: mpsc::Sender<Box<[f32]>>,
    face: mpsc::Sender<FaceFrame>,
    count: watch::Sender<Stats>,
}

impl Task {
    async fn run(
        mut self,
        mut incoming: RecvStream,
        mut orders: mpsc::Receiver<Command>,
        mut writer: JoinHandle<()>,
    ) -> Ended {
        let connection = self.connection.clone();
        let mut chunk = vec![0; CHUNK];
        let ended = loop {
            let now = Instant::now();
            if let Err(ended) = self.turn(now) {
                break ended;
            }
            let due = self.due(now);
            let went_on = tokio::select! {
                read = incoming.read(&mut chunk) => match read {
                    Ok(Some(bytes)) => self.on_bytes(&chunk[..bytes]),
                    // The reason comes with the connection's end.
                    Ok(None) | Err(_) => Err(why(timeout(FAREWELL, connection.closed()).await.ok())),
                },
                datagram = connection.read_datagram() => match datagram {
                    Ok(datagram) => {
                        let now_us = self.micros(Instant::now());
                        self.core.on_datagram(now_us, &datagram);
                        Ok(())
                    }
                    Err(error) => Err(why(Some(error))),
                },
                order = orders.recv() => match order {
                    Some(order) => self.obey(order),
                    None => Err(Ended::ByUs),
                },
                () = tokio::time::sleep_until(due.into()) => Ok(()),
            };
            if let Err(ended) = went_on {
                break ended;
            }
        };
        self.count.send_replace(self.core.stats());
        drop(self.frames);
        if timeout(FAREWELL, &mut writer).await.is_err() {
            writer.abort();
        }
        if ended != Ended::ByUs {
            self.connection.close(VarInt::from_u32(GOODBYE), b"goodbye");
        }
        ended
    }

    /// Everything that is due now.
    fn turn(&mut self, now: Instant) -> Result<(), Ended> {
        self.beat(now);
        while let Some(frame) = self.core.poll_frame() {
            self.frames.try_send(frame).map_err(|_| Ended::Lost)?;
        }
        while let Some(event) = self.core.poll_event() {
            self.tell.try_send(event).map_err(|_| Ended::Stalled)?;
        }
        while let Some(frame) = self.core.poll_face() {
            // Nobody draws it, or not fast enough.
            self.face.try_send(frame).ok();
        }
        // What QUIC itself still holds back is for its congestion controller to send.
        if self.connection.datagram_send_buffer_space() >= self.idle_space {
            while let Some(datagram) = self.core.poll_datagram() {
                // What the path does not take is lost, as the network might lose it.
                self.connection.send_datagram(datagram.into()).ok();
            }
        }
        self.look_for_losses(now)?;
        self.count.send_replace(self.core.stats());
        Ok(())
    }

    fn beat(&mut self, now: Instant) {
        if !self.core.is_open() {
            self.beat = None;
            return;
        }
        let mut due = self.beat.unwrap_or(now);
        let longest = Duration::from_micros(FRAME_US) * CATCH_UP;
        if now.saturating_duration_since(due) > longest {
            due = now;
        }
        while due <= now {
            let now_us = self.micros(now);
            let frame = self.core.beat(now_us);
            // Nobody listens, or not fast enough: what is late is of no use.
            self.sound.try_send(frame.into()).ok();
            due += Duration::from_micros(FRAME_US);
        }
        self.beat = Some(due);
    }

    fn look_for_losses(&mut self, now: Instant) -> Result<(), Ended> {
        let (due, (sent, lost)) = self.losses;
        if now < due {
            return Ok(());
        }
        let path = self.connection.stats().path;
        self.losses = (now + LOSSES, (path.sent_packets, path.lost_packets));
        let sent = path.sent_packets.saturating_sub(sent);
        let lost = path.lost_packets.saturating_sub(lost).min(sent);
        let percent = (lost * 100).checked_div(sent).unwrap_or_default() as u8;
        self.core.set_loss(percent).map_err(codec)
    }

    fn on_bytes(&mut self, bytes: &[u8]) -> Result<(), Ended> {
        self.reader.push(bytes);
        let broken = |error: janet_protocol::quic::TooLong| Ended::Broken(error.to_string());
        while let Some(frame) = self.reader.poll().map_err(broken)? {
            self.core.on_frame(&frame).map_err(codec)?;
        }
        Ok(())
    }

    fn obey(&mut self, order: Command) -> Result<(), Ended> {
        match order {
            Command::Say(message) => self.core.say(message),
            Command::OpenVoice => self.core.open_voice(),
            Command::Speak(samples) => self.core.speak(&samples).map_err(codec)?,
        }
        Ok(())
    }

    fn due(&self, now: Instant) -> Instant {
        let look = self.core.has_datagram().then_some(now + LOOK);
        let due = [self.beat, look, Some(self.losses.0)].into_iter().flatten();
        due.min().unwrap_or(now + LOSSES)
    }

    fn micros(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.began).as_micros() as u64
    }
}

async fn write(mut control: SendStream, mut waiting: mpsc::Receiver<String>) {
    while let Some(json) = waiting.recv().await {
        if control.write_all(&frame(&json)).await.is_err() {
            return;
        }
    }
    if control.finish().is_ok() {
        control.stopped().await.ok();
    }
}

fn why(error: Option<ConnectionError>) -> Ended {
    match error {
        Some(ConnectionError::ApplicationClosed(closed)) => Ended::ByServer {
            code: closed.error_code.into_inner(),
            reason: String::from_utf8_lossy(&closed.reason).into_owned(),
        },
        Some(ConnectionError::LocallyClosed) => Ended::ByUs,
        Some(ConnectionError::TransportError(error)) => Ended::Broken(error.to_string()),
        _ => Ended::Lost,
    }
}

fn codec(error: OpusError) -> Ended {
    Ended::Broken(error.to_string())
}

/// Where to begin to count packets (RFC 3550 §5.1).
fn chance() -> u16 {
    use std::hash::{BuildHasher as _, RandomState};
    (RandomState::new().hash_one(0) & 0xFFFF) as u16
}
