//! One WebSocket client: from its upgrade to its goodbye.
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

pub(crate) mod choices;
mod connection;
mod inbound;
mod outbound;
mod rate;
mod realtime;
mod requests;
mod settings;
mod told;
mod voip;
mod vr;

use std::sync::Arc;

use axum::extract::WebSocketUpgrade;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use axum::response::Response;
use futures_util::StreamExt;
use serde::Deserialize;

use crate::app::App;
use connection::{Connection, Leave};
use outbound::Outbound;

/// How much larger than the limit a frame may be and still only get an error: past it, reading it
/// whole would be the attack.
const TRANSPORT_SLACK: usize = 4;

/// The query of an upgrade. Unknown keys are ignored.
#[derive(Debug, Deserialize)]
pub(crate) struct Query {
    /// Resumes a session.
    client_id: Option<String>,
}

/// Turns a request into a client, or says that there is no room.
pub(crate) fn upgrade(upgrade: WebSocketUpgrade, query: Query, app: Arc<App>) -> Response {
    let largest = app.config.server.max_frame_bytes * TRANSPORT_SLACK;
    upgrade
        .max_message_size(largest)
        .max_frame_size(largest)
        .on_upgrade(move |socket| serve(socket, query, app))
}

async fn serve(mut socket: WebSocket, query: Query, app: Arc<App>) {
    let place = match app.places.clone().try_acquire_owned() {
        Ok(place) if !*app.leaving.borrow() => place,
        _ => {
            metrics::counter!("janet_socket_turned_away_total").increment(1);
            let goodbye = CloseFrame {
                code: Leave::Full.code(),
                reason: Leave::Full.reason().into(),
            };
            // Best effort: the client is turned away whether it hears why or not.
            socket.send(Message::Close(Some(goodbye))).await.ok();
            return;
        }
    };
    let (sink, mut frames) = socket.split();
    let server = &app.config.server;
    let outbound = Outbound::start(sink, server.outbound_messages, server.write_timeout);
    match Connection::enter(app.clone(), query.client_id.as_deref(), outbound).await {
        Ok(mut connection) => {
            let leave = connection.run(&mut frames).await;
            tracing::debug!(%leave, "a client leaves");
            connection.end(leave, &mut frames).await;
        }
        Err((leave, outbound)) => {
            outbound.say_goodbye(leave.code(), leave.reason());
            outbound.finish(server.write_timeout).await;
        }
    }
    drop(place);
}
