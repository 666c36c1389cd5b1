//! An engine with gVisor: the one that the tests use, if it has it, else a daemon of the test's own.

use std::process::{Command, Stdio};

use seatrial::{Session, session::ReaperChoice};
use seatrial_test_support::own_session::{BASIC, MISBEHAVE, own_id};
use seatrial_tests::{Daemon, Engine};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The runtime without a network, whose containers can be checkpointed.
pub(crate) const OFFLINE: &str = "runsc-offline";

/// gVisor's runtimes, as the private engine of `cargo xtask` has them.
const RUNTIMES: &str = include_str!("../../../gvisor.json");

/// The engine, and the daemon that it is if that is the test's own.
pub(crate) struct Place {
    pub(crate) daemon: Option<Daemon>,
    /// The folder for the logs of gVisor's variant that writes some. It is removed after the daemon.
    _logs: Option<TempDir>,
}

impl Place {
    /// Finds or starts one; nothing, with the reason on stderr, where that can't be done.
    pub(crate) fn find() -> Option<Self> {
        let info = Engine::from_env().get("/info").expect("the engine answers");
        let has = |name: &str| !info["Runtimes"][name].is_null();
        if has("runsc") && has("runsc-d") && has(OFFLINE) && info["ExperimentalBuild"] == true {
            return Some(Self { daemon: None, _logs: None });
        }
        if Command::new("runsc").arg("--version").stdout(Stdio::null()).status().is_err() {
            eprintln!("skipped: gVisor's program `runsc` is missing; Debian's package `runsc` has it");
            return None;
        }
        let logs = tempfile::tempdir().expect("a folder");
        let runtimes = RUNTIMES.replace("@RUNSC@", "runsc").replace("@LOGS@", &logs.path().to_string_lossy());
        let runtimes: Value = serde_json::from_str(&runtimes).expect("JSON");
        let daemon = Daemon::start_configured(&json!({ "experimental": true, "runtimes": runtimes }))?;
        daemon.load(BASIC);
        daemon.load(MISBEHAVE);
        Some(Self { daemon: Some(daemon), _logs: Some(logs) })
    }

    pub(crate) fn engine(&self) -> Engine {
        self.daemon.as_ref().map_or_else(Engine::from_env, Daemon::engine)
    }

    pub(crate) async fn session(&self, topic: &str) -> Session {
        self.session_at(topic, &format!("unix://{}", self.engine().socket().display())).await
    }

    pub(crate) async fn session_at(&self, topic: &str, docker_host: &str) -> Session {
        let builder = Session::builder().id(own_id(topic)).docker_host(docker_host);
        builder.reaper(ReaperChoice::Off).build().await.expect("the engine answers")
    }
}
