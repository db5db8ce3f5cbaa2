//! HTTP as stand-ins for other people's servers speak it: byte by byte over plain sockets.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What was asked.
pub(crate) struct Request {
    pub(crate) path: String,
    /// The request line and the headers.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

pub(crate) async fn request(socket: &mut TcpStream) -> io::Result<Request> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                let is_it = name.eq_ignore_ascii_case("content-length");
                is_it.then(|| value.trim().parse::<usize>().ok())?
            });
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            let (begin, length) = (head.len() + 4, length.unwrap_or(0));
            if bytes.len() >= begin + length {
                return Ok(Request {
                    path,
                    head: head.to_owned(),
                    body: bytes[begin..begin + length].to_vec(),
                });
            }
        }
        if socket.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// A whole answer, and the end of the connection.
pub(crate) async fn whole(socket: &mut TcpStream, status: &str, body: &[u8]) -> io::Result<()> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    socket.write_all(head.as_bytes()).await?;
    socket.write_all(body).await?;
    socket.shutdown().await
}

/// The head of an answer in pieces.
pub(crate) async fn head(socket: &mut TcpStream) -> io::Result<()> {
    let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    socket.write_all(text.as_bytes()).await
}

/// A piece.
pub(crate) async fn chunk(socket: &mut TcpStream, piece: &[u8]) -> io::Result<()> {
    socket
        .write_all(format!("{:x}\r\n", piece.len()).as_bytes())
        .await?;
    socket.write_all(piece).await?;
    socket.write_all(b"\r\n").await
}

/// The end of an answer in pieces.
pub(crate) async fn end(socket: &mut TcpStream) -> io::Result<()> {
    socket.write_all(b"0\r\n\r\n").await?;
    socket.shutdown().await
}

/// Returns when the other side has closed.
pub(crate) async fn until_closed(socket: &mut TcpStream) {
    let mut rest = [0; 64];
    while socket.read(&mut rest).await.is_ok_and(|read| read > 0) {}
}
