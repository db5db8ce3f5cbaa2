//! What a connection keeps for its conversation with Janet's conscience.

use janet_vault::desk::ConsentId;
use janet_vault::green::EntryId;

use super::Pending;
use crate::socket::requests::Asked;

/// Beside everything else that a connection has.
#[derive(Default)]
pub(in crate::socket) struct Trusted {
    /// Requests and orders that take their time.
    pub(in crate::socket) pending: Pending,
    /// When the engine's session began, in ms since 1970.
    pub(in crate::socket) session_began_ms: u64,
    /// When the words that were heard last began, in ms since 1970.
    pub(in crate::socket) words_began_ms: u64,
    /// What the operator said last that was no order.
    pub(in crate::socket) last_said: Option<String>,
    /// What was ordered last, and who waits for the answer to it.
    pub(in crate::socket) ordered: Option<(Asked, String)>,
    /// What was remembered last on this connection.
    pub(super) last_memory: Option<EntryId>,
    /// Numbers what she is given to say.
    pub(super) announced: u32,
    /// The question that she says, by that number.
    pub(super) asked_aloud: Option<(u32, ConsentId)>,
    /// Bytes of the longest frame that came so far.
    pub(in crate::socket) longest_frame: usize,
    /// Whether the microphone was open when it was looked at last.
    pub(super) listens: bool,
}
