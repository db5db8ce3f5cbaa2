//! Cuts sound into windows that the model can take.
//!
//! Never inside a word where that can be helped: between stretches of speech where somebody (a VAD)
//! says where they are, else at the quietest moment. Every sample of speech is in exactly one window.

use std::ops::Range;

/// Samples per second.
pub(super) const RATE_HZ: usize = 16_000;
/// Most sound per window; the model was trained on 30 s.
const WINDOW_SAMPLES: usize = 28 * RATE_HZ;
/// A longer sound is cut at its quietest moment in this last part of a window.
const CUT_SEARCH_SAMPLES: usize = 8 * RATE_HZ;
/// Sound shorter than this cannot hold a word.
const LEAST_SAMPLES: usize = RATE_HZ / 20;
/// What a stretch of speech is widened by on each side: a VAD wakes up late and an ending is faint.
const MARGIN_SAMPLES: usize = RATE_HZ * 2 / 5;
/// Speech after a longer pause gets a window of its own: over long silence the model makes up text.
const LONGEST_PAUSE_SAMPLES: usize = 2 * RATE_HZ;

/// Windows over all of the sound.
pub(super) fn whole(pcm: &[f32]) -> Vec<Range<usize>> {
    cut(pcm, 0..pcm.len())
}

/// Windows over these stretches of speech, which are in order and do not touch. What lies between
/// them far from any is in no window.
pub(super) fn of_speech(pcm: &[f32], speech: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut windows: Vec<Range<usize>> = Vec::new();
    for (at, stretch) in speech.iter().enumerate() {
        let before = at.checked_sub(1).map_or(0, |at| speech[at].end);
        let after = speech.get(at + 1).map_or(pcm.len(), |next| next.start);
        // Up to the middle of a short pause, so that no sample is in two windows.
        let room = |pause: usize, is_outer: bool| if is_outer { pause } else { pause / 2 };
        let margin = |room: usize| room.min(MARGIN_SAMPLES);
        let start = stretch.start - margin(room(stretch.start.saturating_sub(before), at == 0));
        let last = at + 1 == speech.len();
        let end = stretch.end + margin(room(after.saturating_sub(stretch.end), last));
        let end = end.min(pcm.len());
        match windows.last_mut() {
            Some(window)
                if end - window.start <= WINDOW_SAMPLES
                    && start.saturating_sub(window.end) <= LONGEST_PAUSE_SAMPLES =>
            {
                window.end = end;
            }
            _ => windows.push(start..end),
        }
    }
    windows
        .into_iter()
        .flat_map(|window| cut(pcm, window))
        .collect()
}

/// Cuts a stretch of any length.
fn cut(pcm: &[f32], stretch: Range<usize>) -> Vec<Range<usize>> {
    let mut windows = Vec::new();
    let mut start = stretch.start;
    while stretch.end - start > WINDOW_SAMPLES {
        let search = start + WINDOW_SAMPLES - CUT_SEARCH_SAMPLES;
        let end = search + quietest(&pcm[search..start + WINDOW_SAMPLES]);
        windows.push(start..end);
        start = end;
    }
    if stretch.end - start >= LEAST_SAMPLES {
        windows.push(start..stretch.end);
    }
    windows
}

/// The middle of the quietest 200 ms.
fn quietest(pcm: &[f32]) -> usize {
    const SPAN: usize = RATE_HZ / 5;
    const HOP: usize = RATE_HZ / 50;
    let energy = |at: usize| pcm[at..at + SPAN].iter().map(|v| v * v).sum::<f32>();
    (0..pcm.len() - SPAN)
        .step_by(HOP)
        .min_by(|a, b| energy(*a).total_cmp(&energy(*b)))
        .map_or(pcm.len(), |at| at + SPAN / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(windows: &[Range<usize>]) -> Vec<(f32, f32)> {
        let s = |at: usize| at as f32 / RATE_HZ as f32;
        windows.iter().map(|w| (s(w.start), s(w.end))).collect()
    }

    fn speech(spans: &[(f32, f32)]) -> Vec<Range<usize>> {
        let at = |s: f32| (s * RATE_HZ as f32) as usize;
        spans.iter().map(|(a, b)| at(*a)..at(*b)).collect()
    }

    #[test]
    fn windows_end_in_pauses_and_long_silence_is_in_none() {
        let pcm = vec![0.0; 100 * RATE_HZ];
        let spans = [(1.0, 10.0), (11.0, 20.0), (20.4, 31.0), (60.0, 62.0)];
        let windows = seconds(&of_speech(&pcm, &speech(&spans)));
        assert_eq!(windows, [(0.6, 20.2), (20.2, 31.4), (59.6, 62.4)]);
        assert!(of_speech(&pcm, &[]).is_empty());
    }

    #[test]
    fn speech_without_a_pause_is_cut_where_it_is_quietest_and_nothing_is_lost() {
        let mut pcm = vec![0.5; 70 * RATE_HZ];
        pcm[25 * RATE_HZ..25 * RATE_HZ + 4000].fill(0.0);
        for windows in [whole(&pcm), of_speech(&pcm, &speech(&[(0.0, 70.0)]))] {
            assert_eq!(
                (windows[0].start, windows.last().map(|w| w.end)),
                (0, Some(pcm.len()))
            );
            assert!(windows.windows(2).all(|pair| pair[0].end == pair[1].start));
            assert!(windows.iter().all(|w| w.len() <= WINDOW_SAMPLES));
            assert!((400_000..404_000).contains(&windows[0].end), "{windows:?}");
        }
    }

    #[test]
    fn next_to_nothing_makes_no_window() {
        assert!(whole(&[]).is_empty());
        assert!(whole(&[0.1; 799]).is_empty());
        assert_eq!(whole(&[0.1; 800]).len(), 1);
    }
}
