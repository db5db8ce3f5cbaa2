//! A stand-in for a language server that can misbehave on demand, which a real one cannot.
//!
//! Speaks both dialects, byte by byte over plain sockets. `./test interop` runs the same client
//! against a real server.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::stand_in::{self, Request, chunk, head, request, until_closed, whole};

/// Name of the first model that it lists.
pub const MODEL: &str = "parrot:1b";
/// And of the second.
pub const OTHER_MODEL: &str = "magpie:7b";
/// Between two pieces of an endless answer.
const PACE: Duration = Duration::from_millis(20);

/// How it answers questions. Lists of models it always gives.
#[derive(Clone, Debug)]
pub enum Manner {
    /// These pieces, and an end.
    Says(Vec<&'static str>),
    /// These pieces, and then the connection is gone.
    BreaksOff(Vec<&'static str>),
    /// The same word for ever.
    Endless,
    /// Takes the question and says nothing.
    Hangs,
    /// HTTP status 500.
    Fails,
    /// HTTP status 400.
    Refuses,
    /// A web page, with status 200.
    Lies,
}

/// The running stand-in.
pub struct LanguageServer {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    manner: Mutex<Manner>,
    /// How questions that hold this text are answered.
    apart: Mutex<Option<(&'static str, Manner)>>,
    questions: Mutex<Vec<Value>>,
    called_off: AtomicUsize,
}

impl LanguageServer {
    /// Listens on a free port, or on this one.
    pub async fn start(port: u16, manner: Manner) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await;
        let listener = listener.expect("a port to listen on");
        let shared = Arc::new(Shared {
            manner: Mutex::new(manner),
            apart: Mutex::default(),
            questions: Mutex::default(),
            called_off: AtomicUsize::new(0),
        });
        Self {
            address: listener.local_addr().expect("it is bound"),
            task: tokio::spawn(listen(listener, shared.clone())),
            shared,
        }
    }

    /// From now on it answers like this.
    pub fn behave(&self, manner: Manner) {
        *self.shared.manner.lock().expect("nobody panics with it") = manner;
    }

    /// Questions that hold this text are answered like this, whatever holds for the others.
    pub fn behave_for(&self, text: &'static str, manner: Manner) {
        *self.shared.apart.lock().expect("nobody panics with it") = Some((text, manner));
    }

    /// The bodies of all questions so far.
    pub fn questions(&self) -> Vec<Value> {
        let questions = self.shared.questions.lock();
        questions.expect("nobody panics with it").clone()
    }

    /// How many answers were called off by closing the connection.
    pub fn called_off(&self) -> usize {
        self.shared.called_off.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn manner_for(&self, question: &Value) -> Manner {
        let apart = self.apart.lock().expect("nobody panics with it");
        match &*apart {
            Some((text, manner)) if question.to_string().contains(text) => manner.clone(),
            _ => self.manner.lock().expect("nobody panics with it").clone(),
        }
    }
}

impl Drop for LanguageServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((socket, _)) = listener.accept().await {
        let shared = shared.clone();
        // The client may go at any moment: that is what some tests are about.
        tokio::spawn(async move { drop(serve(socket, &shared).await) });
    }
}

async fn serve(mut socket: TcpStream, shared: &Shared) -> io::Result<()> {
    let Request { path, body, .. } = request(&mut socket).await?;
    let ollama = path.starts_with("/api/");
    if path.ends_with("/tags") || path.ends_with("/models") {
        let names = [MODEL, OTHER_MODEL];
        let list = json!({
            "models": names.map(|name| json!({ "name": name })),
            "data": names.map(|id| json!({ "id": id })),
        });
        return whole(&mut socket, "200 OK", list.to_string().as_bytes()).await;
    }
    let question: Value = serde_json::from_slice(&body).expect("Janet sends JSON");
    let manner = shared.manner_for(&question);
    let questions = shared.questions.lock();
    questions.expect("nobody panics with it").push(question);
    let (pieces, ends) = match manner {
        Manner::Fails => return whole(&mut socket, "500 Internal Server Error", b"no").await,
        Manner::Refuses => return whole(&mut socket, "400 Bad Request", b"no").await,
        Manner::Lies => return whole(&mut socket, "200 OK", b"<html>\n<p>Welcome!\n").await,
        Manner::Hangs => {
            until_closed(&mut socket).await;
            shared.called_off.fetch_add(1, Ordering::SeqCst);
            return Ok(());
        }
        Manner::Endless => {
            head(&mut socket).await?;
            loop {
                if piece(&mut socket, ollama, "again ").await.is_err() {
                    shared.called_off.fetch_add(1, Ordering::SeqCst);
                    return Ok(());
                }
                sleep(PACE).await;
            }
        }
        Manner::Says(pieces) => (pieces, true),
        Manner::BreaksOff(pieces) => (pieces, false),
    };
    head(&mut socket).await?;
    for text in pieces {
        piece(&mut socket, ollama, text).await?;
    }
    if ends {
        let end = if ollama {
            json!({ "message": { "content": "" }, "done": true, "done_reason": "stop" }).to_string()
        } else {
            "data: [DONE]\n".to_owned()
        };
        chunk(&mut socket, format!("{end}\n").as_bytes()).await?;
        return stand_in::end(&mut socket).await;
    }
    socket.shutdown().await
}

async fn piece(socket: &mut TcpStream, ollama: bool, text: &str) -> io::Result<()> {
    let line = if ollama {
        format!(
            "{}\n",
            json!({ "message": { "role": "assistant", "content": text }, "done": false })
        )
    } else {
        format!(
            "data: {}\n\n",
            json!({ "choices": [{ "delta": { "content": text } }] })
        )
    };
    chunk(socket, line.as_bytes()).await
}
