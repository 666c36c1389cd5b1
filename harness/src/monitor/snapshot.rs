//! The state of a container at one moment, from the pull of its image to its end.

use std::fmt;

use super::{Rates, Stats};
use crate::life::{Intent, Plan};
use crate::words::{ContainerId, ContainerState, ContainerStatus, Health};

/// A snapshot of a container's progress, state and resource usage.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The phase of its life.
    pub phase: Phase,
    /// The full id, once the container is created.
    pub id: Option<ContainerId>,
    /// The name.
    pub name: String,
    /// The image, as given in the request.
    pub image: String,
    /// The status of its health check.
    pub health: Health,
    /// The exit code of its last run. `None` if that has not ended, or the code is unknown.
    pub exit_code: Option<i64>,
    /// The number of restarts after an end by itself, by the engine or by
    /// [`restart_when`](crate::ContainerRequest::restart_when).
    pub restarts: u64,
    /// The error of the failed start or restart.
    pub error: Option<String>,
    /// The error of the last failed call of the [profile hook](crate::ContainerRequest::profile_with).
    pub profile_error: Option<String>,
    /// The engine's view of its state, once it has started.
    pub state: Option<ContainerState>,
    /// The latest sample, while it runs. It has the CPU usage in percent.
    pub stats: Option<Stats>,
    /// The throughput of its network and disks.
    pub rates: Rates,
}

/// The phase of a container's life.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Phase {
    /// Its image is being pulled, with the downloaded share in percent if that is known.
    Pulling(Option<f64>),
    /// It is created and does not run yet.
    Created,
    /// It runs.
    Running,
    /// It runs, with its processes frozen.
    Paused,
    /// It has ended, and a restart follows or is being decided on.
    Restarting,
    /// It has ended.
    Exited,
    /// Another status of the engine.
    Other(ContainerStatus),
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pulling(None) => f.write_str("pulling"),
            Self::Pulling(Some(percent)) => write!(f, "pulling {percent:.0} %"),
            Self::Created => f.write_str("created"),
            Self::Running => f.write_str("running"),
            Self::Paused => f.write_str("paused"),
            Self::Restarting => f.write_str("restarting"),
            Self::Exited => f.write_str("exited"),
            Self::Other(status) => status.fmt(f),
        }
    }
}

impl fmt::Display for Snapshot {
    /// Writes one line: `db-3f2a: running (healthy), CPU 12.5 %, memory 3.1 MiB, 2 processes, 1 restart`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.phase)?;
        if let Some(code) = self.exit_code {
            write!(f, " with code {code}")?;
        }
        if self.health != Health::None {
            write!(f, " ({})", self.health)?;
        }
        if let Some(stats) = &self.stats {
            write!(f, ", {stats}")?;
        }
        match self.restarts {
            0 => {}
            1 => f.write_str(", 1 restart")?,
            restarts => write!(f, ", {restarts} restarts")?,
        }
        match &self.error {
            Some(error) => write!(f, ": {error}"),
            None => Ok(()),
        }
    }
}

/// The data of snapshots. Its parts have different writers.
#[derive(Clone, Debug)]
pub(crate) struct Board {
    pub(super) name: String,
    pub(super) image: String,
    pub(super) id: Option<ContainerId>,
    /// The downloaded share of the image, in percent.
    pub(super) pulled: Option<f64>,
    /// The error of the failed start.
    pub(super) failure: Option<String>,
    pub(super) state: Option<ContainerState>,
    pub(super) plan: Plan,
    pub(super) stats: Option<Stats>,
    pub(super) rates: Rates,
}

impl Board {
    pub(super) fn new(name: String, image: String) -> Self {
        Self {
            name,
            image,
            id: None,
            pulled: None,
            failure: None,
            state: None,
            plan: Plan::default(),
            stats: None,
            rates: Rates::default(),
        }
    }

    /// Returns the current snapshot.
    pub(super) fn snapshot(&self) -> Snapshot {
        let Self { name, image, id, pulled, failure, state, plan, stats, rates } = self;
        let phase = match state {
            Some(state) => phase(state, plan),
            None if id.is_some() => Phase::Created,
            None => Phase::Pulling(*pulled),
        };
        let engine_s_error = state.as_ref().and_then(|state| state.error.clone());
        Snapshot {
            phase,
            id: id.clone(),
            name: name.clone(),
            image: image.clone(),
            health: state.as_ref().map(|state| state.health.clone()).unwrap_or_default(),
            exit_code: state.as_ref().and_then(|state| state.exit_code),
            restarts: plan.restarts + state.as_ref().map_or(0, |state| state.restart_count),
            error: failure.clone().or_else(|| plan.trouble.clone()).or(engine_s_error),
            profile_error: plan.profile_trouble.clone(),
            state: state.clone(),
            stats: stats.clone(),
            rates: *rates,
        }
    }

    /// Records a state and a plan. If the container does not run, its measurements are cleared.
    pub(super) fn observe(&mut self, state: Option<ContainerState>, plan: Plan) {
        if !state.as_ref().is_some_and(ContainerState::is_running) {
            self.stats = None;
            self.rates = Rates::default();
        }
        self.state = state;
        self.plan = plan;
    }
}

fn phase(state: &ContainerState, plan: &Plan) -> Phase {
    match &state.status {
        ContainerStatus::Created => Phase::Created,
        ContainerStatus::Running => Phase::Running,
        ContainerStatus::Paused => Phase::Paused,
        ContainerStatus::Restarting => Phase::Restarting,
        ContainerStatus::Exited if plan.is_last(state) || plan.intent == Intent::Stop => Phase::Exited,
        ContainerStatus::Exited => Phase::Restarting,
        other @ (ContainerStatus::Removing | ContainerStatus::Dead | ContainerStatus::Other(_)) => {
            Phase::Other(other.clone())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn board(state: Value) -> Board {
        let mut board = Board::new("db".into(), "postgres:17".into());
        board.id = ContainerId::new("0".repeat(64)).ok();
        board.state = Some(ContainerState::from_inspect(&state));
        board
    }

    fn state(status: &str) -> Value {
        json!({ "State": { "Status": status, "ExitCode": 3 }, "RestartCount": 2 })
    }

    /// M1: the phase advances from the pull to the end.
    #[test]
    fn the_phase_goes_from_the_pull_to_the_end() {
        let mut early = Board::new("db".into(), "postgres:17".into());
        assert_eq!(early.snapshot().to_string(), "db: pulling");
        early.pulled = Some(41.6);
        assert_eq!(early.snapshot().to_string(), "db: pulling 42 %");
        early.id = ContainerId::new("0".repeat(64)).ok();
        assert_eq!(early.snapshot().phase, Phase::Created);
        for (status, phase) in [
            ("created", Phase::Created),
            ("running", Phase::Running),
            ("paused", Phase::Paused),
            ("restarting", Phase::Restarting),
            ("exited", Phase::Exited),
            ("dead", Phase::Other(ContainerStatus::Dead)),
        ] {
            assert_eq!(board(state(status)).snapshot().phase, phase);
        }
    }

    /// M1, M2: an end that may be followed by a restart is not the phase `Exited`.
    #[test]
    fn an_end_that_may_be_followed_by_a_restart_is_no_exit() {
        let mut board = board(state("exited"));
        board.plan = Plan { is_supervised: true, restarts: 3, ..Plan::default() };
        let snapshot = board.snapshot();
        assert_eq!((snapshot.phase, snapshot.restarts, snapshot.exit_code), (Phase::Restarting, 5, Some(3)));
        board.plan.is_supervised = false;
        assert_eq!(board.snapshot().phase, Phase::Exited);
        (board.plan.is_supervised, board.plan.intent) = (true, Intent::Stop);
        assert_eq!(board.snapshot().phase, Phase::Exited);
    }

    /// M1: the measurements of a run are cleared at its end.
    #[test]
    fn what_was_measured_ends_with_the_run() {
        let mut board = board(state("running"));
        board.stats = Some(Stats::default());
        board.rates.disk_read = Some(1.0);
        board.observe(board.state.clone(), Plan::default());
        assert!(board.snapshot().stats.is_some());
        board.observe(Some(ContainerState::from_inspect(&state("exited"))), Plan::default());
        let snapshot = board.snapshot();
        assert_eq!((snapshot.stats, snapshot.rates), (None, Rates::default()));
    }

    #[test]
    fn a_snapshot_is_one_line() {
        let mut board = board(json!({ "Status": "running", "Health": { "Status": "healthy" } }));
        board.stats = Some(Stats { pids: Some(2), ..Stats::default() });
        board.plan.restarts = 1;
        board.plan.trouble = Some("no luck".into());
        assert_eq!(board.snapshot().to_string(), "db: running (healthy), 2 processes, 1 restart: no luck");
    }
}
