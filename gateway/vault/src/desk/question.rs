//! What is told to the desk, and what it says.

use std::fmt;
use std::str::FromStr;

use janet_protocol::Private;

use super::{Action, Consent, How, Needs};
use crate::conversations::ConversationId;
use crate::hex;
use crate::red_thread::{Pulled, SafeWordProof};

/// Which question: 128 random bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConsentId(pub(crate) [u8; 16]);

/// What is to be allowed.
#[derive(Clone, Debug)]
pub struct Request {
    /// The device that asks, by its id; `here` for one on this machine. Only it can answer.
    pub operator: String,
    /// What is to be done.
    pub action: Action,
    /// Where it was asked for, and where a spoken answer is listened for; none: a click alone.
    pub conversation: Option<ConversationId>,
    /// What it will mean ("42 messages and 15 summaries").
    pub impact: Private<String>,
    /// What is asked, as it is shown and spoken.
    pub prompt: Private<String>,
    /// The hash of what it is for ([`super::subject_of`]).
    pub subject: [u8; 32],
    /// The least that counts as a yes; never less than the action's own.
    pub needs: Needs,
    /// Whether a standing grant may answer.
    pub standing: Standing,
}

/// Whether standing grants count for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// They do: nothing but the operator's own words led here (and the message said `auto_consent`, where
    /// there is such a thing).
    Counts,
    /// They do not: there is text from a file, the web, a tool or a persona in this turn, or the operator
    /// wants to be asked.
    Suspended,
}

/// An answer that names its question.
#[derive(Debug)]
pub struct Answer {
    /// The device that answers.
    pub operator: String,
    /// Yes or no.
    pub granted: bool,
    /// How.
    pub by: By,
}

/// How an answer that names its question was given.
#[derive(Debug)]
pub enum By {
    /// On the question that is shown.
    Click,
    /// By a client that shows no question of its own.
    Message,
    /// With the safe word.
    SafeWord(SafeWordProof),
}

/// Words that were heard in a conversation. Janet's own voice never comes here.
#[derive(Clone, Copy, Debug)]
pub struct Spoken<'a> {
    /// Whose session it is.
    pub operator: &'a str,
    /// Where.
    pub conversation: ConversationId,
    /// What was said, to its end.
    pub words: &'a Private<String>,
    /// When the first word began: what was said before the prompt ended answers something else.
    pub began_ms: u64,
}

/// Words that were typed in a conversation.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    /// Whose session it is.
    pub operator: &'a str,
    /// Where.
    pub conversation: ConversationId,
    /// What was typed, whole.
    pub words: &'a Private<String>,
}

/// Whether words were an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// They were, and are no turn of the conversation.
    Taken,
    /// They are the conversation's.
    NotForUs,
}

/// How a question ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Yes, in this way.
    Granted(How),
    /// No.
    Denied,
    /// Nothing was said.
    Expired,
    /// It counts no more: the red thread, or who asked has gone.
    Withdrawn,
}

/// What the desk wants done.
#[derive(Debug)]
pub enum Out {
    /// Show the question on the device that asked (`consent_request`, or `soul_check`).
    Show {
        /// Which question.
        id: ConsentId,
        /// To whom.
        operator: String,
        /// Where it was asked for.
        conversation: Option<ConversationId>,
        /// What is to be done.
        action: Action,
        /// What it will mean.
        impact: Private<String>,
        /// What is asked.
        prompt: Private<String>,
        /// What counts as a yes.
        needs: Needs,
        /// When silence will be a no.
        expires_ms: u64,
    },
    /// Say the question in its conversation and tell [`super::Desk::prompt_played`] when it was heard whole.
    Speak {
        /// Which question.
        id: ConsentId,
        /// Where.
        conversation: ConversationId,
        /// What is said.
        prompt: Private<String>,
        /// Said once already; the answer was not clear, or no voice can give it.
        again: Option<Again>,
    },
    /// The operator said yes: what comes with it is used for what was asked for, or dropped.
    Granted {
        /// Which question.
        id: ConsentId,
        /// The yes.
        consent: Consent,
    },
    /// A question is over. For the audit log and for who shows it.
    Closed {
        /// Which question.
        id: ConsentId,
        /// Who was asked.
        operator: String,
        /// Where it was asked for.
        conversation: Option<ConversationId>,
        /// What it was about.
        action: Action,
        /// How it ended.
        outcome: Outcome,
    },
}

/// Why a question is said a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// The answer was neither a yes nor a no.
    Unclear,
    /// A yes, before the question was heard to its end.
    TooSoon,
    /// A yes, where a voice is not enough.
    NotByVoice,
}

/// Why nothing is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// Nothing is asked while it is pulled.
    #[error(transparent)]
    Pulled(#[from] Pulled),
    /// A yes in words would have two questions to answer.
    #[error("there is an open question in this conversation; it has to be answered first")]
    Open,
    /// Too many wait.
    #[error("too many questions are open; answer one of them first")]
    Busy,
    /// The action takes more than words that ask for it.
    #[error("`{0}` has to be asked for and answered")]
    NoCommand(&'static str),
    /// Nobody is there to be asked, and nothing stands consented to.
    #[error("no standing consent allows `{0}`, and nobody is there to be asked")]
    NoGrant(&'static str),
    /// The system gives no randomness.
    #[error("no random numbers from the operating system")]
    Random,
}

/// Why an answer counts for nothing. The question, if there is one, stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// It was answered, is over, or never was; or somebody else was asked.
    #[error("there is no such open question")]
    Unknown,
    /// More is needed for a yes.
    #[error("this takes {}", .0.wanted())]
    Needs(Needs),
    /// The proof is another device's, or too old.
    #[error("the safe word was given too long ago or elsewhere; give it again")]
    Proof,
    /// The red thread was pulled.
    #[error(transparent)]
    Pulled(#[from] Pulled),
}

impl Needs {
    /// In words for the operator.
    pub const fn wanted(self) -> &'static str {
        match self {
            Self::AnyAnswer => "a yes",
            Self::ClickOrSafeWord => "a click or the safe word",
            Self::SafeWord => "the safe word",
        }
    }
}

impl Outcome {
    /// Its name on the wire and in the audit log.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Granted(_) => "granted",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl ConsentId {
    /// As the audit log has it.
    pub const fn bytes(self) -> [u8; 16] {
        self.0
    }
}

impl fmt::Display for ConsentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for ConsentId {
    /// Its beginning: whoever has it whole can answer in the operator's session.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "q{:02x}{:02x}…", self.0[0], self.0[1])
    }
}

/// The text is no id of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a consent_id has 32 lower-case hexadecimal digits")]
pub struct NotAnId;

impl FromStr for ConsentId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        hex::decode(text).map(Self).ok_or(NotAnId)
    }
}
