//! A session of a test's own, whose end checks that nothing of it is left; requests and looks at the engine for it.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use seatrial::{
    ContainerRequest, Session, TestContainer,
    session::{ReaperChoice, SessionBuilder},
};
use seatrial_core::labels;
use seatrial_tests::{Engine, EngineProxy, Leftovers, Traffic, assert_nothing_left};
use serde_json::{Value, json};

/// A static busybox: `sh`, `cat`, `nc` and so on.
pub const BASIC: &str = "seatrial/basic:dev";
/// Runs steps; see its `--help`.
pub const MISBEHAVE: &str = "seatrial/misbehave:dev";

/// A session that nobody else has; derefs to it.
///
/// It has no reaper: its requests are the test's own, and what goes is what the process itself removes. Dropping it
/// waits until nothing of it is left on the engine, and panics if something is: make it first in a test, so that it
/// goes last.
#[derive(Debug)]
pub struct OwnSession {
    session: Session,
    /// The requests that went through the proxy, if there is one.
    traffic: Option<Arc<Traffic>>,
}

/// The longest time that the engine may take to answer a removal once the resource is gone.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);

impl OwnSession {
    /// Begins a session on the engine that the tests use.
    pub async fn begin(topic: &str) -> Self {
        Self::of(Session::builder().id(own_id(topic))).await
    }

    /// Begins a session on an engine behind a proxy.
    pub async fn behind(proxy: &EngineProxy, topic: &str) -> Self {
        let builder = Session::builder().id(own_id(topic)).docker_host(proxy.docker_host());
        let mut session = Self::of(builder).await;
        session.traffic = Some(proxy.traffic());
        session
    }

    /// Begins a session from a builder that has an id of its own.
    pub async fn of(builder: SessionBuilder) -> Self {
        let builder = builder.reaper(ReaperChoice::Off);
        Self { session: builder.build().await.expect("the engine answers"), traffic: None }
    }

    /// Requests a container that runs a line of shell.
    pub fn shell(&self, line: &str) -> ContainerRequest {
        ContainerRequest::new(BASIC).cmd(["sh", "-c", line]).stop_signal("KILL").session(self)
    }

    /// Requests a container that does nothing until it is removed.
    pub fn idle(&self) -> ContainerRequest {
        self.misbehave(&["sleep", "forever"])
    }

    /// Requests a container that does these steps.
    pub fn misbehave(&self, steps: &[&str]) -> ContainerRequest {
        ContainerRequest::new(MISBEHAVE).cmd(steps.iter().copied()).session(self)
    }

    /// Requests a container that does the steps in a line, separated by spaces.
    pub fn steps(&self, line: &str) -> ContainerRequest {
        self.misbehave(&line.split_whitespace().collect::<Vec<_>>())
    }

    /// Returns the full ids of this session's containers, in every state.
    pub fn containers(&self) -> Vec<String> {
        ids_of_session(self.id().as_str())
    }
}

impl Deref for OwnSession {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl Drop for OwnSession {
    fn drop(&mut self) {
        if std::thread::panicking() {
            wait_until_nothing_is_left(self.session.id().as_str());
            return;
        }
        assert_nothing_left(self.session.id().as_str());
        // A resource may be gone a moment before the engine answers, and the proxy must not end in between: the removal
        // would be tried again, in vain.
        let Some(traffic) = &self.traffic else { return };
        let start = Instant::now();
        while traffic.count(|request| request.method == "DELETE" && request.status.is_none()) > 0
            && start.elapsed() < ANSWERED_WITHIN
        {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Gives what a test that has failed owns the time to go, before a proxy that it needs for that goes too.
fn wait_until_nothing_is_left(session: &str) {
    let start = Instant::now();
    let is_clean = || Leftovers::of_session(&Engine::from_env(), session).is_ok_and(|left| left.is_empty());
    while !is_clean() && start.elapsed() < ANSWERED_WITHIN {
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Makes a session id that no other test has, in this process or another.
pub fn own_id(topic: &str) -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("{topic}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Inspects a container by the engine's own API.
#[track_caller]
pub fn look_at(container: &TestContainer) -> Value {
    look(container.id().as_str()).expect("the container is there")
}

/// Inspects a container by id or name; `None` if the engine has none.
#[track_caller]
pub fn look(container: &str) -> Option<Value> {
    look_on(&Engine::from_env(), container)
}

/// Inspects a container as [`look`] does, on another engine than the one that the tests use.
#[track_caller]
pub fn look_on(engine: &Engine, container: &str) -> Option<Value> {
    let answer =
        engine.request("GET", &format!("/containers/{container}/json"), None).expect("the engine answers");
    match answer.status {
        200 => Some(serde_json::from_slice(&answer.body).expect("JSON")),
        404 => None,
        other => panic!("the engine answers {other}: {}", answer.text()),
    }
}

/// Returns the full ids of a session's containers, in every state.
#[track_caller]
pub fn ids_of_session(session: &str) -> Vec<String> {
    let filters = json!({ "label": [format!("{}={session}", labels::SESSION)] }).to_string();
    // The characters in it that a query can't hold.
    let escapes = [("\"", "%22"), ("{", "%7B"), ("}", "%7D")];
    let filters = escapes.iter().fold(filters, |text, (from, to)| text.replace(from, to));
    let list = Engine::from_env().get(&format!("/containers/json?all=1&filters={filters}"));
    let list = list.expect("the engine lists containers");
    let ids = list.as_array().into_iter().flatten().filter_map(|container| container["Id"].as_str());
    ids.map(str::to_owned).collect()
}

/// Removes a container behind the library's back.
#[track_caller]
pub fn remove_by_hand(container: &str) {
    let target = format!("/containers/{container}?force=1&v=1");
    let answer = Engine::from_env().request("DELETE", &target, None).expect("the engine answers");
    assert_eq!(answer.status, 204, "{}", answer.text());
}
