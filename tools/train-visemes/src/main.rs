//! Trains the network that reads visemes from any sound, on speech that Janet's own voice makes.
//!
//! `make-data` speaks the sentences and writes down when each phoneme sounds, `train` fits the network,
//! `evaluate` says how often it is right where it was not trained, `frames` shows what it makes of a recording.
//! Everything is drawn from seeds. `scripts/train_visemes.sh` runs all of it.
//!
//! Accuracy is counted by frames of 800 samples at 48 kHz: a frame counts as right when the largest weight is
//! that of the viseme whose phoneme sounds in the frame's middle. Silence counts as all others do, there is no
//! tolerance at the borders, and the weights are those that a face gets, smoothing included. When a phoneme sounds
//! is told in two ways, and so is the accuracy: by the voice's own table, and by where it is heard (`align`).

#![forbid(unsafe_code)]

mod align;
mod clips;
mod effects;
mod evaluate;
mod export;
mod features;
mod labels;
mod net;
mod pauses;
mod speech;
mod train;
mod variants;
mod words;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Trains the network that reads visemes from sound.
#[derive(Parser)]
#[command(version, about)]
struct Args {
    /// Threads for everything that can be shared out.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Speaks the sentences and writes the sound and the phonemes' times.
    MakeData {
        /// The voice's ONNX file; its JSON file lies beside it.
        #[arg(long)]
        voice: PathBuf,
        /// Folder for the sound.
        #[arg(long)]
        data: PathBuf,
        /// Takes for each trained sentence: one as it is written, the others of words drawn from all of them, each
        /// with another pitch and speed.
        #[arg(long, default_value_t = 6, value_parser = clips::takes)]
        takes: usize,
        /// Only the sentences that are for this.
        #[arg(long, value_enum)]
        only: Option<clips::Split>,
    },
    /// Fits the network and writes its weights.
    Train {
        /// Folder that `make-data` filled.
        #[arg(long)]
        data: PathBuf,
        /// File for the weights.
        #[arg(long)]
        out: PathBuf,
        /// How often all takes are heard, each time in other rooms, noises and levels.
        #[arg(long, default_value_t = 9)]
        rounds: usize,
        /// How often what is heard in a round is seen.
        #[arg(long, default_value_t = 8)]
        passes: usize,
        /// The largest step, reached after the first twentieth of the way.
        #[arg(long, default_value_t = 4e-3)]
        rate: f64,
        /// When a sound is said to be there.
        #[arg(long, value_enum, default_value_t = train::Truth::Table)]
        truth: train::Truth,
        /// Where all chance comes from.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Says how often the network is right, on sentences and in ranges that it was not trained on.
    Evaluate {
        /// Folder that `make-data` filled.
        #[arg(long)]
        data: PathBuf,
        /// File with the weights, as `train` writes it; those that Janet ships where none is named.
        #[arg(long)]
        weights: Option<PathBuf>,
        /// Prints JSON instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Prints the weights for each frame of a WAV file as JSON, each at the moment that it belongs to.
    Frames {
        /// The recording, at any rate.
        wav: PathBuf,
        /// File with the weights, as `train` writes it; those that Janet ships where none is named.
        #[arg(long)]
        weights: Option<PathBuf>,
    },
}

fn main() -> anyhow::Result<()> {
    let Args { threads, what } = Args::parse();
    match what {
        What::MakeData {
            voice,
            data,
            takes,
            only,
        } => clips::make(&voice, &data, takes, only, threads),
        What::Train {
            data,
            out,
            rounds,
            passes,
            rate,
            truth,
            seed,
        } => {
            let plan = train::Plan {
                rounds,
                passes,
                rate,
                truth,
                seed,
                threads,
            };
            train::run(&data, &out, &plan)
        }
        What::Evaluate {
            data,
            weights,
            json,
        } => evaluate::run(&data, weights.as_deref(), json, threads),
        What::Frames { wav, weights } => evaluate::frames(&wav, weights.as_deref()),
    }
}
