//! The fitted network as the kernels run it, and as a file.

use std::path::Path;

use janet_face::{VISEMES, Viseme};
use janet_kernels::signal::{FaceModel, FaceSpec, Head, Layer, Smoothing};
use janet_models::visemes;

use crate::features::{BANDS, SPECTRA};
use crate::net::Net;
use crate::train::LOOK_AHEAD;

/// Time constants of rising and falling levels: what the network says jumps less than a mouth can, so a little
/// is enough to take the jitter out.
const ATTACK_MS: f32 = 8.0;
const RELEASE_MS: f32 = 12.0;

/// What the kernels run. The normalisation of the features becomes part of the first layer.
pub(crate) fn model(net: &Net, mean: &[f32], deviation: &[f32]) -> anyhow::Result<FaceModel> {
    let mut layers = Vec::new();
    for (at, dense) in net.layers.iter().enumerate() {
        let rows: Vec<Vec<f32>> = dense.weight.to_vec2()?;
        let mut bias: Vec<f32> = dense.bias.to_vec1()?;
        let mut weight = vec![0.0; dense.outputs * dense.inputs * dense.taps];
        for (row, values) in rows.iter().enumerate() {
            let (tap, input) = (row / dense.inputs, row % dense.inputs);
            for (output, value) in values.iter().enumerate() {
                let mut value = *value;
                if at == 0 {
                    value /= deviation[input];
                    bias[output] -= value * mean[input];
                }
                weight[(output * dense.inputs + input) * dense.taps + tap] = value;
            }
        }
        layers.push(Layer {
            inputs: dense.inputs,
            outputs: dense.outputs,
            taps: dense.taps,
            dilation: dense.dilation,
            weight,
            bias,
            activation: dense.activation,
        });
    }
    let mut rest = vec![0.0; VISEMES];
    rest[Viseme::Sil as usize] = 1.0;
    Ok(FaceModel::new(FaceSpec {
        bands: BANDS,
        spectra: SPECTRA,
        layers,
        head: Head::Softmax,
        look_ahead: LOOK_AHEAD,
        smoothing: Smoothing {
            attack_ms: vec![ATTACK_MS; VISEMES],
            release_ms: vec![RELEASE_MS; VISEMES],
            dominance: vec![1.0; VISEMES],
            rest,
        },
    })?)
}

/// Writes a model to a file that [`visemes::read`] reads.
pub(crate) fn write(model: &FaceModel, path: &Path) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, visemes::write(model)?)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use janet_kernels::signal::FRAME_SAMPLES;

    use super::*;
    use crate::evaluate::weights;
    use crate::features::{FEATURES, features};

    #[test]
    fn the_kernels_run_what_was_trained() {
        let net = Net::new(1).expect("layers");
        let mut rng = fastrand::Rng::with_seed(1);
        let sound: Vec<f32> = (0..40 * FRAME_SAMPLES).map(|_| rng.f32() - 0.5).collect();
        let seen = features(&sound).expect("features");
        let (mean, deviation) = (vec![0.3; FEATURES], vec![0.5; FEATURES]);
        let scaled: Vec<f32> = seen.iter().map(|x| (x - 0.3) / 0.5).collect();
        let rows =
            candle_core::Tensor::from_vec(scaled, (1, 40, FEATURES), &candle_core::Device::Cpu)
                .expect("a tensor");
        let logits = net.forward(&rows).expect("logits");
        let expected = candle_nn::ops::softmax(&logits, 1).expect("shares");
        let expected: Vec<Vec<f32>> = expected.to_vec2().expect("rows");

        let mut spec = model(&net, &mean, &deviation)
            .expect("a model")
            .spec()
            .clone();
        for times in [
            &mut spec.smoothing.attack_ms,
            &mut spec.smoothing.release_ms,
        ] {
            times.fill(0.0);
        }
        let found = weights(&FaceModel::new(spec).expect("a model"), &sound).expect("weights");
        // The first row that needs nothing from before the sound belongs to an earlier frame.
        for (expected, found) in expected
            .iter()
            .zip(&found[crate::net::MEMORY - LOOK_AHEAD..])
        {
            for (a, b) in expected.iter().zip(found) {
                assert!((a - b).abs() < 1e-3, "{expected:?} {found:?}");
            }
        }
    }
}
