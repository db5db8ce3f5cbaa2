//! TLS between souls: both show their identity key, bare, and know the other's beforehand.

use std::fmt;
use std::sync::Arc;

use janet_vault::identity::{Identity, PublicKey};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{AlwaysResolvesClientRawPublicKeys, ClientConfig};
use rustls::crypto::{CryptoProvider, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{AlwaysResolvesServerRawPublicKeys, ServerConfig};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{
    CertificateError, CommonState, DigitallySignedStruct, DistinguishedName, Error,
    SignatureAlgorithm, SignatureScheme,
};

/// What both ends have to say that they speak.
const ALPN: &[u8] = b"janet-soul/1";
/// How an Ed25519 key of 32 bytes begins as a SubjectPublicKeyInfo (RFC 8410 §4).
const SPKI: &[u8; 12] = &[
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("TLS between souls cannot be set up: {0}")]
pub(crate) struct TlsError(#[from] Error);

/// For whoever offers: only a soul with this key is talked to.
pub(crate) fn client(identity: Arc<Identity>, peer: PublicKey) -> Result<ClientConfig, TlsError> {
    let provider = provider();
    let pinned = Arc::new(Pinned {
        keys: vec![peer],
        provider: provider.clone(),
    });
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(pinned)
        .with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(shown(
            identity,
        ))));
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(config)
}

/// For whoever listens: only souls with these keys are talked to.
pub(crate) fn server(
    identity: Arc<Identity>,
    peers: Vec<PublicKey>,
) -> Result<ServerConfig, TlsError> {
    let provider = provider();
    let pinned = Arc::new(Pinned {
        keys: peers,
        provider: provider.clone(),
    });
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(pinned)
        .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(shown(
            identity,
        ))));
    config.alpn_protocols = vec![ALPN.to_vec()];
    // Nothing is gone on with: each connection shows its keys.
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// The key that the other end of a connection has shown.
pub(crate) fn peer_of(connection: &CommonState) -> Option<PublicKey> {
    let [shown] = connection.peer_certificates()? else {
        return None;
    };
    key_in(shown)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn shown(identity: Arc<Identity>) -> Arc<CertifiedKey> {
    let key = spki(identity.public());
    let bare = CertificateDer::from(key.as_ref().to_vec());
    Arc::new(CertifiedKey::new(vec![bare], Arc::new(Own(identity))))
}

fn spki(key: PublicKey) -> SubjectPublicKeyInfoDer<'static> {
    [&SPKI[..], &key.0].concat().into()
}

fn key_in(shown: &CertificateDer<'_>) -> Option<PublicKey> {
    let key = shown.as_ref().strip_prefix(SPKI)?;
    key.try_into().ok().map(PublicKey)
}

/// Signs handshakes.
struct Own(Arc<Identity>);

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Own")
    }
}

impl SigningKey for Own {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let ours = offered.contains(&SignatureScheme::ED25519);
        ours.then(|| Box::new(Self(self.0.clone())) as Box<dyn Signer>)
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        Some(spki(self.0.public()))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ED25519
    }
}

impl Signer for Own {
    /// TLS 1.3 begins what is signed with 64 spaces and its own name, so that it can be taken for nothing
    /// else that this key signs (RFC 8446 §4.4.3).
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.0.sign(message).0.to_vec())
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

/// Knows these keys and no other.
#[derive(Debug)]
struct Pinned {
    keys: Vec<PublicKey>,
    provider: Arc<CryptoProvider>,
}

impl Pinned {
    fn check(&self, shown: &CertificateDer<'_>) -> Result<(), Error> {
        match key_in(shown) {
            Some(key) if self.keys.contains(&key) => Ok(()),
            _ => Err(CertificateError::ApplicationVerificationFailure.into()),
        }
    }

    fn signed(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature_with_raw_key(
            message,
            &SubjectPublicKeyInfoDer::from(shown.as_ref()),
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.check(shown).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("souls speak TLS 1.3".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(message, shown, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

impl ClientCertVerifier for Pinned {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.check(shown).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("souls speak TLS 1.3".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(message, shown, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}
