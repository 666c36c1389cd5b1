//! A proxy in front of a real registry, on loopback so that engines talk plain HTTP to it; misbehaves by rule.
//!
//! The `Host` header goes on untouched, so that the registry's redirects (`Location`) lead back to the proxy.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::Deref;
use std::sync::Arc;

use crate::relay::Upstream;
use crate::server::{Listener, Server};
use crate::{Answer, Fault, Matcher, Traffic};

/// A registry's address with a record and rules; derefs to its [`Traffic`].
#[derive(Debug)]
pub struct FaultyRegistry {
    _server: Server,
    traffic: Arc<Traffic>,
    address: SocketAddr,
}

impl FaultyRegistry {
    /// Starts a proxy in front of the registry at `upstream`, as in `127.0.0.1:5000`.
    ///
    /// # Panics
    /// If `upstream` is not an address, or there is no port to listen on.
    #[must_use]
    pub fn start(upstream: &str) -> Self {
        let upstream =
            Upstream::Tcp(upstream.parse().expect("the registry's address, as in `127.0.0.1:5000`"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port to listen on");
        let address = listener.local_addr().expect("the listener's address");
        let traffic = Arc::new(Traffic::new(Fault::Pass));
        let server = Server::start(Listener::Tcp(listener), upstream, Arc::clone(&traffic))
            .expect("a thread that serves the port");
        Self { _server: server, traffic, address }
    }

    /// Returns the part before the `/` of an image reference: `127.0.0.1:<port>`.
    #[must_use]
    pub fn host(&self) -> String {
        self.address.to_string()
    }
}

impl Deref for FaultyRegistry {
    type Target = Traffic;

    fn deref(&self) -> &Traffic {
        &self.traffic
    }
}

impl Matcher {
    /// Downloads of blobs (layers and configurations) from a registry.
    #[must_use]
    pub fn blobs() -> Self {
        Self::regex("GET", "^/v2/.+/blobs/")
    }

    /// Requests for manifests at a registry, whatever the method.
    #[must_use]
    pub fn manifests() -> Self {
        Self::regex("GET", "^/v2/.+/manifests/").any_method()
    }
}

impl Fault {
    /// Makes a registry's 404.
    #[must_use]
    pub fn registry_not_found() -> Self {
        Self::Answer(Answer::registry_error(404, "MANIFEST_UNKNOWN", "manifest unknown"))
    }

    /// Makes a registry's 401 with a challenge for a user and a password.
    ///
    /// To let the right credentials pass, pick what is refused with [`Matcher::unless_header`]:
    /// `authorization` and `Basic <base64 of user:password>`.
    #[must_use]
    pub fn unauthorized(realm: &str) -> Self {
        let challenge = format!("Basic realm=\"{realm}\"");
        let answer = Answer::registry_error(401, "UNAUTHORIZED", "authentication required");
        Self::Answer(answer.header("WWW-Authenticate", &challenge))
    }

    /// Makes a registry's 401 that does not say how to log in.
    #[must_use]
    pub fn unauthorized_without_challenge() -> Self {
        Self::Answer(Answer::registry_error(401, "UNAUTHORIZED", "authentication required"))
    }

    /// Makes a registry's 429 with a number of seconds after which to come again.
    #[must_use]
    pub fn too_many_requests(retry_after: u32) -> Self {
        let answer = Answer::registry_error(429, "TOOMANYREQUESTS", "pull rate limit exceeded");
        Self::Answer(answer.header("Retry-After", &retry_after.to_string()))
    }

    /// Makes a registry's 500; with [`Matcher::first`] it passes.
    #[must_use]
    pub fn registry_failure() -> Self {
        Self::Answer(Answer::registry_error(500, "UNKNOWN", "unknown error"))
    }
}
