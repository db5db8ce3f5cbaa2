//! Which viseme belongs to which frame.

use janet_face::{Phoneme, VISEMES, Viseme};
use janet_kernels::signal::{FRAME_RATE_HZ, FRAME_SAMPLES};

use crate::pauses::Pauses;

/// A silence between two words that is shorter than this is none to a mouth: it goes from one word to the next,
/// or is closed for what comes.
const LEAST_PAUSE_S: f64 = 0.07;

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

/// A letter with its first sample and the one behind the last; `None` for punctuation and spaces.
pub(crate) type Timed = (Option<char>, u64, u64);

/// What sounds, and the silences between, of `phonemes` (letter, first sample, the one behind the last), whose
/// samples are `seconds` long each as they are heard.
///
/// The voice gives spaces and punctuation time of their own, but speaks on through most of it. So only what is
/// silent there is silence; the rest belongs to the sounds before and behind it, half of it each where it has no
/// pause at all.
pub(crate) fn sounding(phonemes: &[(char, u64, u64)], pauses: &Pauses, seconds: f64) -> Vec<Timed> {
    let mut letters = letters(phonemes);
    let last = letters.len().saturating_sub(1);
    for at in 0..letters.len() {
        let (None, first, end) = letters[at] else {
            continue;
        };
        let (mut start, mut stop) = pauses.longest(first, end);
        let short = (stop - start) as f64 * seconds < LEAST_PAUSE_S;
        if at == 0 {
            start = first;
        } else if at == last {
            if start == stop {
                (start, stop) = (end, end);
            }
        } else if short {
            start = first.midpoint(end);
            stop = start;
        }
        if at > 0 {
            letters[at - 1].2 = start;
        }
        if let Some(next) = letters.get_mut(at + 1) {
            next.1 = stop;
        }
        (letters[at].1, letters[at].2) = (start, stop);
    }
    letters.retain(|(_, first, end)| first < end);
    letters
}

/// The visemes of `letters` by their own times alone; a sample is `seconds` long, and all is `offset` seconds
/// later.
pub(crate) fn by_table(letters: &[Timed], seconds: f64, offset: f64) -> Vec<Span> {
    let mut spans = Vec::with_capacity(letters.len());
    for (letter, first, end) in letters {
        let mut start = offset + *first as f64 * seconds;
        let length = (end - first) as f64 * seconds;
        for (viseme, share) in letter.map_or(vec![(Viseme::Sil, 1.0)], shapes) {
            let end = start + share * length;
            spans.push(Span { viseme, start, end });
            start = end;
        }
    }
    spans
}

/// The visemes that an alignment has found, likewise.
pub(crate) fn by_sound(shown: &[(u8, u64, u64)], seconds: f64, offset: f64) -> Vec<Span> {
    let span = |(viseme, first, end): &(u8, u64, u64)| {
        let viseme = Viseme::ALL.get(usize::from(*viseme)).copied();
        Span {
            viseme: viseme.unwrap_or(Viseme::Sil),
            start: offset + *first as f64 * seconds,
            end: offset + *end as f64 * seconds,
        }
    };
    shown.iter().map(span).collect()
}

/// The letters that sound, and one entry for all that lies between two of them.
fn letters(phonemes: &[(char, u64, u64)]) -> Vec<Timed> {
    let mut letters: Vec<Timed> = Vec::with_capacity(phonemes.len());
    for (letter, first, end) in phonemes {
        let sounds = Phoneme::of(*letter).middle() != Viseme::Sil;
        match letters.last_mut() {
            Some((None, _, before)) if !sounds => *before = *end,
            _ => letters.push((sounds.then_some(*letter), *first, *end)),
        }
    }
    letters
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
        let letters = sounding(&[('m', 10, 30), ('a', 30, 60)], &silent(&[]), 1e-3);
        let spans = by_table(&letters, 1e-3, 0.0);
        let labels = labels(&spans, 5);
        let names: Vec<&str> = labels.iter().map(|l| l.viseme.name()).collect();
        assert_eq!(names, ["sil", "M", "A", "A", "sil"]);
        for label in &labels {
            assert!((label.shares.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
        assert!((labels[0].shares[Viseme::M as usize] - 0.4).abs() < 1e-5);
        assert!((labels[1].shares[Viseme::A as usize] - 0.2).abs() < 1e-5);
    }

    /// 400 ms at 1 kHz that are silent within `stretches` only.
    fn silent(stretches: &[(usize, usize)]) -> Pauses {
        let mut samples = [0.5; 400];
        for (start, end) in stretches {
            samples[*start..*end].fill(0.0);
        }
        Pauses::of(&samples, 1000)
    }

    fn times(phonemes: &[(char, u64, u64)], pauses: &Pauses) -> Vec<(Viseme, u64, u64)> {
        let millis = |s: f64| (s * 1000.0).round() as u64;
        by_table(&sounding(phonemes, pauses, 1e-3), 1e-3, 0.0)
            .iter()
            .map(|span| (span.viseme, millis(span.start), millis(span.end)))
            .collect()
    }

    #[test]
    fn a_space_through_which_she_speaks_is_shared_by_its_neighbours() {
        let said = [('a', 0, 100), (' ', 100, 200), ('m', 200, 300)];
        for pauses in [silent(&[]), silent(&[(140, 180)])] {
            assert_eq!(
                times(&said, &pauses),
                [(Viseme::A, 0, 150), (Viseme::M, 150, 300)]
            );
        }
    }

    #[test]
    fn what_is_silent_between_two_words_is_silence_and_the_rest_is_not() {
        let said = [
            ('a', 0, 100),
            (',', 100, 150),
            (' ', 150, 250),
            ('m', 250, 300),
            ('.', 300, 400),
        ];
        let found = times(&said, &silent(&[(120, 220), (330, 400)]));
        let names: Vec<_> = found.iter().map(|(viseme, ..)| viseme.name()).collect();
        assert_eq!(names, ["A", "sil", "M", "sil"]);
        for (found, meant) in found[1..].iter().zip([(120, 220), (220, 330), (330, 400)]) {
            assert!(found.1.abs_diff(meant.0) <= 5 && found.2.abs_diff(meant.1) <= 5);
        }
    }
}
