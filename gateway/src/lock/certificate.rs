//! The certificate of this server: files that were named, or one of its own.
//!
//! Its own is made once and kept, so that whoever has seen its fingerprint knows it again. Key and
//! certificate lie in one file, so that they always belong together.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use janet_protocol::quic::ALPN;
use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use super::file;
use super::fingerprint::Fingerprint;
use super::names::Names;

/// Its own, in the state's folder.
const FILE: &str = "tls.pem";

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read or written.
    #[error("{setting}{}: {source}", path.display())]
    Io {
        /// Where the file was named, if it was.
        setting: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file holds something else.
    #[error("{setting}{}: there is no {what} in PEM", path.display())]
    Missing {
        /// Where the file was named, if it was.
        setting: &'static str,
        /// Which file.
        path: PathBuf,
        /// What should be in it.
        what: &'static str,
    },
    /// Both can be read and do not go together, or are of a kind that is not supported.
    #[error("{setting}{}: certificate and key cannot be used: {source}", path.display())]
    Unusable {
        /// Where the file was named, if it was.
        setting: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// None can be made.
    #[error("no certificate can be made: {0}")]
    Making(#[from] rcgen::Error),
}

/// Files that hold a certificate and its key, as they were named in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// What this server shows of itself, and what it speaks TLS with.
pub(crate) struct Certificate {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) tls: Arc<ServerConfig>,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Certificate({:?})", self.fingerprint)
    }
}

impl Certificate {
    /// The named one, else its own: read, or made for these names. Blocks on the disk.
    pub(crate) fn open(
        files: Option<&Files>,
        folder: &Path,
        names: &Names,
    ) -> Result<Self, CertificateError> {
        if let Some(files) = files {
            return Self::named(files);
        }
        match Self::own(folder)? {
            Some(own) => Ok(own),
            None => Self::make(&folder.join(FILE), names),
        }
    }

    /// The one that [`open`](Self::open) would give without making one; `None`: it would make one.
    pub(crate) fn look(
        files: Option<&Files>,
        folder: &Path,
    ) -> Result<Option<Self>, CertificateError> {
        match files {
            Some(files) => Self::named(files).map(Some),
            None => Self::own(folder),
        }
    }

    fn named(files: &Files) -> Result<Self, CertificateError> {
        const CERTIFICATE: &str = "`server.certificate` = ";
        const KEY: &str = "`server.certificate_key` = ";
        let read = |setting, path: &Path| {
            std::fs::read(path).map_err(|source| CertificateError::Io {
                setting,
                path: path.into(),
                source,
            })
        };
        let chain = read(CERTIFICATE, &files.certificate)?;
        let key = Zeroizing::new(read(KEY, &files.key)?);
        let chain = chain_in(&chain).ok_or_else(|| CertificateError::Missing {
            setting: CERTIFICATE,
            path: files.certificate.clone(),
            what: "certificate",
        })?;
        let key = PrivateKeyDer::from_pem_slice(&key).map_err(|_| CertificateError::Missing {
            setting: KEY,
            path: files.key.clone(),
            what: "private key",
        })?;
        Self::new(chain, key).map_err(|source| CertificateError::Unusable {
            setting: KEY,
            path: files.key.clone(),
            source,
        })
    }

    fn own(folder: &Path) -> Result<Option<Self>, CertificateError> {
        let path = folder.join(FILE);
        let pem = file::read(&path).map_err(|source| CertificateError::Io {
            setting: "",
            path: path.clone(),
            source,
        })?;
        let Some(pem) = pem.map(Zeroizing::new) else {
            return Ok(None);
        };
        let missing = |what| CertificateError::Missing {
            setting: "",
            path: path.clone(),
            what,
        };
        let chain = chain_in(&pem).ok_or_else(|| missing("certificate"))?;
        let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| missing("private key"))?;
        let own = Self::new(chain, key).map_err(|source| CertificateError::Unusable {
            setting: "",
            path: path.clone(),
            source,
        })?;
        Ok(Some(own))
    }

    /// A new one. It has no end: what is trusted is its fingerprint, and a new one would have to be
    /// made known to every device.
    fn make(path: &Path, names: &Names) -> Result<Self, CertificateError> {
        let mut params = CertificateParams::new(names.in_certificate())?;
        params.distinguished_name.push(DnType::CommonName, "Janet");
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        let pem = Zeroizing::new(format!("{}{}", certificate.pem(), key.serialize_pem()));
        file::replace(path, pem.as_bytes()).map_err(|source| CertificateError::Io {
            setting: "",
            path: path.into(),
            source,
        })?;
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).expect("it was just written so");
        Self::new(vec![certificate.der().clone()], key).map_err(|source| {
            CertificateError::Unusable {
                setting: "",
                path: path.into(),
                source,
            }
        })
    }

    /// The same certificate for QUIC, which is TLS 1.3 alone (RFC 9001 §4.2); nothing is taken before the
    /// handshake has ended (0-RTT could be replayed).
    pub(crate) fn for_quic(&self) -> Result<ServerConfig, rustls::Error> {
        let mut tls = ServerConfig::builder_with_provider(self.tls.crypto_provider().clone())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_no_client_auth()
            .with_cert_resolver(self.tls.cert_resolver.clone());
        tls.alpn_protocols = vec![ALPN.to_vec()];
        tls.max_early_data_size = 0;
        Ok(tls)
    }

    fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, rustls::Error> {
        let fingerprint = Fingerprint::of(chain.first().expect("a chain is not empty"));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        // What is served is a WebSocket, which HTTP/2 would need an extension for.
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            fingerprint,
            tls: Arc::new(tls),
        })
    }
}

/// The certificates of a file; `None`: there is none, or one is broken.
fn chain_in(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .ok()?;
    (!chain.is_empty()).then_some(chain)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn names() -> Names {
        Names::of_this_machine(&["janet.example".to_owned()])
    }

    #[test]
    fn its_own_is_made_once_and_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(
            Certificate::look(None, folder.path())
                .expect("nothing is wrong")
                .is_none()
        );
        let first = Certificate::open(None, folder.path(), &names()).expect("made");
        let again = Certificate::open(None, folder.path(), &names()).expect("read");
        assert_eq!(first.fingerprint, again.fingerprint);
        let looked = Certificate::look(None, folder.path())
            .expect("read")
            .expect("there");
        assert_eq!(looked.fingerprint, first.fingerprint);
        let mode = std::fs::metadata(folder.path().join(FILE))
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let other = tempfile::tempdir().expect("a folder");
        let other = Certificate::open(None, other.path(), &names()).expect("made");
        assert_ne!(other.fingerprint, first.fingerprint);
    }

    #[test]
    fn files_are_taken_and_what_is_wrong_with_them_names_the_setting() {
        let folder = tempfile::tempdir().expect("a folder");
        let own = Certificate::open(None, folder.path(), &names()).expect("made");
        let pem = std::fs::read_to_string(folder.path().join(FILE)).expect("there");
        let (certificate, key) = pem.split_at(pem.find("-----BEGIN PRIVATE").expect("a key"));
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("written");
            path
        };
        let other_key = KeyPair::generate().expect("made").serialize_pem();
        let good = (write("chain.pem", certificate), write("key.pem", key));
        let text = write("text.pem", "no PEM");
        let other = write("other.pem", &other_key);
        let nowhere = folder.path().join("nowhere.pem");
        let open = |certificate: &Path, key: &Path| {
            let files = Files {
                certificate: certificate.into(),
                key: key.into(),
            };
            Certificate::open(Some(&files), Path::new("/nowhere"), &names())
        };
        let named = open(&good.0, &good.1).expect("both are good");
        assert_eq!(named.fingerprint, own.fingerprint);
        for (certificate, key, setting, words) in [
            (&nowhere, &good.1, "`server.certificate` = ", "No such file"),
            (
                &text,
                &good.1,
                "`server.certificate` = ",
                "no certificate in PEM",
            ),
            (
                &good.1,
                &good.1,
                "`server.certificate` = ",
                "no certificate in PEM",
            ),
            (
                &good.0,
                &nowhere,
                "`server.certificate_key` = ",
                "No such file",
            ),
            (
                &good.0,
                &good.0,
                "`server.certificate_key` = ",
                "no private key in PEM",
            ),
            (
                &good.0,
                &other,
                "`server.certificate_key` = ",
                "cannot be used",
            ),
        ] {
            let error = open(certificate, key).expect_err("it is wrong").to_string();
            assert!(
                error.contains(setting) && error.contains(words),
                "{words}: {error}"
            );
        }
    }

    #[test]
    fn a_file_of_its_own_that_is_broken_or_open_to_others_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(FILE);
        file::replace(&path, b"no PEM").expect("written");
        let error = Certificate::open(None, folder.path(), &names()).expect_err("no PEM");
        assert!(error.to_string().contains(FILE), "{error}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("changed");
        let error = Certificate::open(None, folder.path(), &names()).expect_err("open");
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
}
