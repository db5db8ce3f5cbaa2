//! Her own voice in the microphone, measured where the VAD takes a sound for speech.

use std::time::Duration;

use janet_audio::{EchoMeter, Line, echo};
use janet_talk::Mono;

use super::mic::Mic;

/// After her last sample: as long as an echo may come late.
const TAIL: Duration = Duration::from_millis(400);
/// The ear that has stood still for this long begins anew; what it heard before comes no more.
const STILL: Duration = Duration::from_millis(150);
/// Microphone samples that are compared; where these say little, the newest of them alone: a hole
/// in the playout shifts what is older.
const SPANS: [Duration; 2] = [Duration::from_millis(512), Duration::from_millis(192)];
/// A window of which no more than this is unexplained is hers.
const CLEAR: f32 = 0.25;
/// What is explained lowers a window's level by 10 dB at most: the conversation learns from what is
/// left how loud her echo is, and a hiss of hers above 4 kHz may be explained less well.
const LEAST: f32 = 0.1;

/// Follows what of the line is heard, and tells it from what the microphone hears.
#[derive(Default)]
pub(super) struct Echo {
    /// Made when her voice first met a microphone's.
    meter: Option<Box<EchoMeter>>,
    /// The stretch in which the ear went on without a stop.
    sounds: Option<(Mono, Mono)>,
    heard: u64,
}

impl Echo {
    /// Takes note of where the ear is; called every tick.
    pub(super) fn follow(&mut self, line: &Line, now: Mono) {
        let heard = line.heard(now.0);
        if heard == self.heard {
            return;
        }
        self.heard = heard;
        let since = match self.sounds {
            Some((since, last)) if now.since(last) < STILL => since,
            _ => now,
        };
        self.sounds = Some((since, now));
    }

    /// The level of the window that ends at `at`, less what of it is her voice coming back, and
    /// whether it is mostly that.
    pub(super) fn less_her_voice(
        &mut self,
        line: Option<&Line>,
        mic: &Mic,
        (at, now): (Mono, Mono),
        level_db: f32,
    ) -> (f32, bool) {
        let (Some(line), Some((since, last))) = (line, self.sounds) else {
            return (level_db, false);
        };
        if now.since(last) > TAIL {
            return (level_db, false);
        }
        let played = line.around_ear(now.0, echo::BEFORE, echo::AFTER);
        let meter = self.meter.get_or_insert_default();
        let mut share = 1.0f32;
        for span in SPANS {
            if share > CLEAR {
                let from = since.max(Mono(at.0.saturating_sub(span.as_micros() as u64)));
                let heard = mic.cut(from, at);
                share = share.min(meter.unexplained(&heard, &played, line.rate_hz()));
            }
        }
        let left_db = level_db + 10.0 * share.max(LEAST).log10();
        (left_db, share <= CLEAR)
    }
}
