//! TLS connections to an engine behind `tcp://`, and to a server that an HTTPS wait polls.

use std::io;

use seatrial_tls::{Client, Folder, Terms, explain};
use tokio::net::TcpStream;

use super::TlsTerms;
use super::transport::Io;
use crate::config::TlsFiles;

/// Connects to an engine, with the certificates in the folder of `files`.
pub(crate) async fn to_engine(stream: TcpStream, host: &str, files: &TlsFiles) -> io::Result<Box<dyn Io>> {
    let folder = Folder(&files.folder);
    let connected = Client::to_engine(folder, files.verify)?.connect(stream, host).await;
    let stream = connected.map_err(|error| match explain(&error, folder) {
        Some(text) => io::Error::new(error.kind(), text),
        None => error,
    })?;
    Ok(Box::new(stream))
}

/// Connects to a server in a container.
pub(crate) async fn to_server(stream: TcpStream, host: &str, terms: &TlsTerms) -> io::Result<Box<dyn Io>> {
    Ok(Box::new(of(terms).connect(stream, host).await?))
}

/// Checks the terms of a connection before any server is contacted.
pub(crate) fn check(terms: &TlsTerms) -> io::Result<()> {
    of(terms).check()
}

/// Describes the certificate that a connection on these terms presents.
pub(crate) fn client_described(terms: &TlsTerms) -> String {
    of(terms).client_described()
}

fn of(terms: &TlsTerms) -> Terms<'_> {
    Terms {
        authority: terms.authority.as_deref(),
        server_name: terms.server_name.as_deref(),
        identity: terms.identity.as_ref().map(|(chain, key)| (chain.as_ref(), key.as_ref())),
    }
}
