//! The rules of the shipped auto profile, by tables of machines and stores.

use janet_models::store::Role;

use super::{Choice, Known};
use crate::config::tests::{load_with, machine};
use crate::config::{Facts, Gpu, Origin, explain};

const MB: u64 = 1_000_000;

fn known(value: &str, role: Role, bytes: u64, is_here: bool) -> Known {
    Known {
        value: value.to_owned(),
        role,
        bytes,
        is_here,
    }
}

/// The models that are built in, and larger ones; the names in `here` are in the store.
fn store(here: &[&str]) -> Vec<Known> {
    [
        ("whisper-tiny.en", Role::Stt, 78 * MB),
        ("whisper-base", Role::Stt, 148 * MB),
        ("whisper-small", Role::Stt, 484 * MB),
        ("smollm2-135m-instruct-q4_1", Role::Llm, 98 * MB),
        ("half-b", Role::Llm, 400 * MB),
        ("one-b", Role::Llm, 1_100 * MB),
        ("eight-b", Role::Llm, 5_000 * MB),
    ]
    .map(|(name, role, bytes)| known(name, role, bytes, here.contains(&name)))
    .into()
}

fn with(cores: usize, memory_gb: u64, here: &[&str]) -> Facts {
    Facts {
        store: store(here),
        ..machine(cores, memory_gb)
    }
}

fn told(choices: &[Choice]) -> String {
    format!("{choices:#?}")
}

#[test]
fn the_largest_that_is_here_and_that_the_machine_can_run_is_taken() {
    let all = [
        "whisper-base",
        "whisper-small",
        "half-b",
        "one-b",
        "eight-b",
    ];
    let mut unknown = with(64, 256, &all);
    unknown.machine.memory_gb = None;
    let tiny = "whisper-tiny.en";
    let smol = "smollm2-135m-instruct-q4_1";
    for (name, facts, stt, llm) in [
        ("nothing is here", with(64, 256, &[]), tiny, smol),
        ("two cores", with(2, 16, &all), tiny, "half-b"),
        ("one core", with(1, 16, &all), tiny, smol),
        (
            "five cores do not carry base",
            with(5, 16, &all),
            tiny,
            "one-b",
        ),
        ("six do", with(6, 16, &all), "whisper-base", "one-b"),
        (
            "the largest, not the first",
            with(6, 16, &["half-b", "one-b"]),
            tiny,
            "one-b",
        ),
        (
            "nineteen carry small",
            with(19, 32, &all),
            "whisper-small",
            "one-b",
        ),
        (
            "eight cores' memory is the limit",
            with(64, 256, &all),
            "whisper-small",
            "one-b",
        ),
        (
            "too little memory for ears",
            with(6, 5, &all),
            tiny,
            "half-b",
        ),
        ("too little memory for both", with(6, 3, &all), tiny, smol),
        ("less memory than a GB", with(64, 0, &all), tiny, smol),
        ("memory that cannot be told", unknown, tiny, smol),
    ] {
        let (config, layers) = load_with(&[], &[], facts).expect("fine");
        let found = (config.models.stt.as_str(), config.models.llm.as_str());
        assert_eq!(found, (stt, llm), "{name}: {}", told(layers.choices()));
        let is_auto = matches!(layers.origin("models.stt"), Origin::Auto(_));
        assert_eq!(is_auto, stt != tiny, "{name}");
    }
}

#[test]
fn a_gpu_lifts_the_limit_of_the_cores_only_where_models_run_on_it() {
    for (gpu, llm) in [
        (Gpu::Absent, "half-b"),
        (Gpu::NotBuilt { feature: "cuda" }, "half-b"),
        (Gpu::Unused, "half-b"),
        (Gpu::Used, "eight-b"),
    ] {
        let mut facts = with(2, 64, &["half-b", "one-b", "eight-b"]);
        facts.machine.gpu = gpu;
        let (config, layers) = load_with(&[], &[], facts).expect("fine");
        assert_eq!(config.models.llm, llm, "{gpu:?}");
        let table = explain(&layers);
        assert!(table.contains(&gpu.to_string()), "{table}");
    }
}

#[test]
fn a_file_without_a_name_counts_like_any_other() {
    let mut facts = with(8, 16, &["half-b"]);
    facts
        .store
        .push(known("file:/store/own.gguf", Role::Llm, 900 * MB, true));
    let (config, _) = load_with(&[], &[], facts).expect("fine");
    assert_eq!(config.models.llm, "file:/store/own.gguf");
    assert_eq!(config.models.shown()[3], ("llm", "own.gguf".to_owned()));
}

#[test]
fn a_file_that_cannot_be_loaded_is_passed_over_and_only_the_candidate_is_looked_at() {
    let mut facts = with(8, 16, &["half-b"]);
    for (path, megabytes) in [("far-too-large", 9_000), ("shard", 900), ("good", 800)] {
        let value = format!("file:/store/{path}.gguf");
        facts
            .store
            .push(known(&value, Role::Llm, megabytes * MB, true));
    }
    facts.can_be_loaded = |known| match known.value.as_str() {
        "file:/store/shard.gguf" => Err("it is cut short".to_owned()),
        "file:/store/good.gguf" => Ok(()),
        other => panic!("{other} is not about to be taken"),
    };
    let (config, layers) = load_with(&[], &[], facts).expect("fine");
    assert_eq!(config.models.llm, "file:/store/good.gguf");
    let table = explain(&layers);
    let line = "not met  a model that can be loaded: it is cut short";
    assert!(table.contains(line), "{table}");
}

#[test]
fn what_lies_in_the_store_is_looked_at_for_what_it_is() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("mmproj.gguf");
    std::fs::write(&path, "no model").expect("writable");
    let own = known(&format!("file:{}", path.display()), Role::Llm, 8, true);
    let reason = super::can_be_loaded(&own).expect_err("it is refused");
    assert!(reason.contains("not GGUF"), "{reason}");
    let whisper = known(
        &format!("file:{}", folder.path().display()),
        Role::Stt,
        8,
        true,
    );
    let reason = super::can_be_loaded(&whisper).expect_err("it is refused");
    assert!(reason.contains("model.bin"), "{reason}");
    super::can_be_loaded(&known("half-b", Role::Llm, 8, true)).expect("it has a name");
}

#[test]
fn explain_shows_each_condition_with_the_machines_numbers() {
    let facts = with(4, 5, &["whisper-base", "half-b"]);
    let (_, layers) = load_with(&[], &[], facts).expect("fine");
    let table = explain(&layers);
    for part in [
        "profile auto on 4 cores, 5 GB of memory, no GPU",
        "models.stt: whisper-small (484 MB) is not taken",
        "not met  in the store: it is not; `janet models pull whisper-small` fetches it",
        "models.stt: whisper-base (148 MB) is not taken",
        "met      in the store: it is",
        "not met  6 cores (26 MB each): 4 here",
        "not met  6 GB of memory: 5 here",
        "models.llm: eight-b (5000 MB) is not taken",
        "not met  at most 350 MB for each of 8 cores: it is larger",
        "models.llm: half-b (400 MB) is taken",
        "profile auto: a larger language model answers better",
        "not met  models run on a GPU: no GPU",
    ] {
        assert!(table.contains(part), "{part:?} is not in:\n{table}");
    }
    assert!(
        !table.contains("whisper-tiny.en (78"),
        "only larger ones:\n{table}"
    );
}

#[test]
fn what_somebody_set_counts_more_than_what_was_chosen() {
    let facts = with(8, 16, &["half-b"]);
    let flag = [("--set models.llm", "models.llm", "one-b")];
    let (config, layers) = load_with(&flag, &[], facts).expect("fine");
    assert_eq!(config.models.llm, "one-b");
    let table = explain(&layers);
    let line = "half-b (400 MB) is taken, but flag --set models.llm counts";
    assert!(table.contains(line), "{table}");
}

#[test]
fn a_fixed_profile_looks_at_nothing() {
    let facts = with(64, 256, &["whisper-base", "half-b"]);
    let (config, layers) = load_with(&[], &[("JANET_PROFILE", "cpu")], facts).expect("fine");
    assert_eq!(config.models.stt, "whisper-tiny.en");
    assert!(layers.choices().is_empty());
}
