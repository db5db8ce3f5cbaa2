//! A certificate from files that were named, instead of her own: shown over TLS and over QUIC, and trusted by
//! whoever trusts its issuer.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use janet_tests::Server;
use janet_tests::elsewhere::{self, fingerprint};
use janet_tests::over_quic::Raw;
use janet_tests::server::janet;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

const PATIENCE: Duration = Duration::from_secs(60);
const NAME: &str = "janet.example";

/// An issuer's certificate, and of the server's own in its folder the chain and the key as PEM.
struct Files {
    issuer: CertificateDer<'static>,
    fingerprint: String,
}

fn write(folder: &Path) -> Files {
    let root_key = KeyPair::generate().expect("a key");
    let mut root = CertificateParams::new([]).expect("no names");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = root.self_signed(&root_key).expect("signed");
    let by = Issuer::new(root, root_key);
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new([NAME.to_owned()]).expect("a name");
    let own = params.signed_by(&key, &by).expect("signed");
    let save = |name: &str, text: String| {
        std::fs::write(folder.join(name), text).expect("a file in a fresh folder");
    };
    save("chain.pem", own.pem() + &issuer.pem());
    save("key.pem", key.serialize_pem());
    save(
        "other.pem",
        KeyPair::generate().expect("a key").serialize_pem(),
    );
    save("no.pem", "nothing".to_owned());
    Files {
        issuer: issuer.der().clone(),
        fingerprint: fingerprint(own.der()),
    }
}

fn settings(folder: &Path, certificate: &str, key: &str) -> [String; 2] {
    let named =
        |setting: &str, name: &str| format!("server.{setting}={}", folder.join(name).display());
    [
        named("certificate", certificate),
        named("certificate_key", key),
    ]
}

/// The first line of an answer that came over TLS from whoever can show a certificate of this issuer's for
/// [`NAME`]; an error where he cannot.
async fn asked(address: SocketAddr, issuer: &CertificateDer<'static>) -> Result<String, String> {
    let mut roots = RootCertStore::empty();
    roots.add(issuer.clone()).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring speaks them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let socket = TcpStream::connect(address).await.expect("it listens");
    let name = ServerName::try_from(NAME).expect("a name");
    let stream = TlsConnector::from(Arc::new(config)).connect(name, socket);
    let stream = timeout(PATIENCE, stream).await.expect("within a minute");
    let mut stream = stream.map_err(|error| error.to_string())?;
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut answer = String::new();
    let read = timeout(PATIENCE, stream.read_to_string(&mut answer)).await;
    read.expect("within a minute").expect("text");
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_certificate_from_files_is_the_one_that_is_shown_everywhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = write(folder.path());
    let named = settings(folder.path(), "chain.pem", "key.pem");
    let server = Server::start(&named.each_ref().map(String::as_str));
    let address = server.address();

    let (_, shown) = elsewhere::tls(address, &files.fingerprint)
        .await
        .expect("the named one is shown");
    assert_eq!(shown, files.fingerprint);
    // As a browser would: by its issuer and its name, the whole chain.
    let answer = asked(address, &files.issuer).await.expect("it is trusted");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let stranger = tempfile::tempdir().expect("a folder");
    let other = write(stranger.path());
    let refused = asked(address, &other.issuer)
        .await
        .expect_err("another issuer");
    assert!(
        refused.contains("UnknownIssuer") || refused.contains("BadSignature"),
        "{refused}"
    );

    let raw = Raw::open(server.quic()).await;
    let shown = raw.connection.peer_identity().expect("it showed one");
    let shown = shown
        .downcast::<Vec<CertificateDer<'static>>>()
        .expect("certificates");
    assert_eq!(fingerprint(&shown[0]), files.fingerprint);
    assert_eq!(shown.len(), 2, "the chain");
}

#[test]
fn files_that_are_no_certificate_or_do_not_belong_together_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path());
    let pem = CertificateDer::from_pem_file(folder.path().join("chain.pem"));
    assert!(pem.is_ok(), "the test's own file is right");
    for (certificate, key, told) in [
        ("no.pem", "key.pem", "no certificate in PEM"),
        ("chain.pem", "no.pem", "no private key in PEM"),
        ("chain.pem", "other.pem", "cannot be used"),
        ("nowhere.pem", "key.pem", "`server.certificate` = "),
    ] {
        let named = settings(folder.path(), certificate, key);
        let data = format!("conversation.data_dir={}", folder.path().display());
        let output = Command::new(janet())
            .args([
                "serve", "--port", "0", "--set", &named[0], "--set", &named[1],
            ])
            .args(["--set", &data])
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{certificate} {key}");
        assert!(said.contains(told), "{certificate} {key}: {said}");
        assert!(!said.contains("PRIVATE KEY"), "{said}");
    }
}
