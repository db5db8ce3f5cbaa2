//! The engine as a transport sees it: models, arbiter and pacers, and sessions that are opened.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use janet_kernels::Pool;
use janet_models::ModelError;
use janet_models::visemes::{self, Visemes};

use crate::arbiter::{Arbiter, StepStats};
use crate::histogram::Histogram;
use crate::models::{ModelInfo, Models};
use crate::oneshot::{Desk, Seat};
use crate::pacer::Pacers;
use crate::ports::{Gate, Servers};
use crate::session::{Admission, Core, Parts, Places, Session, SessionSpec, Shared};
use crate::{EngineConfig, EngineError, SignalDevice};

/// What the engine has measured of itself since it was started.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EngineStats {
    /// Steps of model work.
    pub steps: StepStats,
    /// From a push of microphone samples to their judgement, 99th percentile, in ms.
    pub vad_late_p99_ms: f64,
    /// Jobs that wait for a permit now.
    pub waiting: usize,
    /// Share of the machine that goes into work somebody waits for, 0 to 1.
    pub load: f32,
}

/// Janet's voice path. Dropping it ends every session.
pub struct Engine {
    // Dropped in this order: sessions first, then the workers that their jobs run on.
    pacers: Pacers,
    arbiter: Arbiter,
    parts: Parts,
    desk: Arc<Desk>,
    open: Arc<AtomicUsize>,
    numbers: AtomicU64,
    closing: AtomicBool,
}

impl Engine {
    /// Starts the threads. The models are loaded and warm; `servers` are preferred to those among
    /// them while they are up.
    pub fn start(
        models: Models,
        gate: Arc<dyn Gate>,
        servers: Servers,
        config: EngineConfig,
    ) -> Result<Self, EngineError> {
        let arbiter = Arbiter::start(config.threads).map_err(EngineError::Thread)?;
        let pacers = Pacers::start(config.threads).map_err(EngineError::Thread)?;
        let parts = Parts {
            models: Arc::new(models),
            gate,
            server: servers.language,
            visemes: servers.speech.as_ref().and_then(|_| open_visemes(&config)),
            speech: servers.speech,
            submit: arbiter.submitter(),
            llm_places: Places::new(config.llm_slots),
            system_prompt: Arc::new(Mutex::new(config.system_prompt.as_str().into())),
            config: Arc::new(config),
            vad_late: Arc::new(Histogram::default()),
        };
        let admission = Admission {
            submit: parts.submit.clone(),
            busy_at: parts.config.busy_at,
        };
        Ok(Self {
            desk: Desk::new(parts.clone(), admission),
            pacers,
            arbiter,
            parts,
            open: Arc::new(AtomicUsize::new(0)),
            numbers: AtomicU64::new(1),
            closing: AtomicBool::new(false),
        })
    }

    /// What the language model is told first, in sessions and requests that begin from now on. What goes on
    /// keeps what it began with.
    pub fn set_system_prompt(&self, prompt: &str) {
        let mut told = self.parts.system_prompt.lock();
        **told.as_mut().unwrap_or_else(|poisoned| poisoned.get_mut()) = prompt.into();
    }

    /// Opens a session, or says busy.
    pub fn open(&self, spec: SessionSpec) -> Result<Session, EngineError> {
        if self.closing.load(Ordering::Acquire) {
            return Err(EngineError::Ended);
        }
        let limit = self.parts.config.sessions;
        let taken = self
            .open
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |open| {
                (open < limit).then_some(open + 1)
            });
        if let Err(open) = taken {
            return Err(EngineError::Busy { open, limit });
        }
        let shared = Shared::new(spec.waker.clone());
        // From here on the handle gives the place back, whatever happens.
        let session = Session::new(shared.clone(), self.open.clone(), self.admission());
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let core = Core::new(self.parts.clone(), shared, number, spec);
        match self.pacers.adopt(core) {
            Ok(()) => Ok(session),
            Err(_) => Err(EngineError::Busy { open: limit, limit }),
        }
    }

    /// A seat for a request of other software, or says busy: while conversations need the machine,
    /// and past [`EngineConfig::requests`].
    pub fn request(&self) -> Result<Seat, EngineError> {
        if self.closing.load(Ordering::Acquire) {
            return Err(EngineError::Ended);
        }
        self.desk.sit()
    }

    /// Requests of other software that are open.
    pub fn requests(&self) -> usize {
        self.desk.open()
    }

    /// No further session is opened and no further request taken. Those that are open end with their
    /// handles.
    pub fn close(&self) {
        self.closing.store(true, Ordering::Release);
    }

    /// Whether a conversation that has not spoken yet would be refused now.
    pub fn is_busy(&self) -> bool {
        self.admission().is_busy(self.parts.submit.load())
    }

    fn admission(&self) -> Admission {
        Admission {
            submit: self.parts.submit.clone(),
            busy_at: self.parts.config.busy_at,
        }
    }

    /// Sessions that are open.
    pub fn sessions(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }

    /// Which model does what.
    pub fn describe(&self) -> &[ModelInfo] {
        self.parts.models.describe()
    }

    /// What was measured since the start.
    pub fn stats(&self) -> EngineStats {
        EngineStats {
            steps: self.arbiter.stats(),
            vad_late_p99_ms: self.parts.vad_late.quantile_ms(0.99),
            waiting: self.parts.submit.waiting(),
            load: self.parts.submit.load(),
        }
    }
}

/// Her own voice tells its phonemes; that of a speech server is read. Without a face she is heard all
/// the same.
fn open_visemes(config: &EngineConfig) -> Option<Visemes> {
    let open = || -> Result<_, ModelError> {
        let model = visemes::built_in()?;
        // One thread: a frame takes a tenth of a millisecond of it.
        Visemes::open(&model, config.visemes, Pool::new(1), config.sessions)
    };
    match open() {
        Ok((visemes, passed_over)) => {
            for reason in passed_over {
                if config.visemes == SignalDevice::Auto {
                    tracing::debug!(%reason, "not for the mouth");
                } else {
                    tracing::warn!(%reason, "`engine.visemes` names what is not there");
                }
            }
            tracing::info!(
                backend = visemes.backend(),
                "her mouth follows the speech server"
            );
            Some(visemes)
        }
        Err(error) => {
            tracing::warn!(%error, "her mouth does not follow the speech server");
            None
        }
    }
}
