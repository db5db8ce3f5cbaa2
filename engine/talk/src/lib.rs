//! Janet's conversation as a pure state machine.
//!
//! Decides when a turn has ended, what is worked on ahead of time, when Janet speaks, holds and
//! stops, and what of it she may remember. Never reads a clock, does I/O, sees a sample, runs a
//! model or starts a task: the driver in `janet-engine` hands in [`Input`]s with the time and
//! obeys the [`Action`]s.
//!
//! ```text
//!  Vad, Text, Token, Voiced, Heard … ──▶ Turn::handle(now, input, &mut actions)
//!                 now ≥ poll_timeout ──▶ Turn::handle_timeout(now, &mut actions)
//!                                        Turn::poll_timeout() ──▶ (when, why)
//! ```

#![forbid(unsafe_code)]

mod action;
mod announcements;
mod asks;
mod backchannel;
mod budget;
mod config;
mod ear;
mod echo;
mod endpointer;
mod fault;
mod ids;
mod input;
mod phrase;
mod playout;
pub mod red_thread;
mod reply;
mod stable;
#[cfg(test)]
mod tests;
mod time;
mod timer;
mod turn;
mod voice;

pub use action::{Action, Ending, Pass, Span, Voice, Why};
pub use backchannel::steers;
pub use config::Config;
#[cfg(feature = "_faults")]
pub use fault::Fault;
pub use ids::{PhraseId, ReplyId, UtteranceId};
pub use input::{Finish, Input, MicMode, Stage, Whose};
pub use phrase::phrases;
pub use time::Mono;
pub use timer::Timer;
pub use turn::Turn;
