//! Somebody's voice on its way in.

use std::time::Duration;

use bytes::Bytes;
use janet_audio::jitter::{Heard, Hearing, Options, Packet, Stats};
use janet_audio::opus::{Decoder, OpusError, has_copy};
use janet_audio::wav::{MODEL_RATE_HZ, to_s16};

/// What stood in for packets that did not come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mended {
    /// Lost, and recovered from the copy in the packet behind.
    pub(crate) fec_recovered: u64,
    /// Lost, and made up.
    pub(crate) concealed: u64,
    /// Came, and were no Opus; made up.
    pub(crate) garbage: u64,
}

/// Packets in, samples for the engine out: in order, once, and as soon as they can be told.
pub(crate) struct Up {
    hearing: Hearing<Bytes>,
    decoder: Decoder,
    mended: Mended,
}

impl Up {
    /// Nothing has come.
    pub(crate) fn new() -> Result<Self, OpusError> {
        Ok(Self {
            hearing: Hearing::new(Options::default()),
            decoder: Decoder::new(MODEL_RATE_HZ)?,
            mended: Mended::default(),
        })
    }

    /// A packet came; [`Up::pull`] is called after it.
    pub(crate) fn push(&mut self, now_us: u64, packet: Packet<Bytes>) {
        self.hearing.push(now_us, packet);
    }

    /// A packet came again, because it was asked for: as [`Up::push`], but nothing of the way is told by when.
    pub(crate) fn push_again(&mut self, now_us: u64, packet: Packet<Bytes>) {
        self.hearing.push_again(now_us, packet);
    }

    /// A lost packet was asked for and may still come so long after the one behind it; `None`: nobody was
    /// asked.
    pub(crate) fn wait(&mut self, again: Option<Duration>) {
        let again_us = again.map_or(0, |again| again.as_micros() as u64);
        self.hearing.wait_us(again_us);
    }

    /// Appends what can be heard by now to `out`: 16 kHz mono.
    pub(crate) fn pull(&mut self, now_us: u64, out: &mut Vec<i16>) {
        while let Some(heard) = self.hearing.pull(now_us) {
            let decoded = match &heard {
                Heard::Packet { payload, .. } => self.decoder.decode(payload),
                Heard::Recover { payload } => {
                    let mended = match has_copy(payload) {
                        true => &mut self.mended.fec_recovered,
                        false => &mut self.mended.concealed,
                    };
                    *mended += 1;
                    self.decoder.recover(payload)
                }
                Heard::Lost => {
                    self.mended.concealed += 1;
                    self.decoder.conceal()
                }
            };
            match decoded {
                Ok(sound) => out.extend(sound.iter().copied().map(to_s16)),
                // The count of samples goes on: what comes behind is heard at its time.
                Err(_) => {
                    self.mended.garbage += 1;
                    if let Ok(sound) = self.decoder.conceal() {
                        out.extend(sound.iter().copied().map(to_s16));
                    }
                }
            }
        }
    }

    /// When to call [`Up::pull`] although nothing came.
    pub(crate) fn timeout(&self) -> Option<u64> {
        self.hearing.timeout()
    }

    /// What became of the packets.
    pub(crate) fn stats(&self) -> Stats {
        self.hearing.stats()
    }

    /// What stood in for those that did not come.
    pub(crate) fn mended(&self) -> Mended {
        self.mended
    }
}
