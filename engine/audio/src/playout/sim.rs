//! A client that plays as the module's page says: for tests and for the barge-in bench.
//!
//! Plays sample by sample at its own pace with a fixed delay (its jitter buffer); keeps a record of
//! the numbers it played. Knows nothing of the network: the test delivers.

use std::collections::VecDeque;

use super::chunk::Pulled;

/// The model of a listening client.
#[derive(Debug)]
pub struct ClientModel {
    fade: usize,
    delay: usize,
    buffer: VecDeque<(u32, f32)>,
    /// Number after the last sample that was received and kept.
    end: u32,
    played: u32,
    /// Samples to wait before it starts; `None`: it plays, or has nothing.
    waits: Option<usize>,
    playing: bool,
    /// How much of the fade-in was played.
    rising: usize,
    falling: Option<Falling>,
    decay: Decay,
    heard: Vec<u32>,
}

#[derive(Debug)]
struct Falling {
    left: usize,
    span: usize,
}

#[derive(Debug, Default)]
struct Decay {
    from: f32,
    left: usize,
}

impl ClientModel {
    /// A client at `rate_hz` that waits for `delay_samples` before it starts from silence.
    pub fn new(rate_hz: u32, delay_samples: usize) -> Self {
        Self {
            fade: (rate_hz / 100) as usize,
            delay: delay_samples,
            buffer: VecDeque::new(),
            end: 0,
            played: 0,
            waits: None,
            playing: false,
            rising: 0,
            falling: None,
            decay: Decay::default(),
            heard: Vec::new(),
        }
    }

    /// Takes what came from the server.
    pub fn receive(&mut self, pulled: &Pulled) {
        match pulled {
            Pulled::Flush { from_sample } => self.flush(*from_sample),
            // It draws nothing.
            Pulled::Cue(_) => {}
            Pulled::Sound(chunk) => {
                let mut number = chunk.first_sample;
                for &sample in chunk.samples() {
                    if !before(number, self.end) {
                        self.end = number.wrapping_add(1);
                        self.buffer.push_back((number, f32::from(sample) / 32767.0));
                    }
                    number = number.wrapping_add(1);
                }
            }
        }
    }

    /// Plays `samples` samples and appends them to `out`.
    pub fn play_into(&mut self, samples: usize, out: &mut Vec<f32>) {
        out.extend((0..samples).map(|_| self.play_one()));
    }

    /// What it would report: the number of the next sample it will play.
    pub fn played_sample(&self) -> u32 {
        self.played
    }

    /// True while it plays.
    pub fn is_playing(&self) -> bool {
        self.playing
    }

    /// Samples received and not played.
    pub fn buffered_samples(&self) -> usize {
        self.buffer.len()
    }

    /// The number of every sample it played, in order.
    pub fn heard(&self) -> &[u32] {
        &self.heard
    }

    fn flush(&mut self, from_sample: u32) {
        let Some(&(front, _)) = self.buffer.front() else {
            return;
        };
        let soonest = if self.playing {
            front.wrapping_add(self.fade as u32)
        } else {
            front
        };
        let stop = if before(from_sample, soonest) {
            soonest
        } else {
            from_sample
        };
        while self
            .buffer
            .back()
            .is_some_and(|&(number, _)| !before(number, stop))
        {
            self.buffer.pop_back();
        }
        self.end = self
            .buffer
            .back()
            .map_or(front, |&(number, _)| number.wrapping_add(1));
        let left = self.buffer.len();
        // With less than a fade left, playing it out and letting it decay is the smoother end.
        let fades = self.falling.is_some() || left >= self.fade;
        let span = self
            .falling
            .as_ref()
            .map_or(self.fade, |falling| falling.span);
        self.falling = (fades && left > 0).then_some(Falling { left, span });
        if left == 0 {
            self.waits = None;
        }
    }

    fn play_one(&mut self) -> f32 {
        if !self.playing && !self.buffer.is_empty() {
            let left = self.waits.get_or_insert(self.delay);
            if *left > 0 {
                *left -= 1;
            } else {
                self.waits = None;
                self.playing = true;
                self.rising = 0;
            }
        }
        let mut value = 0.0;
        if self.playing {
            match self.buffer.pop_front() {
                Some((number, sample)) => {
                    self.heard.push(number);
                    self.played = number.wrapping_add(1);
                    value = sample * self.gain();
                    self.decay_unless_playing_on(value);
                }
                None => self.playing = false,
            }
        }
        value + self.decayed()
    }

    fn gain(&mut self) -> f32 {
        let mut gain = 1.0;
        if self.rising < self.fade {
            self.rising += 1;
            gain *= self.rising as f32 / self.fade as f32;
        }
        if let Some(falling) = &mut self.falling {
            falling.left -= 1;
            gain *= (falling.left as f32 / falling.span as f32).min(1.0);
            if falling.left == 0 {
                // Silent now; whatever comes next starts anew.
                self.falling = None;
                self.playing = false;
            }
        }
        gain
    }

    /// When the buffer runs dry with this sample, it decays from it.
    fn decay_unless_playing_on(&mut self, value: f32) {
        if self.buffer.is_empty() {
            self.playing = false;
            self.falling = None;
            self.decay = Decay {
                from: value,
                left: self.fade + 1,
            };
        }
    }

    fn decayed(&mut self) -> f32 {
        if self.decay.left == 0 {
            return 0.0;
        }
        self.decay.left -= 1;
        // In the first step the sample itself is still being played.
        if self.decay.left == self.fade {
            return 0.0;
        }
        self.decay.from * self.decay.left as f32 / self.fade as f32
    }
}

fn before(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}
