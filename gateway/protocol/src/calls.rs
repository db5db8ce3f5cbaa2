//! What both sides say of a call.

use serde::{Deserialize, Serialize};

use crate::Private;

/// Who calls whom, as the client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum CallDirection {
    /// The client calls Janet.
    Outgoing,
    /// Janet rings the client.
    Incoming,
}

impl CallDirection {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Outgoing, Self::Incoming];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Outgoing => "outgoing",
            Self::Incoming => "incoming",
        }
    }
}

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum CallState {
    /// There is none yet.
    Idle,
    /// Janet rings, and nobody has answered yet.
    Ringing,
    /// Agreed on, or being agreed on; voice does not flow yet.
    Connecting,
    /// Voice flows.
    Connected,
    /// Neither side hears the other until the client goes on.
    OnHold,
    /// It is over; nothing more comes of it.
    Ended,
}

impl CallState {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Idle,
        Self::Ringing,
        Self::Connecting,
        Self::Connected,
        Self::OnHold,
        Self::Ended,
    ];
}

/// Why a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum EndReason {
    /// The client hung up.
    HungUp,
    /// The client did not want to be rung.
    Declined,
    /// Janet rang, and nobody answered in time.
    Missed,
    /// Voice did not begin to flow in time, or the call was left on hold for too long.
    TimedOut,
    /// There was no way to the client.
    Unreachable,
    /// The way to the client was lost, and did not come back.
    NetworkLost,
    /// The client's connection ended; nobody is told so.
    ClientGone,
    /// The same client connected elsewhere.
    Superseded,
    /// The server is going down.
    ShuttingDown,
    /// A fault of Janet's own.
    Failed,
    /// A reason of a newer server, seen by an older client.
    #[serde(other)]
    #[cfg_attr(test, schemars(skip))]
    Unrecognised,
}

impl EndReason {
    /// All that are ever sent.
    pub const ALL: [Self; 10] = [
        Self::HungUp,
        Self::Declined,
        Self::Missed,
        Self::TimedOut,
        Self::Unreachable,
        Self::NetworkLost,
        Self::ClientGone,
        Self::Superseded,
        Self::ShuttingDown,
        Self::Failed,
    ];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HungUp => "hung_up",
            Self::Declined => "declined",
            Self::Missed => "missed",
            Self::TimedOut => "timed_out",
            Self::Unreachable => "unreachable",
            Self::NetworkLost => "network_lost",
            Self::ClientGone => "client_gone",
            Self::Superseded => "superseded",
            Self::ShuttingDown => "shutting_down",
            Self::Failed => "failed",
            Self::Unrecognised => "unrecognised",
        }
    }
}

/// On what somebody calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Such as `ios` or `browser`; never blank.
    pub platform: String,
    /// The device's own name; never blank.
    pub device: String,
    /// By which it can be rung while it is not connected.
    pub push_token: Option<Private<String>>,
}

/// A call that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PastCall {
    /// Who called whom.
    pub direction: CallDirection,
    /// When it began, in ms since 1970.
    pub started_ms: u64,
    /// How long they talked, in ms; 0 if they never did.
    pub duration_ms: u64,
    /// Why it ended.
    pub reason: EndReason,
    /// Janet rang, and the client neither answered nor declined.
    pub missed: bool,
    /// Why the client ended it, in its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Private<String>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_wire() {
        for reason in EndReason::ALL {
            assert_eq!(serde_json::json!(reason), reason.as_str());
        }
        for direction in CallDirection::ALL {
            assert_eq!(serde_json::json!(direction), direction.as_str());
        }
        let newer: EndReason = serde_json::from_str("\"bored\"").expect("any name");
        assert_eq!(newer, EndReason::Unrecognised);
    }
}
