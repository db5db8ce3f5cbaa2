//! The control stream: frames of text, in order, both ways.

use std::time::Duration;

use janet_protocol::quic::{FrameReader, LARGEST_FRAME, TooLong, frame};
use quinn::{Connection, ConnectionError, ReadError, RecvStream, SendStream, VarInt, WriteError};
use tokio::time::timeout;
use zeroize::Zeroize as _;

/// Bytes that are read at once.
const CHUNK: usize = 16 << 10;
/// How long the far end may take to acknowledge what it was told last.
const FAREWELL: Duration = Duration::from_secs(1);

/// Why no further frame comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// A frame beyond every limit is announced.
    TooLong,
    /// A frame is no UTF-8.
    NotText,
    /// The stream ends in the middle of a frame.
    Truncated,
    /// The client has vanished.
    Silent,
    /// It has ended the connection, or we have.
    Gone,
}

/// Both directions of it.
pub(crate) struct Control {
    reader: ControlReader,
    writer: ControlWriter,
}

impl Control {
    /// On this stream of this connection; frames of at most so many bytes are read.
    pub(super) fn new(
        connection: Connection,
        (stream, incoming): (SendStream, RecvStream),
        most: usize,
    ) -> Self {
        Self {
            reader: ControlReader {
                stream: incoming,
                frames: FrameReader::new(most),
                chunk: vec![0; CHUNK],
            },
            writer: ControlWriter { connection, stream },
        }
    }

    /// Frames of so many bytes are read from now on.
    pub(crate) fn allow(&mut self, most: usize) {
        self.reader.frames.allow(most);
    }

    /// The next frame; `None`: the client has ended the stream.
    pub(crate) async fn read(&mut self) -> Result<Option<String>, Broken> {
        self.reader.read().await
    }

    /// Writes a frame.
    pub(crate) async fn write(&mut self, json: &str) -> Result<(), WriteError> {
        self.writer.write(json).await
    }

    /// Ends the connection with this code, once what was written has arrived.
    pub(crate) async fn say_goodbye(&mut self, code: u16, reason: &str) {
        self.writer.say_goodbye(code, reason).await;
    }

    pub(crate) fn split(self) -> (ControlReader, ControlWriter) {
        (self.reader, self.writer)
    }
}

/// What the client says.
pub(crate) struct ControlReader {
    stream: RecvStream,
    frames: FrameReader,
    chunk: Vec<u8>,
}

impl ControlReader {
    /// The next frame; `None`: the client has ended the stream. May be cancelled.
    pub(crate) async fn read(&mut self) -> Result<Option<String>, Broken> {
        loop {
            let polled = self.frames.poll();
            if let Some(frame) = polled.map_err(|TooLong(_)| Broken::TooLong)? {
                let text = String::from_utf8(frame).map_err(|_| Broken::NotText)?;
                return Ok(Some(text));
            }
            match self.stream.read(&mut self.chunk).await {
                Ok(Some(bytes)) => {
                    let came = &mut self.chunk[..bytes];
                    self.frames.push(came);
                    // It may be a safe word, and this is not given back while the connection lives.
                    came.zeroize();
                }
                Ok(None) if self.frames.is_between() => return Ok(None),
                Ok(None) => return Err(Broken::Truncated),
                Err(ReadError::ConnectionLost(ConnectionError::TimedOut)) => {
                    return Err(Broken::Silent);
                }
                Err(_) => return Err(Broken::Gone),
            }
        }
    }
}

/// What the client is told.
pub(crate) struct ControlWriter {
    connection: Connection,
    stream: SendStream,
}

impl ControlWriter {
    /// Writes a frame; waits while the client does not read.
    pub(crate) async fn write(&mut self, json: &str) -> Result<(), WriteError> {
        if json.len() > LARGEST_FRAME {
            // What could be left out of it was; see `socket::outbound`.
            metrics::counter!("janet_quic_dropped_frames_total").increment(1);
            return Ok(());
        }
        self.stream.write_all(&frame(json)).await
    }

    /// Ends the connection with this code, once what was written has arrived: closing throws away
    /// what was not acknowledged (RFC 9000 §10.2).
    pub(crate) async fn say_goodbye(&mut self, code: u16, reason: &str) {
        if self.stream.finish().is_ok() {
            // Also when the client has gone, or takes too long: it is closed all the same.
            timeout(FAREWELL, self.stream.stopped()).await.ok();
        }
        let code = VarInt::from_u32(u32::from(code));
        self.connection.close(code, reason.as_bytes());
    }
}
