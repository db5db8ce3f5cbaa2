//! The language model as the engine sees it.

use std::path::Path;
use std::sync::Arc;

use janet_kernels::{Exec, Precision};

use super::generation::{Generation, Prefill};
use super::gguf::Gguf;
use super::message::Message;
use super::net::Net;
use super::pass::{Pace, Pass};
use super::prompt::Prompter;
use super::sampler::Sampling;
use super::slots::Slots;
use super::template::{CHATML, CHATML_START, Template};
use super::tokens::Tokens;
use crate::ModelError;

/// How a model is set up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LlmOptions {
    /// Conversations whose cache is kept, and answers that may be on at the same time.
    pub slots: usize,
    /// Tokens that a conversation and its answer may take; not more than the model was trained
    /// for is used. A quarter is set aside for the answer.
    pub context_tokens: usize,
    /// How the weights are kept.
    pub precision: Precision,
}

impl Default for LlmOptions {
    fn default() -> Self {
        Self {
            slots: 4,
            context_tokens: 2048,
            precision: Precision::Q8,
        }
    }
}

/// A loaded language model. Clones share everything.
#[derive(Clone)]
pub struct Llm {
    inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) net: Net,
    pub(super) prompter: Prompter,
    pub(super) slots: Arc<Slots>,
    pub(super) pace: Pace,
    /// Tokens that fit a slot.
    pub(super) context: usize,
}

/// A prompt of fewer tokens cannot hold a question.
const SHORTEST_CONTEXT: usize = 64;

impl Llm {
    /// Reads a GGUF file (llama, qwen2, qwen3, gemma2, gemma3) and warms the network up.
    pub fn load(path: &Path, exec: &Exec, options: LlmOptions) -> Result<Self, ModelError> {
        let refuse = |what, reason| Err(ModelError::Input { what, reason });
        if options.slots == 0 {
            return refuse("slots", "must be at least 1".to_owned());
        }
        if options.context_tokens < SHORTEST_CONTEXT {
            let given = options.context_tokens;
            return refuse(
                "context_tokens",
                format!("{given} is below {SHORTEST_CONTEXT}"),
            );
        }
        let file = Gguf::open(path)?;
        let tokens = Tokens::read(&file)?;
        let source = match file.text("tokenizer.chat_template") {
            Some(source) => source.to_owned(),
            None if tokens.has_control(CHATML_START) => CHATML.to_owned(),
            None => return Err(file.damaged("no chat template: not made for conversations")),
        };
        let template = Template::compile(source, tokens.bos_text.clone(), tokens.eos_text.clone())?;
        let net = Net::read(&file, options.precision, options.context_tokens, exec)?;
        let context = options.context_tokens.min(net.shape.context);
        let slots = Arc::new(Slots::new(&net, options.slots, context)?);
        let prompter = Prompter::new(tokens, template, context - context / 4);
        let inner = Inner {
            net,
            prompter,
            slots,
            pace: Pace::default(),
            context,
        };
        inner.warm_up()?;
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Begins an answer to `messages`, the last of which is usually the user's.
    ///
    /// `owner` names the conversation: its cache is looked for under that name. A job of the same
    /// owner that still has a slot should be dropped before, or its work is not found.
    pub fn begin(
        &self,
        owner: u64,
        messages: &[Message],
        sampling: Sampling,
    ) -> Result<Generation, ModelError> {
        sampling.check()?;
        let prompt = self.inner.prompter.prompt(messages)?;
        let lease = self.inner.slots.lend(owner, &prompt.ids)?;
        Ok(Generation::new(
            Arc::clone(&self.inner),
            lease,
            prompt,
            sampling,
        ))
    }

    /// The same for a conversation that is not shortened where it does not fit: that is
    /// [`ModelError::TooLong`].
    pub fn begin_whole(
        &self,
        owner: u64,
        messages: &[Message],
        sampling: Sampling,
    ) -> Result<Generation, ModelError> {
        sampling.check()?;
        let prompt = self.inner.prompter.whole(messages)?;
        let lease = self.inner.slots.lend(owner, &prompt.ids)?;
        let inner = Arc::clone(&self.inner);
        Ok(Generation::new(inner, lease, prompt, sampling))
    }

    /// Whether [`Llm::begin_whole`] would take this conversation; how many tokens it has then.
    pub fn fits(&self, messages: &[Message]) -> Result<usize, ModelError> {
        Ok(self.inner.prompter.whole(messages)?.ids.len())
    }

    /// Begins to run the part of the prompt that is known while the user still speaks.
    pub fn prefill(
        &self,
        owner: u64,
        messages: &[Message],
        partial_user_text: &str,
    ) -> Result<Prefill, ModelError> {
        let prompt = self.inner.prompter.beginning(messages, partial_user_text)?;
        let lease = self.inner.slots.lend(owner, &prompt.ids)?;
        Ok(Prefill::new(Arc::clone(&self.inner), lease, prompt))
    }

    /// Erases everything that is held of a conversation; what is on loan, when it comes back.
    pub fn forget(&self, owner: u64) -> Result<(), ModelError> {
        self.inner.slots.forget(owner)
    }

    /// The logits `[blocks][vocabulary]` behind each whole `block` of ids and behind the last,
    /// run a block at a time; for comparing with other programs. `block` is at least 1.
    pub fn score(&self, ids: &[u32], block: usize) -> Result<Vec<Vec<f32>>, ModelError> {
        let mut cache = self.inner.net.cache(ids.len().max(1))?;
        let mut start = 0;
        let score = |ids: &[u32]| {
            let mut pass = Pass::begin(&self.inner.net, ids, start)?;
            start += ids.len();
            while !pass.step(&self.inner.net, &mut cache, &self.inner.pace)? {}
            pass.logits(&self.inner.net)
        };
        ids.chunks(block.max(1)).map(score).collect()
    }

    /// The ids of a text, in which the texts of control tokens count as those tokens.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        self.inner.prompter.tokens.encode(text)
    }

    /// The ids of a conversation, up to where the answer begins.
    pub fn prompt_ids(&self, messages: &[Message]) -> Result<Vec<u32>, ModelError> {
        Ok(self.inner.prompter.prompt(messages)?.ids)
    }

    /// Tokens that a conversation and its answer may take.
    pub fn context_tokens(&self) -> usize {
        self.inner.context
    }
}

impl Inner {
    /// Touches all weights and learns the machine's pace, twice because the first time is slow.
    fn warm_up(&self) -> Result<(), ModelError> {
        let ids: Vec<u32> = (0..16).map(|n| n % self.net.vocabulary() as u32).collect();
        let mut cache = self.net.cache(ids.len())?;
        for ids in [&ids[..], &ids[..], &ids[..1]] {
            let mut pass = Pass::begin(&self.net, ids, 0)?;
            while !pass.step(&self.net, &mut cache, &self.pace)? {}
            pass.logits(&self.net)?;
        }
        Ok(())
    }
}
