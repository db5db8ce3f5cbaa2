//! Our side of the measurements. Each command prints one JSON object; `./bench` runs it in turn
//! with the peers and writes the table.

#![forbid(unsafe_code)]

mod barge;
mod calls;
mod clients;
mod clips;
mod e2e;
mod line;
#[allow(
    dead_code,
    unused_imports,
    reason = "the gateway's own, of which a far end needs a part"
)]
#[path = "../../gateway/src/media/mod.rs"]
mod media;
mod memory;
mod red_thread;
mod room;
mod saying;
mod sentences;
mod sessions;
mod stages;
mod transfer;
mod turns;
mod unlock;
mod visemes;
mod weights;
#[path = "../../gateway/src/souls/wire/mod.rs"]
mod wire;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

/// Measures Janet with the weights of the model store.
#[derive(Parser)]
#[command(version, about)]
struct Args {
    /// Folder with the test speech and its manifest.json.
    #[arg(long)]
    audio: PathBuf,
    /// Folder of the model store.
    #[arg(long)]
    models: PathBuf,
    /// Cores that model work may use.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// True end of speech to the first audible sample, streamed in real time.
    E2e {
        /// Clips to stream, by name.
        #[arg(value_delimiter = ',')]
        clips: Vec<String>,
    },
    /// Whole utterances through Whisper, without partials before.
    Stt {
        /// Runs per clip.
        #[arg(long, default_value_t = 5)]
        runs: usize,
    },
    /// First sound of a short and a long sentence.
    Tts {
        /// Runs per sentence.
        #[arg(long, default_value_t = 9)]
        runs: usize,
    },
    /// Decoding rate and time to the first token.
    Llm {
        /// Runs per figure.
        #[arg(long, default_value_t = 7)]
        runs: usize,
    },
    /// How fast a real `janet serve` answers many clients what needs no model.
    Clients {
        /// How many are connected.
        #[arg(long, default_value_t = 200)]
        clients: usize,
        /// For how long they are measured.
        #[arg(long, default_value_t = 20)]
        seconds: u64,
    },
    /// Spoken conversations at once, each streamed and answered in real time.
    Sessions {
        /// How many.
        #[arg(long)]
        sessions: u32,
        /// Clips that each of them says, by name.
        #[arg(value_delimiter = ',')]
        clips: Vec<String>,
    },
    /// When turns with pauses in mid-sentence are taken to be over.
    Turns {
        /// A WAV file of somebody who hums along.
        #[arg(long)]
        hum: PathBuf,
        /// Which half of the set.
        #[arg(long, value_enum, default_value = "held")]
        half: turns::Half,
    },
    /// From a microphone over WebRTC to the server and back to an ear.
    Loop {
        /// Calls, one after the other: each meets the server's clock at another moment.
        #[arg(long, default_value_t = 8)]
        calls: u32,
        /// Clicks in each.
        #[arg(long, default_value_t = 10)]
        clicks: u64,
    },
    /// WebRTC calls in which nobody says a word: what they cost the server.
    IdleCalls {
        /// How many.
        #[arg(long, default_value_t = 50)]
        calls: usize,
        /// For how long they are measured.
        #[arg(long, default_value_t = 20)]
        seconds: u64,
    },
    /// What is understood of utterances that lose a tenth of their packets.
    Lossy {
        /// Patterns of loss for each utterance.
        #[arg(long, default_value_t = 20)]
        patterns: u64,
    },
    /// A long conversation from one soul to the other, in another process.
    Transfer {
        /// Messages in it.
        #[arg(long, default_value_t = 10_000)]
        messages: u64,
        /// Conversations that go over, one after the other.
        #[arg(long, default_value_t = 5)]
        runs: usize,
    },
    /// The other process of `transfer`.
    #[command(hide = true)]
    TransferTarget {
        /// Its folder.
        folder: PathBuf,
        /// The key of the soul that it hears.
        peer: String,
    },
    /// What visemes from sound cost.
    Visemes {
        /// Rounds through all clips.
        #[arg(long, default_value_t = 9)]
        runs: usize,
    },
    /// One sentence to its vector, and many.
    Embed {
        /// Runs.
        #[arg(long, default_value_t = 50)]
        runs: usize,
    },
    /// A search among many memories.
    Green {
        /// How many memories.
        #[arg(long, default_value_t = 100_000)]
        entries: usize,
        /// How many searches.
        #[arg(long, default_value_t = 400)]
        queries: usize,
        /// A folder for the memories and for what the peer is given.
        #[arg(long)]
        out: PathBuf,
    },
    /// Interruptions, backchannels and her own echo.
    Barge {
        /// Interruptions to try.
        #[arg(long, default_value_t = 100)]
        trials: u32,
        /// Backchannels to try.
        #[arg(long, default_value_t = 40)]
        backchannels: u32,
        /// Replies to speak with her own echo in the microphone.
        #[arg(long, default_value_t = 20)]
        echoes: u32,
    },
    /// The red thread, said over her voice to a real `janet serve`.
    RedThread {
        /// How often the words are said.
        #[arg(long, default_value_t = 48)]
        trials: usize,
        /// How often something is said that only sounds like them.
        #[arg(long, default_value_t = 32)]
        near: usize,
        /// Of the recordings at most so many are played.
        #[arg(long, default_value_t = 100)]
        recordings: usize,
        /// How loud her own voice comes back into the microphone.
        #[arg(long, default_value_t = -20.0, allow_hyphen_values = true)]
        echo_db: f32,
    },
    /// How long the vault of a real `janet serve` takes to open.
    Unlock {
        /// How often.
        #[arg(long, default_value_t = 20)]
        runs: usize,
    },
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    // What knows no model and no sound.
    match &args.what {
        What::Transfer { messages, runs } => {
            println!(
                "{}",
                serde_json::to_string(&transfer::measure(*messages, *runs)?)?
            );
            return Ok(());
        }
        What::TransferTarget { folder, peer } => return transfer::target(folder, peer),
        What::Unlock { runs } => {
            println!("{}", serde_json::to_string(&unlock::measure(*runs)?)?);
            return Ok(());
        }
        _ => {}
    }
    let clips = clips::load(&args.audio)?;
    let weights = weights::Weights {
        models: args.models,
        threads: args.threads,
    };
    let result = match args.what {
        What::E2e { clips: names } => e2e::measure(&weights, &clips, &names)?,
        What::Stt { runs } => stages::stt(&weights, &clips, runs)?,
        What::Tts { runs } => stages::tts(&weights, runs)?,
        What::Llm { runs } => stages::llm(&weights, runs)?,
        What::Clients { clients, seconds } => {
            clients::measure(clients, Duration::from_secs(seconds))?
        }
        What::Sessions {
            sessions,
            clips: names,
        } => sessions::measure(&weights, &clips, &names, sessions)?,
        What::Turns { hum, half } => {
            let hum = janet_audio::wav::read(&std::fs::read(hum)?, Duration::from_secs(5))?;
            turns::measure(&weights, &clips, &hum, half)?
        }
        What::Loop { calls, clicks } => calls::round(calls, clicks)?,
        What::IdleCalls { calls, seconds } => calls::idle(calls, seconds)?,
        What::Lossy { patterns } => calls::lossy(&weights, &clips, patterns)?,
        What::Embed { runs } => memory::embed(&weights, runs)?,
        What::Green {
            entries,
            queries,
            out,
        } => memory::search(&weights, entries, queries, &out)?,
        What::RedThread {
            trials,
            near,
            recordings,
            echo_db,
        } => {
            let plan = red_thread::Plan {
                trials,
                near,
                recordings,
                echo_db,
            };
            red_thread::measure(&weights, &clips, &plan)?
        }
        What::Transfer { .. } | What::TransferTarget { .. } | What::Unlock { .. } => {
            unreachable!("done above")
        }
        What::Visemes { runs } => visemes::measure(&clips, runs)?,
        What::Barge {
            trials,
            backchannels,
            echoes,
        } => barge::measure(&weights, &clips, trials, backchannels, echoes)?,
    };
    println!("{}", serde_json::to_string(&result)?);
    Ok(())
}
