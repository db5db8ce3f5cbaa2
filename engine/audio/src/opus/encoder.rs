//! From samples to packets.

use ::opus::{Application, Bitrate, Channels, Signal};

use super::{FRAME_SAMPLES, OpusError, RATE_HZ};

/// Packets that are taken for lost until the network says otherwise.
pub const START_LOSS_PERCENT: u8 = 10;
/// The highest of PROTOCOL.md's 24–32 kbit/s: what the copy of the last packet takes is not missing in
/// this one.
const BITS_PER_SECOND: i32 = 32_000;
/// No packet of one frame is larger (RFC 6716 §3.2.1, with its first byte).
const PACKET_BYTES: usize = 1276;
/// More than half of all packets lost: nothing helps any more.
const MOST_LOSS_PERCENT: u8 = 50;
/// Frames until an encoder that hears silence repeats itself.
const SETTLED: usize = 10;

/// One voice on its way out: 48 kHz mono, packets of 20 ms, variable bit rate, with the last packet's
/// sound once more in each (in-band FEC, RFC 6716 §2.1.7). It never falls silent by itself (no DTX).
pub struct Encoder {
    inner: ::opus::Encoder,
    packet: Box<[u8; PACKET_BYTES]>,
    silence: Box<[u8]>,
    lookahead: u32,
    loss_percent: u8,
}

impl Encoder {
    /// One that expects [`START_LOSS_PERCENT`].
    pub fn new() -> Result<Self, OpusError> {
        let mut inner = ::opus::Encoder::new(RATE_HZ, Channels::Mono, Application::Voip)?;
        inner.set_bitrate(Bitrate::Bits(BITS_PER_SECOND))?;
        inner.set_vbr(true)?;
        inner.set_signal(Signal::Voice)?;
        inner.set_dtx(false)?;
        inner.set_inband_fec(true)?;
        inner.set_packet_loss_perc(i32::from(START_LOSS_PERCENT))?;
        let mut encoder = Self {
            lookahead: u32::try_from(inner.get_lookahead()?).unwrap_or_default(),
            inner,
            packet: Box::new([0; PACKET_BYTES]),
            silence: Box::default(),
            loss_percent: START_LOSS_PERCENT,
        };
        for _ in 0..SETTLED {
            encoder.silence = encoder.encode(&[0; FRAME_SAMPLES])?.into();
        }
        encoder.reset()?;
        Ok(encoder)
    }

    /// The packet for the next 20 ms.
    pub fn encode(&mut self, frame: &[i16; FRAME_SAMPLES]) -> Result<&[u8], OpusError> {
        let len = self.inner.encode(frame, &mut *self.packet)?;
        Ok(&self.packet[..len])
    }

    /// A packet of silence, made once: sending it again costs nothing, and says nothing of what was
    /// said before.
    pub fn silence(&self) -> &[u8] {
        &self.silence
    }

    /// Forgets what was encoded: the next packet holds nothing of it.
    pub fn reset(&mut self) -> Result<(), OpusError> {
        Ok(self.inner.reset_state()?)
    }

    /// How many packets of a hundred the far end misses: the more, the more of each packet is spent
    /// on the one before it.
    pub fn set_loss(&mut self, percent: u8) -> Result<(), OpusError> {
        let percent = percent.min(MOST_LOSS_PERCENT);
        if percent != self.loss_percent {
            self.inner.set_packet_loss_perc(i32::from(percent))?;
            self.loss_percent = percent;
        }
        Ok(())
    }

    /// How many packets of a hundred are taken for lost.
    pub fn loss_percent(&self) -> u8 {
        self.loss_percent
    }

    /// By how many samples at 48 kHz what is decoded lags behind what went in.
    pub fn lookahead_samples(&self) -> u32 {
        self.lookahead
    }
}
