//! The TLS client: made once from certificates, used for any number of connections.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, ConfigBuilder, WantsVerifier};

use crate::folder::Folder;
use crate::verifier::Verifier;

/// A connection with TLS.
pub type Stream = tokio_rustls::client::TlsStream<TcpStream>;

/// A client with its certificates; cheap to clone.
#[derive(Clone)]
pub struct Client(Arc<ClientConfig>);

impl Client {
    /// Makes a client for an engine from the certificates of a folder.
    ///
    /// With `verify`, the engine's certificate must be valid for its host and signed by an authority in `ca.pem`.
    /// Without, any certificate is accepted, and `ca.pem` is not read.
    ///
    /// # Errors
    /// A file is missing or invalid; the message names its path and what would be right.
    pub fn to_engine(folder: Folder<'_>, verify: bool) -> io::Result<Self> {
        let builder = if verify {
            builder()?.with_root_certificates(folder.read_authorities()?)
        } else {
            builder()?.dangerous().with_custom_certificate_verifier(Arc::new(Verifier::new(None)))
        };
        let config = match folder.read_identity()? {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(|error| {
                let (certificate, key) = (folder.certificate(), folder.key());
                let text = format!("`{}` with `{}`: {error}", certificate.display(), key.display());
                io::Error::new(io::ErrorKind::InvalidData, text)
            })?,
            None => builder.with_no_client_auth(),
        };
        Ok(Self(Arc::new(config)))
    }

    /// Agrees on TLS over a connection. `host` is the server's name or address, without a port.
    ///
    /// With TLS 1.3, a server's refusal of the client's certificate may show only when the first answer is read.
    /// [`explain`](crate::explain) explains that error too.
    ///
    /// # Errors
    /// The server does not speak TLS, its certificate is not accepted, or it refuses the client's.
    ///
    /// # Cancel safety
    /// Dropping the future closes the connection.
    pub async fn connect(&self, stream: TcpStream, host: &str) -> io::Result<Stream> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        TlsConnector::from(Arc::clone(&self.0)).connect(name, stream).await
    }
}

impl fmt::Debug for Client {
    /// Prints the name only, without the certificates.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

pub(crate) fn builder() -> io::Result<ConfigBuilder<ClientConfig, WantsVerifier>> {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)
}
