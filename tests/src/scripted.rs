//! An engine's socket with no engine behind it: what it says is in the rules alone.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;

use crate::proxy::Socket;
use crate::relay::Upstream;
use crate::server::Server;
use crate::{Answer, Fault, Matcher, Traffic};

/// A made-up engine; derefs to its [`Traffic`].
///
/// Faults that forward close the connection, since there is nothing to forward to.
#[derive(Debug)]
pub struct ScriptedEngine {
    // The order matters: the server ends before its socket's folder is deleted.
    _server: Server,
    traffic: Arc<Traffic>,
    socket: Socket,
}

impl ScriptedEngine {
    /// Makes an engine that does this to every request that no rule settles.
    ///
    /// # Panics
    /// If it can't listen.
    #[must_use]
    pub fn start(fallback: Fault) -> Self {
        let traffic = Arc::new(Traffic::new(fallback));
        let (socket, server) = Socket::serve(Upstream::Nowhere, &traffic);
        Self { _server: server, traffic, socket }
    }

    /// Makes an engine that accepts and never answers.
    #[must_use]
    pub fn silent() -> Self {
        Self::start(Fault::hang())
    }

    /// Makes an engine that answers `/_ping` and `/version` as Docker 20.10 does, and 404 to all else.
    ///
    /// Rules that are added stay behind these two.
    #[must_use]
    pub fn greeting() -> Self {
        let engine = Self::start(Fault::error(404, "page not found"));
        let ping = Answer::new(200).header("Api-Version", "1.41").header("Ostype", "linux").body("OK");
        engine.on(Matcher::regex("GET", "^/_ping$").any_method(), Fault::Answer(ping));
        let version = json!({
            "Version": "20.10.24", "ApiVersion": "1.41", "MinAPIVersion": "1.12", "Os": "linux",
            "Arch": "amd64", "KernelVersion": "6.1.0", "GoVersion": "go1.19.8", "GitCommit": "5d6db84",
            "Platform": { "Name": "" }, "Components": [],
        });
        engine.on(Matcher::regex("GET", "^/version$"), Fault::Answer(Answer::json(200, &version)));
        engine
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
}

impl Deref for ScriptedEngine {
    type Target = Traffic;

    fn deref(&self) -> &Traffic {
        &self.traffic
    }
}
