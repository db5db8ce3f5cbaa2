//! What comes before the answer.
//!
//! Who answers looks for a way at once, and the network may bring that before the WebSocket brings the
//! answer. A check that is lost comes again only after half a second (RFC 8445 §14.3), and the call would
//! wait for it: so what comes early is kept and taken once the answer is there.

use std::collections::VecDeque;
use std::net::SocketAddr;

use bytes::BytesMut;

/// A check or two from each of a far end's addresses; then the oldest are forgotten, and come again.
const MOST: usize = 16;

/// A datagram: at which of our addresses, from whom, and what.
pub(super) type Datagram = (SocketAddr, SocketAddr, BytesMut);

/// Datagrams that came too early.
#[derive(Default)]
pub(super) struct Early(VecDeque<Datagram>);

impl Early {
    /// Keeps one.
    pub(super) fn keep(&mut self, datagram: Datagram) {
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back(datagram);
    }

    /// All, in the order in which they came; then there are none.
    pub(super) fn take(&mut self) -> VecDeque<Datagram> {
        std::mem::take(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_in_order_and_given_once() {
        let at = SocketAddr::from(([127, 0, 0, 1], 9));
        let mut early = Early::default();
        for n in 0..MOST as u8 + 3 {
            early.keep((at, at, BytesMut::from(&[n][..])));
        }
        let kept = early.take();
        let kept: Vec<u8> = kept.iter().map(|(_, _, bytes)| bytes[0]).collect();
        assert_eq!(kept, (3..MOST as u8 + 3).collect::<Vec<u8>>());
        assert!(early.take().is_empty());
    }
}
