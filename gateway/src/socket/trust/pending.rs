//! Answers that take longer than a connection may: consent is waited for, a disk, a key derivation.
//!
//! Each is a task that belongs to its connection and ends with it.

use janet_protocol::{ErrorCode, Outgoing, RequestId, ServerMessage, TrustEvent, WireError};
use tokio::task::{JoinError, JoinSet};

use super::orders::Carried;
use crate::socket::connection::{Connection, Leave};

/// Requests that may wait at once; who asks for more has not looked at the questions.
const MOST: usize = 8;

/// What a task brings.
pub(in crate::socket) enum Done {
    /// The answer to a request.
    Answered {
        /// To be echoed.
        request_id: Option<RequestId>,
        /// It.
        answer: Box<Result<ServerMessage, WireError>>,
    },
    /// What became of an order in words.
    Carried(Box<Carried>),
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
        self.has_room()?;
        self.0.spawn(async move {
            Done::Answered {
                request_id,
                answer: Box::new(work.await),
            }
        });
        Ok(())
    }

    /// Begins to carry out an order.
    pub(super) fn carry_out(
        &mut self,
        work: impl Future<Output = Carried> + Send + 'static,
    ) -> Result<(), WireError> {
        self.has_room()?;
        self.0
            .spawn(async move { Done::Carried(Box::new(work.await)) });
        Ok(())
    }

    fn has_room(&self) -> Result<(), WireError> {
        if self.0.len() < MOST {
            return Ok(());
        }
        let message = format!("{MOST} requests wait already; answer the open questions first");
        Err(WireError::new(ErrorCode::Overloaded, message))
    }
}

/// Whether it holds what a vault holds.
fn hands_out(message: &ServerMessage) -> bool {
    matches!(
        message,
        ServerMessage::Trust(
            TrustEvent::VaultResult { value: Some(_), .. }
                | TrustEvent::VaultExported { .. }
                | TrustEvent::MemoryResults { .. }
        )
    )
}

impl Connection {
    /// Tells what came of it.
    pub(in crate::socket) fn on_done(
        &mut self,
        done: Result<Done, JoinError>,
    ) -> Result<(), Leave> {
        let outgoing = match done {
            Ok(Done::Carried(carried)) => return self.on_carried(*carried),
            Ok(Done::Answered { request_id, answer }) => match *answer {
                // Ready a moment before the red thread was pulled; it goes nowhere now.
                Ok(message) if hands_out(&message) && self.app.trust.may_act().is_err() => {
                    let why = "the red thread was pulled before this could be told";
                    let error = WireError::new(ErrorCode::RedThread, why);
                    error.with_request(request_id).into()
                }
                Ok(message) => Outgoing {
                    request_id,
                    message,
                },
                Err(error) => error.with_request(request_id).into(),
            },
            Err(error) => {
                // Its words may quote what was asked for.
                let panicked = error.is_panic();
                tracing::error!(panicked, "a request about trust died");
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
