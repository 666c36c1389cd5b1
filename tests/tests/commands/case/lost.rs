//! Agents that are killed, and streams that are cut: what ran is an error, never a result.

use std::time::Duration;

use seatrial::Case;
use seatrial_test_support::observe::LONG;
use seatrial_test_support::own_session::OwnSession;
use seatrial_test_support::processes::{FAMILY, sleepers, until_none_sleeps};
use seatrial_tests::{EngineProxy, Fault, Matcher, Then};

use super::{agent, agents, exited, shell, waiting};

/// The agent itself is the first of its processes.
const KILL_ALL: &str = "for p in $(ps -o pid,args | grep '[/].seatrial/agent serve' | awk '{print $1}'); do \
                        kill -9 $p; done; sleep 1000";

/// A7: killing the agent fails the cases that ran and poisons the container; a restart cures it and brings a new agent.
#[tokio::test]
async fn an_agent_that_is_killed_fails_what_ran_and_poisons_the_container() {
    let session = OwnSession::begin("case-killed").await;
    let container = waiting(&session).await;
    let cases = agent(&container).await;
    let killing = async {
        while sleepers(&container).await.len() < 5 {}
        container.exec(["sh", "-c", &KILL_ALL.replace("sleep 1000", "true")]).await.expect("it runs");
    };
    let (ran, ()) = tokio::join!(cases.run(shell(FAMILY)), killing);
    let error = ran.expect_err("it is not known how it ended");
    assert!(error.is_exec() && !error.is_timeout() && error.to_string().contains("agent"), "{error:?}");
    let poison = container.poison().expect("it is not what it was");
    assert!(poison.contains("sleep 1001"), "{poison}");
    until_none_sleeps(&container, "lost").await;
    container.restart().await.expect("it restarts");
    assert_eq!(container.poison(), None);
    exited(&cases.run(shell("exit 2")).await.expect("there is a new agent"), 2);
    assert_eq!((agents(&container).await, container.poison()), (2, None));
}

/// A7: a case that kills its worker, the agent, or both fails with an error.
#[tokio::test]
async fn a_case_that_kills_the_agent_is_lost() {
    let session = OwnSession::begin("case-kills").await;
    let container = waiting(&session).await;
    let cases = agent(&container).await;
    for line in
        ["kill -9 $PPID; sleep 1001", "kill -9 $(awk '{print $4}' /proc/$PPID/stat); sleep 1001", KILL_ALL]
    {
        let error = cases.run(shell(line)).await.expect_err("it is lost");
        assert!(error.is_exec() && error.to_string().contains("gone") || error.to_string().contains("ended"));
        assert!(container.is_poisoned(), "{line}");
        until_none_sleeps(&container, "lost").await;
        container.restart().await.expect("it restarts");
        exited(&cases.run(shell("exit 2")).await.expect("there is a new agent"), 2);
    }
}

/// A7: an agent that is killed while nothing runs is started again without an error.
#[tokio::test]
async fn an_idle_agent_that_is_gone_is_started_again() {
    let session = OwnSession::begin("case-idle").await;
    let container = waiting(&session).await;
    let cases = agent(&container).await;
    container.exec(["sh", "-c", &KILL_ALL.replace("sleep 1000", "rm -r /.seatrial")]).await.expect("it runs");
    // The end of the stream comes a moment later.
    let mut output = cases.run(shell("exit 2")).await;
    while output.is_err() {
        container.restart().await.expect("it restarts");
        output = cases.run(shell("exit 2")).await;
    }
    exited(&output.expect("it runs"), 2);
    assert_eq!(container.poison(), None);
}

/// A7: cases fail with an error when the agent's stream is cut.
#[tokio::test]
async fn a_stream_that_is_cut_fails_what_ran() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "case-cut").await;
    let container = waiting(&session).await;
    // The program says hello, and then some of what the case prints passes.
    proxy.on(Matcher::regex("POST", "/exec/.*/start").nth(1), Fault::Break { after: 3000, then: Then::Cut });
    let cases = agent(&container).await;
    let error = cases.run(shell("sleep 1001 & yes")).await.expect_err("it is cut");
    assert!(!error.is_invalid() && container.is_poisoned(), "{error:?}");
    until_none_sleeps(&container, "lost").await;
}

/// A7: a case whose worker stands still fails after its time, whatever other cases do.
#[tokio::test]
async fn a_case_whose_time_nobody_keeps_is_lost() {
    let session = OwnSession::begin("case-still").await;
    let container = waiting(&session).await;
    let cases = agent(&container).await;
    let still = cases.run(shell("kill -STOP $PPID; sleep 1001").timeout(Duration::from_secs(1)));
    let others = cases.run(shell("while echo x; do sleep 0.2; done"));
    let both = tokio::time::timeout(2 * LONG, async { tokio::join!(still, others) });
    let (still, others) = both.await.expect("it is noticed");
    for error in [still.expect_err("it is lost"), others.expect_err("so is this")] {
        assert!(error.to_string().contains("does not answer") && container.is_poisoned(), "{error:?}");
    }
    until_none_sleeps(&container, "lost").await;
}

/// A7: cases fail when the container ends, although the engine leaves the stream open, as it may when a sandbox dies.
#[tokio::test]
async fn a_container_that_ends_in_silence_fails_what_ran() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "case-silence").await;
    let container = waiting(&session).await;
    proxy.on(Matcher::regex("POST", "/exec/.*/start").nth(1), Fault::Break { after: 3000, then: Then::Hang });
    let cases = agent(&container).await;
    let ending = async {
        while sleepers(&container).await.is_empty() {}
        container.kill("KILL").await.expect("it is killed");
    };
    let both = async { tokio::join!(cases.run(shell("sleep 1001 & yes")), ending) };
    let (ran, ()) = tokio::time::timeout(LONG, both).await.expect("it is noticed");
    let error = ran.expect_err("it is not known how it would have ended");
    assert!(error.to_string().contains("ended") && container.is_poisoned(), "{error:?}");
}

/// A7: cases fail with an error, and not with a result, when the container ends.
#[tokio::test]
async fn a_container_that_ends_fails_what_ran() {
    let session = OwnSession::begin("case-gone").await;
    let container = waiting(&session).await;
    let cases = agent(&container).await;
    let ending = async {
        while sleepers(&container).await.is_empty() {}
        container.kill("KILL").await.expect("it is killed");
    };
    let (ran, _) = tokio::join!(cases.run(Case::new(["sleep", "1001"])), ending);
    let error = ran.expect_err("it is not known how it would have ended");
    assert!(error.to_string().contains(container.name()), "{error}");
    let error = cases.run(shell("true")).await.expect_err("it does not run");
    assert!(error.is_conflict(), "{error:?}");
}
