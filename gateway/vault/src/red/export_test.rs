use super::super::key::RUNS;
use super::super::vault::tests::{Fixture, NOW, WORD, cheap};
use super::*;
use crate::identity::Identity;

const PASSWORD: &str = "purple rain 1984";

fn consent(vault: &Fixture, action: Action) -> Consent {
    let identity = Identity::load_or_create(vault.folder.path()).expect("a key");
    let subject = vault.red.export_subject().expect("a vault");
    Consent::for_tests(&identity, action, subject, NOW)
}

fn export(vault: &Fixture) -> Vec<u8> {
    let proof = vault.unlock(WORD, &[]).expect("the right word");
    let pass = vault.thread.pass().expect("not pulled");
    let consent = consent(vault, Action::Export);
    let file = vault
        .red
        .export(&pass, consent, proof, &cheap(PASSWORD), NOW);
    let (file, receipt) = file.expect("unlocked");
    assert_eq!(receipt.action, "export");
    file
}

fn import(vault: &Fixture, file: &[u8], password: &str) -> Result<Imported, RedError> {
    let _proof = vault.unlock(WORD, &[]).expect("the right word");
    let pass = vault.thread.pass().expect("not pulled");
    let package = Package::read(file)?.derive(password)?;
    vault.red.import(&pass, &package)
}

#[test]
fn an_export_merges_into_another_vault_and_the_later_item_stays() {
    let (from, to) = (Fixture::new(), Fixture::new());
    from.put("bank", "new", NOW + 10);
    from.put("door", "old", NOW);
    from.put("cellar", "stone", NOW);
    from.put("both", "ours", NOW);
    to.put("bank", "older", NOW);
    to.put("door", "newer", NOW + 10);
    to.put("both", "theirs", NOW);
    let file = export(&from);
    let done = import(&to, &file, PASSWORD).expect("imported");
    let expected = Imported {
        added: 1,
        replaced: 1,
        kept: 2,
    };
    assert_eq!(done, expected);
    let values = ["bank", "both", "cellar", "door"].map(|name| {
        let value = to.get(name).expect("unlocked");
        value.expect("it is there")
    });
    assert_eq!(values, ["new", "theirs", "stone", "newer"]);
    // Once more: nothing is newer any more.
    let again = import(&to, &file, PASSWORD).expect("imported");
    assert_eq!((again.added, again.replaced, again.kept), (0, 0, 4));
    let to = to.restarted();
    let _proof = to.unlock(WORD, &[]).expect("the right word");
    assert_eq!(to.names(), ["bank", "both", "cellar", "door"]);
}

#[test]
fn a_wrong_password_and_any_changed_byte_are_one_error_and_one_derivation() {
    let vault = Fixture::new();
    vault.put("bank", "4711", NOW);
    let file = export(&vault);
    let opens = |file: &[u8], password: &str| {
        RUNS.with(|runs| runs.set(0));
        let opened = Package::read(file)
            .expect("random numbers")
            .derive(password);
        (
            RUNS.with(std::cell::Cell::get),
            opened.err().map(|error| error.to_string()),
        )
    };
    assert_eq!(opens(&file, PASSWORD), (1, None));
    let refused = (1, Some(RedError::Export.to_string()));
    assert_eq!(opens(&file, "purple rain 1985"), refused);
    assert_eq!(opens(&file, WORD), refused);
    assert_eq!(opens(&file, ""), refused);
    assert_eq!(opens(b"", PASSWORD), refused);
    assert_eq!(opens(b"no export", PASSWORD), refused);
    assert_eq!(opens(&file[..file.len() - 1], PASSWORD), refused);
    let mut longer = file.clone();
    longer.push(0);
    assert_eq!(opens(&longer, PASSWORD), refused);
    for at in (0..HEADER + NONCE).chain((HEADER + NONCE..file.len()).step_by(61)) {
        // The costs are tried where they are sane: a change there makes it slow, not wrong.
        let costs = (10..22).contains(&at);
        let mut changed = file.clone();
        changed[at] ^= if costs { 0x40 } else { 1 << (at % 8) };
        if costs && Package::parse(&changed).is_some_and(|it| it.cost.memory_kib > 1 << 17) {
            continue;
        }
        assert_eq!(opens(&changed, PASSWORD), refused, "byte {at}");
    }
}

#[test]
fn an_export_holds_no_word_in_the_clear_and_needs_the_vault_unlocked() {
    let vault = Fixture::new();
    vault.put("zanzibar", "madagascar", NOW);
    let file = export(&vault);
    for word in ["zanzibar", "madagascar", PASSWORD, "a tag"] {
        assert!(
            file.windows(word.len())
                .all(|window| window != word.as_bytes())
        );
    }
    let proof = vault.unlock(WORD, &[]).expect("the right word");
    let stale = vault.unlock(WORD, &[]).expect("the right word");
    let pass = vault.thread.pass().expect("not pulled");
    let yes = |action| consent(&vault, action);
    let late = vault.red.export(
        &pass,
        yes(Action::Export),
        stale,
        &cheap(PASSWORD),
        NOW + 60_000,
    );
    assert!(matches!(late, Err(RedError::Stale)));
    vault.red.lock();
    let other = vault.unlock(WORD, &[]).expect("the right word");
    vault.red.lock();
    let error = vault
        .red
        .export(&pass, yes(Action::Transfer), other, &cheap(PASSWORD), NOW);
    assert!(matches!(error, Err(RedError::Consent(_))));
    let error = vault
        .red
        .export(&pass, yes(Action::Export), proof, &cheap(PASSWORD), NOW);
    assert!(matches!(error, Err(RedError::Locked)));
    let package = Package::read(&file).expect("random numbers");
    let package = package.derive(PASSWORD).expect("it opens");
    let error = vault.red.import(&pass, &package);
    assert!(matches!(error, Err(RedError::Locked)));
}

#[test]
fn stubs_do_not_travel_and_values_replace_them() {
    let (from, to) = (Fixture::new(), Fixture::new());
    from.put("bank", "4711", NOW);
    let _proof = from.unlock(WORD, &[]).expect("the right word");
    let pass = from.thread.pass().expect("not pulled");
    from.red.land(&pass, &["cellar"], NOW).expect("unlocked");
    let _proof = to.unlock(WORD, &[]).expect("the right word");
    let there = to.thread.pass().expect("not pulled");
    to.red
        .land(&there, &["bank"], NOW + 1_000_000)
        .expect("unlocked");
    let done = import(&to, &export(&from), PASSWORD).expect("imported");
    assert_eq!((done.added, done.replaced, done.kept), (0, 1, 0));
    assert_eq!(to.get("bank").expect("unlocked").as_deref(), Some("4711"));
    assert_eq!(to.names(), ["bank"]);
}

#[test]
fn a_large_vault_fits_into_one_file_and_no_larger_one_is_made() {
    let vault = Fixture::new();
    let _proof = vault.unlock(WORD, &[]).expect("the right word");
    let value = "x".repeat(16 << 10);
    let mut inner = vault.red.lock_inner();
    let keys = inner.keys().expect("unlocked");
    let names: Vec<String> = (0..192).map(|n| format!("item {n}")).collect();
    let record = |name| Record {
        changed_ms: NOW,
        name,
        tags: Vec::new(),
        value: Some(value.as_bytes()),
    };
    let records: Vec<_> = names.iter().map(|name| record(name)).collect();
    let all = vault.red.put_all(&mut inner, &keys, &records);
    assert!(matches!(all, Err(RedError::TooMuch { .. })));
    vault
        .red
        .put_all(&mut inner, &keys, &records[..190])
        .expect("just fits");
    drop(inner);
    let file = export(&vault);
    assert!(file.len() > 3 << 20 && file.len() <= MOST_EXPORT);
    let other = Fixture::new();
    assert_eq!(
        import(&other, &file, PASSWORD).expect("imported").added,
        190
    );
}

#[test]
fn an_import_that_does_not_fit_changes_nothing() {
    let (from, to) = (Fixture::new(), Fixture::new());
    from.put("bank", "4711", NOW);
    from.put("door", "ivy", NOW);
    let file = export(&from);
    let _proof = to.unlock(WORD, &[]).expect("the right word");
    let names: Vec<String> = (0..MOST_ITEMS - 1).map(|n| format!("item {n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let pass = to.thread.pass().expect("not pulled");
    to.red.land(&pass, &names, NOW).expect("they fit");
    assert!(matches!(
        import(&to, &file, PASSWORD),
        Err(RedError::TooMany { .. })
    ));
    assert_eq!(to.red.count(&pass).expect("a count"), MOST_ITEMS - 1);
    assert_eq!(to.get("bank").expect("unlocked"), None);
}
