//! The microphone's recent past: 16 kHz samples that a turn can be cut from, by moment.

use std::collections::VecDeque;
use std::time::Duration;

use janet_talk::Mono;

/// Rate of everything that models hear.
pub(crate) const MIC_HZ: u64 = 16_000;

/// The longest turn (30 s) plus its pre-roll and what arrives while it is transcribed.
const KEEP_SAMPLES: usize = 45 * MIC_HZ as usize;

/// Samples that come this much later than their count says follow a gap: a button that was up, a
/// lost network. Jitter and drift stay far below.
const GAP: Duration = Duration::from_millis(100);

/// Stretches that are told apart; of more the oldest are forgotten.
const STRETCHES: usize = 64;

/// A window over the microphone's stream.
#[derive(Default)]
pub(crate) struct Mic {
    samples: VecDeque<f32>,
    /// Between two of them nothing was captured.
    stretches: VecDeque<Stretch>,
}

/// Samples without a gap.
struct Stretch {
    samples: usize,
    /// The moment behind the last of them.
    end: Mono,
}

impl Mic {
    /// Appends samples; `end` is the moment behind the last of them.
    pub(crate) fn push(&mut self, samples: &[f32], end: Mono) {
        let expected = self
            .stretches
            .back()
            .map(|last| last.end + span(samples.len()));
        match self.stretches.back_mut() {
            Some(last) if expected.is_some_and(|expected| end.since(expected) < GAP) => {
                last.samples += samples.len();
                last.end = end;
            }
            _ => self.stretches.push_back(Stretch {
                samples: samples.len(),
                end,
            }),
        }
        self.samples.extend(samples);
        let mut over = self.samples.len().saturating_sub(KEEP_SAMPLES);
        while over > 0 || self.stretches.len() > STRETCHES {
            let too_many = self.stretches.len() > STRETCHES;
            let Some(oldest) = self.stretches.front_mut() else {
                break;
            };
            let gone = match too_many {
                true => oldest.samples,
                false => over.min(oldest.samples),
            };
            oldest.samples -= gone;
            over = over.saturating_sub(gone);
            self.samples.drain(..gone);
            if oldest.samples == 0 {
                self.stretches.pop_front();
            }
        }
    }

    /// The samples between two moments, as far as they are still (or already) there.
    pub(crate) fn cut(&self, from: Mono, to: Mono) -> Vec<f32> {
        let (first, behind) = (self.index(from), self.index(to));
        self.samples
            .range(first..behind.max(first))
            .copied()
            .collect()
    }

    /// The first sample that is not before `at`.
    fn index(&self, at: Mono) -> usize {
        let mut behind = 0;
        for stretch in &self.stretches {
            behind += stretch.samples;
            if at < stretch.end {
                let micros = u128::from(stretch.end.0 - at.0);
                let back = micros * u128::from(MIC_HZ) / 1_000_000;
                let back = usize::try_from(back).unwrap_or(usize::MAX);
                return behind - back.min(stretch.samples);
            }
        }
        behind
    }

    pub(crate) fn clear(&mut self) {
        self.samples.clear();
        self.stretches.clear();
    }
}

fn span(samples: usize) -> Duration {
    Duration::from_micros(samples as u64 * 1_000_000 / MIC_HZ)
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
    fn a_gap_holds_nothing_and_what_was_before_it_stays_there() {
        let mut mic = Mic::default();
        mic.push(&ramp(0, 16_000), Mono::from_millis(1000));
        // The button was up for nine seconds.
        mic.push(&ramp(16_000, 320), Mono::from_millis(10_020));
        mic.push(&ramp(16_320, 320), Mono::from_millis(10_040));
        let preroll = mic.cut(Mono::from_millis(9_700), Mono::from_millis(10_040));
        assert_eq!((preroll[0], preroll.len()), (16_000.0, 640));
        let before = mic.cut(Mono::from_millis(900), Mono::from_millis(1_500));
        assert_eq!((before[0], before.len()), (14_400.0, 1_600));
        let both = mic.cut(Mono::from_millis(900), Mono::from_millis(10_020));
        assert_eq!(both, ramp(14_400, 1_920));
    }

    #[test]
    fn what_was_only_late_is_where_it_belongs() {
        let mut mic = Mic::default();
        mic.push(&ramp(0, 16_000), Mono::from_millis(1000));
        // Half a second comes late and all at once: the first of it is taken for a gap.
        mic.push(&ramp(16_000, 320), Mono::from_millis(1_500));
        mic.push(&ramp(16_320, 7_680), Mono::from_millis(1_500));
        let cut = mic.cut(Mono::from_millis(900), Mono::from_millis(1_200));
        assert_eq!(cut, ramp(14_400, 4_800));
    }

    #[test]
    fn a_stream_of_gaps_does_not_grow() {
        let mut mic = Mic::default();
        for second in 1..1000 {
            mic.push(&[second as f32], Mono::from_millis(1000 * second));
        }
        assert_eq!(mic.stretches.len(), STRETCHES);
        assert_eq!(mic.samples.len(), STRETCHES);
        let last = mic.cut(Mono::from_millis(998_000), Mono::from_millis(999_000));
        assert_eq!(last, [999.0]);
        mic.push(&ramp(0, 2 * KEEP_SAMPLES), Mono::from_millis(2_000_000));
        assert_eq!(mic.samples.len(), KEEP_SAMPLES);
        assert_eq!(mic.stretches.len(), 1);
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
