//! From packets to samples.

use ::opus::Channels;

use super::{LONGEST_MS, OpusError};

/// What a packet holds before the first one came, in ms.
const USUAL_MS: u32 = 20;

/// One voice on its way in, mono at the rate that is wanted: libopus decodes to 16 kHz at once, which is
/// sooner and better than to resample what it made at 48 kHz. Packets of two channels are mixed down.
pub struct Decoder {
    inner: ::opus::Decoder,
    sound: Box<[f32]>,
    /// Samples of the last packet: what is lost was most probably as long.
    last: usize,
}

impl Decoder {
    /// One for `rate_hz`: 8000, 12,000, 16,000, 24,000 or 48,000.
    pub fn new(rate_hz: u32) -> Result<Self, OpusError> {
        if ![8000, 12_000, 16_000, 24_000, 48_000].contains(&rate_hz) {
            return Err(OpusError::Rate(rate_hz));
        }
        let samples = |ms: u32| (rate_hz / 1000 * ms) as usize;
        Ok(Self {
            inner: ::opus::Decoder::new(rate_hz, Channels::Mono)?,
            sound: vec![0.0; samples(LONGEST_MS)].into(),
            last: samples(USUAL_MS),
        })
    }

    /// The sound of a packet, 2.5 to 120 ms. After an error the decoder is as it was.
    pub fn decode(&mut self, packet: &[u8]) -> Result<&[f32], OpusError> {
        if packet.is_empty() {
            return Err(OpusError::Empty);
        }
        let len = self.inner.decode_float(packet, &mut self.sound, false)?;
        self.last = len;
        Ok(&self.sound[..len])
    }

    /// The sound of a lost packet out of the one behind it, which is decoded as a packet of its own
    /// after that. Made up as by [`Decoder::conceal`] where that one holds no copy ([`has_copy`]).
    pub fn recover(&mut self, next: &[u8]) -> Result<&[f32], OpusError> {
        if next.is_empty() {
            return Err(OpusError::Empty);
        }
        // Exactly as long as what is lost: libopus fills the rest of a longer buffer by making it up.
        let lost = &mut self.sound[..self.last];
        let len = self.inner.decode_float(next, lost, true)?;
        Ok(&self.sound[..len])
    }

    /// A sound in the place of a lost packet: what was heard last, going on and fading away.
    pub fn conceal(&mut self) -> Result<&[f32], OpusError> {
        let lost = &mut self.sound[..self.last];
        let len = self.inner.decode_float(&[], lost, false)?;
        Ok(&self.sound[..len])
    }
}

/// Whether a packet holds a copy of the one before it (the LBRR flag, RFC 6716 §4.2.4).
///
/// Packets of more than two frames are taken to hold none: nobody sends those in a call.
pub fn has_copy(packet: &[u8]) -> bool {
    let [first, body @ ..] = packet else {
        return false;
    };
    let config = first >> 3;
    let is_celt = config >= 16;
    let body = match first & 3 {
        0 | 1 => body,
        // The length of the first frame stands before it, in one byte or two (RFC 6716 §3.2.1).
        2 => match body {
            [length, _, rest @ ..] if *length >= 252 => rest,
            [_, rest @ ..] => rest,
            [] => body,
        },
        _ => &[],
    };
    // One flag of voice activity for each 20 ms of the frame, then the one that is looked for
    // (RFC 6716 §4.2.3); SILK alone has frames of 40 and 60 ms.
    let twenties = match (config, config & 3) {
        (..12, 2) => 2,
        (..12, 3) => 3,
        _ => 1,
    };
    !is_celt
        && body
            .first()
            .is_some_and(|flags| flags >> (7 - twenties) & 1 == 1)
}
