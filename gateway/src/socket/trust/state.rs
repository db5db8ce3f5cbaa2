//! What a connection keeps for its conversation with Janet's conscience.

use super::Pending;

/// Beside everything else that a connection has.
#[derive(Default)]
pub(in crate::socket) struct Trusted {
    /// Requests and orders that take their time.
    pub(in crate::socket) pending: Pending,
    /// Whether the microphone was open when it was looked at last.
    pub(super) listens: bool,
}
