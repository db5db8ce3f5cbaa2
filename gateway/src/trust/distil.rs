//! What a conversation is distilled into, beside everything else: one job at a time for the whole process.
//!
//! ```text
//!  wish ─▶ queue ─▶ what may be read (marks) ─▶ pieces ─▶ a model reads each ─▶ statements ─▶ who wished
//! ```
//! Decides which messages a model reads and when. What its answer is worth the vault's `distill` says; what
//! is remembered of that the operator says ([`super::kept`]). A full queue refuses the newest wish.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use janet_engine::oneshot::{Chat, ChatAsk, ChatStep};
use janet_engine::{EngineError, ModelChoice};
use janet_models::llm;
use janet_protocol::{ErrorCode, WireError};
use janet_vault::conversations::Stored;
use janet_vault::green::distill::{Job, jobs, read};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::kept::Found;
use super::marks::{Mark, Marks, Part};
use super::{Asker, Trust};
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
    /// Held for a few instructions only.
    marks: Mutex<Marks>,
}

impl Distiller {
    /// With the queue that [`Self::run`] works off.
    pub(crate) fn new(now_ms: u64) -> (Self, mpsc::Receiver<Wish>) {
        let (wishes, queue) = mpsc::channel(MOST_WISHES);
        let marks = Mutex::new(Marks::new(now_ms));
        (Self { wishes, marks }, queue)
    }

    /// Lines a wish up.
    pub(crate) fn wish(&self, wish: Wish) -> Result<(), NotDistilled> {
        self.wishes.try_send(wish).map_err(|_| {
            metrics::counter!("janet_distil_total", "outcome" => "dropped").increment(1);
            NotDistilled::Full
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
                outcome = carry_out(&app, wish) => outcome,
                () = goes_down(&mut leaving) => return,
            };
            metrics::counter!("janet_distil_total", "outcome" => outcome).increment(1);
        }
    }

    /// What may be read of conversations and what was read.
    pub(crate) fn marks(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does what is wished; how it ended, for the count.
async fn carry_out(app: &Arc<App>, wish: Wish) -> &'static str {
    let Wish {
        asker,
        model,
        messages,
        part,
        then,
    } = wish;
    let found = distil(app, asker.clone(), model, messages, part);
    match then {
        Then::Tell(mut answer) => {
            let found = tokio::select! {
                found = until_pulled(&app.trust, found) => found,
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
                if let Some(read) = found.read.clone() {
                    let mut marks = app.distiller.marks();
                    marks.mark(asker.conversation, Mark::Asked, read);
                }
                app.trust.keep_by_grant(asker, &found).await;
                Ok(found)
            };
            let kept = until_pulled(&app.trust, kept).await;
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

/// The same, as long as the red thread is not pulled.
async fn until_pulled<T>(
    trust: &Trust,
    work: impl Future<Output = Result<T, NotDistilled>>,
) -> Result<T, NotDistilled> {
    // First the ear, then the look: a pull in between is heard.
    let mut told = trust.listen();
    if trust.may_act().is_err() {
        return Err(NotDistilled::Stopped);
    }
    tokio::select! {
        () = trust.pulled(&mut told) => Err(NotDistilled::Stopped),
        done = work => done,
    }
}

/// What a model makes of what may be read.
async fn distil(
    app: &Arc<App>,
    asker: Asker,
    model: ModelChoice,
    messages: Vec<Stored>,
    part: Part,
) -> Result<Found, NotDistilled> {
    let conversation = asker.conversation;
    let failed = |error: WireError| NotDistilled::Memory(error.message);
    let forgotten_ms = app.trust.forgotten_last().await.map_err(failed)?;
    let readable = app
        .distiller
        .marks()
        .readable(conversation, part, messages, forgotten_ms);
    let mut found = Found::none(asker, forgotten_ms, &readable);
    let jobs = jobs(&readable);
    tracing::debug!(
        pieces = jobs.jobs.len(),
        withheld = jobs.withheld,
        left_out = jobs.left_out,
        "a conversation is distilled"
    );
    for job in &jobs.jobs {
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
