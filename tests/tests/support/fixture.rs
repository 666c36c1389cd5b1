//! A container made with plain requests and removed when dropped.

use seatrial_core::labels;
use seatrial_tests::Engine;
use serde_json::{Value, json};

/// A static busybox.
pub(crate) const BASIC: &str = "seatrial/basic:dev";

/// A container that is created and, if asked for, started.
pub(crate) struct Fixture {
    pub(crate) id: String,
    engine: Engine,
}

impl Fixture {
    /// Creates a container; the session is a label.
    pub(crate) fn create(session: &str, body: Value) -> Self {
        let engine = Engine::from_env();
        let answer = engine
            .request("POST", "/containers/create", Some(&labelled(session, body)))
            .expect("the engine answers");
        assert_eq!(answer.status, 201, "{}", answer.text());
        let created: Value = serde_json::from_slice(&answer.body).expect("JSON");
        Self { id: created["Id"].as_str().expect("an id").to_owned(), engine }
    }

    /// Creates and starts a container that runs a line of shell; it has a standard input, which ends once.
    pub(crate) fn shell(session: &str, line: &str) -> Self {
        let body =
            json!({ "Image": BASIC, "Cmd": ["/bin/sh", "-c", line], "OpenStdin": true, "StdinOnce": true });
        let fixture = Self::create(session, body);
        fixture.start();
        fixture
    }

    pub(crate) fn start(&self) {
        let target = format!("/containers/{}/start", self.id);
        let answer = self.engine.request("POST", &target, None).expect("the engine answers");
        assert_eq!(answer.status, 204, "{}", answer.text());
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let removed = self.engine.request("DELETE", &format!("/containers/{}?force=1&v=1", self.id), None);
        if let Err(error) = removed {
            eprintln!("container {} could not be removed: {error:#}", self.id);
        }
    }
}

/// Adds the session's label to a create body.
pub(crate) fn labelled(session: &str, mut body: Value) -> Value {
    body["Labels"] = json!({ labels::SESSION: session });
    body
}

/// Makes a session id that no other run has.
pub(crate) fn session(name: &str) -> String {
    format!("support-{name}-{}", std::process::id())
}
