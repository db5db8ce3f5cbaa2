//! What is to be remembered of a conversation: asked for in words or by message, marked with a message, or
//! because the operator left and allowed it once and for all.
//!
//! Nothing is asked unasked. Whoever takes it back ("don't remember this") ends what is under way.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use janet_engine::{ModelChoice, ReplyId};
use janet_protocol::{ErrorCode, MemoryVerb, RequestId, Role, TrustEvent, WireError};
use janet_vault::conversations::Role as Speaker;
use janet_vault::desk::Consent;
use janet_vault::gate::{Class, Gate};
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

use crate::app::App;
use crate::conversations::{Arrival, Reading};
use crate::socket::connection::{Connection, Leave};
use crate::trust::{Asker, Found, Kept, Mark, NotDistilled, Part, Then, Wish, as_memory};

/// "Remember this" waits so long for a model; then the words themselves are remembered.
const PATIENCE: Duration = Duration::from_secs(20);

/// Something of a conversation that is to be remembered.
pub(super) struct Wished {
    app: Arc<App>,
    asker: Asker,
    model: ModelChoice,
    messages: Reading,
    part: Part,
    /// The marks' number when it was wished.
    since: u64,
    /// Changes when the operator does not want it any more.
    taken_back: watch::Receiver<u64>,
}

impl Connection {
    pub(super) fn wished(&self, part: Part) -> Wished {
        Wished {
            app: self.app.clone(),
            asker: self.asker(),
            model: self.settings.model(),
            messages: self.seat.reading(),
            part,
            since: self.app.trust.marks().number(),
            taken_back: self.trusted.taken_back.subscribe(),
        }
    }

    /// `memory_distil`.
    pub(super) fn distil(&mut self, request_id: Option<RequestId>) -> Result<(), WireError> {
        self.begin(self.wished(Part::All), None, request_id)
    }

    /// A message came with a wish about its own turn, which has begun.
    pub(in crate::socket) fn turn_began(&mut self, reply: ReplyId, at_ms: u64) {
        let remember = self.requests.of(reply).remember;
        if remember == Some(false) {
            // Should the turn have no end, it is left out all the same.
            self.leave_out(at_ms..=at_ms);
            self.trusted.last_said = None;
        }
        if remember.is_some() {
            self.trusted.marked.insert(reply, at_ms);
        }
    }

    /// … and has ended.
    pub(in crate::socket) fn turn_ended(
        &mut self,
        reply: ReplyId,
        remember: Option<bool>,
        at_ms: u64,
        request: Option<(&str, Option<RequestId>)>,
    ) {
        let Some(began_ms) = self.trusted.marked.remove(&reply) else {
            return;
        };
        let turn = began_ms..=at_ms.max(began_ms);
        match (remember, request) {
            (Some(false), _) => self.leave_out(turn),
            (Some(true), Some((words, request_id))) => {
                let wished = self.wished(Part::Turn(turn));
                // Of a few words a model makes nothing; a question says nothing of who asks.
                let may_stand = !words.trim_end().ends_with('?')
                    && Gate::new().classify(words).class == Class::Normal;
                let words = may_stand.then(|| as_memory(words));
                if let Err(error) = self.begin(wished, words, request_id.clone()) {
                    self.outbound.text(error.with_request(request_id)).ok();
                }
            }
            _ => {}
        }
    }

    /// Nothing of what was said from then to then is read for a memory.
    pub(super) fn leave_out(&self, said: RangeInclusive<u64>) {
        let mut marks = self.app.trust.marks();
        marks.mark(self.seat.id(), Mark::Unwanted, said);
    }

    /// The same of what was said last, by which an order means "this".
    pub(super) fn leave_out_last(&self) {
        if let Some((_, at_ms)) = &self.trusted.last_said {
            self.leave_out(*at_ms..=self.seat.now_ms());
        }
    }

    /// The client came into a conversation.
    pub(in crate::socket) fn note_arrival(&self, arrival: Arrival) {
        let (id, mut marks) = (self.seat.id(), self.app.trust.marks());
        match arrival {
            Arrival::New | Arrival::Unknown => marks.began(id),
            Arrival::Resumed => marks.resumed(id, self.seat.now_ms()),
        }
    }

    fn begin(
        &mut self,
        wished: Wished,
        words: Option<String>,
        request_id: Option<RequestId>,
    ) -> Result<(), WireError> {
        let (last, turn) = (self.trusted.last.clone(), self.trusted.turn);
        let under_way = self.trusted.begins();
        let work = async move {
            let _under_way = under_way;
            let Some(kept) = wished.asked(words).await? else {
                return Ok(vec![TrustEvent::MemoryResult {
                    action: MemoryVerb::Remember,
                    success: false,
                    message: "there is nothing new in it that is worth remembering".into(),
                    id: None,
                    receipt_id: None,
                    proof: None,
                }]);
            };
            last.set(kept.ids.clone(), turn);
            Ok(kept.events())
        };
        self.trusted.pending.start_several(request_id, work)
    }

    /// The client has left: what it allowed once and for all is done, and nothing else.
    pub(in crate::socket) async fn distil_on_leaving(&mut self, leave: Leave) {
        let goes_on = !has_left(leave) || *self.leaving.borrow();
        if self.role != Role::Operator || goes_on || !self.app.trust.remembers_unasked() {
            return;
        }
        let since = self.app.trust.marks().number();
        let messages = match self.seat.messages().await {
            Ok(messages) => messages,
            Err(error) => {
                tracing::error!(%error, "a conversation that was left cannot be read");
                return;
            }
        };
        if !messages.iter().any(|message| message.role == Speaker::User) {
            return;
        }
        let wish = Wish {
            asker: self.asker(),
            model: self.settings.model(),
            messages,
            part: Part::Unasked,
            since,
            then: Then::KeepByGrant,
        };
        if let Err(error) = self.app.distiller.wish(wish) {
            tracing::warn!(%error, "a conversation that was left is not distilled");
        }
    }
}

impl Wished {
    /// Finds what is worth remembering (`words` where a model finds nothing), asks, and remembers it after a
    /// yes. `None`: there was nothing to ask for.
    pub(super) async fn asked(self, words: Option<String>) -> Result<Option<Kept>, WireError> {
        let (app, asker) = (self.app.clone(), self.asker.clone());
        let mut taken_back = self.taken_back.clone();
        let asked = tokio::select! {
            asked = self.ask(words) => asked?,
            () = changed(&mut taken_back) => return Err(NotDistilled::TakenBack.into()),
        };
        let Some((found, consent)) = asked else {
            return Ok(None);
        };
        // From here on it is done to its end.
        let kept = app.trust.keep(consent, &found).await?;
        mark(&app, &asker, Mark::Kept, &found);
        Ok(Some(kept))
    }

    /// The same where the operator's own words were the yes. `None`: all of it is remembered already.
    pub(super) async fn commanded(self, words: String) -> Result<Option<Kept>, WireError> {
        let (app, asker, since) = (self.app.clone(), self.asker.clone(), self.since);
        let mut taken_back = self.taken_back.clone();
        let found = tokio::select! {
            found = timeout(PATIENCE, self.find()) => found,
            () = changed(&mut taken_back) => return Err(NotDistilled::TakenBack.into()),
        };
        let mut found = match found {
            Ok(Ok(found)) => found,
            Ok(Err(error)) if error.code == ErrorCode::RedThread => return Err(error),
            Ok(Err(_)) | Err(_) => app.trust.found_nothing(asker.clone(), since).await?,
        };
        found.or_words(words, "you asked me to remember it");
        let found = app.trust.news(found).await?;
        if found.is_empty() {
            return Ok(None);
        }
        let consent = app.trust.commanded(found.request(), asker.uuid.clone());
        let kept = app.trust.keep(consent.await?, &found).await?;
        mark(&app, &asker, Mark::Kept, &found);
        Ok(Some(kept))
    }

    async fn ask(self, words: Option<String>) -> Result<Option<(Found, Consent)>, WireError> {
        let (app, asker) = (self.app.clone(), self.asker.clone());
        let mut found = self.find().await?;
        if let Some(words) = words {
            found.or_words(words, "you marked it to be remembered");
        }
        let found = app.trust.news(found).await?;
        // Whatever the answer is, nobody is asked about this again unasked, and no grant allows it later.
        mark(&app, &asker, Mark::Asked, &found);
        if found.is_empty() {
            return Ok(None);
        }
        let consent = app.trust.ask(found.request(), asker.uuid).await?;
        Ok(Some((found, consent)))
    }

    async fn find(self) -> Result<Found, WireError> {
        let messages = self.messages.await.map_err(|error| {
            tracing::error!(%error, "a conversation cannot be read");
            WireError::new(ErrorCode::Internal, "the conversation cannot be read")
        })?;
        let (answer, found) = oneshot::channel();
        self.app.distiller.wish(Wish {
            asker: self.asker,
            model: self.model,
            messages,
            part: self.part,
            since: self.since,
            then: Then::Tell(answer),
        })?;
        // Nobody answers: it died.
        let found = found.await.map_err(|_| NotDistilled::Failed)?;
        Ok(found?)
    }
}

/// Whether the operator has left by themselves, which is when what they allowed for good is done. Whoever was
/// shut out is none any more.
const fn has_left(leave: Leave) -> bool {
    matches!(
        leave,
        Leave::Gone | Leave::Lost | Leave::Silent | Leave::Stalled
    )
}

fn mark(app: &App, asker: &Asker, mark: Mark, found: &Found) {
    if let Some(read) = found.read.clone() {
        app.trust.marks().mark(asker.conversation, mark, read);
    }
}

/// Resolves when it is taken back; never, where nobody is left who could.
async fn changed(taken_back: &mut watch::Receiver<u64>) {
    if taken_back.changed().await.is_err() {
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_was_sent_away_has_not_left() {
        for (leave, left) in [
            (Leave::Gone, true),
            (Leave::Lost, true),
            (Leave::Silent, true),
            (Leave::Stalled, true),
            (Leave::NotPaired, false),
            (Leave::Flooding, false),
            (Leave::Violation, false),
            (Leave::Superseded, false),
            (Leave::Forgotten, false),
            (Leave::Away, false),
        ] {
            assert_eq!(has_left(leave), left, "{leave}");
        }
    }
}
