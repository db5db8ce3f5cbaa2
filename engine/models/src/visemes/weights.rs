//! The network's weights as a file: safetensors with 16-bit floats, all else in its metadata.

use std::collections::HashMap;

use half::f16;
use janet_kernels::signal::{Activation, FaceModel, FaceSpec, Head, Layer, SignalError, Smoothing};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ModelError;

/// The visemes in the order of a frame's weights, which is the wire's.
pub const NAMES: [&str; 10] = ["sil", "A", "E", "I", "O", "U", "M", "F", "Th", "P"];

/// Those that ship. Made by `scripts/train_visemes.sh`.
const BUILT_IN: &[u8] = include_bytes!("visemes.safetensors");
/// Where the metadata has everything that is no tensor.
const KEY: &str = "janet-visemes";
/// The version of the format.
const VERSION: u32 = 1;
/// No file of a hundred thousand parameters is larger.
const MOST_BYTES: usize = 1 << 20;

/// Everything that is no tensor.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    version: u32,
    visemes: Vec<String>,
    bands: usize,
    spectra: usize,
    look_ahead: usize,
    softmax: bool,
    layers: Vec<LayerShape>,
    attack_ms: Vec<f32>,
    release_ms: Vec<f32>,
    dominance: Vec<f32>,
    rest: Vec<f32>,
    /// Of all tensors in the order of the layers, weight before bias: a file that was cut or damaged on its way
    /// is found out.
    sha256: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LayerShape {
    dilation: usize,
    relu: bool,
}

/// The network that ships.
///
/// # Errors
/// When this program was built with weights that are damaged.
pub fn built_in() -> Result<FaceModel, ModelError> {
    read(BUILT_IN)
}

/// Reads a network from the bytes of a file.
///
/// # Errors
/// [`ModelError::Weight`] names what is missing, of another shape, damaged, or out of its limits.
pub fn read(bytes: &[u8]) -> Result<FaceModel, ModelError> {
    if bytes.len() > MOST_BYTES {
        let reason = format!("{} bytes, {MOST_BYTES} at the most", bytes.len());
        return Err(wrong("file", reason));
    }
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| wrong("file", error))?;
    let text = metadata.metadata().as_ref().and_then(|map| map.get(KEY));
    let text = text.ok_or_else(|| wrong("file", format!("its metadata has no {KEY:?}")))?;
    let shape: Shape = serde_json::from_str(text).map_err(|error| wrong(KEY, error))?;
    if shape.version != VERSION {
        let reason = format!("{}, this program reads {VERSION}", shape.version);
        return Err(wrong("version", reason));
    }
    if shape.visemes != NAMES {
        return Err(wrong(
            "visemes",
            format!("{:?}, not {NAMES:?}", shape.visemes),
        ));
    }
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| wrong("file", error))?;
    let mut sum = Sha256::new();
    let mut layers = Vec::new();
    for (at, layer) in shape.layers.iter().enumerate() {
        let (sizes, weight) = tensor::<3>(&tensors, &format!("layers.{at}.weight"), &mut sum)?;
        let (_, bias) = tensor::<1>(&tensors, &format!("layers.{at}.bias"), &mut sum)?;
        let [outputs, inputs, taps] = sizes;
        layers.push(Layer {
            inputs,
            outputs,
            taps,
            dilation: layer.dilation,
            weight,
            bias,
            activation: if layer.relu {
                Activation::Relu
            } else {
                Activation::Linear
            },
        });
    }
    if hex(sum) != shape.sha256 {
        return Err(wrong(
            "sha256",
            "the tensors are not those that were written",
        ));
    }
    let spec = FaceSpec {
        bands: shape.bands,
        spectra: shape.spectra,
        layers,
        head: if shape.softmax {
            Head::Softmax
        } else {
            Head::Sigmoid
        },
        look_ahead: shape.look_ahead,
        smoothing: Smoothing {
            attack_ms: shape.attack_ms,
            release_ms: shape.release_ms,
            dominance: shape.dominance,
            rest: shape.rest,
        },
    };
    let model = FaceModel::new(spec).map_err(|error| wrong("model", error))?;
    if model.visemes() != NAMES.len() {
        let reason = format!("{} visemes, not {}", model.visemes(), NAMES.len());
        return Err(wrong("model", reason));
    }
    Ok(model)
}

/// A network as the bytes of a file that [`read`] reads; its weights are rounded to 16 bits.
///
/// # Errors
/// When it has other visemes, or a linear head, which no file can say.
pub fn write(model: &FaceModel) -> Result<Vec<u8>, ModelError> {
    let spec = model.spec();
    if model.visemes() != NAMES.len() || spec.head == Head::Linear {
        let reason = format!("{} visemes, head {:?}", model.visemes(), spec.head);
        return Err(wrong("model", reason));
    }
    let mut sum = Sha256::new();
    let mut tensors = Vec::new();
    for (at, layer) in spec.layers.iter().enumerate() {
        let sizes = vec![layer.outputs, layer.inputs, layer.taps];
        for (name, sizes, values) in [
            ("weight", sizes, &layer.weight),
            ("bias", vec![layer.outputs], &layer.bias),
        ] {
            let bytes: Vec<u8> = values
                .iter()
                .flat_map(|x| f16::from_f32(*x).to_le_bytes())
                .collect();
            sum.update(&bytes);
            tensors.push((format!("layers.{at}.{name}"), sizes, bytes));
        }
    }
    let smoothing = &spec.smoothing;
    let shape = Shape {
        version: VERSION,
        visemes: NAMES.map(str::to_owned).to_vec(),
        bands: spec.bands,
        spectra: spec.spectra,
        look_ahead: spec.look_ahead,
        softmax: spec.head == Head::Softmax,
        layers: spec
            .layers
            .iter()
            .map(|layer| LayerShape {
                dilation: layer.dilation,
                relu: layer.activation == Activation::Relu,
            })
            .collect(),
        attack_ms: smoothing.attack_ms.clone(),
        release_ms: smoothing.release_ms.clone(),
        dominance: smoothing.dominance.clone(),
        rest: smoothing.rest.clone(),
        sha256: hex(sum),
    };
    let text = serde_json::to_string(&shape).map_err(|error| wrong(KEY, error))?;
    let views = tensors
        .iter()
        .map(|(name, sizes, bytes)| {
            let view = TensorView::new(Dtype::F16, sizes.clone(), bytes);
            view.map(|view| (name.as_str(), view))
        })
        .collect::<Result<Vec<_>, _>>();
    let views = views.map_err(|error| wrong("file", error))?;
    let metadata = HashMap::from([(KEY.to_owned(), text)]);
    safetensors::serialize(views, Some(metadata)).map_err(|error| wrong("file", error))
}

/// The sizes and values of a tensor of `N` dimensions.
fn tensor<const N: usize>(
    tensors: &SafeTensors<'_>,
    name: &str,
    sum: &mut Sha256,
) -> Result<([usize; N], Vec<f32>), ModelError> {
    let view = tensors.tensor(name).map_err(|error| wrong(name, error))?;
    let sizes: [usize; N] = view
        .shape()
        .try_into()
        .map_err(|_| wrong(name, format!("shape {:?}, {N} sizes wanted", view.shape())))?;
    if view.dtype() != Dtype::F16 {
        return Err(wrong(name, format!("{:?}, not F16", view.dtype())));
    }
    sum.update(view.data());
    let (pairs, _) = view.data().as_chunks();
    let values = pairs.iter().map(|pair| f16::from_le_bytes(*pair).to_f32());
    Ok((sizes, values.collect()))
}

fn hex(sum: Sha256) -> String {
    let bytes = sum.finalize();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn wrong(name: &str, reason: impl std::fmt::Display) -> ModelError {
    ModelError::Weight {
        name: format!("visemes: {name}"),
        reason: reason.to_string(),
    }
}

impl From<SignalError> for ModelError {
    fn from(error: SignalError) -> Self {
        Self::Signal(error)
    }
}
