//! What a conversation is distilled into, beside everything else: one job at a time for the whole process.
//!
//! ```text
//!  wish ─▶ queue ─▶ what may be read (marks) ─▶ pieces ─▶ a model reads each ─▶ statements ─▶ who wished
//! ```
//! Decides which messages a model reads and when. What its answer is worth the vault's `distill` says; what
//! is remembered of that the operator says ([`super::kept`]). A full queue refuses the newest wish.

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;

use janet_engine::oneshot::{Chat, ChatAsk, ChatStep};
use janet_engine::{EngineError, ModelChoice};
use janet_models::llm;
use janet_protocol::{ErrorCode, WireError};
use janet_vault::conversations::Stored;
use janet_vault::green::distill::{Job, jobs, read};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::Asker;
use super::kept::Found;
use super::marks::{Mark, Part};
use crate::app::{App, goes_down};

/// Wishes that may wait.
const MOST_WISHES: usize = 4;
/// How long a model may read one piece.
const WITHIN: Duration = Duration::from_secs(60);
/// How often a model that has no time is asked again, and how long after.
const TRIES: u32 = 3;
/// See `TRIES`.
const PAUSE: Duration = Duration::from_secs(2);
/// Tokens of an answer: five statements.
const MOST_TOKENS: usize = 220;

/// Why nothing was distilled. Nothing is remembered then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotDistilled {
    /// Others come first.
    #[error("too much is being distilled already; ask again in a moment")]
    Full,
    /// The models are not loaded.
    #[error("the models are still loading; try again soon")]
    NotReady,
    /// Conversations take the whole machine.
    #[error("the language model has no time for it now; ask again later")]
    Busy,
    /// It took too long.
    #[error("the language model was not done in time; ask again later")]
    Late,
    /// It broke.
    #[error("the language model failed at it")]
    Failed,
    /// The operator wants none of it remembered after all.
    #[error("it was taken back before it was done")]
    TakenBack,
    /// The red thread.
    #[error("the red thread was pulled before it was done")]
    Stopped,
    /// The server.
    #[error("the server is going down")]
    Away,
    /// What was distilled before this could not be read.
    #[error("{0}")]
    Memory(String),
}

impl From<NotDistilled> for WireError {
    fn from(not: NotDistilled) -> Self {
        let code = match not {
            NotDistilled::Full | NotDistilled::Busy | NotDistilled::Late => ErrorCode::Overloaded,
            NotDistilled::NotReady => ErrorCode::NotReady,
            NotDistilled::Stopped => ErrorCode::RedThread,
            NotDistilled::TakenBack => ErrorCode::NotConsented,
            NotDistilled::Away => ErrorCode::ShuttingDown,
            NotDistilled::Failed | NotDistilled::Memory(_) => ErrorCode::Internal,
        };
        Self::new(code, not.to_string())
    }
}

/// A conversation to be read.
pub(crate) struct Wish {
    pub(crate) asker: Asker,
    /// By whom: the one that the conversation is held with.
    pub(crate) model: ModelChoice,
    /// All of it.
    pub(crate) messages: Vec<Stored>,
    /// What of it.
    pub(crate) part: Part,
    /// The marks' number when it was wished.
    pub(crate) since: u64,
    pub(crate) then: Then,
}

/// What becomes of the statements.
pub(crate) enum Then {
    /// Somebody waits for them; whoever does not any more ends the work.
    Tell(oneshot::Sender<Result<Found, NotDistilled>>),
    /// Nobody is there to be asked: remembered by a standing grant, or not at all.
    KeepByGrant,
}

/// Where wishes go.
pub(crate) struct Distiller {
    wishes: mpsc::Sender<Wish>,
}

impl Distiller {
    /// With the queue that [`Self::run`] works off.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Wish>) {
        let (wishes, queue) = mpsc::channel(MOST_WISHES);
        (Self { wishes }, queue)
    }

    /// Lines a wish up.
    pub(crate) fn wish(&self, wish: Wish) -> Result<(), NotDistilled> {
        self.wishes.try_send(wish).map_err(|refused| {
            metrics::counter!("janet_distil_total", "outcome" => "dropped").increment(1);
            match refused {
                TrySendError::Full(_) => NotDistilled::Full,
                TrySendError::Closed(_) => NotDistilled::Away,
            }
        })
    }

    /// Works off wishes until the server goes down.
    pub(crate) async fn run(
        app: Arc<App>,
        mut wishes: mpsc::Receiver<Wish>,
        mut leaving: watch::Receiver<bool>,
    ) {
        loop {
            let wish = tokio::select! {
                wish = wishes.recv() => wish,
                () = goes_down(&mut leaving) => return,
            };
            let Some(wish) = wish else { return };
            let outcome = tokio::select! {
                outcome = survived(carry_out(&app, wish)) => outcome,
                () = goes_down(&mut leaving) => return,
            };
            metrics::counter!("janet_distil_total", "outcome" => outcome).increment(1);
        }
    }
}

/// How it ended, should it be by a fault of our own: others wait behind it. Whoever waits for it hears nothing.
async fn survived(work: impl Future<Output = &'static str>) -> &'static str {
    AssertUnwindSafe(work)
        .catch_unwind()
        .await
        .unwrap_or_else(|_| {
            tracing::error!("distilling a conversation died");
            "failed"
        })
}

/// Does what is wished; how it ended, for the count.
async fn carry_out(app: &Arc<App>, wish: Wish) -> &'static str {
    let Wish {
        asker,
        model,
        messages,
        part,
        since,
        then,
    } = wish;
    let found = distil(app, asker.clone(), model, messages, (part, since));
    match then {
        Then::Tell(mut answer) => {
            let found = tokio::select! {
                found = app.trust.unless_pulled(found) => found.unwrap_or(Err(NotDistilled::Stopped)),
                () = answer.closed() => return "taken_back",
            };
            let outcome = named(&found);
            answer.send(found).ok();
            outcome
        }
        Then::KeepByGrant => {
            let kept = async {
                let found = found.await?;
                let known = |error: WireError| NotDistilled::Memory(error.message);
                let found = app.trust.news(found).await.map_err(known)?;
                app.trust.keep_by_grant(&asker, &found).await?;
                // What was taken back before may be asked about another time.
                if let Some(read) = found.read.clone() {
                    let mut marks = app.trust.marks();
                    marks.mark(asker.conversation, Mark::Asked, read);
                }
                Ok::<_, NotDistilled>(found)
            };
            let kept = app.trust.unless_pulled(kept).await;
            let kept = kept.unwrap_or(Err(NotDistilled::Stopped));
            if let Err(error) = &kept {
                tracing::info!(%error, "nothing is remembered of a conversation that was left");
            }
            named(&kept)
        }
    }
}

fn named(found: &Result<Found, NotDistilled>) -> &'static str {
    match found {
        Ok(found) if found.is_empty() => "nothing",
        Ok(_) => "found",
        Err(_) => "failed",
    }
}

/// What a model makes of what may be read of this part, if nothing was taken back since this number.
async fn distil(
    app: &Arc<App>,
    asker: Asker,
    model: ModelChoice,
    messages: Vec<Stored>,
    (part, since): (Part, u64),
) -> Result<Found, NotDistilled> {
    let conversation = asker.conversation;
    let failed = |error: WireError| NotDistilled::Memory(error.message);
    let forgotten_ms = app.trust.forgotten_last().await.map_err(failed)?;
    let (readable, since) = {
        let marks = app.trust.marks();
        if marks.is_taken_back(conversation, since, None) {
            return Err(NotDistilled::TakenBack);
        }
        let readable = marks.readable(conversation, part, messages, forgotten_ms);
        (readable, marks.number())
    };
    let mut found = Found::none(asker, forgotten_ms, since, &readable);
    let jobs = jobs(&readable);
    tracing::debug!(
        pieces = jobs.jobs.len(),
        withheld = jobs.withheld,
        left_out = jobs.left_out,
        "a conversation is distilled"
    );
    for job in &jobs.jobs {
        if found.is_taken_back(&app.trust.marks()) {
            return Err(NotDistilled::TakenBack);
        }
        let answer = timeout(WITHIN, answer(app, &model, job)).await;
        let answer = answer.map_err(|_| NotDistilled::Late)??;
        let read = read(job, &answer, conversation);
        tracing::debug!(
            taken = read.entries.len(),
            misshapen = read.misshapen,
            no_statement = read.no_statement,
            not_normal = read.not_normal,
            made_up = read.made_up,
            "a piece was read"
        );
        found.add(read.entries);
    }
    Ok(found)
}

/// What a model says of one piece.
async fn answer(app: &App, model: &ModelChoice, job: &Job) -> Result<String, NotDistilled> {
    let mut tries = 0;
    loop {
        tries += 1;
        let said = match begin(app, model, job).await {
            Ok(chat) => whole(chat).await,
            Err(error) => Err(error),
        };
        match said {
            Ok(text) => return Ok(text),
            Err(NotDistilled::Busy) if tries < TRIES => sleep(PAUSE).await,
            Err(error) => return Err(error),
        }
    }
}

async fn begin(app: &App, model: &ModelChoice, job: &Job) -> Result<Chat, NotDistilled> {
    let engine = app.engine.get().ok_or(NotDistilled::NotReady)?;
    let seat = engine.request().map_err(not)?;
    let ask = ChatAsk {
        messages: vec![
            llm::Message::new(llm::Role::System, job.task),
            llm::Message::new(llm::Role::User, job.transcript.expose().as_str()),
        ],
        model: model.clone(),
        temperature: Some(0.0),
        top_p: None,
        seed: None,
        max_tokens: Some(MOST_TOKENS),
        stop: Vec::new(),
    };
    // The transcript is encoded: milliseconds.
    let chat = spawn_blocking(move || seat.chat(ask)).await;
    chat.map_err(|_| NotDistilled::Failed)?.map_err(not)
}

async fn whole(mut chat: Chat) -> Result<String, NotDistilled> {
    let mut text = String::new();
    loop {
        match poll_fn(|cx| chat.poll(cx)).await.map_err(not)? {
            ChatStep::Text(more) => text += &more,
            ChatStep::Done { .. } => return Ok(text),
        }
    }
}

fn not(error: EngineError) -> NotDistilled {
    match error {
        EngineError::Busy { .. }
        | EngineError::Overloaded { .. }
        | EngineError::Crowded { .. }
        | EngineError::QueueFull
        | EngineError::GaveWay => NotDistilled::Busy,
        error => {
            tracing::warn!(%error, "a conversation cannot be distilled");
            NotDistilled::Failed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_fault_in_one_does_not_end_the_others() {
        assert_eq!(survived(async { "nothing" }).await, "nothing");
        let dies = async { panic!("on purpose") };
        assert_eq!(survived(dies).await, "failed");
    }

    #[test]
    fn who_cannot_be_lined_up_is_told_why() {
        let wish = || Wish {
            asker: Asker {
                operator: "here".into(),
                conversation: "0".repeat(32).parse().expect("an id"),
                uuid: "u".into(),
                soul: None,
            },
            model: ModelChoice::Configured,
            messages: Vec::new(),
            part: Part::All,
            since: 0,
            then: Then::KeepByGrant,
        };
        let (distiller, queue) = Distiller::new();
        for _ in 0..MOST_WISHES {
            assert_eq!(distiller.wish(wish()), Ok(()));
        }
        assert_eq!(distiller.wish(wish()), Err(NotDistilled::Full));
        drop(queue);
        assert_eq!(distiller.wish(wish()), Err(NotDistilled::Away));
    }
}
