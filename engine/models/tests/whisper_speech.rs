//! Whisper's languages, word times, draws and long sounds, on real weights and against
//! faster-whisper.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use janet_kernels::{Exec, Precision};
use janet_models::whisper::{Context, Language, Options, TranscribeJob, Transcription, Whisper};
use janet_models::{Step, silero, vits};

#[path = "speech/weights.rs"]
mod weights;
#[path = "speech/words.rs"]
mod words;

const CLIPS: [&str; 3] = ["austen_0930", "goforward", "cards_003"];

fn clip(name: &str) -> Vec<f32> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/speech");
    words::read_wav(&dir.join(format!("{name}.wav")))
}

fn dir(model: &str) -> PathBuf {
    let file = weights::file(model, "model.bin");
    file.parent()
        .expect("a file lies in a folder")
        .to_path_buf()
}

fn tiny() -> &'static Whisper {
    static MODEL: OnceLock<Whisper> = OnceLock::new();
    MODEL.get_or_init(|| {
        Whisper::load(&dir("whisper-tiny.en"), &Exec::cpu(2)).expect("the weights load")
    })
}

fn base() -> &'static Whisper {
    static MODEL: OnceLock<Whisper> = OnceLock::new();
    MODEL.get_or_init(|| {
        Whisper::load(&dir("whisper-base"), &Exec::cpu(2)).expect("the weights load")
    })
}

fn finish(mut job: TranscribeJob) -> Transcription {
    loop {
        if let Step::Ready(heard) = job.step().expect("a step") {
            return heard;
        }
    }
}

fn hear(whisper: &Whisper, pcm: Vec<f32>, options: Options) -> Transcription {
    finish(whisper.begin(pcm, options).expect("the sound is fine"))
}

/// What faster-whisper found; see `fixtures/make_whisper_words.py`.
#[derive(serde::Deserialize)]
struct Reference {
    language: std::collections::HashMap<String, Heard>,
    words: std::collections::HashMap<String, Vec<Timed>>,
}

#[derive(serde::Deserialize)]
struct Heard {
    code: String,
    probability: f32,
}

#[derive(serde::Deserialize)]
struct Timed {
    word: String,
    start: f32,
    end: f32,
    probability: f32,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("../fixtures/whisper_words.json")).expect("the fixture")
}

#[test]
fn in_floats_the_language_is_as_probable_as_for_faster_whisper() {
    let exact = Whisper::load_with(&dir("whisper-base"), Precision::F32, &Exec::cpu(2));
    let exact = exact.expect("the weights load");
    let options = Options {
        context: Context::Frames(3000),
        max_tokens: 1,
        ..Options::default()
    };
    let reference = reference();
    for name in CLIPS {
        let heard = hear(&exact, clip(name), options.clone());
        let (ours, theirs) = (heard.language.expect("one"), &reference.language[name]);
        assert_eq!(ours.code, theirs.code, "{name}");
        let off = (ours.probability - theirs.probability).abs();
        assert!(
            off < 2e-3,
            "{name}: {} for {}",
            ours.probability,
            theirs.probability
        );
    }
}

#[test]
fn as_the_product_listens_english_is_heard_as_english() {
    for name in CLIPS {
        let heard = hear(base(), clip(name), Options::default());
        let language = heard.language.expect("a multilingual model says one");
        assert_eq!(language.code, "en", "{name}");
        assert!(language.probability > 0.5, "{name}: {language:?}");
    }
    let heard = hear(tiny(), clip("goforward"), Options::default());
    assert_eq!(
        heard.language, None,
        "an English-only model is asked nothing"
    );
}

#[test]
fn a_language_that_is_told_changes_the_prompt_and_the_text() {
    let german = base().language("de").expect("base knows German");
    let (english, told) = (base().opening(Language::AUTO), base().opening(german));
    assert_eq!(english.len(), 4);
    let changed: Vec<bool> = english.iter().zip(&told).map(|(a, b)| a != b).collect();
    assert_eq!(changed, [false, true, false, false], "{english:?} {told:?}");
    let options = Options {
        language: german,
        ..Options::default()
    };
    let heard = hear(base(), clip("austen_0930"), options);
    let spoken = heard.language.expect("it was told");
    assert_eq!((spoken.code.as_str(), spoken.probability), ("de", 1.0));
    let english = hear(base(), clip("austen_0930"), Options::default());
    assert_ne!(
        heard.text, english.text,
        "its own language is heard otherwise"
    );
}

#[test]
fn a_language_that_the_model_does_not_know_is_refused() {
    let error = base().language("tlh").expect_err("Klingon").to_string();
    assert!(
        error.contains("\"tlh\"") && error.contains("en, zh, de"),
        "{error}"
    );
    let error = tiny().language("de").expect_err("English only").to_string();
    assert!(error.contains("whisper-base"), "{error}");
    assert_eq!(tiny().language("en").expect("its own"), Language::AUTO);
}

#[test]
fn words_are_where_faster_whisper_finds_them() {
    let options = Options {
        words: true,
        ..Options::default()
    };
    let reference = reference();
    let mut off = Vec::new();
    for name in CLIPS {
        let heard = hear(tiny(), clip(name), options.clone());
        let theirs = &reference.words[name];
        let plain = |text: &str| words::normal(text).join(" ");
        let ours: Vec<String> = heard.words.iter().map(|w| plain(&w.text)).collect();
        let other: Vec<String> = theirs.iter().map(|w| plain(&w.word)).collect();
        assert_eq!(ours, other, "{name}");
        for (a, b) in heard.words.iter().zip(theirs) {
            println!(
                "{name} {a:?} / {:.2} {:.2} {:.2}",
                b.start, b.end, b.probability
            );
            off.push((a.start_s - b.start).abs());
            off.push((a.end_s - b.end).abs());
            assert!(
                a.start_s <= a.end_s && (0.0..=1.0).contains(&a.probability),
                "{a:?}"
            );
        }
        let joined: Vec<&str> = heard.words.iter().map(|w| w.text.as_str()).collect();
        assert_eq!(joined.join(" "), heard.text, "words and text say the same");
    }
    off.sort_by(f32::total_cmp);
    let median = off[off.len() / 2];
    assert!(median <= 0.1, "median {median}: {off:?}");
    assert!(off[off.len() * 9 / 10] <= 0.3, "{off:?}");
}

#[test]
fn words_cost_nothing_unless_they_are_asked_for() {
    let steps = |words| {
        let options = Options {
            words,
            ..Options::default()
        };
        let mut job = tiny().begin(clip("goforward"), options).expect("fine");
        let mut steps = 1;
        loop {
            match job.step().expect("a step") {
                Step::Ready(heard) => return (steps, heard.words.len()),
                Step::More => steps += 1,
            }
        }
    };
    let (plain, timed) = (steps(false), steps(true));
    assert_eq!((plain.1, timed.1), (0, 4));
    assert!(timed.0 > plain.0 + 8, "{plain:?} {timed:?}");
}

/// Speech backwards: a voice without words, so the greedy text is a guess.
fn hopeless() -> Vec<f32> {
    let mut pcm = clip("austen_0930");
    pcm.reverse();
    pcm
}

#[test]
fn a_guessed_text_is_drawn_anew_and_a_good_one_is_not() {
    let options = Options {
        voiced: true,
        seed: 1,
        ..Options::default()
    };
    for name in CLIPS {
        assert_eq!(hear(tiny(), clip(name), options.clone()).draws, 0, "{name}");
    }
    let heard = hear(tiny(), hopeless(), options.clone());
    assert!((1..=5).contains(&heard.draws), "{heard:?}");
    assert_eq!(
        heard,
        hear(tiny(), hopeless(), options),
        "a seed repeats itself"
    );
}

#[test]
fn no_draw_begins_after_the_deadline_and_one_under_way_ends_at_it() {
    let begun = Instant::now();
    let deadline = begun + Duration::from_secs(1);
    let options = Options {
        voiced: true,
        deadline: Some(deadline),
        ..Options::default()
    };
    // Time stands still, or is up already: steps and draws until the end.
    let run = |late_after: usize| {
        let mut job = tiny().begin(hopeless(), options.clone()).expect("fine");
        let mut steps = 0;
        loop {
            let now = if steps < late_after { begun } else { deadline };
            steps += 1;
            if let Step::Ready(heard) = job.step_at(now).expect("a step") {
                return (steps, heard.draws);
            }
        }
    };
    let (all, draws) = run(usize::MAX);
    assert!(draws > 0);
    let (least, none) = run(0);
    assert_eq!(none, 0);
    assert!(least < all);
    // Two steps into the first draw.
    assert_eq!(run(least + 2), (least + 3, 1));
}

/// Stretches of speech by the product's VAD.
fn speech(pcm: &[f32]) -> Vec<std::ops::Range<usize>> {
    let file = weights::file("silero-vad-6.2", "silero_vad_16k.safetensors");
    let vad = silero::Vad::load(&file).expect("the weights load");
    silero::speech(&vad, pcm)
}

/// What the voice says in the long recording: no sentence twice, for the model loses count of those.
const SENTENCES: [&str; 24] = [
    "The train to the north leaves at seven in the morning.",
    "My sister has bought a small house near the river.",
    "Please put the blue cup back on the kitchen table.",
    "We walked through the forest until it was dark.",
    "The doctor said that he should drink more water.",
    "Nobody knows who left the window open last night.",
    "A good teacher listens before she explains.",
    "The market opens early, but the bread is gone by noon.",
    "They painted the old fence green and white.",
    "I would like a table for four people, please.",
    "The dog slept under the chair while it rained.",
    "Her brother works in a hospital on the hill.",
    "The letter arrived three days too late.",
    "Can you tell me where the library is?",
    "It was so cold that the lake was frozen.",
    "He reads the newspaper after dinner every day.",
    "The children built a castle out of sand.",
    "Our flight was delayed because of the storm.",
    "She plays the piano better than her father.",
    "Turn left at the church and cross the bridge.",
    "The farmer has twelve cows and a white horse.",
    "I forgot my umbrella in the office again.",
    "The museum is closed on the first of May.",
    "Thank you for waiting so long.",
];

/// A sentence by the product's voice, at 16 kHz.
fn spoken(voice: &vits::Voice, text: &str) -> Vec<f32> {
    let mut job = voice
        .begin(text, vits::SpeakOptions::default())
        .expect("a plain sentence");
    let mut sound = Vec::new();
    loop {
        match job.step().expect("a step") {
            vits::SpeakStep::More => {}
            vits::SpeakStep::Sound { samples, .. } => sound.extend_from_slice(&samples),
            vits::SpeakStep::Done => break,
        }
    }
    let ratio = voice.sample_rate_hz() as f32 / 16_000.0;
    let samples = (sound.len() as f32 / ratio) as usize;
    (0..samples.saturating_sub(1))
        .map(|at| {
            let (whole, part) = ((at as f32 * ratio) as usize, (at as f32 * ratio).fract());
            sound[whole] * (1.0 - part) + sound[(whole + 1).min(sound.len() - 1)] * part
        })
        .collect()
}

#[test]
fn nothing_is_lost_or_doubled_where_windows_meet() {
    let onnx = weights::file("piper-en_US-joe-medium", "en_US-joe-medium.onnx");
    let json = weights::file("piper-en_US-joe-medium", "en_US-joe-medium.onnx.json");
    let voice = vits::Voice::load(onnx, json, &Exec::cpu(2)).expect("the weights load");
    let mut random = fastrand::Rng::with_seed(1);
    let mut pause = |seconds: f32| -> Vec<f32> {
        let samples = (seconds * 16_000.0) as usize;
        (0..samples).map(|_| (random.f32() - 0.5) * 0.002).collect()
    };
    let (mut pcm, mut said) = (Vec::new(), Vec::new());
    for (at, sentence) in SENTENCES.into_iter().enumerate() {
        let sound = spoken(&voice, sentence);
        said.push(hear(tiny(), sound.clone(), Options::default()).text);
        pcm.extend(sound);
        // Once a long silence, in which there is nothing to hear.
        let seconds = if at == 9 {
            20.0
        } else {
            [0.5, 0.9, 1.4][at % 3]
        };
        pcm.extend(pause(seconds));
    }
    assert!(pcm.len() > 90 * 16_000, "{} s", pcm.len() / 16_000);
    let options = Options {
        words: true,
        ..Options::default()
    };
    let job = tiny().begin_speech(pcm.clone(), &speech(&pcm), options);
    let heard = finish(job.expect("fine"));
    // In a window with others the model hears single words otherwise than alone; none may be missing
    // or be there twice, and together no more may be wrong.
    let (truth, singly) = (SENTENCES.join(" "), said.join(" "));
    let [errors, least] = [&heard.text, &singly].map(|text| words::errors(&truth, text));
    assert!(
        errors <= least + 2,
        "{errors} errors, {least} singly:\n{singly}\n{}",
        heard.text
    );
    let [count, spoken] = [&heard.text, &truth].map(|text| words::normal(text).len());
    assert!(
        count.abs_diff(spoken) <= 1,
        "{count} words of {spoken}: {}",
        heard.text
    );
    let in_order = heard
        .words
        .is_sorted_by(|a, b| a.start_s <= b.start_s + 0.02);
    assert!(in_order, "{:?}", heard.words);
    assert_eq!(heard.words.len(), heard.text.split(' ').count());
}

#[test]
fn stretches_of_speech_that_make_no_sense_are_refused() {
    for speech in [[0..500, 600..20_000], [500..900, 800..1000]] {
        let job = tiny().begin_speech(vec![0.0; 16_000], &speech, Options::default());
        assert!(job.is_err(), "{speech:?}");
    }
}

#[test]
fn silence_around_speech_is_not_listened_to() {
    let pcm = [
        vec![0.0; 60 * 16_000],
        clip("goforward"),
        vec![0.0; 60 * 16_000],
    ]
    .concat();
    let found = speech(&pcm);
    assert_eq!(found.len(), 1, "{found:?}");
    let file = weights::file("silero-vad-6.2", "silero_vad_16k.safetensors");
    let mut finder = silero::Finder::new(&silero::Vad::load(&file).expect("the weights load"));
    while !finder.advance(&pcm, 7) {}
    assert_eq!(finder.found, found, "in steps it is the same");
    let job = tiny().begin_speech(pcm, &found, Options::default());
    let heard = finish(job.expect("fine"));
    assert_eq!(
        words::errors("go forward ten meters", &heard.text),
        0,
        "{}",
        heard.text
    );
}
