//! Her face on its way out: each frame when its sound is sent, and none for sound that is taken back.
//!
//! The engine hands frames over with their sound, up to 200 ms ahead of the ear. They wait here for that
//! sound, so that what is paused or flushed before it was sent takes its frames along.

use std::collections::VecDeque;

use janet_protocol::FaceFrame;

/// Most frames that wait: half a second, as much as of their sound. Of more the oldest give way.
const MOST: usize = 30;

/// Frames that wait for their sound.
#[derive(Default)]
pub(crate) struct Face {
    waiting: VecDeque<FaceFrame>,
    dropped: u64,
}

impl Face {
    /// A frame to be sent with its sound.
    pub(crate) fn push(&mut self, frame: FaceFrame) {
        if self.waiting.len() == MOST {
            self.waiting.pop_front();
            self.dropped += 1;
        }
        self.waiting.push_back(frame);
    }

    /// The frame that closes the mouth: behind the last sound that is sent, which may be more than was
    /// meant to be.
    pub(crate) fn close(&mut self, frame: FaceFrame, ends_at: Option<u32>) {
        let end = ends_at.filter(|end| is_before(frame.timestamp, *end));
        let timestamp = end.unwrap_or(frame.timestamp);
        self.push(FaceFrame { timestamp, ..frame });
    }

    /// Drops the frames from this sample on: their sound is not said after all.
    pub(crate) fn flush(&mut self, from_sample: u32) {
        self.waiting
            .retain(|frame| is_before(frame.timestamp, from_sample));
    }

    /// The next frame whose sound has been sent, as far as all before this sample has.
    pub(crate) fn poll(&mut self, sent_to: u32) -> Option<FaceFrame> {
        let next = self.waiting.front()?;
        if is_before(sent_to, next.timestamp) {
            return None;
        }
        self.waiting.pop_front()
    }

    /// Frames that gave way since this was asked last.
    pub(crate) fn take_dropped(&mut self) -> u64 {
        std::mem::take(&mut self.dropped)
    }
}

/// Whether a sample comes before another, however the count wraps.
const fn is_before(sample: u32, other: u32) -> bool {
    (sample.wrapping_sub(other) as i32) < 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(timestamp: u32) -> FaceFrame {
        FaceFrame {
            timestamp,
            weights: [7; 10],
        }
    }

    fn polled(face: &mut Face, sent_to: u32) -> Vec<u32> {
        let frames = std::iter::from_fn(|| face.poll(sent_to));
        frames.map(|frame| frame.timestamp).collect()
    }

    #[test]
    fn a_frame_waits_for_its_sound_and_goes_with_it_where_that_is_taken_back() {
        let mut face = Face::default();
        // Around the end of the count, too.
        let begin = u32::MAX - 1000;
        for n in 0..10 {
            face.push(frame(begin.wrapping_add(n * 800)));
        }
        assert!(polled(&mut face, begin.wrapping_sub(1)).is_empty());
        let sent = begin.wrapping_add(1920);
        let first: Vec<u32> = (0..3).map(|n| begin.wrapping_add(n * 800)).collect();
        assert_eq!(polled(&mut face, sent), first);
        face.flush(begin.wrapping_add(4000));
        face.push(frame(begin.wrapping_add(4000)));
        let rest: Vec<u32> = (3..6).map(|n| begin.wrapping_add(n * 800)).collect();
        assert_eq!(polled(&mut face, begin.wrapping_add(9999)), rest);
        assert_eq!(face.take_dropped(), 0);
    }

    #[test]
    fn the_mouth_closes_behind_what_cannot_be_called_back() {
        let mut face = Face::default();
        for (ends_at, closes_at) in [(None, 500), (Some(400), 500), (Some(900), 900)] {
            face.close(frame(500), ends_at);
            assert_eq!(polled(&mut face, 1000), [closes_at], "{ends_at:?}");
        }
    }

    #[test]
    fn of_more_than_wait_the_oldest_give_way_and_are_counted() {
        let mut face = Face::default();
        (0..40).for_each(|n| face.push(frame(n * 800)));
        assert_eq!(face.take_dropped(), 10);
        assert_eq!(polled(&mut face, 40 * 800).first(), Some(&8000));
        assert_eq!(face.take_dropped(), 0);
    }
}
