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
    /// The line in which the recording breaks off, counted from 1: whoever wrote it died. `None`:
    /// it does not.
    pub broken_line: Option<usize>,
}

/// Replays a recording; of one that breaks off, what is whole.
pub fn replay(mut recording: impl BufRead) -> Result<Replay, ReplayError> {
    let mut text = Vec::new();
    if recording.read_until(b'\n', &mut text)? == 0 {
        return Err(ReplayError::Empty);
    }
    let header: Header =
        serde_json::from_slice(&text).map_err(|source| ReplayError::Line { line: 1, source })?;
    let mut turn = Turn::new(header.talk, header.seed);
    let mut out = Replay::default();
    let mut marks: BTreeMap<ReplyId, Vec<(Mark, Mono)>> = BTreeMap::new();
    let mut actions = Vec::new();
    for line in 2.. {
        text.clear();
        if recording.read_until(b'\n', &mut text)? == 0 {
            break;
        }
        let Line { at, input } = match serde_json::from_slice(&text) {
            Ok(whole) => whole,
            // Every line is ended when it is written.
            Err(_) if !text.ends_with(b"\n") => {
                out.broken_line = Some(line);
                break;
            }
            Err(source) => return Err(ReplayError::Line { line, source }),
        };
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

#[cfg(test)]
mod tests {
    use janet_talk::Config;

    use super::*;

    /// A recording of two typed requests.
    fn recording() -> Vec<u8> {
        let header = serde_json::json!({
            "janet_recording": 1, "talk": Config::default(), "seed": 3,
        });
        let mut recording = format!("{header}\n").into_bytes();
        for (at, text) in [(1000, "Xx"), (2000, "Xxö")] {
            let line = Line {
                at: Mono(at),
                input: Some(Input::Text {
                    text: text.into(),
                    speak: false,
                    tag: 0,
                    taken: false,
                }),
            };
            serde_json::to_writer(&mut recording, &line).expect("a Vec takes everything");
            recording.push(b'\n');
        }
        recording
    }

    #[test]
    fn what_is_whole_of_a_recording_is_replayed_wherever_it_breaks_off() {
        let whole = recording();
        let all = replay(&whole[..]).expect("it is whole");
        assert_eq!(all.broken_line, None);
        let ends: Vec<usize> = (1..=whole.len())
            .filter(|end| whole[end - 1] == b'\n')
            .collect();
        let before = replay(&whole[..ends[1]]).expect("it is whole");
        assert!(before.actions.len() < all.actions.len());
        for end in ends[1] + 1..ends[2] - 1 {
            let cut = replay(&whole[..end]).unwrap_or_else(|error| panic!("{end}: {error}"));
            assert_eq!(cut.broken_line, Some(3), "{end}");
            assert_eq!(cut.actions, before.actions, "{end}");
        }
        // Only the end of a line is missing.
        assert_eq!(replay(&whole[..ends[2] - 1]).expect("all is there"), all);
        let header = replay(&whole[..ends[0] - 2]).expect_err("nothing can be made of it");
        assert!(matches!(header, ReplayError::Line { line: 1, .. }));
        assert!(matches!(replay(&b""[..]), Err(ReplayError::Empty)));
    }

    #[test]
    fn a_broken_line_in_the_middle_is_refused() {
        let mut broken = recording();
        let text = broken.iter_mut().rev().nth(1).expect("it is long enough");
        *text = b'?';
        let error = replay(&broken[..]).expect_err("it was not cut");
        assert!(
            matches!(error, ReplayError::Line { line: 3, .. }),
            "{error}"
        );
    }
}
