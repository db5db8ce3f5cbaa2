//! What goes into a call's machine and what comes out.

use std::time::Duration;

use janet_protocol::{CallDirection, CallState, EndReason};
use janet_talk::Mono;

/// Something happens. What it means, the state decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(test, derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub(crate) enum Event {
    /// The client calls.
    Call,
    /// Janet rings.
    Ring,
    /// The client answers the ring.
    Accept,
    /// The client agrees to what was offered.
    Answer,
    /// The client says something as one recording.
    Speak,
    /// The client puts Janet on hold.
    Hold,
    /// The client goes on.
    Resume,
    /// The client hangs up, or declines.
    HangUp,
    /// Voice can flow.
    MediaUp,
    /// The far end of the media said goodbye.
    MediaLeft,
    /// There is no way for media, or not any more; of a ring, that there is none to the client.
    MediaLost,
    /// The client's connection ended: nobody is left to be told anything.
    ClientGone,
    /// The same client connected elsewhere.
    Superseded,
    /// The server goes down.
    ShuttingDown,
    /// A fault of Janet's own.
    Failed,
}

#[cfg(test)]
impl Event {
    /// All of them.
    pub(crate) const ALL: [Self; 15] = [
        Self::Call,
        Self::Ring,
        Self::Accept,
        Self::Answer,
        Self::Speak,
        Self::Hold,
        Self::Resume,
        Self::HangUp,
        Self::MediaUp,
        Self::MediaLeft,
        Self::MediaLost,
        Self::ClientGone,
        Self::Superseded,
        Self::ShuttingDown,
        Self::Failed,
    ];
}

/// What is to be done, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Tell the client that Janet rings.
    Ring,
    /// Offer media to the client.
    Offer,
    /// Tell the client that voice flows.
    Connected,
    /// Tell the client how far the call is.
    State(CallState),
    /// Voice flows from here on, both ways.
    Open,
    /// It does not any more: the microphone is not heard, and she is silent.
    Close,
    /// It waits: the microphone is not heard, and she stays where she is.
    Hold,
    /// It goes on from where it was held.
    GoOn,
    /// Let everything go, tell the client (unless it is gone), and keep it in the history. The last.
    End(End),
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    /// Who called whom.
    pub(crate) direction: CallDirection,
    /// When it began.
    pub(crate) began: Mono,
    /// How long they talked, in ms: from when voice flowed, or the first recording came, time on hold
    /// included. 0 if they never did.
    pub(crate) duration_ms: u64,
    /// Whether they talked at all, be it for less than a millisecond.
    pub(crate) talked: bool,
    /// Why.
    pub(crate) reason: EndReason,
    /// Janet rang, and the client neither answered nor declined.
    pub(crate) missed: bool,
}

/// Why something cannot be done. The call is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub(crate) enum Refusal {
    /// There is a call already.
    Busy,
    /// There is none yet, or not any more.
    UnknownCall,
    /// There is one, and it is not so far, or too far.
    Unexpected,
}

/// What a call waits for at most so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub(crate) enum Timer {
    /// That the client answers the ring.
    Ring,
    /// That it agrees to the offer; from then on anew, that voice flows.
    Connect,
    /// That it says something more, where it talks by recordings.
    Speak,
    /// That it goes on.
    Hold,
}

impl Timer {
    /// How long. A ring is as long as a telephone's; setting up takes a second, or does not succeed; a
    /// held call keeps its place free for nobody else.
    pub(crate) const fn span(self) -> Duration {
        Duration::from_secs(match self {
            Self::Ring => 45,
            Self::Connect => 30,
            Self::Speak => 120,
            Self::Hold => 30 * 60,
        })
    }
}
