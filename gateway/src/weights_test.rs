use super::*;
use crate::config::{Config, Environment, Request, load};

/// These settings with the store in `home`.
fn config(home: &Path, settings: &[(&str, &str)]) -> Config {
    let path = home.to_string_lossy().into_owned();
    let environment = Environment::from_pairs([("JANET_HOME".into(), path)]);
    let flags = settings
        .iter()
        .map(|(key, value)| ("--set".into(), (*key).into(), (*value).into()));
    let request = Request {
        flags: flags.collect(),
        ..Request::default()
    };
    let (config, _) = load(&request, &environment).expect("a good configuration");
    config
}

/// What is said of these settings with the store in `home`.
fn refusal_in(home: &Path, settings: &[(&str, &str)]) -> String {
    locate(&config(home, settings).models, "test")
        .expect_err("not everything is there")
        .to_string()
}

/// The same with an empty store.
fn refusal(settings: &[(&str, &str)]) -> String {
    let home = tempfile::tempdir().expect("a temporary folder");
    refusal_in(home.path(), settings)
}

#[test]
fn a_model_that_was_not_pulled_is_named_with_every_way_to_get_it() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let error = refusal_in(home.path(), &[]);
    let file = "models/silero-vad-6.2/silero_vad_16k.safetensors";
    for part in [
        "silero_vad_16k.safetensors is missing",
        "`janet models pull silero-vad-6.2`",
        "pip:silero-vad==",
        "--from FILE",
        "--set models.vad=file:PATH",
        &home.path().join(file).display().to_string(),
    ] {
        assert!(error.contains(part), "{part} is not in: {error}");
    }
    assert!(!error.contains("offline"), "{error}");
    assert!(!home.path().join("models").exists(), "nothing was made");
    let error = refusal(&[("models.offline", "true")]);
    assert!(error.contains("not while offline: flag --set"), "{error}");
}

#[test]
fn an_unknown_model_is_refused_with_those_that_exist() {
    let error = refusal(&[("models.vad", "deaf-1.0")]);
    assert!(
        error.contains("deaf-1.0") && error.contains("silero-vad-6.2"),
        "{error}"
    );
}

#[test]
fn a_model_of_another_trade_is_refused() {
    let error = refusal(&[("models.vad", "whisper-base")]);
    assert!(
        error.contains("`models.vad`") && error.contains("stt"),
        "{error}"
    );
}

/// A GGUF file of version 3 with these texts as its metadata and no weights.
fn gguf(texts: &[(&str, &str)], numbers: &[(&str, u32)]) -> Vec<u8> {
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    bytes.extend(0u64.to_le_bytes());
    bytes.extend(((texts.len() + numbers.len()) as u64).to_le_bytes());
    let text = |bytes: &mut Vec<u8>, text: &str| {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    };
    for (key, value) in texts {
        text(&mut bytes, key);
        bytes.extend(8u32.to_le_bytes());
        text(&mut bytes, value);
    }
    for (key, value) in numbers {
        text(&mut bytes, key);
        bytes.extend(4u32.to_le_bytes());
        bytes.extend(value.to_le_bytes());
    }
    bytes
}

/// What is said of a language model's file with these bytes, when all other models are there.
fn gguf_refusal(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("mine.gguf");
    std::fs::write(&path, bytes).expect("writable");
    let found = Found::Own { key: "llm", path };
    found.gguf().expect_err("it is refused").to_string()
}

#[test]
fn what_is_wrong_with_a_gguf_file_is_said() {
    let error = gguf_refusal(b"PK\x03\x04 a zip, perhaps");
    assert!(
        error.contains("`models.llm`") && error.contains("not GGUF"),
        "{error}"
    );
    let error = gguf_refusal(b"");
    assert!(error.contains("mine.gguf"), "{error}");
    let error = gguf_refusal(&gguf(&[("general.architecture", "mamba")], &[]));
    for part in ["\"mamba\" is not supported", "llama", "qwen2", "qwen3"] {
        assert!(error.contains(part), "{part} is not in: {error}");
    }
    let llama = [
        ("llama.block_count", 1),
        ("llama.attention.head_count", 1),
        ("llama.embedding_length", 64),
        ("llama.context_length", 512),
    ];
    let error = gguf_refusal(&gguf(&[("general.architecture", "llama")], &llama));
    assert!(error.contains("layer_norm_rms_epsilon"), "{error}");
    let mut whole = gguf(&[("general.architecture", "llama")], &llama);
    // One more: a float.
    whole[16] += 1;
    let key = "llama.attention.layer_norm_rms_epsilon";
    whole.extend((key.len() as u64).to_le_bytes());
    whole.extend(key.as_bytes());
    whole.extend(6u32.to_le_bytes());
    whole.extend(1e-5f32.to_le_bytes());
    let error = gguf_refusal(&whole);
    assert!(error.contains("it holds no tokenizer"), "{error}");
}

#[test]
fn verify_is_advised_for_files_of_the_store_only() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let models = |llm: &str| config(home.path(), &[("models.llm", llm)]).models;
    let damaged = |role| EngineError::Model {
        role,
        source: ModelError::Format {
            path: "w".into(),
            reason: "it is cut short".to_owned(),
        },
    };
    let named = models("smollm2-135m-instruct-q4_1");
    assert!(advice(&named, &damaged("llm")).contains("`janet models verify`"));
    let own = models("file:/mine.gguf");
    assert_eq!(advice(&own, &damaged("llm")), "");
    assert!(advice(&own, &damaged("stt")).contains("`janet models verify`"));
    let setting = EngineError::Model {
        role: "stt",
        source: ModelError::Input {
            what: "language",
            reason: "it is not known".to_owned(),
        },
    };
    assert_eq!(advice(&named, &setting), "");
    assert_eq!(advice(&named, &EngineError::Ended), "");
}

#[test]
fn paths_are_told_from_names_and_must_lead_to_something() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let here = folder.path().display().to_string();
    let error = refusal(&[("models.vad", &format!("{here}/x.safetensors"))]);
    assert!(
        error.contains(&format!("\"file:{here}/x.safetensors\"")),
        "{error}"
    );
    let own = |path: PathBuf| Found::Own { key: "voice", path };
    let onnx = folder.path().join("v.onnx");
    let error = own(onnx.clone())
        .file(".onnx")
        .expect_err("nothing is there");
    assert!(error.to_string().contains("no such file"), "{error}");
    std::fs::write(&onnx, "x").expect("writable");
    assert_eq!(own(onnx.clone()).file(".onnx").expect("it is there"), onnx);
    let error = own(onnx)
        .file(".onnx.json")
        .expect_err("it has no configuration");
    assert!(
        error
            .to_string()
            .contains("v.onnx.json: there is no such file"),
        "{error}"
    );
    let error = own(folder.path().into())
        .file(".onnx")
        .expect_err("it is a folder");
    assert!(error.to_string().contains("is a folder"), "{error}");
    let stt = Found::Own {
        key: "stt",
        path: folder.path().into(),
    };
    let error = stt.folder().expect_err("it holds no Whisper").to_string();
    assert!(
        error.contains("`models.stt`") && error.contains("model.bin"),
        "{error}"
    );
}

#[test]
fn a_voice_s_configuration_may_be_named_voice_json() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let put = |name: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, "{}").expect("writable");
        path
    };
    let voice = Found::Own {
        key: "voice",
        path: put("voice.onnx"),
    };
    let found = || voice.file(".onnx.json").ok();
    assert_eq!(found(), None);
    std::fs::create_dir(folder.path().join("voice.json")).expect("writable");
    assert_eq!(found(), None, "a folder is none");
    std::fs::remove_dir(folder.path().join("voice.json")).expect("it is empty");
    let shorter = put("voice.json");
    assert_eq!(found(), Some(shorter));
    // The name that Piper gives it comes first.
    let longer = put("voice.onnx.json");
    assert_eq!(found(), Some(longer));
}

#[test]
fn a_whisper_is_taken_in_either_layout() {
    let head = r#"{"model.encoder.conv1.weight":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#;
    let length = (head.len() as u64).to_le_bytes();
    let safetensors = [&length[..], head.as_bytes()].concat();
    let layouts: [(&str, &[u8]); 2] = [
        ("model.bin", b"\x06\0\0\0\x0c\0WhisperSpec\0"),
        ("model.safetensors", &safetensors),
    ];
    for (name, bytes) in layouts {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let put = |name: &str, bytes: &[u8]| {
            std::fs::write(folder.path().join(name), bytes).expect("writable");
        };
        put("config.json", b"{}");
        put("tokenizer.json", b"{}");
        put(name, bytes);
        let path = folder.path().to_path_buf();
        let stt = Found::Own { key: "stt", path };
        assert_eq!(stt.folder().expect(name), folder.path());
    }
}
