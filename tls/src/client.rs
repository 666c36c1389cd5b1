//! How we speak TLS: made once of certificates, used for any number of connections.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, ConfigBuilder, WantsVerifier};

use crate::any::AnyCertificate;
use crate::folder::{Folder, roots};

/// A connection with TLS.
pub type Stream = tokio_rustls::client::TlsStream<TcpStream>;

/// A client with its certificates; cheap to clone.
#[derive(Clone)]
pub struct Client(Arc<ClientConfig>);

impl Client {
    /// For an engine, by the certificates of a folder. `verify`: whether the engine's certificate must be the one of
    /// its host, signed by an authority in `ca.pem`; if not, any will do, and `ca.pem` is not read.
    ///
    /// # Errors
    /// If a file is not what it has to be; its path and what would be right are in the text.
    pub fn to_engine(folder: Folder<'_>, verify: bool) -> io::Result<Self> {
        let builder = if verify {
            builder()?.with_root_certificates(folder.read_authorities()?)
        } else {
            builder()?.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate::new()))
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

    /// For a server whose certificate may be any.
    ///
    /// # Errors
    /// If the parts of TLS do not fit, which would be a fault of the build.
    pub fn to_anybody() -> io::Result<Self> {
        let verifier = Arc::new(AnyCertificate::new());
        let config = builder()?.dangerous().with_custom_certificate_verifier(verifier);
        Ok(Self(Arc::new(config.with_no_client_auth())))
    }

    /// For a server whose certificate an authority in this PEM text signed.
    ///
    /// # Errors
    /// If there is no certificate in the text, or it can't be read.
    pub fn trusting(pem: &[u8]) -> io::Result<Self> {
        let config = builder()?.with_root_certificates(roots(pem)?);
        Ok(Self(Arc::new(config.with_no_client_auth())))
    }

    /// Makes a connection one with TLS. `host` is a name or an address, without a port.
    ///
    /// A server of TLS 1.3 may refuse our certificate only when the first answer is read; [`explain`](crate::explain)
    /// knows that error too.
    ///
    /// # Errors
    /// If there is no agreement.
    ///
    /// # Cancel safety
    /// Dropping the future closes the connection.
    pub async fn connect(&self, stream: TcpStream, host: &str) -> io::Result<Stream> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        TlsConnector::from(Arc::clone(&self.0)).connect(name, stream).await
    }
}

impl fmt::Debug for Client {
    /// Without the certificates.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

fn builder() -> io::Result<ConfigBuilder<ClientConfig, WantsVerifier>> {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)
}
