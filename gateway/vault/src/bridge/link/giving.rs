//! The source's half of the conversation.

use std::collections::{BTreeSet, VecDeque};

use super::frame::{About, Frame, Hello, LINK_VERSION, Reason, Refused, Wanted};
use super::{LinkError, Progress, Stage, hello};
use crate::bridge::{
    Concluded, Conclusion, Export, MOST_CHUNKS, Outcome, Packed, Party, Released, Side,
};
use crate::red_thread::RedThread;

/// Pieces that are sent before the first of them is acknowledged.
const WINDOW: usize = 8;

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// The target has it.
    Delivered(Outcome),
    /// The target does not want it. The conversation lives here as before.
    Refused(Reason),
}

/// What is given.
enum What {
    /// Made just now.
    New(Box<Export>),
    /// Concluded before, and perhaps by another process: the target has to say what became of it.
    Again(Released),
}

enum State {
    Hello,
    Offered,
    Sending {
        queue: VecDeque<u32>,
        /// Sent, not acknowledged.
        open: BTreeSet<u32>,
    },
    Ended,
    CallingOff,
    Over(Given),
}

/// One transfer, seen from the source. Bytes in, bytes out: whoever drives it owns the socket.
pub struct Giving {
    what: What,
    state: State,
    sent: u32,
}

impl Giving {
    /// Of a package that is packed. What comes first is [`Self::start`].
    pub fn new(export: Export) -> Self {
        Self::with(What::New(Box::new(export)))
    }

    /// Of one that was concluded before.
    pub fn again(released: Released) -> Self {
        Self::with(What::Again(released))
    }

    const fn with(what: What) -> Self {
        Self {
            what,
            state: State::Hello,
            sent: 0,
        }
    }

    /// The first message.
    pub fn start(&self, side: &Side<'_>) -> Frame {
        Frame::Hello(Hello {
            version: LINK_VERSION,
            party: side.me,
        })
    }

    /// How it ended; none while it goes on.
    pub const fn given(&self) -> Option<&Given> {
        match &self.state {
            State::Over(given) => Some(given),
            _ => None,
        }
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        let (stage, fraction) = match &self.state {
            State::Hello | State::Offered => (Stage::Offering, 0.1),
            State::Sending { open, .. } => {
                let all = match &self.what {
                    What::New(export) => export.chunks(),
                    What::Again(_) => self.sent.max(1),
                };
                let done = f64::from(self.sent) - open.len() as f64;
                (Stage::Sending, 0.1 + 0.6 * done / f64::from(all.max(1)))
            }
            State::Ended | State::CallingOff => (Stage::Merging, 0.7),
            State::Over(_) => (Stage::Done, 1.0),
        };
        Progress { stage, fraction }
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
                self.state = State::Offered;
                Ok(vec![Frame::Offer(self.header().to_vec())])
            }
            (State::Offered, Frame::Wanted(wanted)) => {
                let queue = self.queue(&wanted)?;
                self.state = State::Sending {
                    queue,
                    open: BTreeSet::new(),
                };
                self.go_on(side, thread, now_ms)
            }
            (State::Sending { open, .. }, Frame::Kept(number)) => {
                if !open.remove(&number) {
                    return Err(LinkError::OutOfTurn("kept"));
                }
                self.go_on(side, thread, now_ms)
            }
            (State::Offered | State::Ended | State::CallingOff, Frame::Over(outcome)) => {
                self.settle(side, Given::Delivered(outcome))?;
                Ok(Vec::new())
            }
            (
                State::Offered | State::Sending { .. } | State::Ended | State::CallingOff,
                Frame::Refused(refused),
            ) => self.refused(side, refused),
            (_, frame) => Err(LinkError::OutOfTurn(frame.name())),
        }
    }

    fn header(&self) -> &[u8] {
        match &self.what {
            What::New(export) => export.header(),
            What::Again(released) => &released.header,
        }
    }

    fn queue(&self, wanted: &Wanted) -> Result<VecDeque<u32>, LinkError> {
        let all = match &self.what {
            What::New(export) => export.chunks(),
            What::Again(released) => {
                let conclusion = Conclusion::read(&released.conclusion);
                conclusion.map_err(crate::bridge::BridgeError::from)?.chunks
            }
        };
        if all > MOST_CHUNKS || wanted.from > all || wanted.missing.iter().any(|n| *n >= all) {
            return Err(LinkError::Malformed("wanted"));
        }
        let missing = wanted.missing.iter().copied();
        Ok(missing.chain(wanted.from..all).collect())
    }

    /// Sends what the window has room for; when all is acknowledged, ends it.
    fn go_on(
        &mut self,
        side: &Side<'_>,
        thread: &RedThread,
        now_ms: u64,
    ) -> Result<Vec<Frame>, LinkError> {
        let State::Sending { queue, open } = &mut self.state else {
            return Ok(Vec::new());
        };
        let mut frames = Vec::new();
        loop {
            while open.len() < WINDOW
                && let Some(number) = queue.pop_front()
            {
                let pass = thread.pass()?;
                let bytes = match &self.what {
                    What::New(export) => export.chunk(&pass, side.store, number)?,
                    What::Again(released) => released.chunk(&pass, side.store, number)?,
                };
                open.insert(number);
                self.sent += 1;
                frames.push(Frame::Chunk(bytes.to_vec()));
            }
            if !open.is_empty() {
                return Ok(frames);
            }
            let export = match &mut self.what {
                What::Again(released) => {
                    frames.push(Frame::End(released.conclusion.clone()));
                    self.state = State::Ended;
                    return Ok(frames);
                }
                What::New(export) => export,
            };
            let before = export.chunks();
            let concluded = export.conclude(&thread.pass()?, side.store, side.identity)?;
            match concluded {
                Concluded::Yes(conclusion) => {
                    let released = Released::of(side.store, export.id())?
                        .ok_or(crate::bridge::BridgeError::Missing)?;
                    self.what = What::Again(released);
                    self.state = State::Ended;
                    frames.push(Frame::End(conclusion));
                    return Ok(frames);
                }
                Concluded::Grown => {
                    while export.step(&thread.pass()?, side.store, now_ms)? == Packed::More {}
                    queue.extend(before..export.chunks());
                }
            }
        }
    }

    fn refused(&mut self, side: &Side<'_>, refused: Refused) -> Result<Vec<Frame>, LinkError> {
        match &self.what {
            // The target may have it, as far as anybody knows: it has to say so for certain.
            What::Again(released) if !refused.never => {
                if matches!(self.state, State::CallingOff) {
                    return Err(LinkError::OutOfTurn("refused"));
                }
                let about = About {
                    package: released.id,
                    conversation: released.conversation,
                };
                self.state = State::CallingOff;
                Ok(vec![Frame::CallOff(about)])
            }
            _ => {
                self.settle(side, Given::Refused(refused.reason))?;
                Ok(Vec::new())
            }
        }
    }

    fn settle(&mut self, side: &Side<'_>, given: Given) -> Result<(), LinkError> {
        match (&self.what, &given) {
            (What::Again(released), Given::Delivered(outcome)) => {
                let text = serde_json::to_string(outcome).expect("no map in it");
                released.clone().delivered(side.store, &text)?;
            }
            (What::Again(released), Given::Refused(_)) => {
                released.clone().reclaimed(side.store)?;
            }
            // Not concluded, so nothing was given up.
            (What::New(export), Given::Refused(_)) => {
                side.store
                    .drop_parcel(export.id().0)
                    .map_err(crate::bridge::BridgeError::from)?;
            }
            (What::New(_), Given::Delivered(_)) => return Err(LinkError::OutOfTurn("over")),
        }
        self.state = State::Over(given);
        Ok(())
    }
}
