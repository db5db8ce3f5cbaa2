//! Turns a conversation into the ids that the model is given.
//!
//! Messages are rendered and encoded one by one, so that the ids of what was said before never
//! change when something is added: that is what lets the cache be reused. Templates that cannot
//! be taken apart (tried once, at load) are rendered whole. Decides also what is left out when a
//! conversation outgrows the context: the oldest messages, whole; never the system's.

use std::borrow::Cow;

use super::manners::{Arranged, Manners};
use super::message::{Message, Role};
use super::slots::common;
use super::template::{Opening, Template};
use super::tokens::Tokens;
use crate::ModelError;

/// The ids of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Prompt {
    pub(super) ids: Vec<u32>,
    /// How many of them, from the first, come from the system's messages.
    pub(super) system: usize,
    /// How many of those belong to no conversation, and may be kept for all.
    pub(super) shared: usize,
}

/// Makes prompts for one model.
pub(super) struct Prompter {
    pub(super) tokens: Tokens,
    template: Template,
    manners: Manners,
    /// Tokens that a prompt may take.
    budget: usize,
    form: Form,
}

/// Whether a template can be taken apart at the borders of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    PerMessage,
    Whole,
}

impl Prompter {
    pub(super) fn new(tokens: Tokens, template: Template, budget: usize) -> Self {
        let mut prompter = Self {
            manners: Manners::learn(&template),
            tokens,
            template,
            budget,
            form: Form::PerMessage,
        };
        prompter.form = prompter.try_form();
        prompter
    }

    /// Compares ids put together with ids of the whole text, for a conversation made up here.
    fn try_form(&self) -> Form {
        let texts = [
            (Role::System, "Be brief."),
            (Role::User, "Hello, who are you?"),
            (Role::Assistant, "I am Janet."),
            (Role::User, "What is 17 + 4?"),
        ];
        let fits = |texts: &[(Role, &str)]| {
            let messages: Vec<Message> = texts
                .iter()
                .map(|(role, text)| Message::new(*role, *text))
                .collect();
            let apart = self.per_message(&messages).ok()??;
            let arranged = self.manners.arrange(texts);
            let whole = borrowed(&arranged.pairs);
            let whole = self.template.render(&whole, Opening::Answer).ok()?;
            Some(apart.concat() == self.encode(&whole).ok()?)
        };
        match fits(&texts).or_else(|| fits(&texts[1..])) {
            Some(true) => Form::PerMessage,
            _ => Form::Whole,
        }
    }

    /// The ids of the conversation up to where the answer begins.
    pub(super) fn prompt(&self, messages: &[Message]) -> Result<Prompt, ModelError> {
        self.check(messages)?;
        let mut kept = self.keep(messages)?;
        loop {
            let prompt = self.assemble(&kept)?;
            if prompt.ids.len() <= self.budget {
                return Ok(prompt);
            }
            if !drop_oldest(&mut kept) {
                return Err(ModelError::TooLong {
                    tokens: prompt.ids.len(),
                    limit: self.budget,
                });
            }
        }
    }

    /// The ids of the whole conversation: one that does not fit is refused instead of shortened.
    pub(super) fn whole(&self, messages: &[Message]) -> Result<Prompt, ModelError> {
        let too_long = |tokens| {
            let limit = self.budget;
            Err(ModelError::TooLong { tokens, limit })
        };
        let lengths = messages.iter().map(|m| self.tokens.at_least(m.text.len()));
        // What certainly does not fit need not be counted exactly.
        let least = lengths.sum();
        if least > self.budget {
            return too_long(least);
        }
        self.check(messages)?;
        let prompt = self.assemble(messages)?;
        if prompt.ids.len() > self.budget {
            return too_long(prompt.ids.len());
        }
        Ok(prompt)
    }

    /// The part of a prompt that will not change when the user's text goes on after `partial`.
    pub(super) fn beginning(
        &self,
        messages: &[Message],
        partial: &str,
    ) -> Result<Prompt, ModelError> {
        // Any text shows where the template puts the user's words.
        let probe = if partial.trim().is_empty() {
            "x"
        } else {
            partial
        };
        let mut messages = messages.to_vec();
        messages.push(Message::new(Role::User, probe));
        let prompt = self.prompt(&messages)?;
        let mut ended = prompt.clone();
        let shown = self.defuse(probe);
        let mut tail = prompt.ids.len();
        // The words' ids are the last that spell them; everything from there on may change.
        let mut text = Vec::new();
        while tail > prompt.system && !contains(&text, shown.trim().as_bytes()) {
            tail -= 1;
            text.splice(0..0, self.tokens.bytes(prompt.ids[tail]).iter().copied());
        }
        if probe == partial {
            let words = self.encode_inner(shown.trim_end())?.len();
            tail = (tail + words).min(prompt.ids.len());
        }
        // The last token may grow when more text follows.
        ended
            .ids
            .truncate(tail.saturating_sub(1).max(prompt.system.min(tail)));
        Ok(ended)
    }

    fn check(&self, messages: &[Message]) -> Result<(), ModelError> {
        let Some(last) = messages.last() else {
            return Err(ModelError::Input {
                what: "messages",
                reason: "there is none".to_owned(),
            });
        };
        let fixed = messages.iter().take_while(|m| m.role == Role::System);
        let length = fixed.map(|m| m.text.len()).sum::<usize>() + last.text.len();
        let least = self.tokens.at_least(length);
        if least > self.budget {
            return Err(ModelError::TooLong {
                tokens: least,
                limit: self.budget,
            });
        }
        Ok(())
    }

    /// Leaves out old messages until the rest fits, in steps of a quarter of the budget: so the
    /// beginning stays the same for many turns and with it the cache.
    fn keep(&self, messages: &[Message]) -> Result<Vec<Message>, ModelError> {
        let mut kept = messages.to_vec();
        // What certainly does not fit need not be counted exactly.
        while kept
            .iter()
            .map(|m| self.tokens.at_least(m.text.len()))
            .sum::<usize>()
            > self.budget
        {
            if !drop_oldest(&mut kept) {
                break;
            }
        }
        let lengths = self.lengths(&kept)?;
        let total: usize = lengths.iter().sum();
        if total <= self.budget {
            return Ok(kept);
        }
        let quarter = (self.budget / 4).max(1);
        let goal = (total - self.budget).div_ceil(quarter) * quarter;
        let first = systems(&kept);
        let mut dropped = 0;
        let mut count = 0;
        while dropped < goal && first + count + 1 < kept.len() {
            dropped += lengths[first + count];
            count += 1;
        }
        kept.drain(first..first + count);
        // A conversation begins with the user, or some templates refuse it.
        while kept.get(first).is_some_and(|m| m.role == Role::Assistant) && drop_oldest(&mut kept) {
        }
        Ok(kept)
    }

    /// Tokens per message, and last those of the answer's opening.
    fn lengths(&self, messages: &[Message]) -> Result<Vec<usize>, ModelError> {
        if let Some(parts) = self.per_message(messages)? {
            return Ok(parts.iter().map(Vec::len).collect());
        }
        // The frame around a message takes a few tokens; the exact count is checked afterwards.
        messages
            .iter()
            .map(|m| Ok(self.encode_inner(&m.text)?.len() + 8))
            .collect()
    }

    fn assemble(&self, messages: &[Message]) -> Result<Prompt, ModelError> {
        let (ids, system) = self.ids(messages)?;
        let mut prompt = Prompt {
            ids,
            system,
            shared: system,
        };
        if let Some(messages) = without_own(messages) {
            // As far as it is the same without the conversation's own part: whole tokens, wherever
            // the template puts them.
            let (ids, system) = self.ids(&messages).unwrap_or_default();
            prompt.shared = common(&ids[..system], &prompt.ids[..prompt.system]);
        }
        Ok(prompt)
    }

    /// The ids of these messages, and how many of them come from the system's.
    fn ids(&self, messages: &[Message]) -> Result<(Vec<u32>, usize), ModelError> {
        let systems = systems(messages);
        if let Some(parts) = self.per_message(messages)? {
            let system = parts[..systems].iter().map(Vec::len).sum();
            return Ok((parts.concat(), system));
        }
        let shown = self.shown(messages);
        let arranged = self.arrange(messages, &shown);
        let pairs = borrowed(&arranged.pairs);
        let whole = self.template.render(&pairs, Opening::Answer)?;
        let ids = self.encode(&whole)?;
        // What the system says is shared between conversations where it can be told apart.
        let head = match &arranged.lead {
            _ if systems == 0 => None,
            Some(lead) => whole.find(lead.as_str()).map(|at| at + lead.len()),
            None => {
                let head = self.template.render(&pairs[..systems], Opening::None);
                head.ok()
                    .filter(|head| whole.starts_with(head.as_str()))
                    .map(|head| head.len())
            }
        };
        let system = match head {
            Some(head) => self.encode(&whole[..head])?,
            None => Vec::new(),
        };
        let system = if ids.starts_with(&system) {
            system.len()
        } else {
            0
        };
        Ok((ids, system))
    }

    /// Ids per message and last those of the answer's opening; `None` if the template's text for
    /// some messages does not begin with its text for fewer.
    fn per_message(&self, messages: &[Message]) -> Result<Option<Vec<Vec<u32>>>, ModelError> {
        if self.form == Form::Whole {
            return Ok(None);
        }
        let shown = self.shown(messages);
        let arranged = self.arrange(messages, &shown);
        // Where messages are put before one, that one's text is two messages' text.
        let folded = arranged.lead.as_ref().map_or(0, |_| systems(messages));
        if arranged.merged || arranged.pairs.len() + folded != messages.len() {
            return Ok(None);
        }
        let pairs = borrowed(&arranged.pairs);
        let mut parts = vec![Vec::new(); folded];
        let mut before = String::new();
        for (n, message) in messages[folded..].iter().enumerate() {
            // A template may refuse a part of a conversation that it accepts as a whole.
            let Ok(text) = self.template.render(&pairs[..=n], Opening::None) else {
                return Ok(None);
            };
            let Some(mut part) = text.strip_prefix(&before) else {
                return Ok(None);
            };
            if n == 0
                && let Some(lead) = &arranged.lead
                && let Some(last) = parts.last_mut()
            {
                let Some(at) = part.find(lead.as_str()) else {
                    return Ok(None);
                };
                let (system, words) = part.split_at(at + lead.len());
                *last = self.encode_inner(system)?;
                part = words;
            }
            parts.push(self.encode_message(part, message, &shown[folded + n])?);
            before = text;
        }
        let text = self.template.render(&pairs, Opening::Answer)?;
        let Some(part) = text.strip_prefix(&before) else {
            return Ok(None);
        };
        parts.push(self.encode_inner(part)?);
        if let Some(bos) = self.tokens.bos
            && let Some(first) = parts.iter_mut().find(|part| !part.is_empty())
            && first.first() != Some(&bos)
        {
            first.insert(0, bos);
        }
        Ok(Some(parts))
    }

    /// The messages' texts as they may be put into a template.
    fn shown<'a>(&self, messages: &'a [Message]) -> Vec<Cow<'a, str>> {
        messages.iter().map(|m| self.defuse(&m.text)).collect()
    }

    fn arrange(&self, messages: &[Message], shown: &[Cow<'_, str>]) -> Arranged {
        let texts = messages.iter().zip(shown);
        let texts: Vec<(Role, &str)> = texts.map(|(m, text)| (m.role, &**text)).collect();
        self.manners.arrange(&texts)
    }

    /// Encodes one message's part of the text, with its own ids where they agree with it.
    fn encode_message(
        &self,
        part: &str,
        message: &Message,
        shown: &str,
    ) -> Result<Vec<u32>, ModelError> {
        let Some(ids) = message.ids.as_deref().filter(|_| shown == message.text) else {
            return self.encode_inner(part);
        };
        let Some(at) = part.find(shown).filter(|_| !shown.is_empty()) else {
            return self.encode_inner(part);
        };
        let mut rest = shown.as_bytes();
        let mut count = 0;
        for id in ids {
            let bytes = self.tokens.bytes(*id);
            match rest.strip_prefix(bytes) {
                Some(left) if !bytes.is_empty() => rest = left,
                _ => break,
            }
            count += 1;
        }
        // The rest has to begin at a character; a token that holds only half of one is left out.
        let mut length = rest.len();
        while count > 0 && !shown.is_char_boundary(shown.len() - length) {
            count -= 1;
            length += self.tokens.bytes(ids[count]).len();
        }
        if count == 0 {
            return self.encode_inner(part);
        }
        let mut all = self.encode_inner(&part[..at])?;
        all.extend_from_slice(&ids[..count]);
        // What follows the words belongs to the frame, unless words are left over.
        let rest = &part[at + shown.len() - length..];
        if !rest.is_empty() {
            all.extend(self.tokens.encode_on(rest)?);
        }
        Ok(all)
    }

    /// Breaks up texts that would be read as control tokens, so that nobody can speak as
    /// somebody else from inside a message.
    fn defuse<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let controls = self.tokens.controls_for(text);
        let mut text = Cow::Borrowed(text);
        for control in controls {
            if !text.contains(control.as_str()) {
                continue;
            }
            let mut broken = String::with_capacity(control.len() + 3);
            for (n, c) in control.chars().enumerate() {
                broken.push(c);
                if n == 0 {
                    broken.push('\u{200b}');
                }
            }
            text = Cow::Owned(text.replace(control.as_str(), &broken));
        }
        text
    }

    fn encode(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        let mut ids = self.encode_inner(text)?;
        if let Some(bos) = self.tokens.bos
            && ids.first() != Some(&bos)
        {
            ids.insert(0, bos);
        }
        Ok(ids)
    }

    fn encode_inner(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        if text.is_empty() {
            return Ok(Vec::new());
        }
        self.tokens.encode(text)
    }
}

/// How many messages at the beginning are the system's.
fn systems(messages: &[Message]) -> usize {
    let first = messages.iter();
    first.take_while(|m| m.role == Role::System).count()
}

/// The system's messages less what is one conversation's own, and the last message, without which
/// some templates say nothing; `None` where nothing is its own.
fn without_own(messages: &[Message]) -> Option<Vec<Message>> {
    let (fixed, rest) = messages.split_at(systems(messages));
    fixed.iter().find(|message| message.own_from.is_some())?;
    let shared = fixed.iter().map(|message| {
        let own_from = message.own_from.unwrap_or(message.text.len());
        let text = message.text.get(..own_from).unwrap_or_default();
        Message::new(message.role, text)
    });
    Some(shared.chain(rest.last().cloned()).collect())
}

fn borrowed(pairs: &[(Role, String)]) -> Vec<(Role, &str)> {
    let pairs = pairs.iter();
    pairs.map(|(role, text)| (*role, text.as_str())).collect()
}

/// Removes the oldest message that is neither the system's nor the last; whether there was one.
fn drop_oldest(messages: &mut Vec<Message>) -> bool {
    let first = systems(messages);
    let droppable = first + 1 < messages.len();
    if droppable {
        messages.remove(first);
    }
    droppable
}

fn contains(text: &[u8], what: &[u8]) -> bool {
    !what.is_empty() && text.windows(what.len()).any(|window| window == what)
}
