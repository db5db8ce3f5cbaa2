//! What a client sent does not stay in its socket's buffer once the vault is locked.
//!
//! Frames are taken out of the buffer that they were read into, and the buffer is used on behind them: a safe
//! word would lie there until other bytes take its place. Memory that is given back is zeroed, but this is
//! not given back while the connection lives, and nothing lets the WebSocket's own code do it. So the buffer is
//! small, and when the vault locks, the client is asked for so many bytes that it begins anew and is zeroed:
//! every WebSocket client answers a ping by what the ping carried.

use super::connection::{Connection, Leave};

/// Bytes that are read at once; the buffer holds as many, or a few times the longest frame.
pub(super) const READ_BUFFER: usize = 512;
/// The longest that a ping may carry.
const PAYLOAD: &[u8] = &[0; 125];
/// Pings at once: their answers count as messages, of which a client has at least so many at a stroke. A
/// buffer that is larger is overwritten by what else comes, or freed with its connection.
const MOST_PINGS: usize = 32;

impl Connection {
    /// Has the client overwrite what it sent before.
    pub(super) fn overwrite_input(&self) -> Result<(), Leave> {
        // Nor may they crowd out what is to be said.
        let most = self.app.config.server.outbound_messages / 2;
        for _ in 0..pings(self.trusted.longest_frame).min(most) {
            self.outbound.ping_with(PAYLOAD)?;
        }
        Ok(())
    }
}

/// So many that their answers are longer than the buffer.
fn pings(longest_frame: usize) -> usize {
    let buffer = longest_frame.saturating_mul(3).max(READ_BUFFER);
    (buffer.div_ceil(PAYLOAD.len()) + 1).min(MOST_PINGS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answers_are_longer_than_the_buffer_up_to_a_limit() {
        for (longest, enough) in [(0, 512), (200, 600), (1000, 3000), (1300, 3900)] {
            assert!(pings(longest) * PAYLOAD.len() > enough, "{longest}");
        }
        assert_eq!(pings(usize::MAX), MOST_PINGS);
    }
}
