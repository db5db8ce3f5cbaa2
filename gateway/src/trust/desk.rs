//! The desk in the running process: questions go out to connections, answers come back, time passes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use janet_protocol::{ConsentOutcome, ErrorCode, TrustEvent, WireError};
use janet_vault::audit::{Event, Id, Name};
use janet_vault::conversations::ConversationId;
use janet_vault::desk::{
    Action, Answer, AnswerError, By, Consent, ConsentId, Desk, DeskError, Heard, Needs, Out,
    Outcome, Request, Spoken, Written,
};
use janet_vault::red_thread::SafeWordProof;
use tokio::sync::{Notify, oneshot, watch};

use super::log::on_disk;
use super::{To, Told, Trust};
use crate::app::goes_down;
use crate::conversations::now_ms;

/// Nothing is open: somebody who asks wakes the clock up.
const NOTHING_OPEN: Duration = Duration::from_secs(3600);

/// Why nothing is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotGranted {
    /// The operator said no.
    #[error("the operator said no")]
    Denied,
    /// Nobody answered, which is a no.
    #[error("nobody answered within half a minute, which is a no")]
    Expired,
    /// The red thread was pulled, or whoever asked has gone.
    #[error("the question was withdrawn")]
    Withdrawn,
    /// It could not be asked.
    #[error(transparent)]
    Unasked(#[from] DeskError),
}

impl From<NotGranted> for WireError {
    fn from(not: NotGranted) -> Self {
        let code = match not {
            NotGranted::Unasked(DeskError::Pulled(_)) => ErrorCode::RedThread,
            NotGranted::Unasked(DeskError::Busy | DeskError::Open) => ErrorCode::Busy,
            NotGranted::Unasked(DeskError::Random) => ErrorCode::Internal,
            _ => ErrorCode::NotConsented,
        };
        Self::new(code, not.to_string())
    }
}

/// The desk and who waits at it.
pub(super) struct Counter {
    inner: Mutex<Inner>,
    /// A question more or less: the next time-out may be another one.
    changed: Notify,
}

struct Inner {
    desk: Desk,
    waiting: HashMap<ConsentId, Waiting>,
}

/// Who asked.
struct Waiting {
    /// The conversation, as clients call it.
    uuid: String,
    answer: oneshot::Sender<Result<Consent, NotGranted>>,
}

/// One of the ways to put a question.
type Ask = fn(&mut Desk, u64, Request, &mut Vec<Out>) -> Result<ConsentId, DeskError>;
/// Where its answer comes.
type Answered = oneshot::Receiver<Result<Consent, NotGranted>>;

/// Takes the question back when nobody waits for its answer any more.
struct Asked {
    trust: Arc<Trust>,
    id: ConsentId,
}

impl Drop for Asked {
    fn drop(&mut self) {
        let mut out = Vec::new();
        self.trust.counter.lock().desk.withdraw(self.id, &mut out);
        self.trust.settle(out);
    }
}

impl Counter {
    pub(super) fn new(desk: Desk) -> Self {
        Self {
            inner: Mutex::new(Inner {
                desk,
                waiting: HashMap::new(),
            }),
            changed: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Trust {
    /// Asks the operator and waits for the answer, half a minute at most (a minute where it was unclear).
    /// Dropping the future takes the question back.
    pub(crate) async fn ask(
        self: &Arc<Self>,
        request: Request,
        uuid: String,
    ) -> Result<Consent, NotGranted> {
        self.consent(request, uuid, Desk::request).await
    }

    /// The operator's own words, or click, were the yes.
    pub(crate) async fn commanded(
        self: &Arc<Self>,
        request: Request,
        uuid: String,
    ) -> Result<Consent, NotGranted> {
        self.consent(request, uuid, Desk::command).await
    }

    /// Granted by a standing grant, or not at all: nobody is there to be asked.
    pub(super) async fn by_grant(
        self: &Arc<Self>,
        request: Request,
        uuid: String,
    ) -> Result<Consent, NotGranted> {
        self.consent(request, uuid, Desk::by_grant).await
    }

    async fn consent(
        self: &Arc<Self>,
        request: Request,
        uuid: String,
        ask: Ask,
    ) -> Result<Consent, NotGranted> {
        let (_asked, answered) = self.put(request, uuid, ask)?;
        // The sender goes when the question is over, whichever way.
        answered.await.unwrap_or(Err(NotGranted::Withdrawn))
    }

    /// Asks, and answers with the safe word that was given with the wish.
    pub(crate) async fn by_safe_word(
        self: &Arc<Self>,
        request: Request,
        uuid: String,
        proof: SafeWordProof,
    ) -> Result<Consent, NotGranted> {
        let yes = Answer {
            operator: request.operator.clone(),
            granted: true,
            by: By::SafeWord(proof),
        };
        let (asked, answered) = self.put(request, uuid, Desk::request)?;
        if self.answer(asked.id, yes).is_err() {
            return Err(NotGranted::Denied);
        }
        answered.await.unwrap_or(Err(NotGranted::Withdrawn))
    }

    /// Puts a question to the desk; it is taken back when the first of both is dropped.
    fn put(
        self: &Arc<Self>,
        request: Request,
        uuid: String,
        ask: Ask,
    ) -> Result<(Asked, Answered), NotGranted> {
        let (answer, answered) = oneshot::channel();
        let mut out = Vec::new();
        let asked = {
            let mut inner = self.counter.lock();
            let asked = ask(&mut inner.desk, now_ms(), request, &mut out);
            if let Ok(id) = &asked {
                inner.waiting.insert(*id, Waiting { uuid, answer });
            }
            asked
        };
        let asked = asked.map(|id| Asked {
            trust: Arc::clone(self),
            id,
        });
        // Others' questions may have ended by it, also where this one was not put.
        self.settle(out);
        Ok((asked?, answered))
    }

    /// `consent_response`.
    pub(crate) fn answer(&self, id: ConsentId, answer: Answer) -> Result<(), WireError> {
        let mut out = Vec::new();
        let answered = self
            .counter
            .lock()
            .desk
            .answer(id, answer, now_ms(), &mut out);
        self.settle(out);
        answered.map_err(|error| {
            let code = match error {
                AnswerError::Unknown => ErrorCode::NotFound,
                AnswerError::Pulled(_) => ErrorCode::RedThread,
                AnswerError::Needs(_) | AnswerError::Proof => ErrorCode::NotConsented,
            };
            WireError::in_field(code, "consent_id", error.to_string())
        })
    }

    /// The questions that are open under this name of a conversation.
    pub(crate) fn open_in(&self, uuid: &str) -> Vec<ConsentId> {
        let inner = self.counter.lock();
        let open = inner.waiting.iter();
        open.filter(|(_, waiting)| waiting.uuid == uuid)
            .map(|(id, _)| *id)
            .collect()
    }

    /// Whether this question still waits for its answer.
    pub(crate) fn is_open(&self, id: ConsentId) -> bool {
        self.counter.lock().waiting.contains_key(&id)
    }

    /// Whether an answer is waited for in this conversation.
    pub(crate) fn is_asking_in(&self, conversation: ConversationId) -> bool {
        self.counter.lock().desk.open_in(conversation).is_some()
    }

    /// Words that were said in a conversation, if a question is open in it.
    pub(crate) fn spoken(&self, words: Spoken<'_>) -> Heard {
        let mut out = Vec::new();
        let heard = self.counter.lock().desk.spoken(words, now_ms(), &mut out);
        self.settle(out);
        heard
    }

    /// Words that were typed in a conversation, if a question is open in it.
    pub(crate) fn written(&self, words: Written<'_>) -> Heard {
        let mut out = Vec::new();
        let heard = self.counter.lock().desk.written(words, now_ms(), &mut out);
        self.settle(out);
        heard
    }

    /// The spoken question was heard to its end.
    pub(crate) fn prompt_played(&self, id: ConsentId) {
        self.counter.lock().desk.prompt_played(id, now_ms());
    }

    /// A device was shut out: its questions are over, and what it consented to once and for all is, too.
    pub(crate) fn forget_device(&self, device: &str) {
        let mut out = Vec::new();
        let revoked = on_disk(|| {
            self.with_desk(|desk| {
                desk.withdraw_of(device, &mut out);
                desk.revoke_grants_of(device)
            })
        });
        self.settle(out);
        match revoked {
            Ok(grants) => {
                for grant in grants {
                    let event = Event::GrantRevoked {
                        grant: Id(grant.id.0),
                        action: Name::new(&grant.action),
                        operator: Name::new(device),
                    };
                    self.note(&event).ok();
                }
            }
            Err(error) => tracing::error!(%error, "a device's standing consents are not revoked"),
        }
    }

    /// Every open question is over.
    pub(super) fn withdraw_all(&self) {
        let mut out = Vec::new();
        self.counter.lock().desk.withdraw_all(&mut out);
        self.settle(out);
    }

    /// Does something with the desk that blocks on the disk.
    pub(crate) fn with_desk<T>(&self, act: impl FnOnce(&mut Desk) -> T) -> T {
        act(&mut self.counter.lock().desk)
    }

    /// Ends what nobody answers, until the server goes down.
    pub(crate) async fn watch_the_clock(self: Arc<Self>, mut leaving: watch::Receiver<bool>) {
        loop {
            let due = self.counter.lock().desk.poll_timeout();
            let left = due.map_or(NOTHING_OPEN, |due| {
                Duration::from_millis(due.saturating_sub(now_ms()))
            });
            tokio::select! {
                () = tokio::time::sleep(left) => {
                    let mut out = Vec::new();
                    self.counter.lock().desk.handle_timeout(now_ms(), &mut out);
                    self.settle(out);
                }
                () = self.counter.changed.notified() => {}
                () = goes_down(&mut leaving) => return,
            }
        }
    }

    /// Does what the desk wants done.
    fn settle(&self, out: Vec<Out>) {
        // What is not in the log is not granted.
        let mut unlogged = Vec::new();
        for out in out {
            if let (Out::Closed { id, .. }, Some(event)) = (&out, Event::closed(&out))
                && self.note(&event).is_err()
            {
                unlogged.push(*id);
            }
            match out {
                shown @ Out::Show { .. } => self.show(shown),
                Out::Speak {
                    id,
                    conversation,
                    prompt,
                    again,
                } => {
                    let ask = Told::Ask {
                        id,
                        conversation,
                        prompt,
                        again,
                    };
                    self.told.send(ask).ok();
                }
                Out::Granted { id, consent } => {
                    if let Some(waiting) = self.counter.lock().waiting.remove(&id) {
                        let answer = match unlogged.contains(&id) {
                            true => Err(NotGranted::Withdrawn),
                            false => Ok(consent),
                        };
                        waiting.answer.send(answer).ok();
                    }
                }
                Out::Closed {
                    id,
                    operator,
                    action,
                    outcome,
                    ..
                } => self.closed(id, operator, action.name(), outcome),
            }
        }
        self.counter.changed.notify_one();
    }

    /// Shows a question to whoever has to answer it.
    fn show(&self, shown: Out) {
        let Out::Show {
            id,
            operator,
            action,
            impact,
            prompt,
            needs,
            expires_ms,
            ..
        } = shown
        else {
            return;
        };
        let asked = Event::ConsentAsked {
            consent: Id(id.bytes()),
            action: Name::new(action.name()),
            operator: Name::new(&operator),
        };
        // Told by the log itself; the answer is what has to be in it.
        self.note(&asked).ok();
        let (consent_id, conversation_uuid) = (id.to_string(), self.uuid_of(id));
        let is_soul_check = action.is_soul_check();
        // Clients that were written before there were soul checks know a transfer's question by the other
        // name. Both have one id: who knows both shows one question, and one answer answers it.
        if !is_soul_check || action == Action::Transfer {
            let request = TrustEvent::ConsentRequest {
                consent_id: consent_id.clone(),
                conversation_uuid: conversation_uuid.clone(),
                action: action.name().to_owned(),
                impact: impact.clone(),
                prompt: prompt.clone(),
                requires_response: true,
                expires_at: expires_ms,
            };
            self.tell(To::Device(operator.clone()), request);
        }
        if is_soul_check {
            let check = TrustEvent::SoulCheck {
                consent_id,
                conversation_uuid,
                action: action.name().to_owned(),
                impact,
                prompt,
                requires_response: true,
                expires_at: expires_ms,
                needs_click: needs > Needs::AnyAnswer,
            };
            self.tell(To::Device(operator), check);
        }
    }

    fn closed(&self, id: ConsentId, operator: String, action: &'static str, outcome: Outcome) {
        metrics::counter!("janet_consent_total", "action" => action, "outcome" => outcome.name())
            .increment(1);
        let conversation_uuid = self.uuid_of(id);
        let (outcome, not) = match outcome {
            Outcome::Granted(_) => (ConsentOutcome::Granted, None),
            Outcome::Denied => (ConsentOutcome::Denied, Some(NotGranted::Denied)),
            Outcome::Expired => (ConsentOutcome::Expired, Some(NotGranted::Expired)),
            Outcome::Withdrawn => (ConsentOutcome::Withdrawn, Some(NotGranted::Withdrawn)),
        };
        if let Some(not) = not
            && let Some(waiting) = self.counter.lock().waiting.remove(&id)
        {
            waiting.answer.send(Err(not)).ok();
        }
        let event = TrustEvent::ConsentClosed {
            consent_id: id.to_string(),
            conversation_uuid,
            outcome,
        };
        self.tell(To::Device(operator), event);
    }

    fn uuid_of(&self, id: ConsentId) -> String {
        let inner = self.counter.lock();
        inner
            .waiting
            .get(&id)
            .map(|waiting| waiting.uuid.clone())
            .unwrap_or_default()
    }
}
