//! `janet client`: talks to a Janet as a headset would, with recordings in place of microphone and ear.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use janet_audio::{resample, wav};
use janet_protocol::{ErrorCode, Private, ServerMessage, SpeakingState};
use janet_vr::{
    Client, Ended, Event, FRAME_SAMPLES, Fingerprint, Hello, Next, Options, RATE_HZ, Trust,
};
use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval};

use super::operator::block_on;
use super::sound;

/// Longest recording.
const LONGEST: Duration = Duration::from_secs(600);
/// Behind her last word, before the conversation counts as over.
const QUIET: Duration = Duration::from_millis(1500);
/// With no answer for this long after the recording, none will come.
const PATIENCE: Duration = Duration::from_secs(60);
/// A server that has just started loads its models for so long at most.
const LOADING: Duration = Duration::from_secs(180);
/// One packet of the microphone.
const BEAT: Duration = Duration::from_micros(janet_vr::FRAME_US);
/// Louder than this is her voice.
const AUDIBLE: f32 = 1e-3;

/// Flags of `janet client`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example, on Janet's own machine: janet client --quic localhost:8767 --say question.wav -o answer.wav\n\
    From another one: add --fingerprint (as `janet pair` shows it) and the key of a paired device."
)]
pub(super) struct ClientFlags {
    /// Where Janet speaks QUIC; her port is 8767 unless server.quic_port says otherwise
    #[arg(long, value_name = "HOST:PORT")]
    quic: String,
    /// A WAV file of any rate, said in real time; - reads standard input. Without it the connection is
    /// tried and nothing is said
    #[arg(long, value_name = "FILE.wav")]
    say: Option<PathBuf>,
    /// Where to write what was heard, from the first sample of the recording on; - writes it to standard
    /// output, and all texts to standard error
    #[arg(short, long, value_name = "FILE.wav", requires = "say")]
    output: Option<PathBuf>,
    /// Key of a paired device; --key-file keeps it out of the list of processes
    #[arg(
        long,
        value_name = "KEY",
        conflicts_with = "key_file",
        allow_hyphen_values = true
    )]
    key: Option<String>,
    /// A file that holds the key
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// SHA-256 of Janet's certificate; needed for any other machine than this one
    #[arg(long, value_name = "SHA256")]
    fingerprint: Option<Fingerprint>,
    /// Goes on in this conversation
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    client_id: Option<String>,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
}

/// What was seen and heard.
#[derive(Default)]
struct Heard {
    connected_ms: u128,
    opened_ms: Option<u128>,
    first_audio_ms: Option<u128>,
    user: Vec<String>,
    janet: Vec<String>,
    sound: Vec<f32>,
    answers: usize,
}

impl ClientFlags {
    /// Connects, talks, prints and writes.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        if let Some(output) = &self.output {
            sound::check_output(output)?;
        }
        let speech = match &self.say {
            Some(input) => {
                let speech = sound::read(input, LONGEST)?;
                Some(resample(&speech, wav::MODEL_RATE_HZ, RATE_HZ)?)
            }
            None => None,
        };
        let options = self.options()?;
        block_on(async {
            let began = Instant::now();
            let mut client = Client::connect(&options)
                .await
                .with_context(|| format!("Janet cannot be reached at {}", self.quic))?;
            let mut heard = Heard {
                connected_ms: began.elapsed().as_millis(),
                ..Heard::default()
            };
            let talked = self.talk(&mut client, speech, &mut heard).await;
            let (stats, round_trip) = (client.stats(), client.round_trip());
            client.close().await;
            // What was heard until then is heard, whatever ended it.
            if let Some(output) = &self.output {
                sound::write(output, &heard.sound, RATE_HZ)?;
            }
            talked?;
            let figures = json!({
                "connected_ms": heard.connected_ms as u64,
                "opened_ms": heard.opened_ms.map(|ms| ms as u64),
                "first_audio_ms": heard.first_audio_ms.map(|ms| ms as u64),
                "round_trip_ms": round_trip.as_secs_f64() * 1e3,
                "packets": stats.received,
                "lost_packets": stats.lost,
                "loss_percent": stats.loss_percent(),
                "fec_recovered": stats.fec_recovered,
                "concealed": stats.concealed,
                "late": stats.late,
                "sent": stats.sent,
                "unsent": stats.unsent,
            });
            self.show(&heard, &figures)?;
            let is_deaf = self.say.is_some() && heard.answers == 0;
            ensure!(!is_deaf, "Janet did not answer what was said");
            Ok(())
        })
    }

    fn options(&self) -> anyhow::Result<Options> {
        let server = address(&self.quic)?;
        let key = match (&self.key, &self.key_file) {
            (Some(key), _) => Some(key.clone()),
            (None, Some(file)) => {
                let key = std::fs::read_to_string(file);
                let key = key.with_context(|| format!("cannot read {}", file.display()))?;
                Some(key.trim().to_owned())
            }
            (None, None) => None,
        };
        let trust = match self.fingerprint {
            Some(fingerprint) => Trust::Pinned(fingerprint),
            None => Trust::ThisMachine,
        };
        Ok(Options {
            server,
            trust,
            hello: Hello {
                client_id: self.client_id.clone(),
                key: key.map(Private::new),
            },
            local: None,
        })
    }

    /// Says the recording once voice flows, and listens until she has said what she has to say.
    async fn talk(
        &self,
        client: &mut Client,
        speech: Option<Vec<f32>>,
        heard: &mut Heard,
    ) -> anyhow::Result<()> {
        let Some(speech) = speech else {
            return self.greeted(client).await;
        };
        let asked = Instant::now();
        client.open_voice().await;
        let mut packets = speech.chunks(FRAME_SAMPLES);
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let (mut said, mut quiet_since, mut is_open) = (None, None, false);
        let mut is_speaking = false;
        loop {
            tokio::select! {
                next = client.next() => match next.map_err(told)? {
                    Next::Event(Event::Opened { .. }) => {
                        heard.opened_ms = Some(asked.elapsed().as_millis());
                        is_open = true;
                        beat.reset();
                    }
                    Next::Event(Event::Closed) => bail!("Janet has ended the session"),
                    Next::Event(Event::Said(message)) => {
                        if let Some(state) = heard.note(*message)? {
                            is_speaking = matches!(
                                state,
                                SpeakingState::Started | SpeakingState::Resumed | SpeakingState::Paused
                            );
                            quiet_since = Some(Instant::now());
                        }
                    }
                    Next::Face(_) => {}
                    Next::Sound(frame) => {
                        if frame.iter().any(|sample| sample.abs() > AUDIBLE) {
                            quiet_since = Some(Instant::now());
                            if let Some(said) = said {
                                heard.first_audio_ms.get_or_insert(Instant::elapsed(&said).as_millis());
                            }
                        }
                        heard.sound.extend(&frame);
                    }
                },
                _ = beat.tick() => if is_open {
                    let packet = packets.next().unwrap_or_else(|| {
                        said.get_or_insert_with(Instant::now);
                        &[0.0; FRAME_SAMPLES]
                    });
                    client.speak(packet);
                },
            }
            let is_quiet = quiet_since.is_some_and(|since: Instant| since.elapsed() > QUIET);
            match said {
                Some(_) if heard.answers > 0 && !is_speaking && is_quiet => return Ok(()),
                Some(said) if said.elapsed() > PATIENCE && !is_speaking => return Ok(()),
                None if !is_open && asked.elapsed() > LOADING => bail!("voice does not begin"),
                _ => {}
            }
        }
    }

    /// Waits until we are let in.
    async fn greeted(&self, client: &mut Client) -> anyhow::Result<()> {
        loop {
            if let Next::Event(Event::Said(message)) = client.next().await.map_err(told)? {
                match &*message {
                    ServerMessage::Connected { .. } => return Ok(()),
                    ServerMessage::Error { code, message, .. } if *code != ErrorCode::NotPaired => {
                        bail!("Janet refuses: {message}")
                    }
                    other => refused(other)?,
                }
            }
        }
    }

    fn show(&self, heard: &Heard, figures: &Value) -> anyhow::Result<()> {
        let is_pipe = self.output.as_deref().is_some_and(sound::is_pipe);
        let tell = |text: std::fmt::Arguments<'_>| match is_pipe {
            true => {
                eprintln!("{text}");
                Ok(())
            }
            false => super::out::line(text),
        };
        if self.json {
            let object = json!({ "user": heard.user, "janet": heard.janet, "figures": figures });
            return Ok(tell(format_args!("{object}"))?);
        }
        for (user, janet) in heard.user.iter().zip(&heard.janet) {
            tell(format_args!("You:   {user}"))?;
            tell(format_args!("Janet: {janet}"))?;
        }
        tell(format_args!("connected after {} ms", heard.connected_ms))?;
        if let Some(opened) = heard.opened_ms {
            tell(format_args!("voice after {opened} ms more"))?;
        }
        if let Some(first) = heard.first_audio_ms {
            tell(format_args!(
                "first sound of hers {first} ms after the recording"
            ))?;
        }
        if self.say.is_some() {
            tell(format_args!(
                "packets {}, lost {} ({:.1} %), recovered {}, made up {}",
                figures["packets"],
                figures["lost_packets"],
                figures["loss_percent"].as_f64().unwrap_or_default(),
                figures["fec_recovered"],
                figures["concealed"],
            ))?;
        }
        if let Some(output) = self.output.as_ref().filter(|_| !is_pipe) {
            tell(format_args!("What was heard is in {}", output.display()))?;
        }
        Ok(())
    }
}

impl Heard {
    /// Takes note of what she says; what her voice does, if it does something.
    fn note(&mut self, message: ServerMessage) -> anyhow::Result<Option<SpeakingState>> {
        refused(&message)?;
        match message {
            ServerMessage::AssistantMessage {
                text, user_text, ..
            } => {
                self.answers += 1;
                self.user.push(user_text.into_exposed());
                self.janet.push(text.into_exposed());
                Ok(None)
            }
            ServerMessage::Speaking { state, .. } => Ok(Some(state)),
            _ => Ok(None),
        }
    }
}

/// What of hers ends the command.
fn refused(message: &ServerMessage) -> anyhow::Result<()> {
    match message {
        ServerMessage::PairWanted { .. } => {
            bail!(
                "Janet does not know this machine; give it the key of a paired device (--key-file)"
            )
        }
        ServerMessage::Error {
            code: ErrorCode::NotPaired,
            ..
        } => bail!("Janet does not know this key (any more); pair again (`janet pair`)"),
        ServerMessage::VrError { message, .. } => bail!("voice is refused: {message}"),
        _ => Ok(()),
    }
}

fn told(ended: Ended) -> anyhow::Error {
    anyhow::Error::new(ended)
}

/// The address of a name, of this machine's the one that Janet listens at; a bare name or address has the port 8767.
fn address(text: &str) -> anyhow::Result<SocketAddr> {
    const PORT: u16 = 8767;
    let found = match text.to_socket_addrs() {
        Ok(found) => Ok(found),
        Err(_) => (text, PORT).to_socket_addrs(),
    };
    let found = found.with_context(|| format!("--quic {text}: expected HOST:PORT"))?;
    let first = found.min_by_key(|address| address.ip().is_loopback() && address.is_ipv6());
    first.with_context(|| format!("--quic {text}: there is no such machine"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_with_and_without_a_port() {
        for (text, expected) in [
            ("127.0.0.1:9000", "127.0.0.1:9000"),
            ("127.0.0.1", "127.0.0.1:8767"),
            ("[::1]:9000", "[::1]:9000"),
            ("::1", "[::1]:8767"),
        ] {
            assert_eq!(address(text).expect("an address").to_string(), expected);
        }
        let error = address("127.0.0.1:many").expect_err("no port");
        assert!(error.to_string().contains("HOST:PORT"), "{error}");
    }
}
