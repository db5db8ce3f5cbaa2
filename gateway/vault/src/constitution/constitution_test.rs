use super::*;

#[test]
fn the_text_that_ships_is_the_one_that_is_pinned() {
    let it = Constitution::propose(SHIPPED).expect("well formed");
    assert_eq!(
        hex::encode(&it.sha256()),
        hex::encode(&PINNED),
        "the constitution was changed; if that is meant, change PINNED"
    );
    assert_eq!(Constitution::shipped().as_ref(), Ok(&it));
    assert_eq!(it.version(), 1);
    assert_eq!(it.axioms().len(), AXIOMS);
    let enforced: Vec<u8> = it
        .axioms()
        .iter()
        .filter(|axiom| axiom.enforced)
        .map(|axiom| axiom.number)
        .collect();
    assert_eq!(enforced, ENFORCED);
    for axiom in it.axioms() {
        let sentences = axiom.text.matches(['.', '?', '!']).count();
        assert!((1..=2).contains(&sentences), "{axiom:?}");
    }
}

#[test]
fn the_prompt_names_all_of_them_in_few_words() {
    let it = Constitution::shipped().expect("pinned");
    let prompt = it.prompt();
    for axiom in it.axioms() {
        assert!(prompt.contains(&axiom.name), "{}", axiom.name);
    }
    assert!(prompt.ends_with('.'));
    assert!(prompt.len() < 700, "{} bytes", prompt.len());
}

#[test]
fn spelling_does_not_count_and_every_word_does() {
    let respelt = SHIPPED
        .replace("name = \"curiosity\"", "name='curiosity' # a comment")
        .replace('\n', "\r\n");
    assert_eq!(
        Constitution::propose(&respelt).expect("the same").sha256(),
        PINNED
    );
    let it = Constitution::propose(SHIPPED).expect("well formed");
    for axiom in it.axioms() {
        let text = &axiom.text.replace('"', "\\\"");
        let changed = SHIPPED.replace(text.as_str(), &text.replacen(' ', "  ", 1));
        assert_ne!(changed, SHIPPED);
        let error = Constitution::load(&changed, None).expect_err("changed");
        assert!(
            matches!(error, ConstitutionError::Changed { .. }),
            "{error}"
        );
        let name = format!("name = \"{}\"", axiom.name);
        let changed = SHIPPED.replace(&name, &name.replace("name = \"", "name = \"a "));
        assert_ne!(changed, SHIPPED);
        assert!(Constitution::load(&changed, None).is_err());
    }
    let changed = SHIPPED.replace("version = 1", "version = 2");
    assert!(Constitution::load(&changed, None).is_err());
}

#[test]
fn another_text_counts_if_it_was_accepted_and_that_one_only() {
    let changed = SHIPPED.replace("Invent nothing.", "Make nothing up.");
    let hash = Constitution::propose(&changed)
        .expect("well formed")
        .sha256();
    assert!(Constitution::load(&changed, None).is_err());
    assert!(Constitution::load(&changed, Some(hash)).is_ok());
    let again = changed.replace("Make nothing up.", "Make a little up.");
    assert!(Constitution::load(&again, Some(hash)).is_err());
    // And the pinned one always does.
    assert!(Constitution::load(SHIPPED, Some(hash)).is_ok());
}

#[test]
fn what_is_wrong_is_named() {
    let cases: [(&str, &str, &str); 12] = [
        ("version = 1", "version = 0", "`version`"),
        ("version = 1", "version = -1", "version"),
        ("version = 1", "versions = 1", "versions"),
        ("number = 7\n", "number = 8\n", "`number` of axiom 7"),
        ("number = 7\n", "number = 7\nweight = 3\n", "weight"),
        ("name = \"curiosity\"", "name = \"\"", "`name` of axiom 11"),
        (
            "name = \"curiosity\"",
            "name = \"notice gently\"",
            "`name` of axiom 12",
        ),
        ("name = \"curiosity\"", "nam = \"curiosity\"", "nam"),
        ("\"Hear what", "\" Hear what", "`text` of axiom 4"),
        ("\"Hear what", "\"\\nHear what", "`text` of axiom 4"),
        (
            "number = 7\n",
            "number = 7\nenforced = true\n",
            "`enforced` of axiom 7",
        ),
        (
            "enforced = true",
            "enforced = false",
            "`enforced` of axiom 8",
        ),
    ];
    for (from, to, named) in cases {
        let text = SHIPPED.replacen(from, to, 1);
        assert_ne!(text, SHIPPED, "{from}");
        let error = Constitution::propose(&text).expect_err(to).to_string();
        assert!(error.contains(named), "{to}: {error}");
    }
    let last = SHIPPED.rfind("[[axiom]]").expect("twenty");
    let error = Constitution::propose(&SHIPPED[..last]).expect_err("19");
    assert!(error.to_string().contains("there are 19"), "{error}");
    let long = format!("{SHIPPED}#{}", "x".repeat(70_000));
    assert!(Constitution::propose(&long).is_err());
}

/// Whatever byte is another, the text is refused or says the same.
#[test]
fn no_change_of_a_byte_passes_unless_it_says_the_same() {
    let good = SHIPPED.as_bytes();
    let comments = good
        .split(|&byte| byte == b'\n')
        .filter(|line| line.starts_with(b"#"));
    let mut free: usize = comments.map(<[u8]>::len).sum();
    for at in 0..good.len() {
        let mut bad = good.to_vec();
        bad[at] ^= 1;
        let Ok(bad) = String::from_utf8(bad) else {
            continue;
        };
        if Constitution::load(&bad, None).is_ok() {
            free = free
                .checked_sub(1)
                .expect("changes outside comments are refused");
        }
    }
}
