//! Cases in a pool's containers.

use seatrial::ContainerPool;
use seatrial::pool::{LeakCheck, Recycle};
use seatrial_test_support::own_session::OwnSession;

use super::{agent, agents, exited, shell};

/// A15: in a pool, the agent stays with its container, does not count as a leak, and comes again after a restart.
#[tokio::test]
async fn the_agent_stays_with_its_container() {
    let session = OwnSession::begin("case-pool").await;
    // What the shell becomes later would be a process that came during the lease.
    let has_become = ["sh", "-c", "ps -o args | grep -q '^sleep 100000'"];
    let request = session.shell("exec sleep 100000").init().wait_for(seatrial::WaitFor::exec(has_become));
    let pool = ContainerPool::builder(request.clone())
        .size(1)
        .leak_check(LeakCheck::Replace)
        .build()
        .await
        .expect("a pool");
    let lease = pool.get().await.expect("a container");
    let id = lease.id().to_string();
    exited(&agent(&lease).await.run(shell("sleep 1000 & exit 2")).await.expect("it runs"), 2);
    drop(lease);
    let lease = pool.get().await.expect("a container");
    assert_eq!((lease.id().to_string(), agents(&lease).await), (id, 2), "the same, with its agent");
    drop(lease);
    pool.close().await.expect("it ends");

    let pool =
        ContainerPool::builder(request).size(1).recycle(Recycle::restart()).build().await.expect("a pool");
    for code in [3, 4] {
        let lease = pool.get().await.expect("a container");
        exited(&agent(&lease).await.run(shell(&format!("exit {code}"))).await.expect("it runs"), code);
        assert_eq!(agents(&lease).await, 2);
    }
    assert_eq!(pool.accounting().replacements.0, 0);
    pool.close().await.expect("it ends");
}

/// A15: ending a command that is out of time does not end the agent.
#[tokio::test]
async fn the_end_of_a_command_is_not_the_agent_s() {
    let session = OwnSession::begin("case-beside").await;
    let container = super::waiting(&session).await;
    let cases = agent(&container).await;
    let command = container.exec(["sleep", "1001"]).timeout(std::time::Duration::from_secs(1));
    let (timed_out, ran) = tokio::join!(async { command.await }, cases.run(shell("sleep 2; exit 5")));
    assert!(timed_out.expect_err("it sleeps").is_timeout());
    exited(&ran.expect("it runs"), 5);
    assert_eq!((agents(&container).await, container.poison()), (2, None));
}
