//! One conversation with one client: the handle that a transport holds and the core that the
//! pacer steps.

mod acts;
mod announcing;
mod answering;
mod command;
mod core;
mod courtesy;
mod delegated;
mod digest;
mod digesting;
mod echo;
mod face;
mod handle;
mod jobs;
mod listen;
mod live;
mod loopback;
mod mic;
mod obey;
mod places;
mod posted;
mod recalling;
mod settings;
mod shared;
mod sound;
mod speaking;
mod thoughts;
mod voicing;

pub use self::acts::Act;
pub use self::answering::{Answer, Answering};
pub(crate) use self::core::{Core, Parts};
pub(crate) use self::courtesy::Courtesy;
pub use self::delegated::{Delegated, Failure, Work};
pub use self::face::FaceFrame;
pub(crate) use self::handle::Admission;
pub use self::handle::{AudioChunk, Playback, Session};
pub(crate) use self::jobs::{AnswerJob, Ask, Asking, ForgetJob, Outbox, Run2, VoiceJob, Waits};
pub(crate) use self::places::{Number, Place, Places, Tell};
pub(crate) use self::posted::{Mouth, Piece, Posted, Results, What};
pub use self::settings::{SessionSettings, VOICE_SPEEDS};
pub(crate) use self::shared::Shared;
pub(crate) use self::thoughts::Thoughts;
pub use self::voicing::{Speech, Voicing};

use std::sync::Arc;

use crate::ports::{Attendant, Memory};

/// Who said a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The user.
    User,
    /// Janet.
    Assistant,
}

/// What a session begins with.
pub struct SessionSpec {
    /// The conversation so far, oldest first.
    pub history: Vec<(Role, String)>,
    /// Called from any thread when there are events or audio to poll. Must not block.
    pub waker: Arc<dyn Fn() + Send + Sync>,
    /// Takes words that are no question to her; `None`: nobody does.
    pub attendant: Option<Arc<dyn Attendant>>,
    /// What is remembered of the user; `None`: nothing, as for guests.
    pub memory: Option<Arc<dyn Memory>>,
}

impl Default for SessionSpec {
    /// A conversation of which nothing was said yet, with nobody beside it.
    fn default() -> Self {
        Self {
            history: Vec::new(),
            waker: Arc::new(|| {}),
            attendant: None,
            memory: None,
        }
    }
}
