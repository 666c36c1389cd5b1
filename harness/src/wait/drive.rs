//! Drives a wait to its end: all branches concurrently, with a single time limit.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use futures_util::future::{BoxFuture, Either, select, select_ok, try_join_all};

use super::branch::Branch;
use super::cx::{Cx, Failure};
use super::{Strategy, WaitFor, Waited};
use crate::base::background;
use crate::engine::{End, Target};
use crate::life::Sensor;
use crate::output::{LogMatch, LogOutcome, Retain, Tap, Watcher};
use crate::words::{BranchOutcome, Error, Result};

/// A wait that is prepared before the container starts, so that no output is missed.
#[derive(Debug)]
pub(crate) struct Preparation {
    pub(crate) root: Branch,
    pub(crate) tap: Option<Tap>,
    /// Closes when the reading of the output is over, usually at the container's end.
    over: Option<tokio::sync::oneshot::Receiver<()>>,
    /// Keeps the output being read although no branch searches it.
    _reading: Option<tokio::sync::oneshot::Receiver<LogOutcome>>,
}

/// The reason why a wait was not met.
#[derive(Debug)]
pub(crate) enum Unmet {
    TimedOut,
    Ended,
    Never(String),
    Engine(crate::words::Error),
}

impl Preparation {
    /// Prepares a wait for a container that is created and not started. With `reads_all`, its output is read until the
    /// wait is over, even if no branch searches it.
    pub(crate) async fn before_start(wait: &WaitFor, target: &Target, reads_all: bool) -> Result<Self> {
        let mut watchers = Vec::new();
        let root = Branch::of(wait, &mut watchers);
        let reading = (reads_all && !root.strategy.is_nothing()).then(|| {
            let (watcher, reading) = Watcher::new(|| None, false, Arc::default());
            watchers.push(watcher);
            reading
        });
        if watchers.is_empty() {
            return Ok(Self::without_output(root));
        }
        let connection = target.attach().await?;
        let (tap, over) = Tap::attached(target.clone(), connection, watchers, Retain::Tail);
        Ok(Self { root, tap: Some(tap), over: Some(over), _reading: reading })
    }

    /// Prepares a wait for a running container. Its log is read from the start of this run, or from now.
    pub(crate) async fn after_start(wait: &WaitFor, target: &Target) -> Result<Self> {
        let mut watchers = Vec::new();
        let root = Branch::of(wait, &mut watchers);
        if watchers.is_empty() {
            return Ok(Self::without_output(root));
        }
        let from_now = watchers.iter().filter(|watcher| watcher.is_from_now()).count();
        if from_now != 0 && from_now != watchers.len() {
            return Err(Error::invalid(
                "some log waits use `from_now` and some do not; wait for them separately",
            ));
        }
        let (tap, over) = if from_now != 0 {
            // Before the connection is made, so that output printed meanwhile counts.
            let now = SystemTime::now();
            let connection = target.attach().await?;
            Tap::attached_at(now, target.clone(), connection, watchers)
        } else {
            Tap::followed(target.clone(), watchers)
        };
        Ok(Self { root, tap: Some(tap), over: Some(over), _reading: None })
    }

    fn without_output(root: Branch) -> Self {
        Self { root, tap: None, over: None, _reading: None }
    }
}

/// Waits until a started container is ready. The matches of log waits are added to `matches`.
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
    let deadline = background().run(crate::base::sleep(timeout));
    match select(follow(&prepared.root, &cx, matches), deadline).await {
        Either::Left((Ok(()), _)) => Ok(()),
        Either::Left((Err(failure), _)) => Err(match failure {
            Failure::Ended => Unmet::Ended,
            Failure::Never(reason) => Unmet::Never(reason),
            Failure::Engine(error) => Unmet::Engine(error),
        }),
        // The container may have ended at the same moment.
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
            Ok(()) => BranchOutcome::Met,
            // The report states separately how the container ended.
            Err(Failure::Ended) => BranchOutcome::NotMet,
            Err(Failure::Never(reason)) => BranchOutcome::Failed(reason.clone()),
            Err(Failure::Engine(error)) => BranchOutcome::Failed(error.to_string()),
        });
        result
    })
}

/// Waits for all branches, or for the first one that fails.
async fn all(branch: &Branch, cx: &Cx<'_>, matches: &Mutex<Vec<LogMatch>>) -> Result<(), Failure> {
    let children = branch.children.iter().map(|child| follow(child, cx, matches));
    try_join_all(children).await.map(drop)
}

/// Waits for the first branch that is met. Fails with the last one.
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
                background().run(crate::base::sleep(*delay)).await;
                Ok(())
            })
            .await
        }
        // The tap reads to the end of the output before it reports the end, so that no match is missed.
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
        // The tap is dropped before the branch only if the whole wait is.
        Ok(LogOutcome::Ended) | Err(_) => {
            cx.sensor.ended().await;
            Err(Failure::Ended)
        }
    }
}
