//! Follows a wait to its end: every branch side by side, one deadline over all.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use futures_util::future::{BoxFuture, Either, select, select_ok, try_join_all};

use super::branch::{Branch, Outcome};
use super::cx::{Cx, Failure};
use super::{Strategy, WaitFor, Waited};
use crate::base::background;
use crate::engine::Target;
use crate::life::{End, Sensor};
use crate::output::{LogMatch, LogOutcome, Retain, Tap};
use crate::words::{Error, Result};

/// A wait that is set up before the container starts, so that nothing that it prints is missed.
#[derive(Debug)]
pub(crate) struct Preparation {
    pub(crate) root: Branch,
    pub(crate) tap: Option<Tap>,
    /// Tells that the output's reading is over: the container's end, most of the time.
    over: Option<tokio::sync::oneshot::Receiver<()>>,
}

/// How a wait ended that was not met.
#[derive(Debug)]
pub(crate) enum Unmet {
    TimedOut,
    Ended,
    Never(String),
    Engine(crate::words::Error),
}

impl Preparation {
    /// Sets a wait up for a container that is created and not started.
    pub(crate) async fn before_start(wait: &WaitFor, target: &Target) -> Result<Self> {
        let mut watchers = Vec::new();
        let root = Branch::of(wait, &mut watchers);
        if watchers.is_empty() {
            return Ok(Self { root, tap: None, over: None });
        }
        let connection = target.attach().await?;
        let (tap, over) = Tap::attached(target.clone(), connection, watchers, Retain::Tail);
        Ok(Self { root, tap: Some(tap), over: Some(over) })
    }

    /// Sets a wait up for a container that runs: its log is read from the beginning of this run, or from now.
    pub(crate) async fn after_start(wait: &WaitFor, target: &Target) -> Result<Self> {
        let mut watchers = Vec::new();
        let root = Branch::of(wait, &mut watchers);
        if watchers.is_empty() {
            return Ok(Self { root, tap: None, over: None });
        }
        let from_now = watchers.iter().filter(|watcher| watcher.is_from_now()).count();
        if from_now != 0 && from_now != watchers.len() {
            return Err(Error::invalid(
                "some log waits look from now on and some from the start; wait for them one by one",
            ));
        }
        let (tap, over) = if from_now != 0 {
            // Before the connection: what is printed while it is made counts.
            let now = SystemTime::now();
            let connection = target.attach().await?;
            Tap::attached_at(now, target.clone(), connection, watchers)
        } else {
            Tap::followed(target.clone(), watchers)
        };
        Ok(Self { root, tap: Some(tap), over: Some(over) })
    }
}

/// Waits until a container that was started is ready. The matches of log waits go to `matches`.
pub(crate) async fn wait_ready(
    container: &dyn Waited,
    prepared: &mut Preparation,
    timeout: Duration,
    matches: &Mutex<Vec<LogMatch>>,
) -> Result<(), Unmet> {
    if prepared.root.strategy.is_nothing() {
        return Ok(());
    }
    let over = prepared.over.take();
    let after = async move {
        if let Some(over) = over {
            over.await.ok();
        }
    };
    let sensor = Sensor::new(container.target().clone(), after);
    let cx = Cx { container, sensor };
    let deadline = background().run(tokio::time::sleep(timeout));
    match select(follow(&prepared.root, &cx, matches), deadline).await {
        Either::Left((Ok(()), _)) => Ok(()),
        Either::Left((Err(failure), _)) => Err(match failure {
            Failure::Ended => Unmet::Ended,
            Failure::Never(reason) => Unmet::Never(reason),
            Failure::Engine(error) => Unmet::Engine(error),
        }),
        // The container may have ended at the very moment.
        Either::Right(((), _)) => Err(cx.sensor.seen().map_or(Unmet::TimedOut, |_| Unmet::Ended)),
    }
}

fn follow<'a>(
    branch: &'a Branch,
    cx: &'a Cx<'a>,
    matches: &'a Mutex<Vec<LogMatch>>,
) -> BoxFuture<'a, Result<(), Failure>> {
    Box::pin(async move {
        branch.begin();
        let result = match &branch.strategy {
            Strategy::All(_) => all(branch, cx, matches).await,
            Strategy::Any(_) => any(branch, cx, matches).await,
            _ => leaf(branch, cx, matches).await,
        };
        branch.end(match &result {
            Ok(()) => Outcome::Met,
            // The report says of the container how it ended.
            Err(Failure::Ended) => Outcome::Pending,
            Err(Failure::Never(reason)) => Outcome::Failed(reason.clone()),
            Err(Failure::Engine(error)) => Outcome::Failed(error.to_string()),
        });
        result
    })
}

/// All branches to their ends, or to the first that fails.
async fn all(branch: &Branch, cx: &Cx<'_>, matches: &Mutex<Vec<LogMatch>>) -> Result<(), Failure> {
    let children = branch.children.iter().map(|child| follow(child, cx, matches));
    try_join_all(children).await.map(drop)
}

/// The first branch that is met; fails with the last one.
async fn any(branch: &Branch, cx: &Cx<'_>, matches: &Mutex<Vec<LogMatch>>) -> Result<(), Failure> {
    match select_ok(branch.children.iter().map(|child| follow(child, cx, matches))).await {
        Ok(_) => Ok(()),
        Err(Failure::Engine(error)) => Err(Failure::Engine(error)),
        Err(Failure::Ended) => Err(Failure::Ended),
        Err(Failure::Never(_)) if cx.sensor.seen().is_some() => Err(Failure::Ended),
        Err(Failure::Never(_)) => Err(Failure::Never("none of its branches can be met".to_owned())),
    }
}

async fn leaf(branch: &Branch, cx: &Cx<'_>, matches: &Mutex<Vec<LogMatch>>) -> Result<(), Failure> {
    match &branch.strategy {
        Strategy::Nothing => Ok(()),
        Strategy::Delay(delay) => {
            cx.until_end(async {
                background().run(tokio::time::sleep(*delay)).await;
                Ok(())
            })
            .await
        }
        // The tap reads to the end of the output before it says that there is no more, so this one is not cut short.
        Strategy::Log(_) => log(branch, cx, matches).await,
        Strategy::Port(wait) => cx.until_end(wait.follow(branch, cx)).await,
        Strategy::Http(wait) => cx.until_end(wait.follow(branch, cx)).await,
        Strategy::Exec(wait) => cx.until_end(wait.follow(branch, cx)).await,
        Strategy::Healthy(wait) => cx.until_end(wait.follow(branch, cx)).await,
        Strategy::File(wait) => cx.until_end(wait.follow(branch, cx)).await,
        Strategy::Exit(wait) => match (cx.sensor.ended().await, wait.code) {
            (End::Exited(Some(code)), Some(wanted)) if code != wanted => Err(Failure::Ended),
            (End::Removed, _) => Err(Failure::Ended),
            _ => Ok(()),
        },
        Strategy::Custom(custom) => {
            let wait =
                async { custom.wait(cx.container).await.map_err(|error| Failure::Never(error.to_string())) };
            cx.until_end(wait).await
        }
        Strategy::All(_) | Strategy::Any(_) => unreachable!("`follow` takes these"),
    }
}

async fn log(branch: &Branch, cx: &Cx<'_>, matches: &Mutex<Vec<LogMatch>>) -> Result<(), Failure> {
    let outcome = branch.log.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
    let outcome = outcome.expect("each log branch is followed once");
    match outcome.await {
        Ok(LogOutcome::Matched(found)) => {
            matches.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(found);
            Ok(())
        }
        Ok(LogOutcome::Failed(reason)) => {
            Err(Failure::Never(format!("its output could not be read: {reason}")))
        }
        // The tap goes before the branch only when the whole wait does.
        Ok(LogOutcome::Ended) | Err(_) => {
            cx.sensor.ended().await;
            Err(Failure::Ended)
        }
    }
}
