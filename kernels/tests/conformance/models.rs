//! Models and sounds for the tests, and what a model must not be.

use janet_kernels::signal::{Activation, FaceModel, FaceSpec, Head, Layer, SignalError, Smoothing};

pub(crate) const VISEMES: usize = 10;

/// A layer with weights of about the size that training begins with.
pub(crate) fn layer(
    rng: &mut fastrand::Rng,
    inputs: usize,
    outputs: usize,
    taps: usize,
    dilation: usize,
) -> Layer {
    let size = (3.0 / (inputs * taps) as f32).sqrt();
    let mut draw = |count: usize| (0..count).map(|_| size * (2.0 * rng.f32() - 1.0)).collect();
    Layer {
        inputs,
        outputs,
        taps,
        dilation,
        weight: draw(outputs * inputs * taps),
        bias: draw(outputs),
        activation: Activation::Relu,
    }
}

/// What goes in comes out at once.
pub(crate) fn no_smoothing(visemes: usize) -> Smoothing {
    Smoothing {
        attack_ms: vec![0.0; visemes],
        release_ms: vec![0.0; visemes],
        dominance: vec![1.0; visemes],
        rest: (0..visemes)
            .map(|v| if v == 0 { 1.0 } else { 0.0 })
            .collect(),
    }
}

pub(crate) fn smoothing(visemes: usize) -> Smoothing {
    Smoothing {
        attack_ms: (0..visemes).map(|v| 10.0 + 7.0 * v as f32).collect(),
        release_ms: (0..visemes).map(|v| 40.0 + 11.0 * v as f32).collect(),
        dominance: (0..visemes).map(|v| 0.5 + (v * v % 7) as f32).collect(),
        ..no_smoothing(visemes)
    }
}

/// About what will be trained: 60 bands, four layers, 30 thousand parameters.
pub(crate) fn spec() -> FaceSpec {
    let mut rng = fastrand::Rng::with_seed(5);
    let mut last = layer(&mut rng, 48, VISEMES, 1, 1);
    last.activation = Activation::Linear;
    FaceSpec {
        bands: 60,
        spectra: 1,
        layers: vec![
            layer(&mut rng, 60, 64, 3, 1),
            layer(&mut rng, 64, 48, 3, 2),
            layer(&mut rng, 48, 48, 3, 4),
            last,
        ],
        head: Head::Softmax,
        look_ahead: 2,
        smoothing: smoothing(VISEMES),
    }
}

pub(crate) fn model() -> FaceModel {
    FaceModel::new(spec()).expect("the model is fine")
}

/// A voice of a sort: tones over a fundamental that glides, and breath.
pub(crate) fn voice(seed: u64, samples: usize) -> Vec<f32> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let base = 90.0 + 15.0 * (seed % 13) as f32;
    let mut phase = 0.0f32;
    (0..samples)
        .map(|i| {
            let glide = 1.0 + 0.2 * (i as f32 / 9_000.0).sin();
            phase = (phase + base * glide / 48_000.0).fract();
            let tones: f32 = (1..20)
                .map(|h| (phase * h as f32 * std::f32::consts::TAU).sin() / h as f32)
                .sum();
            0.2 * tones + 0.02 * (rng.f32() - 0.5)
        })
        .collect()
}

/// What is refused about a model that `change` was done to.
fn refused(change: impl FnOnce(&mut FaceSpec)) -> SignalError {
    let mut spec = spec();
    change(&mut spec);
    FaceModel::new(spec).expect_err("the model is refused")
}

#[test]
fn a_model_that_holds_no_number_is_refused_by_name() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1.1e6] {
        let error = refused(|spec| spec.layers[1].weight[17] = bad).to_string();
        assert!(error.starts_with("layers[1].weight[17] is "), "{error}");
        let error = refused(|spec| spec.layers[3].bias[2] = bad).to_string();
        assert!(error.starts_with("layers[3].bias[2] is "), "{error}");
        let error = refused(|spec| spec.smoothing.attack_ms[1] = bad).to_string();
        assert!(error.starts_with("smoothing.attack_ms[1] is "), "{error}");
    }
    let error = refused(|spec| spec.smoothing.rest.fill(0.0)).to_string();
    assert!(error.starts_with("smoothing.rest"), "{error}");
    let error = refused(|spec| spec.smoothing.dominance[0] = 0.0).to_string();
    assert!(error.starts_with("smoothing.dominance[0]"), "{error}");
}

#[test]
fn a_model_of_the_wrong_shape_is_refused_by_name() {
    let starts =
        |error: SignalError, start: &str| assert!(error.to_string().starts_with(start), "{error}");
    starts(refused(|spec| spec.bands = 0), "bands: 0");
    starts(refused(|spec| spec.spectra = 3), "spectra: 3");
    starts(refused(|spec| spec.look_ahead = 3), "look_ahead: 3");
    starts(refused(|spec| spec.layers.clear()), "layers: 0");
    starts(
        refused(|spec| spec.layers[1].inputs = 63),
        "layers[1].inputs: 63 values, not 64",
    );
    starts(
        refused(|spec| spec.layers[0].taps = 10),
        "layers[0].taps: 10",
    );
    starts(
        refused(|spec| spec.layers[0].dilation = 0),
        "layers[0].dilation: 0",
    );
    starts(
        refused(|spec| spec.layers[2].bias.truncate(47)),
        "layers[2].bias: 47 values, not 48",
    );
    starts(
        refused(|spec| spec.smoothing.rest.truncate(9)),
        "smoothing.rest: 9 values, not 10",
    );
    let mut rng = fastrand::Rng::with_seed(1);
    let large = layer(&mut rng, 60, 256, 9, 1);
    starts(
        refused(|spec| spec.layers = vec![large]),
        "parameters: 138496",
    );
}

#[test]
fn a_model_tells_its_size_and_its_memory() {
    let model = model();
    assert_eq!(model.memory(), 2 + 4 + 8);
    assert_eq!(model.features(), 60);
    assert_eq!(model.visemes(), VISEMES);
    assert_eq!(
        model.parameters(),
        60 * 64 * 3 + 64 + 64 * 48 * 3 + 48 + 48 * 48 * 3 + 48 + 480 + 10
    );
}
