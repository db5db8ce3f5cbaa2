//! Transcribes the clips of a manifest and prints, per clip, the time, the text and its word
//! errors: `stt_speed MODEL_DIR MANIFEST.json [--threads N] [--runs N] [--frames N] [--f32]`.
//!
//! The manifest is a list of `{"name", "text"}`; `NAME.wav` (16 kHz, mono, 16 bit) lies beside it.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use janet_kernels::{Exec, Precision};
use janet_models::Step;
use janet_models::whisper::{Context, Options, Pass, Whisper};

#[path = "../tests/speech/words.rs"]
mod words;

#[derive(serde::Deserialize)]
struct Clip {
    name: String,
    text: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let flag = |name: &str| args.iter().position(|a| a == name);
    let value = |name: &str| flag(name).and_then(|at| args.get(at + 1)?.parse::<usize>().ok());
    let [dir, manifest, ..] = args.as_slice() else {
        return Err("usage: stt_speed MODEL_DIR MANIFEST.json [--threads N] [--runs N]".into());
    };
    let exec = Exec::cpu(value("--threads").unwrap_or(2));
    let precision = if flag("--f32").is_some() {
        Precision::F32
    } else {
        Precision::Q8
    };
    let loading = Instant::now();
    let whisper = Whisper::load_with(Path::new(dir), precision, &exec)?;
    println!("loaded in {} ms", loading.elapsed().as_millis());
    whisper.warm_up()?;
    let mut options = Options::default();
    if let Some(frames) = value("--frames") {
        options.context = Context::Frames(frames);
    }
    if flag("--partial").is_some() {
        options.pass = Pass::Partial;
    }
    let margin = value("--margin");
    let manifest = PathBuf::from(manifest);
    let clips: Vec<Clip> = serde_json::from_slice(&std::fs::read(&manifest)?)?;
    let (mut errors, mut spoken, mut times) = (0, 0, Vec::new());
    for clip in &clips {
        let pcm = words::read_wav(&manifest.with_file_name(format!("{}.wav", clip.name)));
        if let Some(margin) = margin {
            let frames = (pcm.len() / 160 + margin).max(value("--frames").unwrap_or(0));
            options.context = Context::Frames(frames);
        }
        let (mut best, mut longest, mut steps) = (f64::MAX, f64::MAX, 0);
        let mut heard = None;
        for _ in 0..value("--runs").unwrap_or(3) {
            let begun = Instant::now();
            let mut job = whisper.begin(pcm.clone(), options.clone())?;
            let (mut slowest, mut count) = (0.0f64, 0);
            loop {
                let step = Instant::now();
                let done = job.step()?;
                slowest = slowest.max(step.elapsed().as_secs_f64() * 1e3);
                count += 1;
                if let Step::Ready(transcription) = done {
                    heard = Some(transcription);
                    break;
                }
            }
            best = best.min(begun.elapsed().as_secs_f64() * 1e3);
            longest = longest.min(slowest);
            steps = count;
        }
        let heard = heard.ok_or("no runs")?;
        let wrong = words::errors(&clip.text, &heard.text);
        errors += wrong;
        spoken += words::normal(&clip.text).len();
        if pcm.len() < 12 * 16_000 {
            times.push(best);
        }
        println!(
            "{:14} {:5.2} s {best:6.0} ms, {steps:3} steps ≤ {longest:4.1} ms, {wrong} wrong, logprob {:.2}, no speech {:.2}, looks {}, draws {}: {}",
            clip.name,
            pcm.len() as f32 / 16_000.0,
            heard.avg_logprob,
            heard.no_speech,
            heard.more_looks + 1,
            heard.draws,
            heard.text
        );
    }
    times.sort_by(f64::total_cmp);
    println!(
        "{errors} word errors in {spoken}; p50 {:.0} ms",
        times[times.len() / 2]
    );
    Ok(())
}
