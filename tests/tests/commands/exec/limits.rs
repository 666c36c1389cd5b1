//! The number of requests that a command makes of the engine.

use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::EngineProxy;

use super::waiting;

/// C27: a command takes three requests. Its end shows in the stream, so one question for the exit code is enough.
#[tokio::test]
async fn a_command_is_three_requests() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "exec-requests").await;
    let container = waiting(&session).await;
    let before = proxy.requests().len();
    let line = "for i in 1 2 3 4 5; do sleep 0.1; echo $i; done";
    assert_eq!(container.exec(["sh", "-c", line]).await.expect("it runs").stdout_text(), "1\n2\n3\n4\n5\n");
    let requests: Vec<_> = proxy.requests().split_off(before);
    let kinds: Vec<_> = requests
        .iter()
        .map(|request| (request.method.as_str(), request.path.rsplit('/').next().unwrap_or_default()))
        .collect();
    assert_eq!(kinds, [("POST", "exec"), ("POST", "start"), ("GET", "json")]);
}
