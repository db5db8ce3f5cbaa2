//! Finds Smart Turn's weights in its ONNX graph and turns them back into floats.
//!
//! Biases and normalisations have names; matrices are called `val_25_quantized` and the like. A
//! matrix is therefore found through the bias that is added to its product, and the one without a
//! bias (the keys') as the third product of the same input.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{Device, Tensor};

use crate::ModelError;
use crate::onnx::{Node, OnnxFile};
use crate::whisper::encoder::{Affine, EncoderLayerWeights, EncoderWeights};

/// Everything that the model consists of, f32 on the CPU.
#[derive(Debug)]
pub(super) struct Weights {
    pub encoder: EncoderWeights,
    /// Attention pooling: to a small width, tanh, to one score per position.
    pub pool: [Affine; 2],
    /// The classifier's linear layers.
    pub classifier: [Affine; 3],
    /// Normalisation after the first of them.
    pub classifier_norm: Affine,
}

/// Width of the encoder's layers and its number of heads; the file states only the former.
const WIDTH: usize = 384;
const HEADS: usize = 6;
const LAYERS: usize = 4;
const BANDS: usize = 80;
const POSITIONS: usize = 400;

/// Reads and checks the file.
pub(super) fn read(path: &Path) -> Result<Weights, ModelError> {
    let file = OnnxFile::read(path)?;
    let graph = Graph::of(&file);
    let layers = (0..LAYERS)
        .map(|i| {
            let at = |rest: &str| format!("inner.encoder.layers.{i}.{rest}");
            let query = graph.product(&at("self_attn.q_proj.bias"))?;
            let value = graph.product(&at("self_attn.v_proj.bias"))?;
            let key = graph.sibling(query, value)?;
            let qkv = [query, key, value].map(|node| graph.matrix(node, 1, &[WIDTH, WIDTH]));
            let [query, key, value] = qkv;
            let no_bias = Tensor::zeros(WIDTH, candle_core::DType::F32, &Device::Cpu)?;
            Ok(EncoderLayerWeights {
                attention_norm: graph.norm(&at("self_attn_layer_norm"), WIDTH)?,
                qkv: Affine {
                    weight: Tensor::cat(&[query?, key?, value?], 0)?,
                    bias: Some(Tensor::cat(
                        &[
                            graph.vector(&at("self_attn.q_proj.bias"), WIDTH)?,
                            no_bias,
                            graph.vector(&at("self_attn.v_proj.bias"), WIDTH)?,
                        ],
                        0,
                    )?),
                },
                out: graph.linear(&at("self_attn.out_proj.bias"), WIDTH, WIDTH)?,
                ffn_norm: graph.norm(&at("final_layer_norm"), WIDTH)?,
                ffn_up: graph.linear(&at("fc1.bias"), WIDTH, 4 * WIDTH)?,
                ffn_down: graph.linear(&at("fc2.bias"), 4 * WIDTH, WIDTH)?,
            })
        })
        .collect::<Result<_, ModelError>>()?;
    let positions = file.initializer("inner.encoder.embed_positions.weight")?;
    let positions = shaped(
        positions.to_f32("inner.encoder.embed_positions.weight")?,
        &positions.dims,
        &[POSITIONS, WIDTH],
        "inner.encoder.embed_positions.weight",
    )?;
    Ok(Weights {
        encoder: EncoderWeights {
            conv1: graph.plain("inner.encoder.conv1", &[WIDTH, BANDS, 3])?,
            conv2: graph.plain("inner.encoder.conv2", &[WIDTH, WIDTH, 3])?,
            positions,
            layers,
            norm: graph.norm("inner.encoder.layer_norm", WIDTH)?,
            heads: HEADS,
        },
        pool: [
            graph.linear("inner.pool_attention.0.bias", WIDTH, 256)?,
            graph.linear("inner.pool_attention.2.bias", 256, 1)?,
        ],
        classifier: [
            graph.plain("inner.classifier.0", &[256, WIDTH])?,
            graph.plain("inner.classifier.4", &[64, 256])?,
            graph.plain("inner.classifier.6", &[1, 64])?,
        ],
        classifier_norm: graph.norm("inner.classifier.1", 256)?,
    })
}

/// The file, and which node makes each value.
struct Graph<'a> {
    file: &'a OnnxFile,
    makers: HashMap<&'a str, &'a Node>,
}

impl<'a> Graph<'a> {
    fn of(file: &'a OnnxFile) -> Self {
        let makers = file
            .nodes
            .iter()
            .flat_map(|node| node.outputs.iter().map(move |o| (o.as_str(), node)))
            .collect();
        Self { file, makers }
    }

    /// The node that makes the value at an input, behind rounding nodes.
    fn source(&self, node: &Node, input: usize) -> Option<&'a Node> {
        let mut made = *self.makers.get(node.inputs.get(input)?.as_str())?;
        while matches!(made.op_type.as_str(), "QuantizeLinear" | "DequantizeLinear") {
            made = self.makers.get(made.inputs.first()?.as_str())?;
        }
        Some(made)
    }

    /// The matrix product that this bias is added to.
    fn product(&self, bias: &str) -> Result<&'a Node, ModelError> {
        self.file
            .nodes
            .iter()
            .filter(|node| node.op_type == "Add")
            .find_map(|node| {
                let at = node.inputs.iter().position(|input| input == bias)?;
                self.source(node, 1 - at.min(1))
                    .filter(|made| made.op_type == "MatMul")
            })
            .ok_or_else(|| wrong(bias, "is added to no matrix product"))
    }

    /// The product of the same input that is neither of these two.
    fn sibling(&self, one: &Node, other: &Node) -> Result<&'a Node, ModelError> {
        self.file
            .nodes
            .iter()
            .find(|node| {
                node.op_type == "MatMul"
                    && node.inputs.first() == one.inputs.first()
                    && node.name != one.name
                    && node.name != other.name
            })
            .ok_or_else(|| wrong(&one.name, "has no third product beside it, the keys'"))
    }

    /// The matrix `[from, to]` at a product's second input, as `[to, from]`.
    fn matrix(&self, node: &Node, axis: usize, dims: &[usize]) -> Result<Tensor, ModelError> {
        let rounded = node
            .inputs
            .get(1)
            .and_then(|name| self.makers.get(name.as_str()))
            .filter(|node| node.op_type == "DequantizeLinear")
            .ok_or_else(|| wrong(&node.name, "multiplies by no stored matrix"))?;
        Ok(self.dequantized(rounded, axis, dims)?.t()?.contiguous()?)
    }

    /// (number − zero point) × scale, with one scale per index of `axis`.
    fn dequantized(&self, node: &Node, axis: usize, dims: &[usize]) -> Result<Tensor, ModelError> {
        let [numbers, scales, zeros] = node.inputs.as_slice() else {
            return Err(wrong(&node.name, "has no zero point"));
        };
        let numbers_of = self.file.initializer(numbers)?;
        let values = |name: &str| self.file.initializer(name)?.to_f32(name);
        let (scales, zeros) = (values(scales)?, values(zeros)?);
        let inner: usize = dims[axis + 1..].iter().product();
        if scales.len() != dims[axis] || zeros.len() != scales.len() && zeros.len() != 1 {
            return Err(wrong(numbers, "scales do not fit its shape"));
        }
        let values = numbers_of
            .to_f32(numbers)?
            .into_iter()
            .enumerate()
            .map(|(i, number)| {
                let at = i / inner % scales.len();
                (number - zeros[at.min(zeros.len() - 1)]) * scales[at]
            })
            .collect();
        shaped(values, &numbers_of.dims, dims, numbers)
    }

    /// A linear layer `from` → `to`, found through its bias.
    fn linear(&self, bias: &str, from: usize, to: usize) -> Result<Affine, ModelError> {
        Ok(Affine {
            weight: self.matrix(self.product(bias)?, 1, &[from, to])?,
            bias: Some(self.vector(bias, to)?),
        })
    }

    /// A layer whose weight and bias both have names.
    fn plain(&self, name: &str, dims: &[usize]) -> Result<Affine, ModelError> {
        let node = |name: String| {
            (self.file.node(&name)).ok_or_else(|| wrong(&name, "is not in the graph"))
        };
        let weight = node(format!("{name}.weight_DequantizeLinear"))?;
        let bias = node(format!("{name}.bias_DequantizeLinear"))?;
        Ok(Affine {
            weight: self.dequantized(weight, 0, dims)?,
            bias: Some(self.dequantized(bias, 0, &dims[..1])?),
        })
    }

    fn norm(&self, name: &str, width: usize) -> Result<Affine, ModelError> {
        Ok(Affine {
            weight: self.vector(&format!("{name}.weight"), width)?,
            bias: Some(self.vector(&format!("{name}.bias"), width)?),
        })
    }

    fn vector(&self, name: &str, width: usize) -> Result<Tensor, ModelError> {
        let stored = self.file.initializer(name)?;
        shaped(stored.to_f32(name)?, &stored.dims, &[width], name)
    }
}

fn shaped(
    values: Vec<f32>,
    found: &[usize],
    expected: &[usize],
    name: &str,
) -> Result<Tensor, ModelError> {
    if found != expected {
        return Err(wrong(
            name,
            &format!("shape {found:?}, expected {expected:?}"),
        ));
    }
    Ok(Tensor::from_vec(values, expected, &Device::Cpu)?)
}

fn wrong(name: &str, reason: &str) -> ModelError {
    ModelError::Weight {
        name: name.to_owned(),
        reason: reason.to_owned(),
    }
}
