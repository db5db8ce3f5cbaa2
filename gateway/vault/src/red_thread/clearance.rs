//! What clears the red thread: the safe word, or two clicks with a breath between them. Never a voice.

use std::fmt;

use ring::digest;

use super::Shared;
use crate::hex;

/// A token is good no sooner after it was given: two clicks are two decisions, not a double click.
pub const TOKEN_FROM_MS: u64 = 1_000;
/// … and no later.
pub const TOKEN_UNTIL_MS: u64 = 30_000;
/// A proof of the safe word is good for so long.
pub const PROOF_FOR_MS: u64 = 30_000;
/// Devices that may be between the two clicks at once; the oldest gives way.
const MOST_TOKENS: usize = 16;

/// Proof that the safe word was right, a moment ago, from this operator. Made by the vault that checks the
/// word and by nothing else; it cannot be copied, and one use takes it.
#[must_use = "the word was checked for something"]
pub struct SafeWordProof {
    operator: String,
    at_ms: u64,
}

/// The right to clear, once.
#[derive(Debug)]
#[must_use = "the thread is not cleared by it alone"]
pub struct Clearance(pub(super) Way);

#[derive(Debug)]
pub(super) enum Way {
    SafeWord(SafeWordProof),
    /// And which pulls the operator had seen.
    TwoSteps(Shared),
}

/// Why the thread stays pulled.
#[derive(Debug, thiserror::Error)]
pub enum ClearError {
    /// There is nothing to clear.
    #[error("the red thread is not pulled")]
    NotPulled,
    /// The second click came too soon; it may be tried again.
    #[error("that was too quick; click again after a moment")]
    TooSoon,
    /// No such token, used, too old, of another device, or from before the thread was pulled again.
    #[error("this token clears nothing; begin anew")]
    Token,
    /// The safe word was checked too long ago.
    #[error("the safe word was given too long ago; give it again")]
    Proof,
    /// The thread was pulled again since the first click.
    #[error("the red thread was pulled again; begin anew")]
    PulledAgain,
    /// It is cleared in no file, and so not at all.
    #[error(transparent)]
    File(#[from] super::RedThreadError),
}

/// For the operator's device, between the two clicks.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// 128 random bits in hexadecimal: what comes back with the second click.
    pub text: String,
    /// Good from then on, in ms since 1970.
    pub from_ms: u64,
    /// Good until then.
    pub until_ms: u64,
}

/// The tokens that are out. Only their hashes are kept: nothing is learnt from how long a comparison takes.
#[derive(Debug, Default)]
pub(super) struct Tokens(Vec<Out>);

#[derive(Debug)]
struct Out {
    operator: String,
    hash: [u8; 32],
    given_ms: u64,
    seen: Shared,
}

impl SafeWordProof {
    /// For the vault that has just found the word right.
    pub(crate) fn new(operator: &str, at_ms: u64) -> Self {
        Self {
            operator: operator.to_owned(),
            at_ms,
        }
    }

    /// Whether it is this operator's, and fresh.
    pub(crate) fn holds(&self, operator: &str, now_ms: u64) -> bool {
        self.operator == operator && self.is_fresh(now_ms)
    }

    pub(super) const fn is_before(&self, ms: u64) -> bool {
        self.at_ms < ms
    }

    /// Whether the word was checked a moment ago.
    pub(crate) fn is_fresh(&self, now_ms: u64) -> bool {
        now_ms
            .checked_sub(self.at_ms)
            .is_some_and(|age| age <= PROOF_FOR_MS)
    }
}

impl From<SafeWordProof> for Clearance {
    fn from(proof: SafeWordProof) -> Self {
        Self(Way::SafeWord(proof))
    }
}

impl Clearance {
    /// How, as the audit log names it.
    pub const fn how(&self) -> &'static str {
        match self.0 {
            Way::SafeWord(_) => "safe_word",
            Way::TwoSteps(_) => "two_steps",
        }
    }
}

impl Tokens {
    pub(super) fn give(
        &mut self,
        operator: &str,
        seen: Shared,
        now_ms: u64,
    ) -> Result<Token, super::RedThreadError> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|_| super::RedThreadError::Random)?;
        let text = hex::encode(&random);
        self.0.retain(|out| out.operator != operator);
        if self.0.len() == MOST_TOKENS {
            self.0.remove(0);
        }
        self.0.push(Out {
            operator: operator.to_owned(),
            hash: hash(&text),
            given_ms: now_ms,
            seen,
        });
        Ok(Token {
            text,
            from_ms: now_ms.saturating_add(TOKEN_FROM_MS),
            until_ms: now_ms.saturating_add(TOKEN_UNTIL_MS),
        })
    }

    /// A token that is right, or wrong, is gone; one that comes too soon stays.
    pub(super) fn redeem(
        &mut self,
        token: &str,
        operator: &str,
        now_ms: u64,
    ) -> Result<Clearance, ClearError> {
        let place = self
            .0
            .iter()
            .position(|out| out.operator == operator)
            .ok_or(ClearError::Token)?;
        let out = &self.0[place];
        let right = out.hash == hash(token);
        let age = now_ms.checked_sub(out.given_ms);
        if right && age.is_some_and(|age| age < TOKEN_FROM_MS) {
            return Err(ClearError::TooSoon);
        }
        let out = self.0.remove(place);
        if right && age.is_some_and(|age| age <= TOKEN_UNTIL_MS) {
            return Ok(Clearance(Way::TwoSteps(out.seen)));
        }
        Err(ClearError::Token)
    }

    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

impl fmt::Debug for Token {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({}..={} ms)", self.from_ms, self.until_ms)
    }
}

impl fmt::Debug for SafeWordProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SafeWordProof(at {} ms)", self.at_ms)
    }
}

fn hash(text: &str) -> [u8; 32] {
    digest::digest(&digest::SHA256, text.as_bytes())
        .as_ref()
        .try_into()
        .expect("SHA-256 has 32 bytes")
}
