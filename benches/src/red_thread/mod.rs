//! The red thread by voice against a real `janet serve`: how soon after the words, said over her own voice in
//! one's own room, she is silent and everybody was told that it is pulled; how often that is missed; and that
//! nothing else pulls it.

mod scene;
mod words;

use std::time::Duration;

use anyhow::ensure;
use janet_tests::{Client, Server};
use serde_json::{Value, json};

use self::scene::Scene;
use self::words::Spoken;
use crate::clips::{Clip, onset, speech_end};
use crate::saying::Saying;
use crate::weights::Weights;

/// What was not heard by then is missed; what did not pull it by then does not.
const PATIENCE: Duration = Duration::from_secs(4);
/// Who was given up on may still have been understood, by so long after the connection is closed.
const LATE: Duration = Duration::from_millis(500);
/// Whatever is still heard of her afterwards counts.
const AFTERWARDS: Duration = Duration::from_millis(400);
/// Between the two clicks that clear it a second has to pass.
const BETWEEN_CLICKS: Duration = Duration::from_millis(1100);
/// Pulls by message.
const MESSAGES: usize = 10;

/// How many of each, and how loud her echo is.
pub(crate) struct Plan {
    pub(crate) trials: usize,
    pub(crate) near: usize,
    pub(crate) recordings: usize,
    pub(crate) echo_db: f32,
}

pub(crate) fn measure(weights: &Weights, clips: &[Clip], plan: &Plan) -> anyhow::Result<Value> {
    let saying = Saying::load(weights)?;
    let words = words::words(&saying, plan.trials)?;
    let mut others = words::near(&saying, plan.near)?;
    drop(saying);
    others.extend(words::recordings(clips, plan.recordings));
    let server = Server::start(&["server.max_clients=256", "engine.sessions=256"]).ready();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let (mut trials, mut others_told, mut messages) = (Vec::new(), Vec::new(), Vec::new());
        for (n, spoken) in words.iter().enumerate() {
            trials.push(told(spoken, said(&server, spoken, plan.echo_db, n).await?));
        }
        for (n, spoken) in others.iter().enumerate() {
            others_told.push(told(spoken, said(&server, spoken, plan.echo_db, 1000 + n).await?));
        }
        for n in 0..MESSAGES.min(plan.trials) {
            messages.push(by_message(&server, plan.echo_db, n).await?);
        }
        Ok(json!({
            "bench": "red_thread", "echo_db": plan.echo_db, "trials": trials, "others": others_told, "by_message_ms": messages,
        }))
    })
}

/// What came of something that was said over her.
struct Said {
    /// It was pulled before the first word.
    too_early: bool,
    pulled: Option<Pulled>,
    /// It was pulled after nobody waited for it any more: missed, and yet it has to be cleared.
    late: bool,
    /// What was understood.
    understood: String,
}

struct Pulled {
    /// From the end of the words to her silence and the word that it is pulled.
    spoken_ms: f64,
    /// What the server took from the words in its hands to everything settled.
    settled_ms: f64,
}

/// Says this over her, on a connection of its own.
async fn said(server: &Server, spoken: &Spoken, echo_db: f32, seed: usize) -> anyhow::Result<Said> {
    let settled = |what: &str| server.measured(&format!("janet_red_thread_seconds_{what}"));
    let (count, sum) = (settled("count"), settled("sum"));
    let mut scene = Scene::open(server, spoken.place, echo_db, seed).await;
    let wait = fastrand::Rng::with_seed(seed as u64).u64(700..1700);
    scene.until_she_talks(Duration::from_millis(wait)).await?;
    let began = scene.say(&spoken.pcm);
    let (first, end) = (began + onset(&spoken.pcm), began + speech_end(&spoken.pcm));
    while scene.pulled().is_none() && scene.now() < end + PATIENCE {
        scene.beat().await?;
    }
    let pulled = scene.pulled();
    let understood = scene.understood();
    if pulled.is_some() {
        let until = scene.now() + AFTERWARDS;
        while scene.now() < until {
            scene.beat().await?;
        }
    }
    let silent = scene.last_heard(first).unwrap_or(first);
    scene.close().await;
    let Some(told) = pulled else {
        tokio::time::sleep(LATE).await;
        let late = settled("count") > count;
        if late {
            clear(server).await;
        }
        return Ok(Said {
            too_early: false,
            pulled: None,
            late,
            understood,
        });
    };
    ensure!(
        settled("count") == count + 1.0,
        "one pull, measured otherwise"
    );
    let pulled = Pulled {
        spoken_ms: (told.max(silent).as_secs_f64() - end.as_secs_f64()) * 1e3,
        settled_ms: (settled("sum") - sum) * 1e3,
    };
    clear(server).await;
    Ok(Said {
        too_early: told < first,
        pulled: Some(pulled),
        late: false,
        understood,
    })
}

fn told(spoken: &Spoken, said: Said) -> Value {
    let told = json!({
        "text": spoken.text,
        "voice": spoken.voice,
        "place": spoken.place.name,
        "too_early": said.too_early,
        "late": said.late,
        "spoken_ms": said.pulled.as_ref().map(|pulled| pulled.spoken_ms),
        "settled_ms": said.pulled.as_ref().map(|pulled| pulled.settled_ms),
        "understood": said.understood,
    });
    eprintln!("{told}");
    told
}

/// From a message while she speaks to the word that it is pulled.
async fn by_message(server: &Server, echo_db: f32, seed: usize) -> anyhow::Result<f64> {
    let mut scene = Scene::open(server, words::QUIET, echo_db, seed).await;
    scene.until_she_talks(Duration::from_millis(700)).await?;
    let sent = scene.pull().await;
    let until = scene.now() + PATIENCE;
    while scene.pulled().is_none() && scene.now() < until {
        scene.beat().await?;
    }
    let pulled = scene.pulled();
    scene.close().await;
    ensure!(pulled.is_some(), "a message did not pull it");
    clear(server).await;
    Ok((pulled.unwrap_or_default().as_secs_f64() - sent.as_secs_f64()) * 1e3)
}

/// The operator's two clicks.
async fn clear(server: &Server) {
    let mut operator = Client::connect(server).await;
    operator.send(json!({ "type": "red_thread_clear" })).await;
    let token = operator.until("red_thread_token").await["token"].clone();
    tokio::time::sleep(BETWEEN_CLICKS).await;
    operator
        .send(json!({ "type": "red_thread_clear", "token": token }))
        .await;
    while operator.until("red_thread_state").await["active"] != false {}
    operator.close().await;
}
