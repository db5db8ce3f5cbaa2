//! Runs the conversation over a turn in its own time: windows come at their moment, and a model's
//! result comes as much later as the model really took. An answer takes as long to its first sound as
//! was measured before.

use std::time::{Duration, Instant};

use janet_audio::level;
use janet_models::Step;
use janet_models::silero::{Vad, VadStream};
use janet_models::smart_turn::SmartTurn;
use janet_models::whisper::{Options, Pass as Look, Whisper};
use janet_talk::{Action, Config, Finish, Input, MicMode, Mono, Pass, Span, Turn, Whose};

use super::made::RATE_HZ;

/// Samples of a window.
pub(super) const WINDOW: usize = 512;

/// The models that decide when a turn is over.
pub(super) struct Ears {
    pub(super) vad: Vad,
    pub(super) turn: SmartTurn,
    pub(super) stt: Whisper,
    /// Quieter windows are not shown to the VAD.
    pub(super) gate_db: f32,
    /// From the words to the first sound of an answer.
    pub(super) answer: Duration,
}

/// One judged window.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub(super) at: Mono,
    pub(super) speech: f32,
    level_db: f32,
}

impl Ears {
    /// Every window of a turn.
    pub(super) fn windows(&self, pcm: &[f32]) -> Vec<Window> {
        let mut vad: VadStream = self.vad.stream();
        pcm.as_chunks::<WINDOW>()
            .0
            .iter()
            .enumerate()
            .map(|(n, window)| {
                let level_db = level::rms_dbfs(window);
                let is_heard = level_db >= self.gate_db;
                Window {
                    at: moment((n + 1) * WINDOW),
                    speech: if is_heard { vad.window(window) } else { 0.0 },
                    level_db,
                }
            })
            .collect()
    }

    /// How complete a turn is, and how long that took to say.
    pub(super) fn score(&self, pcm: &[f32]) -> anyhow::Result<(f32, Duration)> {
        let began = Instant::now();
        let mut job = self.turn.begin(pcm)?;
        loop {
            if let Step::Ready(score) = job.step()? {
                return Ok((score, began.elapsed()));
            }
        }
    }

    fn words(&self, pcm: Vec<f32>, pass: Pass) -> anyhow::Result<(String, Duration)> {
        let began = Instant::now();
        let options = Options {
            pass: if pass == Pass::Partial {
                Look::Partial
            } else {
                Look::Final
            },
            voiced: true,
            ..Options::default()
        };
        let mut job = self.stt.begin(pcm, options)?;
        loop {
            if let Step::Ready(heard) = job.step()? {
                return Ok((heard.text.trim().to_owned(), began.elapsed()));
            }
        }
    }
}

/// When the conversation decided that the turn is over, and what it heard until then.
pub(super) fn ours(
    ears: &Ears,
    config: &Config,
    pcm: &[f32],
    windows: &[Window],
) -> anyhow::Result<Option<(Mono, String)>> {
    let mut turn = Turn::new(config.clone(), 1);
    let mut out = Vec::new();
    // Results that are on their way: (when, what).
    let mut coming: Vec<(Mono, Input)> = Vec::new();
    let mut free = Mono::ZERO;
    let mut windows = windows.iter().peekable();
    turn.handle(Mono::ZERO, Input::MicOpen(MicMode::HandsFree), &mut out);
    loop {
        let window = windows.peek().map(|window| window.at);
        let timer = turn.poll_timeout().map(|(at, _)| at);
        coming.sort_by_key(|(at, _)| *at);
        let result = coming.first().map(|(at, _)| *at);
        let Some(now) = [result, window, timer].into_iter().flatten().min() else {
            return Ok(None);
        };
        if window.is_none() && result.is_none() {
            return Ok(None);
        }
        if result == Some(now) {
            let (_, input) = coming.remove(0);
            turn.handle(now, input, &mut out);
        } else if let Some(window) = windows.next_if(|window| window.at == now) {
            let input = Input::Vad {
                at: window.at,
                speech: window.speech,
                level_db: window.level_db,
                whose: Whose::Unknown,
            };
            turn.handle(now, input, &mut out);
        } else {
            turn.handle_timeout(now, &mut out);
        }
        for action in std::mem::take(&mut out) {
            let (input, took) = match action {
                Action::Release { user_text, .. } => return Ok(Some((now, user_text))),
                Action::ScoreTurn { reply, from, to } => {
                    let (complete, took) = ears.score(cut(pcm, from, to))?;
                    (Input::TurnScore { reply, complete }, took)
                }
                Action::Transcribe {
                    reply,
                    span: Span::Mic { from, to },
                    pass,
                } => {
                    let (text, took) = ears.words(cut(pcm, from, to).to_vec(), pass)?;
                    let input = match pass {
                        Pass::Final => Input::Transcript {
                            reply,
                            text,
                            taken: false,
                        },
                        _ => Input::Partial {
                            reply,
                            text,
                            doubtful: false,
                        },
                    };
                    (input, took)
                }
                Action::Prepare { reply, .. } => {
                    let text = "It is.".to_owned();
                    // The text comes with the sound: only that ends the wait.
                    free = free.max(now) + ears.answer;
                    coming.push((free, Input::Token { reply, text }));
                    let finish = Finish::Complete;
                    coming.push((free, Input::Generated { reply, finish }));
                    continue;
                }
                Action::Speak {
                    reply,
                    phrase,
                    text,
                } => {
                    let sound = Input::Voiced {
                        reply,
                        phrase,
                        samples: config.play_rate_hz,
                        upto_byte: text.len(),
                        last: true,
                    };
                    (sound, Duration::ZERO)
                }
                Action::Cancel { reply } => {
                    coming.retain(|(_, input)| !is_for(input, reply));
                    continue;
                }
                _ => continue,
            };
            // One after the other, as if there were one core.
            free = free.max(now) + took;
            coming.push((free, input));
        }
    }
}

fn is_for(input: &Input, wanted: janet_talk::ReplyId) -> bool {
    match input {
        Input::TurnScore { reply, .. }
        | Input::Transcript { reply, .. }
        | Input::Partial { reply, .. }
        | Input::Token { reply, .. }
        | Input::Generated { reply, .. }
        | Input::Voiced { reply, .. } => *reply == wanted,
        _ => false,
    }
}

/// The samples between two moments.
pub(super) fn cut(pcm: &[f32], from: Mono, to: Mono) -> &[f32] {
    let sample = |at: Mono| (at.0 as usize * (RATE_HZ / 1000) / 1000).min(pcm.len());
    &pcm[sample(from)..sample(to)]
}

/// The moment of a sample.
pub(super) fn moment(sample: usize) -> Mono {
    Mono(sample as u64 * 1_000_000 / RATE_HZ as u64)
}
