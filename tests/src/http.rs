//! Plain HTTP/1.1, byte for byte as the test wants it: no client library would send a forged Host.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// However slow this machine is: a model has said something by then.
const WORKING: Duration = Duration::from_secs(180);

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// 0 if there was no answer.
    pub status: u16,
    /// Header lines as sent.
    pub head: String,
    /// What follows them.
    pub body: String,
}

impl Answer {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// GET with the headers that a browser would send for this address.
pub fn get(address: SocketAddr, path: &str) -> Answer {
    request(address, "GET", path, &[("Host", &address.to_string())])
}

/// A request with exactly these headers.
pub fn request(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut text = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    text += "\r\n";
    let mut bytes = Vec::new();
    if let Ok(mut socket) = TcpStream::connect(address) {
        socket
            .set_read_timeout(Some(Duration::from_secs(20)))
            .expect("not zero");
        socket.write_all(text.as_bytes()).expect("the server reads");
        // An upgrade is never closed by the server: what came until then is the answer.
        drop(socket.read_to_end(&mut bytes));
    }
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .unwrap_or(0);
    Answer {
        status,
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

/// POST of this body, answered to its end; the answer's body as bytes, too.
pub fn post(address: SocketAddr, path: &str, kind: &str, body: &[u8]) -> (Answer, Vec<u8>) {
    let mut socket = begin_post(address, path, &[("Content-Type", kind)], body);
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).expect("an answer");
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.expect("a head");
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let body = bytes.split_off(end + 4);
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    let answer = Answer {
        status: status.unwrap_or(0),
        head,
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    (answer, body)
}

/// POST of this body with these headers besides the usual ones; the answer is to be read from the
/// socket. In HTTP/1.0, so that what is sent in pieces comes without their lengths.
pub fn begin_post(
    address: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> TcpStream {
    let length = body.len();
    let mut head =
        format!("POST {path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {length}\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += "\r\n";
    let mut socket = TcpStream::connect(address).expect("the server listens");
    socket.set_read_timeout(Some(WORKING)).expect("not zero");
    socket.write_all(head.as_bytes()).expect("the server reads");
    socket.write_all(body).expect("the server reads");
    socket
}

/// The status of a WebSocket upgrade with these headers besides the usual ones.
pub fn upgrade(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> u16 {
    let mut all = vec![
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    all.extend_from_slice(headers);
    let mut text = format!("GET {path} HTTP/1.1\r\nConnection: Upgrade\r\n");
    for (name, value) in all {
        text += &format!("{name}: {value}\r\n");
    }
    text += "\r\n";
    let mut socket = TcpStream::connect(address).expect("the server listens");
    socket
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("not zero");
    socket.write_all(text.as_bytes()).expect("the server reads");
    let mut line = [0; 12];
    socket.read_exact(&mut line).expect("a status line");
    std::str::from_utf8(&line[9..])
        .ok()
        .and_then(|code| code.parse().ok())
        .expect("a status")
}
