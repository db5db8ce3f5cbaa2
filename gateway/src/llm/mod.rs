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
mod error;
mod lines;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use janet_engine::ports::{self, Answering, Question};
use janet_engine::{ModelChoice, ModelInfo};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use crate::config::{LlmDialect, LlmServer};
use crate::elsewhere::{self, Fault, Listed, QUEUE_PAUSE, RECHECK, Server, SetupError};
use dialect::Piece;
pub(crate) use error::LlmError;
use lines::Lines;

/// Models that are named in an error.
const NAMED: usize = 5;
/// Bytes of one answer. Nobody listens to more, and a server that does not end is cut.
const LONGEST_ANSWER: usize = 64 << 10;

/// A server, with what is known of it.
pub(crate) struct LanguageServer {
    inner: Arc<Inner>,
    runtime: Handle,
    /// Answers that are being made; gone with the server.
    answers: Mutex<JoinSet<()>>,
}

struct Inner {
    server: Server,
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
    /// All models that can be asked for by name.
    listed: Listed<LlmError>,
    /// Looks, and answers, that failed in a row.
    looks: u32,
    answers: u32,
}

impl LanguageServer {
    /// Nothing is known of it until [`LanguageServer::watch`] runs. Call inside a runtime.
    pub(crate) fn new(config: LlmServer) -> Result<Arc<Self>, SetupError> {
        Ok(Arc::new(Self {
            inner: Arc::new(Inner {
                server: Server::new(&config.url, config.api_key.clone())?,
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
        self.inner.known().listed.names().to_vec()
    }

    /// The model that answers whoever chose none; `None`: it is not used.
    pub(crate) fn model(&self) -> Option<String> {
        self.inner.known().model.clone()
    }

    /// What went there since the start.
    pub(crate) fn left(&self) -> janet_protocol::LeftMachine {
        self.inner.server.left("language_model")
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
                let why = known.listed.why(name).or(known.why.as_ref());
                let why = why.map_or(String::new(), |why| format!(": {why}"));
                own.note = format!("{}; {name} at {url} is not used now{why}", own.note);
                return;
            }
            ModelChoice::Own => return,
        };
        match answers {
            Some(model) => {
                let own_name = std::mem::replace(&mut own.name, model.clone());
                own.note = format!("{} at {url}; {own_name} stands by", dialect.name());
                if let Some(why) = known.listed.why(model) {
                    own.note = format!("{}; asked last, {why}", own.note);
                }
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

    /// An answer of this model is complete.
    fn answered(&self, model: String, by_name: bool) {
        let mut known = self.known();
        known.answers = 0;
        known.listed.answered(&model);
        if !by_name {
            known.model.get_or_insert(model);
        }
    }

    /// An answer of this model failed: the server is looked at again before it is asked again; or
    /// this model alone is left in peace, where it was asked for by its name.
    fn failed(&self, model: &str, by_name: bool, error: LlmError) {
        metrics::counter!("janet_llm_server_failures_total").increment(1);
        let mut known = self.known();
        // What is told of a model that is asked for by its name; the others may be well.
        let is_its_own = by_name && error != LlmError::Unreachable;
        // One question may be too long, or have no answer: that is no reason to ask nobody.
        let is_one_question = error == LlmError::Empty || error.is_refusal();
        if is_its_own || is_one_question {
            known
                .listed
                .failed(model, std::time::Instant::now(), error.clone());
        }
        // What `auto` took may be listed and not be for chats: the next one is tried.
        let is_taken = !by_name && self.config.model.is_none() && error.is_refusal();
        if is_its_own || is_one_question && !is_taken {
            tracing::warn!(model, %error, "a model of the language server's did not answer");
            return;
        }
        // Of several answers that fail together one counts.
        if !is_taken && known.model.is_some() {
            known.answers = known.answers.saturating_add(1);
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
        let models = match (
            self.server.list(dialect.list_path()).await,
            &self.config.model,
        ) {
            // Not every server of this kind lists its models.
            (Err(Fault::Status(404)), Some(model)) if dialect == LlmDialect::OpenAi => {
                Ok(vec![model.clone()])
            }
            (list, _) => list
                .map_err(LlmError::from)
                .and_then(|list| dialect.models(&list)),
        };
        let mut known = self.known();
        match &models {
            Ok(models) => known.listed.list(models),
            Err(_) => known.listed.is_away(),
        }
        let models = models?;
        let Some(wanted) = &self.config.model else {
            let now = std::time::Instant::now();
            let mut fit = models
                .into_iter()
                .filter(|name| known.listed.is_up(name, now));
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
            Ok(()) => self.answered(model, by_name),
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
        let body = dialect.body(model, question, self.config.max_tokens);
        let asked = timeout_at(limit.0, self.server.ask(dialect.chat_path(), &body)).await;
        let mut response = asked.map_err(|_| late(limit))??;
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
}

#[cfg(test)]
#[path = "mod_test.rs"]
mod tests;
