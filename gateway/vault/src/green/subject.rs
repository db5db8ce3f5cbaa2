//! What a consent to a write is bound to: the very texts and ids, so that a yes to one allows no other.
//!
//! Whoever asks the desk names the subject by these, and the store checks it by these again.

use super::EntryId;
use crate::desk::subject_of;

/// These new texts, in this order, and no other.
pub fn remember(texts: &[&str]) -> [u8; 32] {
    let mut parts: Vec<&[u8]> = vec![b"green remember"];
    parts.extend(texts.iter().map(|text| text.as_bytes()));
    subject_of(&parts)
}

/// This text in place of what the entry says now.
pub fn edit(id: EntryId, text: &str) -> [u8; 32] {
    subject_of(&[b"green edit", &id.0, text.as_bytes()])
}

/// This entry.
pub fn forget(id: EntryId) -> [u8; 32] {
    subject_of(&[b"green forget", &id.0])
}

/// Everything that is remembered.
pub fn forget_all() -> [u8; 32] {
    subject_of(&[b"green forget all"])
}

/// The same with all else that is forgotten with it: conversations, and what lies unlocked.
pub fn forget_everything() -> [u8; 32] {
    subject_of(&[b"forget everything"])
}

/// Of the two by which all memories go the one that was consented to. What was consented to something else
/// is refused by either.
pub(super) fn of_all(consented: &[u8; 32]) -> [u8; 32] {
    let everything = forget_everything();
    if *consented == everything {
        return everything;
    }
    forget_all()
}
