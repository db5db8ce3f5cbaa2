//! What was said in an ended conversation is in no file that the process wrote.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use janet_tests::server::pause;
use janet_tests::{Client, Server};
use serde_json::json;

/// Words that no program writes by itself.
const PLANTED: [&str; 3] = ["zanzibarquux", "Wolpertinger", "blimpfnord"];

/// Files below `folder` that hold any of the planted words, in UTF-8, UTF-16 or base64.
fn holding(folder: &Path) -> Vec<PathBuf> {
    let mut needles: Vec<Vec<u8>> = Vec::new();
    for word in PLANTED {
        needles.push(word.as_bytes().to_vec());
        needles.push(word.encode_utf16().flat_map(u16::to_le_bytes).collect());
        // Base64 depends on where in a group of three the word begins; its inside is the same.
        for shift in 0..3 {
            let padded = [&b"   "[..shift], word.as_bytes()].concat();
            let text = janet_tests::sound::base64(&padded);
            needles.push(text.as_bytes()[4..12].to_vec());
        }
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(holding(&path));
            continue;
        }
        let bytes = std::fs::read(&path).expect("a file of ours");
        if needles
            .iter()
            .any(|needle| bytes.windows(needle.len()).any(|part| part == needle))
        {
            found.push(path);
        }
    }
    found
}

async fn say_it(client: &mut Client) {
    for word in PLANTED {
        client
            .ask(&format!(
                "My favourite word is {word}. What do you think of {word}?"
            ))
            .await;
    }
    // Bad input travels other ways; it must leave nothing behind either.
    for message in [
        json!({ "type": PLANTED[0], "text": PLANTED[1] }),
        json!({ "type": "message", "text": [PLANTED[1]] }),
    ] {
        client.refusal(message).await;
    }
    client
        .send_text(&format!(
            "{{\"type\": \"message\", \"text\": \"{}",
            PLANTED[2]
        ))
        .await;
    client.error().await;
}

#[tokio::test]
async fn no_file_holds_a_word_of_an_ended_conversation() {
    let server = Server::start(&["conversation.keep_minutes=0.01", "log.filter=trace"]).ready();
    let folder = server.folder().to_path_buf();

    // The control: the search finds each word where it really is.
    for (number, word) in PLANTED.iter().enumerate() {
        let control = folder.join(format!("control-{number}"));
        std::fs::write(&control, format!("… {word} …")).expect("written");
        assert_eq!(
            holding(&folder),
            [control.as_path()],
            "{word} was not found where it stands"
        );
        std::fs::remove_file(&control).expect("removed");
    }

    let mut client = Client::connect(&server).await;
    say_it(&mut client).await;
    // The second control: the conversation does hold the words, for who may read them.
    client.send(json!({ "type": "get_context" })).await;
    let context = client.until("context").await.to_string();
    assert!(
        PLANTED.iter().all(|word| context.contains(word)),
        "{context}"
    );
    assert_eq!(
        holding(&folder),
        Vec::<PathBuf>::new(),
        "while the conversation lives"
    );

    let id = client.client_id.clone();
    client.close().await;
    let since = Instant::now();
    while !Client::resume(&server, &id).await.client_id.ne(&id) {
        assert!(
            since.elapsed() < Duration::from_secs(20),
            "the conversation does not end"
        );
        pause(Duration::from_secs(1));
    }
    assert_eq!(
        holding(&folder),
        Vec::<PathBuf>::new(),
        "after the conversation's end"
    );
    let log = server.log();
    assert!(
        log.lines().count() > 10,
        "the log was written all the while:\n{log}"
    );
    assert!(
        !log.contains(&id),
        "the log holds the key to a conversation"
    );
}

#[tokio::test]
async fn a_secret_reaches_neither_the_answer_nor_the_conversation() {
    let mut client = Client::connect(Server::shared()).await;
    let answer = client
        .ask("My password is hunter2-Xk9#qLw8Zt and my name is Ada. Say hello.")
        .await;
    let everything = answer.to_string();
    assert!(
        everything.contains("[secret]") && !everything.contains("hunter2"),
        "{answer}"
    );
    client.send(json!({ "type": "get_context" })).await;
    let context = client.until("context").await.to_string();
    assert!(
        context.contains("[secret]") && !context.contains("hunter2"),
        "{context}"
    );
}
