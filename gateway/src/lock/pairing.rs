//! One pairing after the other: who may try a code, how often, and until when.
//!
//! ```text
//!  open(now) ─▶ Open ── start ──▶ Exchange ── finish, proof right ─────▶ over: Used
//!                │                     └─ proof wrong, the fifth ────────▶ over: WornOut
//!                ├─ two minutes ───────────────────────────────────────▶ over: Late
//!                └─ withdrawn, or another one is opened ───────────────▶ over: Withdrawn
//! ```
//! What is counted are wrong proofs, five for a code, whoever shows them. One that is begun and broken off
//! costs nothing, because it has tested nothing: the server's first message is a random point, whatever the
//! code, and its own proof is told behind the right one only. Of the five a machine may have three, so that
//! one that guesses, or means to wear the code out, leaves two to the device that it was made for; it takes
//! two machines to end a code. More cannot be had: five wrong proofs have to end it, and who wants to can show
//! them. (A network of IPv6 counts as one machine, and guests of the house may share one.) A new code is one
//! `janet pair` away, and nobody can try before somebody asks for one.
//!
//! Sans-IO: time is an argument, and nothing here is told to anybody.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use janet_protocol::Role;
use subtle::ConstantTimeEq as _;

use super::code::Code;
use super::fingerprint::Fingerprint;
use super::pake::{self, Malformed, Proof, Proofs};
use super::peers::machine;

/// How often a code may be tried.
pub(crate) const TRIES: u8 = 5;
/// How often by one machine.
const SHARE: u8 = 3;
/// How long a code is good for.
pub(crate) const LIFE: Duration = Duration::from_secs(120);

/// Names one pairing of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

/// Why a pairing is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// A device was paired.
    Used,
    /// Nobody did it in time.
    Late,
    /// Every try was wrong.
    WornOut,
    /// The operator took it back, or opened another one.
    Withdrawn,
}

/// Why a try comes to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// Nobody asked for a device.
    #[error("no pairing is open; `janet pair` on Janet's own machine opens one")]
    NothingOpen,
    /// The code was for one device.
    #[error("this code has paired a device already; `janet pair` gives a new one")]
    Used,
    /// Its time is over.
    #[error("this code was good for two minutes, which are over; `janet pair` gives a new one")]
    Late,
    /// As many tries as there are.
    #[error("this code was tried {TRIES} times; `janet pair` gives a new one")]
    NoTryLeft,
    /// As many tries as one machine has.
    #[error(
        "this machine has tried the code {SHARE} times, and the other tries are for others; `janet pair` \
         gives a new one"
    )]
    ShareUsed,
    /// The message cannot be read.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The proof is not the one that this code and our certificate give.
    #[error(
        "the code is wrong, or the certificate that was seen is not Janet's; tries left: {left}"
    )]
    Wrong {
        /// Tries left, for this machine.
        left: u8,
    },
}

/// A try that has begun. It can be finished once: finishing takes it.
#[derive(Debug)]
pub(crate) struct Exchange {
    ticket: Ticket,
    machine: IpAddr,
    proofs: Proofs,
}

/// A try that was right.
#[derive(Debug)]
pub(crate) struct Granted {
    pub(crate) ticket: Ticket,
    /// What the device may do.
    pub(crate) role: Role,
    /// What the server proves in turn.
    pub(crate) proof: Proof,
}

/// The one pairing that may be open.
#[derive(Debug)]
pub(crate) struct Desk {
    fingerprint: Fingerprint,
    state: State,
    opened: u64,
}

#[derive(Debug)]
enum State {
    /// `None`: there was none yet.
    Closed(Option<Over>),
    Open(Open),
}

#[derive(Debug)]
struct Open {
    ticket: Ticket,
    code: Code,
    role: Role,
    until: Instant,
    /// From where it was tried, once for each wrong proof.
    wrong: Vec<IpAddr>,
}

impl Open {
    /// Tries that are left for this machine.
    fn left(&self, machine: IpAddr) -> u8 {
        let left = |most: u8, used: usize| most.saturating_sub(u8::try_from(used).unwrap_or(most));
        let own = self.wrong.iter().filter(|one| **one == machine).count();
        left(TRIES, self.wrong.len()).min(left(SHARE, own))
    }
}

impl Desk {
    /// Of a server with this certificate; closed.
    pub(crate) fn new(fingerprint: Fingerprint) -> Self {
        Self {
            fingerprint,
            state: State::Closed(None),
            opened: 0,
        }
    }

    /// Opens a pairing in place of one that may be open.
    pub(crate) fn open(&mut self, now: Instant, code: Code, role: Role) -> Ticket {
        self.opened += 1;
        let ticket = Ticket(self.opened);
        self.state = State::Open(Open {
            ticket,
            code,
            role,
            until: now + LIFE,
            wrong: Vec::new(),
        });
        ticket
    }

    /// Takes a pairing back. One that is over stays as it is.
    pub(crate) fn withdraw(&mut self, ticket: Ticket) {
        if self.is_open(ticket) {
            self.state = State::Closed(Some(Over::Withdrawn));
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Open(open) => Some(open.until),
            State::Closed(_) => None,
        }
    }

    /// Ends what is too old. May be called early, and again.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_some_and(|until| now >= until) {
            self.state = State::Closed(Some(Over::Late));
        }
    }

    /// How this pairing ended; `None` while it is open.
    pub(crate) fn over(&self, ticket: Ticket) -> Option<Over> {
        match self.state {
            State::Closed(Some(over)) if ticket.0 == self.opened => Some(over),
            // Another one was opened since.
            _ => (ticket.0 != self.opened).then_some(Over::Withdrawn),
        }
    }

    /// A client's first message: gives the answer to it, and the try that has begun.
    pub(crate) fn start(
        &mut self,
        now: Instant,
        from: IpAddr,
        message: &[u8],
    ) -> Result<(Vec<u8>, Exchange), Refused> {
        self.handle_timeout(now);
        let open = match &self.state {
            State::Open(open) => open,
            State::Closed(over) => return Err(refusal(*over)),
        };
        let machine = machine(from);
        if open.left(machine) == 0 {
            return Err(Refused::ShareUsed);
        }
        let (reply, proofs) = pake::answer(&open.code, &self.fingerprint, message)?;
        let exchange = Exchange {
            ticket: open.ticket,
            machine,
            proofs,
        };
        Ok((reply, exchange))
    }

    /// The client's proof. Whatever comes of it, the try is over.
    pub(crate) fn finish(
        &mut self,
        now: Instant,
        exchange: Exchange,
        proof: &[u8],
    ) -> Result<Granted, Refused> {
        self.handle_timeout(now);
        let Exchange {
            ticket,
            machine,
            proofs,
        } = exchange;
        if let Some(over) = self.over(ticket) {
            return Err(refusal(Some(over)));
        }
        let State::Open(open) = &mut self.state else {
            return Err(Refused::NothingOpen);
        };
        // It may have begun several at once: only now they are counted.
        if open.left(machine) == 0 {
            return Err(Refused::ShareUsed);
        }
        if bool::from(proofs.client.ct_eq(proof)) {
            let role = open.role;
            self.state = State::Closed(Some(Over::Used));
            return Ok(Granted {
                ticket,
                role,
                proof: proofs.server,
            });
        }
        open.wrong.push(machine);
        let left = open.left(machine);
        if open.wrong.len() >= usize::from(TRIES) {
            self.state = State::Closed(Some(Over::WornOut));
        }
        Err(Refused::Wrong { left })
    }

    fn is_open(&self, ticket: Ticket) -> bool {
        matches!(&self.state, State::Open(open) if open.ticket == ticket)
    }
}

fn refusal(over: Option<Over>) -> Refused {
    match over {
        None | Some(Over::Withdrawn) => Refused::NothingOpen,
        Some(Over::Used) => Refused::Used,
        Some(Over::Late) => Refused::Late,
        Some(Over::WornOut) => Refused::NoTryLeft,
    }
}

#[cfg(test)]
#[path = "pairing_test.rs"]
mod tests;
