//! What the engine needs from outside, as narrow traits.

use std::borrow::Cow;

/// Classifies text before it reaches a prompt, the cache, storage or a log.
pub trait Gate: Send + Sync {
    /// The text with every secret span replaced by `[secret]`. Under 1 ms.
    fn redact<'a>(&self, text: &'a str) -> Cow<'a, str>;
}
