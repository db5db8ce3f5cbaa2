//! The ring between the pacer and the transport, and what lies in it.
//!
//! A flush travels in the same ring as the sound, so that the transport sends both in the right
//! order without a second path; sound that a flush has made stale is skipped when it is pulled.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use ringbuf::traits::{Consumer, Observer, Producer, Split};
use ringbuf::{HeapCons, HeapProd, HeapRb};

use super::cue::Cue;

/// The most samples a chunk holds: 10 ms at 48 kHz.
pub const CHUNK_SAMPLES_MAX: usize = 480;

/// Epochs count from 1, so that an atomic that still holds 0 speaks of none.
pub(super) const FIRST_EPOCH: u32 = 1;

/// Slots of the ring that sound leaves free, so that a flush and a cue always find room.
const FLUSH_SLOTS: usize = 8;

/// Up to 10 ms of mono sound with its place in the connection's count of samples.
#[derive(Clone, Copy)]
pub struct Chunk {
    /// Which stretch of sound this belongs to: each pause and each flush begins a new one.
    pub epoch: u32,
    /// The number of the first sample, modulo 2³².
    pub first_sample: u32,
    /// When it was put into the ring, on the line's clock, in µs.
    pub at_us: u64,
    /// What happens at one of its samples.
    pub cue: Option<Cue>,
    len: u16,
    samples: [i16; CHUNK_SAMPLES_MAX],
}

impl Chunk {
    pub(super) fn new(
        epoch: u32,
        first_sample: u32,
        at_us: u64,
        cue: Option<Cue>,
        sound: impl Iterator<Item = i16>,
    ) -> Self {
        let mut samples = [0; CHUNK_SAMPLES_MAX];
        let mut len = 0;
        for (slot, sample) in samples.iter_mut().zip(sound) {
            *slot = sample;
            len += 1;
        }
        Self {
            epoch,
            first_sample,
            at_us,
            cue,
            len,
            samples,
        }
    }

    /// The samples.
    pub fn samples(&self) -> &[i16] {
        &self.samples[..usize::from(self.len)]
    }
}

impl std::fmt::Debug for Chunk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            epoch,
            first_sample,
            len,
            ..
        } = self;
        write!(
            f,
            "Chunk {{ epoch: {epoch}, first_sample: {first_sample}, len: {len} }}"
        )
    }
}

/// What the transport has to send next.
#[expect(
    clippy::large_enum_variant,
    reason = "a box would allocate on the transport's way"
)]
#[derive(Debug, Clone, Copy)]
pub enum Pulled {
    /// Sound.
    Sound(Chunk),
    /// `playout_flush`: the client drops all samples from this number on.
    Flush {
        /// The first sample not to play, modulo 2³².
        from_sample: u32,
    },
    /// A cue behind everything that was pulled before.
    Cue(Cue),
}

#[derive(Clone, Copy)]
#[expect(
    clippy::large_enum_variant,
    reason = "the slots of the ring lie in it, boxes would not"
)]
enum Slot {
    Sound(Chunk),
    Flush(u32),
    Cue(Cue),
}

/// What both ends see. Each atomic has one writer.
struct Shared {
    /// The newest epoch. Written by the line.
    epoch: AtomicU32,
    /// Epoch (high half) and end (low half, modulo 2³²) of the last chunk pulled. Written by the
    /// playout.
    pulled: AtomicU64,
}

/// Makes the ring with room for `chunks` chunks of sound.
pub(super) fn ring(rate_hz: u32, chunks: usize) -> (Feed, Playout) {
    let (producer, consumer) = HeapRb::new(chunks + FLUSH_SLOTS).split();
    let shared = Arc::new(Shared {
        epoch: AtomicU32::new(FIRST_EPOCH),
        pulled: AtomicU64::new(0),
    });
    (
        Feed {
            producer,
            shared: Arc::clone(&shared),
        },
        Playout {
            consumer,
            shared,
            rate_hz,
        },
    )
}

/// The line's end of the ring.
pub(super) struct Feed {
    producer: HeapProd<Slot>,
    shared: Arc<Shared>,
}

impl Feed {
    /// True when there is room for one more chunk of sound.
    pub(super) fn has_room(&self) -> bool {
        self.producer.vacant_len() > FLUSH_SLOTS
    }

    /// Puts a chunk into the ring; the caller asked [`Feed::has_room`] before.
    pub(super) fn send(&mut self, chunk: Chunk) {
        let refused = self.producer.try_push(Slot::Sound(chunk)).is_err();
        debug_assert!(!refused, "the caller asked for room");
    }

    /// Puts a flush into the ring; false when even its slots are full.
    pub(super) fn send_flush(&mut self, from_sample: u32) -> bool {
        self.producer.try_push(Slot::Flush(from_sample)).is_ok()
    }

    /// Puts a cue into the ring; false when even those slots are full.
    pub(super) fn send_cue(&mut self, cue: Cue) -> bool {
        self.producer.try_push(Slot::Cue(cue)).is_ok()
    }

    /// Makes everything in the ring stale that is of an older epoch.
    pub(super) fn begin(&self, epoch: u32) {
        self.shared.epoch.store(epoch, Ordering::Release);
    }

    /// The end of what was pulled of `epoch`, modulo 2³²; nothing when nothing was.
    pub(super) fn pulled(&self, epoch: u32) -> Option<u32> {
        let packed = self.shared.pulled.load(Ordering::Acquire);
        ((packed >> 32) as u32 == epoch).then_some(packed as u32)
    }

    /// True while the transport still holds the other end.
    pub(super) fn connected(&self) -> bool {
        self.producer.read_is_held()
    }
}

/// The transport's end: pulls what is to be sent, in order. No allocation, no lock.
pub struct Playout {
    consumer: HeapCons<Slot>,
    shared: Arc<Shared>,
    rate_hz: u32,
}

impl Playout {
    /// Takes the next thing to send, or nothing when there is nothing yet.
    pub fn pull(&mut self) -> Option<Pulled> {
        loop {
            match self.consumer.try_pop()? {
                Slot::Flush(from_sample) => return Some(Pulled::Flush { from_sample }),
                Slot::Cue(cue) => return Some(Pulled::Cue(cue)),
                Slot::Sound(chunk) => {
                    if chunk.epoch != self.shared.epoch.load(Ordering::Acquire) {
                        continue;
                    }
                    let end = chunk.first_sample.wrapping_add(u32::from(chunk.len));
                    let packed = u64::from(chunk.epoch) << 32 | u64::from(end);
                    self.shared.pulled.store(packed, Ordering::Release);
                    return Some(Pulled::Sound(chunk));
                }
            }
        }
    }

    /// Samples per second.
    pub fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// True while the line still holds the other end; when it does not and nothing is left to pull,
    /// nothing will come.
    pub fn connected(&self) -> bool {
        self.consumer.write_is_held()
    }
}
