//! A client that comes over QUIC: who it is, by its first message; then as every other.
//!
//! What the WebSocket says in its upgrade (`client_id`, the device's key) is in `client_connect`. Until
//! that has come nothing else is answered, few bytes are read, and little time is given.

use std::sync::Arc;
use std::time::Instant;

use janet_protocol::{
    ClientMessage, ErrorCode, Incoming, Limits, Outgoing, Private, RequestId, WireError, parse,
};
use tokio::time::timeout;

use super::carrier::{Carrier, Line};
use super::connection::Leave;
use super::{STRANGERS_BYTES, TRANSPORT_SLACK, largest};
use crate::app::{App, goes_down};
use crate::lock::{Access, Peer, Visitor};
use crate::quic::{Control, Link};

/// Messages that are no `client_connect`, after which the connection ends.
const TRIES: usize = 3;

/// Who somebody says to be.
struct Hello {
    request_id: Option<RequestId>,
    client_id: Option<String>,
    key: Option<Private<String>>,
}

/// Serves until one side has enough. Whether a connection that was there before goes on over this one: then
/// it is not to be closed.
pub(crate) async fn serve(
    mut control: Control,
    link: Arc<Link>,
    app: Arc<App>,
    peer: Peer,
) -> bool {
    control.allow(STRANGERS_BYTES * TRANSPORT_SLACK);
    let mut leaving = app.leaving.clone();
    let hello = tokio::select! {
        hello = timeout(app.config.server.request_timeout, greeted(&mut control)) => {
            hello.unwrap_or(Err(Leave::Silent))
        }
        () = goes_down(&mut leaving) => Err(Leave::Away),
    };
    let entered = match hello {
        Ok(hello) => enter(&mut control, &hello, &app, &peer)
            .await
            .map(|access| (hello, access)),
        Err(leave) => Err(leave),
    };
    let (hello, access) = match entered {
        Ok(entered) => entered,
        Err(leave) => {
            metrics::counter!("janet_quic_refused_total").increment(1);
            control.say_goodbye(leave.code(), leave.reason()).await;
            return false;
        }
    };
    let Hello {
        request_id,
        client_id,
        ..
    } = hello;
    let carrier = Carrier::Quic(link, request_id);
    let most = carrier.largest(app.config.server.max_frame_bytes);
    control.allow(largest(access.role(), most));
    let visitor = Visitor { peer, access };
    super::serve(Line::quic(control), carrier, client_id, app, visitor).await
}

/// Looks up the key, and says who that is.
async fn enter(
    control: &mut Control,
    hello: &Hello,
    app: &App,
    peer: &Peer,
) -> Result<Access, Leave> {
    let key = hello.key.as_ref().map(|key| key.expose().as_str());
    let Some(shown) = app.lock.look_up(peer, key) else {
        let message = "too many keys that are not known; try again in a minute";
        let error = WireError::new(ErrorCode::Overloaded, message);
        tell(control, error.with_request(hello.request_id.clone())).await?;
        return Err(Leave::NotPaired);
    };
    // TLS is what QUIC is made of, so nobody comes in the clear.
    Access::of(peer, shown, false).map_err(|_| Leave::NotPaired)
}

/// Waits for the first message.
async fn greeted(control: &mut Control) -> Result<Hello, Leave> {
    let limits = Limits {
        frame_bytes: STRANGERS_BYTES,
        ..Limits::default()
    };
    let began = Instant::now();
    for _ in 0..TRIES {
        let Some(text) = control.read().await? else {
            return Err(Leave::Gone);
        };
        let error = match parse(&text, &limits) {
            Ok(Incoming {
                request_id,
                message: ClientMessage::ClientConnect { client_id, key },
                ..
            }) => {
                let took = began.elapsed().as_secs_f64();
                metrics::histogram!("janet_quic_greeting_seconds").record(took);
                return Ok(Hello {
                    request_id,
                    client_id,
                    key,
                });
            }
            Ok(other) => {
                let message = "client_connect comes first on a control stream";
                let error = WireError::in_field(ErrorCode::Unexpected, "type", message);
                error.with_request(other.request_id)
            }
            Err(error) => error,
        };
        tell(control, error).await?;
    }
    Err(Leave::Violation)
}

async fn tell(control: &mut Control, error: WireError) -> Result<(), Leave> {
    let json = Outgoing::from(error).to_json();
    control.write(&json).await.map_err(|_| Leave::Gone)
}

/// For those who say again who they are.
pub(super) fn said_already() -> WireError {
    let message = "client_connect is the first message over QUIC, and nothing else";
    WireError::in_field(ErrorCode::Unexpected, "type", message)
}
