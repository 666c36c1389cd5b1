//! Waits for a container's end.

use std::time::Duration;

use futures_util::FutureExt;
use seatrial::{
    TestContainer,
    container::{RestartPolicy, WaitCondition},
};
use seatrial_test_support::observe::{LONG, SHORT, block_until_exited, by_somebody_else, state, until};
use seatrial_test_support::own_session::{OwnSession, remove_by_hand};
use seatrial_tests::{Answer, EngineProxy, Fault, Matcher};
use serde_json::json;

const ALL: [WaitCondition; 3] = [WaitCondition::NotRunning, WaitCondition::NextExit, WaitCondition::Removed];

async fn exited(session: &OwnSession, code: &str) -> TestContainer {
    let container = session.misbehave(&["exit", code]).start().await.expect("it starts");
    block_until_exited(container.id().as_str());
    container
}

/// S4: a wait for "not running" is over at once for a container that has ended; a wait for its next exit is not.
#[tokio::test]
async fn a_container_that_has_ended_is_not_running_at_once_and_has_no_next_exit_yet() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "until-ended").await;
    let container = exited(&session, "3").await;
    let code = container.wait_until_timeout(WaitCondition::NotRunning, Duration::ZERO).await;
    assert_eq!(code.expect("it is met, late as it is"), Some(3));
    for condition in [WaitCondition::NextExit, WaitCondition::Removed] {
        let error = container.wait_until_timeout(condition, SHORT).await.expect_err("not met");
        assert!(error.is_not_ready() && error.to_string().contains(container.name()), "{error}");
    }
    proxy.clear();
    let mut next = Box::pin(container.wait_until(WaitCondition::NextExit));
    until_asked(&mut next, &proxy).await;
    by_somebody_else(&container, "POST", "/start");
    let code = tokio::time::timeout(LONG, next).await.expect("it ends");
    assert_eq!(code.expect("it ended again"), Some(3));
}

/// S4: a container that is about to be restarted counts as not running.
#[tokio::test]
async fn a_container_that_restarts_is_not_running_at_once() {
    let session = OwnSession::begin("until-restarting").await;
    let request = session.misbehave(&["exit", "5"]).restart_policy(RestartPolicy::Always);
    let container = request.start().await.expect("it starts");
    // The pauses between restarts double; in a long one the engine reports nothing.
    until("it pauses", || {
        let state = state(container.id().as_str());
        state["Restarting"] == json!(true) && container_restarts(&container) >= 5
    })
    .await;
    let code = container.wait_until_timeout(WaitCondition::NotRunning, LONG).await;
    assert_eq!(code.expect("it does not run"), Some(5));
}

fn container_restarts(container: &TestContainer) -> u64 {
    seatrial_test_support::own_session::look_at(container)["RestartCount"].as_u64().unwrap_or_default()
}

/// S4: the exit code is that of the awaited end, although the container was restarted right after it.
#[tokio::test]
async fn a_restart_right_after_the_end_does_not_change_the_exit_code() {
    let session = OwnSession::begin("until-code").await;
    let container =
        session.misbehave(&["trap", "TERM", "7", "sleep", "forever"]).start().await.expect("it starts");
    for condition in [WaitCondition::NotRunning, WaitCondition::NextExit] {
        for _ in 0..3 {
            let wait = container.wait_until(condition);
            let restart = async {
                let asked = tokio::time::timeout(SHORT, std::future::pending::<()>()).await;
                asked.expect_err("nothing ends it");
                by_somebody_else(&container, "POST", "/restart?t=0");
            };
            let (code, ()) = futures_util::join!(wait, restart);
            let code = code.expect("it ended").expect("a code");
            assert!([7, 137].contains(&code), "{code}");
        }
    }
    assert_eq!(state(container.id().as_str())["Running"], true);
}

/// S4: a removal ends every wait, with the exit code of the kill.
#[tokio::test]
async fn a_removal_ends_every_wait() {
    let session = OwnSession::begin("until-removed").await;
    for condition in ALL {
        let container = session.idle().start().await.expect("it starts");
        let mut wait = Box::pin(container.wait_until(condition));
        assert!((&mut wait).now_or_never().is_none());
        tokio::time::timeout(SHORT, &mut wait).await.expect_err("it runs");
        remove_by_hand(container.id().as_str());
        let code = tokio::time::timeout(LONG, wait).await.expect("it ends").expect("it is removed");
        assert_eq!(code, Some(137), "{condition}");
    }
}

/// S4: a stopped container that is removed has no next exit, so the wait is an error.
#[tokio::test]
async fn the_next_exit_of_one_that_is_gone_is_an_error() {
    let session = OwnSession::begin("until-gone").await;
    let container = exited(&session, "3").await;
    let wait = container.wait_until(WaitCondition::NextExit);
    let mut wait = Box::pin(wait);
    tokio::time::timeout(SHORT, &mut wait).await.expect_err("it does not run");
    remove_by_hand(container.id().as_str());
    let error = tokio::time::timeout(LONG, wait).await.expect("it ends").expect_err("there is no next exit");
    assert!(error.is_not_found(), "{error}");
    for condition in [WaitCondition::NextExit, WaitCondition::NotRunning] {
        let error = container.wait_until(condition).await.expect_err("it is gone");
        assert!(error.is_not_found(), "{condition}: {error}");
    }
    assert_eq!(container.wait_until(WaitCondition::Removed).await.expect("it is gone"), None);
}

/// S4: a failed removal ends the wait for it with the engine's reason.
#[tokio::test]
async fn a_removal_that_fails_ends_the_wait_with_its_error() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "until-fails").await;
    let container = session.idle().start().await.expect("it starts");
    let answer = json!({ "StatusCode": 137, "Error": { "Message": "unlinkat: operation not permitted" } });
    proxy.on(Matcher::regex("POST", "/wait$"), Fault::Answer(Answer::json(200, &answer)));
    let error = container.wait_until(WaitCondition::Removed).await.expect_err("it is not removed");
    let text = error.to_string();
    assert!(text.contains("operation not permitted") && text.contains(container.name()), "{text}");
    assert_eq!(container.wait_until(WaitCondition::NotRunning).await.expect("it ended"), Some(137));
}

/// S4: a wait survives a broken connection.
#[tokio::test]
async fn a_wait_whose_connection_is_cut_goes_on() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "until-cut").await;
    for condition in ALL {
        let container = session.idle().start().await.expect("it starts");
        proxy.clear();
        proxy.on(Matcher::regex("POST", "/wait$").nth(2), Fault::cut());
        // The first answer is held back and cut when it comes, with the code in it.
        proxy.on(Matcher::regex("POST", "/wait$").nth(1), Fault::cut_after(0));
        let mut wait = Box::pin(container.wait_until(condition));
        until_asked(&mut wait, &proxy).await;
        by_somebody_else(&container, "POST", "/kill?signal=KILL");
        block_until_exited(container.id().as_str());
        if condition == WaitCondition::Removed {
            remove_by_hand(container.id().as_str());
        }
        let code = tokio::time::timeout(LONG, wait).await.expect("it ends").expect("it ended");
        let expected = if condition == WaitCondition::Removed { None } else { Some(137) };
        assert!(code == expected || code == Some(137), "{condition}: {code:?}");
        proxy.clear_rules();
    }
}

/// Drives a wait until the engine was asked and looked at.
async fn until_asked(
    wait: &mut (impl Future<Output = seatrial::Result<Option<i64>>> + Unpin),
    proxy: &EngineProxy,
) {
    let asked = until("it is asked", || {
        proxy.count(|request| request.is("POST", "/wait") && request.status.is_some()) > 0
    });
    match futures_util::future::select(wait, Box::pin(asked)).await {
        futures_util::future::Either::Left((code, _)) => panic!("it ended too early: {code:?}"),
        futures_util::future::Either::Right(_) => {}
    }
}

/// S4: a dropped wait for any condition closes its connection.
#[tokio::test]
async fn a_wait_that_is_dropped_leaves_no_connection() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "until-dropped").await;
    let container = session.idle().start().await.expect("it starts");
    for condition in ALL {
        until("nothing is asked", || proxy.connections() == 0).await;
        proxy.clear();
        let mut wait = Box::pin(container.wait_until(condition));
        until_asked(&mut wait, &proxy).await;
        assert!(proxy.connections() > 0);
        drop(wait);
        until("nothing is left", || proxy.connections() == 0).await;
    }
    assert_eq!(state(container.id().as_str())["Running"], true);
}
