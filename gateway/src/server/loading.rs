//! Loads the models beside the listening server and starts the engine on them.

use std::sync::{Arc, LazyLock};

use janet_engine::ports::Servers;
use janet_engine::{Engine, EngineError, ModelPaths, Models};
use janet_kernels::Exec;
use janet_models::embed::TextEmbedder;
use tokio::sync::{oneshot, watch};

use crate::app::{App, Phase};
use crate::gate::Redact;
use crate::trust::Vectors;
use crate::voice::engine_config;
use crate::weights;

/// Where every process begins.
pub(super) static BEGINNING: LazyLock<Phase> = LazyLock::new(|| Phase::Loading {
    stage: "starting".into(),
    done: 0.0,
});

/// Starts the thread. It ends when the engine is in `app` and `phase` says `Ready`, or with the
/// error that keeps the process from serving.
pub(super) fn start(
    app: Arc<App>,
    weights: ModelPaths,
    phase: watch::Sender<Phase>,
) -> std::io::Result<oneshot::Receiver<Result<(), EngineError>>> {
    let (tell, told) = oneshot::channel();
    std::thread::Builder::new()
        .name("janet-load".into())
        .spawn(move || {
            let result = load(&app, &weights, &phase);
            if result.is_ok() {
                phase.send_replace(Phase::Ready);
            }
            // Nobody listens any more when the server went down meanwhile.
            tell.send(result).ok();
        })?;
    Ok(told)
}

fn load(app: &App, weights: &ModelPaths, phase: &watch::Sender<Phase>) -> Result<(), EngineError> {
    let config = engine_config(&app.config, &app.who);
    let models = Models::load(weights, &config, &mut |stage, done| {
        tracing::debug!(stage, done, "loading");
        phase.send_replace(Phase::Loading {
            stage: stage.to_owned(),
            done,
        });
    })?;
    let servers = Servers {
        language: app.llm.clone().map(|server| server as _),
        speech: app.tts.clone().map(|server| server as _),
    };
    let engine = Engine::start(models, Arc::new(Redact), servers, config)?;
    if app.engine.set(engine).is_err() {
        unreachable!("models are loaded once in a process");
    }
    // Somebody may have chosen another persona meanwhile.
    if let Some(engine) = app.engine.get() {
        app.who.tell(|prompt| engine.set_system_prompt(prompt));
    }
    // Memory works without it, by words alone.
    match weights::embedder(&app.config.models) {
        Ok(Some((folder, hold))) => match TextEmbedder::load(&folder, &Exec::cpu(1)) {
            Ok(embedder) => app.trust.embed_by(Arc::new(Vectors(embedder)), hold),
            Err(error) => tracing::error!(%error, "memories are found by their words alone"),
        },
        Ok(None) => tracing::info!(
            "memories are found by their words alone; `janet models pull` fetches the model that finds them by meaning"
        ),
        Err(error) => tracing::warn!(%error, "memories are found by their words alone"),
    }
    Ok(())
}
