//! Answers that take longer than a connection may: consent is waited for, a disk, a key derivation.
//!
//! Each is a task that belongs to its connection and ends with it.

use janet_protocol::{ErrorCode, Outgoing, RequestId, ServerMessage, WireError};
use tokio::task::{JoinError, JoinSet};

use crate::socket::connection::{Connection, Leave};

/// Requests that may wait at once; who asks for more has not looked at the questions.
const MOST: usize = 8;

/// What a task brings.
pub(in crate::socket) struct Done {
    request_id: Option<RequestId>,
    answer: Result<ServerMessage, WireError>,
}

/// The tasks of one connection.
#[derive(Default)]
pub(in crate::socket) struct Pending(JoinSet<Done>);

impl Pending {
    /// Resolves when one has its answer; never while there is none.
    pub(in crate::socket) async fn next(&mut self) -> Result<Done, JoinError> {
        match self.0.join_next().await {
            Some(done) => done,
            None => std::future::pending().await,
        }
    }

    /// Begins one.
    pub(super) fn start(
        &mut self,
        request_id: Option<RequestId>,
        work: impl Future<Output = Result<ServerMessage, WireError>> + Send + 'static,
    ) -> Result<(), WireError> {
        if self.0.len() >= MOST {
            let message = format!("{MOST} requests wait already; answer the open questions first");
            return Err(WireError::new(ErrorCode::Overloaded, message));
        }
        self.0.spawn(async move {
            Done {
                request_id,
                answer: work.await,
            }
        });
        Ok(())
    }
}

impl Connection {
    /// Tells what came of it.
    pub(in crate::socket) fn on_done(
        &mut self,
        done: Result<Done, JoinError>,
    ) -> Result<(), Leave> {
        let outgoing = match done {
            Ok(Done { request_id, answer }) => match answer {
                Ok(message) => Outgoing {
                    request_id,
                    message,
                },
                Err(error) => error.with_request(request_id).into(),
            },
            Err(error) => {
                tracing::error!(%error, "a request about trust died");
                WireError::new(
                    ErrorCode::Internal,
                    "a request died of a fault of Janet's own",
                )
                .into()
            }
        };
        Ok(self.outbound.text(outgoing)?)
    }
}
