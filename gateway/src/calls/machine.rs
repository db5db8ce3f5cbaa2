//! One call as a state machine.
//!
//! The state holds all that is known. An event that comes behind a timer's moment finds the call as the
//! timer left it, however late its owner calls: what becomes of a call does not depend on who is how
//! quick.

use janet_protocol::{CallDirection, CallState, EndReason};
use janet_talk::Mono;

use super::event::{Action, End, Event, Refusal, Timer};

/// A call, from before it began to after its end. For the next one there is the next machine.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    state: State,
}

/// Who called whom, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Begun {
    direction: CallDirection,
    at: Mono,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Ringing {
        since: Mono,
    },
    Connecting {
        begun: Begun,
        media: Media,
        talk: Talk,
    },
    Connected {
        begun: Begun,
        talking: Mono,
    },
    OnHold {
        begun: Begun,
        talking: Mono,
        since: Mono,
    },
    Ended,
}

/// How far the media of a call is that is not connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Media {
    /// The client has to agree.
    Offered,
    /// It did.
    Agreed,
    /// There is no way.
    Lost,
}

/// Whether they talk although voice does not flow: by recordings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Talk {
    /// No. What is waited for is waited for since then.
    Not { since: Mono },
    /// Since the first recording; the last came then.
    ByRecordings { talking: Mono, last: Mono },
}

impl Machine {
    /// No call yet.
    pub(crate) const fn new() -> Self {
        Self { state: State::Idle }
    }

    /// How far the call is.
    pub(crate) const fn state(&self) -> CallState {
        match self.state {
            State::Idle => CallState::Idle,
            State::Ringing { .. } => CallState::Ringing,
            State::Connecting { .. } => CallState::Connecting,
            State::Connected { .. } => CallState::Connected,
            State::OnHold { .. } => CallState::OnHold,
            State::Ended => CallState::Ended,
        }
    }

    /// Something happens now.
    pub(crate) fn handle(
        &mut self,
        now: Mono,
        event: Event,
        out: &mut Vec<Action>,
    ) -> Result<(), Refusal> {
        use Event as E;
        use State as S;

        self.handle_timeout(now, out);
        match (self.state, event) {
            (S::Idle, E::Call) => self.offer(CallDirection::Outgoing, now, now, out),
            (S::Idle, E::Ring) => {
                self.state = S::Ringing { since: now };
                out.push(Action::Ring);
            }
            (S::Ringing { .. }, E::Call | E::Ring)
            | (S::Connecting { .. }, E::Call | E::Ring)
            | (S::Connected { .. }, E::Call | E::Ring)
            | (S::OnHold { .. }, E::Call | E::Ring) => return Err(Refusal::Busy),

            (S::Ringing { since }, E::Accept) => {
                self.offer(CallDirection::Incoming, since, now, out);
            }
            (S::Ringing { .. }, E::HangUp) => self.end(now, EndReason::Declined, out),
            // A phone that has to be woken up, and cannot be.
            (S::Ringing { .. }, E::MediaLost) => self.end(now, EndReason::Unreachable, out),
            (S::Ringing { .. }, E::Answer | E::Speak | E::Hold | E::Resume) => {
                return Err(Refusal::Unexpected);
            }

            (S::Connecting { begun, media, talk }, E::Answer) => {
                if media != Media::Offered {
                    return Err(Refusal::Unexpected);
                }
                let talk = match talk {
                    Talk::Not { .. } => Talk::Not { since: now },
                    by_recordings => by_recordings,
                };
                let media = Media::Agreed;
                self.state = S::Connecting { begun, media, talk };
            }
            (S::Connecting { begun, media, talk }, E::Speak) => {
                let talking = match talk {
                    Talk::Not { .. } => now,
                    Talk::ByRecordings { talking, .. } => talking,
                };
                let talk = Talk::ByRecordings { talking, last: now };
                self.state = S::Connecting { begun, media, talk };
            }
            (S::Connecting { begun, media, talk }, E::MediaUp) => {
                // Nothing flows that nobody agreed to, or that is lost.
                if media == Media::Agreed {
                    let talking = match talk {
                        Talk::Not { .. } => now,
                        Talk::ByRecordings { talking, .. } => talking,
                    };
                    self.state = S::Connected { begun, talking };
                    out.extend([Action::Connected, Action::Open]);
                }
            }
            (S::Connecting { begun, talk, .. }, E::MediaLeft | E::MediaLost) => match talk {
                Talk::ByRecordings { .. } => {
                    let media = Media::Lost;
                    self.state = S::Connecting { begun, media, talk };
                }
                Talk::Not { .. } if event == E::MediaLeft => {
                    self.end(now, EndReason::HungUp, out);
                }
                Talk::Not { .. } => self.end(now, EndReason::Unreachable, out),
            },
            (S::Connecting { .. }, E::Accept | E::Hold | E::Resume) => {
                return Err(Refusal::Unexpected);
            }

            (S::Connected { begun, talking }, E::Hold) => {
                let since = now;
                self.state = S::OnHold {
                    begun,
                    talking,
                    since,
                };
                out.extend([Action::Hold, Action::State(CallState::OnHold)]);
            }
            (S::OnHold { begun, talking, .. }, E::Resume) => {
                self.state = S::Connected { begun, talking };
                out.extend([Action::GoOn, Action::State(CallState::Connected)]);
            }
            // Asked twice: it is so.
            (S::Connected { .. }, E::Resume) | (S::OnHold { .. }, E::Hold) => {
                out.push(Action::State(self.state()));
            }
            (S::Connected { .. } | S::OnHold { .. }, E::Accept | E::Answer | E::Speak) => {
                return Err(Refusal::Unexpected);
            }
            (S::Connected { .. } | S::OnHold { .. }, E::MediaLeft) => {
                self.end(now, EndReason::HungUp, out);
            }
            (S::Connected { .. } | S::OnHold { .. }, E::MediaLost) => {
                self.end(now, EndReason::NetworkLost, out);
            }
            (S::Connecting { .. } | S::Connected { .. } | S::OnHold { .. }, E::HangUp) => {
                self.end(now, EndReason::HungUp, out);
            }

            (
                S::Ringing { .. } | S::Connecting { .. } | S::Connected { .. } | S::OnHold { .. },
                E::ClientGone | E::Superseded | E::ShuttingDown | E::Failed,
            ) => {
                let reason = match event {
                    E::ClientGone => EndReason::ClientGone,
                    E::Superseded => EndReason::Superseded,
                    E::ShuttingDown => EndReason::ShuttingDown,
                    _ => EndReason::Failed,
                };
                self.end(now, reason, out);
            }

            (S::Idle, E::Accept | E::Answer | E::Speak | E::Hold | E::Resume | E::HangUp)
            | (
                S::Ended,
                E::Call
                | E::Ring
                | E::Accept
                | E::Answer
                | E::Speak
                | E::Hold
                | E::Resume
                | E::HangUp,
            ) => return Err(Refusal::UnknownCall),

            // News of what does not matter (any more) to this call.
            (S::Idle, E::MediaUp | E::MediaLeft | E::MediaLost)
            | (S::Ringing { .. }, E::MediaUp | E::MediaLeft)
            | (S::Connected { .. } | S::OnHold { .. }, E::MediaUp)
            | (S::Idle, E::ClientGone | E::Superseded | E::ShuttingDown | E::Failed)
            | (
                S::Ended,
                E::MediaUp
                | E::MediaLeft
                | E::MediaLost
                | E::ClientGone
                | E::Superseded
                | E::ShuttingDown
                | E::Failed,
            ) => {}
        }
        Ok(())
    }

    /// Whether [`Machine::handle`] would refuse it; for what takes effort before it can happen.
    pub(crate) fn check(&self, now: Mono, event: Event) -> Result<(), Refusal> {
        self.clone().handle(now, event, &mut Vec::new())
    }

    /// When to call [`Machine::handle_timeout`], and what has been waited for by then.
    pub(crate) fn poll_timeout(&self) -> Option<(Mono, Timer)> {
        let (since, timer) = match self.state {
            State::Ringing { since } => (since, Timer::Ring),
            State::Connecting { talk, .. } => match talk {
                Talk::Not { since } => (since, Timer::Connect),
                Talk::ByRecordings { last, .. } => (last, Timer::Speak),
            },
            State::OnHold { since, .. } => (since, Timer::Hold),
            State::Idle | State::Connected { .. } | State::Ended => return None,
        };
        Some((since + timer.span(), timer))
    }

    /// The moment may have come. Early or twice does no harm.
    pub(crate) fn handle_timeout(&mut self, now: Mono, out: &mut Vec<Action>) {
        let Some((due, timer)) = self.poll_timeout().filter(|(due, _)| *due <= now) else {
            return;
        };
        let reason = match timer {
            Timer::Ring => EndReason::Missed,
            Timer::Connect | Timer::Speak | Timer::Hold => EndReason::TimedOut,
        };
        self.end(due, reason, out);
    }

    fn offer(&mut self, direction: CallDirection, at: Mono, now: Mono, out: &mut Vec<Action>) {
        self.state = State::Connecting {
            begun: Begun { direction, at },
            media: Media::Offered,
            talk: Talk::Not { since: now },
        };
        out.push(Action::Offer);
    }

    fn end(&mut self, at: Mono, reason: EndReason, out: &mut Vec<Action>) {
        let (begun, talking) = match self.state {
            State::Ringing { since } => {
                let direction = CallDirection::Incoming;
                let begun = Begun {
                    direction,
                    at: since,
                };
                (begun, None)
            }
            State::Connecting { begun, talk, .. } => match talk {
                Talk::Not { .. } => (begun, None),
                Talk::ByRecordings { talking, .. } => (begun, Some(talking)),
            },
            State::Connected { begun, talking } => {
                out.push(Action::Close);
                (begun, Some(talking))
            }
            State::OnHold { begun, talking, .. } => (begun, Some(talking)),
            State::Idle | State::Ended => return,
        };
        let rang = self.state() == CallState::Ringing;
        let talked = talking.map(|talking| at.since(talking).as_millis());
        self.state = State::Ended;
        out.push(Action::End(End {
            direction: begun.direction,
            began: begun.at,
            duration_ms: talked.map_or(0, |ms| u64::try_from(ms).unwrap_or(u64::MAX)),
            talked: talked.is_some(),
            reason,
            missed: rang && reason != EndReason::Declined,
        }));
    }
}

#[cfg(test)]
#[path = "machine_test.rs"]
mod tests;

#[cfg(test)]
#[path = "machine_properties.rs"]
mod properties;

#[cfg(test)]
#[path = "vectors_test.rs"]
mod vectors;
