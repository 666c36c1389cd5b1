//! A daemon that is stopped and started again in the middle.

use seatrial::{
    ContainerRequest, Session,
    container::{ContainerState, ContainerStatus, WaitCondition},
    session::ReaperChoice,
};
use seatrial_test_support::observe::{LONG, until};
use seatrial_test_support::own_session::{MISBEHAVE, own_id};
use seatrial_tests::{Daemon, EngineProxy};

use super::watch::first_that_is;

/// S4, S5: a watch and waits survive a restart of the daemon, which ends its containers.
#[tokio::test]
async fn a_watch_and_waits_go_on_with_the_daemon_that_is_back() {
    let Some(mut daemon) = Daemon::start() else { return };
    daemon.load(MISBEHAVE);
    // The daemon has no image of a reaper.
    let builder = Session::builder().id(own_id("restarted")).reaper(ReaperChoice::Off);
    let proxy = EngineProxy::start(daemon.socket());
    let builder = builder.docker_host(proxy.docker_host());
    let session = builder.build().await.expect("the daemon answers");
    let request = ContainerRequest::new(MISBEHAVE).cmd(["trap", "TERM", "7", "sleep", "forever"]);
    let container = request.network_mode("none").session(&session).start().await.expect("it starts");
    let container = std::sync::Arc::new(container);
    let mut watch = container.watch();
    first_that_is(&mut watch, ContainerStatus::Running).await;
    let waits = [WaitCondition::NotRunning, WaitCondition::NextExit].map(|condition| {
        let container = container.clone();
        tokio::spawn(async move { container.wait_until_timeout(condition, LONG * 3).await })
    });
    until("both have begun", || {
        proxy.count(|request| request.is("POST", "/wait") && request.status.is_some()) == 2
    })
    .await;
    let mut daemon = tokio::task::spawn_blocking(move || {
        daemon.stop();
        daemon.begin();
        daemon
    })
    .await
    .expect("it is back");
    let exited = first_that_is(&mut watch, ContainerStatus::Exited).await;
    let state = container.state().await.expect("a state");
    // The end is reported as late as the event.
    let told = |state: &ContainerState| (state.status.clone(), state.exit_code, state.started_at);
    assert_eq!(told(&exited), told(&state));
    for wait in waits {
        let code = wait.await.expect("no panic").expect("it has ended");
        assert_eq!(code, exited.exit_code);
    }
    container.start().await.expect("it starts again");
    first_that_is(&mut watch, ContainerStatus::Running).await;
    Session::clone(&session).close().await.expect("everything is removed");
    while watch.next().await.is_some() {}
    daemon.stop();
}
