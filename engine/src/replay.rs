//! Runs a recorded session through the conversation again.
//!
//! The same inputs at the same times give the same actions, so a slow or wrong turn can be looked
//! at (and a change of the rules tried) without a microphone.

use std::collections::BTreeMap;
use std::io::BufRead;

use janet_talk::{Action, Input, Mono, ReplyId, Turn};

use crate::record::{Header, Line};
use crate::{Ledger, Mark};

/// Why a recording cannot be replayed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// It could not be read.
    #[error("the recording cannot be read")]
    Read(#[from] std::io::Error),
    /// A line is not what a recording holds.
    #[error("line {line} of the recording: {source}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// There is no first line.
    #[error("the recording is empty")]
    Empty,
}

/// A turn that came out of a replay.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayedTurn {
    /// Its reply.
    pub reply: ReplyId,
    /// True end of speech, as the session saw it.
    pub speech_end: Mono,
    /// When each stage was through.
    pub ledger: Ledger,
}

/// All that a replay shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replay {
    /// Every action with its time.
    pub actions: Vec<(Mono, Action)>,
    /// Every turn that was answered.
    pub turns: Vec<ReplayedTurn>,
}

/// Replays a recording.
pub fn replay(recording: impl BufRead) -> Result<Replay, ReplayError> {
    let mut lines = recording.lines();
    let first = lines.next().ok_or(ReplayError::Empty)??;
    let header: Header =
        serde_json::from_str(&first).map_err(|source| ReplayError::Line { line: 1, source })?;
    let mut turn = Turn::new(header.talk, header.seed);
    let mut out = Replay::default();
    let mut marks: BTreeMap<ReplyId, Vec<(Mark, Mono)>> = BTreeMap::new();
    let mut actions = Vec::new();
    for (n, line) in lines.enumerate() {
        let line = line?;
        let Line { at, input } =
            serde_json::from_str(&line).map_err(|source| ReplayError::Line {
                line: n + 2,
                source,
            })?;
        if let Some((reply, mark)) = input.as_ref().and_then(mark_of) {
            marks.entry(reply).or_default().push((mark, at));
        }
        match input {
            Some(input) => turn.handle(at, input, &mut actions),
            None => turn.handle_timeout(at, &mut actions),
        }
        for action in actions.drain(..) {
            if let Action::Release {
                reply, speech_end, ..
            } = &action
            {
                marks.entry(*reply).or_default().push((Mark::Decision, at));
                out.turns.push(ReplayedTurn {
                    reply: *reply,
                    speech_end: *speech_end,
                    ledger: Ledger::default(),
                });
            }
            out.actions.push((at, action));
        }
    }
    for turn in &mut out.turns {
        let known = marks.remove(&turn.reply).unwrap_or_default();
        turn.ledger.marks = first_of_each(&known, turn.speech_end);
    }
    Ok(out)
}

/// Which stage is through with this input.
const fn mark_of(input: &Input) -> Option<(ReplyId, Mark)> {
    match input {
        Input::TurnScore { reply, .. } => Some((*reply, Mark::TurnScore)),
        Input::Transcript { reply, .. } => Some((*reply, Mark::Transcript)),
        Input::Token { reply, .. } => Some((*reply, Mark::LlmFirst)),
        Input::Generated { reply, .. } => Some((*reply, Mark::LlmLast)),
        Input::Voiced { reply, .. } => Some((*reply, Mark::TtsFirst)),
        Input::Heard { reply, .. } => Some((*reply, Mark::FirstHeard)),
        _ => None,
    }
}

fn first_of_each(marks: &[(Mark, Mono)], zero: Mono) -> Vec<(Mark, i64)> {
    let mut first: Vec<(Mark, i64)> = Vec::new();
    for (mark, at) in marks {
        if !first.iter().any(|(known, _)| known == mark) {
            first.push((*mark, (at.0 as i64 - zero.0 as i64) / 1000));
        }
    }
    first.sort_by_key(|(_, at)| *at);
    first
}
