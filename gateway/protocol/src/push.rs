//! What a push service carries to a phone that is not connected.

use serde::{Deserialize, Serialize};

/// A ring, as APNs carries it: what `voip_incoming` says, and until when. The phone connects and
/// answers by `voip_call` with the direction `incoming` and this `call_id`, or declines by `voip_end`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PushPayload {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: PushKind,
    /// What the call is called.
    #[cfg_attr(test, schemars(extend("pattern" = "^[0-9a-f]{32}$")))]
    pub call_id: String,
    /// The node that rings.
    #[cfg_attr(test, schemars(extend("pattern" = "^[0-9a-f]{32}$")))]
    pub node_id: String,
    /// Who calls, for people.
    pub caller: String,
    /// When the ring ends, in ms since 1970. What comes later is a call that was missed.
    pub expires_ms: u64,
    /// Apple's own part; a VoIP push has nothing to say in it.
    pub aps: Aps,
}

/// What a push is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum PushKind {
    /// A ring, as the message of this name over the WebSocket.
    #[default]
    VoipIncoming,
}

/// Apple's own part of a payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Aps {}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::*;

    pub(crate) fn payload(caller: &str) -> PushPayload {
        PushPayload {
            kind: PushKind::VoipIncoming,
            call_id: "0123456789abcdef".repeat(2),
            node_id: "fedcba9876543210".repeat(2),
            caller: caller.to_owned(),
            expires_ms: 1_800_000_045_000,
            aps: Aps {},
        }
    }

    #[test]
    fn it_has_the_names_of_the_ring_over_the_websocket() {
        let written: Value = serde_json::to_value(payload("Janet")).expect("JSON");
        let expected = json!({
            "type": "voip_incoming", "call_id": "0123456789abcdef0123456789abcdef",
            "node_id": "fedcba9876543210fedcba9876543210", "caller": "Janet",
            "expires_ms": 1_800_000_045_000_u64, "aps": {},
        });
        assert_eq!(written, expected);
    }

    #[test]
    fn the_longest_fits_into_a_voip_push() {
        // A caller's name in the characters that JSON writes longest.
        let longest = payload(&"\u{1}".repeat(crate::parse::SESSION_ID_BYTES));
        let bytes = serde_json::to_vec(&longest).expect("JSON").len();
        assert!(bytes <= 5 << 10, "{bytes} bytes; APNs takes 5 KiB");
    }
}
