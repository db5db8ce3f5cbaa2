//! How fast the voice speaks: first sound, real-time factor and the longest step.
//!
//! `cargo run -p janet-models --example tts_speed -- [--wav FOLDER] [--threads N] [FILE]` speaks each line
//! of FILE (default: `benches/data/sentences.txt`) and, with `--wav`, writes what it said.

use std::path::PathBuf;
use std::time::Instant;

use janet_kernels::Exec;
use janet_models::vits::{SpeakOptions, SpeakStep, Voice};

/// What one phrase cost.
struct Cost {
    first_ms: f64,
    total_ms: f64,
    longest_step_ms: f64,
    samples: Vec<f32>,
}

fn speak(voice: &Voice, text: &str) -> Result<Cost, janet_models::ModelError> {
    let begun = Instant::now();
    let ms = |since: Instant| since.elapsed().as_secs_f64() * 1e3;
    let mut job = voice.begin(text, SpeakOptions::default())?;
    let mut cost = Cost {
        first_ms: 0.0,
        total_ms: 0.0,
        longest_step_ms: 0.0,
        samples: vec![],
    };
    loop {
        let at = Instant::now();
        let step = job.step()?;
        cost.longest_step_ms = cost.longest_step_ms.max(ms(at));
        match step {
            SpeakStep::More => {}
            SpeakStep::Sound { samples, .. } => {
                if cost.samples.is_empty() {
                    cost.first_ms = ms(begun);
                }
                cost.samples.extend(samples);
            }
            SpeakStep::Done => break,
        }
    }
    cost.total_ms = ms(begun);
    Ok(cost)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (mut wav, mut threads) = (None, 2);
    let mut file = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../benches/data/sentences.txt"
    ));
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--wav" => wav = arguments.next().map(PathBuf::from),
            "--threads" => threads = arguments.next().ok_or("--threads N")?.parse()?,
            other => file = PathBuf::from(other),
        }
    }
    let store = janet_models::store::models_dir_from_env().ok_or("no home folder")?;
    let folder = store.join("piper-en_US-joe-medium");
    let at = Instant::now();
    let voice = Voice::load(
        folder.join("en_US-joe-medium.onnx"),
        folder.join("en_US-joe-medium.onnx.json"),
        &Exec::cpu(threads),
    )?;
    println!("load {:.0} ms", at.elapsed().as_secs_f64() * 1e3);
    voice.warm_up()?;
    let (mut sound, mut spent) = (0.0, 0.0);
    for (index, text) in std::fs::read_to_string(file)?.lines().enumerate() {
        let mut best = speak(&voice, text)?;
        for _ in 0..4 {
            let cost = speak(&voice, text)?;
            best.first_ms = best.first_ms.min(cost.first_ms);
            best.longest_step_ms = best.longest_step_ms.min(cost.longest_step_ms);
            best.total_ms = best.total_ms.min(cost.total_ms);
        }
        let seconds = best.samples.len() as f64 / f64::from(voice.sample_rate_hz());
        println!(
            "first {:6.1} ms, all {:6.1} ms, longest step {:5.1} ms, {seconds:5.2} s, factor {:.3}  {text}",
            best.first_ms,
            best.total_ms,
            best.longest_step_ms,
            best.total_ms / 1e3 / seconds,
        );
        (sound, spent) = (sound + seconds, spent + best.total_ms / 1e3);
        if let Some(folder) = &wav {
            std::fs::create_dir_all(folder)?;
            write_wav(
                &folder.join(format!("{index:02}.wav")),
                &best.samples,
                voice.sample_rate_hz(),
            )?;
        }
    }
    println!(
        "{sound:.1} s of sound in {spent:.1} s, factor {:.3}",
        spent / sound
    );
    Ok(())
}

/// A mono WAV file of 16 bits.
fn write_wav(path: &std::path::Path, samples: &[f32], rate: u32) -> std::io::Result<()> {
    let bytes = samples.len() as u32 * 2;
    let mut file = Vec::with_capacity(44 + bytes as usize);
    file.extend(b"RIFF");
    file.extend((36 + bytes).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16u32.to_le_bytes());
    file.extend([1u16.to_le_bytes(), 1u16.to_le_bytes()].concat());
    file.extend([rate.to_le_bytes(), (rate * 2).to_le_bytes()].concat());
    file.extend([2u16.to_le_bytes(), 16u16.to_le_bytes()].concat());
    file.extend(b"data");
    file.extend(bytes.to_le_bytes());
    file.extend(
        samples
            .iter()
            .flat_map(|sample| ((sample.clamp(-1.0, 1.0) * 32767.0) as i16).to_le_bytes()),
    );
    std::fs::write(path, file)
}
