//! What can go wrong in the engine, and how far it reaches.

use janet_audio::wav::WavError;
use janet_models::ModelError;

/// How much ends with an error. Nothing beyond it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// One reply: the conversation goes on.
    Reply,
    /// One session: its client is told and let go.
    Session,
    /// The process cannot serve.
    Process,
}

/// An error of the engine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// No further session is taken.
    #[error("busy: {open} of {limit} sessions are open")]
    Busy {
        /// Sessions that are open.
        open: usize,
        /// How many may be.
        limit: usize,
    },
    /// A conversation more would make all of them slow.
    #[error(
        "busy: the conversations that go on take {load:.0} % of this machine, and from {limit:.0} % on no further one begins; try again in a moment"
    )]
    Overloaded {
        /// Share of the machine that is taken, in percent.
        load: f32,
        /// From where on it counts as busy, in percent.
        limit: f32,
    },
    /// A session's bounded queue is full: the client sends faster than its turns are answered.
    #[error("too many requests wait in this session")]
    QueueFull,
    /// No further request of other software is taken.
    #[error("busy: {open} of {limit} requests are being worked on; try again in a moment")]
    Crowded {
        /// Requests that are open.
        open: usize,
        /// How many may be.
        limit: usize,
    },
    /// A request cannot be carried out as it is.
    #[error("{field}: {source}")]
    Refused {
        /// What of it.
        field: &'static str,
        /// Why not.
        source: Box<ModelError>,
    },
    /// A conversation needed the place that a request had.
    #[error("conversations go first, and one needed the place of this request")]
    GaveWay,
    /// A model failed at a request; the log says why.
    #[error("the {role} model failed")]
    Failed {
        /// What the model is for.
        role: &'static str,
    },
    /// The session has ended.
    #[error("the session has ended")]
    Ended,
    /// A rate that the microphone or the playout cannot have.
    #[error("{field}: {value} is not supported; use {allowed}")]
    Rate {
        /// Which argument.
        field: &'static str,
        /// What was given.
        value: u32,
        /// What may be given.
        allowed: &'static str,
    },
    /// A model could not be loaded.
    #[error("the {role} model cannot be used")]
    Model {
        /// What the model is for.
        role: &'static str,
        /// Why.
        #[source]
        source: ModelError,
    },
    /// Audio could not be read.
    #[error("the audio cannot be used")]
    Audio(#[from] WavError),
    /// A thread could not be started.
    #[error("a thread cannot be started")]
    Thread(#[source] std::io::Error),
}

impl EngineError {
    /// How far this error reaches.
    pub const fn fault(&self) -> Fault {
        match self {
            Self::QueueFull
            | Self::Overloaded { .. }
            | Self::Crowded { .. }
            | Self::Refused { .. }
            | Self::GaveWay
            | Self::Failed { .. }
            | Self::Rate { .. }
            | Self::Audio(_) => Fault::Reply,
            Self::Busy { .. } | Self::Ended => Fault::Session,
            Self::Model { .. } | Self::Thread(_) => Fault::Process,
        }
    }
}
