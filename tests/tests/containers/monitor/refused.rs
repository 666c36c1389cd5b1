//! Impossible restarts, which are refused before anything is started.

use seatrial::{container::RestartPolicy, monitor::AfterExit};
use seatrial_test_support::observe::failed;
use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::EngineProxy;

/// M2: restarts by a function are refused beside the engine's restart policy, with a limit of zero, and for a `run`.
#[tokio::test]
async fn restarts_that_can_not_be_are_refused_before_the_engine_is_asked() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "restarts-refused").await;
    let request = session.idle().restart_when(|_| AfterExit::Restart);
    for (request, word) in [
        (request.clone().restart_policy(RestartPolicy::Always), "which exclude each other"),
        (
            request.clone().modify_host_config(|host| {
                host.restart_policy = Some(seatrial::models::RestartPolicy {
                    name: Some(seatrial::models::RestartPolicyNameEnum::ON_FAILURE),
                    maximum_retry_count: Some(2),
                });
            }),
            "which exclude each other",
        ),
        (request.clone().auto_remove(), "auto_remove"),
        (request.clone().max_restarts(0), "at least 1"),
        (session.idle().max_restarts(3), "both or neither"),
    ] {
        let error = failed(request.start().await);
        assert!(error.is_invalid() && error.to_string().contains(word), "{error}");
    }
    let error = failed(request.run().await);
    assert!(error.is_invalid() && error.to_string().contains("use `start`"), "{error}");
    assert_eq!(proxy.count(|request| request.method == "POST"), 0);
}
