//! Whisper from Hugging Face's files: tiny.en converted to their layout hears the same.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Tensor};
use janet_kernels::{Exec, Precision};
use janet_models::Step;
use janet_models::ct2::Ct2File;
use janet_models::whisper::decoder::Context as Seen;
use janet_models::whisper::encoder::Encoding;
use janet_models::whisper::{Options, Transcription, Whisper};

#[path = "speech/weights.rs"]
mod weights;
#[path = "speech/words.rs"]
mod words;

const WIDTH: usize = 384;
const LAYERS: usize = 4;

fn clip(name: &str) -> Vec<f32> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/speech");
    words::read_wav(&dir.join(format!("{name}.wav")))
}

fn ct2_dir() -> PathBuf {
    let file = weights::file("whisper-tiny.en", "model.bin");
    file.parent()
        .expect("a file lies in a folder")
        .to_path_buf()
}

/// Takes CTranslate2's tensors apart into `transformers`' names.
struct Converter {
    file: Ct2File,
    out: HashMap<String, Tensor>,
}

impl Converter {
    fn get(&self, name: &str) -> Tensor {
        let dims = self.file.dims(name).expect("there").to_vec();
        self.file.tensor(name, &dims).expect("there")
    }

    fn copy(&mut self, from: &str, to: &str) {
        let tensor = self.get(from);
        self.out.insert(format!("model.{to}"), tensor);
    }

    fn norm(&mut self, from: &str, to: &str) {
        self.copy(&format!("{from}/gamma"), &format!("{to}.weight"));
        self.copy(&format!("{from}/beta"), &format!("{to}.bias"));
    }

    fn linear(&mut self, from: &str, to: &str) {
        for part in ["weight", "bias"] {
            self.copy(&format!("{from}/{part}"), &format!("{to}.{part}"));
        }
    }

    fn split(&mut self, from: &str, to: &str, parts: &[&str]) {
        let weight = self.get(&format!("{from}/weight"));
        let bias = self.get(&format!("{from}/bias"));
        for (at, part) in parts.iter().enumerate() {
            let rows = |x: &Tensor| x.narrow(0, at * WIDTH, WIDTH).and_then(|x| x.contiguous());
            let name = |kind: &str| format!("model.{to}.{part}.{kind}");
            self.out
                .insert(name("weight"), rows(&weight).expect("a third"));
            if *part != "k_proj" {
                self.out.insert(name("bias"), rows(&bias).expect("a third"));
            }
        }
    }

    fn all(mut self) -> HashMap<String, Tensor> {
        for conv in ["conv1", "conv2"] {
            self.linear(&format!("encoder/{conv}"), &format!("encoder.{conv}"));
        }
        self.copy("decoder/embeddings/weight", "decoder.embed_tokens.weight");
        for side in ["encoder", "decoder"] {
            let positions = format!("{side}/position_encodings/encodings");
            self.copy(&positions, &format!("{side}.embed_positions.weight"));
            self.norm(&format!("{side}/layer_norm"), &format!("{side}.layer_norm"));
            for i in 0..LAYERS {
                let (from, to) = (format!("{side}/layer_{i}"), format!("{side}.layers.{i}"));
                let own = format!("{from}/self_attention");
                self.split(
                    &format!("{own}/linear_0"),
                    &format!("{to}.self_attn"),
                    &["q_proj", "k_proj", "v_proj"],
                );
                self.linear(
                    &format!("{own}/linear_1"),
                    &format!("{to}.self_attn.out_proj"),
                );
                self.norm(
                    &format!("{own}/layer_norm"),
                    &format!("{to}.self_attn_layer_norm"),
                );
                self.norm(
                    &format!("{from}/ffn/layer_norm"),
                    &format!("{to}.final_layer_norm"),
                );
                self.linear(&format!("{from}/ffn/linear_0"), &format!("{to}.fc1"));
                self.linear(&format!("{from}/ffn/linear_1"), &format!("{to}.fc2"));
                if side == "decoder" {
                    let (from, to) = (format!("{from}/attention"), format!("{to}.encoder_attn"));
                    self.split(&format!("{from}/linear_0"), &to, &["q_proj"]);
                    self.split(&format!("{from}/linear_1"), &to, &["k_proj", "v_proj"]);
                    self.linear(&format!("{from}/linear_2"), &format!("{to}.out_proj"));
                    self.norm(&format!("{from}/layer_norm"), &format!("{to}_layer_norm"));
                }
            }
        }
        self.out
    }
}

fn converted() -> HashMap<String, Tensor> {
    let file = Ct2File::read(&ct2_dir().join("model.bin")).expect("the weights can be read");
    let converter = Converter {
        file,
        out: HashMap::new(),
    };
    converter.all()
}

/// A folder as Hugging Face's hub has it, with these tensors.
fn folder(tensors: &HashMap<String, Tensor>) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let to = |name: &str| dir.path().join(name);
    candle_core::safetensors::save(tensors, to("model.safetensors")).expect("written");
    std::fs::copy(ct2_dir().join("tokenizer.json"), to("tokenizer.json")).expect("copied");
    let ct2: serde_json::Value =
        serde_json::from_slice(&std::fs::read(ct2_dir().join("config.json")).expect("it is there"))
            .expect("JSON");
    let config = serde_json::json!({
        "model_type": "whisper", "d_model": WIDTH, "encoder_attention_heads": 6,
        "suppress_tokens": ct2["suppress_ids"], "begin_suppress_tokens": ct2["suppress_ids_begin"],
    });
    let generation =
        serde_json::json!({ "alignment_heads": ct2["alignment_heads"], "is_multilingual": false });
    for (name, value) in [
        ("config.json", config),
        ("generation_config.json", generation),
    ] {
        std::fs::write(to(name), value.to_string()).expect("written");
    }
    dir
}

fn load(dir: &Path) -> Whisper {
    Whisper::load_with(dir, Precision::F32, &Exec::cpu(2)).expect("the folder loads")
}

fn hear(whisper: &Whisper, name: &str) -> Transcription {
    let options = Options {
        words: true,
        ..Options::default()
    };
    let mut job = whisper.begin(clip(name), options).expect("fine");
    loop {
        if let Step::Ready(heard) = job.step().expect("a step") {
            return heard;
        }
    }
}

/// The scores of the first token of the text.
fn scores(whisper: &Whisper) -> Vec<f32> {
    let (mel, encoder, decoder) = whisper.stages();
    let frames = mel.spectrogram(&clip("goforward"), 600);
    let mut encoding = Encoding::begin(encoder, &frames.values).expect("they fit");
    let sound = loop {
        if let Step::Ready(sound) = encoding.step().expect("a step") {
            break sound;
        }
    };
    let mut seen = Seen::begin(decoder, 8).expect("room for eight");
    while !seen.listen(&sound).expect("a layer") {}
    let scores = seen.advance(&[50257, 50362]).expect("they fit");
    scores.get(1).and_then(|row| row.to_vec1()).expect("a row")
}

#[test]
fn the_same_weights_in_either_layout_are_the_same_model() {
    let ct2 = load(&ct2_dir());
    let exact = folder(&converted());
    let hf = load(exact.path());
    assert_eq!(ct2.dims(), hf.dims());
    assert_eq!(
        scores(&ct2),
        scores(&hf),
        "the same floats in the same order"
    );
    for name in ["austen_0930", "goforward", "cards_003"] {
        assert_eq!(hear(&ct2, name), hear(&hf, name), "{name}");
    }
}

#[test]
fn halves_and_a_bare_model_load_too() {
    let halves = |x: &Tensor| x.to_dtype(DType::F16).expect("floats");
    let bare = converted()
        .iter()
        .map(|(name, x)| (name.replacen("model.", "", 1), halves(x)))
        .collect();
    let dir = folder(&bare);
    let heard = hear(&load(dir.path()), "goforward");
    assert_eq!(
        words::errors("go forward ten meters", &heard.text),
        0,
        "{}",
        heard.text
    );
}

#[test]
fn a_tensor_that_is_missing_or_misshapen_is_named() {
    let refusal = |tensors: &HashMap<String, Tensor>| {
        let dir = folder(tensors);
        let loaded = Whisper::load_with(dir.path(), Precision::F32, &Exec::cpu(1));
        loaded.expect_err("it is damaged").to_string()
    };
    let mut tensors = converted();
    let name = "model.decoder.layers.2.encoder_attn.v_proj.bias";
    let bias = tensors.remove(name).expect("it is there");
    let error = refusal(&tensors);
    assert!(error.contains(name) && error.contains("missing"), "{error}");
    let short = bias
        .narrow(0, 0, 100)
        .and_then(|x| x.contiguous())
        .expect("a part");
    tensors.insert(name.to_owned(), short);
    let error = refusal(&tensors);
    assert!(
        error.contains(name) && error.contains("[100], expected [384]"),
        "{error}"
    );
    let whole = bias.to_dtype(DType::I64).expect("numbers");
    tensors.insert(name.to_owned(), whole);
    let error = refusal(&tensors);
    assert!(error.contains(name) && error.contains("I64"), "{error}");
}

#[test]
fn a_folder_that_cannot_be_used_says_what_is_wrong() {
    let dir = folder(&converted());
    let load = || {
        let loaded = Whisper::load_with(dir.path(), Precision::F32, &Exec::cpu(1));
        loaded.expect_err("it is damaged").to_string()
    };
    std::fs::write(dir.path().join("config.json"), "{}").expect("written");
    let error = load();
    assert!(
        error.contains("config.json") && error.contains("encoder_attention_heads"),
        "{error}"
    );
    let weights = dir.path().join("model.safetensors");
    let bytes = std::fs::read(&weights).expect("it is there");
    std::fs::write(&weights, &bytes[..bytes.len() / 2]).expect("written");
    assert!(load().contains("model.safetensors"));
    std::fs::remove_file(&weights).expect("it was there");
    let error = load();
    assert!(
        error.contains("model.bin") && error.contains("model.safetensors"),
        "{error}"
    );
    std::fs::write(dir.path().join("model.safetensors.index.json"), "{}").expect("written");
    assert!(load().contains("several parts"));
}
