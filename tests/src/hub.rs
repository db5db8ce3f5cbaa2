//! A model hub on this machine: files with ranges and entity tags, and a hand on the tap.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

/// Longest wait for something that a process does.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes that are sent at once.
const PIECE: usize = 16 << 10;

/// The hub. Its threads end with the test's process.
pub struct Hub {
    address: SocketAddr,
    shared: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, Vec<u8>>,
    /// What one connection gets before the tap is closed.
    limit: usize,
    requests: Vec<Request>,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its path.
    pub path: String,
    /// The first byte that was asked for.
    pub from: usize,
    /// Bytes that were sent for it.
    pub sent: usize,
}

impl Hub {
    /// Serves `files`: path below the hub's address, and bytes.
    pub fn start(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let state = State {
            files: files.into_iter().collect(),
            limit: usize::MAX,
            ..State::default()
        };
        let shared = Arc::new((Mutex::new(state), Condvar::new()));
        let hub = Self {
            address,
            shared: Arc::clone(&shared),
        };
        spawn("hub", move || {
            for socket in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                spawn("hub-client", move || {
                    // A client that was killed breaks its connection.
                    drop(serve(socket, &shared));
                });
            }
        });
        hub
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets each connection have this many bytes, those that are open as well.
    pub fn limit(&self, bytes: usize) {
        self.state().limit = bytes;
        self.shared.1.notify_all();
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Request> {
        self.state().requests.clone()
    }

    /// Waits until the `nth` request (from 0) has got all that it may have, and says what it asked
    /// for.
    pub fn served(&self, nth: usize) -> Request {
        let (state, changed) = &*self.shared;
        let state = state.lock().expect("nobody panicked");
        let is_waiting = |state: &mut State| {
            let request = state.requests.get(nth);
            request.is_none_or(|request| {
                let whole = state.files.get(&request.path).map_or(0, Vec::len);
                request.sent < state.limit.min(whole - request.from)
            })
        };
        let (state, late) = changed
            .wait_timeout_while(state, PATIENCE, is_waiting)
            .expect("nobody panicked");
        assert!(!late.timed_out(), "request {nth} did not come");
        state.requests[nth].clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.0.lock().expect("nobody panicked")
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().name(name.to_owned());
    thread.spawn(work).expect("a thread");
}

fn serve(mut socket: TcpStream, shared: &(Mutex<State>, Condvar)) -> std::io::Result<()> {
    let head = head(&mut socket)?;
    let (state, changed) = shared;
    let path = head.split(' ').nth(1).unwrap_or_default();
    let path = path.trim_start_matches('/').to_owned();
    let range = head.lines().find_map(|line| {
        let line = line.to_ascii_lowercase();
        let from = line.strip_prefix("range: bytes=")?.strip_suffix('-')?;
        from.parse::<usize>().ok()
    });
    let from = range.unwrap_or(0);
    let (bytes, nth) = {
        let mut state = state.lock().expect("nobody panicked");
        let request = Request {
            path: path.clone(),
            from,
            sent: 0,
        };
        state.requests.push(request);
        changed.notify_all();
        (state.files.get(&path).cloned(), state.requests.len() - 1)
    };
    let Some(bytes) = bytes else {
        return socket.write_all(
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        );
    };
    let status = match range {
        Some(_) => format!(
            "206 Partial Content\r\nContent-Range: bytes {from}-{}/{}",
            bytes.len() - 1,
            bytes.len()
        ),
        None => "200 OK".to_owned(),
    };
    write!(
        socket,
        "HTTP/1.1 {status}\r\nETag: \"only\"\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        bytes.len() - from
    )?;
    let mut rest = &bytes[from..];
    while !rest.is_empty() {
        let state = state.lock().expect("nobody panicked");
        let mut state = changed
            .wait_while(state, |state| state.requests[nth].sent >= state.limit)
            .expect("nobody panicked");
        let room = state.limit - state.requests[nth].sent;
        let (now, later) = rest.split_at(rest.len().min(PIECE).min(room));
        state.requests[nth].sent += now.len();
        drop(state);
        socket.write_all(now)?;
        changed.notify_all();
        rest = later;
    }
    Ok(())
}

fn head(socket: &mut TcpStream) -> std::io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}
