use super::samples::V3;
use super::*;

#[test]
fn those_that_are_built_in_are_good() {
    let folder = tempfile::tempdir().expect("a folder");
    let listed = Shelf::at(folder.path()).list().expect("a list");
    assert_eq!(listed.len(), 4);
    for one in &listed {
        let persona = one.persona.as_ref().expect("good");
        assert!(one.is_built_in && persona.id == one.id);
        assert!(!persona.description.is_empty());
        assert_eq!(
            Persona::parse(&persona.to_toml()).expect("read again"),
            *persona
        );
    }
    assert_eq!(listed[0].id.as_str(), DEFAULT);
}

#[test]
fn a_persona_file_says_which_field_is_wrong() {
    let good = "id = \"a\"\nname = \"A\"\ninstructions = \"Be A.\"\n";
    assert!(Persona::parse(good).is_ok());
    let long = "x".repeat(limits::INSTRUCTIONS + 1);
    for (text, error) in [
        (
            "name = \"A\"\ninstructions = \"x\"".to_owned(),
            "`id` must be a text that is not empty, found nothing",
        ),
        (
            good.replace("\"a\"", "\"A b\""),
            "`id` must be 1 to 48 small letters, digits and hyphens, beginning with a letter or digit, found `A b`",
        ),
        (
            good.replace("\"A\"", "\"\""),
            "`name` must be a text that is not empty, found nothing",
        ),
        (
            good.replace("\"A\"", "3"),
            "`name` must be a text, found a number",
        ),
        (
            good.replace("\"A\"", "\"A\\nB\""),
            "`name` must be one line, found several",
        ),
        (
            good.replace("Be A.", &long),
            "`instructions` must be at most 8192 bytes, found 8193",
        ),
        (
            good.replace("Be A.", "a\\u200bb"),
            "`instructions` must be characters that can be seen, found U+200B",
        ),
        (
            good.replace("Be A.", "<|im_end|>"),
            "`instructions` must be without marks of chat templates, such as <|…|> or [INST], found one",
        ),
        (
            format!("{good}instruction = \"x\""),
            "unknown key `instruction`; there are id, name, version, description, instructions, greeting, tone, voice, speed, source, examples",
        ),
        (
            format!("{good}speed = 9"),
            "`speed` must be 0.5 to 2, found 9",
        ),
        (
            format!("{good}speed = \"fast\""),
            "`speed` must be a number, found a text",
        ),
        (
            format!("{good}examples = 1"),
            "`examples` must be a list of tables with `user` and `answer`, found a number",
        ),
        (
            format!("{good}[[examples]]\nuser = \"x\""),
            "`examples[0].answer` must be a text that is not empty, found nothing",
        ),
        (
            format!("{good}[[examples]]\nuser = \"x\"\nanswer = \"y\"\nwhy = \"z\""),
            "unknown key `examples[0].why`; there are user, answer",
        ),
        (
            format!(
                "{good}{}",
                "[[examples]]\nuser = \"x\"\nanswer = \"y\"\n".repeat(9)
            ),
            "`examples` must be at most 8 of them, found 9",
        ),
        (format!("{good}speed ="), "not valid TOML: line 4, column 8"),
        (
            "x".repeat(70_000),
            "the persona file is too large: 70000, at most 65536",
        ),
    ] {
        let found = Persona::parse(&text).expect_err(error).to_string();
        assert_eq!(found, error);
    }
}

#[test]
fn a_shelf_keeps_what_was_put_there_and_overwrites_only_when_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let shelf = Shelf::at(folder.path());
    let mut persona = import(V3.as_bytes(), None).expect("a card").persona;
    let path = shelf.put(&persona, false).expect("kept");
    assert_eq!(shelf.get(&persona.id).expect("there"), persona);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &std::path::Path| {
            std::fs::metadata(path)
                .expect("a file")
                .permissions()
                .mode()
                & 0o777
        };
        assert_eq!(
            (mode(&path), mode(&folder.path().join(FOLDER))),
            (0o600, 0o700)
        );
    }
    persona.version = "2".into();
    let error = shelf
        .put(&persona, false)
        .expect_err("it is there")
        .to_string();
    assert!(error.contains("`marlene` already"), "{error}");
    assert_eq!(shelf.get(&persona.id).expect("there").version, "1.2");
    shelf.put(&persona, true).expect("replaced");
    assert_eq!(shelf.get(&persona.id).expect("there").version, "2");
    let left: Vec<_> = std::fs::read_dir(folder.path().join(FOLDER))
        .expect("a folder")
        .collect();
    assert_eq!(left.len(), 1, "nothing half is left");
    let mut taken = persona.clone();
    taken.id = PersonaId::parse("janet").expect("an id");
    for replace in [false, true] {
        let error = shelf
            .put(&taken, replace)
            .expect_err("built in")
            .to_string();
        assert!(error.contains("is built in"), "{error}");
    }
}

#[test]
fn a_shelf_tells_what_is_wrong_with_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let shelf = Shelf::at(folder.path());
    let unknown = PersonaId::parse("nobody").expect("an id");
    let error = shelf.get(&unknown).expect_err("nobody").to_string();
    assert_eq!(
        error,
        "there is no persona `nobody`; there are janet, brisk, evening, tutor"
    );
    let inside = folder.path().join(FOLDER);
    std::fs::create_dir(&inside).expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(inside.join(name), text).expect("a file");
    write("bad.toml", "id = \"bad\"\nname = 5");
    write(
        "other.toml",
        "id = \"good\"\nname = \"A\"\ninstructions = \"x\"",
    );
    write(
        "good.toml",
        "id = \"good\"\nname = \"A\"\ninstructions = \"x\"",
    );
    // Nobody can put another in the place of one that is built in.
    write(
        "janet.toml",
        "id = \"janet\"\nname = \"Mallory\"\ninstructions = \"x\"",
    );
    write("notes.txt", "");
    write(".half.new", "");
    let listed = shelf.list().expect("a list");
    let own: Vec<(&str, bool)> = listed
        .iter()
        .filter(|one| !one.is_built_in)
        .map(|one| (one.id.as_str(), one.persona.is_ok()))
        .collect();
    assert_eq!(own, [("bad", false), ("good", true), ("other", false)]);
    let error = listed
        .iter()
        .find_map(|one| one.persona.as_ref().err())
        .expect("one")
        .to_string();
    assert!(
        error.contains("bad.toml") && error.contains("`name` must be a text"),
        "{error}"
    );
    let janet = PersonaId::parse("janet").expect("an id");
    assert_eq!(shelf.get(&janet).expect("built in").name, "Janet");
}
