//! From protobuf fields to [`OnnxFile`]: which field number means what (onnx.proto3).

use super::tensor::{Dtype, Initializer};
use super::wire::{Fault, Span, Value, push_floats, push_ints};
use super::{Attribute, Node, OnnxFile};

pub(super) fn model(bytes: &[u8]) -> Result<OnnxFile, Fault> {
    let mut file = None;
    for field in (Span { bytes, at: 0 }).fields() {
        if let (7, Value::Bytes(span)) = field? {
            file = Some(graph(span)?);
        }
    }
    file.ok_or(Fault::NoGraph)
}

fn graph(span: Span<'_>) -> Result<OnnxFile, Fault> {
    let mut file = OnnxFile::default();
    for field in span.fields() {
        let (number, Value::Bytes(span)) = field? else {
            continue;
        };
        match number {
            1 => file.nodes.push(node(span)?),
            5 => {
                let (name, tensor) = tensor(span)?;
                file.initializers.insert(name, tensor);
            }
            11 => file.inputs.push(value_name(span)?),
            12 => file.outputs.push(value_name(span)?),
            _ => {}
        }
    }
    Ok(file)
}

fn value_name(span: Span<'_>) -> Result<String, Fault> {
    let mut name = String::new();
    for field in span.fields() {
        if let (1, Value::Bytes(span)) = field? {
            name = span.text();
        }
    }
    Ok(name)
}

fn node(span: Span<'_>) -> Result<Node, Fault> {
    let mut node = Node::default();
    for field in span.fields() {
        let (number, Value::Bytes(span)) = field? else {
            continue;
        };
        match number {
            1 => node.inputs.push(span.text()),
            2 => node.outputs.push(span.text()),
            3 => node.name = span.text(),
            4 => node.op_type = span.text(),
            5 => {
                let (name, value) = attribute(span)?;
                node.attributes.insert(name, value);
            }
            _ => {}
        }
    }
    Ok(node)
}

/// The kind is told by the `type` field; files of before it existed are told by what is there.
fn attribute(span: Span<'_>) -> Result<(String, Attribute), Fault> {
    let (mut name, mut kind) = (String::new(), 0);
    let (mut float, mut int, mut text, mut held) = (None, None, None, None);
    let (mut floats, mut ints) = (Vec::new(), Vec::new());
    for field in span.fields() {
        match field? {
            (1, Value::Bytes(span)) => name = span.text(),
            (2, Value::Fixed32(word)) => float = Some(f32::from_bits(word)),
            (3, Value::Varint(word)) => int = Some(word as i64),
            (4, Value::Bytes(span)) => text = Some(span.text()),
            (5, Value::Bytes(span)) => held = Some(tensor(span)?.1),
            (7, value) => push_floats(&mut floats, value)?,
            (8, value) => push_ints(&mut ints, value)?,
            (20, Value::Varint(word)) => kind = word,
            _ => {}
        }
    }
    let value = match kind {
        // A scalar zero may be left out of the file: proto3 does not write defaults.
        1 => Attribute::Float(float.unwrap_or_default()),
        2 => Attribute::Int(int.unwrap_or_default()),
        3 => Attribute::Text(text.unwrap_or_default()),
        4 => held.map_or(Attribute::Other, Attribute::Tensor),
        6 => Attribute::Floats(floats),
        7 => Attribute::Ints(ints),
        _ => match (held, int, float, text) {
            (Some(tensor), ..) => Attribute::Tensor(tensor),
            (_, Some(int), ..) => Attribute::Int(int),
            (_, _, Some(float), _) => Attribute::Float(float),
            (.., Some(text)) => Attribute::Text(text),
            _ if !ints.is_empty() => Attribute::Ints(ints),
            _ if !floats.is_empty() => Attribute::Floats(floats),
            _ => Attribute::Other,
        },
    };
    Ok((name, value))
}

fn tensor(span: Span<'_>) -> Result<(String, Initializer), Fault> {
    let (mut name, mut dims, mut kind) = (String::new(), Vec::new(), 0);
    let (mut floats, mut words, mut longs) = (Vec::new(), Vec::new(), Vec::new());
    let (mut raw, mut external) = (None, false);
    for field in span.fields() {
        match field? {
            (1, value) => push_ints(&mut dims, value)?,
            (2, Value::Varint(word)) => kind = word,
            (4, value) => push_floats(&mut floats, value)?,
            (5, value) => push_ints(&mut words, value)?,
            (7, value) => push_ints(&mut longs, value)?,
            (8, Value::Bytes(span)) => name = span.text(),
            (9, Value::Bytes(span)) => raw = Some(span.bytes),
            (13, _) => external = true,
            (14, Value::Varint(word)) => external |= word == 1,
            _ => {}
        }
    }
    if external {
        return Err(Fault::External(name));
    }
    let dtype = Dtype::from_code(kind);
    // Typed fields hold one number per element; raw data has the tensor's own layout.
    let data = match (raw, dtype) {
        (Some(raw), _) => raw.to_vec(),
        (None, Dtype::F32) => floats
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect(),
        (None, Dtype::I64) => longs.iter().flat_map(|value| value.to_le_bytes()).collect(),
        (None, Dtype::I32) => words
            .iter()
            .flat_map(|&v| (v as i32).to_le_bytes())
            .collect(),
        (None, Dtype::F16) => words
            .iter()
            .flat_map(|&v| (v as u16).to_le_bytes())
            .collect(),
        (None, Dtype::I8 | Dtype::U8 | Dtype::Bool) => words.iter().map(|&v| v as u8).collect(),
        (None, Dtype::F64 | Dtype::Other(_)) => Vec::new(),
    };
    let elements = dims.iter().try_fold(1usize, |count, &dim| {
        count.checked_mul(usize::try_from(dim).ok()?)
    });
    let need = elements.and_then(|count| count.checked_mul(dtype.bytes()));
    let typed_double = dtype == Dtype::F64 && raw.is_none();
    let known = !matches!(dtype, Dtype::Other(_)) && !typed_double;
    if need.is_none() || (known && need != Some(data.len())) {
        let need = need.map_or_else(|| "more than memory holds".to_owned(), |n| n.to_string());
        return Err(Fault::Size {
            name,
            dims,
            have: data.len(),
            need,
        });
    }
    let dims = dims.iter().map(|&dim| dim as usize).collect();
    Ok((name, Initializer { dims, dtype, data }))
}
