//! A `janet serve` in a process of its own.
//!
//! It ends with the process that started it, however that ends: a shell between the two waits for
//! its standard input to close and then ends the server.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::http;

/// Loading every model on two busy cores takes seconds; a machine under load, a minute.
const LOADING: Duration = Duration::from_secs(180);
/// Pause between two looks at a server that is starting or ending.
const LOOK: Duration = Duration::from_millis(50);
/// So many looks are twenty seconds: who answers changes within a few.
const LOOKS: usize = 400;

/// Starts the server, says its process id, and ends it when standard input closes. Standard output is
/// the server's alone then, so that it ends with a server that does not start.
pub(crate) const KEEPER: &str = r#""$@" & pid=$!; echo "pid $pid"; exec >&-; read -r _; kill -TERM $pid 2>/dev/null; wait $pid"#;

/// A running server.
pub struct Server {
    address: SocketAddr,
    /// UDP port of QUIC; 0: it has none.
    quic: u16,
    pid: u32,
    keeper: Child,
    /// Closing it ends the server.
    input: Option<ChildStdin>,
    folder: PathBuf,
    /// Removed with the server, if the server made it.
    _owned: Option<TempDir>,
}

impl Server {
    /// The server that all tests of this process share, with its models loaded.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&[]).ready())
    }

    /// Starts a server of one's own with these settings (`key=value`), in a fresh folder.
    pub fn start(settings: &[&str]) -> Self {
        Self::start_with(settings, &[])
    }

    /// The same with these variables in its environment.
    pub fn start_with(settings: &[&str], variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut server = Self::launch(folder.path(), settings, variables);
        server._owned = Some(folder);
        server
    }

    /// Starts a server whose conversations and log lie in this folder.
    pub fn start_in(folder: &Path, settings: &[&str]) -> Self {
        Self::launch::<&str>(folder, settings, &[])
    }

    /// The same with these variables in its environment.
    pub fn launch<V: AsRef<OsStr>>(
        folder: &Path,
        settings: &[&str],
        variables: &[(&str, V)],
    ) -> Self {
        let log = File::options()
            .create(true)
            .append(true)
            .open(folder.join("janet.log"))
            .expect("a log file in a fresh folder");
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "keeper"]).arg(janet());
        command.args([
            "serve",
            "--port",
            "0",
            "--profile",
            "cpu",
            "--set",
            "log.filter=debug",
            // However slow this machine is: nobody is turned away.
            "--set",
            "engine.busy_at=1",
            // Whatever runs on this machine: her own model answers.
            "--set",
            "llm.server=off",
            "--set",
            "server.quic_port=0",
        ]);
        command.arg("--set").arg(format!(
            "conversation.data_dir={}",
            folder.join("data").display()
        ));
        for setting in settings {
            command.args(["--set", setting]);
        }
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log);
        let mut keeper = command.spawn().expect("a shell");
        let input = keeper.stdin.take();
        let mut lines = BufReader::new(keeper.stdout.take().expect("it was piped")).lines();
        let mut line = |prefix: &str| -> String {
            let line = lines.next().and_then(Result::ok).unwrap_or_default();
            match line.strip_prefix(prefix) {
                Some(rest) => rest.to_owned(),
                None => panic!(
                    "the server did not start (it said {line:?}); its log:\n{}",
                    std::fs::read_to_string(folder.join("janet.log")).unwrap_or_default()
                ),
            }
        };
        let pid = line("pid ").parse().expect("a process id");
        let url = line("Janet is at http://");
        let address = url.trim_end_matches('/').parse().expect("an address");
        line("Models: ");
        let quic = match settings.contains(&"server.quic=false") {
            true => 0,
            false => line("QUIC: UDP port ").parse().expect("a port"),
        };
        Self {
            address,
            quic,
            pid,
            keeper,
            input,
            folder: folder.to_path_buf(),
            _owned: None,
        }
    }

    /// Waits until the models are loaded.
    pub fn ready(self) -> Self {
        let since = Instant::now();
        while http::get(self.address, "/healthz").status != 200 {
            assert!(
                since.elapsed() < LOADING,
                "the models did not load; log:\n{}",
                self.log()
            );
            pause(LOOK);
        }
        self
    }

    /// Who has a part (`llm`, `tts`), once it is who is wanted.
    pub fn has(&self, role: &str, wanted: &str) -> Value {
        for _ in 0..LOOKS {
            let body = http::get(self.address, "/healthz").body;
            let health: Value = serde_json::from_str(&body).expect("health is JSON");
            let models = health["models"].as_array().expect("models").clone();
            let model = models.into_iter().find(|model| model["role"] == role);
            let model = model.expect("somebody has every part");
            if model["name"]
                .as_str()
                .is_some_and(|name| name.contains(wanted))
            {
                return model;
            }
            pause(LOOK);
        }
        panic!("{role} is never {wanted}; log:\n{}", self.log());
    }

    /// How many clients are connected.
    pub fn clients(&self) -> u64 {
        let body = http::get(self.address, "/healthz").body;
        let health: Value = serde_json::from_str(&body).expect("health is JSON");
        health["clients"].as_u64().expect("a count")
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it speaks QUIC, for clients of this machine.
    pub fn quic(&self) -> SocketAddr {
        assert_ne!(self.quic, 0, "this server has no QUIC");
        SocketAddr::new(self.address.ip(), self.quic)
    }

    /// A measurement as `/metrics` has it, over all its labels; 0 where there is none yet.
    pub fn measured(&self, name: &str) -> f64 {
        let body = http::get(self.address, "/metrics").body;
        let lines = body.lines().filter(|line| {
            let rest = line.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with([' ', '{']))
        });
        let value = |line: &str| {
            line.rsplit(' ')
                .next()
                .and_then(|value| value.parse::<f64>().ok())
        };
        lines.filter_map(value).sum::<f64>()
    }

    /// Where its log and its conversations lie.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How many files and sockets it has open.
    pub fn files(&self) -> usize {
        self.counted("fd")
    }

    /// How many threads it has.
    pub fn threads(&self) -> usize {
        self.counted("task")
    }

    /// Memory of its own, in bytes: what it has allocated and touched.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid));
        let status = status.expect("the server runs");
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("RssAnon:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        kib.and_then(|kib| kib.parse::<u64>().ok()).expect("Linux") * 1024
    }

    /// What it has used of the processors since it began.
    pub fn cpu(&self) -> Duration {
        /// Ticks of a second in `/proc`; Linux tells every program 100 (`sysconf(_SC_CLK_TCK)`).
        const TICKS: u64 = 100;
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid));
        let stat = stat.expect("the server runs");
        // Behind the name, which may hold anything, the state is the first field.
        let fields = stat.rsplit(") ").next().unwrap_or_default();
        let times = fields.split(' ').skip(11).take(2);
        let ticks: u64 = times.filter_map(|field| field.parse::<u64>().ok()).sum();
        Duration::from_millis(ticks * 1000 / TICKS)
    }

    fn counted(&self, what: &str) -> usize {
        let entries = std::fs::read_dir(format!("/proc/{}/{what}", self.pid));
        entries.expect("the server runs").count()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Everything it logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("janet.log")).unwrap_or_default()
    }

    /// Sends a signal by name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.pid.to_string()])
            .status();
        assert!(
            sent.is_ok_and(|status| status.success()),
            "the server is gone already"
        );
    }

    /// Waits until the process has ended and says how long that took and whether it ended well.
    pub fn ended(mut self) -> (Duration, bool) {
        let since = Instant::now();
        // The shell reads its input before it waits for the server.
        drop(self.input.take());
        let status = self.keeper.wait().expect("the shell is ours");
        (since.elapsed(), status.success())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.input.take());
        if self.keeper.wait().is_err() {
            eprintln!("the server could not be ended");
        }
    }
}

/// The binary beside this test's own.
pub fn janet() -> PathBuf {
    let here = std::env::current_exe().expect("a program has a path");
    // A program lies beside it, a test one folder below.
    let folders: Vec<_> = here.ancestors().skip(1).take(2).collect();
    let binary = folders.iter().map(|folder| folder.join("janet"));
    binary.clone().find(|file| file.is_file()).unwrap_or_else(|| {
        panic!(
            "there is no janet in {folders:?}: build it first with `cargo build -p janet-gateway`, as ./test does"
        )
    })
}

/// The same between two looks from asynchronous code, which goes on meanwhile.
pub async fn look_again() {
    tokio::time::sleep(LOOK).await;
}

/// Waits before the next look at another process; there is nothing to block on.
#[expect(
    clippy::disallowed_methods,
    reason = "another process starts or ends in its own time"
)]
pub fn pause(time: Duration) {
    std::thread::sleep(time);
}
