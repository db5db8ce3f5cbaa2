//! A quiet room: noise at about −75 dBFS, into which clips are spoken.

use janet_engine::client::PACKET;

/// Standard deviation of the noise, of 32768.
const SIGMA: f32 = 6.0;

/// A microphone in that room.
pub(crate) struct Room {
    rng: fastrand::Rng,
    speaking: std::collections::VecDeque<f32>,
}

impl Room {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            rng: fastrand::Rng::with_seed(seed),
            speaking: std::collections::VecDeque::new(),
        }
    }

    /// Somebody begins to say this, with the next packet.
    pub(crate) fn say(&mut self, pcm: &[f32]) {
        self.speaking.extend(pcm);
    }

    /// Whether somebody still speaks.
    pub(crate) fn is_speaking(&self) -> bool {
        !self.speaking.is_empty()
    }

    /// The next 20 ms; `also` is mixed in.
    pub(crate) fn packet(&mut self, also: impl Fn(usize) -> f32) -> [i16; PACKET] {
        std::array::from_fn(|n| {
            let noise = self.gauss() * SIGMA;
            let speech = self.speaking.pop_front();
            // A clip brings its own room with it.
            let sample = speech.map_or(noise, |speech| speech * 32768.0) + also(n) * 32768.0;
            sample.clamp(-32768.0, 32767.0) as i16
        })
    }

    fn gauss(&mut self) -> f32 {
        // Sum of uniform values: close enough to normal for noise (Irwin–Hall).
        (0..12).map(|_| self.rng.f32()).sum::<f32>() - 6.0
    }
}
