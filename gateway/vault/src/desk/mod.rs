//! Where the operator is asked, and the only place where a yes is made.
//!
//! What opens a vault for writing, moves a soul or lets something leave the machine takes a [`Consent`] by
//! value. The desk makes one when the operator has answered, and only then.

mod action;
mod consent;

pub use action::{Action, Needs};
pub use consent::{Consent, ConsentError, GrantId, How, NotAGrant, Receipt, subject_of};
