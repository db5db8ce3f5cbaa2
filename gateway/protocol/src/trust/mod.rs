//! Messages about what Janet remembers, whom she asks first, what stops her, and her two souls.

mod event;
mod kinds;
pub(crate) mod parse;
mod request;

pub use event::TrustEvent;
pub use kinds::{
    AuditEntry, ConsentOutcome, Grant, LeftMachine, MemoryEntry, MemoryVerb, OpenMicrophone,
    Persona, Proof, Receipt, SoulInfo, SoulKept, SoulName, TransferMetadata, TransferStage,
    VaultItem, VaultName, VaultStatus, VaultVerb,
};
pub use request::TrustRequest;

#[cfg(test)]
#[path = "event_test.rs"]
pub(crate) mod event_tests;
