//! The short note that stands for the beginning of a long conversation.
//!
//! Pure: decides what is summed up and whether a summary is good enough; who makes it is
//! [`super::digesting`]'s. The conversation itself is never changed by it: without a note, prompts
//! hold everything, and what does not fit is left out by whoever answers.

use std::time::Duration;

use janet_models::llm::{Message, Role};
use janet_talk::{Mono, ReplyId};

use super::posted::What;
use super::thoughts::Thoughts;
use crate::arbiter::Ticket;
use crate::ports::Gate;

/// Nothing has happened for this long: nobody is about to go on.
const QUIET: Duration = Duration::from_millis(800);
/// Of the context's bytes so many quarters are filled before anything is summed up.
const FULL_QUARTERS: usize = 3;
/// Text that fits a token, as it is judged for a language server.
const BYTES_PER_TOKEN: usize = 3;
/// The newest messages stay as they are, if they are not long.
const KEPT: usize = 6;
/// Bytes of a note at most; less where the context is small.
const LONGEST_NOTE: usize = 600;
/// After a summary that was no good so many messages pass before the next is asked for.
const PATIENCE: u64 = 4;
/// What the model is told of a note.
const HEAD: &str = "Earlier in this conversation: ";
/// What no summary holds: frames of chats, and names of speakers.
const MARKUP: [&str; 9] = [
    "<|",
    "|>",
    "<start_of",
    "<end_of",
    "[INST",
    "[/INST",
    "<s>",
    "</s>",
    "###",
];
const SPEAKERS: [&str; 5] = ["user:", "assistant:", "system:", "janet:", "model:"];

/// A request that fails may have been too long, where few bytes fit a token: the next one is half
/// as long, down to an eighth.
const HALVINGS: u32 = 3;

/// A session's note and the work on the next one.
pub(super) struct Digest {
    /// Bytes of text from which on it is worth it.
    limit: usize,
    /// How often the request was halved.
    halved: u32,
    note: Option<Note>,
    work: Option<Work>,
    /// Messages remembered so far, and with how many to look again.
    said: u64,
    look_at: u64,
    /// Since when nothing has happened that a summary has to wait for.
    quiet_since: Mono,
    asked: u32,
}

struct Note {
    text: String,
    /// Messages that it stands for, the system's not counted.
    covers: usize,
}

struct Work {
    reply: ReplyId,
    ticket: Ticket,
    covers: usize,
    /// Bytes that it makes dispensable.
    replaces: usize,
    text: String,
    thoughts: Thoughts,
}

/// A summary that should be made.
#[derive(Debug)]
pub(super) struct Plan {
    /// Under this id its text comes back.
    pub(super) reply: ReplyId,
    /// What the model is asked.
    pub(super) messages: Vec<Message>,
    /// Tokens of it at most.
    pub(super) max_tokens: usize,
    covers: usize,
    replaces: usize,
}

impl Digest {
    pub(super) fn new(context_tokens: usize) -> Self {
        Self {
            limit: limit(context_tokens),
            halved: 0,
            note: None,
            work: None,
            said: 0,
            look_at: 0,
            quiet_since: Mono::ZERO,
            asked: 0,
        }
    }

    /// Who would answer now reads so many tokens.
    pub(super) fn reckon_with(&mut self, context_tokens: usize) {
        self.limit = limit(context_tokens);
    }

    /// What a model is told: the system's message with the note, and what the note leaves out.
    pub(super) fn prompt(&self, history: &[Message]) -> Vec<Message> {
        let (Some(note), Some((system, rest))) = (&self.note, history.split_first()) else {
            return history.to_vec();
        };
        let text = format!("{}\n\n{HEAD}{}", system.text, note.text);
        let mut messages = vec![Message::new(system.role, text)];
        // The system prompt is kept for all conversations, the note for nobody else.
        messages[0].own_from = Some(system.text.len());
        messages.extend_from_slice(&rest[note.covers.min(rest.len())..]);
        messages
    }

    /// A message was added to the history, and `dropped` of the oldest left it.
    pub(super) fn remembered(&mut self, dropped: usize) {
        self.said += 1;
        for covers in [
            self.note.as_mut().map(|note| &mut note.covers),
            self.work.as_mut().map(|work| &mut work.covers),
        ]
        .into_iter()
        .flatten()
        {
            *covers = covers.saturating_sub(dropped);
        }
    }

    /// Something happens: it is not quiet before some time has passed.
    pub(super) fn disturb(&mut self, now: Mono) {
        self.quiet_since = now;
    }

    /// Whether it has been quiet for long enough to sum anything up.
    pub(super) fn is_quiet(&self, now: Mono) -> bool {
        now.since(self.quiet_since) >= QUIET
    }

    /// What should be summed up now, if anything. Cheap while nothing was said since it was asked
    /// last.
    pub(super) fn due(&mut self, history: &[Message], gate: &dyn Gate) -> Option<Plan> {
        if self.work.is_some() || self.said < self.look_at {
            return None;
        }
        self.look_at = self.said + 1;
        let (_, all) = history.split_first()?;
        let (known, before) = match &self.note {
            Some(note) => (note.covers.min(all.len()), note.text.as_str()),
            None => (0, ""),
        };
        let rest = &all[known..];
        let weight = before.len() + rest.iter().map(|m| m.text.len()).sum::<usize>();
        if weight <= self.limit {
            return None;
        }
        let old = &rest[..rest.len() - kept(rest, self.limit / 3)];
        if old.len() < 2 {
            return None;
        }
        // In portions, the oldest first: what no note covers stays in the prompts.
        let room = self.limit.saturating_sub(before.len()) >> self.halved;
        let (portion, lines) = portion(old, room);
        let replaces = before.len() + portion.iter().map(|m| m.text.len()).sum::<usize>();
        let mut text = String::new();
        if !before.is_empty() {
            text = format!("{HEAD}{before}\n");
        }
        text += &lines;
        let request = format!(
            "Sum up this conversation in two or three short sentences. Keep names, numbers and \
             what was agreed. Write the summary and nothing else.\n\n{}",
            gate.redact(&text)
        );
        self.asked = self.asked.wrapping_add(1);
        Some(Plan {
            // From the far end: attempts at answers count up from somewhere in the lowest quarter.
            reply: ReplyId(u32::MAX - self.asked % 0x1_0000),
            messages: vec![
                Message::new(Role::System, "You sum up conversations."),
                Message::new(Role::User, request),
            ],
            max_tokens: self.longest() / BYTES_PER_TOKEN,
            covers: known + portion.len(),
            replaces,
        })
    }

    /// Somebody makes it now.
    pub(super) fn begin(&mut self, plan: &Plan, ticket: Ticket) {
        self.work = Some(Work {
            reply: plan.reply,
            ticket,
            covers: plan.covers,
            replaces: plan.replaces,
            text: String::new(),
            thoughts: Thoughts::default(),
        });
    }

    /// Nobody can make it at the moment: it is looked at again, but not at once. To look is work
    /// where much was said.
    pub(super) fn put_off(&mut self, now: Mono) {
        self.look_at = self.said;
        self.quiet_since = now;
    }

    /// Gives up what is being made, for now; whether there was something.
    pub(super) fn stop(&mut self) -> bool {
        let Some(work) = self.work.take() else {
            return false;
        };
        work.ticket.cancel();
        self.look_at = self.said;
        true
    }

    /// Takes what came under a plan's id; `false`: it is not for a summary. What comes of one
    /// that was given up is taken and thrown away.
    pub(super) fn take(&mut self, reply: ReplyId, what: &What, gate: &dyn Gate) -> bool {
        if reply.0 <= u32::MAX - 0x1_0000 {
            return false;
        }
        let longest = self.longest();
        let Some(work) = self.work.as_mut().filter(|work| work.reply == reply) else {
            return true;
        };
        match what {
            What::Token(text) => {
                work.text += &work.thoughts.pass(text);
                if work.text.len() > 8 * longest {
                    // It will not end where it should.
                    work.ticket.cancel();
                    self.end(None);
                }
            }
            What::Generated { finish, .. } => {
                work.text += &work.thoughts.end();
                let complete = *finish == janet_talk::Finish::Complete;
                let good = usable(&work.text, complete, longest, work.replaces);
                let note = good.map(|text| Note {
                    text: gate.redact(&text).into_owned(),
                    covers: work.covers,
                });
                self.end(note);
            }
            What::Failed(_) => {
                self.halved = HALVINGS.min(self.halved + 1);
                self.end(None);
            }
            _ => {}
        }
        true
    }

    fn end(&mut self, note: Option<Note>) {
        self.work = None;
        let outcome = if note.is_some() { "made" } else { "refused" };
        metrics::counter!("janet_conversation_notes_total", "outcome" => outcome).increment(1);
        match note {
            Some(note) => {
                (self.note, self.halved) = (Some(note), 0);
                // There may be another portion.
                self.look_at = self.said;
            }
            None => self.look_at = self.said + PATIENCE,
        }
    }

    fn longest(&self) -> usize {
        LONGEST_NOTE.min(self.limit / 4)
    }
}

/// What a prompt may hold before anything is summed up, in bytes.
fn limit(context_tokens: usize) -> usize {
    context_tokens * BYTES_PER_TOKEN * FULL_QUARTERS / 4
}

/// Who is named as having said it.
fn speaker(message: &Message) -> &'static str {
    match message.role {
        Role::Assistant => "Janet",
        Role::User | Role::System => "User",
    }
}

/// The oldest messages that fit as lines into so many bytes, up to where the user speaks: what a
/// note covers ends with an answer. The first such part is taken in any case, each of its lines cut
/// to its share where they do not fit.
fn portion(old: &[Message], room: usize) -> (&[Message], String) {
    let lines = |count: usize, each: usize| -> String {
        let lines = old[..count].iter().map(|message| {
            let text = message.text.trim();
            let text = &text[..text.floor_char_boundary(each)];
            format!("{}: {text}\n", speaker(message))
        });
        lines.collect()
    };
    let ends = |count: &usize| old.get(*count).is_none_or(|next| next.role == Role::User);
    let mut ends = (1..=old.len()).filter(ends);
    let first = ends.next().unwrap_or(old.len());
    let whole = |count: usize| Some(lines(count, usize::MAX)).filter(|lines| lines.len() <= room);
    let Some(mut taken) = whole(first) else {
        return (&old[..first], lines(first, room / first.max(1)));
    };
    let mut count = first;
    for more in ends {
        match whole(more) {
            Some(lines) => (count, taken) = (more, lines),
            None => break,
        }
    }
    (&old[..count], taken)
}

/// How many of the newest messages stay: the last two in any case, more while they are few and
/// short; the first of them the user's.
fn kept(messages: &[Message], room: usize) -> usize {
    let mut bytes = 0;
    let newest = messages.iter().rev().take(KEPT).enumerate();
    let count = newest
        .take_while(|(n, message)| {
            bytes += message.text.len();
            *n < 2 || bytes <= room
        })
        .count();
    let first = messages.len() - count;
    let user = messages[first..].iter().position(|m| m.role == Role::User);
    count - user.unwrap_or(0)
}

/// The summary as it may be used, if it may.
fn usable(text: &str, complete: bool, longest: usize, replaces: usize) -> Option<String> {
    let marked = MARKUP.iter().any(|mark| text.contains(mark));
    let speaks = text.lines().any(|line| {
        let line = line.trim_start().to_lowercase();
        SPEAKERS.iter().any(|speaker| line.starts_with(speaker))
    });
    if marked || speaks {
        return None;
    }
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if !complete || text.len() > longest {
        // As far as whole sentences go.
        let ends = text.char_indices().filter(|(at, c)| {
            let behind = text.as_bytes().get(at + c.len_utf8());
            matches!(c, '.' | '!' | '?' | '。') && behind.is_none_or(|next| *next == b' ')
        });
        let ends = ends.map(|(at, c)| at + c.len_utf8());
        let end = ends.take_while(|end| *end <= longest).last()?;
        text.truncate(end);
    }
    (text.chars().any(char::is_alphanumeric) && text.len() < replaces).then_some(text)
}

#[cfg(test)]
#[path = "digest_test.rs"]
mod tests;
