//! When a turn is over, on turns with pauses in mid-sentence: the conversation beside Smart Turn
//! alone and beside plain silence, over the same windows of the same VAD.

mod answer;
mod drive;
mod made;

use std::time::Duration;

use janet_kernels::Exec;
use janet_models::{silero, smart_turn, whisper};
use janet_talk::{Config, Mono};
use serde_json::{Value, json};

use crate::clips::Clip;
use crate::weights::Weights;
use drive::{Ears, Window, cut};
pub(crate) use made::Half;
use made::{Made, make};

/// Speech at this probability, for the rivals: Pipecat's and Silero's own default.
const SPEECH: f32 = 0.5;
/// Plain silence ends a turn after this: Pipecat's `stop_secs` without a turn model.
const PLAIN_STOP: Duration = Duration::from_millis(800);
/// Smart Turn is asked after this silence, and believed from 0.5 on; else a long silence ends it
/// (Pipecat's `LocalSmartTurnAnalyzerV3`: 0.2 s, 0.5, 3 s).
const SMART_STOP: Duration = Duration::from_millis(200);
const SMART_SURE: f32 = 0.5;
const SMART_PATIENCE: Duration = Duration::from_secs(3);
/// Smart Turn hears this much at most.
const SMART_SPAN: Duration = Duration::from_secs(8);
/// A turn that is answered later than this is a late one.
const LATE: Duration = Duration::from_secs(3);

/// Runs one half.
pub(crate) fn measure(
    weights: &Weights,
    clips: &[Clip],
    hum: &[f32],
    half: Half,
) -> anyhow::Result<Value> {
    let exec = Exec::cpu(weights.threads);
    let paths = weights.paths();
    let ears = Ears {
        vad: silero::Vad::load(&paths.vad)?,
        turn: smart_turn::SmartTurn::load(&paths.turn, &exec)?,
        stt: whisper::Whisper::load(&paths.stt_dir, &exec)?,
        gate_db: weights.config("", 1).gate_db,
        answer: answer::first_sound(weights)?,
    };
    ears.turn.warm_up()?;
    ears.stt.warm_up()?;
    let config = Config {
        cores: u32::try_from(weights.threads)?,
        ..Config::default()
    };
    let made: Vec<Made> = make(clips, hum)
        .into_iter()
        .filter(|made| made.half() == half)
        .collect();
    let (mut ours, mut smart, mut plain) = (Tally::default(), Tally::default(), Tally::default());
    let mut rows = Vec::new();
    for made in &made {
        let windows = ears.windows(&made.pcm);
        let decided = drive::ours(&ears, &config, &made.pcm, &windows)?;
        let at = decided.as_ref().map(|(at, _)| *at);
        let smart_at = smart_turn_alone(&ears, &made.pcm, &windows)?;
        let plain_at = silence(&windows, PLAIN_STOP);
        let row = json!({
            "turn": made.name,
            "pause_ms": made.pause_ms,
            "noise_db": made.noise_db,
            "hum": made.hum,
            "heard": decided.map(|(_, text)| text),
            "ours_ms": ours.add(made, at),
            "smart_turn_ms": smart.add(made, smart_at),
            "plain_ms": plain.add(made, plain_at),
        });
        eprintln!("{row}");
        rows.push(row);
    }
    Ok(json!({
        "bench": "turns",
        "turns": made.len(),
        "answer_ms": ears.answer.as_millis() as u64,
        "ours": ours.summary(),
        "smart_turn": smart.summary(),
        "plain": plain.summary(),
        "rows": rows,
    }))
}

/// Silence of this length after speech; the moment at which it is full.
fn silence(windows: &[Window], stop: Duration) -> Option<Mono> {
    let mut spoken_to = None;
    windows.iter().find_map(|window| {
        if window.speech >= SPEECH {
            spoken_to = Some(window.at);
        }
        let spoken_to = spoken_to?;
        (window.at.since(spoken_to) >= stop).then_some(window.at)
    })
}

fn smart_turn_alone(ears: &Ears, pcm: &[f32], windows: &[Window]) -> anyhow::Result<Option<Mono>> {
    let (mut spoken_to, mut asked) = (None, false);
    for window in windows {
        if window.speech >= SPEECH {
            (spoken_to, asked) = (Some(window.at), false);
        }
        let Some(spoken_to) = spoken_to else {
            continue;
        };
        let quiet = window.at.since(spoken_to);
        if quiet >= SMART_STOP && !asked {
            asked = true;
            let from = Mono(window.at.0.saturating_sub(SMART_SPAN.as_micros() as u64));
            let (score, took) = ears.score(cut(pcm, from, window.at))?;
            if score >= SMART_SURE {
                return Ok(Some(window.at + took));
            }
        }
        if quiet >= SMART_PATIENCE {
            return Ok(Some(window.at));
        }
    }
    Ok(None)
}

/// What one of them did.
#[derive(Default)]
struct Tally {
    turns: u32,
    cut_in: u32,
    late: u32,
    /// From the end of speech to the decision, where it came after it.
    waits_ms: Vec<f64>,
}

impl Tally {
    /// The decision's distance from the end of speech in ms; below 0 it cut in.
    fn add(&mut self, made: &Made, decided: Option<Mono>) -> Option<f64> {
        self.turns += 1;
        let Some(decided) = decided else {
            self.late += 1;
            return None;
        };
        let wait_ms = (decided.0 as f64 - made.speech_end.as_micros() as f64) / 1e3;
        if wait_ms < 0.0 {
            self.cut_in += 1;
        } else {
            self.late += u32::from(wait_ms > LATE.as_millis() as f64);
            self.waits_ms.push(wait_ms);
        }
        Some(wait_ms)
    }

    fn summary(&mut self) -> Value {
        self.waits_ms.sort_by(f64::total_cmp);
        let quantile = |share: f64| {
            let last = self.waits_ms.len().checked_sub(1)?;
            self.waits_ms
                .get((last as f64 * share).round() as usize)
                .copied()
        };
        let share = |count: u32| 100.0 * f64::from(count) / f64::from(self.turns.max(1));
        json!({
            "turns_cut_in_pct": share(self.cut_in),
            "turns_over_3s_pct": share(self.late),
            "speech_end_to_decision_ms_p50": quantile(0.5),
            "speech_end_to_decision_ms_p95": quantile(0.95),
        })
    }
}
