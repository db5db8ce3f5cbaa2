//! A language model behind HTTP: Ollama, or any server that speaks OpenAI's API.
//!
//! ```text
//!  watch: list models ──▶ up (which model) ◀──┐ every half minute, sooner after a failure
//!                     └─▶ down (why) ─────────┘ later and later
//!  ask:   POST chat ──▶ lines ──▶ pieces ──▶ Answering (the engine's end)
//! ```
//!
//! Decides only whether the server is worth asking. Every wait has its limit; an answer that nobody
//! wants any more closes its connection, which is how such servers are told to stop. What is said
//! never reaches a log: an error names its kind, and of what the server sent names of models only.

mod dialect;
mod lines;
mod listed;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use janet_engine::ports::{self, Answering, Question};
use janet_engine::{ModelChoice, ModelInfo};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::config::{LlmDialect, LlmServer};
use crate::elsewhere::{self, QUEUE_PAUSE, RECHECK, SetupError};
use dialect::Piece;
use lines::Lines;
use listed::Listed;

const LIST: Duration = Duration::from_secs(3);
/// Largest list of models.
const LARGEST_LIST: usize = 4 << 20;
/// Models that are named in an error, and that are remembered as of no use.
const NAMED: usize = 5;
const UNFIT: usize = 32;
/// Bytes of one answer. Nobody listens to more, and a server that does not end is cut.
const LONGEST_ANSWER: usize = 64 << 10;

/// Why a server gave no answer. Holds nothing of what was said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LlmError {
    #[error("it cannot be reached")]
    Unreachable,
    #[error("it did not answer within {} ms", .0.as_millis())]
    Late(Duration),
    #[error("it answered with HTTP status {0}")]
    Status(u16),
    #[error("it sent {0}")]
    Nonsense(&'static str),
    #[error("it refused with an error of its own")]
    Refused,
    #[error("it broke off in the middle")]
    BrokeOff,
    #[error("it sent an answer without text")]
    Empty,
    #[error("it has no model {wanted}; it has {has}")]
    NoSuchModel { wanted: String, has: String },
    #[error("it has no model that can chat; `ollama pull` fetches one")]
    NoModel,
}

/// A server, with what is known of it.
pub(crate) struct LanguageServer {
    inner: Arc<Inner>,
    runtime: Handle,
    /// Answers that are being made; gone with the server.
    answers: Mutex<JoinSet<()>>,
}

struct Inner {
    http: reqwest::Client,
    config: LlmServer,
    known: Mutex<Known>,
    /// An answer failed: look again.
    fell: Notify,
}

#[derive(Default)]
struct Known {
    /// Which model answers; `None`: the server is not used.
    model: Option<String>,
    /// Why not; `None`: it was not looked at yet.
    why: Option<LlmError>,
    /// The model that answered last: it stays while it is listed, whatever comes before it.
    last: Option<String>,
    /// Models that the server lists and refuses to chat with.
    unfit: Vec<String>,
    /// All models that can be asked for by name.
    listed: Listed,
    /// Looks, and answers, that failed in a row.
    looks: u32,
    answers: u32,
}

impl LanguageServer {
    /// Nothing is known of it until [`LanguageServer::watch`] runs. Call inside a runtime.
    pub(crate) fn new(config: LlmServer) -> Result<Arc<Self>, SetupError> {
        Ok(Arc::new(Self {
            inner: Arc::new(Inner {
                http: elsewhere::client(&config.url)?,
                config,
                known: Mutex::default(),
                fell: Notify::new(),
            }),
            runtime: Handle::current(),
            answers: Mutex::new(JoinSet::new()),
        }))
    }

    /// Keeps looking how the server is; never ends by itself.
    pub(crate) async fn watch(&self) {
        let inner = &self.inner;
        loop {
            let found = inner.find_model().await;
            inner.looked(found);
            tokio::select! {
                () = sleep(inner.pause()) => {}
                () = inner.fell.notified() => sleep(inner.pause()).await,
            }
        }
    }

    /// Looks once: the model that answers from now on, or why none does.
    pub(crate) async fn look(&self) -> Result<String, LlmError> {
        let found = self.inner.find_model().await;
        self.inner.looked(found.clone());
        found
    }

    /// Why it is not used although somebody asked for it; `None` while all is well, and where it
    /// was only looked for on the chance.
    pub(crate) fn trouble(&self) -> Option<String> {
        let LlmServer {
            url, is_a_guess, ..
        } = &self.inner.config;
        let known = self.inner.known();
        let why = known.model.is_none().then_some(known.why.as_ref())??;
        let expected = *is_a_guess && matches!(why, LlmError::Unreachable);
        (!expected).then(|| format!("{url}: {why}"))
    }

    /// Its models that can be asked for by name, as it listed them last.
    pub(crate) fn models(&self) -> Vec<String> {
        let known = self.inner.known();
        let names = known.listed.names().iter();
        names
            .filter(|name| !known.unfit.contains(name))
            .cloned()
            .collect()
    }

    /// The model that answers whoever chose none; `None`: it is not used.
    pub(crate) fn model(&self) -> Option<String> {
        self.inner.known().model.clone()
    }

    /// Says in the entry of the engine's own model who answers somebody who chose this, and why.
    pub(crate) fn describe(&self, own: &mut ModelInfo, choice: &ModelChoice) {
        let known = self.inner.known();
        let LlmServer {
            url,
            dialect,
            is_a_guess,
            ..
        } = &self.inner.config;
        let answers = match choice {
            ModelChoice::Configured => known.model.as_ref(),
            ModelChoice::Server(name) if known.listed.is_up(name, std::time::Instant::now()) => {
                Some(name)
            }
            ModelChoice::Server(name) => {
                own.note = format!("{}; {name} at {url} is not used now", own.note);
                return;
            }
            ModelChoice::Own => return,
        };
        match answers {
            Some(model) => {
                let own_name = std::mem::replace(&mut own.name, model.clone());
                own.note = format!("{} at {url}; {own_name} stands by", dialect.name());
            }
            None => match &known.why {
                None => {}
                Some(LlmError::Unreachable) if *is_a_guess => {
                    own.note = format!("{}; no Ollama at {url}", own.note);
                }
                Some(why) => own.note = format!("{}; {url} is not used: {why}", own.note),
            },
        }
    }
}

impl ports::LanguageServer for LanguageServer {
    fn is_up(&self, model: Option<&str>) -> bool {
        let known = self.inner.known();
        match model {
            Some(name) => known.listed.is_up(name, std::time::Instant::now()),
            None => known.model.is_some(),
        }
    }

    fn ask(&self, question: Question, to: Answering) {
        let by_name = question.model.clone();
        let Some(model) = by_name.or_else(|| self.inner.known().model.clone()) else {
            return;
        };
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        while answers.try_join_next().is_some() {}
        let inner = Arc::clone(&self.inner);
        answers.spawn_on(inner.answer(model, question, to), &self.runtime);
    }
}

impl Inner {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what a look found.
    fn looked(&self, found: Result<String, LlmError>) {
        let mut known = self.known();
        match found {
            Ok(model) => {
                known.looks = 0;
                if known.model.as_ref() != Some(&model) {
                    tracing::info!(model, url = self.config.url, "the language server answers");
                }
                known.last = Some(model.clone());
                known.model = Some(model);
            }
            Err(error) => {
                known.looks = known.looks.saturating_add(1);
                let first = known.looks == 1 && !self.config.is_a_guess;
                if known.model.take().is_some() || first {
                    tracing::warn!(%error, url = self.config.url, "the language server is not used");
                }
                known.why = Some(error);
            }
        }
    }

    /// An answer of this model failed: the server is looked at again before it is asked again; or
    /// this model alone is left in peace, where it was asked for by its name.
    fn failed(&self, model: &str, by_name: bool, error: LlmError) {
        metrics::counter!("janet_llm_server_failures_total").increment(1);
        let mut known = self.known();
        match error {
            // The server is well; this model had nothing to say.
            LlmError::Empty => {
                tracing::warn!(model, "the language server sent no text");
                return;
            }
            LlmError::Status(400 | 404 | 413 | 422) if by_name || self.config.model.is_some() => {
                tracing::warn!(model, %error, "the language server refused a question");
                return;
            }
            // Listed, but not for chats: the next one is tried.
            LlmError::Status(400 | 404 | 413 | 422) => {
                if known.unfit.len() >= UNFIT {
                    known.unfit.clear();
                }
                known.unfit.push(model.to_owned());
            }
            // The others may be well.
            _ if by_name && error != LlmError::Unreachable => {
                tracing::warn!(model, %error, "a model of the language server's failed");
                known.listed.failed(model, std::time::Instant::now());
                return;
            }
            // Of several answers that fail together one counts.
            _ if known.model.is_some() => known.answers = known.answers.saturating_add(1),
            _ => {}
        }
        tracing::warn!(model, %error, url = self.config.url, "the language server failed");
        if error == LlmError::Unreachable {
            known.listed.is_away();
        }
        known.model = None;
        known.why = Some(error);
        drop(known);
        self.fell.notify_one();
    }

    fn pause(&self) -> Duration {
        let known = self.known();
        if known.model.is_some() {
            return RECHECK;
        }
        elsewhere::pause(known.looks, known.answers)
    }

    /// Asks what models there are, keeps them and takes one.
    async fn find_model(&self) -> Result<String, LlmError> {
        let dialect = self.config.dialect;
        let list = async {
            let mut response = self.send(self.get(dialect.list_path())).await?;
            match (response.status().as_u16(), &self.config.model) {
                // Not every server of this kind lists its models.
                (404, Some(model)) if dialect == LlmDialect::OpenAi => {
                    return Ok(vec![model.clone()]);
                }
                (200, _) => {}
                (status, _) => return Err(LlmError::Status(status)),
            }
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(|_| LlmError::BrokeOff)? {
                body.extend_from_slice(&chunk);
                if body.len() > LARGEST_LIST {
                    return Err(LlmError::Nonsense("a list without an end"));
                }
            }
            let list = serde_json::from_slice(&body);
            dialect.models(&list.map_err(|_| LlmError::Nonsense("a list that is no JSON"))?)
        };
        let models = timeout(LIST, list).await;
        let models = models.unwrap_or(Err(LlmError::Late(LIST)));
        let mut known = self.known();
        match &models {
            Ok(models) => known.listed.list(models),
            Err(_) => known.listed.is_away(),
        }
        let models = models?;
        let Some(wanted) = &self.config.model else {
            let mut fit = models
                .into_iter()
                .filter(|name| !known.unfit.contains(name));
            let first = fit.next().ok_or(LlmError::NoModel)?;
            let last = fit.find(|name| known.last.as_ref() == Some(name));
            return Ok(match &known.last {
                Some(last) if *last == first => first,
                _ => last.unwrap_or(first),
            });
        };
        let is_it = |name: &&String| *name == wanted || **name == format!("{wanted}:latest");
        match models.iter().find(is_it) {
            Some(name) => Ok(name.clone()),
            None => Err(LlmError::NoSuchModel {
                wanted: wanted.clone(),
                has: models
                    .into_iter()
                    .take(NAMED)
                    .collect::<Vec<_>>()
                    .join(", "),
            }),
        }
    }

    async fn answer(self: Arc<Self>, model: String, question: Question, mut to: Answering) {
        let called_off = Arc::new(Notify::new());
        let tell = Arc::clone(&called_off);
        to.on_unwanted(move || tell.notify_one());
        let by_name = question.model.is_some();
        let began = Instant::now();
        let result = tokio::select! {
            biased;
            () = called_off.notified() => return,
            result = self.stream(&model, &question, &mut to) => result,
        };
        metrics::histogram!("janet_llm_server_answer_seconds")
            .record(began.elapsed().as_secs_f64());
        match result {
            Ok(()) if by_name => self.known().listed.answered(&model),
            Ok(()) => {
                let mut known = self.known();
                known.answers = 0;
                known.model.get_or_insert(model);
            }
            Err(error) => {
                self.failed(&model, by_name, error);
                // Her own model is waiting to hear of it.
                to.failed();
                while !to.is_through() {
                    sleep(QUEUE_PAUSE).await;
                }
            }
        }
    }

    async fn stream(
        &self,
        model: &str,
        question: &Question,
        to: &mut Answering,
    ) -> Result<(), LlmError> {
        let LlmServer {
            dialect,
            first_text,
            stall,
            ..
        } = self.config;
        let mut limit = (Instant::now() + first_text, first_text);
        let late = |(_, within): (Instant, Duration)| LlmError::Late(within);
        let request = self
            .http
            .post(format!("{}{}", self.config.url, dialect.chat_path()))
            .json(&dialect.body(model, question, self.config.max_tokens));
        let sent = timeout_at(limit.0, self.send(request)).await;
        let mut response = sent.map_err(|_| late(limit))??;
        if response.status().as_u16() != 200 {
            return Err(LlmError::Status(response.status().as_u16()));
        }
        let (mut lines, mut length) = (Lines::default(), 0);
        let (mut is_over, mut shows) = (false, false);
        loop {
            // A flood of what says nothing would keep every single wait short.
            if Instant::now() >= limit.0 {
                return Err(late(limit));
            }
            let line = match lines.next()? {
                Some(line) => line,
                None if is_over => return Err(LlmError::BrokeOff),
                None => {
                    let chunk = timeout_at(limit.0, response.chunk()).await;
                    match chunk.map_err(|_| late(limit))? {
                        Ok(Some(chunk)) => {
                            lines.push(&chunk);
                            continue;
                        }
                        Ok(None) => is_over = true,
                        Err(_) => return Err(LlmError::BrokeOff),
                    }
                    match lines.rest()? {
                        Some(line) => line,
                        None => return Err(LlmError::BrokeOff),
                    }
                }
            };
            let (text, end) = match dialect.piece(&line)? {
                Piece::Nothing => continue,
                Piece::Text(text) => (text, None),
                Piece::End(text, complete) => (text, Some(complete)),
            };
            length += text.len();
            shows |= to.text(&text);
            // Thoughts are no excuse for keeping somebody waiting.
            if shows {
                limit = (Instant::now() + stall, stall);
            }
            match end {
                Some(_) if length == 0 => return Err(LlmError::Empty),
                Some(complete) => to.done(complete),
                None if length > LONGEST_ANSWER => to.done(false),
                None => {}
            }
            while !to.is_through() {
                sleep(QUEUE_PAUSE).await;
            }
            if end.is_some() || length > LONGEST_ANSWER {
                return Ok(());
            }
        }
    }

    fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.get(format!("{}{path}", self.config.url))
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<reqwest::Response, LlmError> {
        let request = match &self.config.api_key {
            Some(key) => request.bearer_auth(&key.0),
            None => request,
        };
        request.send().await.map_err(|_| LlmError::Unreachable)
    }
}
