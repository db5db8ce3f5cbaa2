//! What a client's frames come over: now a WebSocket; what is above it does not know which kind.

use std::pin::Pin;

use axum::extract::ws::{Message, WebSocket};
use futures_util::{Sink, SinkExt, Stream, StreamExt};

use super::connection::{Leave, reading_failed};

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
        }
    }

    /// The next frame; `None`: the client has gone.
    pub(super) async fn recv(&mut self) -> Option<Result<Message, Leave>> {
        self.frames.next().await
    }

    /// Writes a frame.
    pub(super) async fn send(&mut self, message: Message) -> Result<(), Closed> {
        self.writer.send(message).await
    }
}
