//! Replaces `tls.rs` if the `tls` feature is off. Connections fail with an error that names the feature.

use std::io;

use tokio::net::TcpStream;

use super::TlsTerms;
use super::transport::Io;
use crate::config::TlsFiles;

pub(crate) async fn to_engine(_: TcpStream, host: &str, _: &TlsFiles) -> io::Result<Box<dyn Io>> {
    refused(host)
}

pub(crate) async fn to_server(_: TcpStream, host: &str, _: &TlsTerms) -> io::Result<Box<dyn Io>> {
    refused(host)
}

pub(crate) fn check(_: &TlsTerms) -> io::Result<()> {
    Ok(())
}

pub(crate) fn client_described(_: &TlsTerms) -> String {
    String::new()
}

fn refused(host: &str) -> io::Result<Box<dyn Io>> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        format!("`{host}` requires TLS; enable the `tls` feature of the crate `seatrial`"),
    ))
}
