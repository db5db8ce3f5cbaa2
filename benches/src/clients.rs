//! Many clients on a real `janet serve`, each asking now and then for something that needs no
//! model: how long an answer takes.
//!
//! Requests go out at their time, whether the ones before are answered or not, and an answer's time
//! counts from when its request was due, so that a stall is paid by all that fall into it. How much
//! of that this process took before it wrote is told, too.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use janet_tests::Server;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

/// Between two requests of one client.
const EVERY: Duration = Duration::from_millis(500);
/// Before the first request that counts.
const WARM_UP: Duration = Duration::from_secs(2);
/// A server that says nothing for so long says nothing any more.
const PATIENCE: Duration = Duration::from_secs(10);
const KINDS: [&str; 3] = ["ping", "get_context", "bad_json"];

type Socket = WebSocketStream<TcpStream>;

/// One answered request.
struct Answered {
    kind: usize,
    /// From when the request was due to the answer's arrival.
    took: Duration,
    /// From when it was due to its write.
    late: Duration,
}

pub(crate) fn measure(clients: usize, span: Duration) -> anyhow::Result<Value> {
    let limit = |key: &str| format!("{key}={}", clients.max(64));
    let limits = ["server.max_clients", "engine.sessions"].map(limit);
    let server = Server::start(&[&limits[0], &limits[1], "log.filter=info"]).ready();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let answered = runtime.block_on(run(server.address(), clients, span))?;
    let took = |kind: Option<usize>| {
        let of_kind = |answer: &&Answered| kind.is_none_or(|kind| answer.kind == kind);
        spread(answered.iter().filter(of_kind).map(|answer| answer.took))
    };
    let mut result = json!({
        "bench": "clients",
        "clients": clients,
        "answers": answered.len(),
        "ms": took(None),
        "client_late_ms": spread(answered.iter().map(|answer| answer.late)),
    });
    for (kind, name) in KINDS.into_iter().enumerate() {
        result[format!("{name}_ms")] = took(Some(kind));
    }
    Ok(result)
}

async fn run(address: SocketAddr, clients: usize, span: Duration) -> anyhow::Result<Vec<Answered>> {
    let mut sockets = Vec::new();
    for _ in 0..clients {
        sockets.push(timeout(PATIENCE, connect(address)).await??);
    }
    let begin = Instant::now();
    let mut work = JoinSet::new();
    for (number, socket) in sockets.into_iter().enumerate() {
        // Spread evenly: a crowd that asks at the same instant is another measurement.
        let first = begin + EVERY * number as u32 / clients as u32;
        work.spawn(one(
            socket,
            number,
            first,
            begin + WARM_UP,
            begin + WARM_UP + span,
        ));
    }
    let mut answered = Vec::new();
    while let Some(one) = work.join_next().await {
        answered.extend(one??);
    }
    Ok(answered)
}

/// Connects and waits until requests are served.
async fn connect(address: SocketAddr) -> anyhow::Result<Socket> {
    let stream = TcpStream::connect(address).await?;
    // Requests are small and wait for nothing behind them.
    stream.set_nodelay(true)?;
    let (mut socket, _) = client_async(format!("ws://{address}/ws"), stream).await?;
    while text(&mut socket).await?["status"] != "ready" {}
    Ok(socket)
}

/// One client's requests until the end, and their answers.
async fn one(
    mut socket: Socket,
    number: usize,
    first: Instant,
    count_from: Instant,
    end: Instant,
) -> anyhow::Result<Vec<Answered>> {
    let (mut due, mut id) = (first, 0_u64);
    let mut waiting: HashMap<u64, (usize, Instant, Instant)> = HashMap::new();
    let mut answered = Vec::new();
    let give_up = end + PATIENCE;
    while due < end || !waiting.is_empty() {
        tokio::select! {
            () = sleep_until(due), if due < end => {
                let kind = (id as usize + number) % KINDS.len();
                let frame = request(kind, id);
                waiting.insert(id, (kind, due, Instant::now()));
                socket.send(Message::text(frame)).await?;
                (due, id) = (due + EVERY, id + 1);
            }
            frame = timeout_at(give_up, text(&mut socket)) => {
                let frame = frame.with_context(|| format!("{} requests stay unanswered", waiting.len()))??;
                let now = Instant::now();
                let asked = frame["request_id"].as_u64().and_then(|id| waiting.remove(&id));
                let Some((kind, due, sent)) = asked else {
                    bail!("nobody asked for {}", frame["type"]);
                };
                check(kind, &frame)?;
                if due >= count_from {
                    answered.push(Answered { kind, took: now - due, late: sent - due });
                }
            }
        }
    }
    Ok(answered)
}

fn request(kind: usize, id: u64) -> String {
    match KINDS[kind] {
        "ping" => format!(r#"{{"type":"ping","timestamp":{id},"request_id":{id}}}"#),
        "get_context" => format!(r#"{{"type":"get_context","request_id":{id}}}"#),
        // Breaks off behind the id, which is echoed all the same.
        _ => format!(r#"{{"request_id":{id},"type":"#),
    }
}

/// Only the right answer counts as one.
fn check(kind: usize, frame: &Value) -> anyhow::Result<()> {
    let wanted = match KINDS[kind] {
        "ping" => "pong",
        "get_context" => "context",
        _ => "bad_json",
    };
    let got = frame.get("code").unwrap_or(&frame["type"]);
    ensure!(got == wanted, "{got} came where {wanted} was awaited");
    Ok(())
}

/// The next text frame.
async fn text(socket: &mut Socket) -> anyhow::Result<Value> {
    loop {
        match socket.next().await.context("the server has hung up")?? {
            Message::Text(text) => return Ok(serde_json::from_str(&text)?),
            Message::Close(close) => bail!("the server said goodbye: {close:?}"),
            _ => {}
        }
    }
}

/// Median, 99th percentile and largest, in ms.
fn spread(values: impl Iterator<Item = Duration>) -> Value {
    let mut sorted: Vec<f64> = values.map(|value| value.as_secs_f64() * 1e3).collect();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| {
        sorted.get(((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1)))
    };
    json!({ "p50": at(0.5), "p99": at(0.99), "max": sorted.last() })
}
