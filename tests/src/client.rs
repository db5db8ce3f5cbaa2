//! A WebSocket client that speaks JSON and waits with patience.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::protocol::frame::{Frame as RawFrame, coding::OpCode};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::sound::PACKET;
use crate::{Server, schema};

/// An answer on two cores that other tests use, too.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came from the server. Every text frame is held against the protocol's schema.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// A text frame, parsed.
    Text(Value),
    /// Her voice: number of the first sample, and the samples.
    Sound(u32, Vec<i16>),
    /// The server's goodbye: code and reason.
    Close(u16, String),
    /// The socket has ended.
    End,
}

/// One connection.
pub struct Client {
    socket: WebSocketStream<TcpStream>,
    /// From `connected`.
    pub client_id: String,
    /// The `connected` frame itself.
    pub connected: Value,
    /// Candidates come whenever a server for ICE answers: those that came while something else was waited
    /// for.
    candidates: VecDeque<Value>,
}

impl Client {
    /// Connects as a new client and waits until the server serves requests.
    pub async fn connect(server: &Server) -> Self {
        Self::connect_to(server, "/ws").await
    }

    /// Connects with a `client_id`.
    pub async fn resume(server: &Server, client_id: &str) -> Self {
        Self::connect_to(server, &format!("/ws?client_id={client_id}")).await
    }

    /// Connects at a path and waits until the server serves requests.
    pub async fn connect_to(server: &Server, path: &str) -> Self {
        let mut client = Self::greet(server, path).await;
        while client.connected["status"] != "ready" {
            client.connected = client.until("connected").await;
        }
        client
    }

    /// Connects at a path and takes the first `connected`, ready or not.
    pub async fn greet(server: &Server, path: &str) -> Self {
        let mut socket = Self::open(server, path, None).await;
        let connected = match frame(&mut socket).await {
            Frame::Text(first) => first,
            other => panic!("the first frame was {other:?}"),
        };
        assert_eq!(
            connected["type"], "connected",
            "the first frame was {connected}"
        );
        let client_id = connected["client_id"].as_str().expect("an id").to_owned();
        Self::new(socket, client_id, connected)
    }

    fn new(socket: WebSocketStream<TcpStream>, client_id: String, connected: Value) -> Self {
        Self {
            socket,
            client_id,
            connected,
            candidates: VecDeque::new(),
        }
    }

    /// The bare socket; with a receive buffer this small, if given.
    pub async fn open(
        server: &Server,
        path: &str,
        receive_buffer: Option<u32>,
    ) -> WebSocketStream<TcpStream> {
        let socket = match server.address() {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        };
        let socket = socket.expect("a socket");
        if let Some(bytes) = receive_buffer {
            socket.set_recv_buffer_size(bytes).expect("a buffer size");
        }
        let stream = socket
            .connect(server.address())
            .await
            .expect("the server listens");
        let url = format!("ws://{}{path}", server.address());
        let config = WebSocketConfig::default()
            .max_message_size(Some(256 << 20))
            .max_frame_size(Some(256 << 20));
        let upgraded = client_async_with_config(url, stream, Some(config)).await;
        upgraded.expect("the server upgrades").0
    }

    /// As `greet`, once somebody who is just leaving has left.
    pub async fn greet_when_free(server: &Server) -> Self {
        let since = Instant::now();
        loop {
            let mut socket = Self::open(server, "/ws", None).await;
            if let Frame::Text(connected) = frame(&mut socket).await {
                let client_id = connected["client_id"].as_str().expect("an id").to_owned();
                return Self::new(socket, client_id, connected);
            }
            assert!(since.elapsed() < PATIENCE, "no place became free");
        }
    }

    /// Sends a JSON frame.
    pub async fn send(&mut self, message: Value) {
        self.send_text(&message.to_string()).await;
    }

    /// Sends any text.
    pub async fn send_text(&mut self, text: &str) {
        self.socket
            .send(Message::text(text))
            .await
            .expect("the connection is open");
    }

    /// Sends a frame of any kind, whether the protocol knows it or not.
    pub async fn send_frame(&mut self, kind: OpCode, payload: &'static [u8]) {
        let frame = RawFrame::message(payload, kind, true);
        self.socket
            .send(Message::Frame(frame))
            .await
            .expect("the connection is open");
    }

    /// Sends a binary frame.
    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        self.socket
            .send(Message::binary(bytes.to_vec()))
            .await
            .expect("the connection is open");
    }

    /// Sends microphone samples.
    pub async fn send_mic(&mut self, samples: &[i16]) {
        let bytes: Vec<u8> = samples
            .iter()
            .flat_map(|sample| sample.to_le_bytes())
            .collect();
        self.send_bytes(&bytes).await;
    }

    /// The next frame of whatever kind.
    pub async fn next(&mut self) -> Frame {
        frame(&mut self.socket).await
    }

    /// The next frame if one comes within this time.
    pub async fn next_within(&mut self, time: Duration) -> Option<Frame> {
        timeout(time, read(&mut self.socket)).await.ok()
    }

    /// The next text frame of this type; what comes before it is passed over.
    pub async fn until(&mut self, kind: &str) -> Value {
        let mut before = Vec::new();
        loop {
            match self.next().await {
                Frame::Text(value) if value["type"] == kind => return value,
                Frame::Text(value) if value["type"] == "error" => {
                    panic!("an error came instead of {kind}: {value}")
                }
                Frame::Text(value) => {
                    before.push(value["type"].to_string());
                    if is_candidate(&value) {
                        self.candidates.push_back(value);
                    }
                }
                Frame::Sound(..) => {}
                other => panic!("{other:?} came instead of {kind}, after {before:?}"),
            }
        }
    }

    /// The next candidate of this type (`vr_ice`, `voip_ice`), also one that came while
    /// [`until`](Self::until) waited for something else.
    pub async fn candidate(&mut self, kind: &str) -> Value {
        match self.candidates.pop_front() {
            Some(value) => {
                assert_eq!(value["type"], kind, "{value}");
                value
            }
            None => self.until(kind).await,
        }
    }

    /// The next `error` frame.
    pub async fn error(&mut self) -> Value {
        loop {
            match self.next().await {
                Frame::Text(value) if value["type"] == "error" => return value,
                Frame::Text(_) | Frame::Sound(..) => {}
                other => panic!("{other:?} came instead of an error"),
            }
        }
    }

    /// Sends a message and waits for its error.
    pub async fn refusal(&mut self, message: Value) -> Value {
        self.send(message).await;
        self.error().await
    }

    /// Asks by keyboard and waits for the whole answer.
    pub async fn ask(&mut self, text: &str) -> Value {
        self.send(json!({ "type": "message", "text": text })).await;
        self.until("assistant_message").await
    }

    /// Shows that the connection still works.
    pub async fn is_served(&mut self) {
        self.send(json!({ "type": "ping", "timestamp": "still there" }))
            .await;
        assert_eq!(self.until("pong").await["timestamp"], "still there");
    }

    /// Sends speech in real time, and silence behind it, until a text frame for which `wanted` holds.
    pub async fn speak_until(&mut self, speech: &[i16], wanted: impl Fn(&Value) -> bool) -> Value {
        let mut packets = speech.chunks_exact(PACKET);
        let mut beat = tokio::time::interval(Duration::from_millis(20));
        let since = Instant::now();
        loop {
            beat.tick().await;
            self.send_mic(packets.next().unwrap_or(&[0; PACKET])).await;
            while let Some(frame) = self.next_within(Duration::from_millis(1)).await {
                match frame {
                    Frame::Text(frame) if wanted(&frame) => return frame,
                    Frame::Text(_) | Frame::Sound(..) => {}
                    other => panic!("{other:?} in mid-conversation"),
                }
            }
            assert!(since.elapsed() < PATIENCE, "what was waited for never came");
        }
    }

    /// The code and reason with which the server ends the connection.
    pub async fn goodbye(&mut self) -> (u16, String) {
        goodbye(&mut self.socket).await
    }

    /// Says goodbye and waits until the server agrees.
    pub async fn close(mut self) {
        self.socket
            .close(None)
            .await
            .expect("the connection is open");
        while !matches!(self.next().await, Frame::End) {}
    }
}

fn is_candidate(message: &Value) -> bool {
    message["type"] == "vr_ice" || message["type"] == "voip_ice"
}

/// The code and reason with which the server ends the connection of a bare socket.
pub async fn goodbye(socket: &mut WebSocketStream<TcpStream>) -> (u16, String) {
    loop {
        match frame(socket).await {
            Frame::Close(code, reason) => return (code, reason),
            Frame::End => panic!("the connection ended without a goodbye"),
            Frame::Text(_) | Frame::Sound(..) => {}
        }
    }
}

/// The next frame of a bare socket.
pub async fn frame(socket: &mut WebSocketStream<TcpStream>) -> Frame {
    timeout(PATIENCE, read(socket))
        .await
        .expect("the server says something within a minute")
}

/// The next frame, however long it takes.
async fn read(socket: &mut WebSocketStream<TcpStream>) -> Frame {
    loop {
        return match socket.next().await {
            Some(Ok(Message::Text(text))) => {
                let value = serde_json::from_str(&text).expect("the server sends JSON");
                schema::check_server(&value);
                Frame::Text(value)
            }
            Some(Ok(Message::Binary(bytes))) => {
                let (head, sound) = bytes.split_at(4);
                let first = u32::from_le_bytes(head.try_into().expect("four bytes"));
                let samples = sound
                    .chunks_exact(2)
                    .map(|pair| i16::from_le_bytes([pair[0], pair[1]]));
                Frame::Sound(first, samples.collect())
            }
            Some(Ok(Message::Close(Some(close)))) => {
                Frame::Close(close.code.into(), close.reason.to_string())
            }
            Some(Ok(Message::Close(None))) => Frame::Close(1005, String::new()),
            Some(Ok(_)) => continue,
            Some(Err(_)) | None => Frame::End,
        };
    }
}
