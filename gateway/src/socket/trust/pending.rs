//! Answers that take longer than a connection may: consent is waited for, a disk, a key derivation.
//!
//! Each is a task that belongs to its connection and ends with it.

use janet_protocol::{ErrorCode, Outgoing, RequestId, ServerMessage, TrustEvent, WireError};
use tokio::task::{JoinError, JoinSet};

use super::carry_out::Carried;
use super::state::Waits;
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
    /// The answers to a request that has several.
    Several {
        /// To be echoed in each.
        request_id: Option<RequestId>,
        /// They.
        answers: Result<Vec<TrustEvent>, WireError>,
    },
    /// What became of an order in words, and who waits to hear it.
    Carried(Box<(Carried, Waits)>),
    /// What is told unasked, if there is something to tell.
    Told(Option<Box<TrustEvent>>),
}

/// The tasks of one connection.
#[derive(Default)]
pub(in crate::socket) struct Pending(JoinSet<Done>);

impl Pending {
    /// Whether nobody waits for anything.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

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

    /// Begins one that has several answers.
    pub(super) fn start_several(
        &mut self,
        request_id: Option<RequestId>,
        work: impl Future<Output = Result<Vec<TrustEvent>, WireError>> + Send + 'static,
    ) -> Result<(), WireError> {
        self.has_room()?;
        self.0.spawn(async move {
            Done::Several {
                request_id,
                answers: work.await,
            }
        });
        Ok(())
    }

    /// Begins to carry out an order; [`Self::has_room`] was asked before.
    pub(super) fn carry_out(
        &mut self,
        waits: Waits,
        work: impl Future<Output = Carried> + Send + 'static,
    ) {
        self.0
            .spawn(async move { Done::Carried(Box::new((work.await, waits))) });
    }

    /// Begins what brings something to tell; where there is no room, nothing is told.
    pub(super) fn tell(&mut self, work: impl Future<Output = Option<TrustEvent>> + Send + 'static) {
        if self.has_room().is_ok() {
            self.0
                .spawn(async move { Done::Told(work.await.map(Box::new)) });
        }
    }

    /// Whether one more may begin.
    pub(super) fn has_room(&self) -> Result<(), WireError> {
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
            Ok(Done::Carried(carried)) => {
                let (carried, waits) = *carried;
                return self.on_carried(carried, waits);
            }
            Ok(Done::Several {
                request_id,
                answers: Ok(events),
            }) => {
                for event in events {
                    self.outbound.text(Outgoing {
                        request_id: request_id.clone(),
                        message: ServerMessage::Trust(event),
                    })?;
                }
                return Ok(());
            }
            Ok(Done::Several {
                request_id,
                answers: Err(error),
            }) => error.with_request(request_id).into(),
            Ok(Done::Told(None)) => return Ok(()),
            Ok(Done::Told(Some(event))) => ServerMessage::Trust(*event).into(),
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
