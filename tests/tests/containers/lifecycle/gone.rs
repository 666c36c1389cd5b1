//! Errors of calls about a container that somebody else has removed.

use seatrial::{Error, container::Limits};
use seatrial_test_support::own_session::{OwnSession, remove_by_hand};

/// C11, C15: each call about a removed container fails with "not found" and its name.
#[tokio::test]
async fn every_call_about_a_container_that_is_gone_is_not_found() {
    let session = OwnSession::begin("gone").await;
    let container = session.idle().start().await.expect("it starts");
    remove_by_hand(container.id().as_str());
    let check = |call: &str, error: Option<Error>| {
        let error = error.unwrap_or_else(|| panic!("{call} worked on a container that is gone"));
        assert!(error.is_not_found(), "{call}: {error:?}");
        assert_eq!(error.status(), Some(404), "{call}");
        assert_eq!(error.subject(), Some(container.to_string().as_str()), "{call}");
    };
    check("stop", container.stop().await.err());
    check("kill", container.kill("TERM").await.err());
    check("start", container.start().await.err());
    check("restart", container.restart().await.err());
    check("pause", container.pause().await.err());
    check("unpause", container.unpause().await.err());
    check("update_limits", container.update_limits(Limits::new().pids_limit(60)).await.err());
    check("inspect", container.inspect().await.err());
    check("state", container.state().await.err());
    check("pid", container.pid().await.err());
    check("ipv4", container.ipv4("bridge").await.err());
    check("exec", container.exec(["true"]).await.err());
    check("logs", container.logs().read().await.err());
}
