//! What a client sent does not stay in its socket's buffer once the vault is locked.
//!
//! Frames are taken out of the buffer that they were read into, and the buffer is used on behind them: a safe
//! word would lie there until other bytes take its place. Memory that is given back is zeroed, but this is
//! not given back while the connection lives, and nothing lets the WebSocket's own code do it. So the buffer is
//! small, and when the vault locks, the client is asked for so many bytes that it begins anew and is zeroed:
//! every WebSocket client answers a ping by what the ping carried.
//!
//! A long frame makes the buffer longer than that. It is held until the buffer has moved on: what comes behind
//! it cannot be read into memory that somebody holds, so the buffer is another, as small as the first, and the
//! long one is given back with its frame.

use axum::extract::ws::Message;

use super::carrier::Carrier;
use super::connection::{Connection, Leave};

/// Bytes that are read at once; the buffer holds as many, or a few times the longest frame.
pub(super) const READ_BUFFER: usize = 512;
/// The longest that a ping may carry.
const PAYLOAD: &[u8] = &[0; 125];
/// Pings at once: their answers count as messages, of which a client has at least so many at a stroke.
const MOST_PINGS: usize = 32;
/// So many bytes come by their answers.
const MOST_OVERWRITTEN: usize = MOST_PINGS * PAYLOAD.len();
/// A frame that is longer makes a buffer that is not overwritten whole.
const LONG: usize = MOST_OVERWRITTEN / 3;

/// What is known of a client's buffer.
#[derive(Default)]
pub(super) struct Input {
    /// The longest frame that the buffer was used on behind.
    longest: usize,
    /// The last long frame, until the buffer is another than the one it came in.
    held: Option<Message>,
    /// Bytes that came behind it.
    behind: usize,
}

impl Input {
    fn came(&mut self, frame: &Message) {
        let bytes = match frame {
            Message::Text(text) => text.len(),
            Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes.len(),
            Message::Close(_) => 0,
        };
        if bytes > LONG {
            self.held = Some(frame.clone());
            self.behind = 0;
            return;
        }
        self.longest = self.longest.max(bytes);
        self.behind = self.behind.saturating_add(bytes);
        if self.behind >= MOST_OVERWRITTEN {
            self.held = None;
        }
    }

    /// So many that their answers are longer than the buffer.
    fn pings(&self) -> usize {
        match self.held {
            Some(_) => MOST_PINGS,
            None => pings(self.longest),
        }
    }
}

impl Connection {
    /// A frame was read.
    pub(super) fn note_input(&mut self, frame: &Message) {
        // Over QUIC each frame has memory of its own.
        if matches!(self.carrier, Carrier::WebSocket) {
            self.trusted.input.came(frame);
        }
    }

    /// Has the client overwrite what it sent before.
    pub(super) fn overwrite_input(&self) -> Result<(), Leave> {
        // Nor may they crowd out what is to be said.
        let most = self.app.config.server.outbound_messages / 2;
        for _ in 0..self.trusted.input.pings().min(most) {
            self.outbound.ping_with(PAYLOAD)?;
        }
        Ok(())
    }
}

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
        assert!(pings(LONG) * PAYLOAD.len() >= 3 * LONG);
    }

    #[test]
    fn a_long_frame_is_held_until_its_buffer_is_left_behind() {
        let mut input = Input::default();
        let text = |length: usize| Message::Text("a".repeat(length).into());
        input.came(&text(LONG));
        assert!(input.held.is_none());
        input.came(&text(100_000));
        assert!(input.held.is_some());
        assert_eq!(input.pings(), MOST_PINGS);
        let pong = Message::Pong(PAYLOAD.into());
        for _ in 1..input.pings() {
            input.came(&pong);
            assert!(input.held.is_some());
        }
        input.came(&pong);
        assert!(input.held.is_none());
        // One behind another takes its place.
        input.came(&text(5000));
        input.came(&Message::Binary(vec![0; 9000].into()));
        assert!(matches!(&input.held, Some(Message::Binary(_))));
    }
}
