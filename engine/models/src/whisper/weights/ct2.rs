//! What a CTranslate2 Whisper file must hold, read into plain tensors.
//!
//! The only place that knows the file's names. In them `linear_0` of a self-attention is query,
//! key and value in one, and `linear_1` of an attention to the encoder is key and value.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::super::encoder::{Affine, EncoderLayerWeights, EncoderWeights};
use super::{DecoderLayerWeights, DecoderWeights, Dims, wrong};
use crate::ModelError;
use crate::ct2::Ct2File;

/// The file's version, and the length and text of its specification's name.
const HEAD: &[u8] = b"\x06\x00\x00\x00\x0c\x00WhisperSpec\x00";

/// Whether the file at `path` begins as a Whisper does.
pub(super) fn check(path: &Path) -> Result<(), ModelError> {
    let mut head = Vec::new();
    File::open(path)
        .and_then(|file| file.take(HEAD.len() as u64).read_to_end(&mut head))
        .map_err(|source| ModelError::Read {
            path: path.to_path_buf(),
            source,
        })?;
    if head == HEAD {
        return Ok(());
    }
    Err(ModelError::Format {
        path: path.to_path_buf(),
        reason: "is not a Whisper of CTranslate2 (file version 6)".to_owned(),
    })
}

/// Reads the sizes and refuses a file of another family.
pub(super) fn dims(file: &Ct2File) -> Result<Dims, ModelError> {
    let (specification, _) = file.specification();
    if specification != "WhisperSpec" {
        return Err(ModelError::Format {
            path: file.path().to_path_buf(),
            reason: format!("holds a {specification}, not a WhisperSpec"),
        });
    }
    let [width, mel_bands, _] = *file.dims("encoder/conv1/weight")? else {
        return Err(wrong("encoder/conv1/weight", "not three-dimensional"));
    };
    let [audio_positions, _] = *file.dims("encoder/position_encodings/encodings")? else {
        return Err(wrong(
            "encoder/position_encodings/encodings",
            "not a matrix",
        ));
    };
    let [text_positions, _] = *file.dims("decoder/position_encodings/encodings")? else {
        return Err(wrong(
            "decoder/position_encodings/encodings",
            "not a matrix",
        ));
    };
    let [vocabulary, _] = *file.dims("decoder/embeddings/weight")? else {
        return Err(wrong("decoder/embeddings/weight", "not a matrix"));
    };
    let heads = file.integer("encoder/num_heads")?;
    let heads = usize::try_from(heads).unwrap_or(0);
    if heads == 0 || width % heads != 0 {
        return Err(wrong("encoder/num_heads", "does not divide the width"));
    }
    let layers = |side: &str| {
        (0..)
            .take_while(|i| file.contains(&format!("{side}/layer_{i}/ffn/linear_0/weight")))
            .count()
    };
    Ok(Dims {
        mel_bands,
        width,
        heads,
        encoder_layers: layers("encoder"),
        decoder_layers: layers("decoder"),
        audio_positions,
        text_positions,
        vocabulary,
    })
}

/// Reads the encoder's weights.
pub(super) fn encoder(file: &Ct2File, dims: &Dims) -> Result<EncoderWeights, ModelError> {
    let c = dims.width;
    let hidden = hidden(file, "encoder", c)?;
    let conv = |name: &str, from: usize| {
        Ok::<_, ModelError>(Affine {
            weight: file.tensor(&format!("encoder/{name}/weight"), &[c, from, 3])?,
            bias: Some(file.tensor(&format!("encoder/{name}/bias"), &[c])?),
        })
    };
    let layers = (0..dims.encoder_layers)
        .map(|i| {
            let at = |rest: &str| format!("encoder/layer_{i}/{rest}");
            Ok(EncoderLayerWeights {
                attention_norm: norm(file, &at("self_attention/layer_norm"), c)?,
                qkv: linear(file, &at("self_attention/linear_0"), 3 * c, c)?,
                out: linear(file, &at("self_attention/linear_1"), c, c)?,
                ffn_norm: norm(file, &at("ffn/layer_norm"), c)?,
                ffn_up: linear(file, &at("ffn/linear_0"), hidden, c)?,
                ffn_down: linear(file, &at("ffn/linear_1"), c, hidden)?,
            })
        })
        .collect::<Result<_, ModelError>>()?;
    Ok(EncoderWeights {
        conv1: conv("conv1", dims.mel_bands)?,
        conv2: conv("conv2", c)?,
        positions: file.tensor(
            "encoder/position_encodings/encodings",
            &[dims.audio_positions, c],
        )?,
        layers,
        norm: norm(file, "encoder/layer_norm", c)?,
        heads: dims.heads,
    })
}

/// Reads the decoder's weights.
pub(super) fn decoder(file: &Ct2File, dims: &Dims) -> Result<DecoderWeights, ModelError> {
    let c = dims.width;
    let hidden = hidden(file, "decoder", c)?;
    let layers = (0..dims.decoder_layers)
        .map(|i| {
            let at = |rest: &str| format!("decoder/layer_{i}/{rest}");
            Ok(DecoderLayerWeights {
                self_norm: norm(file, &at("self_attention/layer_norm"), c)?,
                self_qkv: linear(file, &at("self_attention/linear_0"), 3 * c, c)?,
                self_out: linear(file, &at("self_attention/linear_1"), c, c)?,
                cross_norm: norm(file, &at("attention/layer_norm"), c)?,
                cross_q: linear(file, &at("attention/linear_0"), c, c)?,
                cross_kv: linear(file, &at("attention/linear_1"), 2 * c, c)?,
                cross_out: linear(file, &at("attention/linear_2"), c, c)?,
                ffn_norm: norm(file, &at("ffn/layer_norm"), c)?,
                ffn_up: linear(file, &at("ffn/linear_0"), hidden, c)?,
                ffn_down: linear(file, &at("ffn/linear_1"), c, hidden)?,
            })
        })
        .collect::<Result<_, ModelError>>()?;
    Ok(DecoderWeights {
        embeddings: file.tensor("decoder/embeddings/weight", &[dims.vocabulary, c])?,
        positions: file.tensor(
            "decoder/position_encodings/encodings",
            &[dims.text_positions, c],
        )?,
        layers,
        norm: norm(file, "decoder/layer_norm", c)?,
    })
}

/// Width between the two halves of the feed-forward part.
fn hidden(file: &Ct2File, side: &str, width: usize) -> Result<usize, ModelError> {
    let name = format!("{side}/layer_0/ffn/linear_0/weight");
    match *file.dims(&name)? {
        [hidden, c] if c == width => Ok(hidden),
        ref dims => Err(wrong(&name, &format!("shape {dims:?}, width is {width}"))),
    }
}

fn linear(file: &Ct2File, name: &str, to: usize, from: usize) -> Result<Affine, ModelError> {
    Ok(Affine {
        weight: file.tensor(&format!("{name}/weight"), &[to, from])?,
        bias: Some(file.tensor(&format!("{name}/bias"), &[to])?),
    })
}

fn norm(file: &Ct2File, name: &str, width: usize) -> Result<Affine, ModelError> {
    Ok(Affine {
        weight: file.tensor(&format!("{name}/gamma"), &[width])?,
        bias: Some(file.tensor(&format!("{name}/beta"), &[width])?),
    })
}
