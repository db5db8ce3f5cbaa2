//! A connection that does not wait for ever for a client that does not read.
//!
//! hyper limits how long a request may take to come, not how long its answer may take to go. Who
//! asks and never reads would keep its place. Here every byte that goes resets the limit, so that a
//! slow client is served to the end.
//!
//! Whoever lets go of such a connection gives its socket back to who opened it, who can then close it
//! without a loss (see [`linger`](super::linger)).

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;
use tokio::time::{Sleep, sleep};

/// A socket whose writes fail once none got on for this long.
pub(super) struct Patient<S> {
    /// There until the end.
    socket: Option<S>,
    patience: Duration,
    /// Runs while a write waits.
    limit: Option<Pin<Box<Sleep>>>,
    is_watched: Watched,
    /// Whither the socket goes at the end.
    back: Option<oneshot::Sender<S>>,
}

/// Whether writes are limited: not those of a WebSocket, which has a limit for each frame.
#[derive(Clone)]
pub(super) struct Watched(Arc<AtomicBool>);

impl Watched {
    /// From now on somebody else looks after the socket.
    pub(super) fn end(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

impl<S> Patient<S> {
    /// Also gives the end of the watch, and where the socket comes out when it is let go.
    pub(super) fn new(socket: S, patience: Duration) -> (Self, Watched, oneshot::Receiver<S>) {
        let is_watched = Watched(Arc::new(AtomicBool::new(true)));
        let (back, let_go) = oneshot::channel();
        let patient = Self {
            socket: Some(socket),
            patience,
            limit: None,
            is_watched: is_watched.clone(),
            back: Some(back),
        };
        (patient, is_watched, let_go)
    }

    /// What a write came to, unless it has waited too long.
    fn judge<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() || !self.is_watched.0.load(Ordering::Relaxed) {
            self.limit = None;
            return written;
        }
        let patience = self.patience;
        let limit = self
            .limit
            .get_or_insert_with(|| Box::pin(sleep(patience)))
            .as_mut();
        ready!(limit.poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S> Drop for Patient<S> {
    fn drop(&mut self) {
        if let (Some(socket), Some(back)) = (self.socket.take(), self.back.take()) {
            // Nobody waits for it: it closes here.
            back.send(socket).ok();
        }
    }
}

/// What a read or write on a socket that was let go of comes to.
fn let_go<T>() -> Poll<io::Result<T>> {
    Poll::Ready(Err(io::ErrorKind::NotConnected.into()))
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.socket {
            Some(socket) => Pin::new(socket).poll_read(context, buffer),
            None => let_go(),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = match &mut self.socket {
            Some(socket) => Pin::new(socket).poll_write(context, bytes),
            None => let_go(),
        };
        self.judge(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = match &mut self.socket {
            Some(socket) => Pin::new(socket).poll_write_vectored(context, parts),
            None => let_go(),
        };
        self.judge(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket
            .as_ref()
            .is_some_and(AsyncWrite::is_write_vectored)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.socket {
            Some(socket) => Pin::new(socket).poll_flush(context),
            None => let_go(),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.socket {
            Some(socket) => Pin::new(socket).poll_shutdown(context),
            None => let_go(),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const SHORT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn a_write_that_nobody_reads_ends_and_one_that_gets_on_does_not() {
        let (socket, mut reader) = duplex(4);
        let (mut patient, _watched, _back) = Patient::new(socket, SHORT);
        let error = patient.write_all(&[1; 10]).await.expect_err("none reads");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let mut four = [0; 4];
        reader.read_exact(&mut four).await.expect("what fitted");
        patient.write_all(&[2; 4]).await.expect("there is room");
    }

    #[tokio::test]
    async fn what_somebody_else_looks_after_is_not_limited() {
        let (socket, mut reader) = duplex(4);
        let (mut patient, watched, _back) = Patient::new(socket, SHORT);
        watched.end();
        let writing = patient.write_all(&[1; 10]);
        // Five times as long as it would be allowed.
        let mut writing = Box::pin(writing);
        let waited = tokio::time::timeout(SHORT * 5, writing.as_mut()).await;
        assert!(waited.is_err(), "it waits");
        let mut all = [0; 10];
        let (wrote, read) = tokio::join!(writing, reader.read_exact(&mut all));
        wrote.expect("it was read");
        read.expect("it was written");
    }

    #[tokio::test]
    async fn a_socket_that_is_let_go_of_comes_back() {
        let (socket, mut reader) = duplex(4);
        let (mut patient, _watched, back) = Patient::new(socket, SHORT);
        patient.write_all(&[1]).await.expect("there is room");
        drop(patient);
        let mut socket = back.await.expect("the socket");
        socket.write_all(&[2]).await.expect("it is still open");
        let mut two = [0; 2];
        reader.read_exact(&mut two).await.expect("both");
        assert_eq!(two, [1, 2]);
    }
}
