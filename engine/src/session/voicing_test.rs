use janet_kernels::Pool;
use janet_kernels::signal::{Choice, FRAME_SAMPLES};
use janet_models::visemes::built_in;

use super::*;

const RATE_HZ: u32 = 22_050;

fn visemes(streams: usize) -> Visemes {
    let model = built_in().expect("sound weights");
    let opened = Visemes::open(&model, Choice::Cpu, Pool::new(1), streams);
    opened.expect("room on the CPU").0
}

/// A vowel, roughly: a pulse train through two resonances.
fn vowel(samples: usize) -> Vec<f32> {
    let (mut one, mut two) = ([0.0f32; 2], [0.0f32; 2]);
    let ring = |state: &mut [f32; 2], hz: f32, x: f32| {
        let (r, w) = (0.98f32, std::f32::consts::TAU * hz / RATE_HZ as f32);
        let y = x + 2.0 * r * w.cos() * state[0] - r * r * state[1];
        *state = [y, state[0]];
        y
    };
    let pulses = (0..samples).map(|at| if at % 200 == 0 { 0.02 } else { 0.0 });
    pulses
        .map(|x| ring(&mut two, 1100.0, ring(&mut one, 750.0, x)))
        .collect()
}

#[test]
fn a_phrase_has_a_frame_for_every_800_samples_of_its_sound_however_it_comes() {
    let sound = vowel(RATE_HZ as usize + 1000);
    let mut all: Option<Vec<VisemeFrame>> = None;
    for piece in [RATE_HZ as usize / 10, 777, sound.len()] {
        let mut reader = Reader::Ready(visemes(1));
        let mut frames = reader.read(&[], RATE_HZ, false);
        assert!(frames.is_empty() && matches!(reader, Reader::Ready(_)));
        for piece in sound.chunks(piece) {
            frames.extend(reader.read(piece, RATE_HZ, false));
        }
        frames.extend(reader.read(&[], RATE_HZ, true));
        let samples = sound.len() * 48_000 / RATE_HZ as usize;
        assert_eq!(frames.len(), samples.div_ceil(FRAME_SAMPLES));
        for (at, frame) in frames.iter().enumerate() {
            assert_eq!(frame.at_sample, (at * FRAME_SAMPLES) as u64);
        }
        let opened = frames.iter().filter(|frame| frame.weights[0] < 0.5).count();
        assert!(
            opened > frames.len() / 2,
            "{opened} of {} show anything",
            frames.len()
        );
        match &all {
            None => all = Some(frames),
            Some(all) => assert_eq!(*all, frames, "pieces of {piece}"),
        }
    }
}

#[test]
fn where_all_places_are_taken_or_the_rate_is_no_rate_she_is_heard_without_a_mouth() {
    let visemes = visemes(1);
    let sound = vowel(2205);
    let mut first = Reader::Ready(visemes.clone());
    assert!(!first.read(&sound, RATE_HZ, false).is_empty());
    let mut second = Reader::Ready(visemes.clone());
    assert!(second.read(&sound, RATE_HZ, false).is_empty());
    assert!(matches!(second, Reader::Nobody));
    drop(first);
    let mut third = Reader::Ready(visemes);
    assert!(third.read(&sound, 7, true).is_empty());
    assert!(matches!(third, Reader::Nobody));
}
