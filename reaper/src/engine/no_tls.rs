//! The stand-in for TLS without the feature `tls`: refuses certificates, with the reason.

use std::convert::Infallible;
use std::io;

use bollard::errors::Error;
use tokio::net::TcpStream;

use crate::settings::Certificates;

/// A connection's TLS, which can't be made.
#[derive(Clone, Debug)]
pub(super) struct Tls(Infallible);

impl Tls {
    pub(super) fn new(address: &str, certificates: &Certificates) -> Result<Self, String> {
        Err(format!(
            "`DOCKER_CERT_PATH` is `{}`, which asks for TLS with `{address}`, and this reaper is built without TLS; \
             mount the engine's socket instead, or use a reaper with the feature `tls` \
             (`cargo install seatrial-reaper`)",
            certificates.folder.display()
        ))
    }

    pub(super) async fn over(&self, _: TcpStream) -> io::Result<TcpStream> {
        match self.0 {}
    }

    pub(super) fn explain(&self, _: &Error) -> Option<String> {
        match self.0 {}
    }
}
