//! Several people talk with her at once: each has a session and a room of its own, says clip after
//! clip in real time, and waits for each answer to end before it goes on.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use janet_engine::client::{Heard, Next, converse};
use janet_engine::{Engine, MicMode};
use serde_json::{Value, json};

use crate::clips::{Clip, find};
use crate::e2e::{AUDIBLE, PATIENCE, quiet, row};
use crate::room::Room;
use crate::weights::{MAX_TOKENS, SYSTEM, Weights};

const PACKET: Duration = Duration::from_millis(20);
/// Room noise before the first clip: 1 s.
const LEAD_PACKETS: u64 = 50;
/// A turn takes about this long: the conversations begin spread over it.
const TURN_PACKETS: u64 = 400;
/// Silence after which an answer is over and the next clip is said.
const PAUSE: Duration = Duration::from_millis(1500);

pub(crate) fn measure(
    weights: &Weights,
    clips: &[Clip],
    names: &[String],
    sessions: u32,
) -> anyhow::Result<Value> {
    let clips: Vec<&Clip> = names
        .iter()
        .map(|name| find(clips, name))
        .collect::<anyhow::Result<_>>()?;
    let engine = Arc::new(weights.engine(SYSTEM, MAX_TOKENS)?);
    let turns = std::thread::scope(|scope| {
        let talks: Vec<_> = (0..sessions)
            .map(|number| {
                // Each begins with another clip, so that they do not all say the same at once.
                let mut own = clips.clone();
                let first = number as usize % own.len().max(1);
                own.rotate_left(first);
                let lead = LEAD_PACKETS + TURN_PACKETS * u64::from(number) / u64::from(sessions);
                let engine = &engine;
                std::thread::Builder::new()
                    .name(format!("client-{number}"))
                    .spawn_scoped(scope, move || talk(engine, number, &own, lead))
                    .context("a client's thread cannot be started")
            })
            .collect::<anyhow::Result<_>>()?;
        let mut turns = Vec::new();
        for talk in talks {
            turns.extend(talk.join().map_err(|_| anyhow!("a client has failed"))??);
        }
        anyhow::Ok(turns)
    })?;
    let stats = engine.stats();
    Ok(json!({
        "bench": "sessions",
        "sessions": sessions,
        "turns": turns,
        "step_ms_p99": stats.steps.p99_ms,
        "vad_late_ms_p99": stats.vad_late_p99_ms,
    }))
}

/// One conversation from its first packet to the end of its last answer.
fn talk(engine: &Engine, number: u32, clips: &[&Clip], lead: u64) -> anyhow::Result<Vec<Value>> {
    let mut room = Room::new(7 + u64::from(number));
    let mut left = clips.iter();
    // When each clip began.
    let mut said: Vec<Duration> = Vec::new();
    let heard = converse(engine, MicMode::HandsFree, &mut |n, heard: &Heard| {
        let now = PACKET * n as u32;
        let over = match said.last().zip(clips.get(said.len().saturating_sub(1))) {
            None => n >= lead,
            Some((began, clip)) => is_over(*began + clip.speech_end(), now, heard),
        };
        if over {
            let Some(clip) = left.next() else {
                return Next::Hang;
            };
            said.push(now);
            room.say(&clip.pcm);
        }
        Next::Packet(room.packet(|_| 0.0))
    })?;
    let ends = said.iter().skip(1).copied().chain([Duration::MAX]);
    Ok(said
        .iter()
        .zip(ends)
        .zip(clips)
        .map(|((&began, end), clip)| {
            let mut turn = row(clip, began + clip.speech_end(), began..end, &heard);
            turn["session"] = number.into();
            turn
        })
        .collect())
}

/// Whether the turn whose speech ended then was answered and the answer has ended, or never will.
fn is_over(speech_end: Duration, now: Duration, heard: &Heard) -> bool {
    let answered = || {
        heard
            .first_louder(AUDIBLE, speech_end)
            .is_some_and(|at| at < now)
    };
    now > speech_end + PATIENCE || (now > speech_end + PAUSE && quiet(heard) > PAUSE && answered())
}
