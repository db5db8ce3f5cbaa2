//! The store and its hub against a real HTTP server that behaves as badly as it is told to.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use janet_models::store::{Catalogue, Silent, Store, StoreOptions};

use super::*;
use crate::config::ApiKey;

const TOKEN: &str = "hf_hush";

/// What is answered to a request.
enum Reply {
    /// These bytes, then the connection is closed.
    Send(Vec<u8>),
    /// These bytes, then nothing for ever.
    Hang(Vec<u8>),
}

/// Answers its n-th request as the script says, and remembers every request.
struct Server {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn start(script: impl Fn(usize, &str) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let heads = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&heads);
        let thread = std::thread::Builder::new()
            .name("test-hub".into())
            .spawn(move || {
                let mut open = Vec::new();
                for socket in listener.incoming() {
                    let mut socket = socket.expect("a client");
                    let head = read_head(&mut socket);
                    // The test is over.
                    if head.is_empty() {
                        break;
                    }
                    let mut told = told.lock().expect("nobody panicked");
                    let reply = script(told.len(), &head);
                    told.push(head);
                    drop(told);
                    match reply {
                        Reply::Send(bytes) => socket.write_all(&bytes).expect("it is read"),
                        Reply::Hang(bytes) => {
                            socket.write_all(&bytes).expect("it is read");
                            open.push(socket);
                        }
                    }
                }
            })
            .expect("a thread");
        Self {
            address,
            heads,
            thread: Some(thread),
        }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("nobody panicked").clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn read_head(socket: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && socket.read(&mut byte).is_ok_and(|n| n == 1) {
        head.push(byte[0]);
    }
    String::from_utf8(head).expect("requests are ASCII")
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

fn whole(etag: &str, body: &[u8]) -> Vec<u8> {
    let headers = format!("ETag: \"{etag}\"\r\nContent-Length: {}\r\n", body.len());
    answer("200 OK", &headers, body)
}

/// The rest of `body`, as far as `until`, although all of it is announced.
fn rest(etag: &str, body: &[u8], from: usize, until: usize) -> Vec<u8> {
    let (all, left) = (body.len(), body.len() - from);
    let range = format!("Content-Range: bytes {from}-{}/{all}\r\n", all - 1);
    let headers = format!("ETag: \"{etag}\"\r\n{range}Content-Length: {left}\r\n");
    answer("206 Partial Content", &headers, &body[from..until])
}

/// The beginning of `body`, although all of it is announced.
fn beginning(etag: &str, body: &[u8], until: usize) -> Vec<u8> {
    let headers = format!("ETag: \"{etag}\"\r\nContent-Length: {}\r\n", body.len());
    answer("200 OK", &headers, &body[..until])
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

fn noise(n: u32) -> u8 {
    (n.wrapping_mul(2_654_435_761) >> 13) as u8
}

/// A store with one model of one file, and the hub that has it.
struct World {
    folder: tempfile::TempDir,
    bytes: Vec<u8>,
    endpoint: String,
    token: Option<&'static str>,
    stall: Duration,
}

impl World {
    fn new(endpoint: String) -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            bytes: (0..300_000u32).map(noise).collect(),
            endpoint,
            token: None,
            stall: Duration::from_secs(20),
        }
    }

    fn store(&self) -> Store {
        let hub = config::Hub {
            endpoint: self.endpoint.clone(),
            said_by: "a test".to_owned(),
            token: self.token.map(|token| ApiKey(token.to_owned())),
            stall: self.stall,
        };
        // Of that noise.
        let sha256 = "10e5ea249ba15cf9da0925b29f6caca069e088f63eec3521e5560c1a0394058a";
        let catalogue = format!(
            "[[model]]\nname = \"m\"\nrole = \"llm\"\nlicence = \"MIT\"\n[[model.file]]\nname = \"w.gguf\"\n\
             bytes = {}\nsha256 = {sha256:?}\nsources = [\"hf:own/repo:sub/w.gguf@abc\"]\n",
            self.bytes.len()
        );
        let options = StoreOptions {
            hub: Some(Arc::new(LazyHub::new(&hub))),
            ..StoreOptions::default()
        };
        let catalogue = Catalogue::parse(&catalogue).expect("it is valid");
        Store::open(self.folder.path(), catalogue, options).expect("it is writable")
    }

    fn pull(&self) -> Result<PathBuf, String> {
        let pulled = self.store().ensure("m", &mut Silent);
        pulled
            .map(|folder| folder.join("w.gguf"))
            .map_err(|error| error.to_string())
    }

    fn is_right(&self) {
        let path = self.pull().unwrap_or_else(|error| panic!("{error}"));
        assert!(fs::read(path).expect("it is there") == self.bytes);
        let mut names: Vec<_> = fs::read_dir(self.folder.path().join("m"))
            .expect("it is there")
            .map(|entry| entry.expect("readable").file_name())
            .collect();
        names.sort();
        assert_eq!(names, [".lock", ".stamps.json", "w.gguf"]);
    }

    fn is_refused(&self) -> String {
        let error = self.pull().expect_err("it is refused");
        let name = self.folder.path().join("m/w.gguf");
        assert!(!name.exists(), "nothing has the file's name");
        assert!(!error.contains(TOKEN), "{error}");
        error
    }
}

#[test]
fn a_whole_answer_is_taken_and_the_token_goes_to_the_hub() {
    let bytes = World::new(String::new()).bytes;
    let server = Server::start(move |_, _| Reply::Send(whole("v1", &bytes)));
    let mut world = World::new(server.url());
    world.token = Some(TOKEN);
    world.is_right();
    let heads = server.heads();
    let [head] = &heads[..] else {
        panic!("{} requests", heads.len())
    };
    assert!(
        head.starts_with("GET /own/repo/resolve/abc/sub/w.gguf HTTP/1.1\r\n"),
        "{head}"
    );
    assert_eq!(header(head, "authorization"), Some("Bearer hf_hush"));
    assert_eq!(header(head, "range"), None);
    assert!(!format!("{:?}", world.store()).contains(TOKEN));
}

#[test]
fn a_transfer_that_breaks_off_goes_on_where_it_stopped() {
    let bytes = World::new(String::new()).bytes;
    let server = Server::start(move |nth, _| {
        Reply::Send(match nth {
            0 => beginning("v1", &bytes, 100_000),
            1 => rest("v1", &bytes, 100_000, 220_000),
            _ => rest("v1", &bytes, 220_000, bytes.len()),
        })
    });
    World::new(server.url()).is_right();
    let heads = server.heads();
    let ranges: Vec<_> = heads.iter().map(|head| header(head, "range")).collect();
    assert_eq!(ranges, [None, Some("bytes=100000-"), Some("bytes=220000-")]);
    let conditions: Vec<_> = heads.iter().map(|head| header(head, "if-range")).collect();
    assert_eq!(conditions, [None, Some("\"v1\""), Some("\"v1\"")]);
}

#[test]
fn the_next_pull_goes_on_where_the_last_one_failed() {
    let bytes = World::new(String::new()).bytes;
    let server = Server::start(move |nth, _| match nth {
        0 => Reply::Send(beginning("v1", &bytes, 50_000)),
        1 => Reply::Send(answer("503 Busy", "Content-Length: 0\r\n", b"")),
        _ => Reply::Send(rest("v1", &bytes, 50_000, bytes.len())),
    });
    let world = World::new(server.url());
    let error = world.is_refused();
    assert!(
        error.contains("503") && error.contains("own/repo"),
        "{error}"
    );
    world.is_right();
    assert_eq!(header(&server.heads()[2], "range"), Some("bytes=50000-"));
}

#[test]
fn what_came_whole_is_not_asked_for_again_and_its_hash_decides() {
    for flaw in [0, 1] {
        let bytes = World::new(String::new()).bytes;
        let server = Server::start(move |nth, _| match nth {
            0 => Reply::Send(beginning("v1", &bytes, 50_000)),
            1 => Reply::Send(answer("503 Busy", "Content-Length: 0\r\n", b"")),
            _ => Reply::Send(whole("v1", &bytes)),
        });
        let world = World::new(server.url());
        world.is_refused();
        // The process ended between the last byte and the file's name.
        let mut all = world.bytes.clone();
        all[77] ^= flaw;
        fs::write(world.folder.path().join("m/w.gguf.part"), all).expect("writable");
        world.is_right();
        let again = server.heads().split_off(2);
        let ranges: Vec<_> = again.iter().map(|head| header(head, "range")).collect();
        assert_eq!(ranges, vec![None; usize::from(flaw)]);
    }
}

#[test]
fn a_file_that_changed_meanwhile_is_no_mixture() {
    let bytes = World::new(String::new()).bytes;
    let server = Server::start(move |nth, _| {
        let old = vec![1; bytes.len()];
        Reply::Send(match nth {
            0 => beginning("old", &old, 100_000),
            // If-Range does not hold any more: all of it comes.
            _ => whole("new", &bytes),
        })
    });
    World::new(server.url()).is_right();
    let heads = server.heads();
    assert_eq!(header(&heads[1], "if-range"), Some("\"old\""));
    assert_eq!(heads.len(), 2);
}

#[test]
fn without_a_strong_tag_a_broken_transfer_starts_anew() {
    let bytes = World::new(String::new()).bytes;
    let server = Server::start(move |nth, _| {
        let length = format!("ETag: W/\"v1\"\r\nContent-Length: {}\r\n", bytes.len());
        let until = if nth == 0 { 1000 } else { bytes.len() };
        Reply::Send(answer("200 OK", &length, &bytes[..until]))
    });
    World::new(server.url()).is_right();
    assert_eq!(header(&server.heads()[1], "range"), None);
}

#[test]
fn wrong_bytes_are_refused_with_what_to_do() {
    let bytes = World::new(String::new()).bytes;
    let server = Server::start(move |_, _| {
        let mut wrong = bytes.clone();
        wrong[5] ^= 1;
        Reply::Send(whole("v1", &wrong))
    });
    let world = World::new(server.url());
    let error = world.is_refused();
    for part in [
        "hf:own/repo:sub/w.gguf@abc",
        "SHA-256",
        "--from FILE",
        "catalogue",
    ] {
        assert!(error.contains(part), "{part} is not in: {error}");
    }
    let part = world.folder.path().join("m/w.gguf.part");
    assert!(!part.exists(), "nothing of it was kept");
    // Another size is known before the bytes come.
    let server = Server::start(|_, _| Reply::Hang(beginning("v1", &[0; 77], 0)));
    let error = World::new(server.url()).is_refused();
    assert!(error.contains("77 bytes and not 300000"), "{error}");
}

#[test]
fn a_hub_that_refuses_is_told_with_repository_file_and_remedy() {
    for (status, token, parts) in [
        ("401 No", None, ["own/repo", "sub/w.gguf", "set HF_TOKEN"]),
        (
            "403 No",
            None,
            ["own/repo", "accept the model's terms", "set HF_TOKEN"],
        ),
        (
            "403 No",
            Some(TOKEN),
            ["own/repo", "sub/w.gguf", "HF_TOKEN was sent"],
        ),
        ("404 No", None, ["own/repo", "sub/w.gguf", "revision abc"]),
        ("500 No", None, ["own/repo", "sub/w.gguf", "500"]),
    ] {
        let server =
            Server::start(move |_, _| Reply::Send(answer(status, "Content-Length: 0\r\n", b"")));
        let mut world = World::new(server.url());
        world.token = token;
        let error = world.is_refused();
        for part in parts {
            assert!(error.contains(part), "{status}: {part} is not in: {error}");
        }
    }
    let closed = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = closed.local_addr().expect("it is bound");
    drop(closed);
    let error = World::new(format!("http://{address}")).is_refused();
    assert!(
        error.contains("cannot be reached") && error.contains("HF_ENDPOINT"),
        "{error}"
    );
}

#[test]
fn another_host_gets_the_range_but_never_the_token() {
    let bytes = World::new(String::new()).bytes;
    let elsewhere = Server::start(move |nth, _| {
        Reply::Send(match nth {
            0 => beginning("v1", &bytes, 1000),
            _ => rest("v1", &bytes, 1000, bytes.len()),
        })
    });
    let target = format!("{}/bytes?signature=s3cret", elsewhere.url());
    let hub = Server::start(move |_, head| {
        let location = match head.starts_with("GET /own/") {
            // Once within the hub, then away from it.
            true => "/renamed/w.gguf",
            false => target.as_str(),
        };
        let headers = format!("Location: {location}\r\nContent-Length: 0\r\n");
        Reply::Send(answer("302 Found", &headers, b""))
    });
    let mut world = World::new(hub.url());
    world.token = Some(TOKEN);
    world.is_right();
    let token = |head: &String| header(head, "authorization").map(str::to_owned);
    let to_hub: Vec<_> = hub.heads().iter().map(token).collect();
    assert_eq!(to_hub, vec![Some("Bearer hf_hush".to_owned()); 4]);
    let away: Vec<_> = elsewhere.heads().iter().map(token).collect();
    assert_eq!(away, [None, None]);
    assert_eq!(header(&elsewhere.heads()[1], "range"), Some("bytes=1000-"));
}

#[test]
fn redirects_that_lead_nowhere_end() {
    for (location, part) in [
        ("Location: /again\r\n", "without end"),
        ("Location: ftp://host/w\r\n", "not HTTP"),
        ("", "nowhere"),
    ] {
        let headers = format!("{location}Content-Length: 0\r\n");
        let server = Server::start(move |_, _| Reply::Send(answer("302 Found", &headers, b"")));
        let error = World::new(server.url()).is_refused();
        assert!(error.contains(part), "{part} is not in: {error}");
        assert!(server.heads().len() <= REDIRECTS + 1);
    }
}

#[test]
fn a_mirror_that_leads_to_a_protected_address_is_followed_with_the_certificates_for_it() {
    let hub = config::Hub {
        endpoint: "http://127.0.0.1:1".to_owned(),
        said_by: "a test".to_owned(),
        token: None,
        stall: Duration::from_secs(1),
    };
    let hub = HttpHub::new(&hub).expect("a good endpoint");
    let url = |text: &str| Url::parse(text).expect("an address");
    let open = hub.client_for(&url("http://127.0.0.1:2/w"));
    assert!(std::ptr::eq(open.expect("it is there"), &hub.client));
    assert!(hub.protected.get().is_none(), "nobody needed it");
    // A machine without certificates has none, and says so.
    match hub.client_for(&url("https://127.0.0.1:2/w")) {
        Ok(protected) => assert!(!std::ptr::eq(protected, &hub.client)),
        Err(error) => assert!(error.to_string().contains("https://127.0.0.1:2"), "{error}"),
    }
}

#[test]
fn a_hub_that_never_answers_or_falls_silent_is_given_up() {
    let bytes = World::new(String::new()).bytes;
    let server = Server::start(|_, _| Reply::Hang(Vec::new()));
    let mut world = World::new(server.url());
    world.stall = Duration::from_millis(200);
    let error = world.is_refused();
    assert!(error.contains("was silent for 0.2 s"), "{error}");
    let server = Server::start(move |_, _| Reply::Hang(beginning("v1", &bytes, 5000)));
    world.endpoint = server.url();
    let error = world.is_refused();
    assert!(
        error.contains("was silent for 0.2 s") && error.contains("models.stall_ms"),
        "{error}"
    );
    let part = fs::metadata(world.folder.path().join("m/w.gguf.part"));
    assert_eq!(part.expect("it is kept").len(), 5000);
}

#[test]
fn an_answer_about_other_bytes_is_refused() {
    let bytes = World::new(String::new()).bytes;
    let server = Server::start(move |nth, _| {
        Reply::Send(match nth {
            0 => beginning("v1", &bytes, 1000),
            _ => rest("v1", &bytes, 999, bytes.len()),
        })
    });
    let error = World::new(server.url()).is_refused();
    assert!(error.contains("another part of the file"), "{error}");
}

/// What is wrong with these settings.
fn wrong(endpoint: &str, token: Option<&str>) -> Option<String> {
    let hub = config::Hub {
        endpoint: endpoint.to_owned(),
        said_by: "environment HF_ENDPOINT".to_owned(),
        token: token.map(|token| ApiKey(token.to_owned())),
        stall: Duration::from_secs(1),
    };
    judge(&hub).err().map(|error| error.to_string())
}

#[test]
fn a_token_goes_over_protected_connections_only() {
    for near in [
        "https://hub.example",
        "http://127.0.0.1:9",
        "http://localhost:9",
        "http://[::1]:9/hf",
        "http://[::1]",
        "http://127.1.2.3",
    ] {
        assert_eq!(wrong(near, Some(TOKEN)), None, "{near}");
    }
    for far in [
        "http://hub.example",
        "http://127.0.0.1.example/x",
        "http://10.0.0.1",
    ] {
        let error = wrong(far, Some(TOKEN)).expect("it is readable");
        assert!(
            error.contains("https://") && !error.contains(TOKEN),
            "{error}"
        );
        assert_eq!(wrong(far, None), None, "nothing is given away");
    }
}

#[test]
fn what_is_no_address_is_said_with_who_set_it() {
    for endpoint in [
        "huggingface.co",
        "ftp://here",
        "http://",
        "http://a b",
        "http://me:pw@here",
    ] {
        let error = wrong(endpoint, None).expect("it is refused");
        assert!(error.contains("environment HF_ENDPOINT"), "{error}");
        assert!(!error.contains("pw"), "{error}");
    }
}

#[test]
fn settings_that_are_wrong_are_told_by_the_file_that_needs_the_hub() {
    let mut world = World::new("huggingface.co".to_owned());
    assert!(world.is_refused().contains("`models.hf_endpoint` must be"));
    world.endpoint = "http://127.0.0.1:1".to_owned();
    world.token = Some("a\nb");
    let error = world.is_refused();
    assert!(
        error.contains("HF_TOKEN") && !error.contains("a\nb"),
        "{error}"
    );
}
