//! The ring that carries the microphone from a transport's thread to the pacer.
//!
//! Single producer, single consumer, bounded. When it is full the newest samples are dropped and
//! counted: the pacer is then more than the whole ring behind, and a gap in the sound is honest
//! where a silent delay would not be. Never resamples, never looks at a clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ringbuf::traits::{Consumer, Observer, Producer, Split};
use ringbuf::{HeapCons, HeapProd, HeapRb};

/// Makes a ring of `capacity_samples` mono samples and hands out its two ends.
///
/// One second is plenty: the pacer drains it every 10 ms.
pub fn capture(capacity_samples: usize) -> (Capture, CaptureReader) {
    let (producer, consumer) = HeapRb::new(capacity_samples.max(1)).split();
    let dropped = Arc::new(AtomicU64::new(0));
    (
        Capture {
            producer,
            dropped: Arc::clone(&dropped),
        },
        CaptureReader { consumer, dropped },
    )
}

/// The transport's end: pushes what the microphone gave. No allocation, no lock.
pub struct Capture {
    producer: HeapProd<f32>,
    dropped: Arc<AtomicU64>,
}

impl Capture {
    /// Pushes `samples` (mono, −1 to 1) and returns how many the ring took; the rest is dropped
    /// and counted.
    pub fn push(&mut self, samples: &[f32]) -> usize {
        let taken = self.producer.push_slice(samples);
        self.count_dropped(samples.len() - taken);
        taken
    }

    /// The same for 16-bit samples, as they come off the wire.
    pub fn push_s16(&mut self, samples: &[i16]) -> usize {
        let taken = self
            .producer
            .push_iter(samples.iter().map(|&s| f32::from(s) / 32768.0));
        self.count_dropped(samples.len() - taken);
        taken
    }

    /// True while somebody still reads the other end.
    pub fn connected(&self) -> bool {
        self.producer.read_is_held()
    }

    fn count_dropped(&self, samples: usize) {
        if samples > 0 {
            self.dropped.fetch_add(samples as u64, Ordering::Relaxed);
        }
    }
}

/// The pacer's end.
pub struct CaptureReader {
    consumer: HeapCons<f32>,
    dropped: Arc<AtomicU64>,
}

impl CaptureReader {
    /// Appends everything that is waiting to `out` and returns how many samples that was.
    pub fn drain_into(&mut self, out: &mut Vec<f32>) -> usize {
        let waiting = self.consumer.occupied_len();
        let start = out.len();
        out.resize(start + waiting, 0.0);
        let moved = self.consumer.pop_slice(&mut out[start..]);
        out.truncate(start + moved);
        moved
    }

    /// How many samples were dropped since the start because the ring was full.
    pub fn dropped_samples(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// True while the transport still holds the other end.
    pub fn connected(&self) -> bool {
        self.consumer.write_is_held()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pushed_is_drained_in_order() {
        let (mut capture, mut reader) = capture(8);
        let mut out = vec![9.0];
        assert_eq!(capture.push(&[0.1, 0.2, 0.3]), 3);
        assert_eq!(capture.push_s16(&[-32768, 16384]), 2);
        assert_eq!(reader.drain_into(&mut out), 5);
        assert_eq!(out, [9.0, 0.1, 0.2, 0.3, -1.0, 0.5]);
    }

    #[test]
    fn a_full_ring_drops_the_newest_samples_and_counts_them() {
        let (mut capture, mut reader) = capture(4);
        assert_eq!(capture.push(&[1.0, 2.0, 3.0]), 3);
        assert_eq!(capture.push(&[4.0, 5.0, 6.0]), 1);
        assert_eq!(capture.push_s16(&[7, 8]), 0);
        assert_eq!(reader.dropped_samples(), 4);
        let mut out = Vec::new();
        reader.drain_into(&mut out);
        assert_eq!(out, [1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn each_end_sees_when_the_other_is_gone() {
        let (mine, reader) = capture(4);
        assert!(mine.connected() && reader.connected());
        drop(mine);
        assert!(!reader.connected());
        let (mine, reader) = capture(4);
        drop(reader);
        assert!(!mine.connected());
    }
}
