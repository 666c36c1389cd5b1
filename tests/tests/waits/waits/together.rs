//! Several strategies at once, and a strategy of the caller's.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use seatrial::{TestContainer, WaitFor, container::WaitStrategy, wait::BranchOutcome};
use seatrial_test_support::observe::{LONG, SHORT, failed};
use seatrial_test_support::own_session::OwnSession;

/// C24: the branches of `all` run at the same time.
#[tokio::test]
async fn the_branches_of_all_are_waited_for_side_by_side() {
    let session = OwnSession::begin("all").await;
    let container = session.idle().start().await.expect("it starts");
    let began = Instant::now();
    let delays = (0..10).map(|_| WaitFor::delay(SHORT));
    container.wait(WaitFor::all(delays)).await.expect("they pass");
    assert!(began.elapsed() >= SHORT && began.elapsed() < 8 * SHORT, "{:?}", began.elapsed());
}

/// C24: the branches of `all` share one deadline, and each must be met.
#[tokio::test]
async fn the_branches_of_all_have_one_deadline_and_none_may_be_missing() {
    let session = OwnSession::begin("all-deadline").await;
    let delays = [WaitFor::delay(LONG), WaitFor::log("ready").into(), WaitFor::delay(LONG)];
    let request = session.steps("print ready sleep forever").wait_for(WaitFor::all(delays));
    let began = Instant::now();
    let error = failed(request.startup_timeout(SHORT).start().await);
    assert!(error.is_timeout() && began.elapsed() < LONG / 2, "{error}");
    let branches = &error.report().expect("a report").branches;
    let outcomes: Vec<_> = branches.iter().map(|branch| (branch.depth, branch.outcome.clone())).collect();
    let (met, not_met) = (BranchOutcome::Met, BranchOutcome::NotMet);
    assert_eq!(outcomes, [(0, not_met.clone()), (1, not_met.clone()), (1, met), (1, not_met)]);
}

/// C24: `all` fails as soon as one branch fails.
#[tokio::test]
async fn all_fails_as_soon_as_one_branch_can_never_be_met() {
    let session = OwnSession::begin("all-fail").await;
    let began = Instant::now();
    let wait = WaitFor::all([WaitFor::delay(LONG), WaitFor::healthy().into()]);
    let error = failed(session.idle().wait_for(wait).startup_timeout(2 * LONG).start().await);
    assert!(!error.is_timeout() && began.elapsed() < LONG, "{error}");
}

/// C24: `any` is met by its first branch that is met, whatever the others do.
#[tokio::test]
async fn any_is_met_by_the_first_although_others_fail_or_hang() {
    let session = OwnSession::begin("any").await;
    let steps = "sleep 500ms print ready sleep forever";
    let branches = [
        // These strategies can never be met, and fail at once.
        WaitFor::healthy().into(),
        WaitFor::http("/").port(9).into(),
        WaitFor::custom(Own::failing("not today")),
        WaitFor::all([WaitFor::nothing(), WaitFor::healthy().into()]),
        WaitFor::delay(LONG),
        WaitFor::log("ready").into(),
    ];
    let began = Instant::now();
    let container =
        session.steps(steps).wait_for(WaitFor::any(branches)).start().await.expect("the last is met");
    assert!(began.elapsed() < LONG / 2);
    assert_eq!(container.log_matches().len(), 1);
}

/// C24: `any` fails when all branches have failed, with each reason.
#[tokio::test]
async fn any_fails_with_each_reason_when_every_branch_has_failed() {
    let session = OwnSession::begin("any-fails").await;
    let branches = [
        WaitFor::custom(Own::failing("out of luck")),
        WaitFor::healthy().into(),
        WaitFor::http("/").port(9).into(),
    ];
    let began = Instant::now();
    let request = session.idle().wait_for(WaitFor::any(branches)).startup_timeout(2 * LONG);
    let error = failed(request.start().await);
    assert!(error.is_not_ready() && !error.is_timeout() && began.elapsed() < LONG, "{error}");
    let text = error.to_string();
    for reason in ["out of luck", "no health check", "port 9/tcp is not published"] {
        assert!(text.contains(reason), "{text}");
    }
    let error = failed(session.idle().wait_for(WaitFor::any([])).start().await);
    assert!(error.is_invalid(), "{error}");
}

/// A strategy of the user's own: a number of looks at the container's state.
struct Own {
    looks: Arc<AtomicUsize>,
    result: Result<usize, String>,
}

impl Own {
    fn after(looks: usize) -> Self {
        Self { looks: Arc::default(), result: Ok(looks) }
    }

    fn failing(reason: &str) -> Self {
        Self { looks: Arc::default(), result: Err(reason.to_owned()) }
    }
}

impl WaitStrategy for Own {
    fn describe(&self) -> String {
        "some looks".to_owned()
    }

    fn wait<'a>(
        &'a self,
        container: &'a TestContainer,
    ) -> BoxFuture<'a, Result<(), Box<dyn std::error::Error + Send + Sync>>> {
        async move {
            let wanted = self.result.clone()?;
            while self.looks.fetch_add(1, Ordering::Relaxed) < wanted {
                assert!(container.state().await?.is_running());
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Ok(())
        }
        .boxed()
    }
}

/// C24: a strategy of the caller's runs on the caller's runtime.
#[tokio::test]
async fn a_strategy_of_one_s_own_runs_on_one_s_own_runtime() {
    let session = OwnSession::begin("own").await;
    let own = Own::after(3);
    let looks = own.looks.clone();
    let wait = WaitFor::all([WaitFor::custom(own), WaitFor::log("ready").into()]);
    let request = session.steps("print ready sleep forever").wait_for(wait);
    let container = request.start().await.expect("it is met");
    assert_eq!(looks.load(Ordering::Relaxed), 4);
    let error = failed(container.wait_timeout(WaitFor::custom(Own::after(usize::MAX)), SHORT).await);
    assert!(error.is_timeout() && error.to_string().contains("some looks"), "{error}");
    let error = failed(container.wait(WaitFor::custom(Own::failing("out of luck"))).await);
    assert!(error.is_not_ready() && error.to_string().contains("out of luck"), "{error}");
}
