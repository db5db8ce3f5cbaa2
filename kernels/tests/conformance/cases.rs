//! What every backend's face frames have to be.
//!
//! Tolerances: features as `reference::band_logs` says; targets 2e-6 (four layers of some hundred terms, each
//! rounded to 6e-8, and an exponential that a GPU takes to a few units in the last place); levels and weights
//! of the smoothing alone 3e-7 (a dozen roundings, none of which grows, as a pole is below 1).

use janet_kernels::signal::{
    Activation, Backend, FaceBatch, FaceModel, FaceSpec, Frames, Head, Input, SignalError,
};

use crate::models::{VISEMES, layer, model, no_smoothing, smoothing, spec, voice};
use crate::reference::{self, compare, within};

const TARGETS: f64 = 2e-6;
const SMOOTHING: f64 = 3e-7;
const CHAIN: f64 = 1e-5;

/// Slots of a batch, from few to so many that a GPU gives each group of threads more than one session.
const SIZES: [usize; 2] = [19, 1100];

fn batch(backend: &dyn Backend, model: &FaceModel, slots: usize) -> Box<dyn FaceBatch> {
    let batch = backend.batch(model, slots).expect("a batch");
    assert_eq!(batch.slots(), slots);
    batch
}

/// A model that passes what it hears of its first bands on.
fn passing(bands: usize, spectra: usize) -> FaceModel {
    let mut only = layer(&mut fastrand::Rng::with_seed(1), bands * spectra, 4, 1, 1);
    only.activation = Activation::Linear;
    let spec = FaceSpec {
        bands,
        spectra,
        layers: vec![only],
        head: Head::Linear,
        look_ahead: 0,
        smoothing: no_smoothing(4),
    };
    FaceModel::new(spec).expect("the model is fine")
}

fn hear(backend: &dyn Backend, model: &FaceModel) {
    let frames = 5;
    let sounds: Vec<Vec<f32>> = (0..5)
        .map(|s| match s {
            3 => vec![0.0; 800 * frames],
            4 => voice(4, 800 * frames).iter().map(|x| x * 1e-4).collect(),
            s => voice(s, 800 * frames),
        })
        .collect();
    let mut batch = batch(backend, model, sounds.len());
    let mut out = Frames::default();
    for frame in 1..=frames {
        let inputs: Vec<(usize, Input<'_>)> = sounds
            .iter()
            .enumerate()
            .map(|(slot, x)| (slot, Input::Samples(&x[800 * (frame - 1)..800 * frame])))
            .collect();
        batch.frame(&inputs, &mut out).expect("a frame");
        for (slot, sound) in sounds.iter().enumerate() {
            let expected = reference::features(model, &sound[..800 * frame]);
            let what = format!("{}: features of frame {frame}, slot {slot}", backend.name());
            compare(&what, out.features(slot), &expected);
        }
    }
}

pub(crate) fn features_are_log_mel_of_the_last_25_ms(backend: &dyn Backend) {
    hear(backend, &passing(60, 1));
    hear(backend, &passing(1, 1));
    hear(backend, &passing(128, 1));
}

pub(crate) fn two_spectra_in_a_frame(backend: &dyn Backend) {
    hear(backend, &passing(40, 2));
    hear(backend, &passing(128, 2));
}

/// Random features for each slot and frame.
fn random(seed: u64, frames: usize, values: usize) -> Vec<Vec<f32>> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut row = || (0..values).map(|_| 4.0 * rng.f32() - 2.0).collect();
    (0..frames).map(|_| row()).collect()
}

fn doubled(rows: &[Vec<f32>]) -> Vec<Vec<f64>> {
    let row = |row: &Vec<f32>| row.iter().map(|x| f64::from(*x)).collect();
    rows.iter().map(row).collect()
}

/// Feeds three slots, the second of which begins late and the third of which pauses, and holds levels and
/// weights to the loops.
fn think(backend: &dyn Backend, model: &FaceModel, frames: usize) {
    let sessions: Vec<Vec<Vec<f32>>> = (0..3)
        .map(|s| random(s + 7, frames, model.features()))
        .collect();
    let expected: Vec<_> = sessions
        .iter()
        .map(|x| reference::smooth(model, &reference::targets(model, &doubled(x))))
        .collect();
    let takes_part = |slot: usize, tick: usize| match slot {
        1 => tick >= 5,
        2 => tick % 3 != 1,
        _ => true,
    };
    let mut batch = batch(backend, model, 3);
    let mut out = Frames::default();
    let mut next = [0; 3];
    for tick in 0..frames {
        let slots: Vec<usize> = (0..3)
            .rev()
            .filter(|slot| takes_part(*slot, tick))
            .collect();
        let inputs: Vec<(usize, Input<'_>)> = slots
            .iter()
            .map(|slot| (*slot, Input::Features(&sessions[*slot][next[*slot]])))
            .collect();
        batch.frame(&inputs, &mut out).expect("a frame");
        assert_eq!(out.len(), slots.len());
        for (i, slot) in slots.into_iter().enumerate() {
            let at = next[slot];
            next[slot] += 1;
            let what = |of: &str| format!("{}: {of} of frame {at}, slot {slot}", backend.name());
            let (levels, weights) = &expected[slot][at];
            assert_eq!(out.features(i), sessions[slot][at]);
            compare(&what("levels"), out.levels(i), &within(levels, TARGETS));
            compare(&what("weights"), out.weights(i), &within(weights, TARGETS));
        }
    }
}

pub(crate) fn the_network_is_causal_convolutions(backend: &dyn Backend) {
    // Longer than twice the longest ring, so that counters go back.
    think(backend, &model(), 40);
    let mut rng = fastrand::Rng::with_seed(11);
    let mut spec = spec();
    spec.bands = 7;
    spec.layers = vec![
        layer(&mut rng, 7, 33, 9, 8),
        layer(&mut rng, 33, 1, 1, 3),
        layer(&mut rng, 1, VISEMES, 2, 5),
    ];
    think(
        backend,
        &FaceModel::new(spec).expect("the model is fine"),
        150,
    );
}

pub(crate) fn heads_and_activations(backend: &dyn Backend) {
    let mut rng = fastrand::Rng::with_seed(2);
    for head in [Head::Linear, Head::Sigmoid, Head::Softmax] {
        for visemes in [1, 32] {
            let mut last = layer(&mut rng, 16, visemes, 1, 1);
            last.activation = Activation::Linear;
            // Far into what an exponential makes of it.
            last.weight.iter_mut().for_each(|w| *w *= 20.0);
            let spec = FaceSpec {
                bands: 5,
                spectra: 2,
                layers: vec![layer(&mut rng, 10, 16, 2, 1), last],
                head,
                look_ahead: 0,
                smoothing: no_smoothing(visemes),
            };
            // Twenty times the weights have twenty times the rounding; softmax alone hides it.
            let model = FaceModel::new(spec).expect("the model is fine");
            think_loosely(backend, &model);
        }
    }
}

/// As `think`, for levels alone and with twenty times the tolerance.
fn think_loosely(backend: &dyn Backend, model: &FaceModel) {
    let rows = random(3, 6, model.features());
    let expected = reference::targets(model, &doubled(&rows));
    let mut batch = batch(backend, model, 1);
    let mut out = Frames::default();
    for (row, expected) in rows.iter().zip(&expected) {
        batch
            .frame(&[(0, Input::Features(row))], &mut out)
            .expect("a frame");
        let what = format!("{}: {:?}", backend.name(), model.spec().head);
        compare(&what, out.levels(0), &within(expected, 20.0 * TARGETS));
    }
}

pub(crate) fn smoothing_rises_and_falls_by_its_poles(backend: &dyn Backend) {
    let mut rng = fastrand::Rng::with_seed(8);
    let mut targets: Vec<Vec<f32>> = (0..60)
        .map(|i| {
            (0..VISEMES)
                .map(|v| if (i / 6 + v) % 3 == 0 { rng.f32() } else { 0.0 })
                .collect()
        })
        .collect();
    targets.extend(vec![vec![0.0; VISEMES]; 5]);
    let mut instant = spec();
    instant.smoothing = no_smoothing(VISEMES);
    instant.smoothing.dominance = smoothing(VISEMES).dominance;
    // With no smoothing at all the last targets leave nothing, and the weights are those at rest.
    for model in [model(), FaceModel::new(instant).expect("the model is fine")] {
        let expected = reference::smooth(&model, &doubled(&targets));
        let mut batch = batch(backend, &model, 2);
        let mut out = Frames::default();
        for (frame, (targets, (levels, weights))) in targets.iter().zip(&expected).enumerate() {
            batch
                .frame(&[(1, Input::Targets(targets))], &mut out)
                .expect("a frame");
            assert!(out.features(0).iter().all(|x| *x == 0.0));
            let what = |of: &str| format!("{}: {of} of frame {frame}", backend.name());
            compare(&what("levels"), out.levels(0), &within(levels, SMOOTHING));
            compare(
                &what("weights"),
                out.weights(0),
                &within(weights, SMOOTHING),
            );
        }
    }
}

pub(crate) fn samples_become_weights(backend: &dyn Backend) {
    let (model, frames) = (model(), 24);
    let sound = voice(6, 800 * frames);
    let features: Vec<Vec<f64>> = (1..=frames)
        .map(|end| {
            reference::features(&model, &sound[..800 * end])
                .iter()
                .map(|x| x.value)
                .collect()
        })
        .collect();
    let expected = reference::smooth(&model, &reference::targets(&model, &features));
    for slots in SIZES {
        let mut batch = batch(backend, &model, slots);
        let mut out = Frames::default();
        for (frame, (_, weights)) in expected.iter().enumerate() {
            let samples = Input::Samples(&sound[800 * frame..800 * (frame + 1)]);
            // Ten of them, so that the groups that a GPU makes of them are full.
            let inputs: Vec<_> = (1..=10).map(|slot| (slot, samples)).collect();
            batch.frame(&inputs, &mut out).expect("a frame");
            for i in 0..out.len() {
                // The features' own tolerance passes through the network, which is why this one is wider.
                let what = format!(
                    "{}: weights of frame {frame}, {slots} slots",
                    backend.name()
                );
                compare(&what, out.weights(i), &within(weights, CHAIN));
            }
        }
    }
}

pub(crate) fn a_session_is_the_same_alone_and_among_others(backend: &dyn Backend) {
    let (model, frames, sessions) = (model(), 3, 19);
    let sounds: Vec<Vec<f32>> = (0..sessions)
        .map(|s| voice(s as u64, 800 * frames))
        .collect();
    let targets = vec![0.25; VISEMES];
    let features = vec![0.5; model.features()];
    let input = |session: usize, frame: usize| match session % 5 {
        3 => Input::Targets(&targets),
        4 => Input::Features(&features),
        _ => Input::Samples(&sounds[session][800 * frame..800 * (frame + 1)]),
    };
    let mut rng = fastrand::Rng::with_seed(4);
    for slots in SIZES {
        let slot = |session: usize| session * (slots / sessions);
        let mut together = batch(backend, &model, slots);
        let mut alone = batch(backend, &model, slots);
        let [mut out, mut one] = [Frames::default(), Frames::default()];
        for frame in 0..frames {
            let mut order: Vec<usize> = (0..sessions).collect();
            rng.shuffle(&mut order);
            let inputs: Vec<_> = order.iter().map(|s| (slot(*s), input(*s, frame))).collect();
            together.frame(&inputs, &mut out).expect("a frame");
            for (i, session) in order.iter().enumerate() {
                // The same from the beginning, but alone.
                alone.reset(slot(*session)).expect("the slot");
                for past in 0..=frame {
                    let only = [(slot(*session), input(*session, past))];
                    alone.frame(&only, &mut one).expect("a frame");
                }
                let what = format!("session {session} of {slots}, frame {frame}");
                assert_eq!(out.features(i), one.features(0), "{what}");
                assert_eq!(out.levels(i), one.levels(0), "{what}");
                assert_eq!(out.weights(i), one.weights(0), "{what}");
            }
        }
    }
}

pub(crate) fn a_slot_starts_anew_after_a_reset(backend: &dyn Backend) {
    let model = model();
    let (first, second) = (voice(1, 8_000), voice(2, 8_000));
    let mut used = batch(backend, &model, 2);
    let mut fresh = batch(backend, &model, 2);
    let [mut a, mut b] = [Frames::default(), Frames::default()];
    for x in first.chunks_exact(800) {
        used.frame(&[(1, Input::Samples(x)), (0, Input::Samples(x))], &mut a)
            .expect("a frame");
    }
    used.reset(1).expect("the slot");
    for x in second.chunks_exact(800) {
        used.frame(&[(1, Input::Samples(x))], &mut a)
            .expect("a frame");
        fresh
            .frame(&[(1, Input::Samples(x))], &mut b)
            .expect("a frame");
        assert_eq!(a, b);
    }
    assert!(matches!(
        used.reset(2),
        Err(SignalError::Slot { slot: 2, .. })
    ));
}

/// Finite, within 0..=1, and one in all.
#[track_caller]
fn assert_weights(out: &Frames) {
    for i in 0..out.len() {
        let all = [out.features(i), out.levels(i), out.weights(i)].concat();
        assert!(all.iter().all(|x| x.is_finite()), "{all:?}");
        assert!(
            out.weights(i).iter().all(|w| (0.0..=1.0).contains(w)),
            "{:?}",
            out.weights(i)
        );
        let sum: f32 = out.weights(i).iter().sum();
        assert!((sum - 1.0).abs() < 1e-5, "{sum}");
    }
}

pub(crate) fn what_is_not_finite_stays_outside(backend: &dyn Backend) {
    let model = model();
    let bad = [
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::MAX,
        -f32::NAN,
        1e-40,
    ];
    let good = [0.0, 8.0, -8.0, 8.0, 0.0, 1e-40];
    let mut rng = fastrand::Rng::with_seed(6);
    let mut broken = batch(backend, &model, 3);
    let mut mended = batch(backend, &model, 3);
    let [mut a, mut b] = [Frames::default(), Frames::default()];
    for _ in 0..6 {
        let pick: Vec<usize> = (0..800).map(|_| rng.usize(..bad.len())).collect();
        let of = |list: &[f32; 6], count: usize| -> Vec<f32> {
            pick[..count].iter().map(|i| list[*i]).collect()
        };
        let target = |x: f32| x.clamp(0.0, 1.0);
        for (list, batch, out) in [(&bad, &mut broken, &mut a), (&good, &mut mended, &mut b)] {
            let [samples, features, mut targets] =
                [800, model.features(), VISEMES].map(|count| of(list, count));
            if list == &good {
                targets.iter_mut().for_each(|x| *x = target(*x));
            }
            let inputs = [
                (0, Input::Samples(&samples)),
                (1, Input::Features(&features)),
                (2, Input::Targets(&targets)),
            ];
            batch.frame(&inputs, out).expect("a frame");
            assert_weights(out);
        }
        assert_eq!(a, b);
    }
}

pub(crate) fn the_largest_weights_overflow_nothing(backend: &dyn Backend) {
    for head in [Head::Linear, Head::Sigmoid, Head::Softmax] {
        for sign in [1.0, -1.0] {
            let mut spec = spec();
            spec.head = head;
            for (i, layer) in spec.layers.iter_mut().enumerate() {
                let mut rng = fastrand::Rng::with_seed(i as u64);
                let mut largest = || if rng.u8(..) < 128 { sign * 1e6 } else { -1e6 };
                layer.weight.iter_mut().for_each(|w| *w = largest());
                layer.bias.iter_mut().for_each(|b| *b = sign * 1e6);
                layer.activation = if i % 2 == 0 {
                    Activation::Linear
                } else {
                    Activation::Relu
                };
            }
            let model = FaceModel::new(spec).expect("the model is fine");
            let mut batch = batch(backend, &model, 1);
            let mut out = Frames::default();
            let loud: Vec<f32> = (0..800)
                .map(|i| if i % 7 < 3 { 8.0 } else { -8.0 })
                .collect();
            for _ in 0..20 {
                batch
                    .frame(&[(0, Input::Samples(&loud))], &mut out)
                    .expect("a frame");
                assert_weights(&out);
            }
        }
    }
}

pub(crate) fn wrong_inputs_move_nothing(backend: &dyn Backend) {
    let model = model();
    let sound = voice(5, 4_000);
    let mut tried = batch(backend, &model, 2);
    let mut plain = batch(backend, &model, 2);
    let [mut a, mut b] = [Frames::default(), Frames::default()];
    for x in sound.chunks_exact(800) {
        let samples = Input::Samples(x);
        let wrong: [&[(usize, Input<'_>)]; 5] = [
            &[(0, samples), (2, samples)],
            &[(0, samples), (1, samples), (0, samples)],
            &[(0, samples), (1, Input::Samples(&x[1..]))],
            &[
                (0, samples),
                (1, Input::Features(&x[..model.features() + 1])),
            ],
            &[(0, samples), (1, Input::Targets(&x[..VISEMES - 1]))],
        ];
        for (i, inputs) in wrong.into_iter().enumerate() {
            let error = tried.frame(inputs, &mut a).expect_err("refused");
            let right = match i {
                0 => matches!(error, SignalError::Slot { slot: 2, .. }),
                1 => matches!(error, SignalError::Slot { slot: 0, .. }),
                _ => matches!(error, SignalError::Shape { .. }),
            };
            assert!(right, "{error}");
        }
        tried.frame(&[(0, samples)], &mut a).expect("a frame");
        plain.frame(&[(0, samples)], &mut b).expect("a frame");
        assert_eq!(a, b);
    }
    tried.frame(&[], &mut a).expect("no frame");
    assert!(a.is_empty());
}
