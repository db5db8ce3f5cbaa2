use proptest::prelude::*;

use super::*;
use crate::{ClientMessage, Family, parse};

fn trust(frame: &str) -> Result<TrustRequest, WireError> {
    parse(frame, &Limits::default()).map(|incoming| match incoming.message {
        ClientMessage::Trust(request) => request,
        other => panic!("{other:?} is another family's"),
    })
}

#[test]
fn what_was_left_out_has_its_default() {
    let request = trust(
        r#"{"type":"transfer_context","source_soul":"networked","target_soul":"constitutional",
            "include_vaults":null,"auto_consent":null,"safe_word":null,"exported_context":null}"#,
    );
    assert_eq!(
        request,
        Ok(TrustRequest::TransferContext {
            source_soul: SoulName::Networked,
            target_soul: SoulName::Constitutional,
            conversation_uuid: None,
            include_vaults: vec![],
            auto_consent: false,
            safe_word: None,
            exported_context: None,
        })
    );
}

#[test]
fn blue_never_leaves_and_the_answer_is_a_transfers_own() {
    let error = trust(
        r#"{"type":"transfer_context","source_soul":"networked","target_soul":"constitutional",
            "conversation_uuid":"c","include_vaults":["green","blue"]}"#,
    )
    .expect_err("blue");
    assert_eq!(error.field.as_deref(), Some("include_vaults"));
    assert!(error.message.contains("never leaves"), "{error}");
    let family = Family::Transfer {
        conversation_uuid: Some("c".into()),
    };
    assert_eq!(error.family, family);
}

#[test]
fn a_refusal_names_the_field_and_quotes_no_secret() {
    const SECRET: &str = "hunter2 hunter2";
    for (frame, field) in [
        (
            r#"{"type":"consent_response","granted":true}"#,
            "consent_id",
        ),
        (r#"{"type":"consent_response","consent_id":"a"}"#, "granted"),
        (
            r#"{"type":"consent_response","consent_id":"a","granted":"yes"}"#,
            "granted",
        ),
        (r#"{"type":"memory_search","query":" "}"#, "query"),
        (r#"{"type":"memory_search","query":"a","limit":0}"#, "limit"),
        (r#"{"type":"memory_list","limit":101}"#, "limit"),
        (r#"{"type":"memory_edit","text":"a"}"#, "id"),
        (r#"{"type":"memory_list","soul":"both"}"#, "soul"),
        (r#"{"type":"vault_lock","soul":7}"#, "soul"),
        (
            r#"{"type":"memory_forget_all","everything":"yes"}"#,
            "everything",
        ),
        (
            r#"{"type":"vault_unlock","safe_word":["hunter2 hunter2"]}"#,
            "safe_word",
        ),
        (
            r#"{"type":"vault_unlock","safe_word":"hunter2 hunter2","names":"a"}"#,
            "names",
        ),
        (
            r#"{"type":"vault_unlock","safe_word":"hunter2 hunter2","names":[" "]}"#,
            "names",
        ),
        (r#"{"type":"vault_put","name":"a","value":""}"#, "value"),
        (r#"{"type":"vault_put","value":"hunter2 hunter2"}"#, "name"),
        (
            r#"{"type":"vault_import","file":"?","password":"hunter2 hunter2"}"#,
            "file",
        ),
        (r#"{"type":"red_thread_clear","safe_word":""}"#, "safe_word"),
        (r#"{"type":"grant_add"}"#, "action"),
        (r#"{"type":"audit_read","before":-1}"#, "before"),
    ] {
        let error = trust(frame).expect_err(frame);
        assert_eq!(error.field.as_deref(), Some(field), "{frame}");
        assert!(!error.message.contains(SECRET), "{error}");
        assert!(!format!("{error:?}").contains(SECRET), "{error:?}");
    }
}

#[test]
fn what_was_understood_shows_no_secret_either() {
    let request = trust(r#"{"type":"vault_put","name":"bank","value":"hunter2"}"#);
    let shown = format!("{:?}", request.expect("a secret"));
    assert!(
        !shown.contains("hunter2") && !shown.contains("bank"),
        "{shown}"
    );
}

#[test]
fn what_is_too_much_is_refused() {
    let names = vec!["a"; MOST_NAMES + 1];
    let frame = serde_json::json!({"type": "vault_unlock", "safe_word": "a", "names": names});
    assert_eq!(
        trust(&frame.to_string()).expect_err("too many").code,
        ErrorCode::OutOfRange
    );
    for (name, most) in [
        ("safe_word", SAFE_WORD_BYTES),
        ("new_safe_word", SAFE_WORD_BYTES),
    ] {
        let mut frame =
            serde_json::json!({"type": "vault_change", "safe_word": "a", "new_safe_word": "b"});
        frame[name] = "a".repeat(most).into();
        trust(&frame.to_string()).expect("as long as it may be");
        frame[name] = "a".repeat(most + 1).into();
        let error = trust(&frame.to_string()).expect_err("too long");
        assert_eq!(
            (error.code, error.field.as_deref()),
            (ErrorCode::FieldTooLarge, Some(name))
        );
    }
}

fn word() -> impl Strategy<Value = String> {
    "[^\\s\\p{C}][^\\p{C}]{0,20}"
}

fn private() -> impl Strategy<Value = Private<String>> {
    word().prop_map(Private::<String>::from)
}

fn soul() -> impl Strategy<Value = SoulName> {
    prop_oneof![Just(SoulName::Networked), Just(SoulName::Constitutional)]
}

fn memories() -> impl Strategy<Value = TrustRequest> {
    let limit = || proptest::option::of(1..=MOST_ENTRIES);
    let soul = || proptest::option::of(soul());
    prop_oneof![
        (private(), limit(), soul()).prop_map(|(query, limit, soul)| TrustRequest::MemorySearch {
            query,
            limit,
            soul
        }),
        (limit(), proptest::option::of(word()), soul()).prop_map(|(limit, before, soul)| {
            TrustRequest::MemoryList {
                limit,
                before,
                soul,
            }
        }),
        (private(), soul()).prop_map(|(text, soul)| TrustRequest::MemoryRemember { text, soul }),
        (word(), private(), soul()).prop_map(|(id, text, soul)| TrustRequest::MemoryEdit {
            id,
            text,
            soul
        }),
        (word(), soul()).prop_map(|(id, soul)| TrustRequest::MemoryForget { id, soul }),
        any::<bool>().prop_map(|everything| TrustRequest::MemoryForgetAll { everything }),
    ]
}

fn secrets() -> impl Strategy<Value = TrustRequest> {
    let names = || proptest::option::of(proptest::collection::vec(private(), 0..3));
    let soul = || proptest::option::of(soul());
    let two = move || (private(), private(), soul());
    prop_oneof![
        soul().prop_map(|soul| TrustRequest::VaultLock { soul }),
        soul().prop_map(|soul| TrustRequest::VaultList { soul }),
        (private(), soul())
            .prop_map(|(safe_word, soul)| TrustRequest::VaultCreate { safe_word, soul }),
        (private(), names(), soul()).prop_map(|(safe_word, names, soul)| {
            TrustRequest::VaultUnlock {
                safe_word,
                names,
                soul,
            }
        }),
        (two(), names()).prop_map(|((name, value, soul), tags)| TrustRequest::VaultPut {
            name,
            value,
            tags,
            soul,
        }),
        (private(), soul()).prop_map(|(name, soul)| TrustRequest::VaultGet { name, soul }),
        (private(), soul()).prop_map(|(name, soul)| TrustRequest::VaultForget { name, soul }),
        two().prop_map(
            |(safe_word, new_safe_word, soul)| TrustRequest::VaultChange {
                safe_word,
                new_safe_word,
                soul,
            }
        ),
        two().prop_map(|(safe_word, password, soul)| TrustRequest::VaultExport {
            safe_word,
            password,
            soul,
        }),
        (
            proptest::collection::vec(any::<u8>(), 1..9),
            private(),
            soul()
        )
            .prop_map(|(file, password, soul)| TrustRequest::VaultImport {
                file: Base64(file),
                password,
                soul,
            }),
    ]
}

/// One of any.
pub(crate) fn requests() -> impl Strategy<Value = TrustRequest> {
    let vault = prop_oneof![Just(VaultName::Green), Just(VaultName::Red)];
    let limit = || proptest::option::of(1..=MOST_ENTRIES);
    let some = move || proptest::option::of(private());
    let object = prop_oneof![Just("{}"), Just(r#"{"messages":[{"a":1}]}"#)];
    let transfer = (
        (soul(), soul(), proptest::option::of(word())),
        proptest::collection::vec(vault, 0..3),
        any::<bool>(),
        some(),
        proptest::option::of(object),
    )
        .prop_map(
            |(
                (source_soul, target_soul, conversation_uuid),
                include_vaults,
                auto_consent,
                safe_word,
                export,
            )| {
                TrustRequest::TransferContext {
                    source_soul,
                    target_soul,
                    conversation_uuid,
                    include_vaults,
                    auto_consent,
                    safe_word,
                    exported_context: export.map(Into::into),
                }
            },
        );
    let consent = (word(), any::<bool>(), any::<bool>()).prop_map(|(id, by_id, granted)| {
        TrustRequest::ConsentResponse {
            consent_id: by_id.then(|| id.clone()),
            conversation_uuid: (!by_id).then_some(id),
            granted,
        }
    });
    let empty = proptest::sample::select(vec![
        TrustRequest::ConversationForget {},
        TrustRequest::MemoryDistil {},
        TrustRequest::GrantList {},
        TrustRequest::PersonaList {},
        TrustRequest::PrivacyRead {},
        TrustRequest::SoulList {},
    ]);
    prop_oneof![
        transfer,
        consent,
        empty,
        memories(),
        secrets(),
        some().prop_map(|reason| TrustRequest::RedThread { reason }),
        (some(), some())
            .prop_map(|(safe_word, token)| TrustRequest::RedThreadClear { safe_word, token }),
        word().prop_map(|action| TrustRequest::GrantAdd { action }),
        word().prop_map(|grant_id| TrustRequest::GrantRevoke { grant_id }),
        (limit(), any::<Option<u32>>())
            .prop_map(|(limit, before)| TrustRequest::AuditRead { limit, before }),
        word().prop_map(|persona_id| TrustRequest::PersonaSet { persona_id }),
    ]
}
