//! One answer on its way, and the filling of the cache ahead of one.

use std::sync::Arc;

use super::model::Inner;
use super::pass::Pass;
use super::prompt::Prompt;
use super::sampler::{Sampler, Sampling};
use super::slots::{Lease, Slot};
use super::text_out::TextOut;
use crate::{ModelError, Step};

/// What a step of an answer brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LlmStep {
    /// Nothing to show yet; call again.
    More,
    /// Text that follows what came before.
    Text(String),
    /// The answer has ended; further calls say the same.
    Done(Finish),
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// The model ended its turn.
    EndOfTurn,
    /// A stop text came.
    Stop,
    /// [`Sampling::max_tokens`] were generated.
    MaxTokens,
    /// There is no room for another token.
    ContextFull,
}

/// What an answer cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage<'a> {
    /// Prompt tokens found in the cache.
    pub cached: usize,
    /// Prompt tokens that had to be run.
    pub new: usize,
    /// The generated ids whose text was handed out whole; for [`super::Message::ids`].
    pub generated: &'a [u32],
}

/// An answer being generated. Dropping it gives its slot back; what was run stays in the cache.
pub struct Generation {
    inner: Arc<Inner>,
    lease: Option<Lease>,
    feed: Feed,
    /// The prompt's ids and then the generated ones.
    ids: Vec<u32>,
    prompt: Prompt,
    cached: usize,
    sampler: Sampler,
    max_tokens: usize,
    out: TextOut,
    /// Per generated id: bytes of text complete with it.
    reached: Vec<usize>,
    state: State,
}

enum State {
    Running,
    Ended(Finish),
}

impl Generation {
    pub(super) fn new(inner: Arc<Inner>, lease: Lease, prompt: Prompt, sampling: Sampling) -> Self {
        Self {
            feed: Feed::default(),
            ids: prompt.ids.clone(),
            cached: lease.ids.len(),
            max_tokens: sampling.max_tokens,
            out: TextOut::new(sampling.stop.clone()),
            sampler: Sampler::new(sampling),
            reached: Vec::new(),
            state: State::Running,
            lease: Some(lease),
            prompt,
            inner,
        }
    }

    /// Goes on for a bounded time: a part of the prompt, or at most one token.
    ///
    /// After an error the answer cannot go on; the slot is whole and goes back on drop.
    pub fn step(&mut self) -> Result<LlmStep, ModelError> {
        let (State::Running, Some(lease)) = (&self.state, &mut self.lease) else {
            let State::Ended(finish) = self.state else {
                unreachable!("an answer keeps its slot while it runs")
            };
            return Ok(LlmStep::Done(finish));
        };
        let Some(mut logits) = self.feed.step(&self.inner, lease, &self.ids)? else {
            return Ok(LlmStep::More);
        };
        if self.reached.is_empty() {
            self.inner
                .slots
                .keep_root(&self.inner.net, lease, self.prompt.shared)?;
        }
        let id = self.sampler.choose(&mut logits, &self.ids);
        if self.inner.prompter.tokens.ends_turn(id) {
            return Ok(self.end(Finish::EndOfTurn, String::new()));
        }
        self.ids.push(id);
        let text = self.out.push(self.inner.prompter.tokens.bytes(id));
        self.reached.push(self.out.seen());
        if self.out.stopped() {
            Ok(self.end(Finish::Stop, text))
        } else if self.reached.len() >= self.max_tokens {
            Ok(self.end(Finish::MaxTokens, text))
        } else if self.ids.len() >= self.inner.context {
            Ok(self.end(Finish::ContextFull, text))
        } else if text.is_empty() {
            Ok(LlmStep::More)
        } else {
            Ok(LlmStep::Text(text))
        }
    }

    /// What it cost so far.
    pub fn usage(&self) -> Usage<'_> {
        let prompt = self.prompt.ids.len();
        let shown = self.out.emitted();
        let whole = self
            .reached
            .iter()
            .take_while(|reached| **reached <= shown)
            .count();
        Usage {
            cached: self.cached,
            new: prompt - self.cached,
            generated: &self.ids[prompt..prompt + whole],
        }
    }

    /// Gives the slot back and hands out what text was held; the end itself is told by the next
    /// step if there was any.
    fn end(&mut self, finish: Finish, mut text: String) -> LlmStep {
        self.state = State::Ended(finish);
        self.lease = None;
        text += &self.out.finish();
        if text.is_empty() {
            LlmStep::Done(finish)
        } else {
            LlmStep::Text(text)
        }
    }
}

/// The filling of the cache with the part of a prompt that is known already. Has no other effect.
pub struct Prefill {
    inner: Arc<Inner>,
    lease: Lease,
    feed: Feed,
    prompt: Prompt,
}

impl Prefill {
    pub(super) fn new(inner: Arc<Inner>, lease: Lease, prompt: Prompt) -> Self {
        Self {
            inner,
            lease,
            feed: Feed::default(),
            prompt,
        }
    }

    /// Goes on for a bounded time. Dropping the job early keeps the blocks that were done.
    pub fn step(&mut self) -> Result<Step<()>, ModelError> {
        if self.lease.ids.len() < self.prompt.ids.len() {
            self.feed
                .advance(&self.inner, &mut self.lease, &self.prompt.ids)?;
        }
        if self.lease.ids.len() < self.prompt.ids.len() {
            return Ok(Step::More);
        }
        self.inner
            .slots
            .keep_root(&self.inner.net, &self.lease, self.prompt.shared)?;
        Ok(Step::Ready(()))
    }

    /// Tokens that are not in the cache yet.
    pub fn left(&self) -> usize {
        self.prompt.ids.len() - self.lease.ids.len()
    }
}

/// Brings a slot forward to given ids, block by block.
#[derive(Debug, Default)]
struct Feed {
    pass: Option<Pass>,
}

impl Feed {
    /// Works for one step; the logits behind the last of `ids` when all are in the cache.
    fn step(
        &mut self,
        inner: &Inner,
        slot: &mut Slot,
        ids: &[u32],
    ) -> Result<Option<Vec<f32>>, ModelError> {
        let done = self.advance(inner, slot, ids)?;
        match done {
            Some(pass) if slot.ids.len() == ids.len() => pass.logits(&inner.net).map(Some),
            _ => Ok(None),
        }
    }

    /// Works for one step; the pass that it finished, if it did.
    fn advance(
        &mut self,
        inner: &Inner,
        slot: &mut Slot,
        ids: &[u32],
    ) -> Result<Option<Pass>, ModelError> {
        let start = slot.ids.len();
        let mut pass = match self.pass.take() {
            Some(pass) => pass,
            None => {
                let end = ids.len().min(start + inner.pace.block());
                Pass::begin(&inner.net, &ids[start..end], start)?
            }
        };
        if !pass.step(&inner.net, &mut slot.cache, &inner.pace)? {
            self.pass = Some(pass);
            return Ok(None);
        }
        slot.ids
            .extend_from_slice(&ids[start..start + pass.tokens()]);
        Ok(Some(pass))
    }
}
