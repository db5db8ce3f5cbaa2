//! Planted secrets: looked for in every file, log, metric, prompt and core dump, and after the lock in the
//! server's memory. In each place one that was planted on purpose is found by the same search. A dump that
//! is written is searched in the vault crate (`blue/dump_test.rs`).

use std::fs::File;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Output};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use janet_tests::canary::{holding, in_memory, is_in, planted};
use janet_tests::language_server::{LanguageServer, MODEL, Manner};
use janet_tests::server::janet;
use janet_tests::{Client, Server, http};
use serde_json::{Value, json};

use crate::trust_spoken::said;
use crate::vault::{ask, put, text, unlock};
use crate::voice::{Heard, speak, start};

/// Where a needle is found: files (the log is one of them), metrics, and prompts.
fn places(server: &Server, fake: &LanguageServer, needle: &str) -> Vec<String> {
    let files = holding(server.folder(), needle).into_iter();
    let mut found: Vec<_> = files.map(|path| path.display().to_string()).collect();
    if is_in(
        needle,
        http::get(server.address(), "/metrics").body.as_bytes(),
    ) {
        found.push("the metrics".to_owned());
    }
    if in_prompts(fake, needle) {
        found.push("a prompt".to_owned());
    }
    found
}

fn in_prompts(fake: &LanguageServer, needle: &str) -> bool {
    let mut questions = fake.questions().into_iter();
    questions.any(|question| is_in(needle, question.to_string().as_bytes()))
}

/// The controls: the search finds what stands there on purpose, in each of the places.
async fn finds_what_is_planted(server: &Server, fake: &LanguageServer, client: &mut Client) {
    let word = planted("control");
    let file = server.folder().join("data").join("control");
    std::fs::write(&file, format!("… {word} …")).expect("written");
    assert_eq!(places(server, fake, &word), [file.display().to_string()]);
    std::fs::remove_file(&file).expect("removed");

    let log = server.folder().join("janet.log");
    let line = planted("control");
    let appended = File::options().append(true).open(&log);
    let written = appended.and_then(|mut log| writeln!(log, "INFO {line}"));
    written.expect("a log");
    assert_eq!(places(server, fake, &line), [log.display().to_string()]);

    assert_eq!(
        places(server, fake, "janet_vault_derive_seconds"),
        ["the metrics"]
    );

    client.ask(&format!("My favourite word is {word}.")).await;
    assert_eq!(places(server, fake, &word), ["a prompt"]);
}

/// A PIN as it is said, and the ways in which a recogniser may have written it.
const PIN: &str = "My PIN is eight three five two nine one seven four.";
const HEARD: [&str; 5] = [
    "three five two nine one",
    "83529174",
    "8 3 5 2 9 1 7 4",
    "8, 3, 5, 2, 9",
    "8-3-5-2-9",
];

/// Says it in passing, until it was heard and answered. What is shown of it is not the PIN.
async fn say_the_pin(client: &mut Client) {
    start(client, "hands_free").await;
    let mut heard = Heard::default();
    let is_secret = |frame: &&Value| {
        let words = text(frame, "text").to_lowercase();
        frame["final"] == true && words.contains("pin is [secret]")
    };
    speak(client, &said(PIN), &mut heard, |heard| {
        let was_heard = heard.of("transcript").iter().any(is_secret);
        was_heard && !heard.of("assistant_message").is_empty()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_not_be_kept_is_in_no_file_log_metric_or_prompt_and_after_the_lock_in_no_memory()
{
    let fake = LanguageServer::start(0, Manner::Says(vec!["All right then."])).await;
    let url = format!("llm.url=http://{}", fake.address);
    let server = Server::start(&["log.filter=trace", "llm.server=ollama", &url]).ready();
    server.has("llm", MODEL);
    let mut client = Client::connect(&server).await;
    let [word, name, red, blue, password, nickname] =
        ["word", "name", "red", "blue", "password", "nickname"].map(planted);
    // Digits that no program writes by itself.
    let pin = format!("{}", fastrand::u64(10_000_000_000_000..100_000_000_000_000));

    // Red and Blue.
    let create = json!({ "type": "vault_create", "safe_word": word });
    assert_eq!(ask(&mut client, create).await["status"], "done");
    put(&mut client, &name, &red).await;
    put(&mut client, "open", &blue).await;
    assert_eq!(
        unlock(&mut client, &word, &["open"]).await["status"],
        "done"
    );
    // Refused to be remembered: by a message and in words.
    let remember = json!({ "type": "memory_remember", "text": format!("My PIN is {pin}.") });
    assert_eq!(client.refusal(remember).await["code"], "not_kept");
    let password = password.replace(' ', "");
    client
        .ask(&format!("Please remember that my password is {password}."))
        .await;
    // Said in passing, by real sound.
    let mut spoken = Client::connect(&server).await;
    say_the_pin(&mut spoken).await;
    // Not to be remembered: the question itself may be answered, and what is said in the same conversation;
    // no other one knows of it.
    let mut other = Client::connect(&server).await;
    other.ask(&format!("I call my cat {nickname}.")).await;
    assert!(in_prompts(&fake, &nickname), "the control");
    other.ask("Don't remember this.").await;
    let asked = fake.questions().len();
    let mut later = Client::connect(&server).await;
    later.ask("What do I call my cat?").await;
    assert_eq!(
        places(&server, &fake, &nickname),
        ["a prompt"],
        "the one that was answered"
    );
    for question in &fake.questions()[asked..] {
        assert!(!question.to_string().contains(&nickname), "{question}");
    }

    let mut never: Vec<&str> = vec![&word, &name, &red, &blue, &password, &pin];
    never.extend(HEARD);
    let search = |when: &str| {
        for needle in &never {
            let found = places(&server, &fake, needle);
            assert_eq!(found, Vec::<String>::new(), "{when}: {}", &needle[..4]);
        }
    };
    search("unlocked");
    assert_eq!(
        ask(&mut client, json!({ "type": "vault_get", "name": "open" })).await["value"],
        *blue
    );
    search("read");
    finds_what_is_planted(&server, &fake, &mut client).await;

    // The control for memory: unlocked, it is there.
    let unlocked = in_memory(server.pid(), &blue);
    assert_ne!(unlocked, Some(0), "unlocked it is somewhere");
    let shut = ask(&mut client, json!({ "type": "vault_lock" })).await;
    assert_eq!(shut["locked"], true);
    // What came over the sockets lies in their buffers until the answers to pings take its place.
    for client in [&mut client, &mut spoken, &mut other] {
        for _ in 0..3 {
            client.is_served().await;
        }
    }
    search("locked");
    for needle in never {
        assert!(
            matches!(in_memory(server.pid(), needle), None | Some(0)),
            "{} is in memory",
            &needle[..4]
        );
    }
}

#[tokio::test]
async fn over_quic_what_was_locked_is_in_no_memory_either() {
    let server = Server::start(&[]);
    let mut raw = janet_tests::over_quic::Raw::greet(server.quic(), None).await;
    raw.until("connected").await;
    let [word, name, value] = ["word", "name", "value"].map(planted);
    for message in [
        json!({ "type": "vault_create", "safe_word": word }),
        json!({ "type": "vault_put", "name": name, "value": value }),
        json!({ "type": "vault_unlock", "safe_word": word, "names": [name] }),
    ] {
        raw.say(message.clone()).await;
        loop {
            let result = raw.until("vault_result").await;
            if result["status"] != "checking" {
                assert_eq!(result["status"], "done", "{result}");
                break;
            }
        }
    }
    assert_ne!(in_memory(server.pid(), &value), Some(0), "the control");
    raw.say(json!({ "type": "vault_lock" })).await;
    assert_eq!(raw.until("vault_result").await["locked"], true);
    raw.is_served().await;
    for needle in [&word, &name, &value] {
        assert!(
            matches!(in_memory(server.pid(), needle), None | Some(0)),
            "{} is in memory",
            &needle[..4]
        );
    }
}

#[tokio::test]
async fn what_came_in_long_frames_and_behind_them_is_in_no_buffer_either() {
    let server = Server::start(&[]);
    let mut client = Client::greet(&server, "/ws").await;
    let word = planted("word");
    let create = json!({ "type": "vault_create", "safe_word": word });
    assert_eq!(ask(&mut client, create).await["status"], "done");
    assert_eq!(unlock(&mut client, &word, &[]).await["status"], "done");
    let mut needles = vec![word];
    for size in [1_500, 3_000, 40_000, 300_000, 2_000] {
        // No export: nothing comes in by it, but it came.
        let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..))
            .take(size)
            .collect();
        let password = planted("password");
        let import =
            json!({ "type": "vault_import", "file": STANDARD.encode(noise), "password": password });
        assert_eq!(ask(&mut client, import).await["status"], "refused");
        let name = planted("name");
        let get = json!({ "type": "vault_get", "name": name });
        assert_eq!(ask(&mut client, get).await["status"], "refused");
        needles.extend([password, name]);
    }
    let shut = ask(&mut client, json!({ "type": "vault_lock" })).await;
    assert_eq!(shut["locked"], true);
    for _ in 0..3 {
        client.is_served().await;
    }
    for needle in &needles {
        assert!(
            matches!(in_memory(server.pid(), needle), None | Some(0)),
            "{} is in memory",
            &needle[..8]
        );
    }
}

#[test]
fn the_server_is_not_dumped_even_where_dumps_were_allowed_anew() {
    let pattern = std::fs::read_to_string("/proc/sys/kernel/core_pattern").expect("Linux");
    if pattern.starts_with(['|', '/']) {
        println!("SKIPPED: this system hands dumps to {}", pattern.trim());
        return;
    }
    let server = Server::start(&[]);
    let folder = std::fs::read_link(format!("/proc/{}/cwd", server.pid())).expect("it runs");
    let before = dumps(&folder);
    // An administrator may raise the limit again; that nothing may be dumped stays.
    let limit = Command::new("prlimit")
        .args(["--core=unlimited:unlimited", "--pid"])
        .arg(server.pid().to_string())
        .output();
    let raised = limit.is_ok_and(|limit| limit.status.success());
    server.signal("ABRT");
    let (_, well) = server.ended();
    assert!(!well, "it was aborted");
    assert_eq!(dumps(&folder), before, "the server was dumped");

    // The control: whoever does not forbid it is dumped here.
    let there = tempfile::tempdir().expect("a folder");
    let control = Command::new("sh")
        .args(["-c", "ulimit -c unlimited && kill -ABRT $$"])
        .current_dir(there.path())
        .output()
        .expect("a shell");
    if control.status.signal().is_none() {
        println!("SKIPPED: this user may not raise the limit of dumps: the control says nothing");
        return;
    }
    assert_eq!(dumps(there.path()), 1, "a dump is found where there is one");
    if !raised {
        println!("NOTE: the server's limit could not be raised; it held");
    }
}

fn dumps(folder: &Path) -> usize {
    let files = std::fs::read_dir(folder).expect("a folder").flatten();
    files
        .filter(|file| {
            let name = file.file_name();
            let name = name.to_string_lossy();
            name == "core" || name.starts_with("core.")
        })
        .count()
}

fn audit(folder: &Path, words: &[&str]) -> Output {
    let data = format!("conversation.data_dir={}", folder.join("data").display());
    Command::new(janet())
        .arg("audit")
        .args(words)
        .args(["--profile", "cpu", "--set", &data])
        .output()
        .expect("it runs")
}

#[tokio::test]
async fn the_log_of_decisions_is_verified_by_command_and_a_flipped_byte_is_told_by_its_entry() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start_in(folder.path(), &[]);
    let mut client = Client::greet(&server, "/ws").await;
    let create = json!({ "type": "vault_create", "safe_word": "tulips in may" });
    assert_eq!(ask(&mut client, create).await["status"], "done");
    unlock(&mut client, "tulips in june", &[]).await;
    unlock(&mut client, "tulips in may", &[]).await;

    // While she runs.
    let good = audit(folder.path(), &["verify"]);
    let said = String::from_utf8_lossy(&good.stdout);
    assert!(
        good.status.success() && said.contains("is good"),
        "{good:?}"
    );
    client.close().await;
    drop(server);
    let shown = audit(folder.path(), &["show", "--json"]);
    assert!(shown.status.success(), "{shown:?}");
    let lines: Vec<Value> = String::from_utf8(shown.stdout)
        .expect("text")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let number = |kind: &str| {
        let found = lines.iter().find(|line| line["event"]["kind"] == kind);
        let found = found.unwrap_or_else(|| panic!("no {kind} in {lines:?}"));
        found["number"].as_u64().expect("a number")
    };
    assert!(number("vault_created") < number("vault_refused"));
    assert!(number("vault_refused") < number("vault_unlocked"));
    let told = audit(folder.path(), &["show", "--limit", "1"]);
    assert_eq!(String::from_utf8_lossy(&told.stdout).lines().count(), 1);

    let path = folder.path().join("data").join("audit.log");
    let whole = std::fs::read(&path).expect("the log");
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let mut begin = 0;
    for (at, line) in lines.iter().enumerate() {
        // In the middle of what it says.
        let mut flipped = whole.clone();
        flipped[begin + line.len() / 2] ^= 1;
        begin += line.len();
        std::fs::write(&path, &flipped).expect("written");
        let bad = audit(folder.path(), &["verify"]);
        let error = String::from_utf8_lossy(&bad.stderr);
        let wanted = format!("entry {} was changed", at + 1);
        assert_eq!(bad.status.code(), Some(1), "{bad:?}");
        assert!(error.contains(&wanted), "{wanted}: {error}");
    }
    assert!(lines.len() >= 4);
    std::fs::write(&path, &whole).expect("written");
    assert!(audit(folder.path(), &["verify"]).status.success());
}
