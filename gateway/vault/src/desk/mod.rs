//! Where the operator is asked, and the only place where a yes is made.
//!
//! What opens a vault for writing, moves a soul or lets something leave the machine takes a [`Consent`] by
//! value. The [`Desk`] makes one when the operator has answered, and only then: half a minute of silence is
//! a no, one answer counts, and it counts only from the device that asked, in its own conversation. The
//! desk does no I/O and has no clock: what happened is told to it with the time, and what is to be done is
//! pushed into a list.
//!
//! | a yes by | counts |
//! |---|---|
//! | a click | on every question but those that need the safe word |
//! | spoken words | if they began after the prompt was played to its end, and a voice will do |
//! | typed words | if a voice will do |
//! | the safe word | always, with the proof of the vault that checked it |
//! | a standing grant | for its action, unless somebody else's text is in the turn |
//! | the words that asked ("remember this") | for what is small: [`Action::by_command`] |
//!
//! A no counts however it is given.

mod action;
mod consent;
mod grants;
mod judge;
mod question;
mod table;

pub use action::{Action, Needs};
pub use consent::{Consent, ConsentError, GrantId, How, NotAGrant, Receipt, subject_of};
pub use grants::{Grant, GrantError, Grants, MOST_GRANTS};
pub use judge::{Verdict, judge};
pub use question::{
    Again, Answer, AnswerError, By, ConsentId, DeskError, Heard, NotAnId, Out, Outcome, Request,
    Spoken, Standing, Written,
};
pub use table::{AddGrantError, Desk, MOST_OPEN, SILENCE_MS};
