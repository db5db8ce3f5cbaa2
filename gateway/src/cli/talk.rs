//! `janet talk`: a whole conversation with a recording in place of a microphone.
//!
//! The recording is streamed in real time, as a microphone would, followed by silence until Janet
//! has said all she has to say. What is printed and written is what a client saw and heard.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use clap::Args;
use janet_audio::wav;
use janet_engine::client::{Heard, Next, PACKET, PLAY_HZ, converse};
use janet_engine::ports;
use janet_engine::waterfall::waterfall;
use janet_engine::{Ending, Engine, Event, Ledger, MicMode};
use serde_json::json;
use tokio::runtime::Runtime;

use super::{loading, sound};
use crate::config::Config;
use crate::gate::Redact;
use crate::llm::{LanguageServer, LlmError};
use crate::persona::Who;
use crate::tts::SpeechServer;
use crate::voice;

/// Longest recording.
const LONGEST: Duration = Duration::from_secs(600);
/// Silence after the last thing that happened, after which the conversation is over.
const QUIET: Duration = Duration::from_millis(1500);
/// With no answer at all for this long after the recording, none will come.
const PATIENCE: Duration = Duration::from_secs(12);
/// An answer longer than this after the recording is cut off.
const LONGEST_ANSWER: Duration = Duration::from_secs(60);
/// Time of one packet of microphone samples.
const PACKET_SPAN: Duration = Duration::from_millis(20);

/// Flags of `janet talk`.
#[derive(Debug, Args)]
pub(super) struct Talk {
    /// The recording: a WAV file of any rate; - reads standard input
    input: PathBuf,
    /// Where to write what was heard, from the first sample of the recording on; - writes it to
    /// standard output, and all texts to standard error
    #[arg(short, long, value_name = "FILE.wav")]
    output: PathBuf,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
}

/// One question and its answer.
struct Answered {
    user_text: String,
    text: String,
    shown: String,
    ending: Ending,
    ledger: Ledger,
}

impl Talk {
    /// Talks, prints and writes.
    pub(super) fn run(&self, config: &Config) -> anyhow::Result<()> {
        sound::check_output(&self.output)?;
        self.keep_recording()?;
        let speech = sound::read(&self.input, LONGEST)?;
        let (models, _weights) = loading::models(config, "talk")?;
        // For the language server's sockets; it ends after the engine.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .context("the socket thread cannot be started")?;
        let servers = ports::Servers {
            language: language_server(config, &runtime)?,
            speech: speech_server(config, &runtime)?,
        };
        let engine = Engine::start(
            models,
            Arc::new(Redact),
            servers,
            voice::engine_config(config, &Who::open(config)),
        )?;
        let seconds = speech.len() as f64 / 16_000.0;
        eprintln!("playing {seconds:.1} s of recording to Janet, as fast as it was spoken");
        let mut microphone = Microphone::new(&speech);
        let heard = converse(&engine, MicMode::HandsFree, &mut |n, heard| {
            microphone.next(n, heard)
        })?;
        sound::write(&self.output, &heard.sound, PLAY_HZ)?;

        let answers = answers(&heard);
        if self.json {
            self.tell(format_args!("{}", self.as_json(&answers, &heard)))?;
        } else {
            self.print(&answers)?;
        }
        if answers.is_empty() {
            bail!("nothing was understood in {}", sound::shown(&self.input));
        }
        Ok(())
    }

    /// Refuses to write over the recording.
    fn keep_recording(&self) -> anyhow::Result<()> {
        let place = |path: &Path| {
            let is_file = !sound::is_pipe(path);
            is_file.then(|| std::fs::canonicalize(path).ok()).flatten()
        };
        let (from, to) = (place(&self.input), place(&self.output));
        ensure!(
            from.is_none() || from != to,
            "{} would be overwritten; name another file for what is heard",
            self.input.display()
        );
        Ok(())
    }

    fn print(&self, answers: &[Answered]) -> std::io::Result<()> {
        for answered in answers {
            self.tell(format_args!("You:   {}", answered.user_text))?;
            self.tell(format_args!("Janet: {}", answered.text))?;
            if answered.ending != Ending::Complete {
                let (ending, shown) = (answered.ending, &answered.shown);
                self.tell(format_args!("       (ended: {ending:?}; shown: {shown})"))?;
            }
            self.tell(format_args!("{}", waterfall(&answered.ledger)))?;
        }
        if sound::is_pipe(&self.output) {
            return Ok(());
        }
        self.tell(format_args!(
            "What was heard is in {}",
            self.output.display()
        ))
    }

    fn tell(&self, text: fmt::Arguments<'_>) -> std::io::Result<()> {
        sound::tell(&self.output, text)
    }

    fn as_json(&self, answers: &[Answered], heard: &Heard) -> serde_json::Value {
        let turns: Vec<_> = answers
            .iter()
            .map(|answered| {
                let latency: serde_json::Map<_, _> = answered
                    .ledger
                    .marks
                    .iter()
                    .map(|(mark, at)| (mark.name().to_owned(), json!(at)))
                    .collect();
                json!({
                    "user_text": answered.user_text,
                    "text": answered.text,
                    "shown": answered.shown,
                    "ending": format!("{:?}", answered.ending).to_lowercase(),
                    "latency": latency,
                })
            })
            .collect();
        json!({
            "turns": turns,
            "output": self.output,
            "heard_s": heard.sound.len() as f64 / f64::from(PLAY_HZ),
        })
    }
}

/// The language server, if one is well now.
fn language_server(
    config: &Config,
    runtime: &Runtime,
) -> anyhow::Result<Option<Arc<dyn ports::LanguageServer>>> {
    let Some(llm) = config.llm.clone() else {
        return Ok(None);
    };
    let (url, is_a_guess) = (llm.url.clone(), llm.is_a_guess);
    runtime.block_on(async {
        let server = LanguageServer::new(llm)?;
        match server.look().await {
            Ok(model) => eprintln!("{model} at {url} answers"),
            Err(LlmError::Unreachable) if is_a_guess => {}
            Err(why) => eprintln!("{url} is not asked: {why}"),
        }
        Ok(Some(server as Arc<dyn ports::LanguageServer>))
    })
}

/// The speech server, if one is configured.
fn speech_server(
    config: &Config,
    runtime: &Runtime,
) -> anyhow::Result<Option<Arc<dyn ports::SpeechServer>>> {
    let Some(tts) = config.tts.clone() else {
        return Ok(None);
    };
    let (url, voice) = (tts.url.clone(), tts.voice.clone());
    runtime.block_on(async {
        let server = SpeechServer::new(tts)?;
        match server.look().await {
            Ok(()) => eprintln!("{voice} at {url} speaks"),
            Err(why) => eprintln!("{url} does not speak: {why}"),
        }
        Ok(Some(server as Arc<dyn ports::SpeechServer>))
    })
}

/// Every reply that ended, in order.
fn answers(heard: &Heard) -> Vec<Answered> {
    heard
        .events
        .iter()
        .filter_map(|(_, event)| match event.clone() {
            Event::Finished {
                user_text,
                text,
                shown,
                ending,
                ledger,
                ..
            } => Some(Answered {
                user_text,
                text,
                shown,
                ending,
                ledger,
            }),
            _ => None,
        })
        .collect()
}

/// The recording as packets, then silence for as long as it takes.
struct Microphone<'a> {
    speech: &'a [f32],
}

impl<'a> Microphone<'a> {
    fn new(speech: &'a [f32]) -> Self {
        Self { speech }
    }

    fn next(&mut self, n: u64, heard: &Heard) -> Next {
        let mut packet = [0; PACKET];
        let from = usize::try_from(n)
            .unwrap_or(usize::MAX)
            .saturating_mul(PACKET);
        let Some(samples) = self.speech.get(from..).filter(|rest| !rest.is_empty()) else {
            let now = PACKET_SPAN * u32::try_from(n).unwrap_or(u32::MAX);
            let after = PACKET_SPAN * (self.speech.len().div_ceil(PACKET)) as u32;
            return if is_over(now, after, heard) {
                Next::Hang
            } else {
                Next::Packet(packet)
            };
        };
        for (to, sample) in packet.iter_mut().zip(samples) {
            *to = wav::to_s16(*sample);
        }
        Next::Packet(packet)
    }
}

/// Whether nothing more will be said: the recording ended at `after`, now it is `now`.
fn is_over(now: Duration, after: Duration, heard: &Heard) -> bool {
    let (mut open, mut answered) = (0_i32, 0_i32);
    for (_, event) in &heard.events {
        match event {
            Event::Released { .. } => open += 1,
            Event::Finished { .. } => (open, answered) = (open - 1, answered + 1),
            _ => {}
        }
    }
    let since_end = now.saturating_sub(after);
    let last = heard
        .events
        .last()
        .map_or(after, |(at, _)| (*at).max(after));
    let quiet = now.saturating_sub(last) >= QUIET;
    since_end >= LONGEST_ANSWER
        || (open == 0 && answered > 0 && quiet)
        || (open == 0 && answered == 0 && since_end >= PATIENCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recording_comes_in_packets_and_then_silence() {
        let speech = vec![0.5; PACKET + 10];
        let mut microphone = Microphone::new(&speech);
        let heard = Heard::default();
        let Next::Packet(first) = microphone.next(0, &heard) else {
            panic!("it has only begun")
        };
        assert!(
            first
                .iter()
                .all(|sample| *sample == 16384 || *sample == 16383)
        );
        let Next::Packet(second) = microphone.next(1, &heard) else {
            panic!("ten samples are left")
        };
        assert_eq!(second.iter().filter(|sample| **sample != 0).count(), 10);
        let Next::Packet(third) = microphone.next(2, &heard) else {
            panic!("an answer is awaited")
        };
        assert_eq!(third, [0; PACKET]);
    }

    #[test]
    fn with_no_answer_at_all_it_ends_after_its_patience() {
        let heard = Heard::default();
        let after = Duration::from_secs(3);
        assert!(!is_over(after + PATIENCE - PACKET_SPAN, after, &heard));
        assert!(is_over(after + PATIENCE, after, &heard));
    }
}
