//! Where somebody speaks in a recording that is there as a whole.

use std::ops::Range;

use super::{Vad, WINDOW_SAMPLES};

/// A stretch begins with a window of this probability …
const ON: f32 = 0.3;
/// … and goes on until it stays under this
const OFF: f32 = 0.15;
/// … for so many windows (0.26 s).
const QUIET_WINDOWS: usize = 8;

/// The stretches of speech in `pcm` (16 kHz), in samples, in order, with pauses of more than a
/// quarter of a second between them.
///
/// More is taken for speech than in a conversation: a recording cannot be asked to say it again.
pub fn speech(vad: &Vad, pcm: &[f32]) -> Vec<Range<usize>> {
    let mut stream = vad.stream();
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut quiet = usize::MAX;
    for (at, samples) in pcm.chunks(WINDOW_SAMPLES).enumerate() {
        let mut window = [0.0; WINDOW_SAMPLES];
        window[..samples.len()].copy_from_slice(samples);
        let probability = stream.window(&window);
        let start = at * WINDOW_SAMPLES;
        let end = start + samples.len();
        let is_going = quiet < QUIET_WINDOWS;
        match found.last_mut() {
            Some(last) if is_going && probability >= OFF => {
                last.end = end;
                quiet = 0;
            }
            _ if !is_going && probability >= ON => {
                found.push(start..end);
                quiet = 0;
            }
            _ => quiet = quiet.saturating_add(1),
        }
    }
    found
}
