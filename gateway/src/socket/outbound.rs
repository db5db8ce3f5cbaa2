//! What waits to be written to one client, and the task that writes it.
//!
//! ```text
//!  session task ── text (never dropped) ──┐
//!               ── sound (dropped when    ├─▶ queue (server.outbound_messages) ─▶ writer ─▶ socket
//!                  three quarters full) ──┘
//! ```
//! A client that does not read fills the kernel's buffers, then this queue. Text that no longer
//! fits means that the client has lost the conversation: it is let go. A single frame that the
//! socket does not take within the write time-out means the same.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes};
use bytes::Bytes;
use futures_util::SinkExt;
use janet_protocol::Outgoing;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::carrier::Writer;

/// The client does not read what it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client does not read")]
pub(super) struct Stalled;

/// The session's end of the queue. Dropping it ends the writer behind what is queued.
pub(super) struct Outbound {
    queue: mpsc::Sender<Message>,
    writer: JoinHandle<()>,
}

impl Outbound {
    /// Starts the writer.
    pub(super) fn start(socket: Writer, messages: usize, write_timeout: Duration) -> Self {
        let (queue, waiting) = mpsc::channel(messages);
        let writer = tokio::spawn(write(socket, waiting, write_timeout));
        Self { queue, writer }
    }

    /// Queues a text frame.
    pub(super) fn text(&self, message: impl Into<Outgoing>) -> Result<(), Stalled> {
        let json: Outgoing = message.into();
        self.push(Message::Text(Utf8Bytes::from(json.to_json())))
    }

    /// Queues sound; a client that is far behind loses it, and sees so by the sample numbers.
    pub(super) fn sound(&self, frame: Bytes) -> Result<(), Stalled> {
        if self.queue.capacity() < self.queue.max_capacity() / 4 {
            metrics::counter!("janet_socket_sound_dropped_total").increment(1);
            return Ok(());
        }
        self.push(Message::Binary(frame))
    }

    /// Queues a ping.
    pub(super) fn ping(&self) -> Result<(), Stalled> {
        self.push(Message::Ping(Bytes::new()))
    }

    /// Resolves when the writer has given up, or the socket is gone.
    pub(super) async fn closed(&self) {
        self.queue.closed().await;
    }

    /// Queues the close frame. What is queued behind it is never sent.
    pub(super) fn say_goodbye(&self, code: u16, reason: &'static str) {
        let reason = Utf8Bytes::from_static(reason);
        // Fails when the queue is full or its writer gone: then nobody reads the goodbye either.
        self.push(Message::Close(Some(CloseFrame { code, reason })))
            .ok();
    }

    /// Waits until everything is written, or until the client had its time to read.
    pub(super) async fn finish(self, patience: Duration) {
        let Self { queue, mut writer } = self;
        drop(queue);
        if timeout(patience, &mut writer).await.is_err() {
            writer.abort();
        }
    }

    fn push(&self, message: Message) -> Result<(), Stalled> {
        self.queue.try_send(message).map_err(|_| Stalled)
    }
}

async fn write(mut socket: Writer, mut waiting: mpsc::Receiver<Message>, write_timeout: Duration) {
    while let Some(message) = waiting.recv().await {
        match timeout(write_timeout, socket.send(message)).await {
            Ok(Ok(())) => {}
            // The socket is gone or stuck; dropping the queue's end tells the session.
            Ok(Err(_)) | Err(_) => return,
        }
    }
}
