//! The desk itself: the questions that are open, and what becomes of them.

use std::sync::Arc;

use super::question::{Again, AnswerError, By, DeskError, Outcome};
use super::{
    Action, Answer, Consent, ConsentId, Grant, GrantError, GrantId, Grants, Heard, How, Needs, Out,
    Request, Spoken, Standing, Verdict, Written, judge,
};
use crate::conversations::ConversationId;
use crate::identity::Identity;
use crate::red_thread::{Pulled, RedThread};

/// So much silence is a no.
pub const SILENCE_MS: u64 = 30_000;
/// Open questions; more is refused.
pub const MOST_OPEN: usize = 16;
/// Callers on two threads may be told the time in another order; a clock that is set back further ends
/// what is open, since nobody knows how long it has been.
const CLOCK_SLACK_MS: u64 = 1_000;

/// Asks, listens, and gives consents.
#[derive(Debug)]
pub struct Desk {
    identity: Arc<Identity>,
    thread: Arc<RedThread>,
    grants: Grants,
    /// The oldest first.
    open: Vec<Question>,
}

#[derive(Debug)]
struct Question {
    id: ConsentId,
    request: Request,
    needs: Needs,
    asked_ms: u64,
    expires_ms: u64,
    /// When the prompt was heard to its end.
    played_ms: Option<u64>,
    asked_again: bool,
}

impl Desk {
    /// With no question open: those of the last process are gone, and nothing was granted by them.
    pub const fn new(identity: Arc<Identity>, thread: Arc<RedThread>, grants: Grants) -> Self {
        Self {
            identity,
            thread,
            grants,
            open: Vec::new(),
        }
    }

    /// Asks. Answered at once where a standing grant counts.
    pub fn request(
        &mut self,
        now_ms: u64,
        request: Request,
        out: &mut Vec<Out>,
    ) -> Result<ConsentId, DeskError> {
        self.handle_timeout(now_ms, out);
        self.thread.pass().map(drop)?;
        let id = random()?;
        let needs = request.needs.max(request.action.needs());
        if let Some(grant) = self.standing(&request) {
            self.grant(id, request, How::StandingGrant(grant), now_ms, out);
            return Ok(id);
        }
        let here = |question: &Question| {
            request.conversation.is_some() && question.request.conversation == request.conversation
        };
        if self.open.iter().any(here) {
            return Err(DeskError::Open);
        }
        if self.open.len() >= MOST_OPEN {
            return Err(DeskError::Busy);
        }
        let question = Question {
            id,
            request,
            needs,
            asked_ms: now_ms,
            expires_ms: now_ms.saturating_add(SILENCE_MS),
            played_ms: None,
            asked_again: false,
        };
        question.ask(None, out);
        self.open.push(question);
        Ok(id)
    }

    /// Granted by a standing grant or not at all: whoever could be asked has left.
    pub fn by_grant(
        &mut self,
        now_ms: u64,
        request: Request,
        out: &mut Vec<Out>,
    ) -> Result<ConsentId, DeskError> {
        self.handle_timeout(now_ms, out);
        self.thread.pass().map(drop)?;
        let name = request.action.name();
        let grant = self.standing(&request).ok_or(DeskError::NoGrant(name))?;
        let id = random()?;
        self.grant(id, request, How::StandingGrant(grant), now_ms, out);
        Ok(id)
    }

    /// The operator's own words were the yes: "remember this". For [`Action::by_command`] alone.
    pub fn command(
        &mut self,
        now_ms: u64,
        request: Request,
        out: &mut Vec<Out>,
    ) -> Result<ConsentId, DeskError> {
        self.handle_timeout(now_ms, out);
        self.thread.pass().map(drop)?;
        if !request.action.by_command() || request.needs > Needs::AnyAnswer {
            return Err(DeskError::NoCommand(request.action.name()));
        }
        let id = random()?;
        self.grant(id, request, How::Command, now_ms, out);
        Ok(id)
    }

    /// The spoken question was heard to its end: from here on a spoken yes counts.
    pub fn prompt_played(&mut self, id: ConsentId, now_ms: u64) {
        if let Some(question) = self.open.iter_mut().find(|question| question.id == id) {
            question.played_ms.get_or_insert(now_ms);
        }
    }

    /// An answer that names its question. The first that counts is the only one.
    pub fn answer(
        &mut self,
        id: ConsentId,
        answer: Answer,
        now_ms: u64,
        out: &mut Vec<Out>,
    ) -> Result<(), AnswerError> {
        self.handle_timeout(now_ms, out);
        let place = self
            .open
            .iter()
            .position(|question| question.id == id && question.request.operator == answer.operator)
            .ok_or(AnswerError::Unknown)?;
        if !answer.granted {
            self.close(place, Outcome::Denied, out);
            return Ok(());
        }
        let (how, gives) = match answer.by {
            By::Click => (How::Click, Needs::ClickOrSafeWord),
            By::Message => (How::Message, Needs::AnyAnswer),
            By::SafeWord(proof) if proof.holds(&answer.operator, now_ms) => {
                (How::SafeWord, Needs::SafeWord)
            }
            By::SafeWord(_) => return Err(AnswerError::Proof),
        };
        let needs = self.open[place].needs;
        if gives < needs {
            return Err(AnswerError::Needs(needs));
        }
        Ok(self.yes(place, how, now_ms, out)?)
    }

    /// What was said in a conversation, to its end.
    pub fn spoken(&mut self, words: Spoken<'_>, now_ms: u64, out: &mut Vec<Out>) -> Heard {
        let Some(place) = self.asked_in(words.operator, words.conversation, now_ms, out) else {
            return Heard::NotForUs;
        };
        let question = &self.open[place];
        let heard_out = question
            .played_ms
            .is_some_and(|played| played <= words.began_ms);
        self.judged(
            place,
            words.words.expose(),
            How::Spoken,
            heard_out,
            now_ms,
            out,
        )
    }

    /// What was typed in a conversation, whole.
    pub fn written(&mut self, words: Written<'_>, now_ms: u64, out: &mut Vec<Out>) -> Heard {
        let Some(place) = self.asked_in(words.operator, words.conversation, now_ms, out) else {
            return Heard::NotForUs;
        };
        self.judged(place, words.words.expose(), How::Message, true, now_ms, out)
    }

    /// Every open question is over: the red thread was pulled.
    pub fn withdraw_all(&mut self, out: &mut Vec<Out>) {
        while !self.open.is_empty() {
            self.close(0, Outcome::Withdrawn, out);
        }
    }

    /// Who asked has gone, or was revoked: nobody is left to answer.
    pub fn withdraw_of(&mut self, operator: &str, out: &mut Vec<Out>) {
        while let Some(place) = self.place(|question| question.request.operator == operator) {
            self.close(place, Outcome::Withdrawn, out);
        }
    }

    /// One question is of no more use (the transfer was cancelled).
    pub fn withdraw(&mut self, id: ConsentId, out: &mut Vec<Out>) {
        if let Some(place) = self.place(|question| question.id == id) {
            self.close(place, Outcome::Withdrawn, out);
        }
    }

    /// The open question of a conversation, for clients whose answers name the conversation alone.
    pub fn open_in(&self, conversation: ConversationId) -> Option<ConsentId> {
        self.place(|question| question.request.conversation == Some(conversation))
            .map(|place| self.open[place].id)
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<u64> {
        self.open.iter().map(|question| question.expires_ms).min()
    }

    /// Ends what nobody answered. Every input does the same first, so that a late timer opens nothing.
    pub fn handle_timeout(&mut self, now_ms: u64, out: &mut Vec<Out>) {
        if self.thread.state().active {
            return self.withdraw_all(out);
        }
        while let Some(place) = self.place(|question| question.is_over(now_ms)) {
            self.close(place, Outcome::Expired, out);
        }
    }

    /// The standing grants, the oldest first.
    pub fn grants(&self) -> &[Grant] {
        self.grants.list()
    }

    /// Adds a standing grant, by a consent to [`Action::NewGrant`] on [`Grants::subject`].
    pub fn add_grant(&mut self, consent: Consent, action: &Action) -> Result<Grant, AddGrantError> {
        let pass = self.thread.pass()?;
        Ok(self.grants.add(&pass, consent, action)?)
    }

    /// Takes a standing grant back; this needs no consent.
    pub fn revoke_grant(&mut self, id: GrantId) -> Result<Grant, GrantError> {
        self.grants.revoke(id)
    }

    /// Takes back what a device granted that was itself revoked.
    pub fn revoke_grants_of(&mut self, operator: &str) -> Result<Vec<Grant>, GrantError> {
        self.grants.revoke_of(operator)
    }

    /// The standing grant that answers a request, if one does.
    fn standing(&self, request: &Request) -> Option<GrantId> {
        let needs = request.needs.max(request.action.needs());
        let counts = needs == Needs::AnyAnswer && request.standing == Standing::Counts;
        counts.then(|| self.grants.of(&request.action)).flatten()
    }

    fn place(&self, is_it: impl Fn(&Question) -> bool) -> Option<usize> {
        self.open.iter().position(is_it)
    }

    fn asked_in(
        &mut self,
        operator: &str,
        conversation: ConversationId,
        now_ms: u64,
        out: &mut Vec<Out>,
    ) -> Option<usize> {
        self.handle_timeout(now_ms, out);
        self.place(|question| {
            question.request.conversation == Some(conversation)
                && question.request.operator == operator
        })
    }

    fn judged(
        &mut self,
        place: usize,
        words: &str,
        how: How,
        heard_out: bool,
        now_ms: u64,
        out: &mut Vec<Out>,
    ) -> Heard {
        let why = match judge(words) {
            Verdict::Unrelated => return Heard::NotForUs,
            Verdict::No => {
                self.close(place, Outcome::Denied, out);
                return Heard::Taken;
            }
            Verdict::Unclear => Again::Unclear,
            Verdict::Yes if self.open[place].needs > Needs::AnyAnswer => Again::NotByVoice,
            Verdict::Yes if !heard_out => Again::TooSoon,
            Verdict::Yes => {
                // Should the thread have been pulled in this very moment, the question is withdrawn.
                let (Ok(()) | Err(Pulled)) = self.yes(place, how, now_ms, out);
                return Heard::Taken;
            }
        };
        let question = &mut self.open[place];
        if !question.asked_again {
            question.asked_again = true;
            question.expires_ms = now_ms.saturating_add(SILENCE_MS);
            question.ask(Some(why), out);
        }
        Heard::Taken
    }

    fn yes(
        &mut self,
        place: usize,
        how: How,
        now_ms: u64,
        out: &mut Vec<Out>,
    ) -> Result<(), Pulled> {
        if let Err(pulled) = self.thread.pass().map(drop) {
            self.withdraw_all(out);
            return Err(pulled);
        }
        let Question { id, request, .. } = self.open.remove(place);
        self.grant(id, request, how, now_ms, out);
        Ok(())
    }

    fn grant(&self, id: ConsentId, request: Request, how: How, now_ms: u64, out: &mut Vec<Out>) {
        out.push(Out::Closed {
            id,
            operator: request.operator.clone(),
            conversation: request.conversation,
            action: request.action.clone(),
            outcome: Outcome::Granted(how),
        });
        let consent = Consent::new(
            &self.identity,
            request.action,
            how,
            &request.operator,
            now_ms,
            request.subject,
            id.0,
        );
        out.push(Out::Granted { id, consent });
    }

    fn close(&mut self, place: usize, outcome: Outcome, out: &mut Vec<Out>) {
        let Question { id, request, .. } = self.open.remove(place);
        out.push(Out::Closed {
            id,
            operator: request.operator,
            conversation: request.conversation,
            action: request.action,
            outcome,
        });
    }
}

/// Why there is no new standing grant.
#[derive(Debug, thiserror::Error)]
pub enum AddGrantError {
    /// The red thread was pulled.
    #[error(transparent)]
    Pulled(#[from] Pulled),
    /// Anything else.
    #[error(transparent)]
    Grant(#[from] GrantError),
}

impl Question {
    /// Shows it with the time that is left, and says it where there is somebody to hear.
    fn ask(&self, again: Option<Again>, out: &mut Vec<Out>) {
        out.push(Out::Show {
            id: self.id,
            operator: self.request.operator.clone(),
            conversation: self.request.conversation,
            action: self.request.action.clone(),
            impact: self.request.impact.clone(),
            prompt: self.request.prompt.clone(),
            needs: self.needs,
            expires_ms: self.expires_ms,
        });
        if let Some(conversation) = self.request.conversation {
            out.push(Out::Speak {
                id: self.id,
                conversation,
                prompt: self.request.prompt.clone(),
                again,
            });
        }
    }

    const fn is_over(&self, now_ms: u64) -> bool {
        now_ms >= self.expires_ms || now_ms.saturating_add(CLOCK_SLACK_MS) < self.asked_ms
    }
}

fn random() -> Result<ConsentId, DeskError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| DeskError::Random)?;
    Ok(ConsentId(bytes))
}

#[cfg(test)]
#[path = "desk_test.rs"]
mod tests;

#[cfg(test)]
#[path = "desk_properties.rs"]
mod properties;
