//! Whisper against CTranslate2, on speech, and on everything that is no speech.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use candle_core::{Device, Tensor};
use janet_kernels::{Exec, Precision};
use janet_models::Step;
use janet_models::whisper::decoder::Context as Seen;
use janet_models::whisper::encoder::Encoding;
use janet_models::whisper::{Context, Options, TranscribeJob, Transcription, Whisper};

#[path = "speech/weights.rs"]
mod weights;
#[path = "speech/words.rs"]
mod words;

const CLIPS: [(&str, &str); 3] = [
    (
        "austen_0930",
        "he might even have been made amiable himself",
    ),
    ("goforward", "go forward ten meters"),
    ("cards_003", "seven of clubs"),
];

fn clip(name: &str) -> Vec<f32> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/speech");
    words::read_wav(&dir.join(format!("{name}.wav")))
}

fn dir() -> PathBuf {
    let file = weights::file("whisper-tiny.en", "model.bin");
    file.parent()
        .expect("a file lies in a folder")
        .to_path_buf()
}

#[test]
fn what_can_be_loaded_passes_the_check() {
    janet_models::whisper::check(&dir()).expect("it is a Whisper of CTranslate2");
}

fn load(precision: Precision) -> Whisper {
    Whisper::load_with(&dir(), precision, &Exec::cpu(2)).expect("the weights in the store load")
}

/// As the product loads it.
fn whisper() -> &'static Whisper {
    static MODEL: OnceLock<Whisper> = OnceLock::new();
    MODEL.get_or_init(|| load(Precision::Q8))
}

fn exact() -> &'static Whisper {
    static MODEL: OnceLock<Whisper> = OnceLock::new();
    MODEL.get_or_init(|| load(Precision::F32))
}

fn finish(mut job: TranscribeJob) -> (Transcription, usize) {
    let mut steps = 0;
    loop {
        steps += 1;
        if let Step::Ready(heard) = job.step().expect("a step") {
            return (heard, steps);
        }
    }
}

fn hear(pcm: Vec<f32>) -> Transcription {
    let job = whisper().begin(pcm, Options::default());
    finish(job.expect("the sound is fine")).0
}

fn reference(name: &str) -> Tensor {
    let bytes = include_bytes!("../fixtures/whisper.safetensors");
    let all = candle_core::safetensors::load_buffer(bytes, &Device::Cpu);
    let mut all = all.expect("the fixture is a safetensors file");
    all.remove(name).expect("the fixture has this tensor")
}

fn floats(x: &Tensor) -> Vec<f32> {
    let x = x.flatten_all().expect("any shape can be flat");
    x.to_vec1().expect("f32 values")
}

fn worst(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max)
}

/// The encoder's vectors for the fixture's clip with 10 s of context.
fn encode(whisper: &Whisper) -> Tensor {
    let (mel, encoder, _) = whisper.stages();
    let frames = mel.spectrogram(&clip("goforward"), 1000);
    let mut encoding = Encoding::begin(encoder, &frames.values).expect("1000 frames fit");
    loop {
        if let Step::Ready(sound) = encoding.step().expect("a step") {
            return sound;
        }
    }
}

fn every_20th(sound: &Tensor) -> Vec<f32> {
    let rows: Vec<u32> = (0..500).step_by(20).collect();
    let rows = Tensor::new(rows.as_slice(), &Device::Cpu).expect("a list of rows");
    floats(&sound.index_select(&rows, 0).expect("500 rows"))
}

#[test]
fn the_spectrogram_is_that_of_faster_whisper() {
    let (mel, _, _) = whisper().stages();
    let ours = mel.spectrogram(&clip("goforward"), 1000);
    let theirs = floats(&reference("mel").t().expect("a matrix"));
    let off = worst(&ours.values[100 * 80..140 * 80], &theirs);
    // f32 transforms here, f64 there.
    assert!(off < 1e-3, "off by {off}");
}

#[test]
fn in_floats_the_encoder_is_that_of_ctranslate2() {
    let off = worst(&every_20th(&encode(exact())), &floats(&reference("sound")));
    // Values reach 20; f32 sums in another order through four layers.
    assert!(off < 5e-3, "off by {off}");
}

#[test]
fn with_8_bit_weights_the_encoder_points_the_same_way() {
    let (ours, theirs) = (every_20th(&encode(whisper())), floats(&reference("sound")));
    for (a, b) in ours.chunks(384).zip(theirs.chunks(384)) {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
        assert!(cosine > 0.99, "cosine {cosine}");
    }
}

#[test]
fn the_decoder_scores_are_those_of_ctranslate2() {
    let whisper = exact();
    let (_, _, decoder) = whisper.stages();
    let mut seen = Seen::begin(decoder, 16).expect("room for 16 tokens");
    let sound = encode(whisper);
    while !seen.listen(&sound).expect("a layer") {}
    let scores = seen.advance(&[50257, 50362]).expect("two tokens fit");
    let scores: Vec<f32> = scores.get(1).and_then(|s| s.to_vec1()).expect("two rows");
    let ids: Vec<i64> = reference("ids").to_vec1().expect("ids");
    let ours: Vec<f32> = ids.iter().map(|id| scores[*id as usize]).collect();
    let theirs = floats(&reference("scores"));
    // Scores are only defined up to a common addend.
    let relative = |v: &[f32]| v.iter().map(|s| s - v[0]).collect::<Vec<_>>();
    let off = worst(&relative(&ours), &relative(&theirs));
    assert!(off < 0.02, "off by {off}");
}

#[test]
fn the_result_is_that_of_ctranslate2() {
    let options = Options {
        context: Context::Frames(1000),
        ..Options::default()
    };
    let job = exact()
        .begin(clip("goforward"), options)
        .expect("the sound is fine");
    let (heard, _) = finish(job);
    let tokens: Vec<i64> = reference("tokens").to_vec1().expect("ids");
    let ours: Vec<i64> = heard.tokens.iter().map(|id| i64::from(*id)).collect();
    assert_eq!(ours, tokens);
    let no_speech = floats(&reference("no_speech"))[0];
    assert!(
        (heard.no_speech - no_speech).abs() < 1e-3,
        "{}",
        heard.no_speech
    );
}

#[test]
fn speech_is_written_down_without_a_word_error() {
    for (name, said) in CLIPS {
        let heard = hear(clip(name));
        assert_eq!(
            words::errors(said, &heard.text),
            0,
            "{name}: {}",
            heard.text
        );
        assert!(
            !heard.repeated && heard.avg_logprob > -1.0,
            "{name}: {heard:?}"
        );
    }
}

#[test]
fn faint_speech_is_heard_too() {
    let faint = clip("goforward").iter().map(|v| v * 0.01).collect();
    let heard = hear(faint);
    assert_eq!(
        words::errors("go forward ten meters", &heard.text),
        0,
        "{}",
        heard.text
    );
}

#[test]
fn a_partial_pass_looks_once_and_keeps_its_token_limit() {
    let job = whisper()
        .begin(clip("austen_0930"), Options::partial(4))
        .expect("fine");
    let (heard, _) = finish(job);
    assert_eq!((heard.tokens.len(), heard.more_looks), (4, 0));
    assert!(heard.text.starts_with("He might even"), "{}", heard.text);
}

#[test]
fn sound_of_more_than_30_seconds_is_heard_in_windows() {
    let mut random = fastrand::Rng::with_seed(1);
    let mut pcm = Vec::new();
    for (name, _) in CLIPS {
        pcm.extend(clip(name));
        // A room, not digital silence.
        pcm.extend((0..15 * 16_000).map(|_| (random.f32() - 0.5) * 0.002));
    }
    assert!(pcm.len() > 48 * 16_000);
    let said = CLIPS.map(|(_, said)| said).join(" ");
    let heard = hear(pcm);
    assert!(words::errors(&said, &heard.text) <= 2, "{heard:?}");
}

/// Sounds of `seconds` without speech, by name.
fn no_speech(seconds: usize) -> Vec<(&'static str, Vec<f32>)> {
    let mut random = fastrand::Rng::with_seed(7);
    let n = seconds * 16_000;
    let sine = |hz: f32, i: usize| (std::f32::consts::TAU * hz * i as f32 / 16_000.0).sin();
    let mut brown = 0.0;
    let mut note = 262.0;
    vec![
        ("silence", vec![0.0; n]),
        (
            "dither",
            (0..n).map(|_| (random.f32() - 0.5) / 16_384.0).collect(),
        ),
        ("loud noise", (0..n).map(|_| random.f32() - 0.5).collect()),
        (
            "room noise",
            (0..n).map(|_| (random.f32() - 0.5) * 0.003).collect(),
        ),
        (
            "rumble",
            (0..n)
                .map(|_| {
                    brown = brown * 0.99 + (random.f32() - 0.5) * 0.02;
                    brown
                })
                .collect(),
        ),
        ("tone", (0..n).map(|i| 0.3 * sine(440.0, i)).collect()),
        (
            "hum",
            (0..n).map(|i| 0.1 * sine(50.0, i).signum()).collect(),
        ),
        (
            "chord",
            (0..n)
                .map(|i| 0.1 * (sine(261.6, i) + sine(329.6, i) + sine(392.0, i)))
                .collect(),
        ),
        (
            "melody",
            (0..n)
                .map(|i| {
                    if i % 4000 == 0 {
                        note = *random
                            .choice(&[262.0, 294.0, 330.0, 349.0, 392.0])
                            .unwrap_or(&262.0);
                    }
                    let fade = (-4.0 * (i % 4000) as f32 / 16_000.0).exp();
                    0.2 * fade
                        * (sine(note, i) + 0.5 * sine(2.0 * note, i) + 0.3 * sine(3.0 * note, i))
                })
                .collect(),
        ),
    ]
}

#[test]
fn where_nobody_speaks_there_is_no_text() {
    for seconds in [1, 3] {
        for (name, pcm) in no_speech(seconds) {
            let heard = hear(pcm);
            assert_eq!(heard.text, "", "{seconds} s of {name}: {heard:?}");
            assert!(heard.no_speech > 0.3, "{seconds} s of {name}: {heard:?}");
        }
    }
}

#[test]
fn nothing_and_next_to_nothing_give_empty_text() {
    for samples in [0, 1, 159, 799] {
        assert_eq!(hear(vec![0.1; samples]).text, "", "{samples} samples");
    }
}

#[test]
fn samples_that_are_no_numbers_are_refused_by_position() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut pcm = vec![0.0; 1000];
        pcm[23] = bad;
        let error = whisper()
            .begin(pcm, Options::default())
            .expect_err("accepted");
        assert!(error.to_string().contains("sample 23"), "{error}");
    }
}

#[test]
fn samples_far_beyond_full_scale_do_no_harm() {
    hear(vec![f32::MAX; 16_000]);
    hear(clip("goforward").iter().map(|v| v * 1e4).collect());
}

#[test]
fn jobs_that_take_turns_do_not_hear_each_other() {
    let begin = |name| {
        whisper()
            .begin(clip(name), Options::default())
            .expect("fine")
    };
    let (mut a, mut b) = (begin("goforward"), begin("austen_0930"));
    // A third one is dropped half way.
    let mut dropped = begin("cards_003");
    let (mut heard_a, mut heard_b) = (None, None);
    for turn in 0..10_000 {
        if turn < 5 {
            assert_eq!(dropped.step().expect("a step"), Step::More);
        }
        if heard_a.is_none()
            && let Step::Ready(heard) = a.step().expect("a step")
        {
            heard_a = Some(heard.text);
        }
        if heard_b.is_none()
            && let Step::Ready(heard) = b.step().expect("a step")
        {
            heard_b = Some(heard.text);
        }
        if heard_a.is_some() && heard_b.is_some() {
            break;
        }
    }
    assert_eq!(heard_a, Some(hear(clip("goforward")).text));
    assert_eq!(heard_b, Some(hear(clip("austen_0930")).text));
}

#[test]
fn a_long_sound_takes_many_short_steps() {
    let steps = |seconds: usize| {
        let pcm = (0..seconds * 16_000)
            .map(|i| (i as f32 * 0.01).sin() * 0.1)
            .collect();
        let options = Options {
            max_tokens: 1,
            context: Context::Frames(0),
            ..Options::default()
        };
        finish(whisper().begin(pcm, options).expect("fine")).1
    };
    assert!(steps(24) > 2 * steps(4));
}

#[test]
fn stepping_after_the_end_is_an_error() {
    let mut job = whisper()
        .begin(Vec::new(), Options::default())
        .expect("fine");
    assert!(matches!(job.step(), Ok(Step::Ready(_))));
    assert!(job.step().is_err());
}

#[test]
fn warming_up_is_quiet() {
    whisper().warm_up().expect("silence is fine");
}

#[test]
fn a_damaged_or_foreign_folder_is_refused_with_a_reason() {
    let folder = tempfile::tempdir().expect("a folder for the damaged files");
    let load = || {
        let loaded = Whisper::load(folder.path(), &Exec::cpu(1));
        loaded
            .expect_err("a damaged folder was accepted")
            .to_string()
    };
    assert!(load().contains("model.bin"));
    let whole = std::fs::read(dir().join("model.bin")).expect("the weights can be read");
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(folder.path().join(name), bytes).expect("the folder is writable");
    };
    write("model.bin", &whole);
    assert!(load().contains("config.json"));
    write("config.json", b"{}");
    write("model.bin", &whole[..whole.len() / 3]);
    assert!(load().contains("truncated"));
    let mut foreign = whole.clone();
    let name = foreign
        .windows(11)
        .position(|w| w == b"WhisperSpec")
        .expect("a name");
    foreign[name..name + 11].copy_from_slice(b"GibberrSpec");
    write("model.bin", &foreign);
    assert!(load().contains("GibberrSpec"));
    write("model.bin", &whole);
    assert!(load().contains("tokenizer.json"));
    write("tokenizer.json", b"{}");
    assert!(load().contains("tokenizer.json"));
}

#[test]
fn the_multilingual_base_model_hears_english() {
    let dir = weights::file("whisper-base", "model.bin");
    let dir = dir.parent().expect("a file lies in a folder");
    let whisper = Whisper::load(dir, &Exec::cpu(2)).expect("the weights in the store load");
    let job = whisper
        .begin(clip("austen_0930"), Options::default())
        .expect("fine");
    let (heard, _) = finish(job);
    assert_eq!(words::errors(CLIPS[0].1, &heard.text), 0, "{}", heard.text);
}
