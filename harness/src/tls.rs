//! TLS to an engine behind `tcp://`, and to a server that is waited for.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::{self, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::config::TlsFiles;
use crate::engine::Io;
use crate::wait::Authority;

/// Connects to an engine with the certificates of `DOCKER_CERT_PATH`.
pub(crate) async fn to_engine(stream: TcpStream, host: &str, files: &TlsFiles) -> io::Result<Box<dyn Io>> {
    let builder = builder()?;
    let builder = if files.verify {
        builder.with_root_certificates(roots(
            &std::fs::read(files.authorities()).map_err(of(&files.authorities()))?,
        )?)
    } else {
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(ring::default_provider())))
    };
    let config = if files.certificate().exists() {
        let certificates = CertificateDer::pem_file_iter(files.certificate())
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| bad(&files.certificate(), error))?;
        let key = PrivateKeyDer::from_pem_file(files.key()).map_err(|error| bad(&files.key(), error))?;
        builder.with_client_auth_cert(certificates, key).map_err(io::Error::other)?
    } else {
        builder.with_no_client_auth()
    };
    connect(stream, host, config).await
}

/// Connects to a server in a container.
pub(crate) async fn to_server(
    stream: TcpStream,
    host: &str,
    authority: &Authority,
) -> io::Result<Box<dyn Io>> {
    let builder = builder()?;
    let config = match authority {
        Authority::Any => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(ring::default_provider())))
            .with_no_client_auth(),
        Authority::Pem(pem) => builder.with_root_certificates(roots(pem)?).with_no_client_auth(),
    };
    connect(stream, host, config).await
}

fn builder() -> io::Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>> {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)
}

fn roots(pem: &[u8]) -> io::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate =
            certificate.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
        roots.add(certificate).map_err(io::Error::other)?;
    }
    if roots.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "there is no certificate in it"));
    }
    Ok(roots)
}

/// What is wrong with an authority, if anything is, before a server is asked.
pub(crate) fn check(authority: &Authority) -> io::Result<()> {
    match authority {
        Authority::Any => Ok(()),
        Authority::Pem(pem) => roots(pem).map(drop),
    }
}

async fn connect(stream: TcpStream, host: &str, config: ClientConfig) -> io::Result<Box<dyn Io>> {
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    Ok(Box::new(TlsConnector::from(Arc::new(config)).connect(name, stream).await?))
}

fn of(path: &Path) -> impl Fn(io::Error) -> io::Error {
    let path = path.display().to_string();
    move |error| io::Error::new(error.kind(), format!("`{path}`: {error}"))
}

fn bad(path: &Path, error: rustls_pki_types::pem::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("`{}`: {error}", path.display()))
}

/// Takes any certificate: test servers sign their own. Signatures are still checked.
#[derive(Debug)]
struct AnyCertificate(CryptoProvider);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: rustls_pki_types::UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
