//! Samples of the resources that a container uses.

use seatrial::monitor::Stats;
use seatrial_test_support::observe::{LONG, failed};
use seatrial_test_support::own_session::{OwnSession, remove_by_hand};
use seatrial_tests::Engine;
use serde_json::Value;

/// Returns a container's statistics by the engine's word.
fn raw(container: &str) -> Value {
    Engine::from_env().get(&format!("/containers/{container}/stats?stream=false")).expect("statistics")
}

/// M3, M4, D5: a running container has samples, one at a time or as a stream until its end; a stopped one has none.
#[tokio::test]
async fn a_container_that_runs_has_samples() {
    let session = OwnSession::begin("stats").await;
    // 24 MiB that are cached and not in use, and a loop.
    let line = "head -c 24m /dev/zero > /cached; cat /cached > /dev/null; while :; do :; done";
    let container = session.shell(line).start().await.expect("it starts");

    let mut stream = container.stats_stream().await.expect("a stream");
    let mut samples: Vec<Stats> = Vec::new();
    while samples.len() < 3 {
        let sample = tokio::time::timeout(LONG, stream.next()).await.expect("each second");
        samples.push(sample.expect("it runs").expect("a sample"));
    }
    assert!(samples.is_sorted_by(|one, other| one.time < other.time), "{samples:?}");
    assert!(samples[2].cpu_percent.is_some_and(|percent| percent > 0.0), "{samples:?}");
    assert!(samples[2].network().is_some_and(|traffic| traffic.received_bytes.is_some()), "{samples:?}");
    assert_eq!(samples[2].interfaces.keys().collect::<Vec<_>>(), ["eth0"]);

    let one = container.stats().await.expect("a sample");
    assert!(one.time > samples[2].time && one.cpu_percent.is_some_and(|percent| percent > 0.0), "{one:?}");
    let raw = raw(container.id().as_str());
    let usage = raw["memory_stats"]["usage"].as_u64().expect("a usage");
    assert_eq!(one.memory_limit_bytes, raw["memory_stats"]["limit"].as_u64());
    // The engine may have given some of the cache back meanwhile.
    assert!(
        one.memory_bytes.is_some_and(|bytes| 0 < bytes && bytes < usage.max(24 << 20)),
        "{one:?}, {usage}"
    );
    let text = serde_json::to_string(&one).expect("JSON");
    assert_eq!(serde_json::from_str::<Stats>(&text).expect("a sample"), one);

    container.kill("KILL").await.expect("it runs");
    while let Some(sample) = tokio::time::timeout(LONG, stream.next()).await.expect("it ends") {
        sample.expect("a sample, or the end");
    }
    let error = failed(container.stats().await);
    assert!(error.is_conflict() && error.to_string().contains("Exited (137)"), "{error}");
    assert!(failed(container.stats_stream().await).is_conflict());
    remove_by_hand(container.id().as_str());
    assert!(failed(container.stats().await).is_not_found());
    assert!(failed(container.stats_stream().await).is_not_found());
}
