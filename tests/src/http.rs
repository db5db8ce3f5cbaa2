//! Plain HTTP/1.1, byte for byte as the test wants it: no client library would send a forged Host.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

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
