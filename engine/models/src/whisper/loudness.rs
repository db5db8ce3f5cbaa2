//! How long somebody can have spoken in a piece of sound, by its level alone.
//!
//! Speech swells and fades by 20 dB and more within a second; a room, a fan, a line hum do not. No
//! level is absolute: a faint voice in a quiet room is as much a voice as a loud one.

/// Samples per frame: 20 ms at 16 kHz.
const FRAME_SAMPLES: usize = 320;
/// A frame is sound, not background, if it is so far above the quietest tenth, in dB.
const ABOVE_FLOOR_DB: f32 = 6.0;
/// … and no further below the loudest frame.
const BELOW_PEAK_DB: f32 = 40.0;
/// Sound that never leaves its floor by this is steady: nobody speaks in it.
const STEADY_DB: f32 = 6.0;
/// Quieter frames are digital silence, in dB below full scale.
const SILENCE_DB: f32 = -90.0;

/// What the levels of a piece of sound say.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Loudness {
    /// The whole length.
    pub seconds: f32,
    /// Of these, how many stand out of the background.
    pub active_s: f32,
    /// The level hardly moves: background and nothing else.
    pub is_steady: bool,
}

impl Loudness {
    /// Measures `pcm` (16 kHz).
    pub fn of(pcm: &[f32]) -> Self {
        let level = |frame: &[f32]| {
            let power: f32 = frame.iter().map(|v| v * v).sum();
            (10.0 * (power / frame.len() as f32 + 1e-12).log10()).max(SILENCE_DB)
        };
        let levels: Vec<f32> = pcm.chunks_exact(FRAME_SAMPLES).map(level).collect();
        let mut sorted = levels.clone();
        sorted.sort_by(f32::total_cmp);
        let (Some(floor), Some(peak)) = (sorted.get(sorted.len() / 10), sorted.last()) else {
            return Self::default();
        };
        let least = (floor + ABOVE_FLOOR_DB).max(peak - BELOW_PEAK_DB);
        let frame_s = FRAME_SAMPLES as f32 / 16_000.0;
        let active = levels.iter().filter(|level| **level >= least).count();
        Self {
            seconds: levels.len() as f32 * frame_s,
            active_s: active as f32 * frame_s,
            is_steady: peak - floor < STEADY_DB,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(seconds: usize, level: f32) -> Vec<f32> {
        let mut random = fastrand::Rng::with_seed(3);
        let samples = seconds * 16_000;
        (0..samples).map(|_| (random.f32() - 0.5) * level).collect()
    }

    #[test]
    fn a_steady_background_is_told_at_every_level() {
        for level in [0.001, 0.1, 1.0] {
            let steady = Loudness::of(&noise(3, level));
            assert!(steady.is_steady && steady.active_s < 0.1, "{steady:?}");
        }
        assert!(Loudness::of(&[0.0; 16_000]).is_steady);
        assert_eq!(Loudness::of(&[]), Loudness::default());
    }

    #[test]
    fn what_stands_out_is_measured_however_faint() {
        for level in [0.002, 1.0] {
            let mut sound = noise(8, level * 0.01);
            for (at, value) in noise(2, level).into_iter().enumerate() {
                sound[3 * 16_000 + at] += value;
            }
            let loudness = Loudness::of(&sound);
            assert!(!loudness.is_steady);
            assert!((loudness.active_s - 2.0).abs() < 0.1, "{loudness:?}");
            assert!((loudness.seconds - 8.0).abs() < 0.01);
        }
    }
}
