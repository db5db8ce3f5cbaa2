//! Which viseme belongs to which frame.

use janet_face::{Phoneme, VISEMES, Viseme};
use janet_kernels::signal::{FRAME_RATE_HZ, FRAME_SAMPLES};

/// A space between two words that is shorter than this is no silence: the mouth goes from one word to the next.
const SHORT_SPACE_S: f64 = 0.07;

/// A viseme and when it sounds, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Span {
    pub(crate) viseme: Viseme,
    pub(crate) start: f64,
    pub(crate) end: f64,
}

/// The shapes of an IPA letter, and which share of its time each has.
fn shapes(letter: char) -> Vec<(Viseme, f64)> {
    match Phoneme::of(letter) {
        Phoneme::One(only) => vec![(only.viseme, 1.0)],
        Phoneme::Two {
            first,
            second,
            share,
        } => vec![
            (first.viseme, f64::from(share)),
            (second.viseme, f64::from(1.0 - share)),
        ],
    }
}

/// The visemes of `phonemes` (letter, first sample, the one behind the last), whose samples are `seconds`
/// long each, `offset` seconds later.
pub(crate) fn spans(phonemes: &[(char, u64, u64)], seconds: f64, offset: f64) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::with_capacity(phonemes.len());
    // Where the next one begins, if that is before its own beginning.
    let mut owed = None;
    let last = phonemes.len().saturating_sub(1);
    for (at, (letter, first, end)) in phonemes.iter().enumerate() {
        let (start, end) = (
            offset + *first as f64 * seconds,
            offset + *end as f64 * seconds,
        );
        if *letter == ' ' && at > 0 && at < last && end - start < SHORT_SPACE_S {
            let middle = (start + end) / 2.0;
            if let Some(before) = spans.last_mut() {
                before.end = middle;
            }
            owed = Some(middle);
            continue;
        }
        let mut start = owed.take().unwrap_or(start);
        let length = end - start;
        for (viseme, share) in shapes(*letter) {
            let end = start + share * length;
            spans.push(Span { viseme, start, end });
            start = end;
        }
    }
    spans
}

/// What is said in a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Label {
    /// The viseme in its middle.
    pub(crate) viseme: Viseme,
    /// How much of it each has.
    pub(crate) shares: [f32; VISEMES],
}

/// The labels of `count` frames; where no span lies, there is silence.
pub(crate) fn labels(spans: &[Span], count: usize) -> Vec<Label> {
    let frame = FRAME_SAMPLES as f64 / f64::from(FRAME_RATE_HZ);
    let mut next = 0;
    (0..count)
        .map(|at| {
            let (start, end) = (at as f64 * frame, (at + 1) as f64 * frame);
            let middle = (start + end) / 2.0;
            while spans.get(next).is_some_and(|span| span.end <= start) {
                next += 1;
            }
            let mut label = Label {
                viseme: Viseme::Sil,
                shares: [0.0; VISEMES],
            };
            let mut left = 1.0;
            for span in spans[next..].iter().take_while(|span| span.start < end) {
                let share = ((span.end.min(end) - span.start.max(start)) / frame).max(0.0) as f32;
                label.shares[span.viseme as usize] += share;
                left -= share;
                if span.start <= middle && middle < span.end {
                    label.viseme = span.viseme;
                }
            }
            label.shares[Viseme::Sil as usize] += left.max(0.0);
            label
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_the_viseme_of_its_middle_and_everybody_s_share() {
        // 10 ms of silence, 20 ms of m, 30 ms of a.
        let spans = spans(&[('m', 10, 30), ('a', 30, 60)], 1e-3, 0.0);
        let labels = labels(&spans, 5);
        let names: Vec<&str> = labels.iter().map(|l| l.viseme.name()).collect();
        assert_eq!(names, ["sil", "M", "A", "A", "sil"]);
        for label in &labels {
            assert!((label.shares.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
        assert!((labels[0].shares[Viseme::M as usize] - 0.4).abs() < 1e-5);
        assert!((labels[1].shares[Viseme::A as usize] - 0.2).abs() < 1e-5);
    }

    #[test]
    fn a_short_space_is_shared_by_its_neighbours() {
        let said = [
            ('a', 0, 100),
            (' ', 100, 140),
            ('m', 140, 200),
            (' ', 200, 230),
        ];
        let spans = spans(&said, 1e-3, 1.0);
        assert_eq!(spans.len(), 3, "the last one is the end, however short");
        assert!((spans[0].end - 1.12).abs() < 1e-9 && (spans[1].start - 1.12).abs() < 1e-9);
        let long = [('a', 0, 100), (' ', 100, 180), ('m', 180, 200)];
        assert_eq!(super::spans(&long, 1e-3, 0.0)[1].viseme, Viseme::Sil);
    }
}
