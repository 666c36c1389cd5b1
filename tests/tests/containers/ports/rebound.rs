//! Ports of a container that the engine restarts: its addresses are those of the current run.

use seatrial::{WaitFor, container::RestartPolicy};
use seatrial_test_support::observe::until;
use seatrial_test_support::own_session::{OwnSession, look_at};

/// C17: after a restart by the engine, a lookup returns the new run's address, and never that of another container that
/// was given the old port.
#[tokio::test]
async fn an_address_is_never_that_of_another_container_that_took_the_port() {
    let session = OwnSession::begin("rebound").await;
    // The first run ends when it is told to; the second one runs on.
    let line = "[ -e /ran ] && exec sleep 100000; touch /ran; trap 'exit 1' USR1; echo ready; \
                while :; do sleep 0.1; done";
    let request = session.shell(line).port(7000).restart_policy(RestartPolicy::Always);
    let container = request.wait_for(WaitFor::log("ready")).start().await.expect("it starts");
    let old = container.host_port(7000).expect("it is bound");
    container.kill("SIGUSR1").await.expect("it is told to end");
    until("the run is over", || container.host_port(7000).ok() != Some(old)).await;
    let bound = || {
        let port = look_at(&container)["NetworkSettings"]["Ports"]["7000/tcp"][0]["HostPort"].clone();
        port.as_str().and_then(|port| port.parse().ok())
    };
    until("the new run's port is known", || {
        let known = container.host_port(7000).ok();
        known.is_some() && known == bound()
    })
    .await;
}

/// C17: a stopped container has no address, since its ports are free for others.
#[tokio::test]
async fn a_stopped_container_has_no_address() {
    let session = OwnSession::begin("rebound-stopped").await;
    let container =
        session.misbehave(&["trap", "TERM", "0", "print", "ready", "sleep", "forever"]).port(7000);
    let container = container.wait_for(WaitFor::log("ready")).start().await.expect("it starts");
    container.addr(7000).expect("it is bound");
    container.stop().await.expect("it stops");
    let error = container.addr(7000).expect_err("it has ended");
    assert!(error.is_port() && error.to_string().contains("does not run"), "{error}");
    container.start().await.expect("it starts again");
    container.addr(7000).expect("it is bound again");
}

/// C24: a port wait on a container that has ended reports the end, even if another container has its port.
#[tokio::test]
async fn a_port_wait_is_not_met_by_another_container_on_the_old_port() {
    let session = OwnSession::begin("rebound-foreign").await;
    let request = session.misbehave(&["print", "ready", "trap", "USR1", "0", "sleep", "forever"]);
    let ended = request.port(7000).wait_for(WaitFor::log("ready")).start().await.expect("it starts");
    let port = ended.host_port(7000).expect("it is bound");
    ended.kill("SIGKILL").await.expect("it is killed");
    until("it has ended", || look_at(&ended)["State"]["Running"] == false).await;
    let foreign = session.misbehave(&["listen", "7000", "hello", "print", "ready"]).fixed(port, 7000);
    let _foreign = foreign.wait_for(WaitFor::log("ready")).start().await.expect("the port is free");
    for wait in [WaitFor::from(WaitFor::port(7000)), WaitFor::from(WaitFor::http("/"))] {
        let error = ended.wait(wait).await.expect_err("it has ended");
        assert!(error.is_exited(), "{error:?}");
    }
}
