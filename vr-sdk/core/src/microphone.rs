//! The microphone's samples on their way to packets.

use janet_audio::opus::{Encoder, FRAME_SAMPLES, OpusError};
use janet_audio::wav::to_s16;
use janet_protocol::quic::{Header, Kind, SendBuffer};

/// Samples in, datagrams out.
pub struct Microphone {
    session: u16,
    encoder: Encoder,
    frame: Vec<i16>,
    sequence: u16,
    /// Position of the next packet's first sample: samples counted from 0, modulo 2³².
    position: u32,
    waiting: SendBuffer<Vec<u8>>,
    sent: u64,
}

impl Microphone {
    /// For the session of this number; counts packets from `sequence`.
    pub fn new(session: u16, sequence: u16) -> Result<Self, OpusError> {
        Ok(Self {
            session,
            encoder: Encoder::new()?,
            frame: Vec::with_capacity(FRAME_SAMPLES),
            sequence,
            position: 0,
            waiting: SendBuffer::new(),
            sent: 0,
        })
    }

    /// Takes samples at [`RATE_HZ`](crate::RATE_HZ), as they are spoken.
    pub fn speak(&mut self, samples: &[f32]) -> Result<(), OpusError> {
        for sample in samples {
            self.frame.push(to_s16(*sample));
            if let Ok(frame) = <&[i16; FRAME_SAMPLES]>::try_from(self.frame.as_slice()) {
                let header = Header {
                    kind: Kind::Opus,
                    session: self.session,
                    sequence: self.sequence,
                    timestamp: self.position,
                };
                let datagram = header.write(self.encoder.encode(frame)?);
                self.frame.clear();
                self.sequence = self.sequence.wrapping_add(1);
                self.position = self.position.wrapping_add(FRAME_SAMPLES as u32);
                self.sent += 1;
                // 32 kbit/s are far from what a datagram holds.
                if let Some(datagram) = datagram {
                    self.waiting.push(datagram);
                }
            }
        }
        Ok(())
    }

    /// The next datagram to send.
    pub fn poll(&mut self) -> Option<Vec<u8>> {
        self.waiting.pop()
    }

    /// Whether one waits.
    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// So many packets of a hundred are lost on the way.
    pub fn set_loss(&mut self, percent: u8) -> Result<(), OpusError> {
        self.encoder.set_loss(percent)
    }

    /// Packets encoded so far.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Packets that had to give way to newer ones.
    pub fn unsent(&self) -> u64 {
        self.waiting.dropped()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_twenty_milliseconds_make_a_packet_with_the_next_number_and_position() {
        let mut microphone = Microphone::new(7, u16::MAX).expect("an encoder");
        let mut headers = Vec::new();
        // However the samples come in.
        for piece in vec![0.1; FRAME_SAMPLES * 3 + 5].chunks(333) {
            microphone.speak(piece).expect("encoded");
            while let Some(datagram) = microphone.poll() {
                headers.push(Header::read(&datagram).expect("one of ours"));
            }
        }
        let numbers: Vec<_> = headers.iter().map(|h| (h.sequence, h.timestamp)).collect();
        assert_eq!(numbers, [(u16::MAX, 0), (0, 960), (1, 1920)]);
        let is_ours = |header: &Header| header.session == 7 && header.kind == Kind::Opus;
        assert!(headers.iter().all(is_ours));
    }

    #[test]
    fn what_the_path_does_not_take_gives_way_to_what_is_newer() {
        let mut microphone = Microphone::new(1, 0).expect("an encoder");
        microphone
            .speak(&[0.0; FRAME_SAMPLES * 5])
            .expect("encoded");
        assert_eq!((microphone.sent(), microphone.unsent()), (5, 2));
        let first = microphone.poll().expect("three wait");
        assert_eq!(Header::read(&first).map(|header| header.sequence), Ok(2));
    }
}
