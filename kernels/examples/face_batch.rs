//! How long a face frame of many sessions takes on each backend that this machine has.
//!
//! `cargo run --release -p janet-kernels --example face_batch [SESSIONS…]`: a line for each backend and number
//! of sessions with the frame's p50 and p99, upload and download included. A frame is 16.7 ms of sound. The
//! model is as large as one may be: about 97 000 parameters.

use std::time::{Duration, Instant};

use janet_kernels::Pool;
use janet_kernels::signal::{
    Activation, Adapters, Backend, Clip, Cpu, Cuda, FaceModel, FaceSpec, Frames, Head, Input,
    Layer, SignalError, Smoothing, Tail, Wgpu,
};

/// Nothing is measured for longer.
const LONGEST: Duration = Duration::from_secs(4);

fn main() {
    let asked: Vec<usize> = std::env::args()
        .skip(1)
        .filter_map(|arg| arg.parse().ok())
        .collect();
    let sessions = if asked.is_empty() {
        vec![1, 10, 100, 1000]
    } else {
        asked
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    show(Ok(Cpu::new(Pool::new(1))), &sessions);
    if cores > 1 {
        show(Ok(Cpu::new(Pool::new(cores))), &sessions);
    }
    show(Wgpu::open(Adapters::Any), &sessions);
    show(Cuda::open(0), &sessions);
}

fn show<B: Backend>(opened: Result<B, SignalError>, sessions: &[usize]) {
    let backend = match opened {
        Ok(backend) => backend,
        Err(error) => return println!("{error}"),
    };
    println!("{}", backend.name());
    for count in sessions {
        match frames(&backend, *count) {
            Ok(times) => println!("{}", line(&format!("  {count:5} sessions"), &times)),
            Err(error) => println!("  {count:5} sessions: {error}"),
        }
    }
    match spectrograms(&backend) {
        Ok(times) => println!("{}", line("  log-mel of 30 s", &times)),
        Err(error) => println!("  log-mel of 30 s: {error}"),
    }
}

fn line(what: &str, times: &[Duration]) -> String {
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    format!(
        "{what}: p50 {:8.3} ms, p99 {:8.3} ms, first of {:4} {:8.3} ms",
        at(0.5),
        at(0.99),
        times.len(),
        at(0.0)
    )
}

fn frames(backend: &dyn Backend, sessions: usize) -> Result<Vec<Duration>, SignalError> {
    let model = model();
    let mut batch = backend.batch(&model, sessions)?;
    let sound: Vec<f32> = (0..48_000)
        .map(|i| 0.3 * (i as f32 * 0.02).sin() * (i as f32 * 1e-3).cos())
        .collect();
    let mut out = Frames::default();
    timed(|round| {
        let inputs: Vec<(usize, Input<'_>)> = (0..sessions)
            .map(|slot| {
                let at = (800 * round + 37 * slot) % (sound.len() - 800);
                (slot, Input::Samples(&sound[at..at + 800]))
            })
            .collect();
        let start = Instant::now();
        batch.frame(&inputs, &mut out)?;
        Ok(start.elapsed())
    })
}

fn spectrograms(backend: &dyn Backend) -> Result<Vec<Duration>, SignalError> {
    let pcm: Vec<f32> = (0..480_000)
        .map(|i| 0.3 * (i as f32 * 0.05).sin())
        .collect();
    let clip = Clip {
        pcm: &pcm,
        frames: 3_000,
        tail: Tail::Mirror,
    };
    timed(|_| {
        let start = Instant::now();
        backend.log_mel(&[clip], 80)?;
        Ok(start.elapsed())
    })
}

/// Times of some hundred rounds, or as many as there is time for, in rising order. The first few warm up.
fn timed(
    mut round: impl FnMut(usize) -> Result<Duration, SignalError>,
) -> Result<Vec<Duration>, SignalError> {
    let start = Instant::now();
    let mut times = Vec::new();
    for i in 0..400 {
        let time = round(i)?;
        if i >= 5 || start.elapsed() > LONGEST {
            times.push(time);
        }
        if start.elapsed() > LONGEST {
            break;
        }
    }
    times.sort();
    Ok(times)
}

fn model() -> FaceModel {
    let mut rng = fastrand::Rng::with_seed(1);
    let mut layer = |inputs: usize, outputs: usize, taps: usize, dilation: usize| Layer {
        inputs,
        outputs,
        taps,
        dilation,
        weight: (0..inputs * outputs * taps)
            .map(|_| 0.1 * (rng.f32() - 0.5))
            .collect(),
        bias: vec![0.0; outputs],
        activation: Activation::Relu,
    };
    let mut layers = vec![
        layer(80, 96, 3, 1),
        layer(96, 96, 3, 2),
        layer(96, 96, 3, 4),
        layer(96, 160, 1, 1),
        layer(160, 10, 1, 1),
    ];
    layers[4].activation = Activation::Linear;
    let spec = FaceSpec {
        bands: 80,
        spectra: 1,
        layers,
        head: Head::Softmax,
        look_ahead: 2,
        smoothing: Smoothing {
            attack_ms: vec![30.0; 10],
            release_ms: vec![60.0; 10],
            dominance: vec![1.0; 10],
            rest: [[1.0].as_slice(), &[0.0; 9]].concat(),
        },
    };
    let model = FaceModel::new(spec).expect("the model is within its limits");
    assert!(model.parameters() > 90_000);
    model
}
