//! What `context` tells of a session: its conversation so far, and who answers in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Hands, PastCall, Pose, Private, Status};

/// The answer to `get_context`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ContextData {
    /// The conversation so far, oldest first.
    pub messages: Vec<PastMessage>,
    /// The calls of this conversation that have ended, oldest first.
    pub calls: Vec<PastCall>,
    /// The models that answer, by role (`stt`, `llm`, `tts`, `vad`, `turn`; more may come). While
    /// they load, the ones that will.
    pub models: BTreeMap<String, ModelInfo>,
    /// Name of the profile that the settings started from.
    pub profile: String,
    /// Version of the server.
    pub version: String,
    /// Whether requests are served yet.
    pub status: Status,
    /// While the models load: how far they are.
    pub loading: Option<Loading>,
    /// Whether a conversation that has not spoken yet would be refused now, as `overloaded`.
    pub busy: bool,
    /// Servers that were asked for and are not used, with the reason; empty while all is well.
    pub trouble: Vec<Trouble>,
    /// The voices that `settings_set` can choose, the configured one first.
    pub voices: Vec<Choice>,
    /// The language models that `settings_set` can choose, the configured one first.
    pub language_models: Vec<Choice>,
    /// The conversation itself.
    pub conversation: ConversationInfo,
    /// Where the client's head and hands are, as it told last in the session that is on.
    pub pose: Option<LastPose>,
}

/// Where a client's head and hands were, as it told last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LastPose {
    /// The session.
    pub session_id: String,
    /// How long ago it told so.
    pub age_ms: u64,
    /// The head.
    pub head: Pose,
    /// The hands, as far as they were seen.
    pub hands: Hands,
}

/// How far the models are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Loading {
    /// What is being loaded, for people.
    pub stage: String,
    /// How much of all is done, 0 to 1.
    #[cfg_attr(test, schemars(range(min = 0.0, max = 1.0)))]
    pub done: f32,
}

/// A server that is not used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Trouble {
    /// Whose work it was to do: `llm` or `tts`.
    pub role: String,
    /// Why it is not used, for people.
    pub why: String,
}

/// One message of the conversation so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PastMessage {
    /// Who said it.
    pub role: Speaker,
    /// What was said, as history keeps it.
    pub text: Private<String>,
    /// Whether it is an answer that did not come to its end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
}

/// Who said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Speaker {
    /// The person.
    User,
    /// Janet.
    Assistant,
}

/// A model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ModelInfo {
    /// Its name.
    pub name: String,
    /// A remark for people, such as why it answers in place of another; may be empty.
    pub note: String,
}

/// One of a list that `settings_set` chooses from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Choice {
    /// What `settings_set` calls it.
    pub id: String,
    /// What people call it.
    pub name: String,
}

/// A conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ConversationInfo {
    /// Its id: the `client_id` of this connection.
    pub id: String,
    /// What messages about it call it: their `conversation_uuid`.
    pub uuid: String,
    /// Seconds after its last client has left until it is gone for good.
    pub expires_after_s: u64,
}
