//! TLS connections to an engine behind `tcp://`, and to a server that an HTTPS wait polls.

use std::io;

use seatrial_tls::{Client, Folder, explain};
use tokio::net::TcpStream;

use super::Authority;
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
pub(crate) async fn to_server(
    stream: TcpStream,
    host: &str,
    authority: &Authority,
) -> io::Result<Box<dyn Io>> {
    let client = match authority {
        Authority::Any => Client::to_anybody(),
        Authority::Pem(pem) => Client::trusting(pem),
    };
    Ok(Box::new(client?.connect(stream, host).await?))
}

/// Checks an authority's certificate before any server is contacted.
pub(crate) fn check(authority: &Authority) -> io::Result<()> {
    match authority {
        Authority::Any => Ok(()),
        Authority::Pem(pem) => Client::trusting(pem).map(drop),
    }
}
