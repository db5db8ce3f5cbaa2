//! The file in which `janet client` keeps what lets it in again.
//!
//! ```text
//! the device's key
//! sha256 the certificate's fingerprint
//! quic HOST:PORT
//! ```
//! One that holds a key and nothing else will do, too.

use std::fmt;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use janet_protocol::Private;
use janet_vr::Fingerprint;

use crate::lock::{DeviceKey, file};

const SHA256: &str = "sha256";
const QUIC: &str = "quic";

/// What stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyFile {
    pub(super) key: Private<String>,
    /// Of the certificate that is expected.
    pub(super) fingerprint: Option<Fingerprint>,
    /// Where Janet was when this device was paired.
    pub(super) quic: Option<String>,
}

impl KeyFile {
    /// Reads one.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        let text = std::fs::read_to_string(path);
        let text = text.with_context(|| format!("cannot read {shown}"))?;
        Self::parse(&text).with_context(|| format!("{shown} is no key file of `janet client`"))
    }

    /// Whether one can be written there, before a code is spent on what it should hold.
    pub(super) fn check(path: &Path) -> anyhow::Result<()> {
        let shown = path.display();
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let is_ours = Self::parse(&text).is_ok_and(|file| file.holds_a_key());
                ensure!(
                    is_ours,
                    "--key-file {shown} holds something else already; name another file"
                );
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => bail!("--key-file {shown}: {error}"),
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let written = tempfile::tempfile_in(folder);
        written.with_context(|| format!("--key-file: {} cannot be written", folder.display()))?;
        Ok(())
    }

    /// Writes it, for its owner alone.
    pub(super) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let written = file::replace(path, self.to_string().as_bytes());
        written.with_context(|| format!("cannot write {}", path.display()))
    }

    /// No error repeats what stands there.
    fn parse(text: &str) -> anyhow::Result<Self> {
        let mut lines = (1..).zip(text.lines().map(str::trim));
        let mut lines = lines.by_ref().filter(|(_, line)| !line.is_empty());
        let (_, key) = lines.next().context("it is empty")?;
        ensure!(
            !key.contains(char::is_whitespace),
            "its first line is no key of a device"
        );
        let (mut fingerprint, mut quic) = (None, None);
        for (number, line) in lines {
            match line.split_once(char::is_whitespace) {
                Some((SHA256, digits)) => {
                    let read = digits.parse();
                    fingerprint = Some(read.with_context(|| format!("line {number}"))?);
                }
                Some((QUIC, address)) => quic = Some(address.trim().to_owned()),
                // Of a newer version.
                Some(_) => {}
                None => bail!("line {number} is no name with its value"),
            }
        }
        Ok(Self {
            key: key.into(),
            fingerprint,
            quic,
        })
    }

    fn holds_a_key(&self) -> bool {
        DeviceKey::parse(self.key.expose()).is_some()
    }
}

/// As it is written: with the key.
impl fmt::Display for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.key.expose())?;
        if let Some(fingerprint) = &self.fingerprint {
            writeln!(f, "{SHA256} {}", fingerprint.hex())?;
        }
        match &self.quic {
            Some(address) => writeln!(f, "{QUIC} {address}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn whole() -> KeyFile {
        KeyFile {
            key: "A".repeat(43).into(),
            fingerprint: Some(Fingerprint::of(b"certificate")),
            quic: Some("janet.example:8767".to_owned()),
        }
    }

    #[test]
    fn what_is_written_is_read_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        KeyFile::check(&path).expect("nothing is there");
        whole().write(&path).expect("written");
        assert_eq!(KeyFile::read(&path).expect("read"), whole());
        let mode = std::fs::metadata(&path).expect("there").permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
        KeyFile::check(&path).expect("one of ours is replaced");
    }

    #[test]
    fn a_key_alone_will_do_and_lines_of_a_newer_version_are_passed_over() {
        let read = |text: &str| KeyFile::parse(text).expect("a key file");
        let alone = read("\n  -key_of-43\n");
        assert_eq!(alone.key.expose(), "-key_of-43");
        assert_eq!((alone.fingerprint, alone.quic), (None, None));
        let newer = format!("{}colour  green\n", whole());
        assert_eq!(read(&newer), whole());
    }

    #[test]
    fn what_is_wrong_is_named_by_its_line_and_never_repeated() {
        for (text, wanted) in [
            ("\n \n", "empty"),
            ("a hunter2\n", "first line"),
            ("key\nsha256 hunter2\n", "line 2"),
            ("key\n\nhunter2\n", "line 3"),
        ] {
            let error = KeyFile::parse(text).expect_err(text);
            let told = format!("{error:#}");
            assert!(told.contains(wanted) && !told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn a_file_that_holds_something_else_is_not_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        for text in ["", "-----BEGIN KEY-----\n", "short\n"] {
            std::fs::write(&path, text).expect("written");
            let error = KeyFile::check(&path).expect_err(text).to_string();
            assert!(error.contains("--key-file"), "{error}");
        }
        let below = folder.path().join("nowhere/key");
        let error = KeyFile::check(&below).expect_err("no folder").to_string();
        assert!(error.contains("nowhere"), "{error}");
    }
}
