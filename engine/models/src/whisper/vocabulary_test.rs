use super::*;

/// A tokenizer with two words and these special tokens after them.
fn tokenizer(special: &[&str]) -> String {
    let added: Vec<serde_json::Value> = special
        .iter()
        .enumerate()
        .map(|(i, name)| {
            serde_json::json!({
                "id": i + 2, "content": name, "special": true, "single_word": false,
                "lstrip": false, "rstrip": false, "normalized": false,
            })
        })
        .collect();
    serde_json::json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": added,
        "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": null,
        "model": {"type": "WordLevel", "vocab": {"a": 0, "b": 1}, "unk_token": "a"},
    })
    .to_string()
}

fn load(special: &[&str], rows: usize, multilingual: bool) -> Result<Vocabulary, ModelError> {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("tokenizer.json"), tokenizer(special)).expect("written");
    let settings = Settings {
        multilingual: Some(multilingual),
        ..Settings::default()
    };
    Vocabulary::load(dir.path(), rows, &settings)
}

const END: &str = "<|endoftext|>";
const START: &str = "<|startoftranscript|>";
const TRANSLATE: &str = "<|translate|>";
const TRANSCRIBE: &str = "<|transcribe|>";
const PLAIN: &str = "<|notimestamps|>";

#[test]
fn one_more_language_shifts_every_token_behind_it() {
    let v2 = [END, START, "<|en|>", "<|de|>", TRANSLATE, TRANSCRIBE, PLAIN];
    let v3 = [
        END, START, "<|en|>", "<|de|>", "<|yue|>", TRANSLATE, TRANSCRIBE, PLAIN,
    ];
    let v2 = load(&v2, 20, true).expect("fine");
    let v3 = load(&v3, 20, true).expect("fine");
    let german = |v: &Vocabulary| v.opening(v.language("de").expect("it is there"));
    assert_eq!(german(&v2), [5, 7, 8]);
    assert_eq!(german(&v3), [5, 8, 9]);
    let cantonese = v3.language("yue").expect("it is there");
    assert_eq!(v3.opening(cantonese), [6, 8, 9]);
    assert!(v2.language("yue").is_err());
}

#[test]
fn an_english_model_takes_no_language_though_its_tokenizer_names_some() {
    let tokens = [END, START, "<|en|>", "<|de|>", TRANSLATE, TRANSCRIBE, PLAIN];
    let v = load(&tokens, 20, false).expect("fine");
    assert_eq!(v.opening(v.language("en").expect("English")), [8]);
    assert!(!v.has_to_detect(Language::AUTO));
    let error = v.language("de").expect_err("not English").to_string();
    assert!(
        error.contains("stt.language") && error.contains("English only"),
        "{error}"
    );
}

#[test]
fn an_unknown_language_is_refused_with_some_that_are_known() {
    let tokens = [END, START, "<|en|>", "<|de|>", TRANSLATE, TRANSCRIBE, PLAIN];
    let v = load(&tokens, 20, true).expect("fine");
    let error = v
        .language("klingon")
        .expect_err("no such language")
        .to_string();
    assert!(
        error.contains("klingon") && error.contains("auto, en, de"),
        "{error}"
    );
    assert_eq!(
        v.language(" DE ").expect("tolerant"),
        v.language("de").expect("it is")
    );
}

#[test]
fn tokens_that_are_missing_or_outside_the_model_are_named() {
    let error = load(&[END, START], 20, false)
        .expect_err("no plain")
        .to_string();
    assert!(error.contains(PLAIN), "{error}");
    let tokens = [END, START, PLAIN];
    let error = load(&tokens, 4, false)
        .expect_err("too few rows")
        .to_string();
    assert!(
        error.contains(PLAIN) && error.contains("outside"),
        "{error}"
    );
    let tokens = [END, START, TRANSCRIBE, PLAIN];
    let error = load(&tokens, 20, true)
        .expect_err("no language")
        .to_string();
    assert!(error.contains("<|en|>"), "{error}");
}

/// The smallest safetensors file that a Whisper's sizes can be read from, with 20 tokens.
fn sizes_only() -> Vec<u8> {
    let (mut list, mut end) = (serde_json::Map::new(), 0);
    for (name, shape) in [
        ("encoder.conv1.weight", vec![1, 1, 3]),
        ("encoder.embed_positions.weight", vec![1, 1]),
        ("decoder.embed_positions.weight", vec![1, 1]),
        ("decoder.embed_tokens.weight", vec![20, 1]),
    ] {
        let start = end;
        end += 4 * shape.iter().product::<usize>();
        let tensor =
            serde_json::json!({"dtype": "F32", "shape": shape, "data_offsets": [start, end]});
        list.insert(name.to_owned(), tensor);
    }
    let list = serde_json::Value::from(list).to_string();
    let length = (list.len() as u64).to_le_bytes();
    [&length, list.as_bytes(), &vec![0; end]].concat()
}

#[test]
fn a_language_is_judged_before_the_model_is_loaded() {
    use super::super::check_language;
    let dir = tempfile::tempdir().expect("a folder");
    let put = |name: &str, bytes: &[u8]| {
        std::fs::write(dir.path().join(name), bytes).expect("written");
    };
    let tokens = [END, START, "<|en|>", "<|de|>", TRANSLATE, TRANSCRIBE, PLAIN];
    put("tokenizer.json", tokenizer(&tokens).as_bytes());
    put("model.safetensors", &sizes_only());
    put("config.json", br#"{"encoder_attention_heads": 1}"#);
    check_language(dir.path(), "en").expect("everybody hears it");
    let error = check_language(dir.path(), "de").expect_err("it has few tokens");
    assert!(error.to_string().contains("English only"), "{error}");
    let multilingual = br#"{"encoder_attention_heads": 1, "is_multilingual": true}"#;
    put("config.json", multilingual);
    check_language(dir.path(), "de").expect("it is one of them");
    let error = check_language(dir.path(), "xx").expect_err("nobody speaks it");
    assert!(error.to_string().contains("no language \"xx\""), "{error}");
}
