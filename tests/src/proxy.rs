//! A proxy in front of a real engine: forwards everything, records it, and misbehaves by rule.

use std::ops::Deref;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use crate::relay::Upstream;
use crate::server::{Listener, Server};
use crate::{Engine, Fault, Traffic};

/// An engine's socket with a record and rules; derefs to its [`Traffic`].
///
/// It runs on a thread of its own until it is dropped, whatever becomes of the test's runtime.
#[derive(Debug)]
pub struct EngineProxy {
    // The order matters: the server ends before its socket's folder is deleted.
    _server: Server,
    traffic: Arc<Traffic>,
    socket: Socket,
}

/// A fresh unix socket in a folder of its own, deleted when dropped.
#[derive(Debug)]
pub(crate) struct Socket {
    folder: TempDir,
}

impl EngineProxy {
    /// Starts a proxy in front of the engine that listens on this socket.
    ///
    /// # Panics
    /// If it can't listen.
    #[must_use]
    pub fn start(upstream: impl AsRef<Path>) -> Self {
        let traffic = Arc::new(Traffic::new(Fault::Pass));
        let upstream = Upstream::Unix(upstream.as_ref().to_owned());
        let (socket, server) = Socket::serve(upstream, &traffic);
        Self { _server: server, traffic, socket }
    }

    /// Starts a proxy in front of the engine that the tests use.
    ///
    /// # Panics
    /// If it can't listen.
    #[must_use]
    pub fn start_default() -> Self {
        Self::start(Engine::from_env().socket())
    }

    /// Returns the value for `DOCKER_HOST`: `unix:///…`.
    #[must_use]
    pub fn docker_host(&self) -> String {
        self.socket.docker_host()
    }

    /// Returns the socket's path.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.socket.path()
    }

    /// Returns the record and the rules, which can be shared.
    #[must_use]
    pub fn traffic(&self) -> Arc<Traffic> {
        Arc::clone(&self.traffic)
    }
}

impl Deref for EngineProxy {
    type Target = Traffic;

    fn deref(&self) -> &Traffic {
        &self.traffic
    }
}

impl Socket {
    /// Listens on a fresh socket and serves it.
    pub(crate) fn serve(upstream: Upstream, traffic: &Arc<Traffic>) -> (Self, Server) {
        let folder =
            tempfile::Builder::new().prefix("support-engine-").tempdir().expect("a temporary folder");
        let socket = Self { folder };
        let listener = UnixListener::bind(socket.path()).expect("a socket to listen on");
        let server = Server::start(Listener::Unix(listener), upstream, Arc::clone(traffic))
            .expect("a thread that serves the socket");
        (socket, server)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }

    pub(crate) fn docker_host(&self) -> String {
        format!("unix://{}", self.path().display())
    }
}
