//! A stand-in for a speech server that can misbehave on demand, which a real one cannot.
//!
//! Each phrase is a pure tone as long as its text, so that a listener knows it from her own voice
//! and knows how much of it there is. `./test interop` runs the same client against a real server.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::stand_in::{Request, chunk, end, head, request, until_closed, whole};

/// Rate of its sound.
pub const RATE_HZ: u32 = 24_000;
/// The tone it speaks with.
pub const TONE_HZ: f32 = 1000.0;
/// Its sound for each byte of text, in milliseconds.
pub const MS_PER_BYTE: u32 = 60;
/// A voice that it lists beside the configured one.
pub const OTHER_VOICE: &str = "whistle";

/// How it speaks. Lists it always gives.
#[derive(Clone, Debug)]
pub enum Manner {
    /// As raw samples, all at once.
    Speaks,
    /// As a WAV file that was begun before its length was known, in pieces of odd sizes.
    SpeaksWav,
    /// The first half, and the rest once it is told to go on.
    Waits,
    /// The first half, and then the connection is gone.
    BreaksOff,
    /// The first half, and nothing more.
    Stalls,
    /// Takes the text and says nothing.
    Hangs,
    /// HTTP status 500.
    Fails,
    /// With status 200: this.
    Sends(&'static [u8]),
    /// With status 200: so many samples of silence.
    Silence(usize),
    /// This tone, for ever.
    Endless,
    /// The first of these for the first phrase, and so on; the last for all others.
    InTurn(Vec<Self>),
}

/// One phrase that it was to speak.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The body.
    pub body: Value,
    /// Request line and headers.
    pub head: String,
}

/// The running stand-in.
pub struct SpeechServer {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    manner: Mutex<Manner>,
    /// How phrases for this voice are spoken.
    apart: Mutex<Option<(&'static str, Manner)>>,
    asked: Mutex<Vec<Asked>>,
    called_off: AtomicUsize,
    /// Turns true once those that wait may go on.
    goes_on: watch::Sender<bool>,
}

impl SpeechServer {
    /// Listens on a free port, or on this one.
    pub async fn start(port: u16, manner: Manner) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await;
        let listener = listener.expect("a port to listen on");
        let shared = Arc::new(Shared {
            manner: Mutex::new(manner),
            apart: Mutex::default(),
            asked: Mutex::default(),
            called_off: AtomicUsize::new(0),
            goes_on: watch::Sender::new(false),
        });
        Self {
            address: listener.local_addr().expect("it is bound"),
            task: tokio::spawn(listen(listener, shared.clone())),
            shared,
        }
    }

    /// From now on it speaks like this.
    pub fn behave(&self, manner: Manner) {
        *self.shared.manner.lock().expect("nobody panics with it") = manner;
    }

    /// With this voice it speaks like this, whatever holds for the others.
    pub fn behave_for(&self, voice: &'static str, manner: Manner) {
        *self.shared.apart.lock().expect("nobody panics with it") = Some((voice, manner));
    }

    /// Those that wait go on.
    pub fn go_on(&self) {
        self.shared.goes_on.send_replace(true);
    }

    /// All that it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        let asked = self.shared.asked.lock();
        asked.expect("nobody panics with it").clone()
    }

    /// The texts of it.
    pub fn texts(&self) -> Vec<String> {
        let text = |asked: Asked| asked.body["input"].as_str().unwrap_or_default().to_owned();
        self.asked().into_iter().map(text).collect()
    }

    /// How many phrases were called off by closing the connection.
    pub fn called_off(&self) -> usize {
        self.shared.called_off.load(Ordering::SeqCst)
    }
}

impl Drop for SpeechServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Samples of its sound of a text.
pub fn samples_of(text: &str) -> usize {
    text.len() * (MS_PER_BYTE * RATE_HZ / 1000) as usize
}

fn tone(samples: usize) -> Vec<u8> {
    let turn = std::f32::consts::TAU * TONE_HZ / RATE_HZ as f32;
    (0..samples)
        .map(|n| ((turn * n as f32).sin() * 8000.0) as i16)
        .flat_map(i16::to_le_bytes)
        .collect()
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((socket, _)) = listener.accept().await {
        let shared = shared.clone();
        // The client may go at any moment: that is what some tests are about.
        tokio::spawn(async move { drop(serve(socket, &shared).await) });
    }
}

async fn serve(mut socket: TcpStream, shared: &Shared) -> io::Result<()> {
    let Request { path, head, body } = request(&mut socket).await?;
    if path.ends_with("/models") {
        let list = json!({ "object": "list", "data": [{ "id": "tts-1", "object": "model" }] });
        return whole(&mut socket, "200 OK", list.to_string().as_bytes()).await;
    }
    if path.ends_with("/audio/voices") {
        let list = json!({ "voices": ["alloy", OTHER_VOICE] });
        return whole(&mut socket, "200 OK", list.to_string().as_bytes()).await;
    }
    let body: Value = serde_json::from_slice(&body).expect("Janet sends JSON");
    let text = body["input"].as_str().unwrap_or_default().to_owned();
    let voice = body["voice"].as_str().unwrap_or_default().to_owned();
    let number = {
        let mut asked = shared.asked.lock().expect("nobody panics with it");
        asked.push(Asked { body, head });
        asked.len() - 1
    };
    let apart = shared.apart.lock().expect("nobody panics with it").clone();
    let apart = apart.filter(|(of, _)| *of == voice);
    let manner = match apart {
        Some((_, manner)) => manner,
        None => shared.manner.lock().expect("nobody panics with it").clone(),
    };
    let manner = match manner {
        Manner::InTurn(manners) => {
            let at = number.min(manners.len().saturating_sub(1));
            manners.get(at).cloned().unwrap_or(Manner::Speaks)
        }
        manner => manner,
    };
    speak(&mut socket, shared, manner, &tone(samples_of(&text))).await
}

async fn speak(
    socket: &mut TcpStream,
    shared: &Shared,
    manner: Manner,
    sound: &[u8],
) -> io::Result<()> {
    let half = sound.len() / 4 * 2;
    match manner {
        Manner::Fails => return whole(socket, "500 Internal Server Error", b"no").await,
        Manner::Sends(bytes) => return whole(socket, "200 OK", bytes).await,
        Manner::Silence(samples) => return whole(socket, "200 OK", &vec![0; 2 * samples]).await,
        Manner::Hangs => {}
        Manner::Speaks | Manner::InTurn(_) => {
            head(socket).await?;
            chunk(socket, sound).await?;
            return end(socket).await;
        }
        Manner::SpeaksWav => {
            let mut file = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
            file.extend(RATE_HZ.to_le_bytes());
            file.extend((2 * RATE_HZ).to_le_bytes());
            file.extend(b"\x02\0\x10\0data\xff\xff\xff\xff");
            file.extend(sound);
            head(socket).await?;
            for piece in file.chunks(4099) {
                chunk(socket, piece).await?;
            }
            return end(socket).await;
        }
        Manner::Waits => {
            head(socket).await?;
            chunk(socket, &sound[..half]).await?;
            let mut goes_on = shared.goes_on.subscribe();
            tokio::select! {
                _ = async { goes_on.wait_for(|goes_on| *goes_on).await.is_ok() } => {
                    chunk(socket, &sound[half..]).await?;
                    return end(socket).await;
                }
                () = until_closed(socket) => {}
            }
        }
        Manner::BreaksOff => {
            head(socket).await?;
            chunk(socket, &sound[..half]).await?;
            return socket.shutdown().await;
        }
        Manner::Stalls => {
            head(socket).await?;
            chunk(socket, &sound[..half]).await?;
        }
        Manner::Endless => {
            head(socket).await?;
            while chunk(socket, &tone(2400)).await.is_ok() {}
            shared.called_off.fetch_add(1, Ordering::SeqCst);
            return Ok(());
        }
    }
    until_closed(socket).await;
    shared.called_off.fetch_add(1, Ordering::SeqCst);
    Ok(())
}
