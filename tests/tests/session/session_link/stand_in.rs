//! A reaper that is no container: the engine, as a proxy shows it, has one under the session's name, and its port is
//! one of the test's.

use seatrial_core::labels;
use seatrial_tests::{Answer, EngineProxy, Fault, Matcher};
use serde_json::{Map, Value, json};

use super::run::Run;

/// The engine's inspection of the stand-in.
pub(crate) struct StandIn {
    pub(crate) state: Value,
    /// Beside that of the session.
    pub(crate) labels: Vec<(&'static str, &'static str)>,
    pub(crate) env: Vec<String>,
    pub(crate) port: u16,
}

impl StandIn {
    /// Makes a stand-in that runs.
    pub(crate) fn at(port: u16) -> Self {
        let state = json!({ "Status": "running", "Running": true, "StartedAt": "2024-01-01T00:00:00Z" });
        Self { state, labels: Vec::new(), env: Vec::new(), port }
    }

    /// Shows it to the processes of a run that ask this engine.
    pub(crate) fn show(&self, proxy: &EngineProxy, run: &Run) {
        let mut all: Map<String, Value> =
            self.labels.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
        all.insert(labels::SESSION.to_owned(), json!(run.session));
        let inspect = json!({
            "Id": "f".repeat(64), "Name": format!("/{}", run.reaper_name()), "State": self.state,
            "Config": { "Image": "stand/in:1", "Labels": all, "Env": self.env },
            "NetworkSettings": { "Ports": {
                "8080/tcp": [{ "HostIp": "127.0.0.1", "HostPort": self.port.to_string() }],
            } },
        });
        let path = format!("^/containers/{}/json$", run.reaper_name());
        proxy.on(Matcher::regex("GET", &path), Fault::Answer(Answer::json(200, &inspect)));
    }
}
