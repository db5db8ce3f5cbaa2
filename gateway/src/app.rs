//! What every part of the server shares: one value for the whole process, made once.

use std::sync::{Arc, OnceLock};

use janet_engine::{Engine, ModelChoice, ModelInfo, VoiceChoice};
use janet_protocol::Trouble;
use tokio::sync::{Semaphore, watch};

use crate::config::Config;
use crate::conversations::Conversations;
use crate::llm::LanguageServer;
use crate::lock::Lock;
use crate::node::NodeId;
use crate::persona::Who;
use crate::push::Push;
use crate::socket::Parked;
use crate::souls::Souls;
use crate::trust::{Distiller, Trust};
use crate::tts::SpeechServer;
use crate::webrtc::Door;

/// How far the models are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Phase {
    /// Requests get `not_ready`.
    Loading {
        /// What is being loaded.
        stage: String,
        /// How much of all is done, 0 to 1.
        done: f32,
    },
    /// Requests are served.
    Ready,
}

/// The process's shared state.
pub(crate) struct App {
    pub(crate) config: Config,
    /// Name of the profile, for people.
    pub(crate) profile: String,
    /// Empty while the models load; set before `phase` says `Ready`.
    pub(crate) engine: OnceLock<Engine>,
    /// The language model elsewhere, if one may be used.
    pub(crate) llm: Option<Arc<LanguageServer>>,
    /// The voice elsewhere, if one may be used.
    pub(crate) tts: Option<Arc<SpeechServer>>,
    /// Calls that wait for their client.
    pub(crate) parked: Parked,
    /// How phones are rung that are not connected, if they can be.
    pub(crate) push: Option<Arc<Push>>,
    /// Who she is.
    pub(crate) who: Arc<Who>,
    /// What this machine is called.
    pub(crate) node: NodeId,
    /// Voice in real time, if a UDP port could be had.
    pub(crate) rtc: Option<Arc<Door>>,
    /// The UDP port at which QUIC is spoken, if it could be had.
    pub(crate) quic: Option<u16>,
    pub(crate) phase: watch::Receiver<Phase>,
    pub(crate) conversations: Arc<Conversations>,
    /// One permit for each client that may be connected.
    pub(crate) places: Arc<Semaphore>,
    /// Who may come in from elsewhere.
    pub(crate) lock: Arc<Lock>,
    /// The red thread, consent, memory and the log of it.
    pub(crate) trust: Arc<Trust>,
    /// Where conversations are distilled into what may be remembered.
    pub(crate) distiller: Distiller,
    /// Her souls, and what goes from one to the other.
    pub(crate) souls: Arc<Souls>,
    /// Turns true once, when the server goes down.
    pub(crate) leaving: watch::Receiver<bool>,
}

impl App {
    /// How many clients are connected.
    pub(crate) fn clients(&self) -> usize {
        self.config.server.max_clients - self.places.available_permits()
    }

    /// Servers that somebody who chose this asked for and that are not used, with the reason.
    pub(crate) fn trouble(&self, model: &ModelChoice, voice: &VoiceChoice) -> Vec<Trouble> {
        let llm = self.llm.as_ref().filter(|_| *model != ModelChoice::Own);
        let tts = self.tts.as_ref().filter(|_| *voice != VoiceChoice::Own);
        let llm = llm.and_then(|server| server.trouble());
        let tts = tts.and_then(|server| server.trouble());
        [("llm", llm), ("tts", tts)]
            .into_iter()
            .filter_map(|(role, why)| {
                let role = role.to_owned();
                why.map(|why| Trouble { role, why })
            })
            .collect()
    }

    /// Whether somebody who has not spoken yet would be refused now.
    pub(crate) fn is_busy(&self) -> bool {
        self.engine.get().is_some_and(Engine::is_busy)
    }

    /// Which model does what for somebody who chose this; before they are loaded, which will.
    pub(crate) fn models(&self, model: &ModelChoice, voice: &VoiceChoice) -> Vec<ModelInfo> {
        let names = self.config.models.shown();
        let mut models = match self.engine.get() {
            Some(engine) => engine.describe().to_vec(),
            None => names.clone().map(loading).into(),
        };
        // The engine knows folders only; a file of the user's has a name of its own.
        for model in &mut models {
            if let Some((_, name)) = names.iter().find(|(role, _)| *role == model.role) {
                model.name.clone_from(name);
            }
        }
        for own in &mut models {
            match (own.role, &self.llm, &self.tts) {
                ("llm", Some(server), _) => server.describe(own, model),
                ("tts", _, Some(server)) => server.describe(own, voice),
                _ => {}
            }
        }
        models
    }
}

fn loading((role, name): (&'static str, String)) -> ModelInfo {
    ModelInfo {
        role,
        name,
        note: "loading".into(),
    }
}

/// Resolves when the server goes down.
pub(crate) async fn goes_down(leaving: &mut watch::Receiver<bool>) {
    // The sender is gone only when the server is: that means the same.
    leaving.wait_for(|leaving| *leaving).await.ok();
}
