//! Where somebody speaks in a recording that is there as a whole.

use std::ops::Range;

use super::{Vad, VadStream, WINDOW_SAMPLES};

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
    let mut finder = Finder::new(vad);
    while !finder.advance(pcm, usize::MAX) {}
    finder.found
}

/// The same in bounded steps.
pub struct Finder {
    stream: VadStream,
    /// Samples that were looked at.
    at: usize,
    /// What was found so far.
    pub found: Vec<Range<usize>>,
    /// Windows without speech since the last that had some.
    quiet: usize,
}

impl Finder {
    /// Has looked at nothing yet.
    pub fn new(vad: &Vad) -> Self {
        Self {
            stream: vad.stream(),
            at: 0,
            found: Vec::new(),
            quiet: usize::MAX,
        }
    }

    /// Looks at up to so many more windows (0.05 ms each) of `pcm`, always the same; whether that
    /// was all.
    pub fn advance(&mut self, pcm: &[f32], windows: usize) -> bool {
        let rest = pcm.get(self.at..).unwrap_or_default();
        for samples in rest.chunks(WINDOW_SAMPLES).take(windows) {
            self.look(samples);
        }
        self.at >= pcm.len()
    }

    fn look(&mut self, samples: &[f32]) {
        let mut window = [0.0; WINDOW_SAMPLES];
        window[..samples.len()].copy_from_slice(samples);
        let probability = self.stream.window(&window);
        let (start, end) = (self.at, self.at + samples.len());
        self.at = end;
        let is_going = self.quiet < QUIET_WINDOWS;
        match self.found.last_mut() {
            Some(last) if is_going && probability >= OFF => {
                last.end = end;
                self.quiet = 0;
            }
            _ if !is_going && probability >= ON => {
                self.found.push(start..end);
                self.quiet = 0;
            }
            _ => self.quiet = self.quiet.saturating_add(1),
        }
    }
}
