//! TLS with a server in a test: the authority, the server's name and our certificate are given, and an error tells what was
//! presented beside what was expected.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::crypto::ring;

use crate::client::{Stream, builder};
use crate::folder::roots;
use crate::presented::Names;
use crate::verifier::{Trusted, Verifier};

/// The terms of a TLS connection with a server.
#[derive(Clone, Copy, Default)]
pub struct Terms<'a> {
    /// The authorities that may have signed the server's certificate, in PEM. `None` accepts any certificate.
    pub authority: Option<&'a [u8]>,
    /// The name that the server is asked for, and that its certificate has to be valid for. `None` is the host of its
    /// address.
    pub server_name: Option<&'a str>,
    /// The client's certificate, which intermediate ones may follow, and its key, both in PEM.
    pub identity: Option<(&'a [u8], &'a [u8])>,
}

impl fmt::Debug for Terms<'_> {
    /// Prints the server's name only, without the certificates and the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terms").field("server_name", &self.server_name).finish_non_exhaustive()
    }
}

impl Terms<'_> {
    /// Checks the terms without a server.
    ///
    /// # Errors
    /// Invalid data: a certificate, the key or the server's name is malformed, or the key is not the certificate's.
    pub fn check(self) -> io::Result<()> {
        if let Some(name) = self.server_name {
            named(name)?;
        }
        self.config(&Arc::default()).map(drop)
    }

    /// Agrees on TLS over a connection to a server at `host`, a name or address without a port.
    ///
    /// # Errors
    /// Those of [`check`](Self::check); the server does not speak TLS, or its certificate is not accepted, with its names
    /// and the expected ones.
    ///
    /// # Cancel safety
    /// Dropping the future closes the connection.
    pub async fn connect(self, stream: TcpStream, host: &str) -> io::Result<Stream> {
        let refusal = Arc::<Mutex<Option<String>>>::default();
        let config = self.config(&refusal)?;
        let name = named(self.server_name.unwrap_or(host))?;
        let connected = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
        connected.map_err(|error| {
            let refusal = refusal.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
            refusal.map_or(error, |text| io::Error::new(io::ErrorKind::InvalidData, text))
        })
    }

    /// Describes the client's certificate, for the error of a server that refuses it.
    #[must_use]
    pub fn client_described(self) -> String {
        let first = self.identity.and_then(|(chain, _)| CertificateDer::from_pem_slice(chain).ok());
        match first.and_then(|certificate| Names::of(&certificate)) {
            Some(names) => format!("the client presented {}", names.described()),
            None => "the client presented no certificate".to_owned(),
        }
    }

    fn config(self, refusal: &Arc<Mutex<Option<String>>>) -> io::Result<ClientConfig> {
        let trusted = self.authority.map(|pem| trusted(pem, refusal)).transpose()?;
        let verifier = Arc::new(Verifier::new(trusted));
        let builder = builder()?.dangerous().with_custom_certificate_verifier(verifier);
        let Some((chain, key)) = self.identity else { return Ok(builder.with_no_client_auth()) };
        let chain = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| invalid(format!("the client's certificate is invalid: {error}")))?;
        if chain.is_empty() {
            return Err(invalid("the client's certificate is missing in its PEM text".to_owned()));
        }
        // The error of a parser is not quoted, since it may hold a part of the key.
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| {
            invalid("the client's key is invalid: it has to be one in PEM, unencrypted".to_owned())
        })?;
        builder
            .with_client_auth_cert(chain, key)
            .map_err(|error| invalid(format!("the client's certificate can't be used with its key: {error}")))
    }
}

/// Reads the authorities in a PEM text.
fn trusted(pem: &[u8], refusal: &Arc<Mutex<Option<String>>>) -> io::Result<Trusted> {
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots(pem)?), provider)
        .build()
        .map_err(io::Error::other)?;
    let authorities = CertificateDer::pem_slice_iter(pem).flatten();
    let names = authorities.filter_map(|authority| Some(format!("`{}`", Names::of(&authority)?.subject)));
    let names = names.collect::<Vec<_>>().join(" or ");
    Ok(Trusted { verifier, names, refusal: refusal.clone() })
}

fn invalid(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

fn named(name: &str) -> io::Result<ServerName<'static>> {
    ServerName::try_from(name.to_owned())
        .map_err(|_| invalid(format!("`{name}` is neither a host name nor an IP address")))
}
