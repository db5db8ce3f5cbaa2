//! Both souls in one process: each with a memory and a vault of its own.

use std::path::Path;

use janet_tests::{Client, Server};
use serde_json::{Value, json};

const WORD: &str = "seven green herons wade slowly";
const OTHER_WORD: &str = "nine amber otters sleep soundly";
const SECRET: &str = "zanzibar-quokka-4711";

async fn answer(client: &mut Client, granted: bool) -> Value {
    let asked = client.until("soul_check").await;
    client
        .send(json!({
            "type": "consent_response", "consent_id": asked["consent_id"], "granted": granted,
        }))
        .await;
    asked
}

async fn transfer(client: &mut Client, source: &str, target: &str, vaults: &[&str]) -> Value {
    client
        .send(json!({
            "type": "transfer_context", "source_soul": source, "target_soul": target,
            "include_vaults": vaults, "safe_word": vaults.contains(&"red").then_some(WORD),
        }))
        .await;
    answer(client, true).await;
    client.until("transfer_result").await
}

async fn remember(client: &mut Client, text: &str, soul: Option<&str>) -> Value {
    client
        .send(json!({ "type": "memory_remember", "text": text, "soul": soul }))
        .await;
    let told = client.until("memory_result").await;
    assert_eq!(told["success"], true, "{told}");
    told["id"].clone()
}

/// The texts that a list, or a search, tells, with their souls.
async fn found(client: &mut Client, message: Value) -> Vec<(String, Value)> {
    client.send(message).await;
    let told = client.until("memory_results").await;
    let text = |entry: &Value| entry["text"].as_str().expect("a text").to_owned();
    let results = told["results"].as_array().expect("a list").iter();
    results
        .map(|entry| (text(entry), entry["souls"].clone()))
        .collect()
}

async fn vault(client: &mut Client, message: Value) -> Value {
    client.send(message.clone()).await;
    loop {
        let result = client.until("vault_result").await;
        if result["status"] != "checking" {
            return result;
        }
    }
}

/// Whether any file of the folder holds these bytes.
fn holds(folder: &Path, needle: &[u8]) -> bool {
    std::fs::read_dir(folder).expect("a folder").any(|entry| {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            return holds(&path, needle);
        }
        let bytes = std::fs::read(&path).expect("a file");
        bytes.windows(needle.len()).any(|window| window == needle)
    })
}

#[tokio::test]
async fn each_soul_remembers_for_itself_and_a_conversation_means_the_one_that_it_lives_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start_in(folder.path(), &[]).ready();
    let mut client = Client::connect(&server).await;
    client.ask("Hello there.").await;
    let cat = remember(&mut client, "My cat is called Miso.", None).await;
    remember(
        &mut client,
        "My boat is called Albatross.",
        Some("constitutional"),
    )
    .await;

    // Here only the first soul's is known.
    let told = client.ask("What do you know about me?").await.to_string();
    assert!(
        told.contains("Miso") && !told.contains("Albatross"),
        "{told}"
    );
    let all = found(&mut client, json!({ "type": "memory_list" })).await;
    assert_eq!(
        all,
        [
            (
                "My boat is called Albatross.".to_owned(),
                json!(["constitutional"])
            ),
            ("My cat is called Miso.".to_owned(), json!(["networked"])),
        ]
    );
    let page = json!({ "type": "memory_list", "limit": 1 });
    assert_eq!(found(&mut client, page).await, all[..1]);
    client
        .send(json!({ "type": "memory_list", "soul": "constitutional" }))
        .await;
    let listed = client.until("memory_results").await;
    assert_eq!(listed["total"], 1, "{listed}");
    let before = json!({ "type": "memory_list", "before": listed["results"][0]["id"] });
    assert_eq!(found(&mut client, before).await, all[1..]);
    let search = json!({ "type": "memory_search", "query": "boat", "soul": "networked" });
    let boats = found(&mut client, search).await;
    assert!(
        boats.iter().all(|(text, _)| !text.contains("Albatross")),
        "{boats:?}"
    );

    // It goes to the other soul, with what was remembered in it.
    let result = transfer(&mut client, "networked", "constitutional", &["green"]).await;
    assert_eq!(result["summaries_transferred"], 1, "{result}");
    let told = client.ask("What do you know about me?").await.to_string();
    assert!(
        told.contains("Miso") && told.contains("Albatross"),
        "{told}"
    );
    let train = remember(&mut client, "My train leaves at nine.", None).await;
    let all = found(&mut client, json!({ "type": "memory_list" })).await;
    let souls = |word: &str| {
        let entry = all.iter().find(|(text, _)| text.contains(word));
        entry.expect("listed").1.clone()
    };
    assert_eq!(all.len(), 3, "{all:?}");
    assert_eq!(souls("Miso"), json!(["networked", "constitutional"]));
    assert_eq!(souls("train"), json!(["constitutional"]));

    // What it was told there goes back with it.
    let result = transfer(&mut client, "constitutional", "networked", &["green"]).await;
    assert_eq!(result["summaries_transferred"], 1, "{result}");
    client
        .send(json!({ "type": "memory_edit", "id": train, "text": "My train leaves at ten." }))
        .await;
    assert_eq!(client.until("memory_result").await["success"], true);
    for soul in ["networked", "constitutional"] {
        let list = json!({ "type": "memory_list", "soul": soul });
        let texts = format!("{:?}", found(&mut client, list).await);
        assert!(
            texts.contains("leaves at ten") && !texts.contains("nine"),
            "{soul}: {texts}"
        );
    }
    let told = client.ask("What do you know about me?").await.to_string();
    assert!(!told.contains("Albatross"), "{told}");

    client.send(json!({ "type": "privacy_read" })).await;
    let privacy = client.until("privacy").await;
    assert_eq!(privacy["memories"], 3, "{privacy}");
    assert_eq!(privacy["souls"][0]["memories"], 2, "{privacy}");
    assert_eq!(privacy["souls"][1]["memories"], 3, "{privacy}");
    assert_eq!(
        privacy["conversations"], 2,
        "one that moved is kept in both"
    );

    // Of one soul alone, and then of all.
    client
        .send(json!({ "type": "memory_forget", "id": cat, "soul": "constitutional" }))
        .await;
    let told = client.until("memory_result").await;
    assert_eq!(told["success"], true, "{told}");
    let list = json!({ "type": "memory_list", "soul": "networked" });
    assert!(format!("{:?}", found(&mut client, list).await).contains("Miso"));
    client
        .send(json!({ "type": "memory_forget", "id": cat }))
        .await;
    let told = client.until("memory_result").await;
    assert_eq!(told["proof"]["traces"], 0, "{told}");
    client.close().await;
    drop(server);

    let server = Server::start_in(folder.path(), &[]).ready();
    let mut client = Client::connect(&server).await;
    let all = found(&mut client, json!({ "type": "memory_list" })).await;
    let mut souls: Vec<_> = all.iter().map(|(_, souls)| souls.to_string()).collect();
    souls.sort();
    assert_eq!(
        souls,
        ["[\"constitutional\"]", "[\"networked\",\"constitutional\"]"],
        "a restart keeps both: {all:?}"
    );
    assert!(!holds(folder.path(), b"Miso"));
}

#[tokio::test]
async fn each_soul_has_a_vault_and_of_one_only_names_reach_the_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start_in(folder.path(), &[]);
    let mut client = Client::greet(&server, "/ws").await;
    let made = json!({ "type": "vault_create", "safe_word": WORD });
    let made = vault(&mut client, made).await;
    assert_eq!(
        (&made["status"], &made["soul"]),
        (&json!("done"), &json!("networked")),
        "{made}"
    );
    let other = json!({ "type": "vault_list", "soul": "constitutional" });
    let there = vault(&mut client, other.clone()).await;
    assert_eq!(there["exists"], false, "{there}");
    for (word, soul) in [(WORD, "networked"), (OTHER_WORD, "constitutional")] {
        if soul == "constitutional" {
            let made = json!({ "type": "vault_create", "safe_word": word, "soul": soul });
            assert_eq!(vault(&mut client, made).await["status"], "done");
        }
        let opened = json!({ "type": "vault_unlock", "safe_word": word, "soul": soul });
        let opened = vault(&mut client, opened).await;
        assert_eq!(opened["status"], "done", "{opened}");
    }
    let wrong = json!({ "type": "vault_unlock", "safe_word": OTHER_WORD });
    assert_eq!(vault(&mut client, wrong).await["status"], "refused");
    let again = json!({ "type": "vault_unlock", "safe_word": WORD });
    vault(&mut client, again).await;
    let put = json!({ "type": "vault_put", "name": "bank", "value": SECRET });
    assert_eq!(vault(&mut client, put).await["status"], "done");
    let there = vault(&mut client, other.clone()).await;
    assert_eq!(there["items"], json!([]), "{there}");

    let result = transfer(&mut client, "networked", "constitutional", &["red"]).await;
    assert_eq!(result["metadata"]["red_stubs"], 1, "{result}");
    // From here on its vault is the other soul's.
    let there = vault(&mut client, json!({ "type": "vault_list" })).await;
    assert_eq!(there["soul"], "constitutional", "{there}");
    let items = there["items"].as_array().expect("names");
    assert_eq!(items.len(), 1, "{there}");
    assert_eq!(
        (&items[0]["name"], &items[0]["is_stub"]),
        (&json!("bank"), &json!(true))
    );
    let get = json!({ "type": "vault_get", "name": "bank" });
    client.send(get).await;
    let refused = client.until("vault_result").await;
    assert_eq!(refused["status"], "refused", "{refused}");
    let get = json!({ "type": "vault_get", "name": "bank", "soul": "networked" });
    assert_eq!(vault(&mut client, get).await["value"], SECRET);

    // Locked at once, both of them.
    let locked = vault(&mut client, json!({ "type": "vault_lock" })).await;
    assert_eq!(locked["locked"], true, "{locked}");
    for soul in ["networked", "constitutional"] {
        let list = json!({ "type": "vault_list", "soul": soul });
        assert_eq!(vault(&mut client, list).await["locked"], true, "{soul}");
    }
    client.close().await;
    drop(server);
    assert!(!holds(folder.path(), SECRET.as_bytes()));

    let server = Server::start_in(folder.path(), &[]);
    let mut client = Client::greet(&server, "/ws").await;
    for (word, soul) in [(WORD, "networked"), (OTHER_WORD, "constitutional")] {
        let opened = json!({ "type": "vault_unlock", "safe_word": word, "soul": soul });
        let opened = vault(&mut client, opened).await;
        assert_eq!(opened["items"][0]["name"], "bank", "{soul}: {opened}");
    }
}

#[tokio::test]
async fn a_soul_that_does_not_live_here_is_named() {
    let server = Server::start(&["souls.here=networked"]);
    let mut client = Client::greet(&server, "/ws").await;
    for message in [
        json!({ "type": "memory_list", "soul": "constitutional" }),
        json!({ "type": "memory_remember", "text": "I like tea.", "soul": "constitutional" }),
        json!({ "type": "vault_list", "soul": "constitutional" }),
    ] {
        let error = client.refusal(message.clone()).await;
        assert_eq!(
            (&error["code"], &error["field"]),
            (&json!("not_found"), &json!("soul")),
            "{message}: {error}"
        );
    }
    let error = client
        .refusal(json!({ "type": "memory_list", "soul": "both" }))
        .await;
    assert_eq!(error["field"], "soul", "{error}");
}

#[tokio::test]
async fn whoever_has_everything_forgotten_and_hangs_up_has_it_forgotten() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start_in(folder.path(), &[]).ready();
    let mut other = Client::connect(&server).await;
    let mut leaves = Client::connect(&server).await;
    other.ask("Hello there.").await;
    remember(&mut leaves, "My boat is called Albatross.", None).await;
    // Reading it takes a while.
    let long = std::fs::File::create(folder.path().join("data/long")).expect("a file");
    long.set_len(512 << 20).expect("sparse");
    leaves
        .send(json!({ "type": "memory_forget_all", "everything": true }))
        .await;
    answer(&mut leaves, true).await;
    leaves.until("consent_closed").await;
    drop(leaves);
    other.until("conversation_forgotten").await;
    let mut client = Client::connect(&server).await;
    client.send(json!({ "type": "privacy_read" })).await;
    let privacy = client.until("privacy").await;
    assert_eq!(
        (&privacy["memories"], &privacy["messages"]),
        (&json!(0), &json!(0)),
        "{privacy}"
    );
    client.send(json!({ "type": "audit_read" })).await;
    let log = client.until("audit_entries").await.to_string();
    assert!(log.contains("conversations_forgotten"), "{log}");
}

#[tokio::test]
async fn a_conversation_is_forgotten_on_request_and_everything_when_it_is_consented_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start_in(folder.path(), &[]).ready();
    let mut client = Client::connect(&server).await;
    client.ask("My parrot is called Zanzibarius.").await;
    transfer(&mut client, "networked", "constitutional", &[]).await;
    client
        .send(json!({ "type": "conversation_forget", "request_id": 7 }))
        .await;
    let gone = client.until("conversation_forgotten").await;
    assert_eq!(gone["request_id"], 7, "{gone}");
    assert_eq!(gone["proof"]["traces"], 0, "{gone}");
    assert_eq!(gone["proof"]["conversations"], 1, "{gone}");
    assert!(gone["proof"]["messages"].as_u64() >= Some(2), "{gone}");
    assert!(gone["proof"]["bytes_searched"].as_u64() > Some(0), "{gone}");
    let id = client.client_id.clone();
    let back = Client::resume(&server, &id).await;
    assert_ne!(back.client_id, id, "it has ended");
    drop(back);

    // In words, too.
    let mut client = Client::connect(&server).await;
    client.ask("Hello there.").await;
    client
        .send(json!({ "type": "message", "text": "Forget this conversation, please." }))
        .await;
    client.until("conversation_forgotten").await;

    let mut one = Client::connect(&server).await;
    let mut other = Client::connect(&server).await;
    one.ask("Hello there.").await;
    other.ask("Good morning.").await;
    remember(&mut one, "My cat is called Miso.", None).await;
    remember(
        &mut one,
        "My boat is called Albatross.",
        Some("constitutional"),
    )
    .await;
    one.send(json!({ "type": "memory_forget_all", "everything": true }))
        .await;
    let asked = answer(&mut one, true).await;
    assert_eq!(asked["action"], "forget_all", "{asked}");
    let impact = asked["impact"].as_str().expect("a text");
    assert!(
        impact.contains("2 memories") && impact.contains("secrets"),
        "{impact}"
    );
    let done = one.until("memory_result").await;
    assert_eq!(done["proof"]["entries"], 2, "{done}");
    assert_eq!(done["proof"]["traces"], 0, "{done}");
    assert!(done["proof"]["conversations"].as_u64() >= Some(2), "{done}");
    one.until("conversation_forgotten").await;
    other.until("conversation_forgotten").await;
    let id = other.client_id.clone();
    assert_ne!(Client::resume(&server, &id).await.client_id, id);

    let mut client = Client::connect(&server).await;
    client.send(json!({ "type": "privacy_read" })).await;
    let privacy = client.until("privacy").await;
    assert_eq!(privacy["memories"], 0, "{privacy}");
    assert_eq!(privacy["messages"], 0, "{privacy}");
    client
        .send(json!({ "type": "audit_read", "limit": 100 }))
        .await;
    let log = client.until("audit_entries").await.to_string();
    assert_eq!(
        log.matches("\"conversation_forgotten\"").count(),
        2,
        "{log}"
    );
    assert!(log.contains("conversations_forgotten"), "{log}");
    client.close().await;
    drop(server);
    for word in ["Zanzibarius", "Miso", "Albatross", "Good morning"] {
        assert!(!holds(folder.path(), word.as_bytes()), "{word}");
    }
}
