//! Plain or TLS on one port: the first byte tells.
//!
//! A TLS connection begins with a record of the handshake, 0x16; no method of HTTP begins so. Who
//! says nothing, or does not come to the end of the handshake, is left to whoever watches the time.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::lock::Way;

/// The type of a TLS record that belongs to the handshake (RFC 8446 §5.1).
const HANDSHAKE: u8 = 0x16;

/// A connection of either kind.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Wire for S {}

/// Waits for the first byte, and for the end of the handshake where it begins one.
pub(super) async fn open(
    socket: TcpStream,
    acceptor: &TlsAcceptor,
) -> io::Result<(Box<dyn Wire>, Way)> {
    let mut first = [0];
    if socket.peek(&mut first).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if first != [HANDSHAKE] {
        return Ok((Box::new(socket), Way::Plain));
    }
    let stream = acceptor.accept(socket).await?;
    Ok((Box::new(stream), Way::Tls))
}
