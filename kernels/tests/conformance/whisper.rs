//! Whisper's spectrograms on each backend.

use janet_kernels::signal::{Backend, Clip, Tail};

use crate::models::voice;
use crate::reference::{compare, log_mel};

fn check(backend: &dyn Backend, clips: &[Clip<'_>], bands: usize) {
    let found = backend.log_mel(clips, bands).expect("spectrograms");
    assert_eq!(found.len(), clips.len());
    for (i, (found, clip)) in found.iter().zip(clips).enumerate() {
        let (expected, silence) = log_mel(clip, bands);
        assert_eq!(found.bands, bands);
        let what = format!("{}: log-mel {bands}, clip {i}", backend.name());
        compare(&what, &found.values, &expected);
        compare(&format!("{what}, silence"), &[found.silence], &[silence]);
    }
}

pub(crate) fn spectrograms_are_whispers(backend: &dyn Backend) {
    let speech = voice(3, 16_000);
    let two_tones: Vec<f32> = (0..8_000)
        .map(|i| {
            let t = i as f32 / 16_000.0;
            // The second lies six decades of power below the first.
            0.9 * (t * 440.0 * std::f32::consts::TAU).sin()
                + 9e-4 * (t * 5_000.0 * std::f32::consts::TAU).sin()
        })
        .collect();
    for bands in [80, 128] {
        let clip = |pcm, frames, tail| Clip { pcm, frames, tail };
        let clips = [
            clip(&speech, 100, Tail::Mirror),
            clip(&speech[..7_777], 60, Tail::Silence),
            clip(&two_tones, 50, Tail::Mirror),
        ];
        check(backend, &clips, bands);
    }
}

pub(crate) fn odd_clips_are_spectrograms_too(backend: &dyn Backend) {
    let noise = voice(9, 1_000);
    let quiet: Vec<f32> = noise.iter().map(|x| 1e-7 * x).collect();
    let mut clips = Vec::new();
    for tail in [Tail::Silence, Tail::Mirror] {
        for (pcm, frames) in [
            (&noise[..0], 0),
            (&noise[..0], 3),
            (&noise[..1], 1),
            (&noise[..150], 5),
            (&noise[..199], 2),
            (&noise[..], 7),
            (&quiet[..], 7),
        ] {
            clips.push(Clip { pcm, frames, tail });
        }
    }
    check(backend, &clips, 80);
    check(backend, &clips[..1], 80);
    check(backend, &[], 80);
    assert!(backend.log_mel(&clips, 0).is_err());
    assert!(backend.log_mel(&clips, 129).is_err());
    // What is no number counts as silence, what is too loud as the loudest.
    let mut broken = noise.clone();
    let mut mended = noise.clone();
    for (at, (bad, good)) in [(f32::NAN, 0.0), (f32::INFINITY, 8.0), (-1e30, -8.0)]
        .into_iter()
        .enumerate()
    {
        broken[100 * at + 50] = bad;
        mended[100 * at + 50] = good;
    }
    let spectrogram = |pcm: &[f32]| {
        let clip = Clip {
            pcm,
            frames: 6,
            tail: Tail::Silence,
        };
        backend.log_mel(&[clip], 80).expect("a spectrogram")
    };
    assert_eq!(spectrogram(&broken), spectrogram(&mended));
}
