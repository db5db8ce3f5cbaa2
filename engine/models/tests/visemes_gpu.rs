//! The network that ships, on a GPU: the same shapes as on the CPU, and in time for a thousand streams.

use std::f32::consts::TAU;
use std::time::{Duration, Instant};

use janet_kernels::Pool;
use janet_kernels::signal::{Backend, Cpu, Cuda, FRAME_SAMPLES};
use janet_models::visemes::{AudioVisemes, VisemeFrame, Visemes, built_in};

const RATE_HZ: u32 = 48_000;

fn cpu() -> Cpu {
    Cpu::new(Pool::new(1))
}

/// `None` where there is no card; a failure where the job says that there is one.
fn cuda() -> Option<Cuda> {
    match Cuda::open(0) {
        Ok(cuda) => Some(cuda),
        Err(error) => {
            #[expect(clippy::disallowed_methods, reason = "what a job says of its machine")]
            let required = std::env::var("JANET_REQUIRE_GPU")
                .is_ok_and(|value| !matches!(&*value, "" | "0" | "false"));
            assert!(!required, "JANET_REQUIRE_GPU is set, but {error}");
            println!("SKIPPED: {error}");
            None
        }
    }
}

fn streams(backend: &dyn Backend, count: usize) -> Vec<AudioVisemes> {
    let model = built_in().expect("sound weights");
    let visemes = Visemes::new(backend, cpu(), &model, count).expect("there is room");
    let stream = |_| visemes.stream(RATE_HZ).expect("a rate").expect("a place");
    (0..count).map(stream).collect()
}

/// Something like vowels with pauses, another for each stream.
fn sound(samples: usize, seed: u64) -> Vec<f32> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let (pitch, pace) = (90.0 + 150.0 * rng.f32(), 2.0 + 4.0 * rng.f32());
    (0..samples)
        .map(|i| {
            let t = i as f32 / RATE_HZ as f32;
            let voice: f32 = (1..20)
                .map(|k| (t * pitch * TAU * k as f32).sin() / k as f32)
                .sum();
            0.1 * voice * (t * pace * TAU).sin().max(0.0) + 0.003 * (rng.f32() - 0.5)
        })
        .collect()
}

fn heard(streams: &mut [AudioVisemes], sounds: &[Vec<f32>]) -> Vec<Vec<VisemeFrame>> {
    for (stream, sound) in streams.iter_mut().zip(sounds) {
        stream.push(sound).expect("pushed");
        stream.finish().expect("finished");
    }
    let all = |stream: &mut AudioVisemes| {
        std::iter::from_fn(|| stream.take().expect("no backend fails")).collect()
    };
    streams.iter_mut().map(all).collect()
}

#[test]
fn cuda_visemes_are_those_of_the_cpu() {
    let Some(cuda) = cuda() else { return };
    let sounds: Vec<_> = (0..50).map(|seed| sound(RATE_HZ as usize, seed)).collect();
    let mine = heard(&mut streams(&cpu(), sounds.len()), &sounds);
    let its = heard(&mut streams(&cuda, sounds.len()), &sounds);
    let mut shown = 0;
    for (mine, its) in mine.iter().flatten().zip(its.iter().flatten()) {
        assert_eq!(mine.at_sample, its.at_sample);
        for (a, b) in mine.weights.iter().zip(&its.weights) {
            // Half a step of the wire.
            assert!((a - b).abs() < 0.5 / 255.0, "{mine:?} {its:?}");
        }
        shown += usize::from(mine.weights[0] < 0.5);
    }
    assert!(shown > 500, "{shown} of {} show anything", 50 * 60);
}

#[test]
fn cuda_visemes_of_a_thousand_streams_are_there_in_time() {
    const STREAMS: usize = 1000;
    let Some(cuda) = cuda() else { return };
    let sounds: Vec<_> = (0..20).map(|seed| sound(RATE_HZ as usize, seed)).collect();
    let mut streams = streams(&cuda, STREAMS);
    let mut times = Vec::new();
    for frame in 0..RATE_HZ as usize / FRAME_SAMPLES {
        let at = frame * FRAME_SAMPLES;
        for (n, stream) in streams.iter_mut().enumerate() {
            stream
                .push(&sounds[n % sounds.len()][at..][..FRAME_SAMPLES])
                .expect("pushed");
        }
        let began = Instant::now();
        for stream in &mut streams {
            stream.take().expect("no backend fails");
        }
        times.push(began.elapsed());
    }
    times.sort();
    let [median, worst] = [times.len() / 2, times.len() * 95 / 100].map(|at| times[at]);
    println!(
        "{}: a frame of {STREAMS} streams takes {median:?}, p95 {worst:?}",
        cuda.name()
    );
    // A frame is there before the next is due; by how much is a figure, not a test.
    assert!(median < Duration::from_micros(16_667), "{median:?}");
}
