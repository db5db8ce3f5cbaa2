//! One transfer over one connection, from either end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use janet_vault::bridge::link::{Frame, Given, Giving, LinkError, Progress, Taking};
use janet_vault::bridge::{Header, Party};
use janet_vault::conversations::ConversationUuid;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::Home;

/// How long the other soul may take for its next message: it may have to merge a long conversation first.
const ANSWER: Duration = Duration::from_secs(30);
/// How long it may take to take what is sent.
const SENT: Duration = Duration::from_secs(10);

/// A connection that came to its end before the transfer did. What is kept on either side is kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CarryError {
    /// The network.
    #[error("the connection to the other soul broke: {0}")]
    Io(#[from] io::Error),
    /// The other soul says nothing.
    #[error("the other soul does not answer")]
    Silent,
    /// What it says, or our own half.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// A step ended in a panic.
    #[error("a step of the transfer died")]
    Died,
}

/// Gives a package; `tell` hears how far it is, `now_ms` is asked at each message.
pub(crate) async fn give<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    home: &Home,
    peer: Party,
    giving: Giving,
    now_ms: fn() -> u64,
    mut tell: impl FnMut(Progress),
) -> Result<Given, CarryError> {
    let mut giving = giving;
    let hello = home.with_side(now_ms(), |side| giving.start(side));
    send(&mut stream, vec![hello]).await?;
    loop {
        let frame = next(&mut stream).await?;
        let here = home.clone();
        let step = move || {
            let now = now_ms();
            let said = here.with_side(now, |side| {
                giving.handle(frame, peer, side, &here.red_thread, now)
            });
            (giving, said)
        };
        let (again, said) = spawn_blocking(step).await.map_err(|_| CarryError::Died)?;
        giving = again;
        let said = said?;
        tell(giving.progress());
        if let Some(given) = giving.given() {
            return Ok(given.clone());
        }
        send(&mut stream, said).await?;
    }
}

/// Takes a package in, if one is offered; `comes` hears of which conversation, before anything of it is here.
/// True: something was taken in.
pub(crate) async fn take<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    home: &Home,
    peer: Party,
    now_ms: fn() -> u64,
    comes: impl Fn(ConversationUuid) + Send + Sync + 'static,
) -> Result<bool, CarryError> {
    let mut taking = Taking::new();
    let comes = Arc::new(comes);
    while !taking.is_over() {
        let frame = next(&mut stream).await?;
        let (here, comes) = (home.clone(), comes.clone());
        let step = move || {
            let now = now_ms();
            // What is no header is told by whoever takes it.
            if let Frame::Offer(header) = &frame
                && let Ok(header) = Header::read(header)
            {
                comes(header.conversation);
            }
            let said = here.with_side(now, |side| {
                taking.handle(frame, peer, side, &here.red_thread, now)
            });
            (taking, said)
        };
        let (again, said) = spawn_blocking(step).await.map_err(|_| CarryError::Died)?;
        taking = again;
        send(&mut stream, said?).await?;
    }
    // The last word has to arrive before the connection goes.
    timeout(SENT, stream.shutdown()).await.ok();
    Ok(taking.outcome().is_some())
}

async fn next<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Frame, CarryError> {
    let read = async {
        let mut head = [0; 4];
        stream.read_exact(&mut head).await?;
        let mut body = vec![0; Frame::length(head)?];
        stream.read_exact(&mut body).await?;
        Ok(Frame::read(&body)?)
    };
    timeout(ANSWER, read)
        .await
        .map_err(|_| CarryError::Silent)?
}

async fn send<S: AsyncWrite + Unpin>(stream: &mut S, frames: Vec<Frame>) -> Result<(), CarryError> {
    let write = async {
        for frame in frames {
            stream.write_all(&frame.write()).await?;
        }
        stream.flush().await
    };
    Ok(timeout(SENT, write)
        .await
        .map_err(|_| CarryError::Silent)??)
}

#[cfg(test)]
#[path = "carry_test.rs"]
mod tests;
