use super::{
    Config, ConfigError, Environment, Facts, Gpu, Layers, Machine, Origin, PROFILES, Request,
    resolve,
};

const LAPTOP: Facts = machine(2, 8);

/// A machine with nothing in its store.
pub(crate) const fn machine(cores: usize, memory_gb: u64) -> Facts {
    Facts {
        machine: Machine {
            cores,
            memory_gb: Some(memory_gb),
            all_cores: cores,
            all_memory_gb: Some(memory_gb),
            gpu: Gpu::Absent,
        },
        store: Vec::new(),
        can_be_loaded: |_| Ok(()),
    }
}

pub(crate) fn load_with(
    flags: &[(&str, &str, &str)],
    variables: &[(&str, &str)],
    facts: Facts,
) -> Result<(Config, Layers), ConfigError> {
    let owned = |text: &&str| (*text).to_owned();
    let request = Request {
        flags: flags
            .iter()
            .map(|(a, b, c)| (owned(a), owned(b), owned(c)))
            .collect(),
        ..Request::default()
    };
    let home = [("HOME".to_owned(), "/home/somebody".to_owned())];
    let pairs = variables.iter().map(|(a, b)| (owned(a), owned(b)));
    let environment = Environment::from_pairs(pairs.chain(home));
    let layers = Layers::read(&request, &environment, &facts)?;
    let config = resolve::resolve(layers.raw()?, &layers, &environment)?;
    Ok((config, layers))
}

fn refusal(flags: &[(&str, &str, &str)], variables: &[(&str, &str)]) -> String {
    load_with(flags, variables, LAPTOP)
        .expect_err("this configuration must be refused")
        .to_string()
}

#[test]
fn every_profile_loads() {
    for (name, _) in PROFILES {
        load_with(&[], &[("JANET_PROFILE", name)], LAPTOP)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn defaults_bind_loopback_at_8765() {
    let (config, _) = load_with(&[], &[], LAPTOP).expect("defaults are fine");
    assert_eq!(
        (config.server.host.to_string().as_str(), config.server.port),
        ("127.0.0.1", 8765)
    );
    assert_eq!(
        config.talk.wait_sure,
        janet_talk::Config::default().wait_sure
    );
    assert_eq!(config.conversation.keep.as_secs(), 1800);
    assert_eq!(config.engine.threads, 2);
}

#[test]
fn a_flag_beats_a_variable_beats_the_profile() {
    let variables = [("JANET_SERVER_PORT", "9001"), ("JANET_ENGINE_THREADS", "7")];
    let (config, layers) =
        load_with(&[("--port", "server.port", "9002")], &variables, LAPTOP).expect("fine");
    assert_eq!((config.server.port, config.engine.threads), (9002, 7));
    assert_eq!(layers.origin("server.port"), Origin::Flag("--port".into()));
    assert_eq!(
        layers.origin("engine.threads"),
        Origin::Environment("JANET_ENGINE_THREADS".into())
    );
    assert_eq!(layers.origin("models.stt"), Origin::Profile("cpu".into()));
    assert_eq!(layers.origin("server.host"), Origin::Default);
}

#[test]
fn a_file_beats_the_profile_and_is_named_in_its_errors() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("mine.toml");
    let read = |text: &str| {
        std::fs::write(&path, text).expect("written");
        let request = Request {
            file: Some(path.clone()),
            ..Request::default()
        };
        let environment = Environment::from_pairs([("HOME".into(), "/home/somebody".into())]);
        let layers = Layers::read(&request, &environment, &LAPTOP)?;
        resolve::resolve(layers.raw()?, &layers, &environment)
    };
    assert_eq!(
        read("[server]\nport = 9100\n").expect("fine").server.port,
        9100
    );
    let typed = read("[server]\nport = \"many\"\n")
        .expect_err("refused")
        .to_string();
    assert!(
        typed.contains("mine.toml") && typed.contains("`server.port`"),
        "{typed}"
    );
    assert!(
        typed.contains("\"many\"") && typed.contains("a whole number"),
        "{typed}"
    );
    let unknown = read("[server]\nprt = 1\n")
        .expect_err("refused")
        .to_string();
    assert!(
        unknown.contains("unknown key `server.prt`") && unknown.contains("`server.port`?"),
        "{unknown}"
    );
    let broken = read("[server\n").expect_err("refused").to_string();
    assert!(broken.contains("mine.toml is not valid TOML"), "{broken}");
}

#[test]
fn a_broken_file_is_told_by_line_and_column_and_none_of_its_text() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("mine.toml");
    let request = Request {
        file: Some(path.clone()),
        ..Request::default()
    };
    for (text, place) in [
        ("[llm]\npassword = \"hunter2\n", "line 2, column"),
        ("[llm]\npassword = hunter2\n", "line 2, column 12"),
        ("# é\n[llm]\n\npassword \"hunter2\"\n", "line 4, column 10"),
        ("password = \"hunter2\" hunter2\n", "line 1, column 22"),
        ("[llm]\nhunter2 = 1\nhunter2 = 2\n", "line 3, column 1"),
    ] {
        std::fs::write(&path, text).expect("written");
        let error = Layers::read(&request, &Environment::default(), &LAPTOP);
        let error = anyhow::Error::new(error.expect_err("broken"));
        let told = format!("{error:#}");
        assert!(told.contains(place) && told.contains("mine.toml"), "{told}");
        let all = format!("{told} {error:?}");
        assert!(!all.contains("hunter2"), "{all}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let request = Request {
        file: Some("nowhere/to.toml".into()),
        ..Request::default()
    };
    let error = Layers::read(&request, &Environment::default(), &LAPTOP).expect_err("refused");
    assert!(error.to_string().contains("nowhere/to.toml"), "{error}");
}

#[test]
fn a_misspelt_variable_is_refused() {
    let error = refusal(&[], &[("JANET_SERVER_PROT", "1")]);
    assert!(
        error.contains("JANET_SERVER_PROT") && error.contains("`server.port`?"),
        "{error}"
    );
    let error = refusal(&[("--set", "nothing.like.it", "1")], &[]);
    assert!(error.contains("`janet config explain`"), "{error}");
}

#[test]
fn variables_of_other_tools_are_left_alone() {
    load_with(
        &[],
        &[("JANET_TEST_LONG", "1"), ("JANET_HOME", "/srv/janet")],
        LAPTOP,
    )
    .expect("fine");
}

#[test]
fn every_address_can_be_bound_and_nothing_else() {
    for host in [
        "0.0.0.0",
        "192.168.1.5",
        "::",
        "127.0.0.2",
        "::1",
        "localhost",
    ] {
        load_with(&[("--host", "server.host", host)], &[], LAPTOP).expect("an address");
    }
    for host in ["", "janet.example", "127.0.0.1:8765"] {
        let error = refusal(&[("--host", "server.host", host)], &[]);
        assert!(
            error.contains("`server.host`") && error.contains("flag --host"),
            "{error}"
        );
    }
}

#[test]
fn a_certificate_and_its_key_come_together() {
    let certificate = ("--set", "server.certificate", "/x/chain.pem");
    let key = ("--set", "server.certificate_key", "/x/key.pem");
    let (config, _) = load_with(&[certificate, key], &[], LAPTOP).expect("both");
    assert!(config.server.certificate.is_some());
    for (given, lacks) in [
        (certificate, "`server.certificate_key` must be the path"),
        (key, "`server.certificate` must be the path"),
    ] {
        let error = refusal(&[given], &[]);
        assert!(error.contains(lacks), "{error}");
    }
}

#[test]
fn names_have_commas_between_and_are_names() {
    let set = |names| load_with(&[("--set", "server.names", names)], &[], LAPTOP);
    let (config, _) = set(" Janet.home.arpa,box, ").expect("names");
    assert_eq!(config.server.names, ["janet.home.arpa", "box"]);
    assert!(set("").expect("none").0.server.names.is_empty());
    for wrong in ["a b", "https://janet.example", "janet.example:8765"] {
        let error = refusal(&[("--set", "server.names", wrong)], &[]);
        assert!(error.contains("`server.names`"), "{error}");
    }
}

#[test]
fn cross_field_errors_name_both_fields_and_their_origins() {
    let error = refusal(
        &[("--set", "talk.wait_sure_ms", "900")],
        &[("JANET_TALK_WAIT_UNSURE_MS", "800")],
    );
    for part in [
        "`talk.wait_sure_ms` = 900 (flag --set)",
        "less than",
        "`talk.wait_unsure_ms` = 800 (environment JANET_TALK_WAIT_UNSURE_MS)",
    ] {
        assert!(error.contains(part), "{part:?} is missing in {error:?}");
    }
    let error = refusal(&[("--set", "talk.speech_off", "0.9")], &[]);
    assert!(
        error.contains("`talk.speech_off`") && error.contains("`talk.speech_on`"),
        "{error}"
    );
    let error = refusal(&[("--set", "server.max_clients", "1000")], &[]);
    assert!(
        error.contains("`server.max_clients`") && error.contains("`engine.sessions`"),
        "{error}"
    );
}

#[test]
fn values_out_of_range_are_refused_with_what_was_found() {
    for (key, value) in [
        ("server.port", "70000"),
        ("server.quic_port", "70000"),
        ("server.port", "many"),
        ("server.max_frame_bytes", "10"),
        ("talk.sure_at", "1.5"),
        ("talk.sure_at", "nan"),
        ("conversation.keep_minutes", "-1"),
        ("engine.temperature", "9"),
        ("log.format", "xml"),
        ("log.filter", "a=b=c"),
        ("models.llm", " "),
        // Its neighbours' rules would name them first.
        ("talk.wait_sure_ms", "-1"),
        ("server.host", "example"),
    ] {
        let error = refusal(&[("--set", key, value)], &[]);
        assert!(
            error.contains(&format!("`{key}` must")),
            "{key} = {value}: {error}"
        );
    }
}

#[test]
fn quic_has_its_port_another_or_none() {
    let quic = |flags: &[(&str, &str, &str)]| {
        let (config, _) = load_with(flags, &[], LAPTOP).expect("a good configuration");
        config
            .server
            .quic
            .map(|quic| (quic.port, quic.is_asked_for))
    };
    assert_eq!(quic(&[]), Some((8767, false)));
    assert_eq!(
        quic(&[("--set", "server.quic_port", "9001")]),
        Some((9001, true))
    );
    // Whoever names the usual one wants it.
    assert_eq!(
        quic(&[("--set", "server.quic_port", "8767")]),
        Some((8767, true))
    );
    assert_eq!(quic(&[("--set", "server.quic", "false")]), None);
}

#[test]
fn a_language_server_is_guessed_named_or_left_out() {
    let llm = |flags: &[(&str, &str, &str)], variables: &[(&str, &str)]| {
        let (config, _) = load_with(flags, variables, LAPTOP).expect("a good configuration");
        config.llm
    };
    let guess = llm(&[], &[]).expect("Ollama is looked for");
    assert!(guess.is_a_guess && guess.url.ends_with(":11434"));
    assert_eq!(llm(&[("--set", "llm.server", "off")], &[]), None);
    let openai = [
        ("--set", "llm.server", "openai"),
        ("--set", "llm.url", "http://127.0.0.1:8080/v1/"),
        ("--set", "llm.api_key_env", "MY_KEY"),
    ];
    let named = llm(&openai, &[("MY_KEY", "hush")]).expect("it is named");
    assert_eq!(named.url, "http://127.0.0.1:8080/v1");
    assert!(!named.is_a_guess && named.model.is_none());
    assert!(
        !format!("{named:?}").contains("hush"),
        "a key is no text for a log"
    );

    assert!(refusal(&openai, &[]).contains("`llm.api_key_env` must"));
    assert!(refusal(&openai[..1], &[]).contains("`llm.url` must"));
    for url in [
        "127.0.0.1:11434",
        "ftp://here",
        "http://",
        "http://me:pw@here",
        "http://a b",
    ] {
        let error = refusal(&[("--set", "llm.url", url)], &[]);
        assert!(error.contains("`llm.url` must"), "{url}: {error}");
        assert!(!error.contains("pw"), "{error}");
    }
    let misplaced = [("--set", "llm.api_key_env", "sk-hush")];
    assert!(!refusal(&misplaced, &[]).contains("hush"));
    assert!(!refusal(&[], &[("JANET_LLM_API_KEY", "hush")]).contains("hush"));
    let error = refusal(&[("--set", "llm.first_text_ms", "30000")], &[]);
    assert!(error.contains("talk.reply_patience_ms"), "{error}");
    let hasty = llm(&[("--set", "talk.reply_patience_ms", "5000")], &[]);
    assert_eq!(hasty.map(|llm| llm.first_text.as_millis()), Some(3000));
    let error = refusal(&[("--set", "llm.server", "clippy")], &[]);
    assert!(error.contains("auto, off, ollama or openai"), "{error}");
}

#[test]
fn a_speech_server_is_asked_only_where_an_address_is_named() {
    let tts = |flags: &[(&str, &str, &str)], variables: &[(&str, &str)]| {
        let (config, _) = load_with(flags, variables, LAPTOP).expect("a sound configuration");
        config.tts
    };
    assert_eq!(tts(&[], &[]), None);
    assert_eq!(tts(&[("--set", "tts.voice", "af_heart")], &[]), None);
    let flags = [
        ("--set", "tts.url", "http://127.0.0.1:8880/v1/"),
        ("--set", "tts.api_key_env", "MY_KEY"),
        ("--set", "tts.format", "wav"),
    ];
    let named = tts(&flags, &[("MY_KEY", "hush")]).expect("it is named");
    assert_eq!(named.url, "http://127.0.0.1:8880/v1");
    assert_eq!(
        (named.format, named.rate_hz),
        (super::SpeechFormat::Wav, 24_000)
    );
    assert!(!format!("{named:?}").contains("hush"), "{named:?}");
    assert!(refusal(&flags, &[]).contains("`tts.api_key_env` must"));
    for (key, value) in [
        ("tts.url", "127.0.0.1:8880"),
        ("tts.url", "http://me:hush@127.0.0.1/v1"),
        ("tts.format", "mp3"),
        ("tts.rate_hz", "1000"),
        ("tts.first_sound_ms", "30000"),
    ] {
        let error = refusal(&[("--set", key, value)], &[]);
        assert!(
            error.contains(&format!("`{key}`")) && !error.contains("hush"),
            "{key}: {error}"
        );
    }
    let empty = [flags[0], ("--set", "tts.voice", " ")];
    assert!(refusal(&empty, &[]).contains("`tts.voice` must"));
}

#[test]
fn explain_shows_every_key_with_its_origin() {
    let (_, layers) = load_with(&[("--port", "server.port", "9000")], &[], LAPTOP).expect("fine");
    let table = super::explain(&layers);
    let line = table
        .lines()
        .find(|line| line.contains("server.port"))
        .expect("listed");
    assert!(
        line.starts_with('*') && line.contains("9000") && line.ends_with("flag --port"),
        "{line}"
    );
    assert!(table.lines().count() > layers.rows().count() + 3, "{table}");
}

#[test]
fn models_can_be_forbidden_the_network_and_the_table_says_by_whom() {
    let offline = |flags: &[(&str, &str, &str)], variables: &[(&str, &str)]| {
        let (config, layers) = load_with(flags, variables, LAPTOP).expect("fine");
        (config.models.offline, super::explain(&layers))
    };
    assert_eq!(offline(&[], &[]).0, None);
    assert_eq!(offline(&[], &[("JANET_OFFLINE", "0")]).0, None);
    for value in ["1", "true"] {
        let (who, table) = offline(&[], &[("JANET_OFFLINE", value)]);
        assert_eq!(who.as_deref(), Some("environment JANET_OFFLINE"));
        let line = table.lines().find(|line| line.contains("models.offline"));
        let line = line.expect("listed");
        assert!(
            line.starts_with("* ") && line.ends_with("environment JANET_OFFLINE"),
            "{line}"
        );
    }
    let (who, _) = offline(&[("--offline", "models.offline", "true")], &[]);
    assert_eq!(who.as_deref(), Some("flag --offline"));
    let error = refusal(&[], &[("JANET_OFFLINE", "perhaps")]);
    assert!(
        error.contains("JANET_OFFLINE") && error.contains("true or false"),
        "{error}"
    );
}

#[test]
fn a_token_is_kept_for_the_hub_and_shown_to_nobody() {
    let hub = |variables: &[(&str, &str)]| load_with(&[], variables, LAPTOP);
    let (config, layers) = hub(&[("HF_TOKEN", "hf_hush")]).expect("fine");
    assert!(config.models.hub.token.is_some());
    assert_eq!(config.models.hub.endpoint, "https://huggingface.co");
    let shown = format!("{config:?}{}", super::explain(&layers));
    assert!(!shown.contains("hf_hush"), "a token is no text for a log");
    // Whoever asks the hub judges it: nobody else is kept by it.
    let (config, _) = hub(&[("HF_TOKEN", " "), ("HF_ENDPOINT", "hub.example/")]).expect("fine");
    let hub = config.models.hub;
    assert_eq!((hub.endpoint.as_str(), hub.token), ("hub.example", None));
    assert_eq!(hub.said_by, "environment HF_ENDPOINT");
}

#[test]
fn a_catalogue_of_ones_own_adds_names() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("mine.toml");
    let path_text = path.to_string_lossy().into_owned();
    let flags = [("--set", "models.catalogue", path_text.as_str())];
    let error = refusal(&flags, &[]);
    assert!(error.contains("mine.toml"), "{error}");
    std::fs::write(&path, "[[model]]\nname = \"../x\"\n").expect("writable");
    let error = refusal(&flags, &[]);
    assert!(
        error.contains("`models.catalogue`") && error.contains("mine.toml"),
        "{error}"
    );
    let entry = "[[model]]\nname = \"x\"\nrole = \"llm\"\nlicence = \"MIT\"\n[[model.file]]\nname = \"x.gguf\"\n\
                 bytes = 1\nsources = [\"hf:a/b:x.gguf@main\"]\n";
    std::fs::write(&path, format!("{entry}sha256 = \"{}\"\n", "0".repeat(64))).expect("writable");
    let (config, _) = load_with(&flags, &[], LAPTOP).expect("fine");
    assert!(config.models.catalogue.find("x").is_some());
    assert!(config.models.catalogue.find("whisper-base").is_some());
}

#[test]
fn a_language_is_a_code_and_nothing_else() {
    let language = |code: &str| {
        let flags = [("--language", "stt.language", code)];
        load_with(&flags, &[], LAPTOP).map(|(config, _)| config.stt.language)
    };
    assert_eq!(
        load_with(&[], &[], LAPTOP).expect("fine").0.stt.language,
        "auto"
    );
    assert_eq!(language("DE").expect("fine"), "de");
    let error = language("German").expect_err("no code").to_string();
    assert!(
        error.contains("--language")
            && error.contains("`stt.language`")
            && error.contains("en, de"),
        "{error}"
    );
}

#[test]
fn a_persona_is_found_by_name_and_may_say_how_fast_she_speaks() {
    let (config, layers) = load_with(&[], &[], LAPTOP).expect("defaults are fine");
    assert_eq!(config.persona.who.id.as_str(), "janet");
    assert_eq!(
        (config.persona.is_asked_for, config.engine.speed),
        (false, 1.0)
    );
    assert_eq!(layers.origin("engine.speed"), Origin::Default);

    let brisk = ("--set persona.name", "persona.name", "brisk");
    let (config, layers) = load_with(&[brisk], &[], LAPTOP).expect("it is built in");
    assert_eq!(
        (config.persona.is_asked_for, config.engine.speed),
        (true, 1.1)
    );
    let shown = super::explain(&layers);
    assert!(shown.contains("persona brisk"), "{shown}");

    // What somebody says of her speed counts more.
    let speed = [("JANET_ENGINE_SPEED", "0.8")];
    let (config, layers) = load_with(&[brisk], &speed, LAPTOP).expect("both are fine");
    assert_eq!(config.engine.speed, 0.8);
    assert!(layers.origin("engine.speed").is_somebodys());

    let error = refusal(&[], &[("JANET_PERSONA_NAME", "nobody")]);
    assert_eq!(
        error,
        "environment JANET_PERSONA_NAME: `persona.name`: there is no persona `nobody`; there are janet, brisk, \
         evening, tutor"
    );
    let error = refusal(&[("--set persona.name", "persona.name", "../x")], &[]);
    assert!(
        error.contains("flag --set persona.name: `persona.name`: `id` must be"),
        "{error}"
    );
}
