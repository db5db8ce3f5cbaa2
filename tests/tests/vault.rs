//! The vault of secrets over a real socket: what it hands out, to whom, and what it leaves behind.

use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use janet_tests::canary::{holding, in_memory, planted};
use janet_tests::client::Frame;
use janet_tests::server::look_again;
use janet_tests::{Client, Server, http};
use serde_json::{Value, json};

const WORD: &str = "tulips in may";

/// Sends a request and waits for its end; one that is looked at first says so.
pub(crate) async fn ask(client: &mut Client, request: Value) -> Value {
    let action = request["type"].as_str().expect("a type").to_owned();
    client.send(request).await;
    let mut result = client.until("vault_result").await;
    let is_slow = [
        "vault_create",
        "vault_unlock",
        "vault_change",
        "vault_import",
    ];
    if is_slow.contains(&action.as_str()) {
        assert_eq!(result["status"], "checking", "{result}");
        result = client.until("vault_result").await;
    }
    assert_eq!(format!("vault_{}", text(&result, "action")), action);
    result
}

pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().expect("a text")
}

pub(crate) async fn unlock(client: &mut Client, word: &str, names: &[&str]) -> Value {
    ask(
        client,
        json!({ "type": "vault_unlock", "safe_word": word, "names": names }),
    )
    .await
}

pub(crate) async fn put(client: &mut Client, name: &str, value: &str) {
    let request = json!({ "type": "vault_put", "name": name, "value": value, "tags": ["money"] });
    assert_eq!(ask(client, request).await["status"], "done");
}

async fn get(client: &mut Client, name: &str) -> Value {
    ask(client, json!({ "type": "vault_get", "name": name })).await
}

async fn with_vault(server: &Server) -> Client {
    let mut client = Client::greet(server, "/ws").await;
    let made = ask(
        &mut client,
        json!({ "type": "vault_create", "safe_word": WORD }),
    )
    .await;
    assert_eq!(
        (&made["status"], &made["exists"], &made["locked"]),
        (&json!("done"), &json!(true), &json!(true)),
        "{made}"
    );
    client
}

#[tokio::test]
async fn a_secret_is_kept_handed_out_once_it_is_unlocked_and_forgotten() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start_in(folder.path(), &[]);
    let mut client = Client::greet(&server, "/ws").await;
    let none = ask(&mut client, json!({ "type": "vault_list" })).await;
    assert_eq!(
        (&none["exists"], &none["locked"]),
        (&json!(false), &json!(true))
    );
    let weak = json!({ "type": "vault_create", "safe_word": "12345678" });
    client.send(weak).await;
    assert_eq!(client.until("vault_result").await["status"], "checking");
    let refused = client.error().await;
    assert_eq!(
        (&refused["code"], &refused["field"]),
        (&json!("out_of_range"), &json!("safe_word"))
    );
    client.close().await;

    let mut client = with_vault(&server).await;
    put(&mut client, "bank", "4711 0815").await;
    let locked = client
        .refusal(json!({ "type": "vault_get", "name": "bank" }))
        .await;
    assert_eq!(locked["code"], "vault_locked");
    // A wrong word and a name that is not there are one answer.
    let wrong = unlock(&mut client, "tulips in june", &["bank"]).await;
    let missing = unlock(&mut client, WORD, &["cellar"]).await;
    assert_eq!(wrong["status"], "refused");
    assert_eq!(wrong, missing);
    let opened = unlock(&mut client, WORD, &["bank"]).await;
    assert_eq!(
        (&opened["status"], &opened["locked"]),
        (&json!("done"), &json!(false))
    );
    let item = &opened["items"][0];
    assert_eq!(
        (&item["name"], &item["is_open"]),
        (&json!("bank"), &json!(true))
    );
    assert_eq!(get(&mut client, "bank").await["value"], "4711 0815");
    assert_eq!(get(&mut client, "cellar").await["status"], "refused");
    put(&mut client, "door", "behind the ivy").await;
    let listed = ask(&mut client, json!({ "type": "vault_list" })).await;
    assert_eq!(
        listed["items"].as_array().expect("a list").len(),
        2,
        "{listed}"
    );
    assert!(!listed.to_string().contains("4711"), "{listed}");
    let gone = ask(
        &mut client,
        json!({ "type": "vault_forget", "name": "bank" }),
    )
    .await;
    assert_eq!(gone["status"], "done");
    let new = "four old horses";
    let change = json!({ "type": "vault_change", "safe_word": WORD, "new_safe_word": new });
    assert_eq!(ask(&mut client, change).await["status"], "done");
    let shut = ask(&mut client, json!({ "type": "vault_lock" })).await;
    assert_eq!(
        (&shut["status"], &shut["locked"]),
        (&json!("done"), &json!(true))
    );
    client.close().await;
    server.signal("KILL");
    drop(server);

    let server = Server::start_in(folder.path(), &[]);
    let mut client = Client::greet(&server, "/ws").await;
    assert_eq!(unlock(&mut client, WORD, &[]).await["status"], "refused");
    let opened = unlock(&mut client, new, &["door"]).await;
    assert_eq!(
        opened["items"].as_array().expect("a list").len(),
        1,
        "{opened}"
    );
    assert_eq!(get(&mut client, "door").await["value"], "behind the ivy");
}

#[tokio::test]
async fn wrong_words_wait_also_after_a_restart_and_from_any_connection() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start_in(folder.path(), &[]);
    let mut client = with_vault(&server).await;
    for _ in 0..3 {
        let wrong = unlock(&mut client, "tulips in june", &[]).await;
        assert_eq!(wrong["status"], "refused");
    }
    let delayed = unlock(&mut client, WORD, &[]).await;
    // A second at most is left of it: looked at too late, it is over already.
    if delayed["status"] == "delayed" {
        assert!(
            delayed["retry_after_ms"]
                .as_u64()
                .is_some_and(|ms| ms <= 1000),
            "{delayed}"
        );
        let left = delayed["retry_after_ms"].as_u64().expect("a number");
        tokio::time::sleep(std::time::Duration::from_millis(left)).await;
    }
    // Five wrong ones: four seconds.
    let mut told = Value::Null;
    while told["status"] != "delayed" || told["retry_after_ms"].as_u64() < Some(4000) {
        told = unlock(&mut client, "tulips in june", &[]).await;
        if let Some(left) = told["retry_after_ms"].as_u64()
            && left < 4000
        {
            tokio::time::sleep(std::time::Duration::from_millis(left)).await;
        }
    }
    drop(client);
    server.signal("KILL");
    drop(server);
    let server = Server::start_in(folder.path(), &[]);
    let mut client = Client::greet(&server, "/ws").await;
    let delayed = unlock(&mut client, WORD, &[]).await;
    assert_eq!(delayed["status"], "delayed", "{delayed}");
}

#[tokio::test]
async fn it_locks_itself_and_says_so() {
    let server = Server::start(&["vault.lock_after_minutes=0.02"]);
    let mut client = with_vault(&server).await;
    put(&mut client, "bank", "4711 0815").await;
    let opened = unlock(&mut client, WORD, &["bank"]).await;
    assert_eq!(opened["status"], "done");
    let told = client.until("vault_result").await;
    assert_eq!(
        (&told["action"], &told["locked"]),
        (&json!("status"), &json!(true)),
        "{told}"
    );
    let locked = client
        .refusal(json!({ "type": "vault_get", "name": "bank" }))
        .await;
    assert_eq!(locked["code"], "vault_locked");
}

#[tokio::test]
async fn that_the_operator_locked_it_is_in_the_log_once() {
    let server = Server::start(&[]);
    let mut client = with_vault(&server).await;
    unlock(&mut client, WORD, &[]).await;
    for _ in 0..2 {
        ask(&mut client, json!({ "type": "vault_lock" })).await;
    }
    client
        .send(json!({ "type": "audit_read", "limit": 100 }))
        .await;
    let log = client.until("audit_entries").await;
    let entries = log["entries"].as_array().expect("a list");
    let locked: Vec<_> = entries
        .iter()
        .filter(|it| it["event"] == "vault_locked")
        .map(|it| text(it, "words"))
        .collect();
    assert_eq!(locked.len(), 1, "{log}");
    assert!(
        locked[0].ends_with("soul's red vault was locked (operator)"),
        "{locked:?}"
    );
}

/// How often it was unlocked, by the log of decisions.
async fn unlocked_in_log(client: &mut Client) -> usize {
    client
        .send(json!({ "type": "audit_read", "limit": 100 }))
        .await;
    let log = client.until("audit_entries").await;
    let entries = log["entries"].as_array().expect("a list");
    let unlocked = entries.iter().filter(|it| it["event"] == "vault_unlocked");
    unlocked.count()
}

#[tokio::test]
async fn whoever_unlocks_and_hangs_up_stands_in_the_log_all_the_same() {
    /// Looks for what somebody who left may still have begun: three seconds.
    const LOOKS: usize = 60;
    let server = Server::start(&[]);
    let mut client = with_vault(&server).await;
    let mut opened = 0;
    for looks in [0, 1, 2, 4, 8, 16, LOOKS] {
        let mut leaves = Client::greet(&server, "/ws").await;
        let unlock = json!({ "type": "vault_unlock", "safe_word": WORD });
        leaves.send(unlock).await;
        leaves.until("vault_result").await;
        for _ in 0..looks {
            look_again().await;
        }
        drop(leaves);
        for _ in 0..LOOKS {
            let listed = ask(&mut client, json!({ "type": "vault_list" })).await;
            if listed["locked"] == false {
                opened += 1;
                break;
            }
            look_again().await;
        }
        let locked = ask(&mut client, json!({ "type": "vault_lock" })).await;
        assert_eq!(locked["locked"], true);
        // The same step writes it down.
        let mut logged = 0;
        for _ in 0..LOOKS {
            logged = unlocked_in_log(&mut client).await;
            if logged >= opened {
                break;
            }
            look_again().await;
        }
        assert!(logged >= opened, "{looks}: {logged} of {opened} are logged");
    }
    assert!(opened > 0, "nobody ever came to the end of it");
}

#[tokio::test]
async fn the_red_thread_locks_it_and_the_safe_word_clears_the_thread() {
    let server = Server::start(&[]);
    let mut client = with_vault(&server).await;
    put(&mut client, "bank", "4711 0815").await;
    assert_eq!(unlock(&mut client, WORD, &["bank"]).await["status"], "done");
    client.send(json!({ "type": "red_thread" })).await;
    assert_eq!(client.until("red_thread_state").await["active"], true);
    for request in [
        json!({ "type": "vault_get", "name": "bank" }),
        json!({ "type": "vault_unlock", "safe_word": WORD }),
        json!({ "type": "vault_put", "name": "a", "value": "b" }),
    ] {
        assert_eq!(client.refusal(request).await["code"], "red_thread");
    }
    let wrong = json!({ "type": "red_thread_clear", "safe_word": "tulips in june" });
    assert_eq!(client.refusal(wrong).await["code"], "vault_refused");
    client
        .send(json!({ "type": "red_thread_clear", "safe_word": WORD }))
        .await;
    while client.until("red_thread_state").await["active"] == true {}
    let locked = client
        .refusal(json!({ "type": "vault_get", "name": "bank" }))
        .await;
    assert_eq!(locked["code"], "vault_locked");
    assert_eq!(unlock(&mut client, WORD, &[]).await["status"], "done");
    assert_eq!(get(&mut client, "bank").await["value"], "4711 0815");
}

#[tokio::test]
async fn secrets_leave_in_a_file_after_a_click_and_come_in_elsewhere() {
    let (from, to) = (Server::start(&[]), Server::start(&[]));
    let (mut from, mut to) = (with_vault(&from).await, with_vault(&to).await);
    put(&mut from, "bank", "4711 0815").await;
    let password = "purple rain 1984";
    let export = json!({ "type": "vault_export", "safe_word": WORD, "password": password });
    // A no is a no.
    from.send(export.clone()).await;
    let check = from.until("soul_check").await;
    assert_eq!(
        (&check["action"], &check["needs_click"]),
        (&json!("export"), &json!(true))
    );
    from.send(
        json!({ "type": "consent_response", "consent_id": check["consent_id"], "granted": false }),
    )
    .await;
    assert_eq!(from.error().await["code"], "not_consented");
    // So is a wrong word, whatever was clicked.
    let mut wrong = export.clone();
    wrong["safe_word"] = json!("tulips in june");
    for (request, is_right) in [(wrong, false), (export, true)] {
        from.send(request).await;
        let check = from.until("soul_check").await;
        let yes = json!({ "type": "consent_response", "consent_id": check["consent_id"], "granted": true });
        from.send(yes).await;
        if !is_right {
            loop {
                let result = from.until("vault_result").await;
                assert_ne!(result["status"], "done");
                if result["status"] == "refused" {
                    break;
                }
            }
        }
    }
    let file = from.until("vault_exported").await;
    let bytes = STANDARD.decode(text(&file, "file")).expect("base64");
    assert!(bytes.windows(4).all(|window| window != b"4711"));

    let import = |password: &str| json!({ "type": "vault_import", "file": file["file"], "password": password });
    to.send(import(password)).await;
    assert_eq!(to.until("vault_result").await["status"], "checking");
    assert_eq!(to.error().await["code"], "vault_locked");
    assert_eq!(unlock(&mut to, WORD, &[]).await["status"], "done");
    assert_eq!(
        ask(&mut to, import("purple rain 1985")).await["status"],
        "refused"
    );
    assert_eq!(ask(&mut to, import(password)).await["status"], "done");
    assert_eq!(get(&mut to, "bank").await["value"], "4711 0815");
}

#[tokio::test]
async fn planted_secrets_are_in_no_file_no_log_no_metric_and_after_the_lock_in_no_memory() {
    let server = Server::start(&["log.filter=trace"]);
    let planted = ["word", "name", "value", "other", "wrong"].map(planted);
    let [word, name, value, other, wrong] = &planted;
    let mut client = Client::greet(&server, "/ws").await;
    let made = ask(
        &mut client,
        json!({ "type": "vault_create", "safe_word": word }),
    )
    .await;
    assert_eq!(made["status"], "done");
    put(&mut client, name, value).await;
    assert_eq!(unlock(&mut client, wrong, &[]).await["status"], "refused");
    assert_eq!(unlock(&mut client, word, &[name]).await["status"], "done");
    assert_eq!(get(&mut client, name).await["value"], *value);
    put(&mut client, other, value).await;
    let search = |when: &str| {
        for needle in &planted {
            assert_eq!(
                holding(server.folder(), needle),
                Vec::<PathBuf>::new(),
                "{when}"
            );
            let metrics = http::get(server.address(), "/metrics").body;
            assert!(!metrics.contains(needle.as_str()), "{when}: the metrics");
        }
    };
    search("unlocked");
    // The controls: a file that holds one is found, and unlocked it is in memory.
    let control = server.folder().join("control");
    fs::write(&control, value).expect("written");
    assert_eq!(
        holding(server.folder(), value),
        std::slice::from_ref(&control)
    );
    fs::remove_file(&control).expect("removed");
    let unlocked = in_memory(server.pid(), value);
    assert_ne!(unlocked, Some(0), "unlocked it is somewhere");
    let shut = ask(&mut client, json!({ "type": "vault_lock" })).await;
    assert_eq!(shut["locked"], true);
    // What came over the socket lies in its buffer until the answers to pings take its place.
    for _ in 0..3 {
        client.is_served().await;
    }
    search("locked");
    for needle in &planted {
        let left = in_memory(server.pid(), needle);
        assert_eq!(left, unlocked.map(|_| 0), "{}", &needle[..5]);
    }
    // Nobody of the same user may either, and no core is dumped.
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.pid())).expect("the limits");
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let core: Vec<_> = core.expect("a limit").split_whitespace().collect();
    assert_eq!(&core[4..6], ["0", "0"]);
    assert!(matches!(
        client
            .next_within(std::time::Duration::from_millis(1))
            .await,
        None | Some(Frame::Text(_))
    ));
}
