//! Datagrams that wait until the path takes them.

use std::collections::VecDeque;

/// So many wait; of more the oldest is dropped: sound that is late is of no use to anybody.
pub const SEND_FRAMES: usize = 3;

/// What waits, the oldest first.
#[derive(Debug)]
pub struct SendBuffer<T> {
    waiting: VecDeque<T>,
    dropped: u64,
}

impl<T> SendBuffer<T> {
    /// An empty one.
    pub fn new() -> Self {
        Self {
            waiting: VecDeque::with_capacity(SEND_FRAMES),
            dropped: 0,
        }
    }

    /// One more waits, in place of the oldest where there is no room.
    pub fn push(&mut self, frame: T) {
        if self.waiting.len() == SEND_FRAMES {
            self.waiting.pop_front();
            self.dropped += 1;
        }
        self.waiting.push_back(frame);
    }

    /// The one that has waited longest.
    pub fn pop(&mut self) -> Option<T> {
        self.waiting.pop_front()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// How many were dropped so far.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

impl<T> Default for SendBuffer<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_wait_and_the_oldest_gives_way() {
        let mut buffer = SendBuffer::new();
        for frame in 1..=5 {
            buffer.push(frame);
        }
        assert_eq!(buffer.dropped(), 2);
        let left: Vec<_> = std::iter::from_fn(|| buffer.pop()).collect();
        assert_eq!(left, [3, 4, 5]);
        assert!(buffer.is_empty());
        buffer.push(6);
        assert_eq!(
            (buffer.pop(), buffer.pop(), buffer.dropped()),
            (Some(6), None, 2)
        );
    }
}
