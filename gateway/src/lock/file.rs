//! Small files that are whole or not there, and that only their owner may read.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Puts a file in the place of another, so that after a crash in any moment there is either; makes
/// its folder where there is none.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder)?;
    // Made with mode 0600 in the same folder, so that it can be renamed; removed if that fails.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    // The name itself must survive a power cut, too.
    File::open(folder)?.sync_all()
}

/// Reads such a file; `None`: there is none. One that others may read is refused.
pub(crate) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(io::Error::other(format!(
            "others may read it (mode {mode:03o}); `chmod 600` it"
        )));
    }
    std::fs::read(path).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("new/folder/file");
        assert!(read(&path).expect("no fault").is_none());
        for text in ["first", "", "second"] {
            replace(&path, text.as_bytes()).expect("written");
            assert_eq!(read(&path).expect("read"), Some(text.into()));
        }
        let mode = std::fs::metadata(&path)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let beside = std::fs::read_dir(path.parent().expect("a folder")).expect("read");
        assert_eq!(beside.count(), 1, "nothing is left over");
    }

    #[test]
    fn a_file_that_others_may_read_is_refused_with_what_helps() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        replace(&path, b"secret").expect("written");
        let open = std::fs::Permissions::from_mode(0o640);
        std::fs::set_permissions(&path, open).expect("changed");
        let error = read(&path).expect_err("readable by others").to_string();
        assert!(
            error.contains("640") && error.contains("chmod 600"),
            "{error}"
        );
    }
}
