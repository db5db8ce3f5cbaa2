//! From names in the ONNX file to layers: the names are those of VITS' state dict, but for the
//! convolutions whose weight norm the exporter folded and whose name it then lost.

use std::collections::HashMap;

use candle_core::{Device, Tensor};
use janet_kernels::{Conv1d, ConvTranspose1d, Exec, Linear, Precision};

use super::stream::{StreamConv, StreamUpsample};
use crate::ModelError;
use crate::onnx::{Attribute, OnnxFile};

/// A voice's weights by state-dict name, on their way into layers.
pub(super) struct Weights<'a> {
    file: &'a OnnxFile,
    /// State-dict names of convolutions → names in the file, told by the node's path.
    folded: HashMap<String, &'a str>,
    /// Whole-number settings of the convolution nodes by the layer's name.
    settings: HashMap<String, &'a HashMap<String, Attribute>>,
    /// What was learnt of the speaker, where there are several.
    speaker: Option<Vec<f32>>,
    exec: &'a Exec,
}

impl<'a> Weights<'a> {
    pub(super) fn new(file: &'a OnnxFile, exec: &'a Exec) -> Self {
        let (mut folded, mut settings) = (HashMap::new(), HashMap::new());
        for node in &file.nodes {
            let Some(path) = node.name.strip_prefix('/') else {
                continue;
            };
            let Some((layer, operation)) = path.rsplit_once('/') else {
                continue;
            };
            let layer = layer.replace('/', ".");
            match operation {
                "Conv" | "ConvTranspose" => {
                    if let Some(name) = node.inputs.get(1) {
                        folded.insert(format!("{layer}.weight"), name.as_str());
                    }
                    settings.insert(layer, &node.attributes);
                }
                "Gather" if matches!(layer.as_str(), "enc_p.emb" | "emb_g") => {
                    if let Some(name) = node.inputs.first() {
                        folded.insert(format!("{layer}.weight"), name.as_str());
                    }
                }
                _ => {}
            }
        }
        Self {
            file,
            folded,
            settings,
            speaker: None,
            exec,
        }
    }

    /// The weights of this one of so many speakers: all that depends on who speaks is added to
    /// biases while layers are loaded, and costs nothing later.
    pub(super) fn of_speaker(mut self, number: u32, speakers: u32) -> Result<Self, ModelError> {
        let name = "emb_g.weight";
        if !self.file.inputs.iter().any(|input| input == "sid") {
            return match speakers {
                1 => Ok(self),
                count => Err(wrong(
                    "sid",
                    format!("the configuration says {count} speakers, the model has one"),
                )),
            };
        }
        let table = self.any(name)?;
        let (rows, width) = table.dims2()?;
        if width == 0 {
            return Err(wrong(name, "speakers of a width of 0"));
        }
        if rows < speakers as usize || number as usize >= rows {
            let reason = format!("{rows} rows for {speakers} speakers");
            return Err(wrong(name, reason));
        }
        self.speaker = Some(table.get(number as usize)?.to_vec1()?);
        Ok(self)
    }

    /// What the speaker adds to the `to` outputs of a layer, by way of convolution `layer`; `None`
    /// where there is but one.
    pub(super) fn of_who(&self, layer: &str, to: usize) -> Result<Option<Vec<f32>>, ModelError> {
        let Some(speaker) = &self.speaker else {
            return Ok(None);
        };
        let weights = self.values(&format!("{layer}.weight"), &[to, speaker.len(), 1])?;
        let mut sums = self.values(&format!("{layer}.bias"), &[to])?;
        for (sum, row) in sums.iter_mut().zip(weights.chunks_exact(speaker.len())) {
            *sum += row.iter().zip(speaker).map(|(a, b)| a * b).sum::<f32>();
        }
        Ok(Some(sums))
    }

    /// The bias of a layer and, for those who speak among several, what is added to it.
    fn bias(
        &self,
        layer: &str,
        to: usize,
        added: Option<&[f32]>,
    ) -> Result<Option<Tensor>, ModelError> {
        let name = format!("{layer}.bias");
        let stored = if self.has(&name) {
            Some(self.tensor(&name, &[to])?)
        } else {
            None
        };
        let added = added.map(|added| Tensor::from_slice(added, to, &Device::Cpu));
        Ok(match (stored, added.transpose()?) {
            (Some(stored), Some(added)) => Some((stored + added)?),
            (stored, added) => stored.or(added),
        })
    }

    /// The tensor `name` of any shape.
    pub(super) fn any(&self, name: &str) -> Result<Tensor, ModelError> {
        let stored = self.folded.get(name).copied().unwrap_or(name);
        let tensor = match self.file.initializers.get(stored) {
            Some(tensor) => tensor,
            None => self
                .file
                .constant(stored)
                .map_or_else(|| self.file.initializer(name), Ok)?,
        };
        tensor.to_tensor(name, &Device::Cpu)
    }

    /// Whether the file has `name`.
    pub(super) fn has(&self, name: &str) -> bool {
        let stored = self.folded.get(name).copied().unwrap_or(name);
        self.file.initializers.contains_key(stored) || self.file.constant(stored).is_some()
    }

    /// The tensor `name`, which must have the shape `dims`.
    pub(super) fn tensor(&self, name: &str, dims: &[usize]) -> Result<Tensor, ModelError> {
        let tensor = self.any(name)?;
        if tensor.dims() != dims {
            return Err(wrong(
                name,
                format!("{:?} wanted, it is {:?}", dims, tensor.dims()),
            ));
        }
        Ok(tensor)
    }

    /// The elements of `name`, which must have the shape `dims`.
    pub(super) fn values(&self, name: &str, dims: &[usize]) -> Result<Vec<f32>, ModelError> {
        Ok(self.tensor(name, dims)?.flatten_all()?.to_vec1()?)
    }

    /// The vector `name` of `length` elements where the model runs.
    pub(super) fn vector(&self, name: &str, length: usize) -> Result<Tensor, ModelError> {
        Ok(self.tensor(name, &[length])?.to_device(&self.exec.device)?)
    }

    /// Convolution `layer` of odd width `k` as a product over `k` neighbours laid side by side:
    /// `[.., k · from]` → `[.., to]`.
    pub(super) fn linear(
        &self,
        layer: &str,
        (from, to): (usize, usize),
        k: usize,
    ) -> Result<Linear, ModelError> {
        self.linear_for(layer, (from, to), k, None)
    }

    /// As [`Weights::linear`], with `added` to the outputs.
    pub(super) fn linear_for(
        &self,
        layer: &str,
        (from, to): (usize, usize),
        k: usize,
        added: Option<&[f32]>,
    ) -> Result<Linear, ModelError> {
        let weight = self.tensor(&format!("{layer}.weight"), &[to, from, k])?;
        let weight = weight
            .transpose(1, 2)?
            .contiguous()?
            .reshape((to, k * from))?;
        let bias = self.bias(layer, to, added)?;
        let bias = bias.ok_or_else(|| wrong(&format!("{layer}.bias"), "not in the file"))?;
        Ok(Linear::new(
            &weight,
            Some(&bias),
            Precision::F32,
            self.exec,
        )?)
    }

    /// Convolution `layer` over time, `from` → `to` channels, for streaming.
    pub(super) fn stream(
        &self,
        layer: &str,
        from: usize,
        to: usize,
    ) -> Result<StreamConv, ModelError> {
        self.stream_for(layer, (from, to), 1.0, None)
    }

    /// As [`Weights::stream`], with the inputs multiplied by `scale` and `added` to the outputs.
    pub(super) fn stream_for(
        &self,
        layer: &str,
        (from, to): (usize, usize),
        scale: f64,
        added: Option<&[f32]>,
    ) -> Result<StreamConv, ModelError> {
        let name = format!("{layer}.weight");
        let weight = self.any(&name)?;
        let (rows, columns, k) = weight.dims3()?;
        if (rows, columns, k % 2) != (to, from, 1) {
            let reason = format!("[{to}, {from}, odd] wanted, it is {:?}", weight.dims());
            return Err(wrong(&name, reason));
        }
        let dilation = self.setting(layer, "dilations").unwrap_or(1);
        let bias = self.bias(layer, to, added)?;
        let conv = Conv1d::new(&(weight * scale)?, bias.as_ref(), 0, 1, dilation, self.exec)?;
        Ok(StreamConv::new(conv, from, (k - 1) * dilation))
    }

    /// Upsampling `layer` over time with its inputs multiplied by `scale`, for streaming, and the
    /// number of channels it gives.
    pub(super) fn upsample(
        &self,
        layer: &str,
        from: usize,
        scale: f64,
    ) -> Result<(StreamUpsample, usize), ModelError> {
        let name = format!("{layer}.weight");
        let weight = self.any(&name)?;
        let (rows, to, k) = weight.dims3()?;
        let stride = self.setting(layer, "strides").unwrap_or(k / 2);
        let padding = self.setting(layer, "pads").unwrap_or(stride / 2);
        // Nothing here is believed: each of these numbers stands in a file.
        let is_twice = stride > 0 && stride.checked_mul(2) == Some(k);
        if rows != from || !is_twice || padding.checked_mul(2) != Some(stride) {
            let reason = format!(
                "{from} channels and a width of twice the stride wanted, it is {:?} with stride \
                 {stride} and padding {padding}",
                weight.dims()
            );
            return Err(wrong(&name, reason));
        }
        let bias = self.tensor(&format!("{layer}.bias"), &[to])?;
        let conv =
            ConvTranspose1d::new(&(weight * scale)?, Some(&bias), stride, stride, self.exec)?;
        Ok((StreamUpsample::new(conv, from, stride, padding), to))
    }

    /// How many of `prefix0suffix`, `prefix1suffix`, … there are.
    pub(super) fn count(&self, prefix: &str, suffix: &str) -> usize {
        (0..)
            .take_while(|index| self.has(&format!("{prefix}{index}{suffix}")))
            .count()
    }

    fn setting(&self, layer: &str, name: &str) -> Option<usize> {
        match self.settings.get(layer)?.get(name)? {
            Attribute::Ints(values) => usize::try_from(*values.first()?).ok(),
            _ => None,
        }
    }
}

/// The error for a weight that does not fit.
pub(super) fn wrong(name: &str, reason: impl Into<String>) -> ModelError {
    ModelError::Weight {
        name: name.to_owned(),
        reason: reason.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::{Dtype, Initializer};

    #[test]
    fn speakers_without_width_are_refused() {
        let mut file = OnnxFile::default();
        file.inputs.push("sid".to_owned());
        let table = Initializer {
            dims: vec![2, 0],
            dtype: Dtype::F32,
            data: Vec::new(),
        };
        file.initializers.insert("emb_g.weight".to_owned(), table);
        let exec = Exec::cpu(1);
        let loaded = Weights::new(&file, &exec).of_speaker(0, 2);
        let error = loaded.err().expect("they are refused").to_string();
        let named = error.contains("emb_g.weight") && error.contains("width of 0");
        assert!(named, "{error}");
    }

    #[test]
    fn strides_that_no_upsampling_has_are_refused() {
        for (width, stride) in [(4, 0), (4, 8), (4, i64::MAX), (0, 0), (4, 3)] {
            let mut file = OnnxFile::default();
            let weight = Initializer {
                dims: vec![1, 1, width],
                dtype: Dtype::F32,
                data: vec![0; 4 * width],
            };
            file.initializers
                .insert("dec.ups.0.weight".to_owned(), weight);
            let exec = Exec::cpu(1);
            let strides = Attribute::Ints(vec![stride]);
            let settings = HashMap::from([("strides".to_owned(), strides)]);
            let mut weights = Weights::new(&file, &exec);
            weights.settings.insert("dec.ups.0".to_owned(), &settings);
            let loaded = weights.upsample("dec.ups.0", 1, 1.0);
            let error = loaded.err().expect("it is refused").to_string();
            assert!(error.contains("dec.ups.0.weight"), "{error}");
        }
    }
}
