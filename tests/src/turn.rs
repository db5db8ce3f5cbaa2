//! Servers for ICE: coturn in a process of its own, and a socket that answers nobody, or everybody with the
//! same address.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::server::{KEEPER, pause};

/// Name and password of those that may be relayed.
pub const USERNAME: &str = "janet";
/// The password, or the secret that is shared.
pub const PASSWORD: &str = "zanzibar-turn";
/// Starting takes coturn a second; a busy machine, more.
const STARTING: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(100);
/// The value that tells STUN from everything else (RFC 8489 §5).
const COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];

/// How coturn wants to be shown who somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// By [`USERNAME`] and [`PASSWORD`].
    Password,
    /// By names that hold for a while, made with the secret [`PASSWORD`].
    Shared,
}

/// A running coturn on this machine's loopback.
pub struct Turn {
    address: SocketAddr,
    keeper: Child,
    /// Closing it ends the server.
    input: Option<ChildStdin>,
    folder: TempDir,
}

impl Turn {
    /// Starts one; `None`: coturn is not installed, which is told. A machine that tests for others has it.
    pub fn start(key: Key) -> Option<Self> {
        let program = Path::new("/usr/bin/turnserver");
        if !program.is_file() {
            assert!(
                std::env::var_os("CI").is_none(),
                "coturn is missing: apt install coturn"
            );
            println!("SKIPPED: coturn is not installed");
            return None;
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let address = free();
        let inside = |name: &str| folder.path().join(name).display().to_string();
        let key = match key {
            Key::Password => format!("lt-cred-mech\nuser={USERNAME}:{PASSWORD}"),
            Key::Shared => format!("use-auth-secret\nstatic-auth-secret={PASSWORD}"),
        };
        let settings = format!(
            "listening-ip=127.0.0.1\nlistening-port={}\nrelay-ip=127.0.0.1\nrealm=janet.test\n{key}\n\
             fingerprint\nno-cli\nno-tls\nno-dtls\nno-tcp\nallow-loopback-peers\nrelay-threads=1\n\
             verbose\nsimple-log\nlog-file={}\nuserdb={}\npidfile={}\n",
            address.port(),
            inside("turn.log"),
            inside("turn.db"),
            inside("turn.pid"),
        );
        let config = folder.path().join("turn.conf");
        std::fs::write(&config, settings).expect("a file in a fresh folder");
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "keeper"]).arg(program);
        command.arg("-c").arg(&config);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut keeper = command.spawn().expect("a shell");
        let input = keeper.stdin.take();
        let turn = Self {
            address,
            keeper,
            input,
            folder,
        };
        turn.wait();
        Some(turn)
    }

    /// Asks it for an answer until it gives one.
    fn wait(&self) {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        socket.set_read_timeout(Some(LOOK)).expect("a time-out");
        let mut request = vec![0, 1, 0, 0];
        request.extend(COOKIE);
        request.extend([7; 12]);
        let since = Instant::now();
        loop {
            socket.send_to(&request, self.address).ok();
            match socket.recv(&mut [0; 512]) {
                Ok(_) => return,
                Err(_) => assert!(
                    since.elapsed() < STARTING,
                    "coturn does not start; its log:\n{}",
                    self.log()
                ),
            }
            pause(LOOK);
        }
    }

    /// Where it is asked.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The settings of a Janet that uses it.
    pub fn settings(&self, key: Key) -> Vec<String> {
        let mut settings = vec![
            format!("realtime.ice_servers=turn:{}?transport=udp", self.address),
            format!("realtime.turn_username={USERNAME}"),
        ];
        settings.push(match key {
            Key::Password => "realtime.turn_password_env=TURN_KEY".to_owned(),
            Key::Shared => "realtime.turn_secret_env=TURN_KEY".to_owned(),
        });
        settings
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("turn.log")).unwrap_or_default()
    }

    /// Waits until its log says this so often.
    pub fn says(&self, what: &str, times: usize) {
        let since = Instant::now();
        while self.log().matches(what).count() < times {
            assert!(
                since.elapsed() < STARTING,
                "{what:?} never stands {times} times in:\n{}",
                self.log()
            );
            pause(LOOK);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        drop(self.input.take());
        if self.keeper.wait().is_err() {
            eprintln!("coturn could not be ended");
        }
    }
}

/// An address where nobody is.
fn free() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    socket.local_addr().expect("it is bound")
}

/// Answers a STUN Binding request: the sender is seen at this address (RFC 8489 §14.2); `None`: it is
/// something else.
pub fn binding_answer(request: &[u8], seen: ([u8; 4], u16)) -> Option<Vec<u8>> {
    let is_binding = request.get(..2)? == [0, 1] && request.get(4..8)? == COOKIE;
    let transaction = request.get(8..20).filter(|_| is_binding)?;
    let (ip, port) = seen;
    let mut answer = vec![1, 1, 0, 12];
    answer.extend(COOKIE);
    answer.extend(transaction);
    answer.extend([0, 0x20, 0, 8, 0, 1]);
    answer.extend((port ^ 0x2112).to_be_bytes());
    answer.extend(ip.iter().zip(COOKIE).map(|(byte, cookie)| byte ^ cookie));
    Some(answer)
}
