//! Closes a connection so that its last words arrive.
//!
//! A socket that is closed with bytes in it that nobody read is reset by the kernel, and a reset takes
//! with it what was sent and not yet read: the client that sent too much never hears that it was too
//! much. So what we say is ended first, and what still comes is thrown away for a while (RFC 9112
//! §9.6; RFC 6455 §7.1.1 asks the same of a WebSocket's server).

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// Thrown away at most.
const BYTES: u64 = 4 << 20;

/// Ends what we say, reads until the other side has ended too, and closes; gives up on one that
/// takes longer than `patience` or sends on.
pub(super) async fn linger<S: AsyncRead + AsyncWrite + Unpin>(mut socket: S, patience: Duration) {
    let farewell = async {
        socket.shutdown().await?;
        tokio::io::copy(&mut socket.take(BYTES), &mut tokio::io::sink()).await
    };
    match timeout(patience, farewell).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::trace!(%error, "a connection broke at its end"),
        Err(_) => tracing::trace!("a connection was not closed from the other side"),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    /// Both ends of a connection, and a megabyte on its way that the second never read.
    async fn flooded() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let (client, server) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (mut client, mut server) = (client.expect("open"), server.expect("open").0);
        client
            .write_all(&[0; 100_000])
            .await
            .expect("the kernel takes it");
        server.write_all(b"too much").await.expect("there is room");
        (client, server)
    }

    #[tokio::test]
    async fn the_last_words_reach_a_client_that_sent_too_much() {
        let (mut client, server) = flooded().await;
        let closing = tokio::spawn(linger(server, LONG));
        let mut heard = Vec::new();
        client
            .write_all(&[0; 100_000])
            .await
            .expect("somebody reads");
        client.read_to_end(&mut heard).await.expect("no reset");
        assert_eq!(heard, b"too much");
        drop(client);
        closing.await.expect("ended");
    }

    #[tokio::test]
    async fn without_it_they_are_lost() {
        let (mut client, server) = flooded().await;
        drop(server);
        let mut heard = Vec::new();
        client
            .read_to_end(&mut heard)
            .await
            .expect_err("the kernel resets: else this file is for nothing");
    }

    #[tokio::test]
    async fn one_that_never_ends_is_left_in_the_end() {
        let (socket, mut other) = duplex(64);
        linger(socket, Duration::from_millis(20)).await;
        other.write_all(&[1]).await.expect_err("it is closed");
    }
}
