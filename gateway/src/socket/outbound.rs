//! What waits to be written to one client, and the task that writes it.
//!
//! ```text
//!  session task ── text (never dropped) ──┐
//!               ── sound and face (dropped├─▶ queue (server.outbound_messages) ─▶ writer ─▶ socket
//!               when three quarters full)─┘
//! ```
//! A client that does not read fills the kernel's buffers, then this queue. Text that no longer
//! fits means that the client has lost the conversation: it is let go. A single frame that the
//! socket does not take within the write time-out means the same.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes};
use bytes::Bytes;
use futures_util::SinkExt;
use janet_protocol::{FaceFrame, Outgoing, ServerMessage, VisemeFrame};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::carrier::Writer;
use crate::face;

/// The client does not read what it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client does not read")]
pub(super) struct Stalled;

/// The session's end of the queue. Dropping it ends the writer behind what is queued.
pub(super) struct Outbound {
    /// `None`: nobody is there.
    line: Option<(mpsc::Sender<Message>, JoinHandle<()>)>,
    /// Longest text frame, in bytes.
    largest: usize,
}

impl Outbound {
    /// Starts the writer.
    pub(super) fn start(
        socket: Writer,
        largest: usize,
        messages: usize,
        write_timeout: Duration,
    ) -> Self {
        let (queue, waiting) = mpsc::channel(messages);
        let writer = tokio::spawn(write(socket, waiting, write_timeout));
        Self {
            line: Some((queue, writer)),
            largest,
        }
    }

    /// Of a connection that waits for its client: nothing is sent, and nothing gathers.
    pub(super) fn nowhere() -> Self {
        Self {
            line: None,
            largest: usize::MAX,
        }
    }

    /// Queues a text frame; without its sound where it would be too long with it.
    pub(super) fn text(&self, message: impl Into<Outgoing>) -> Result<(), Stalled> {
        let mut message: Outgoing = message.into();
        let mut json = message.to_json();
        if json.len() > self.largest {
            leave_out_sound(&mut message.message);
            json = message.to_json();
        }
        self.push(Message::Text(Utf8Bytes::from(json)))
    }

    /// Queues frames of her face, if there are any, and leaves none; a client that is far behind loses
    /// them, as it loses their sound.
    pub(super) fn face(&self, frames: &mut Vec<FaceFrame>) -> Result<(), Stalled> {
        if frames.is_empty() {
            return Ok(());
        }
        let frames: Vec<VisemeFrame> = frames.drain(..).map(|frame| (&frame).into()).collect();
        let count = frames.len() as u64;
        if self.is_behind() {
            face::dropped(count);
            return Ok(());
        }
        face::sent("websocket", count);
        self.text(ServerMessage::Viseme { frames })
    }

    /// Queues sound; a client that is far behind loses it, and sees so by the sample numbers.
    pub(super) fn sound(&self, frame: Bytes) -> Result<(), Stalled> {
        if self.is_behind() {
            metrics::counter!("janet_socket_sound_dropped_total").increment(1);
            return Ok(());
        }
        self.push(Message::Binary(frame))
    }

    /// Queues a ping.
    pub(super) fn ping(&self) -> Result<(), Stalled> {
        self.push(Message::Ping(Bytes::new()))
    }

    /// The same, to be answered by as many bytes.
    pub(super) fn ping_with(&self, payload: &'static [u8]) -> Result<(), Stalled> {
        self.push(Message::Ping(Bytes::from_static(payload)))
    }

    /// Resolves when the writer has given up, or the socket is gone.
    pub(super) async fn closed(&self) {
        match &self.line {
            Some((queue, _)) => queue.closed().await,
            None => std::future::pending().await,
        }
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
        let Some((queue, mut writer)) = self.line else {
            return;
        };
        drop(queue);
        if timeout(patience, &mut writer).await.is_err() {
            writer.abort();
        }
    }

    /// Whether the client is so far behind that only what it must not miss is queued.
    fn is_behind(&self) -> bool {
        let is_behind = |queue: &mpsc::Sender<_>| queue.capacity() < queue.max_capacity() / 4;
        self.line
            .as_ref()
            .is_some_and(|(queue, _)| is_behind(queue))
    }

    fn push(&self, message: Message) -> Result<(), Stalled> {
        match &self.line {
            Some((queue, _)) => queue.try_send(message).map_err(|_| Stalled),
            None => Ok(()),
        }
    }
}

fn leave_out_sound(message: &mut ServerMessage) {
    match message {
        ServerMessage::AssistantMessage {
            audio,
            audio_format,
            ..
        } => {
            *audio = None;
            *audio_format = None;
        }
        ServerMessage::Response { audio, .. } => *audio = None,
        _ => {}
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

#[cfg(test)]
mod tests {
    use futures_util::sink;
    use janet_protocol::{AudioFormat, Base64};

    use super::super::carrier::Closed;
    use super::*;

    #[tokio::test]
    async fn an_answer_that_is_too_long_with_its_sound_goes_without_it() {
        let (sent, mut written) = mpsc::channel(4);
        let writer: Writer = Box::pin(sink::unfold(sent, |sent, message| async {
            sent.send(message).await.map_err(|_| Closed)?;
            Ok(sent)
        }));
        let outbound = Outbound::start(writer, 1000, 4, Duration::from_secs(60));
        for bytes in [300, 3000] {
            let answer = ServerMessage::Response {
                text: "Yes.".into(),
                user_text: "Well?".into(),
                audio: Some(Base64(vec![0; bytes])),
                audio_format: AudioFormat::Wav,
                client_id: "c".into(),
            };
            outbound.text(answer).expect("somebody reads");
            let Some(Message::Text(text)) = written.recv().await else {
                panic!("a text is written as one");
            };
            assert!(text.contains("Yes.") && text.len() <= 1000, "{text}");
            assert_eq!(text.contains("\"audio\":null"), bytes == 3000, "{text}");
        }
    }
}
