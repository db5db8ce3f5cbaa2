//! What a take is changed by: the ranges that are trained, and those beside them that are not.
//!
//! A variant for a test lies beyond the trained range in one dimension, and within it in all others.

use serde::{Deserialize, Serialize};

/// A dimension in which a test leaves what is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Beyond {
    Speed,
    Pitch,
    Room,
    Noise,
    Level,
}

/// A trained range and what lies on one or both sides of it.
pub(crate) struct Range {
    trained: (f32, f32),
    beyond: &'static [(f32, f32)],
}

/// How fast, the voice's own pace being 1.
pub(crate) const SPEED: Range = Range {
    trained: (0.8, 1.3),
    beyond: &[(0.7, 0.8), (1.3, 1.45)],
};
/// How high, the voice's own pitch (a man's) being 1.
pub(crate) const PITCH: Range = Range {
    trained: (0.85, 1.9),
    beyond: &[(0.75, 0.85), (1.9, 2.1)],
};
/// Seconds until an echo has lost 60 dB.
const ROOM_S: Range = Range {
    trained: (0.1, 0.5),
    beyond: &[(0.5, 0.7)],
};
/// Speech over noise, dB.
const SNR_DB: Range = Range {
    trained: (12.0, 45.0),
    beyond: &[(9.0, 12.0)],
};
/// Loudness of the speech, dB under full scale.
const LEVEL_DB: Range = Range {
    trained: (-42.0, -14.0),
    beyond: &[(-50.0, -42.0), (-14.0, -10.0)],
};

impl Range {
    /// A value, outside of the trained range if so `wanted`.
    pub(crate) fn draw(&self, beyond: bool, rng: &mut fastrand::Rng) -> f32 {
        let (low, high) = if beyond {
            self.beyond[rng.usize(..self.beyond.len())]
        } else {
            self.trained
        };
        // The border itself belongs to what is trained.
        let at = rng.f32().clamp(0.01, 0.99);
        low + (high - low) * at
    }

    /// Whether a value lies within the trained range.
    #[cfg(test)]
    pub(crate) fn trained(&self, value: f32) -> bool {
        (self.trained.0..=self.trained.1).contains(&value)
    }
}

/// The colour of a noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noise {
    White,
    /// As much in each octave.
    Pink,
    /// White below 250 Hz, the less the higher above: fans and engines.
    Dull,
    /// The lower, the more: never trained.
    Brown,
}

/// What the way from mouth to file takes of the highs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Band {
    Whole,
    /// Through this rate, as recordings and calls go.
    Through(u32),
}

/// All that happens to a take, but for its pitch and speed, with which it was spoken.
#[derive(Clone, Debug)]
pub(crate) struct Variant {
    /// How much higher the formants are than the voice's: the length of the vocal tract.
    pub(crate) formants: f32,
    /// Random bends of the spectrum, dB at 0, 1, 2, … kHz.
    pub(crate) bends_db: Vec<f32>,
    /// A room, if any: seconds until the echo has lost 60 dB, and dB of the direct sound over the rest.
    pub(crate) room: Option<(f32, f32)>,
    pub(crate) noise: Noise,
    pub(crate) snr_db: f32,
    pub(crate) level_db: f32,
    pub(crate) band: Band,
    /// Silence before and behind, seconds.
    pub(crate) silence_s: (f32, f32),
    pub(crate) seed: u64,
}

impl Variant {
    /// Draws one for a take of this pitch.
    pub(crate) fn draw(pitch: f32, beyond: Option<Beyond>, seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let is = |what| beyond == Some(what);
        let between = |rng: &mut fastrand::Rng, low: f32, high: f32| low + (high - low) * rng.f32();
        // A high voice has a short vocal tract, by and large.
        let usual = 1.0 + 0.2 * (pitch - 1.0);
        let formants = (usual * between(&mut rng, 0.9, 1.1)).clamp(0.85, 1.25);
        let tilt = between(&mut rng, -0.9, 0.6);
        let bends_db = (0..=11)
            .map(|khz| tilt * khz as f32 + between(&mut rng, -3.0, 3.0))
            .collect();
        let room = (is(Beyond::Room) || rng.f32() < 0.6).then(|| {
            let seconds = ROOM_S.draw(is(Beyond::Room), &mut rng);
            (seconds, between(&mut rng, 2.0, 18.0))
        });
        let noise = match rng.f32() {
            _ if is(Beyond::Noise) => Noise::Brown,
            x if x < 0.3 => Noise::White,
            x if x < 0.6 => Noise::Dull,
            _ => Noise::Pink,
        };
        let band = match rng.f32() {
            x if x < 0.35 => Band::Through(16_000),
            x if x < 0.45 => Band::Through(11_025),
            _ => Band::Whole,
        };
        Self {
            formants,
            bends_db,
            room,
            noise,
            snr_db: SNR_DB.draw(is(Beyond::Noise), &mut rng),
            level_db: LEVEL_DB.draw(is(Beyond::Level), &mut rng),
            band,
            silence_s: (between(&mut rng, 0.15, 0.3), between(&mut rng, 0.1, 0.2)),
            seed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_leaves_what_is_trained_in_the_dimension_that_was_asked_for() {
        for seed in 0..200 {
            for beyond in [
                None,
                Some(Beyond::Room),
                Some(Beyond::Noise),
                Some(Beyond::Level),
            ] {
                let variant = Variant::draw(1.2, beyond, seed);
                let room = variant.room.map_or(0.2, |(seconds, _)| seconds);
                assert_eq!(ROOM_S.trained(room), beyond != Some(Beyond::Room));
                assert_eq!(
                    SNR_DB.trained(variant.snr_db),
                    beyond != Some(Beyond::Noise)
                );
                assert_eq!(variant.noise == Noise::Brown, beyond == Some(Beyond::Noise));
                assert_eq!(
                    LEVEL_DB.trained(variant.level_db),
                    beyond != Some(Beyond::Level)
                );
            }
        }
    }
}
