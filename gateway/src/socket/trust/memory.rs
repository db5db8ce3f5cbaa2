//! What is remembered, by message: listed, searched, changed, forgotten.

use std::sync::Arc;

use janet_protocol::{
    ErrorCode, MemoryVerb, Private, Proof, ServerMessage, TrustEvent, TrustRequest, WireError,
};
use janet_vault::green::EntryId;

use crate::socket::connection::Connection;
use crate::trust::{Asker, Forgotten, Trust};

/// Entries of a page, and of a search, where nobody says how many.
const PAGE: u32 = 50;
/// See `PAGE`.
const BEST: u32 = 10;

impl Connection {
    /// Who asks here.
    pub(in crate::socket) fn asker(&self) -> Asker {
        Asker {
            operator: self.operator().to_owned(),
            conversation: self.seat.id(),
            uuid: self.uuid(),
            soul: None,
        }
    }
}

/// Does what a request about memory asks for.
pub(super) async fn memory(
    trust: Arc<Trust>,
    asker: Asker,
    request: TrustRequest,
) -> Result<ServerMessage, WireError> {
    let asker = Asker {
        soul: trust.named_soul(request.soul())?,
        ..asker
    };
    let event = match request {
        TrustRequest::MemorySearch { query, limit, .. } => {
            let limit = count(limit, BEST);
            let (results, total) = trust.search(asker.soul, query, limit).await?;
            TrustEvent::MemoryResults { results, total }
        }
        TrustRequest::MemoryList { limit, before, .. } => {
            let before = before.map(|id| entry("before", &id)).transpose()?;
            let limit = count(limit, PAGE);
            let (results, total) = trust.memories(asker.soul, before, limit).await?;
            TrustEvent::MemoryResults { results, total }
        }
        TrustRequest::MemoryRemember { text, .. } => remember(&trust, asker, text).await?,
        TrustRequest::MemoryEdit { id, text, .. } => {
            let id = entry("id", &id)?;
            let receipt = trust.edit(asker, id, text).await?;
            done(
                MemoryVerb::Edit,
                "Changed.",
                Some(id),
                Some(receipt.receipt_id),
                None,
            )
        }
        TrustRequest::MemoryForget { id, .. } => {
            let id = entry("id", &id)?;
            let forgotten = trust.forget(asker, id).await?;
            forgot(MemoryVerb::Forget, Some(id), forgotten)
        }
        TrustRequest::MemoryForgetAll { .. } => {
            let request = trust.forget_all_request(&asker).await?;
            let consent = trust.ask(request, asker.uuid).await?;
            forgot(
                MemoryVerb::ForgetAll,
                None,
                trust.forget_all(consent).await?,
            )
        }
        other => {
            let message = format!("\"{}\" is not about memory", other.type_name());
            return Err(WireError::in_field(ErrorCode::Internal, "type", message));
        }
    };
    Ok(ServerMessage::Trust(event))
}

async fn remember(
    trust: &Arc<Trust>,
    asker: Asker,
    text: Private<String>,
) -> Result<TrustEvent, WireError> {
    let (id, receipt) = trust
        .remember(asker, text, "you asked for it in writing")
        .await?;
    let receipt_id = Some(receipt.receipt_id);
    Ok(done(
        MemoryVerb::Remember,
        "Remembered.",
        Some(id),
        receipt_id,
        None,
    ))
}

pub(super) fn forgot(action: MemoryVerb, id: Option<EntryId>, forgotten: Forgotten) -> TrustEvent {
    let Forgotten {
        proof,
        traces,
        audit_number,
    } = forgotten;
    let message = match traces.files {
        0 => "Forgotten: no file holds it any more.",
        _ => "Forgotten, but a file still holds words like these, perhaps of something else.",
    };
    let receipt_id = crate::trust::receipt(&proof.receipt).receipt_id;
    let proof = Proof {
        entries: proof.entries,
        vectors: proof.entries,
        bytes_searched: traces.bytes,
        traces: traces.files,
        audit_number,
        conversations: None,
        messages: None,
    };
    done(action, message, id, Some(receipt_id), Some(proof))
}

fn done(
    action: MemoryVerb,
    message: &str,
    id: Option<EntryId>,
    receipt_id: Option<String>,
    proof: Option<Proof>,
) -> TrustEvent {
    TrustEvent::MemoryResult {
        action,
        success: true,
        message: message.to_owned(),
        id: id.map(|id| id.to_string()),
        receipt_id,
        proof,
    }
}

fn count(limit: Option<u32>, default: u32) -> usize {
    limit.unwrap_or(default) as usize
}

fn entry(field: &str, id: &str) -> Result<EntryId, WireError> {
    let none = |_| {
        WireError::in_field(
            ErrorCode::NotFound,
            field,
            "nothing is remembered under this id",
        )
    };
    id.parse().map_err(none)
}
