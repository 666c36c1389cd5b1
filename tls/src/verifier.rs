//! The verifier of servers: it checks signatures, and certificates too if it knows authorities.

use std::sync::{Arc, Mutex};

use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::{DigitallySignedStruct, Error, SignatureScheme};

use crate::presented::Names;

/// A verifier of the servers that a client connects to.
#[derive(Debug)]
pub(crate) struct Verifier {
    provider: CryptoProvider,
    /// `None` accepts any certificate, because test servers often sign their own.
    trusted: Option<Trusted>,
}

/// The authorities that are trusted, and the note of a refusal.
#[derive(Debug)]
pub(crate) struct Trusted {
    pub(crate) verifier: Arc<WebPkiServerVerifier>,
    /// The subjects of the authorities, for messages.
    pub(crate) names: String,
    /// Filled with the reason when a certificate is refused.
    pub(crate) refusal: Arc<Mutex<Option<String>>>,
}

impl Verifier {
    pub(crate) fn new(trusted: Option<Trusted>) -> Self {
        Self { provider: ring::default_provider(), trusted }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(trusted) = &self.trusted else { return Ok(ServerCertVerified::assertion()) };
        trusted.verifier.verify_server_cert(certificate, others, name, ocsp, now).inspect_err(|error| {
            let presented = Names::of(certificate)
                .map_or_else(|| "a certificate that can't be read".to_owned(), |names| names.described());
            let text = format!(
                "the server presented the certificate {presented}; expected one for `{}`, signed by {}: {error}",
                name.to_str(),
                trusted.names
            );
            *trusted.refusal.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(text);
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
