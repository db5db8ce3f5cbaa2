//! One of each event, beside its exact JSON.

use serde_json::{Value, json};

use super::*;
use crate::{AudioFormat, Base64, ErrorCode};

fn receipt() -> (Receipt, Value) {
    (
        Receipt {
            receipt_id: "r1".into(),
            action: "remember".into(),
            how: "click".into(),
            operator: "here".into(),
            at_ms: 7,
        },
        json!({"receipt_id": "r1", "action": "remember", "how": "click", "operator": "here", "at_ms": 7}),
    )
}

fn proof() -> (Proof, Value) {
    (
        Proof {
            entries: 1,
            vectors: 1,
            bytes_searched: 4096,
            traces: 0,
            audit_number: 9,
            conversations: Some(2),
            messages: Some(40),
        },
        json!({"entries": 1, "vectors": 1, "bytes_searched": 4096, "traces": 0, "audit_number": 9,
            "conversations": 2, "messages": 40}),
    )
}

fn grant() -> (Grant, Value) {
    (
        Grant {
            grant_id: "g".into(),
            action: "remember".into(),
            since_ms: 3,
        },
        json!({"grant_id": "g", "action": "remember", "since_ms": 3}),
    )
}

/// Every optional field set.
pub(crate) fn one_of_each() -> Vec<(TrustEvent, Value)> {
    [
        about_consent(),
        about_transfers(),
        about_memories(),
        about_the_rest(),
    ]
    .concat()
}

fn about_consent() -> Vec<(TrustEvent, Value)> {
    vec![
        (
            TrustEvent::ConsentRequest {
                consent_id: "c".into(),
                conversation_uuid: "u".into(),
                action: "remember".into(),
                impact: "one memory more".into(),
                prompt: "May I?".into(),
                requires_response: true,
                expires_at: 30_000,
            },
            json!({"type": "consent_request", "consent_id": "c", "conversation_uuid": "u", "action": "remember",
                "impact": "one memory more", "prompt": "May I?", "requires_response": true, "expires_at": 30_000}),
        ),
        (
            TrustEvent::SoulCheck {
                consent_id: "c".into(),
                conversation_uuid: "u".into(),
                action: "export".into(),
                impact: "all secrets".into(),
                prompt: "May I?".into(),
                requires_response: true,
                expires_at: 30_000,
                needs_click: true,
            },
            json!({"type": "soul_check", "consent_id": "c", "conversation_uuid": "u", "action": "export",
                "impact": "all secrets", "prompt": "May I?", "requires_response": true, "expires_at": 30_000,
                "needs_click": true}),
        ),
        (
            TrustEvent::ConsentRequestAudio {
                consent_id: "c".into(),
                conversation_uuid: "u".into(),
                audio: Base64(vec![0, 1, 2, 3]),
                audio_format: AudioFormat::Wav,
            },
            json!({"type": "consent_request_audio", "consent_id": "c", "conversation_uuid": "u",
                "audio": "AAECAw==", "audio_format": "wav"}),
        ),
        (
            TrustEvent::ConsentClosed {
                consent_id: "c".into(),
                conversation_uuid: "u".into(),
                outcome: ConsentOutcome::Expired,
            },
            json!({"type": "consent_closed", "consent_id": "c", "conversation_uuid": "u", "outcome": "expired"}),
        ),
        (
            TrustEvent::GrantsListed {
                grants: vec![grant().0],
            },
            json!({"type": "grants_listed", "grants": [grant().1]}),
        ),
        (
            TrustEvent::GrantAdded { grant: grant().0 },
            json!({"type": "grant_added", "grant": grant().1}),
        ),
        (
            TrustEvent::GrantRevoked {
                grant_id: "g".into(),
            },
            json!({"type": "grant_revoked", "grant_id": "g"}),
        ),
    ]
}

fn about_transfers() -> Vec<(TrustEvent, Value)> {
    vec![
        (
            TrustEvent::TransferProgress {
                conversation_uuid: "u".into(),
                stage: TransferStage::Importing,
                fraction: 0.5,
            },
            json!({"type": "transfer_progress", "conversation_uuid": "u", "stage": "importing", "fraction": 0.5}),
        ),
        (
            TrustEvent::TransferResult {
                conversation_uuid: "u".into(),
                success: true,
                messages_transferred: 42,
                summaries_transferred: 15,
                vaults_transferred: vec![VaultName::Green],
                error: None,
                metadata: TransferMetadata {
                    package_id: "p".into(),
                    duplicates: 1,
                    conflicts: 2,
                    refused: 3,
                    red_stubs: 4,
                    duration_ms: 5,
                },
            },
            json!({"type": "transfer_result", "conversation_uuid": "u", "success": true,
                "messages_transferred": 42, "summaries_transferred": 15, "vaults_transferred": ["green"],
                "error": null, "metadata": {"package_id": "p", "duplicates": 1, "conflicts": 2, "refused": 3,
                "red_stubs": 4, "duration_ms": 5}}),
        ),
        (
            TrustEvent::TransferDenied {
                conversation_uuid: "u".into(),
                reason: "nobody answered".into(),
            },
            json!({"type": "transfer_denied", "conversation_uuid": "u", "reason": "nobody answered"}),
        ),
        (
            TrustEvent::TransferError {
                conversation_uuid: Some("u".into()),
                code: ErrorCode::RedThread,
                message: "stopped".into(),
                field: Some("type".into()),
            },
            json!({"type": "transfer_error", "conversation_uuid": "u", "code": "red_thread", "message": "stopped",
                "field": "type"}),
        ),
        (
            TrustEvent::SoulsListed {
                souls: vec![SoulInfo {
                    soul: SoulName::Constitutional,
                    is_here: true,
                    is_reachable: true,
                    key: "00ff".into(),
                    conversations: Some(1),
                    memories: Some(2),
                }],
            },
            json!({"type": "souls_listed", "souls": [{"soul": "constitutional", "is_here": true,
                "is_reachable": true, "key": "00ff", "conversations": 1, "memories": 2}]}),
        ),
    ]
}

fn about_memories() -> Vec<(TrustEvent, Value)> {
    vec![
        (
            TrustEvent::MemoryResults {
                results: vec![MemoryEntry {
                    id: "m".into(),
                    text: "Tea, not coffee.".into(),
                    kind: "fact".into(),
                    source: "said on Monday".into(),
                    created_ms: 1,
                    edited_ms: Some(2),
                    score: Some(0.5),
                    souls: vec![SoulName::Networked, SoulName::Constitutional],
                    receipt: receipt().0,
                }],
                total: 3,
            },
            json!({"type": "memory_results", "results": [{"id": "m", "text": "Tea, not coffee.", "kind": "fact",
                "source": "said on Monday", "created_ms": 1, "edited_ms": 2, "score": 0.5,
                "souls": ["networked", "constitutional"], "receipt": receipt().1}], "total": 3}),
        ),
        (
            TrustEvent::MemoryResult {
                action: MemoryVerb::ForgetAll,
                success: true,
                message: "Forgotten.".into(),
                id: Some("m".into()),
                receipt_id: Some("r1".into()),
                proof: Some(proof().0),
            },
            json!({"type": "memory_result", "action": "forget_all", "success": true, "message": "Forgotten.",
                "id": "m", "receipt_id": "r1", "proof": proof().1}),
        ),
        (
            TrustEvent::ConversationForgotten {
                conversation_uuid: "c".into(),
                message: "Forgotten.".into(),
                proof: Some(proof().0),
            },
            json!({"type": "conversation_forgotten", "conversation_uuid": "c", "message": "Forgotten.",
                "proof": proof().1}),
        ),
        (
            TrustEvent::VaultResult {
                action: VaultVerb::Get,
                status: VaultStatus::Done,
                exists: true,
                locked: false,
                message: "Here it is.".into(),
                items: Some(vec![VaultItem {
                    name: "door".into(),
                    tags: vec!["home".into()],
                    created_ms: 1,
                    is_open: true,
                    is_stub: false,
                }]),
                value: Some("1234".into()),
                retry_after_ms: Some(5),
                soul: SoulName::Networked,
            },
            json!({"type": "vault_result", "action": "get", "status": "done", "exists": true, "locked": false,
                "message": "Here it is.", "items": [{"name": "door", "tags": ["home"], "created_ms": 1,
                "is_open": true, "is_stub": false}], "value": "1234", "retry_after_ms": 5,
                "soul": "networked"}),
        ),
        (
            TrustEvent::VaultExported {
                file: Base64(vec![0, 1, 2, 3]),
            },
            json!({"type": "vault_exported", "file": "AAECAw=="}),
        ),
    ]
}

fn about_the_rest() -> Vec<(TrustEvent, Value)> {
    vec![
        (
            TrustEvent::RedThreadState {
                active: true,
                since: 7,
                node: "n".into(),
            },
            json!({"type": "red_thread_state", "active": true, "since": 7, "node": "n"}),
        ),
        (
            TrustEvent::RedThreadToken {
                token: "t".into(),
                expires_at: 9,
            },
            json!({"type": "red_thread_token", "token": "t", "expires_at": 9}),
        ),
        (
            TrustEvent::AuditEntries {
                entries: vec![AuditEntry {
                    number: 1,
                    at_ms: 2,
                    event: "consent_granted".into(),
                    words: "Consent was granted.".into(),
                }],
                count: 1,
                verified: true,
                head: "ab".into(),
            },
            json!({"type": "audit_entries", "entries": [{"number": 1, "at_ms": 2, "event": "consent_granted",
                "words": "Consent was granted."}], "count": 1, "verified": true, "head": "ab"}),
        ),
        (
            TrustEvent::PersonasListed {
                personas: vec![Persona {
                    persona_id: "janet".into(),
                    name: "Janet".into(),
                    description: "As she is.".into(),
                }],
                active: "janet".into(),
            },
            json!({"type": "personas_listed", "personas": [{"persona_id": "janet", "name": "Janet",
                "description": "As she is."}], "active": "janet"}),
        ),
        (
            TrustEvent::PersonaChanged {
                persona_id: "janet".into(),
            },
            json!({"type": "persona_changed", "persona_id": "janet"}),
        ),
        (
            TrustEvent::Privacy {
                memories: Some(1),
                conversations: 2,
                messages: 3,
                keep_ms: 4,
                vault_exists: true,
                vault_locked: true,
                microphones: vec![OpenMicrophone {
                    device: "here".into(),
                    since_ms: 5,
                    is_yours: true,
                }],
                left_machine: vec![LeftMachine {
                    what: "voice".into(),
                    whereto: "voice.example".into(),
                    times: 6,
                    last_ms: 7,
                }],
                audit_entries: 8,
                souls: vec![SoulKept {
                    soul: SoulName::Constitutional,
                    memories: Some(1),
                    conversations: 2,
                    messages: 3,
                    vault_exists: true,
                    vault_locked: true,
                }],
            },
            json!({"type": "privacy", "memories": 1, "conversations": 2, "messages": 3, "keep_ms": 4,
                "vault_exists": true, "vault_locked": true,
                "microphones": [{"device": "here", "since_ms": 5, "is_yours": true}],
                "left_machine": [{"what": "voice", "whereto": "voice.example", "times": 6, "last_ms": 7}],
                "audit_entries": 8, "souls": [{"soul": "constitutional", "memories": 1, "conversations": 2,
                "messages": 3, "vault_exists": true, "vault_locked": true}]}),
        ),
    ]
}
