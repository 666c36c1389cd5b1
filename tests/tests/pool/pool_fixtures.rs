//! A pool that all tests of a program share: as a static, each test on a runtime of its own, with the attributes that
//! people use.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rstest::rstest;
use seatrial::{ContainerPool, ContainerRequest, LazyPool, Lease};
use seatrial_test_support::own_session::{BASIC, own_id};
use seatrial_tests::{Child, assert_nothing_left, is_scenario, say};
use serial_test::{parallel, serial};

static POOL: LazyPool = LazyPool::new(|| {
    let request = ContainerRequest::new(BASIC).cmd(["sh", "-c", "exec sleep 1000000"]).stop_signal("KILL");
    ContainerPool::builder(request).size(2)
});

/// The number of tests that have a lease.
static LEASED: AtomicUsize = AtomicUsize::new(0);

async fn use_it(lease: &Lease) {
    LEASED.fetch_add(1, Ordering::SeqCst);
    lease.label(std::thread::current().name().unwrap_or("a test"));
    let output = lease.exec(["echo", "shared"]).await.expect("it runs");
    assert_eq!(output.stdout_text(), "shared\n");
    LEASED.fetch_sub(1, Ordering::SeqCst);
}

/// P3, P4: a test on a current-thread runtime leases from the shared pool.
#[tokio::test]
async fn a_test_on_a_current_thread_runtime_shares_the_pool() {
    use_it(&POOL.get().await.expect("a container")).await;
}

/// P3, P4: tasks on a multi-thread runtime lease from the shared pool.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_on_a_multi_thread_runtime_shares_the_pool() {
    let tasks: Vec<_> = (0..4)
        .map(|_| tokio::spawn(async { use_it(&POOL.get().await.expect("a container")).await }))
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
}

#[rstest::fixture]
async fn container() -> Lease {
    POOL.get().await.expect("a container")
}

/// P3, P4: a lease can be an `rstest` fixture, in each of a test's cases.
#[rstest]
#[case(1)]
#[case(2)]
#[tokio::test]
async fn a_fixture_of_rstest_shares_the_pool(#[future] container: Lease, #[case] number: u32) {
    let lease = container.await;
    use_it(&lease).await;
    let output = lease.exec(["echo", &number.to_string()]).await.expect("it runs");
    assert_eq!(output.stdout_text().trim(), number.to_string());
}

/// P5: an exclusive lease makes its test the only one of this program that uses the pool, without a test runner's help.
#[tokio::test]
async fn a_test_with_an_exclusive_lease_is_alone() {
    let alone = POOL.get_exclusive().await.expect("a container");
    assert_eq!(LEASED.load(Ordering::SeqCst), 0);
    alone.exec(["true"]).await.expect("it runs");
    assert_eq!(LEASED.load(Ordering::SeqCst), 0);
}

/// P5: `serial_test` and an exclusive lease work side by side.
#[tokio::test]
#[serial(pool)]
async fn a_serial_test_may_have_an_exclusive_lease() {
    let alone = POOL.get_exclusive().await.expect("a container");
    assert_eq!(LEASED.load(Ordering::SeqCst), 0);
    alone.exec(["true"]).await.expect("it runs");
}

/// P5: a test that `serial_test` lets run in parallel leases from the shared pool.
#[tokio::test]
#[parallel(pool)]
async fn a_parallel_test_shares_the_pool() {
    use_it(&POOL.get().await.expect("a container")).await;
}

/// P1, C9: a static pool is never dropped; the end of the process removes its containers.
#[test]
fn the_end_of_the_process_removes_a_static_pool() {
    let session = own_id("pool-static");
    let mut child = Child::spawn(scenario_static_pool, &[("SEATRIAL_SESSION_ID", session.as_str())]);
    child.line("leased", Duration::from_secs(60));
    assert!(child.wait(Duration::from_secs(60)).success(), "{:?}", child.lines());
    assert_nothing_left(&session);
}

#[tokio::test]
#[ignore = "the scenario of the test above"]
async fn scenario_static_pool() {
    if is_scenario() {
        let lease = POOL.get().await.expect("a container");
        use_it(&lease).await;
        say("leased");
        // A lease that nobody drops either.
        std::mem::forget(lease);
    }
}
