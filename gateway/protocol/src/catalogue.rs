//! Every name on the wire: for documentation, for the schema, and for the test that holds it true.

use crate::Role;

/// Who says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// A client says it.
    ToServer,
    /// Janet says it.
    ToClient,
}

/// Who may send a message, from the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Whoever reaches the server by TLS, and everybody else.
    Anybody,
    /// Whoever was let in.
    Guest,
    /// The one person whose assistant this is.
    Operator,
}

impl Who {
    /// Its name in the schema.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anybody => "anybody",
            Self::Guest => "guest",
            Self::Operator => "operator",
        }
    }

    /// Whether somebody may; `None` was not let in.
    pub const fn admits(self, role: Option<Role>) -> bool {
        match self {
            Self::Anybody => true,
            Self::Guest => role.is_some(),
            Self::Operator => matches!(role, Some(Role::Operator)),
        }
    }
}

/// One message.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its `type`.
    pub name: &'static str,
    /// Who says it.
    pub direction: Direction,
    /// Who may send it; `None` for what Janet says.
    pub who: Option<Who>,
    /// First version that speaks it.
    pub since: &'static str,
    /// Its fields besides `type` and `request_id`; `?` marks one that may be absent.
    pub fields: &'static [&'static str],
    /// The `type`s that answer it.
    pub answered_by: &'static [&'static str],
}

/// Of a client, guests included.
const fn up(
    name: &'static str,
    fields: &'static [&'static str],
    answered_by: &'static [&'static str],
) -> Entry {
    Entry {
        name,
        direction: Direction::ToServer,
        who: Some(Who::Guest),
        since: "0.1.0",
        fields,
        answered_by,
    }
}

/// The same with another sender.
const fn by(who: Who, entry: Entry) -> Entry {
    Entry {
        who: Some(who),
        ..entry
    }
}

const fn operators(
    name: &'static str,
    fields: &'static [&'static str],
    answers: &'static [&'static str],
) -> Entry {
    by(Who::Operator, up(name, fields, answers))
}

const fn down(name: &'static str, fields: &'static [&'static str]) -> Entry {
    Entry {
        name,
        direction: Direction::ToClient,
        who: None,
        since: "0.1.0",
        fields,
        answered_by: &[],
    }
}

/// All messages of this version. Every request may also be answered by `error`.
pub const MESSAGES: &[Entry] = &[
    up(
        "message",
        &["text", "speak?", "remember?"],
        &["assistant_delta", "assistant_message"],
    ),
    up(
        "text_input",
        &["text", "speak?", "remember?"],
        &["response"],
    ),
    up(
        "audio",
        &["audio"],
        &["assistant_delta", "assistant_message"],
    ),
    up("audio_chunk", &["audio"], &["response"]),
    up(
        "audio_start",
        &["rate_hz", "play_rate_hz", "mode"],
        &["audio_ready"],
    ),
    up("audio_end", &[], &[]),
    up("audio_stop", &[], &[]),
    up("audio_loop", &["on"], &["audio_looping"]),
    up("playout", &["played_sample"], &[]),
    up("interrupt", &[], &[]),
    up("ping", &["timestamp"], &["pong"]),
    up("get_context", &[], &["context"]),
    up(
        "settings_set",
        &["voice_speed?", "sensitivity?", "voice?", "model?"],
        &["settings"],
    ),
    by(
        Who::Anybody,
        up(
            "client_connect",
            &["client_id?", "key?"],
            &["connected", "pair_wanted"],
        ),
    ),
    up(
        "vr_connect",
        &[
            "session_id?",
            "transport?",
            "sdp?",
            "sdp_type?",
            "head_pose?",
        ],
        &["vr_offer", "vr_answer", "vr_opened", "vr_error"],
    ),
    up(
        "vr_audio",
        &["session_id", "sdp?", "sdp_type?", "audio?"],
        &["vr_response", "vr_error"],
    ),
    up(
        "vr_ice",
        &["session_id", "candidate", "sdp_mid?", "sdp_mline_index?"],
        &["vr_error"],
    ),
    up("vr_pose", &["session_id", "head", "hands?"], &["vr_error"]),
    up(
        "voip_call",
        &["direction", "device_info", "call_id?"],
        &["voip_offer", "voip_error"],
    ),
    up(
        "voip_answer",
        &["call_id", "sdp", "sdp_type"],
        &["voip_connected", "voip_ended", "voip_error"],
    ),
    up(
        "voip_ice",
        &["call_id", "candidate", "sdp_mid?", "sdp_mline_index?"],
        &["voip_error"],
    ),
    up(
        "voip_audio",
        &["call_id", "audio"],
        &["voip_response", "voip_audio", "voip_error"],
    ),
    up(
        "voip_hold",
        &["call_id", "on"],
        &["voip_state", "voip_error"],
    ),
    up(
        "voip_end",
        &["call_id", "reason?"],
        &["voip_ended", "voip_error"],
    ),
    operators(
        "voip_ring",
        &["client_id?", "caller?"],
        &["voip_state", "voip_ended", "voip_error"],
    ),
    operators(
        "pair_open",
        &["role"],
        &["pair_opened", "device_paired", "pair_closed"],
    ),
    by(
        Who::Anybody,
        up("pair_start", &["name", "message"], &["pair_challenge"]),
    ),
    by(Who::Anybody, up("pair_finish", &["proof"], &["paired"])),
    operators("device_list", &[], &["devices_listed"]),
    operators("device_revoke", &["device_id"], &["device_revoked"]),
    operators(
        "transfer_context",
        &[
            "source_soul",
            "target_soul",
            "conversation_uuid?",
            "include_vaults?",
            "auto_consent?",
            "safe_word?",
            "exported_context?",
        ],
        &[
            "consent_request",
            "transfer_progress",
            "transfer_result",
            "transfer_denied",
            "transfer_error",
        ],
    ),
    operators(
        "consent_response",
        &["granted", "consent_id?", "conversation_uuid?"],
        &["consent_closed"],
    ),
    operators(
        "memory_search",
        &["query", "limit?", "soul?"],
        &["memory_results"],
    ),
    operators(
        "memory_list",
        &["limit?", "before?", "soul?"],
        &["memory_results"],
    ),
    operators("memory_remember", &["text", "soul?"], &["memory_result"]),
    operators("memory_edit", &["id", "text", "soul?"], &["memory_result"]),
    operators("memory_forget", &["id", "soul?"], &["memory_result"]),
    operators("memory_distil", &[], &["consent_request", "memory_result"]),
    operators(
        "memory_forget_all",
        &["everything?"],
        &["soul_check", "memory_result"],
    ),
    by(
        Who::Guest,
        up("conversation_forget", &[], &["conversation_forgotten"]),
    ),
    operators("vault_create", &["safe_word", "soul?"], &["vault_result"]),
    operators(
        "vault_unlock",
        &["safe_word", "names?", "soul?"],
        &["vault_result"],
    ),
    operators("vault_lock", &["soul?"], &["vault_result"]),
    operators(
        "vault_put",
        &["name", "value", "tags?", "soul?"],
        &["vault_result"],
    ),
    operators("vault_get", &["name", "soul?"], &["vault_result"]),
    operators("vault_list", &["soul?"], &["vault_result"]),
    operators("vault_forget", &["name", "soul?"], &["vault_result"]),
    operators(
        "vault_change",
        &["safe_word", "new_safe_word", "soul?"],
        &["vault_result"],
    ),
    operators(
        "vault_export",
        &["safe_word", "password", "soul?"],
        &["vault_result", "soul_check", "vault_exported"],
    ),
    operators(
        "vault_import",
        &["file", "password", "soul?"],
        &["vault_result"],
    ),
    operators(
        "red_thread_clear",
        &["safe_word?", "token?"],
        &["red_thread_state", "red_thread_token"],
    ),
    operators("grant_list", &[], &["grants_listed"]),
    operators("grant_add", &["action"], &["soul_check", "grant_added"]),
    operators("grant_revoke", &["grant_id"], &["grant_revoked"]),
    operators("audit_read", &["limit?", "before?"], &["audit_entries"]),
    operators("persona_list", &[], &["personas_listed"]),
    operators(
        "persona_set",
        &["persona_id"],
        &["soul_check", "persona_changed"],
    ),
    operators("privacy_read", &[], &["privacy"]),
    operators("soul_list", &[], &["souls_listed"]),
    up("red_thread", &["reason?"], &["red_thread_state"]),
    down(
        "connected",
        &[
            "client_id",
            "status",
            "role",
            "protocol",
            "capabilities",
            "nodes",
            "ice_servers?",
        ],
    ),
    down("assistant_delta", &["reply_id", "text"]),
    down(
        "assistant_message",
        &[
            "reply_id",
            "text",
            "user_text",
            "audio?",
            "audio_format?",
            "client_id",
            "tone",
            "images",
            "actions",
            "latency",
        ],
    ),
    down(
        "response",
        &["text", "user_text", "audio", "audio_format", "client_id"],
    ),
    down("audio_ready", &["play_rate_hz"]),
    down("audio_looping", &["on"]),
    down("playout_flush", &["from_sample"]),
    down("transcript", &["text", "final", "start_ms", "end_ms"]),
    down("speaking", &["reply_id", "state", "rate_hz"]),
    down("speech_heard", &["reply_id", "chars"]),
    down(
        "settings",
        &["voice_speed", "sensitivity", "voice", "model"],
    ),
    down("pong", &["timestamp"]),
    down("context", &["data"]),
    down(
        "vr_offer",
        &[
            "session_id",
            "session_no",
            "sdp",
            "sdp_type",
            "ice_servers?",
        ],
    ),
    down(
        "vr_ice",
        &["session_id", "candidate", "sdp_mid", "sdp_mline_index"],
    ),
    down(
        "vr_answer",
        &["session_id", "session_no", "sdp", "sdp_type"],
    ),
    down("vr_opened", &["session_id", "session_no"]),
    down("vr_response", &["session_id", "status", "text?", "audio?"]),
    down("vr_error", &["session_id?", "code", "message", "field?"]),
    down("voip_incoming", &["call_id", "node_id", "caller"]),
    down(
        "voip_offer",
        &["call_id", "sdp", "sdp_type", "node_id", "ice_servers?"],
    ),
    down(
        "voip_ice",
        &["call_id", "candidate", "sdp_mid", "sdp_mline_index"],
    ),
    down("voip_connected", &["call_id", "status"]),
    down("voip_response", &["call_id", "text", "status"]),
    down("voip_audio", &["call_id", "audio"]),
    down("voip_state", &["call_id", "state"]),
    down(
        "voip_ended",
        &["call_id", "reason", "duration_ms", "words?"],
    ),
    down("voip_error", &["call_id?", "code", "message", "field?"]),
    down("face_clock", &["rtp_timestamp", "sample"]),
    down("viseme", &["frames"]),
    down("tone", &["name", "intensity", "at_sample"]),
    down("gesture", &["name", "at_sample"]),
    down("pair_wanted", &["protocol", "fingerprint"]),
    down(
        "pair_opened",
        &[
            "code",
            "role",
            "fingerprint",
            "addresses",
            "quic_port?",
            "expires_ms",
        ],
    ),
    down("pair_closed", &["reason"]),
    down("device_paired", &["device"]),
    down("pair_challenge", &["message"]),
    down("paired", &["device_id", "key", "role", "proof"]),
    down("devices_listed", &["devices"]),
    down("device_revoked", &["device_id"]),
    down(
        "consent_request",
        &[
            "consent_id",
            "conversation_uuid",
            "action",
            "impact",
            "prompt",
            "requires_response",
            "expires_at",
        ],
    ),
    down(
        "soul_check",
        &[
            "consent_id",
            "conversation_uuid",
            "action",
            "impact",
            "prompt",
            "requires_response",
            "expires_at",
            "needs_click",
        ],
    ),
    down(
        "consent_request_audio",
        &["consent_id", "conversation_uuid", "audio", "audio_format"],
    ),
    down(
        "consent_closed",
        &["consent_id", "conversation_uuid", "outcome"],
    ),
    down(
        "transfer_progress",
        &["conversation_uuid", "stage", "fraction"],
    ),
    down(
        "transfer_result",
        &[
            "conversation_uuid",
            "success",
            "messages_transferred",
            "summaries_transferred",
            "vaults_transferred",
            "error",
            "metadata",
        ],
    ),
    down("transfer_denied", &["conversation_uuid", "reason"]),
    down(
        "transfer_error",
        &["conversation_uuid?", "code", "message", "field?"],
    ),
    down("memory_results", &["results", "total"]),
    down(
        "conversation_forgotten",
        &["conversation_uuid", "message", "proof?"],
    ),
    down(
        "memory_result",
        &[
            "action",
            "success",
            "message",
            "id?",
            "receipt_id?",
            "proof?",
        ],
    ),
    down(
        "vault_result",
        &[
            "action",
            "status",
            "exists",
            "locked",
            "message",
            "items?",
            "value?",
            "retry_after_ms?",
            "soul",
        ],
    ),
    down("vault_exported", &["file"]),
    down("red_thread_state", &["active", "since", "node"]),
    down("red_thread_token", &["token", "expires_at"]),
    down("grants_listed", &["grants"]),
    down("grant_added", &["grant"]),
    down("grant_revoked", &["grant_id"]),
    down("audit_entries", &["entries", "count", "verified", "head"]),
    down("personas_listed", &["personas", "active"]),
    down("persona_changed", &["persona_id"]),
    down(
        "privacy",
        &[
            "memories?",
            "conversations",
            "messages",
            "keep_ms",
            "vault_exists",
            "vault_locked",
            "microphones",
            "left_machine",
            "audit_entries",
            "souls",
        ],
    ),
    down("souls_listed", &["souls"]),
    down("error", &["code", "message", "field?"]),
];

/// Who may send a message of this name; `None`: no client sends it.
pub fn who(name: &str) -> Option<Who> {
    let of_clients = |entry: &&Entry| entry.direction == Direction::ToServer && entry.name == name;
    MESSAGES.iter().find(of_clients).and_then(|entry| entry.who)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_may_what_the_column_says() {
        let all = [None, Some(Role::Guest), Some(Role::Operator)];
        for (name, expected) in [
            ("pair_start", [true, true, true]),
            ("client_connect", [true, true, true]),
            ("message", [false, true, true]),
            ("device_revoke", [false, false, true]),
        ] {
            let who = who(name).expect("a message of clients");
            assert_eq!(all.map(|role| who.admits(role)), expected, "{name}");
        }
        assert_eq!(who("connected"), None);
        assert!(Who::Anybody < Who::Guest && Who::Guest < Who::Operator);
    }
}
