//! What a client's frames come over: a WebSocket, or the control stream of a QUIC connection.
//!
//! Both carry the same messages and end with the same codes; whatever they differ in is decided here.

use std::pin::Pin;
use std::sync::Arc;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use futures_util::{Sink, SinkExt, Stream, StreamExt, sink, stream};
use janet_protocol::RequestId;

use super::connection::{Leave, reading_failed};
use crate::quic::{Broken, Control, ControlReader, Link};

/// Frames of a client: text, binary, signs of life, or its goodbye.
pub(super) type Frames = Pin<Box<dyn Stream<Item = Result<Message, Leave>> + Send>>;

/// Where frames to a client are written.
pub(super) type Writer = Pin<Box<dyn Sink<Message, Error = Closed> + Send>>;

/// Nothing can be written any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Closed;

/// Both directions.
pub(super) struct Line {
    pub(super) frames: Frames,
    pub(super) writer: Writer,
    /// A writer that has failed is not asked again.
    has_failed: bool,
}

impl Line {
    /// Over a WebSocket.
    pub(super) fn web_socket(socket: WebSocket) -> Self {
        let (sink, frames) = socket.split();
        Self {
            frames: frames
                .map(|frame| frame.map_err(|error| reading_failed(&error)))
                .boxed(),
            writer: Box::pin(sink.sink_map_err(|_| Closed)),
            has_failed: false,
        }
    }

    /// Over a control stream. There are neither binary frames on it nor signs of life of ours.
    pub(super) fn quic(control: Control) -> Self {
        let (reader, writer) = control.split();
        let frames = stream::unfold(Some(reader), |reader| async {
            let mut reader: ControlReader = reader?;
            match reader.read().await {
                Ok(Some(text)) => Some((Ok(Message::Text(Utf8Bytes::from(text))), Some(reader))),
                // Ended in order: a goodbye.
                Ok(None) => Some((Ok(Message::Close(None)), None)),
                Err(broken) => Some((Err(broken.into()), None)),
            }
        });
        let writer = sink::unfold(writer, |mut writer, message| async {
            match message {
                Message::Text(text) => writer.write(&text).await.map_err(|_| Closed)?,
                Message::Close(Some(CloseFrame { code, reason })) => {
                    writer.say_goodbye(code, &reason).await;
                }
                Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Close(None) => {
                }
            }
            Ok(writer)
        });
        Self {
            frames: frames.boxed(),
            writer: Box::pin(writer),
            has_failed: false,
        }
    }

    /// The next frame; `None`: the client has gone.
    pub(super) async fn recv(&mut self) -> Option<Result<Message, Leave>> {
        self.frames.next().await
    }

    /// Writes a frame.
    pub(super) async fn send(&mut self, message: Message) -> Result<(), Closed> {
        if self.has_failed {
            return Err(Closed);
        }
        let sent = self.writer.send(message).await;
        self.has_failed = sent.is_err();
        sent
    }
}

/// What a connection came by.
pub(super) enum Carrier {
    WebSocket,
    /// With what is to be echoed in the answer to its first message.
    Quic(Arc<Link>, Option<RequestId>),
}

impl Carrier {
    /// Longest text frame that is answered, in bytes, where the settings allow `most`.
    pub(super) fn largest(&self, most: usize) -> usize {
        match self {
            Self::WebSocket => most,
            Self::Quic(..) => most.min(janet_protocol::quic::LARGEST_FRAME),
        }
    }

    /// Longest text frame to the client, in bytes.
    pub(super) fn largest_to_client(&self) -> usize {
        self.largest(usize::MAX)
    }

    /// Whether silence is noticed below, so that nobody has to be asked for a sign of life.
    pub(super) fn notices_silence(&self) -> bool {
        matches!(self, Self::Quic(..))
    }

    /// What is echoed in the greeting; afterwards nothing is.
    pub(super) fn take_request(&mut self) -> Option<RequestId> {
        match self {
            Self::WebSocket => None,
            Self::Quic(_, request_id) => request_id.take(),
        }
    }
}

impl From<Broken> for Leave {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::TooLong => Self::TooBig,
            Broken::NotText => Self::NotText,
            Broken::Truncated => Self::Violation,
            Broken::Silent => Self::Silent,
            Broken::Gone => Self::Gone,
        }
    }
}
