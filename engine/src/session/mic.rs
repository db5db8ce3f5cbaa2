//! The microphone's recent past: 16 kHz samples that a turn can be cut from, by moment.

use std::collections::VecDeque;

use janet_talk::Mono;

/// Rate of everything that models hear.
pub(crate) const MIC_HZ: u64 = 16_000;

/// The longest turn (30 s) plus its pre-roll and what arrives while it is transcribed.
const KEEP_SAMPLES: usize = 45 * MIC_HZ as usize;

/// A window over the microphone's stream.
#[derive(Default)]
pub(crate) struct Mic {
    samples: VecDeque<f32>,
    /// The moment behind the newest sample.
    end: Mono,
}

impl Mic {
    /// Appends samples; `end` is the moment behind the last of them.
    pub(crate) fn push(&mut self, samples: &[f32], end: Mono) {
        self.samples.extend(samples);
        let over = self.samples.len().saturating_sub(KEEP_SAMPLES);
        self.samples.drain(..over);
        self.end = end;
    }

    /// The samples between two moments, as far as they are still (or already) there.
    pub(crate) fn cut(&self, from: Mono, to: Mono) -> Vec<f32> {
        let back = |at: Mono| {
            let micros = self.end.0.saturating_sub(at.0);
            let samples = micros as u128 * u128::from(MIC_HZ) / 1_000_000;
            self.samples
                .len()
                .saturating_sub(usize::try_from(samples).unwrap_or(usize::MAX))
        };
        let (first, behind) = (back(from), back(to));
        self.samples
            .range(first..behind.max(first))
            .copied()
            .collect()
    }

    pub(crate) fn clear(&mut self) {
        self.samples.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(from: usize, n: usize) -> Vec<f32> {
        (from..from + n).map(|i| i as f32).collect()
    }

    #[test]
    fn a_span_is_cut_by_its_moments() {
        let mut mic = Mic::default();
        mic.push(&ramp(0, 16_000), Mono::from_millis(1000));
        mic.push(&ramp(16_000, 1_600), Mono::from_millis(1100));
        let cut = mic.cut(Mono::from_millis(500), Mono::from_millis(1050));
        assert_eq!((cut[0], cut.len()), (8_000.0, 8_800));
    }

    #[test]
    fn what_is_gone_or_not_yet_there_is_left_out() {
        let mut mic = Mic::default();
        for second in 0..60 {
            mic.push(
                &ramp(second * 16_000, 16_000),
                Mono::from_millis(1000 * (second as u64 + 1)),
            );
        }
        assert_eq!(mic.cut(Mono::ZERO, Mono::from_millis(16_000)).len(), 16_000);
        let late = mic.cut(Mono::from_millis(59_900), Mono::from_millis(70_000));
        assert_eq!(late.len(), 1_600);
        assert!(
            mic.cut(Mono::from_millis(90_000), Mono::from_millis(91_000))
                .is_empty()
        );
        assert!(
            mic.cut(Mono::from_millis(50_000), Mono::from_millis(49_000))
                .is_empty()
        );
    }
}
