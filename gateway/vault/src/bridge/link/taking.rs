//! The target's half of the conversation.

use super::frame::{Frame, Hello, LINK_VERSION, Reason, Refused, Wanted};
use super::{LinkError, hello};
use crate::bridge::{
    Begun, BridgeError, Committed, Fate, Import, Outcome, PackageError, Party, Side, Step, Trust,
    call_off,
};
use crate::red_thread::{Pulled, RedThread};

enum State {
    Hello,
    /// Waits for an offer, or for a question about one.
    Idle,
    Taking(Box<Import>),
    Over,
}

/// One transfer, seen from the target. Bytes in, bytes out: whoever drives it owns the socket.
pub struct Taking {
    state: State,
    outcome: Option<Outcome>,
}

impl Default for Taking {
    fn default() -> Self {
        Self::new()
    }
}

impl Taking {
    /// Waits for the source's first word.
    pub const fn new() -> Self {
        Self {
            state: State::Hello,
            outcome: None,
        }
    }

    /// Whether there is nothing more to say.
    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// What was taken in, once it was.
    pub const fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// What the other soul says; gives what is to be said to it. `peer`: whose key it has shown.
    pub fn handle(
        &mut self,
        frame: Frame,
        peer: Party,
        side: &Side<'_>,
        thread: &RedThread,
        now_ms: u64,
    ) -> Result<Vec<Frame>, LinkError> {
        match (&mut self.state, frame) {
            (State::Hello, Frame::Hello(said)) => {
                hello(&said, peer)?;
                self.state = State::Idle;
                Ok(vec![Frame::Hello(Hello {
                    version: LINK_VERSION,
                    party: side.me,
                })])
            }
            (State::Idle, Frame::Offer(header)) => {
                let trust = Trust {
                    me: side.me,
                    peers: vec![peer],
                };
                let begun = thread.pass().map_err(Stop::from).and_then(|pass| {
                    Ok(Import::begin(&pass, side.store, &trust, &header, now_ms)?)
                });
                match begun {
                    Ok(Begun::Wanted(import)) => self.wanted(import, side, thread, now_ms),
                    Ok(Begun::Over(outcome)) => Ok(self.over(outcome)),
                    Err(stop) => self.stopped(stop, None, side, now_ms),
                }
            }
            (State::Taking(import), Frame::Chunk(bytes)) => {
                let taken = thread
                    .pass()
                    .map_err(Stop::from)
                    .and_then(|pass| Ok(import.take(&pass, side.store, &bytes, now_ms)?));
                match taken {
                    Ok(number) => Ok(vec![Frame::Kept(number)]),
                    Err(stop) => {
                        let about = (import.id(), import.header().conversation);
                        self.stopped(stop, Some(about), side, now_ms)
                    }
                }
            }
            (State::Taking(import), Frame::End(conclusion)) => {
                let about = (import.id(), import.header().conversation);
                let prepared = prepare(import, &conclusion, side, thread);
                match prepared.and_then(|()| finish(import, side, thread, now_ms)) {
                    Ok(outcome) => Ok(self.over(outcome)),
                    Err(stop) => self.stopped(stop, Some(about), side, now_ms),
                }
            }
            (State::Idle | State::Taking(_), Frame::CallOff(about)) => {
                let fate = call_off(side.store, about.package, about.conversation, now_ms)?;
                Ok(match fate {
                    Fate::TakenIn(outcome) => self.over(outcome),
                    Fate::Never => self.refused(Reason::CalledOff, true),
                })
            }
            (_, frame) => Err(LinkError::OutOfTurn(frame.name())),
        }
    }

    /// One that has all its pieces goes on without its source.
    fn wanted(
        &mut self,
        mut import: Box<Import>,
        side: &Side<'_>,
        thread: &RedThread,
        now_ms: u64,
    ) -> Result<Vec<Frame>, LinkError> {
        if import.is_prepared() {
            let about = (import.id(), import.header().conversation);
            return match finish(&mut import, side, thread, now_ms) {
                Ok(outcome) => Ok(self.over(outcome)),
                Err(stop) => self.stopped(stop, Some(about), side, now_ms),
            };
        }
        let (from, missing) = import.wanted(side.store)?;
        self.state = State::Taking(import);
        Ok(vec![Frame::Wanted(Wanted { from, missing })])
    }

    fn over(&mut self, outcome: Outcome) -> Vec<Frame> {
        self.state = State::Over;
        self.outcome = Some(outcome.clone());
        vec![Frame::Over(outcome)]
    }

    fn refused(&mut self, reason: Reason, never: bool) -> Vec<Frame> {
        // The source may still ask what became of it.
        self.state = if never { State::Over } else { State::Idle };
        vec![Frame::Refused(Refused { reason, never })]
    }

    /// What can go well another time ends the connection or is told as such; what never can is refused
    /// for good, so that its source knows.
    fn stopped(
        &mut self,
        stop: Stop,
        about: Option<(
            crate::bridge::PackageId,
            crate::conversations::ConversationUuid,
        )>,
        side: &Side<'_>,
        now_ms: u64,
    ) -> Result<Vec<Frame>, LinkError> {
        let error = match stop {
            Stop::Pulled => return Ok(self.refused(Reason::RedThread, false)),
            Stop::Bridge(error) => error,
        };
        let reason = match &error {
            BridgeError::NotPaired => Reason::NotPaired,
            BridgeError::NotForUs => Reason::NotForUs,
            BridgeError::NoConsent => Reason::NoConsent,
            BridgeError::Busy(_) => Reason::Busy,
            BridgeError::CalledOff => return Ok(self.refused(Reason::CalledOff, true)),
            BridgeError::Package(_) | BridgeError::Mismatch | BridgeError::Missing => {
                Reason::Damaged
            }
            BridgeError::Store(_) | BridgeError::Vaults(_) => Reason::Failed,
            _ => return Err(error.into()),
        };
        tracing::warn!(%error, "a package of the other soul is not taken in");
        let is_wrong = matches!(reason, Reason::Damaged | Reason::NoConsent)
            && !matches!(error, BridgeError::Package(PackageError::Version { .. }));
        let Some((package, conversation)) = about.filter(|_| is_wrong) else {
            return Ok(self.refused(reason, false));
        };
        Ok(match call_off(side.store, package, conversation, now_ms)? {
            Fate::TakenIn(outcome) => self.over(outcome),
            Fate::Never => self.refused(reason, true),
        })
    }
}

/// Why it does not go on.
enum Stop {
    Pulled,
    Bridge(BridgeError),
}

impl From<Pulled> for Stop {
    fn from(Pulled: Pulled) -> Self {
        Self::Pulled
    }
}

impl From<BridgeError> for Stop {
    fn from(error: BridgeError) -> Self {
        Self::Bridge(error)
    }
}

fn prepare(
    import: &mut Import,
    conclusion: &[u8],
    side: &Side<'_>,
    thread: &RedThread,
) -> Result<(), Stop> {
    while import.prepare(&thread.pass()?, side.store, conclusion)? == Step::More {}
    Ok(())
}

fn finish(
    import: &mut Import,
    side: &Side<'_>,
    thread: &RedThread,
    now_ms: u64,
) -> Result<Outcome, Stop> {
    loop {
        let pass = thread.pass()?;
        if let Committed::Done(outcome) = import.commit(&pass, side.store, side.vaults, now_ms)? {
            return Ok(outcome);
        }
    }
}

/// Finishes what an earlier process had all pieces of. To be called at the start; says how many that were.
pub fn finish_unfinished(
    side: &Side<'_>,
    thread: &RedThread,
    now_ms: u64,
) -> Result<usize, LinkError> {
    let unfinished = Import::unfinished(&thread.pass()?, side.store)?;
    let count = unfinished.len();
    for mut import in unfinished {
        match finish(&mut import, side, thread, now_ms) {
            Ok(_) => {}
            Err(Stop::Pulled) => return Err(Pulled.into()),
            Err(Stop::Bridge(error)) => return Err(error.into()),
        }
    }
    Ok(count)
}
