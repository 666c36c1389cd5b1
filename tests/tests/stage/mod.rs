//! What the tests of output and of waiting start from: a session of the test's own, and containers in it.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use seatrial::{ContainerRequest, Error, Session, TestContainer};
use seatrial_tests::{Engine, EngineProxy, assert_nothing_left};
use serde_json::Value;

/// What a test may take to see something happen that must happen: long, since machines are slow at times.
pub(crate) const LONG: Duration = Duration::from_secs(60);
/// What a test waits to see that something does not happen.
pub(crate) const SHORT: Duration = Duration::from_millis(600);

/// A session of one test's own; make it first, so that it goes last: its drop sees that nothing is left.
pub(crate) struct Stage {
    pub(crate) session: Session,
}

impl Stage {
    pub(crate) async fn new(test: &str) -> Self {
        Self { session: Session::builder().id(unique(test)).build().await.expect("an engine") }
    }

    /// A session whose requests go through a proxy.
    pub(crate) async fn behind(proxy: &EngineProxy, test: &str) -> Self {
        let session = Session::builder().id(unique(test)).docker_host(proxy.docker_host());
        Self { session: session.build().await.expect("an engine") }
    }

    /// A container that carries out steps of `misbehave`, which are separated by spaces.
    pub(crate) fn misbehave(&self, steps: &str) -> ContainerRequest {
        self.request("seatrial/misbehave:dev").cmd(steps.split_whitespace()).stop_signal("KILL")
    }

    /// A container that runs a line of shell.
    pub(crate) fn shell(&self, line: &str) -> ContainerRequest {
        self.request("seatrial/basic:dev").cmd(["sh", "-c", line]).stop_signal("KILL")
    }

    pub(crate) fn request(&self, image: &str) -> ContainerRequest {
        ContainerRequest::new(image).session(&self.session)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_nothing_left(self.session.id().as_str());
        }
    }
}

/// A text that no other test and no other run has: an id, a name.
pub(crate) fn unique(test: &str) -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{test}-{}-{number}-{}", std::process::id(), now.as_nanos())
}

/// What the engine itself says of the state of a container, by name or id.
pub(crate) fn state(container: &str) -> Value {
    let inspect = Engine::from_env().get(&format!("/containers/{container}/json")).expect("an answer");
    inspect["State"].clone()
}

/// Has the engine do something to a container, as somebody else would.
pub(crate) fn by_somebody_else(container: &TestContainer, method: &str, what: &str) {
    let target = format!("/containers/{}{what}", container.id());
    let answer = Engine::from_env().request(method, &target, None).expect("an answer");
    assert_eq!(answer.status, 204, "{}", answer.text());
}

/// Blocks the thread, and the test's runtime with it, until something is so.
#[track_caller]
pub(crate) fn block_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < LONG, "{what}: not so after {LONG:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Blocks until the engine says that a container has ended; returns the exit code.
#[track_caller]
pub(crate) fn block_until_exited(container: &str) -> i64 {
    block_until("the container has ended", || state(container)["Status"] == "exited");
    state(container)["ExitCode"].as_i64().expect("an exit code")
}

/// Leaves the runtime to others until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < LONG, "{what}: not so after {LONG:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The error of what must fail.
#[track_caller]
pub(crate) fn failed<T>(result: Result<T, Error>) -> Error {
    match result {
        Ok(_) => panic!("it should have failed"),
        Err(error) => error,
    }
}
