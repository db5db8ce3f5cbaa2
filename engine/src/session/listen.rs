//! The ear: microphone samples become judged windows for the conversation.

use janet_audio::{CaptureReader, Line, SampleClock, level};
use janet_models::silero::VadStream;
use janet_talk::{Input, MicMode, Mono, Whose};

use super::echo::Echo;
use super::mic::{MIC_HZ, Mic};

/// Samples of one VAD window (32 ms).
const WINDOW: usize = 512;
/// After a loud window the VAD goes on listening for this many quiet ones: word ends are soft.
const HANGOVER_WINDOWS: u32 = 12;

/// A window is compared with her voice when it is at least this likely speech: well under what
/// counts as speech, because her echo teaches how loud it is.
const PERHAPS: f32 = 0.2;
/// Windows that are compared in one tick; a comparison takes about 0.5 ms.
const NEWEST: usize = 2;

/// One session's microphone path.
pub(super) struct Ear {
    reader: Option<CaptureReader>,
    /// What the microphone was opened for last.
    pub(super) mode: MicMode,
    vad: VadStream,
    clock: SampleClock,
    pub(super) mic: Mic,
    /// Samples that do not fill a window yet.
    rest: Vec<f32>,
    scratch: Vec<f32>,
    heard_samples: u64,
    gate_db: f32,
    quiet_windows: u32,
    pub(super) echo: Echo,
}

impl Ear {
    pub(super) fn new(vad: VadStream, gate_db: f32) -> Self {
        Self {
            reader: None,
            mode: MicMode::HandsFree,
            vad,
            clock: SampleClock::new(MIC_HZ as u32),
            mic: Mic::default(),
            rest: Vec::with_capacity(WINDOW),
            scratch: Vec::new(),
            heard_samples: 0,
            gate_db,
            quiet_windows: u32::MAX,
            echo: Echo::default(),
        }
    }

    pub(super) const fn is_open(&self) -> bool {
        self.reader.is_some()
    }

    pub(super) fn open(&mut self, reader: CaptureReader, now: Mono) {
        self.reader = Some(reader);
        self.begin_anew(now);
    }

    /// Nothing was heard before.
    pub(super) fn begin_anew(&mut self, now: Mono) {
        self.forget();
        self.mic.clear();
        self.clock = SampleClock::new(MIC_HZ as u32);
        self.heard_samples = 0;
        // The first window must not wait for the clock to learn its offset.
        self.clock.observe(0, now.0);
    }

    pub(super) fn close(&mut self) {
        self.reader = None;
        self.forget();
    }

    fn forget(&mut self) {
        // The samples stay: a turn that is committed by closing is still to be transcribed.
        self.rest.clear();
        self.vad.reset();
        self.quiet_windows = u32::MAX;
    }

    /// Takes everything that has arrived, unheard: appends it to `out`, 16 kHz mono.
    pub(super) fn take(&mut self, out: &mut Vec<f32>) {
        if let Some(reader) = &mut self.reader {
            self.heard_samples += reader.drain_into(out) as u64;
        }
    }

    /// Takes everything that has arrived; returns the windows that are complete with it. Her voice
    /// in `line` does not count towards their level.
    pub(super) fn drain(&mut self, now: Mono, line: Option<&Line>) -> Vec<Input> {
        let Some(reader) = &mut self.reader else {
            return Vec::new();
        };
        self.scratch.clear();
        reader.drain_into(&mut self.scratch);
        if self.scratch.is_empty() {
            return Vec::new();
        }
        self.heard_samples += self.scratch.len() as u64;
        self.clock.observe(self.heard_samples, now.0);
        self.mic
            .push(&self.scratch, Mono(self.clock.at(self.heard_samples)));
        self.rest.extend_from_slice(&self.scratch);

        let mut windows = Vec::new();
        let mut taken = 0;
        let begin = self.heard_samples - self.rest.len() as u64;
        while let Some(&window) = self.rest[taken..].first_chunk::<WINDOW>() {
            taken += WINDOW;
            let at = Mono(self.clock.at(begin + taken as u64));
            let level_db = level::rms_dbfs(&window);
            let speech = self.judge(&window, level_db);
            // After a late tick many windows come at once; only the newest are worth the time.
            let newest = self.rest.len() - taken < NEWEST * WINDOW;
            let (whose, level_db) = if speech >= PERHAPS && newest {
                self.echo.judge(line, &self.mic, (at, now), level_db)
            } else {
                (Whose::Unknown, level_db)
            };
            windows.push(Input::Vad {
                at,
                speech,
                level_db,
                whose,
            });
        }
        self.rest.drain(..taken);
        windows
    }

    /// Probability of speech; 0 without asking the model where it is too quiet for anybody.
    fn judge(&mut self, window: &[f32; WINDOW], level_db: f32) -> f32 {
        if level_db >= self.gate_db {
            if self.quiet_windows > HANGOVER_WINDOWS {
                self.vad.reset();
            }
            self.quiet_windows = 0;
        } else {
            self.quiet_windows = self.quiet_windows.saturating_add(1);
            if self.quiet_windows > HANGOVER_WINDOWS {
                return 0.0;
            }
        }
        self.vad.window(window)
    }
}
