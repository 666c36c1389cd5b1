//! Looks at what happens in tests of output and of waiting: with deadlines, and by the engine's own words.

use std::time::{Duration, Instant};

use seatrial::{Error, TestContainer};
use seatrial_tests::Engine;
use serde_json::Value;

/// The deadline for something that must happen. It is long, since machines are slow at times.
pub const LONG: Duration = Duration::from_secs(60);
/// The time for which a test watches to see that something does not happen.
pub const SHORT: Duration = Duration::from_millis(600);

/// Returns the state of a container by the engine's own word, by name or id; null before the container exists.
pub fn state(container: &str) -> Value {
    let target = format!("/containers/{container}/json");
    Engine::from_env().get(&target).map(|inspect| inspect["State"].clone()).unwrap_or_default()
}

/// Has the engine do something to a container, as somebody else would.
#[track_caller]
pub fn by_somebody_else(container: &TestContainer, method: &str, what: &str) {
    let target = format!("/containers/{}{what}", container.id());
    let answer = Engine::from_env().request(method, &target, None).expect("an answer");
    assert_eq!(answer.status, 204, "{}", answer.text());
}

/// Blocks the thread, and the test's runtime with it, until something is so.
#[track_caller]
pub fn block_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < LONG, "{what}: not so after {LONG:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Blocks until the engine says that a container has ended; returns the exit code.
#[track_caller]
pub fn block_until_exited(container: &str) -> i64 {
    block_until("the container has ended", || state(container)["Status"] == "exited");
    state(container)["ExitCode"].as_i64().expect("an exit code")
}

/// Leaves the runtime to others until something is so.
pub async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < LONG, "{what}: not so after {LONG:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Has a container run out of memory until that is told, five times at most: Docker 20.10 misses the reason of such an
/// end now and then, or hears of it too late to say so.
pub async fn until_told<T>(mut attempt: impl AsyncFnMut() -> T, is_told: impl Fn(&T) -> bool) -> T {
    for _ in 0..4 {
        let outcome = attempt().await;
        if is_told(&outcome) {
            return outcome;
        }
    }
    attempt().await
}

/// Returns the error of a call that must fail.
#[track_caller]
pub fn failed<T>(result: Result<T, Error>) -> Error {
    match result {
        Ok(_) => panic!("it should have failed"),
        Err(error) => error,
    }
}
