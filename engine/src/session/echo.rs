//! Her own voice in the microphone, measured where the VAD takes a sound for speech.

use std::time::Duration;

use janet_audio::{EchoMeter, Line, echo};
use janet_talk::{Mono, Whose};

use super::mic::Mic;

/// After her last sample: as long as an echo may come late.
const TAIL: Duration = Duration::from_millis(400);
/// The ear that has stood still for this long begins anew; what it heard before comes no more.
const STILL: Duration = Duration::from_millis(150);
/// Microphone samples that are compared; where these say little, the newest of them alone: a hole
/// in the playout shifts what is older.
const SPANS: [Duration; 2] = [Duration::from_millis(512), Duration::from_millis(192)];
/// Less of her voice than this explains anything; such a window is not compared.
const SHORTEST: Duration = Duration::from_millis(128);
/// A window of which no more than this is unexplained is hers.
const CLEAR: f32 = 0.25;

/// Follows what of the line is heard, and tells it from what the microphone hears.
#[derive(Default)]
pub(super) struct Echo {
    /// Made when her voice first met a microphone's.
    meter: Option<Box<EchoMeter>>,
    /// The stretch in which the ear went on without a stop.
    sounds: Option<(Mono, Mono)>,
    heard: u64,
}

impl Echo {
    /// Takes note of where the ear is; called every tick.
    pub(super) fn follow(&mut self, line: &Line, now: Mono) {
        let heard = line.heard(now.0);
        if heard == self.heard {
            return;
        }
        self.heard = heard;
        let since = match self.sounds {
            Some((since, last)) if now.since(last) < STILL => since,
            _ => now,
        };
        self.sounds = Some((since, now));
    }

    /// Whose voice the window that ends at `at` is, and its level: less what of it is hers, if it
    /// is somebody else's.
    pub(super) fn judge(
        &mut self,
        line: Option<&Line>,
        mic: &Mic,
        (at, now): (Mono, Mono),
        level_db: f32,
    ) -> (Whose, f32) {
        let unknown = (Whose::Unknown, level_db);
        let (Some(line), Some((since, last))) = (line, self.sounds) else {
            return unknown;
        };
        if now.since(last) > TAIL || at.since(since) < SHORTEST {
            return unknown;
        }
        let meter = self.meter.get_or_insert_default();
        let played = line.around_ear(now.0, echo::BEFORE, echo::AFTER);
        meter.hear_played(&played, line.rate_hz());
        let mut share = 1.0f32;
        for span in SPANS {
            if share > CLEAR {
                let from = since.max(Mono(at.0.saturating_sub(span.as_micros() as u64)));
                share = share.min(meter.unexplained(&mic.cut(from, at)));
            }
        }
        if share <= CLEAR {
            (Whose::Hers, level_db)
        } else {
            (Whose::NotHers, level_db + 10.0 * share.log10())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use janet_audio::{LineOptions, Playout, Pulled};

    const RATE_HZ: u32 = 24_000;

    /// A line that plays noise, its client, and the microphone in the same room.
    struct Room {
        line: Line,
        playout: Playout,
        played: Vec<f32>,
        mic: Mic,
        echo: Echo,
        now: Mono,
        rng: fastrand::Rng,
    }

    impl Room {
        fn new() -> Self {
            let (line, playout) =
                Line::new(RATE_HZ, LineOptions::default()).expect("24 kHz is fine");
            Self {
                line,
                playout,
                played: Vec::new(),
                mic: Mic::default(),
                echo: Echo::default(),
                now: Mono::from_millis(1000),
                rng: fastrand::Rng::with_seed(1),
            }
        }

        /// Her voice: noise below 2 kHz, so that no rate on the way changes it.
        fn say(&mut self, seconds: f32) {
            let mut low = [0.0f32; 2];
            let voice: Vec<f32> = (0..(seconds * RATE_HZ as f32) as usize)
                .map(|_| {
                    low[0] += 0.3 * (self.rng.f32() - 0.5 - low[0]);
                    low[1] += 0.3 * (low[0] - low[1]);
                    low[1]
                })
                .collect();
            self.line.stage(&voice);
        }

        /// Goes on by 10 ms at a time; the microphone hears `echo` of her, 80 ms late, and noise.
        fn go_on(&mut self, millis: u64, echo: f32, noise: f32) {
            for _ in 0..millis / 10 {
                self.line.tick(self.now.0);
                while let Some(pulled) = self.playout.pull() {
                    if let Pulled::Sound(chunk) = pulled {
                        let samples = chunk.samples().iter().map(|s| f32::from(*s) / 32768.0);
                        self.played.extend(samples);
                    }
                }
                self.now = self.now + Duration::from_millis(10);
                self.echo.follow(&self.line, self.now);
                let begin = (self.now.0 - 1_010_000) as f32 / 1e6 - 0.08;
                let heard: Vec<f32> = (0..160)
                    .map(|n| {
                        let at = (begin + n as f32 / 16_000.0) * RATE_HZ as f32;
                        let hers = if at < 0.0 {
                            None
                        } else {
                            self.played.get(at as usize)
                        };
                        echo * hers.unwrap_or(&0.0) + noise * (self.rng.f32() - 0.5)
                    })
                    .collect();
                self.mic.push(&heard, self.now);
            }
        }

        fn judge(&mut self) -> (Whose, f32) {
            let now = (self.now, self.now);
            self.echo.judge(Some(&self.line), &self.mic, now, -40.0)
        }
    }

    #[test]
    fn her_voice_is_hers_and_keeps_its_level() {
        let mut room = Room::new();
        room.say(2.0);
        room.go_on(100, 0.1, 1e-4);
        assert_eq!(room.judge(), (Whose::Unknown, -40.0), "too little yet");
        room.go_on(500, 0.1, 1e-4);
        assert_eq!(room.judge(), (Whose::Hers, -40.0));
    }

    #[test]
    fn her_voice_is_hers_for_a_moment_after_it_was_cut() {
        let mut room = Room::new();
        room.say(3.0);
        room.go_on(800, 0.1, 1e-4);
        room.line.flush(room.now.0);
        // The client plays on for its fade; the echo comes 80 ms late.
        room.go_on(70, 0.1, 1e-4);
        assert_eq!(room.judge().0, Whose::Hers);
        room.go_on(500, 0.0, 1e-4);
        assert_eq!(room.judge().0, Whose::Unknown);
    }

    #[test]
    fn somebody_else_is_not_her() {
        let mut room = Room::new();
        room.say(2.0);
        room.go_on(600, 0.1, 1e-4);
        room.go_on(100, 0.1, 0.5);
        let (whose, level_db) = room.judge();
        assert_eq!(whose, Whose::NotHers);
        assert!((-46.0..=-40.0).contains(&level_db), "{level_db}");
    }

    #[test]
    fn without_a_voice_nothing_is_compared() {
        let mut room = Room::new();
        room.go_on(600, 0.0, 0.5);
        assert_eq!(room.judge(), (Whose::Unknown, -40.0));
    }
}
