//! The ONNX reader on files written byte by byte here, and on damaged ones.

use std::path::Path;

use janet_models::ModelError;
use janet_models::onnx::{Attribute, Dtype, OnnxFile};

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

fn bytes(number: u64, content: &[u8]) -> Vec<u8> {
    [
        varint(number << 3 | 2),
        varint(content.len() as u64),
        content.to_vec(),
    ]
    .concat()
}

fn int(number: u64, value: i64) -> Vec<u8> {
    [varint(number << 3), varint(value as u64)].concat()
}

fn tensor(name: &str, dims: &[i64], kind: i64, content: Vec<u8>) -> Vec<u8> {
    let dims: Vec<u8> = dims.iter().flat_map(|&dim| int(1, dim)).collect();
    [dims, int(2, kind), content, bytes(8, name.as_bytes())].concat()
}

fn model(parts: &[Vec<u8>]) -> Vec<u8> {
    [int(1, 8), bytes(2, b"a test"), bytes(7, &parts.concat())].concat()
}

fn sample() -> Vec<u8> {
    let raw = |values: &[f32]| {
        bytes(
            9,
            &values
                .iter()
                .flat_map(|v| v.to_le_bytes())
                .collect::<Vec<u8>>(),
        )
    };
    let packed = |number, values: &[i64]| {
        bytes(
            number,
            &values
                .iter()
                .flat_map(|&v| varint(v as u64))
                .collect::<Vec<u8>>(),
        )
    };
    let floats = bytes(
        4,
        &[1.5f32, -2.0]
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .collect::<Vec<u8>>(),
    );
    let half = bytes(9, &[0x00, 0x3c, 0x00, 0xc0]);
    let node = [
        bytes(1, b"x"),
        bytes(1, b"w"),
        bytes(2, b"y"),
        bytes(3, b"/conv"),
        bytes(4, b"Conv"),
        bytes(5, &[bytes(1, b"group"), int(3, 1), int(20, 2)].concat()),
        bytes(
            5,
            &[bytes(1, b"pads"), packed(8, &[3, -1]), int(20, 7)].concat(),
        ),
        bytes(
            5,
            &[
                bytes(1, b"alpha"),
                vec![2 << 3 | 5],
                0.5f32.to_le_bytes().to_vec(),
                int(20, 1),
            ]
            .concat(),
        ),
        bytes(
            5,
            &[bytes(1, b"mode"), bytes(4, b"same"), int(20, 3)].concat(),
        ),
    ]
    .concat();
    let constant = [
        bytes(2, b"c"),
        bytes(4, b"Constant"),
        bytes(
            5,
            &[
                bytes(1, b"value"),
                bytes(5, &tensor("", &[], 7, packed(7, &[42]))),
                int(20, 4),
            ]
            .concat(),
        ),
    ]
    .concat();
    model(&[
        bytes(1, &node),
        bytes(1, &constant),
        bytes(5, &tensor("raw", &[2, 2], 1, raw(&[1.0, 2.0, 3.0, 4.0]))),
        bytes(5, &tensor("typed", &[2], 1, floats)),
        bytes(5, &tensor("half", &[2], 10, half)),
        bytes(5, &tensor("small", &[3], 3, packed(5, &[-1, 0, 127]))),
        bytes(5, &tensor("zero", &[1], 2, bytes(9, &[200]))),
        bytes(5, &tensor("long", &[2], 7, packed(7, &[-5, 7]))),
        bytes(5, &tensor("word", &[2], 6, packed(5, &[-5, 7]))),
        bytes(11, &bytes(1, b"x")),
        bytes(12, &bytes(1, b"y")),
    ])
}

fn parse(bytes: &[u8]) -> Result<OnnxFile, ModelError> {
    OnnxFile::parse(bytes, Path::new("sample.onnx"))
}

#[test]
fn tensors_nodes_and_attributes_come_out_as_written() {
    let file = parse(&sample()).expect("the sample is sound");
    let floats = |name: &str| {
        let tensor = file.initializer(name).expect("in the sample");
        (
            tensor.dims.clone(),
            tensor.dtype,
            tensor.to_f32(name).expect("a number type"),
        )
    };
    assert_eq!(
        floats("raw"),
        (vec![2, 2], Dtype::F32, vec![1.0, 2.0, 3.0, 4.0])
    );
    assert_eq!(floats("typed"), (vec![2], Dtype::F32, vec![1.5, -2.0]));
    assert_eq!(floats("half"), (vec![2], Dtype::F16, vec![1.0, -2.0]));
    assert_eq!(
        floats("small"),
        (vec![3], Dtype::I8, vec![-1.0, 0.0, 127.0])
    );
    assert_eq!(floats("zero"), (vec![1], Dtype::U8, vec![200.0]));
    assert_eq!(floats("word"), (vec![2], Dtype::I32, vec![-5.0, 7.0]));
    let long = file
        .initializer("long")
        .and_then(|tensor| tensor.to_i64("long"));
    assert_eq!(long.expect("whole numbers"), [-5, 7]);
    assert_eq!(
        (file.inputs.as_slice(), file.outputs.as_slice()),
        (&["x".to_owned()][..], &["y".to_owned()][..])
    );

    let node = file.node("/conv").expect("in the sample");
    assert_eq!(node.op_type, "Conv");
    assert_eq!(node.inputs, ["x", "w"]);
    assert_eq!(node.attributes["group"], Attribute::Int(1));
    assert_eq!(node.attributes["pads"], Attribute::Ints(vec![3, -1]));
    assert_eq!(node.attributes["alpha"], Attribute::Float(0.5));
    assert_eq!(node.attributes["mode"], Attribute::Text("same".to_owned()));
    let constant = file.constant("c").expect("in the sample");
    assert_eq!(
        (
            constant.dims.len(),
            constant.to_i64("c").expect("whole numbers")
        ),
        (0, vec![42])
    );
}

#[test]
fn a_file_cut_anywhere_is_an_error_or_lacks_what_was_cut() {
    let whole = sample();
    for length in 0..whole.len() {
        // The graph is one length-prefixed field, so no shorter file can be sound.
        assert!(
            parse(&whole[..length]).is_err(),
            "{length} of {} bytes",
            whole.len()
        );
    }
}

#[test]
fn a_damaged_file_never_panics() {
    let whole = sample();
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..20_000 {
        let mut bytes = whole.clone();
        for _ in 0..random.usize(1..6) {
            let at = random.usize(..bytes.len());
            bytes[at] = random.u8(..);
        }
        if let Ok(file) = parse(&bytes) {
            for (name, tensor) in &file.initializers {
                if let Ok(values) = tensor.to_f32(name) {
                    assert!(values.len() <= whole.len(), "{name} grew");
                }
            }
        }
    }
}

#[test]
fn data_in_another_file_is_refused_by_name() {
    let bytes = model(&[bytes(5, &tensor("far", &[1], 1, int(14, 1)))]);
    let error = parse(&bytes).expect_err("external data").to_string();
    assert!(
        error.contains("far") && error.contains("another file"),
        "{error}"
    );
}

#[test]
fn a_shape_that_does_not_fit_its_data_is_refused() {
    for dims in [&[3i64][..], &[-1], &[i64::MAX, 2, 2, 2], &[1 << 40]] {
        let bytes = model(&[bytes(5, &tensor("odd", dims, 1, bytes(9, &[0; 8])))]);
        let error = parse(&bytes).expect_err("wrong shape").to_string();
        assert!(error.contains("odd"), "{error}");
    }
}

#[test]
fn something_else_than_a_model_is_refused() {
    for bytes in [
        &b""[..],
        b"{\"json\": true}",
        b"PK\x03\x04 a zip file",
        &[0xff; 64],
    ] {
        assert!(parse(bytes).is_err());
    }
    let missing = parse(&sample())
        .expect("sound")
        .initializer("nothing")
        .expect_err("not there")
        .to_string();
    assert!(
        missing.contains("nothing") && missing.contains("sample.onnx"),
        "{missing}"
    );
    assert!(matches!(
        OnnxFile::read("no/such/file.onnx"),
        Err(ModelError::Read { .. })
    ));
}
