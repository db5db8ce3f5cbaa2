//! A connection from another machine that has no key: it may pair, and nothing else.
//!
//! It has few bytes, few messages and little time, and takes no place of those who were let in.
//! Behind `paired` it ends: its next connection shows the key.

use std::time::{Duration, Instant};

use axum::extract::ws::{Message, Utf8Bytes};
use janet_protocol::catalogue;
use janet_protocol::{
    ClientMessage, ErrorCode, Incoming, Limits, Outgoing, PROTOCOL, RequestId, ServerMessage,
    WireError, parse,
};
use janet_vault::audit::{Event, Name};
use tokio::time::{Instant as Moment, timeout, timeout_at};

use super::carrier::Line;
use super::connection::Leave;
use super::rate::Rate;
use super::{STRANGERS_BYTES, turn_away};
use crate::app::{App, goes_down};
use crate::lock::{Exchange, PairingError, Peer, Proof, Refused};

/// A code is good for two minutes; who connects before it is asked for has as long again.
const LIFE: Duration = Duration::from_secs(240);
/// Messages a second, and twice as many at once: a try has two.
const MESSAGES_PER_SECOND: u32 = 10;
/// Messages refused in a row, after which the connection ends.
const FLOOD: u32 = 20;

/// A try of this connection, and the name that came with it.
type Try = Option<(Exchange, String)>;

/// Tells somebody whose key is not known that it is not, and says goodbye.
pub(super) async fn refuse(mut socket: Line, app: &App, request_id: Option<RequestId>) {
    let error = WireError::new(ErrorCode::NotPaired, Leave::NotPaired.reason());
    tell(&mut socket, app, error.with_request(request_id))
        .await
        .ok();
    turn_away(&mut socket, Leave::NotPaired).await;
}

/// Serves until it has paired, or has had its time.
pub(super) async fn serve(mut socket: Line, app: &App, peer: &Peer, request_id: Option<RequestId>) {
    // One machine's strangers do not keep those of others from pairing.
    let of_its_machine = app.lock.admit_stranger(peer);
    let place = app.lock.strangers.clone().try_acquire_owned();
    let (Ok(of_its_machine), Ok(place)) = (of_its_machine, place) else {
        metrics::counter!("janet_socket_turned_away_total").increment(1);
        turn_away(&mut socket, Leave::Full).await;
        return;
    };
    let leave = match timeout(LIFE, pair(&mut socket, app, peer, request_id)).await {
        Ok(leave) => leave,
        Err(_) => Leave::Done,
    };
    drop((place, of_its_machine));
    turn_away(&mut socket, leave).await;
}

async fn pair(socket: &mut Line, app: &App, peer: &Peer, request_id: Option<RequestId>) -> Leave {
    let greeting = Outgoing {
        request_id,
        message: ServerMessage::PairWanted {
            protocol: PROTOCOL,
            fingerprint: app.lock.certificate.fingerprint.hex(),
        },
    };
    if let Err(leave) = tell(socket, app, greeting).await {
        return leave;
    }
    let mut leaving = app.leaving.clone();
    let mut rate = Rate::new(MESSAGES_PER_SECOND, Instant::now());
    let (mut refused, mut attempt) = (0, None);
    loop {
        let message = tokio::select! {
            message = socket.recv() => message,
            () = goes_down(&mut leaving) => return Leave::Away,
        };
        let text = match message {
            Some(Ok(Message::Text(text))) => text,
            // The answer to a ping is bytes, too.
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {
                if !rate.admits(Instant::now()) {
                    refused += 1;
                }
                if refused > FLOOD {
                    return Leave::Flooding;
                }
                continue;
            }
            Some(Ok(Message::Binary(_))) => return Leave::Violation,
            Some(Ok(Message::Close(_))) | None => return Leave::Gone,
            Some(Err(leave)) => return leave,
        };
        if !rate.admits(Instant::now()) {
            refused += 1;
            if refused > FLOOD {
                return Leave::Flooding;
            }
            if refused > 1 {
                // One error for each burst, as for those who were let in.
                continue;
            }
        } else {
            refused = 0;
        }
        let answer = match refused {
            0 => on_text(&text, app, peer, &mut attempt).await,
            _ => Err(too_fast()),
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                tracing::debug!(code = ?error.code, field = ?error.field, "a stranger was refused");
                error.into()
            }
        };
        let is_paired = matches!(answer.message, ServerMessage::Paired { .. });
        match tell(socket, app, answer).await {
            Ok(()) if is_paired => return Leave::Done,
            Ok(()) => {}
            Err(leave) => return leave,
        }
    }
}

async fn on_text(
    text: &str,
    app: &App,
    peer: &Peer,
    attempt: &mut Try,
) -> Result<Outgoing, WireError> {
    let limits = Limits {
        frame_bytes: STRANGERS_BYTES,
        ..Limits::default()
    };
    let Incoming {
        request_id,
        dialect,
        message,
    } = parse(text, &limits)?;
    let name = message.type_name(dialect);
    let answer = match message {
        ClientMessage::PairStart { name, message } => start(app, peer, attempt, name, &message),
        ClientMessage::PairFinish { proof } => finish(app, attempt, proof.expose()).await,
        _ => Err(not_permitted(name)),
    };
    match answer {
        Ok(message) => Ok(Outgoing {
            request_id,
            message,
        }),
        Err(error) => Err(error.with_request(request_id)),
    }
}

fn start(
    app: &App,
    peer: &Peer,
    attempt: &mut Try,
    name: String,
    message: &[u8],
) -> Result<ServerMessage, WireError> {
    // One at a time: the earlier one has cost its try.
    *attempt = None;
    let Some(started) = app.lock.start_pairing(peer, message) else {
        let message = "this machine has tried to pair too often; try again in a few minutes";
        return Err(WireError::new(ErrorCode::Overloaded, message));
    };
    let (reply, exchange) = started.map_err(|refused| failed(&refused.into()))?;
    *attempt = Some((exchange, name));
    Ok(ServerMessage::PairChallenge {
        message: digits(&reply),
    })
}

async fn finish(app: &App, attempt: &mut Try, proof: &Proof) -> Result<ServerMessage, WireError> {
    let Some((exchange, name)) = attempt.take() else {
        let message = "pair_finish came before pair_start";
        return Err(WireError::new(ErrorCode::PairFailed, message));
    };
    let paired = app.lock.finish_pairing(exchange, proof, name).await;
    let paired = paired.map_err(|error| failed(&error))?;
    tracing::info!("a device was paired");
    let device = Name::new(&paired.device.id.0);
    // It is paired, whatever the log says of it; the log has told that it cannot be written.
    app.trust.note(&Event::DevicePaired { device }).ok();
    Ok(ServerMessage::Paired {
        device_id: paired.device.id.0,
        key: paired.key.text().as_str().into(),
        role: paired.device.role,
        proof: digits(&paired.proof).into(),
    })
}

fn failed(error: &PairingError) -> WireError {
    let PairingError::Refused(refused) = error else {
        tracing::error!(%error, "a device could not be taken in");
        let message = "the device could not be kept, so it is not paired";
        return WireError::new(ErrorCode::Internal, message);
    };
    let message = refused.to_string();
    match refused {
        Refused::Malformed(_) => WireError::in_field(ErrorCode::OutOfRange, "message", message),
        Refused::Wrong { .. } => WireError::in_field(ErrorCode::PairFailed, "proof", message),
        _ => WireError::new(ErrorCode::PairFailed, message),
    }
}

fn not_permitted(name: &str) -> WireError {
    let wanted = match catalogue::who(name) {
        Some(catalogue::Who::Operator) => "the operator's devices",
        _ => "devices that are paired",
    };
    let message = format!(
        "\"{name}\" is for {wanted}; this connection showed no device key and may only pair"
    );
    WireError::in_field(ErrorCode::NotPermitted, "type", message)
}

fn too_fast() -> WireError {
    let message = format!(
        "more than {MESSAGES_PER_SECOND} messages a second; this one and those behind it were dropped"
    );
    WireError::new(ErrorCode::Overloaded, message)
}

async fn tell(socket: &mut Line, app: &App, message: impl Into<Outgoing>) -> Result<(), Leave> {
    let message: Outgoing = message.into();
    let text = Message::Text(Utf8Bytes::from(message.to_json()));
    let until = Moment::now() + app.config.server.write_timeout;
    match timeout_at(until, socket.send(text)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Leave::Gone),
        Err(_) => Err(Leave::Stalled),
    }
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
