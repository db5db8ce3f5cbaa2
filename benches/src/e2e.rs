//! A whole turn as a client sees it: the clip is streamed in real time into a quiet room, and the
//! first audible sample of the answer is waited for.

use std::ops::Range;
use std::time::Duration;

use janet_engine::client::{Heard, Next, converse};
use janet_engine::{Event, MicMode};
use serde_json::{Value, json};

use crate::clips::{Clip, find};
use crate::room::Room;
use crate::weights::{MAX_TOKENS, SYSTEM, Weights};

/// Louder than this is audible: the peers' script counts samples over 300 of 32768.
pub(crate) const AUDIBLE: f32 = 300.0 / 32768.0;
/// Room noise before the clip: 1 s.
const LEAD_PACKETS: u64 = 50;
/// A turn that is not answered by then is over.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// Silence after which an answer is over.
const QUIET: Duration = Duration::from_millis(2500);

pub(crate) fn measure(
    weights: &Weights,
    clips: &[Clip],
    names: &[String],
) -> anyhow::Result<Value> {
    let engine = weights.engine(SYSTEM, MAX_TOKENS)?;
    // Not counted; another clip, so that no prompt of the counted ones is cached.
    turn(&engine, find(clips, "cards_001")?)?;
    let mut turns = Vec::new();
    for name in names {
        let row = turn(&engine, find(clips, name)?)?;
        eprintln!("{row}");
        turns.push(row);
    }
    let stats = engine.stats();
    Ok(json!({
        "bench": "e2e",
        "turns": turns,
        "step_ms_p99": stats.steps.p99_ms,
        "step_longest_ms": stats.steps.longest_ms,
        "step_longest_class": stats.steps.longest_class,
        "vad_late_ms_p99": stats.vad_late_p99_ms,
    }))
}

fn turn(engine: &janet_engine::Engine, clip: &Clip) -> anyhow::Result<Value> {
    let mut room = Room::new(7);
    let lead = Duration::from_millis(20) * LEAD_PACKETS as u32;
    let speech_end = lead + clip.speech_end();
    let heard = converse(engine, MicMode::HandsFree, &mut |n, heard: &Heard| {
        if n == LEAD_PACKETS {
            room.say(&clip.pcm);
        }
        let now = Duration::from_millis(20) * n as u32;
        let quiet = quiet(heard);
        let answered = quiet < now && quiet > QUIET && now > speech_end + Duration::from_secs(1);
        if answered || now > speech_end + PATIENCE {
            return Next::Hang;
        }
        Next::Packet(room.packet(|_| 0.0))
    })?;
    Ok(row(clip, speech_end, Duration::ZERO..Duration::MAX, &heard))
}

/// How long nothing has been heard of her.
pub(crate) fn quiet(heard: &Heard) -> Duration {
    let silent = heard.sound.iter().rev();
    let samples = silent.take_while(|sample| sample.abs() < AUDIBLE).count() as u64;
    Duration::from_micros(samples * 1_000_000 / u64::from(janet_engine::client::PLAY_HZ))
}

/// What became of a clip whose speech ended then, judged by what was heard within this time.
pub(crate) fn row(
    clip: &Clip,
    speech_end: Duration,
    turn: Range<Duration>,
    heard: &Heard,
) -> Value {
    let from_end = |at: Duration| (at.as_secs_f64() - speech_end.as_secs_f64()) * 1e3;
    let first_audio = heard
        .first_louder(AUDIBLE, turn.start)
        .filter(|at| turn.contains(at))
        .map(from_end);
    let mut text = Vec::new();
    let (mut decision, mut ledger, mut reply) = (None, None, String::new());
    for (at, event) in heard.events.iter().filter(|(at, _)| turn.contains(at)) {
        match event {
            Event::Released { user_text, .. } => {
                decision = decision.or(Some(from_end(*at)));
                text.push(user_text.as_str());
            }
            Event::Finished {
                ledger: marks,
                shown,
                ..
            } => {
                reply.clone_from(shown);
                ledger = ledger.or(Some(marks));
            }
            _ => {}
        }
    }
    json!({
        "clip": clip.name,
        "reference": clip.text,
        "heard": text.join(" | "),
        "reply": reply,
        "speech_end_s": clip.speech_end().as_secs_f64(),
        "turn_end": decision,
        "first_audio": first_audio,
        "premature": decision.is_some_and(|at| at < 0.0) || first_audio.is_some_and(|at| at < 0.0),
        "ledger": ledger,
    })
}
