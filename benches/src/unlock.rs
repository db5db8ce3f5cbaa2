//! How long the vault of a real server takes to open, from the safe word over the socket to the answer: the
//! guess is counted on the disk, the key is derived (Argon2id), what was asked for is opened.

use std::time::Instant;

use anyhow::ensure;
use janet_tests::{Client, Server};
use serde_json::{Value, json};

const WORD: &str = "tulips in may";
/// Secrets in the vault, and how many of them are asked for.
const SECRETS: usize = 100;
const ASKED: usize = 10;

pub(crate) fn measure(runs: usize) -> anyhow::Result<Value> {
    let server = Server::start(&[]).ready();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let took = runtime.block_on(run(&server, runs))?;
    Ok(json!({ "bench": "unlock", "secrets": SECRETS, "asked": ASKED, "ms": took }))
}

async fn run(server: &Server, runs: usize) -> anyhow::Result<Vec<f64>> {
    let mut client = Client::connect(server).await;
    client
        .send(json!({ "type": "vault_create", "safe_word": WORD }))
        .await;
    done(&mut client).await?;
    let name = |n: usize| format!("secret {n}");
    for n in 0..SECRETS {
        let value = format!("of the usual length, {n}");
        client
            .send(json!({ "type": "vault_put", "name": name(n), "value": value, "tags": ["tag"] }))
            .await;
        done(&mut client).await?;
    }
    let mut took = Vec::with_capacity(runs);
    for run in 0..=runs {
        client.send(json!({ "type": "vault_lock" })).await;
        done(&mut client).await?;
        let names: Vec<String> = (0..ASKED).map(|n| name((run + n) % SECRETS)).collect();
        let began = Instant::now();
        client
            .send(json!({ "type": "vault_unlock", "safe_word": WORD, "names": names }))
            .await;
        let opened = done(&mut client).await?;
        took.push(began.elapsed().as_secs_f64() * 1e3);
        ensure!(opened["locked"] == false, "it is still locked: {opened}");
    }
    client.close().await;
    // The first one also opened what was put while the vault was locked.
    took.remove(0);
    Ok(took)
}

/// The end of what was asked: that it is being looked at is told first.
async fn done(client: &mut Client) -> anyhow::Result<Value> {
    loop {
        let result = client.until("vault_result").await;
        if result["status"] != "checking" {
            ensure!(result["status"] == "done", "refused: {result}");
            return Ok(result);
        }
    }
}
