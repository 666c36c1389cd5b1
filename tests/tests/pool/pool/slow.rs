//! Reports of slow waits: a test that waits for its own lease is told on stderr.

use std::time::Duration;

use seatrial::pool::{LazyPool, PoolBuilder};
use seatrial::{ContainerPool, ContainerRequest, Lease};
use seatrial_test_support::observe::LONG;
use seatrial_test_support::own_session::{BASIC, own_id};
use seatrial_tests::{Child, assert_nothing_left, is_scenario};

/// The beginning of each report's reason.
const REPORT: &str = "(a test that still holds a lease may be waiting for itself): ContainerPool[";

static OWN: LazyPool = LazyPool::new(|| of_one("own"));

fn of_one(name: &str) -> PoolBuilder {
    let name = format!("{}-{name}", std::env::var("SEATRIAL_SESSION_ID").expect("the parent sets it"));
    let request = ContainerRequest::new(BASIC).cmd(["sh", "-c", "exec sleep 1000000"]).stop_signal("KILL");
    ContainerPool::builder(request.name(name)).size(1)
}

/// Runs a scenario to its end with the given default for slow waits; returns the reports without their beginning.
fn reports<T>(scenario: impl Fn() -> T, slow_wait: &str) -> Vec<String> {
    let session = own_id("pool-slow");
    let variables = [("SEATRIAL_SESSION_ID", session.as_str()), ("SEATRIAL_POOL_SLOW_WAIT", slow_wait)];
    let mut child = Child::spawn(scenario, &variables);
    assert!(child.wait(LONG).success(), "{:?}", child.lines());
    assert_nothing_left(&session);
    let beginning = format!("seatrial: pool `{session}-");
    let lines = child.lines().into_iter();
    let reports = lines.filter_map(|line| line.strip_prefix(&beginning).map(str::to_owned));
    reports.inspect(|line| assert!(line.contains(REPORT), "{line}")).collect()
}

/// P3: a second `get` of one test on a pool of one container does not hang in silence.
#[test]
fn a_test_that_waits_for_its_own_lease_is_reported_once_per_wait() {
    let reports = reports(scenario_second_lease, "100ms");
    let calls = [("own", "get"), ("own", "get_exclusive"), ("own", "lock_out"), ("pair", "into_exclusive")];
    assert_eq!(reports.len(), calls.len(), "{reports:?}");
    for (report, (pool, method)) in reports.iter().zip(calls) {
        assert!(report.starts_with(&format!("{pool}`: a call of `{method}` has waited for ")), "{report}");
        assert!(report.contains("-0[reserved]: seeds the database"), "{report}");
    }
}

#[tokio::test]
#[ignore = "the scenario of the test above"]
async fn scenario_second_lease() {
    if !is_scenario() {
        return;
    }
    let lease = OWN.get().await.expect("a container");
    lease.label("seeds the database");
    let patience = Duration::from_secs(2);
    OWN.get_timeout(patience).await.expect_err("the only container is leased");
    tokio::time::timeout(patience, OWN.get_exclusive()).await.expect_err("it is leased");
    tokio::time::timeout(patience, OWN.lock_out()).await.expect_err("it is leased");
    drop(lease);
    upgrade_in_vain(patience).await;
}

/// Waits for exclusive use of a second pool, of which another container is leased.
async fn upgrade_in_vain(patience: Duration) {
    let pool = of_one("pair").size(2).build().await.expect("a pool");
    let (mine, other) = (pool.get().await.expect("one"), pool.get().await.expect("another"));
    mine.label("seeds the database");
    tokio::time::timeout(patience, Lease::into_exclusive(mine)).await.expect_err("another one is leased");
    drop(other);
}

/// P3: the setters of a pool win over the environment.
#[test]
fn slow_wait_reports_can_be_moved_and_switched_off() {
    for (default, expected) in [("100ms", &["default", "moved"][..]), ("off", &["moved"])] {
        let mut reports = reports(scenario_settings, default);
        reports.sort();
        let pools: Vec<_> = reports.iter().map(|report| report.split_once('`').expect("a pool").0).collect();
        assert_eq!(pools, expected, "{default}");
    }
}

#[tokio::test]
#[ignore = "the scenario of the test above"]
async fn scenario_settings() {
    if !is_scenario() {
        return;
    }
    let pools = [
        of_one("default"),
        of_one("moved").slow_wait_threshold(Duration::from_millis(50)),
        of_one("off").without_slow_wait_reports(),
    ];
    let waits = pools.map(|pool| async {
        let pool = pool.build().await.expect("a pool");
        let lease = pool.get().await.expect("a container");
        pool.get_timeout(Duration::from_secs(2)).await.expect_err("the only container is leased");
        drop(lease);
    });
    futures_util::future::join_all(waits).await;
}
