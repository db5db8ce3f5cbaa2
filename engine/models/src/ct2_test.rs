use super::*;

fn name(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u16 + 1).to_le_bytes());
    out.extend(text.as_bytes());
    out.push(0);
}

fn variable(out: &mut Vec<u8>, of: &str, dims: &[u32], code: u8, data: &[u8]) {
    name(out, of);
    out.push(dims.len() as u8);
    dims.iter().for_each(|d| out.extend(d.to_le_bytes()));
    out.push(code);
    out.extend((data.len() as u32).to_le_bytes());
    out.extend(data);
}

fn sample() -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(6u32.to_le_bytes());
    name(&mut out, "TestSpec");
    out.extend(3u32.to_le_bytes());
    out.extend(4u32.to_le_bytes());
    let halves: Vec<u8> = [1.0f32, -2.0, 0.5, 4.0]
        .iter()
        .flat_map(|v| f16::from_f32(*v).to_le_bytes())
        .collect();
    variable(&mut out, "a/weight", &[2, 2], 4, &halves);
    variable(&mut out, "heads", &[], 2, &6i16.to_le_bytes());
    variable(&mut out, "q/weight", &[2, 2], 1, &[10, 246, 20, 40]);
    let scales: Vec<u8> = [10.0f32, 20.0]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    variable(&mut out, "q/weight_scale", &[2], 0, &scales);
    out.extend(1u32.to_le_bytes());
    name(&mut out, "b/weight");
    name(&mut out, "a/weight");
    out
}

fn parse(bytes: Vec<u8>) -> Result<Ct2File, ModelError> {
    Ct2File::parse(Path::new("model.bin"), bytes)
}

#[test]
fn a_file_gives_its_tensors_integers_and_aliases() {
    let file = parse(sample()).expect("the sample is well formed");
    assert_eq!(file.specification(), ("TestSpec", 3));
    assert_eq!(
        file.values("b/weight").expect("alias"),
        [1.0, -2.0, 0.5, 4.0]
    );
    assert_eq!(file.integer("heads").expect("integer"), 6);
    assert_eq!(
        file.tensor("a/weight", &[2, 2]).expect("tensor").dims(),
        [2, 2]
    );
}

#[test]
fn int8_rows_are_divided_by_their_scales() {
    let file = parse(sample()).expect("the sample is well formed");
    assert_eq!(
        file.values("q/weight").expect("int8"),
        [1.0, -1.0, 1.0, 2.0]
    );
}

#[test]
fn every_truncation_is_an_error_and_never_a_panic() {
    let whole = sample();
    // The file without its alias list is a valid older file.
    let without_aliases = whole.len() - (4 + 2 * (2 + 9));
    for len in (0..whole.len()).filter(|len| *len != without_aliases) {
        let error = parse(whole[..len].to_vec()).expect_err("a truncated file was accepted");
        assert!(error.to_string().contains("truncated"), "{len}: {error}");
    }
}

#[test]
fn another_version_is_refused_by_number() {
    let mut bytes = sample();
    bytes[0] = 5;
    let error = parse(bytes)
        .expect_err("version 5 was accepted")
        .to_string();
    assert!(error.contains("version 5"), "{error}");
}

#[test]
fn a_missing_variable_and_a_wrong_shape_are_named() {
    let file = parse(sample()).expect("the sample is well formed");
    let missing = file
        .values("c/weight")
        .expect_err("there is none")
        .to_string();
    assert!(
        missing.contains("c/weight") && missing.contains("missing"),
        "{missing}"
    );
    let shape = file
        .tensor("a/weight", &[4])
        .expect_err("it is 2 × 2")
        .to_string();
    assert!(shape.contains("[2, 2], expected [4]"), "{shape}");
    assert!(file.integer("a/weight").is_err());
    assert!(file.values("heads").is_err());
}

#[test]
fn a_shape_that_does_not_fill_its_data_is_refused() {
    let mut bytes = Vec::new();
    bytes.extend(6u32.to_le_bytes());
    name(&mut bytes, "S");
    bytes.extend(3u32.to_le_bytes());
    bytes.extend(1u32.to_le_bytes());
    variable(&mut bytes, "w", &[u32::MAX, u32::MAX, u32::MAX], 0, &[0; 8]);
    let error = parse(bytes).expect_err("the shape overflows").to_string();
    assert!(error.contains("does not fill 8 bytes"), "{error}");
}
