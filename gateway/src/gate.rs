//! Joins the engine's gate to the vault's rules.
//!
//! The engine asks before text reaches a prompt, the cache, the client or the store; the vault
//! decides. Neither knows the other.

use std::borrow::Cow;

use janet_engine::ports::Gate;
use janet_vault::gate::Gate as Rules;

/// The vault's fast rules as the engine wants them.
pub(crate) struct Redact;

impl Gate for Redact {
    fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        Rules::new().redact(text)
    }
}
