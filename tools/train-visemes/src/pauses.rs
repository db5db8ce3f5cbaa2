//! Where a take is silent.

/// Decibels under the loudness of the speech below which nothing is heard of it: the softest consonants lie above,
/// the voice's own noise far below.
const QUIET_DB: f32 = 45.0;
/// Steps in a second.
const STEPS_HZ: u32 = 200;

/// The silent steps of a take.
pub(crate) struct Pauses {
    /// Samples in a step.
    step: usize,
    quiet: Vec<bool>,
}

impl Pauses {
    /// Listens to a take without noise.
    pub(crate) fn of(samples: &[f32], rate_hz: u32) -> Self {
        let step = (rate_hz / STEPS_HZ).max(1) as usize;
        let powers: Vec<f32> = samples
            .chunks_exact(step)
            .map(|w| w.iter().map(|x| x * x).sum::<f32>() / step as f32)
            .collect();
        let least = loudness(samples, rate_hz).powi(2) / 10f32.powf(QUIET_DB / 10.0);
        // Over three steps, so that a gap between two pulses of a deep voice is none.
        let around = |at: usize| &powers[at.saturating_sub(1)..(at + 2).min(powers.len())];
        let quiet = (0..powers.len())
            .map(|at| around(at).iter().sum::<f32>() / 3.0 < least)
            .collect();
        Self { step, quiet }
    }

    /// The longest silence within `first..end`, in samples; empty, at `first`, where there is none.
    pub(crate) fn longest(&self, first: u64, end: u64) -> (u64, u64) {
        let step = self.step as u64;
        let (mut best, mut since) = ((first, first), None);
        for at in first / step..end.div_ceil(step) {
            if !self.quiet.get(at as usize).is_some_and(|quiet| *quiet) {
                since = None;
                continue;
            }
            let start = *since.get_or_insert((at * step).max(first));
            let stop = ((at + 1) * step).min(end);
            if stop - start > best.1 - best.0 {
                best = (start, stop);
            }
        }
        best
    }
}

/// The loudness of what is not silent: the root of the mean square of windows of 20 ms that are at most 30 dB
/// under the loudest.
pub(crate) fn loudness(samples: &[f32], rate_hz: u32) -> f32 {
    let powers: Vec<f32> = samples
        .chunks((rate_hz / 50).max(1) as usize)
        .map(|w| w.iter().map(|x| x * x).sum::<f32>() / w.len() as f32)
        .collect();
    let least = powers.iter().copied().fold(0.0, f32::max) / 1000.0;
    let loud: Vec<f32> = powers.into_iter().filter(|power| *power >= least).collect();
    (loud.iter().sum::<f32>() / loud.len().max(1) as f32).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loudness_is_that_of_the_speech_and_not_of_the_pauses() {
        let mut samples = vec![0.5; 48_000];
        samples.extend(vec![0.0; 96_000]);
        assert!((loudness(&samples, 48_000) - 0.5).abs() < 1e-3);
    }

    #[test]
    fn the_longest_silence_is_found_however_loud_the_take_is() {
        for level in [1.0, 0.01] {
            let mut samples = vec![level; 4000];
            samples[1000..1100].fill(0.0);
            // The voice's own noise, 60 dB lower.
            samples[2000..2600].fill(0.001 * level);
            let pauses = Pauses::of(&samples, 1000);
            let (start, end) = pauses.longest(500, 3000);
            assert!(start.abs_diff(2000) <= 5 && end.abs_diff(2600) <= 5);
            let (start, end) = pauses.longest(500, 1500);
            assert!(start.abs_diff(1000) <= 5 && end.abs_diff(1100) <= 5);
            assert_eq!(pauses.longest(200, 900), (200, 200));
        }
    }
}
