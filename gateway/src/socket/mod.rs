//! One client: from its upgrade, or its first message over QUIC, to its goodbye.
//!
//! ```text
//!            ┌────────────── connection task ──────────────┐
//!  frames ──▶│ inbound: check, ask the engine, push the mic │
//!            │ told: engine events ─▶ store first, then tell│──▶ outbound queue ─▶ writer task
//!            │ pings, take-over, shutdown                   │
//!            └──────────────────────────────────────────────┘
//! ```
//! Decides who may connect now and how a connection ends; what is said lies in the two halves. The
//! connection owns its engine session and its place in the conversation, so that whatever ends
//! the task ends both.

mod carrier;
pub(crate) mod choices;
mod connection;
mod devices;
mod inbound;
mod outbound;
mod over_quic;
mod overwrite;
mod parked;
mod parking;
mod rate;
mod realtime;
mod requests;
mod rings;
mod settings;
mod stranger;
mod take_up;
mod told;
mod tone;
mod trust;
mod voip;
mod vr;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::WebSocketUpgrade;
use axum::extract::ws::{CloseFrame, Message};
use axum::response::Response;
use janet_protocol::{Role, SUBPROTOCOL};
use serde::Deserialize;
use tokio::time::timeout;

use crate::app::App;
use crate::lock::{Access, Visitor};
use carrier::{Carrier, Frames, Line};
use connection::{Connection, Leave};
use outbound::Outbound;
pub(crate) use over_quic::serve as serve_quic;
use parked::Comeback;
pub(crate) use parked::Parked;

/// How much larger than the limit a frame may be and still only get an error: past it, reading it
/// whole would be the attack.
const TRANSPORT_SLACK: usize = 4;

/// Largest message of a connection that may only pair.
const STRANGERS_BYTES: usize = 4 << 10;

/// What waits to be written on a connection that may only pair. Pongs are among it, which nobody here
/// says: without a limit, whoever asks for them and does not read fills the memory.
const STRANGERS_WRITES: usize = 64 << 10;

/// The same of those who were let in: more than the longest answer with its sound.
const MOST_WRITES: usize = 64 << 20;

/// How long somebody who is turned away may take to hear it.
const TURNED_AWAY: Duration = Duration::from_secs(1);

/// Places that other machines leave free: the operator comes in to shut a device out.
const RESERVED: usize = 2;

/// The query of an upgrade. Unknown keys are ignored.
#[derive(Debug, Deserialize)]
pub(crate) struct Query {
    /// Resumes a session.
    client_id: Option<String>,
}

/// Turns a request into a client, or says that there is no room.
pub(crate) fn upgrade(
    upgrade: WebSocketUpgrade,
    query: Query,
    app: Arc<App>,
    visitor: Visitor,
) -> Response {
    let role = visitor.access.role();
    let largest = largest(role, app.config.server.max_frame_bytes);
    let most_writes = match role {
        Some(_) => MOST_WRITES,
        None => STRANGERS_WRITES,
    };
    upgrade
        .read_buffer_size(overwrite::READ_BUFFER)
        .write_buffer_size(STRANGERS_WRITES / 16)
        .max_write_buffer_size(most_writes)
        .max_message_size(largest)
        .max_frame_size(largest)
        .protocols([SUBPROTOCOL])
        .on_upgrade(move |socket| {
            let line = Line::web_socket(socket);
            let served = serve(line, Carrier::WebSocket, query.client_id, app, visitor);
            async {
                // A socket of TCP lives by its halves, whoever has them.
                served.await;
            }
        })
}

/// Longest frame that is read of somebody, where `most` is the longest that is answered.
fn largest(role: Option<Role>, most: usize) -> usize {
    match role {
        Some(Role::Operator) => most * TRANSPORT_SLACK,
        // A guest is not told of a message that is far too large what is wrong with it.
        Some(Role::Guest) => most,
        None => STRANGERS_BYTES * TRANSPORT_SLACK,
    }
}

/// Serves until one side has enough. Whether a connection that was there before goes on over this line instead.
async fn serve(
    mut line: Line,
    mut carrier: Carrier,
    client_id: Option<String>,
    app: Arc<App>,
    visitor: Visitor,
) -> bool {
    let Visitor { peer, access } = visitor;
    let role = match (access.role(), &access) {
        (Some(role), _) => role,
        (None, Access::Refused) => {
            stranger::refuse(line, &app, carrier.take_request()).await;
            return false;
        }
        (None, _) => {
            stranger::serve(line, &app, &peer, carrier.take_request()).await;
            return false;
        }
    };
    let server = &app.config.server;
    if let Some(client_id) = &client_id
        && app.parked.knows(client_id, &access)
    {
        // Its place is its own already.
        let (frames, outbound) = start(line, &carrier, &app);
        let comeback = Comeback {
            carrier,
            frames,
            outbound,
        };
        let Err(late) = app.parked.comes_back(client_id, comeback) else {
            return true;
        };
        // The call has ended in this moment: the client tries again.
        late.outbound
            .say_goodbye(Leave::Full.code(), Leave::Full.reason());
        late.outbound.finish(TURNED_AWAY).await;
        return false;
    }
    let Ok(seated) = app.lock.seat(&peer, &access) else {
        metrics::counter!("janet_socket_turned_away_total").increment(1);
        turn_away(&mut line, Leave::Crowded).await;
        return false;
    };
    let reserved = RESERVED.min(app.config.server.max_clients / 4);
    let is_room = peer.is_here() || app.places.available_permits() > reserved;
    let place = match app.places.clone().try_acquire_owned() {
        Ok(place) if is_room && !*app.leaving.borrow() => place,
        _ => {
            metrics::counter!("janet_socket_turned_away_total").increment(1);
            turn_away(&mut line, Leave::Full).await;
            return false;
        }
    };
    let (mut frames, outbound) = start(line, &carrier, &app);
    match Connection::enter(
        app.clone(),
        carrier,
        client_id.as_deref(),
        outbound,
        access,
        role,
    )
    .await
    {
        Ok(mut connection) => {
            let leave = loop {
                let leave = connection.run(&mut frames).await;
                match connection.park(leave, &mut frames).await {
                    Ok(back) => frames = back,
                    Err(leave) => break leave,
                }
            };
            tracing::debug!(%leave, "a client leaves");
            connection.end(leave, &mut frames).await;
        }
        Err((leave, outbound)) => {
            outbound.say_goodbye(leave.code(), leave.reason());
            outbound.finish(server.write_timeout).await;
        }
    }
    drop((place, seated));
    false
}

/// Both directions, with a task that writes.
fn start(line: Line, carrier: &Carrier, app: &App) -> (Frames, Outbound) {
    let Line { frames, writer, .. } = line;
    let server = &app.config.server;
    let outbound = Outbound::start(
        writer,
        carrier.largest_to_client(),
        server.outbound_messages,
        server.write_timeout,
    );
    (frames, outbound)
}

/// Says goodbye to somebody who was not let in. Best effort: they leave whether they hear why or not.
async fn turn_away(line: &mut Line, leave: Leave) {
    let goodbye = CloseFrame {
        code: leave.code(),
        reason: leave.reason().into(),
    };
    let said = line.send(Message::Close(Some(goodbye)));
    timeout(TURNED_AWAY, said).await.ok();
}
