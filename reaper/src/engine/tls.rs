//! TLS to an engine behind TCP.

use std::io;
use std::path::PathBuf;

use bollard::errors::Error;
use seatrial_tls::{Client, Folder, Stream, explain};
use tokio::net::TcpStream;

use crate::settings::Certificates;

/// The certificates for one engine, and its host.
#[derive(Clone, Debug)]
pub(super) struct Tls {
    client: Client,
    /// The engine's host, without the port.
    host: String,
    folder: PathBuf,
}

impl Tls {
    /// Reads the certificates for the engine at an address with a port.
    pub(super) fn new(address: &str, certificates: &Certificates) -> Result<Self, String> {
        let Certificates { folder, verify } = certificates;
        let client = Client::to_engine(Folder(folder), *verify)
            .map_err(|error| format!("`DOCKER_CERT_PATH` is `{}`: {error}", folder.display()))?;
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        // An IPv6 address has brackets only before a port.
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { client, host, folder: folder.clone() })
    }

    /// Agrees on TLS over a connection.
    pub(super) async fn over(&self, stream: TcpStream) -> io::Result<Stream> {
        self.client.connect(stream, &self.host).await
    }

    /// Returns what is wrong with the certificates and what would be right, if an error is about TLS.
    pub(super) fn explain(&self, error: &Error) -> Option<String> {
        // Bollard's errors do not return what they wrap as their source.
        let error: &(dyn std::error::Error + 'static) = match error {
            Error::IOError { err } => err,
            Error::HyperResponseError { err } => err,
            other => other,
        };
        explain(error, Folder(&self.folder))
    }
}
