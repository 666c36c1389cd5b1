//! The plan for a container: whether we stop or restart it. The meaning of an observed end depends on it.

use std::time::SystemTime;

use tokio::sync::{Mutex, watch};

use super::profile::{ProfileTarget, Profiler};
use crate::words::ContainerState;

/// The plan and profile of one container, shared by its handle, the task that restarts it, its monitors and the
/// cleaner.
#[derive(Debug)]
pub(crate) struct Course {
    /// Written by the handle, the restarting task and the cleaner, and watched by monitors.
    plan: watch::Sender<Plan>,
    pub(crate) profiler: Profiler,
    /// The run that the profiler was told of. Locked during each call of the profiler, so that its `begin` and `end`
    /// can't overlap.
    pub(crate) profiled: Mutex<Option<ProfileTarget>>,
}

/// The plan for a container, with the facts that it depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) intent: Intent,
    /// The start of the newest run that we started after the first. Earlier runs are history.
    pub(crate) since: Option<SystemTime>,
    /// `true` while a user function decides about restarts.
    pub(crate) is_supervised: bool,
    /// The number of restarts that the function caused.
    pub(crate) restarts: u64,
    /// The error of the last failed restart.
    pub(crate) trouble: Option<String>,
    /// The error of the last failed call of the profile hook.
    pub(crate) profile_trouble: Option<String>,
}

/// Our intention for the container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Intent {
    /// To run until it ends by itself.
    #[default]
    Run,
    /// To stop it for good.
    Stop,
    /// To stop it and start it again.
    Restart,
}

impl Course {
    pub(crate) fn new(is_supervised: bool, profiler: Profiler) -> Self {
        let plan = Plan { is_supervised, ..Plan::default() };
        Self { plan: watch::Sender::new(plan), profiler, profiled: Mutex::default() }
    }

    pub(crate) fn is_profiled(&self) -> bool {
        self.profiler.is_wanted()
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Plan)) {
        self.plan.send_if_modified(|plan| {
            let before = plan.clone();
            change(plan);
            *plan != before
        });
    }

    /// Records the start of a new run.
    pub(crate) fn began(&self, state: &ContainerState) {
        self.change(|plan| {
            plan.intent = Intent::Run;
            plan.since = state.started_at.max(plan.since);
        });
    }

    /// Records an intention. Dropping the returned value takes it back, unless it is [kept](Intended::keep).
    pub(crate) fn intend(&self, intent: Intent) -> Intended<'_> {
        self.change(|plan| plan.intent = intent);
        Intended { course: self, is_kept: false }
    }

    /// Prepares the removal or final stop of the container: disables restarts and ends its profile.
    pub(crate) async fn farewell(&self) {
        self.intend(Intent::Stop).keep();
        self.end_profile().await;
    }

    pub(crate) fn plan(&self) -> Plan {
        self.plan.borrow().clone()
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Plan> {
        self.plan.subscribe()
    }
}

impl Plan {
    /// Returns `true` if no restart follows this state.
    pub(crate) fn is_last(&self, state: &ContainerState) -> bool {
        // Runs are compared by their starts, since the engine may record the start of a short run after its end.
        let is_history = self.since.is_some() && state.started_at < self.since;
        state.is_over() && !is_history && !self.restarts_next()
    }

    /// Returns `true` if an end will, or may, be followed by a start of ours.
    pub(crate) fn restarts_next(&self) -> bool {
        match self.intent {
            Intent::Run => self.is_supervised,
            Intent::Restart => true,
            Intent::Stop => false,
        }
    }
}

/// An intention that is taken back when this is dropped.
#[must_use = "dropping this takes the intention back"]
pub(crate) struct Intended<'a> {
    course: &'a Course,
    is_kept: bool,
}

impl Intended<'_> {
    /// Keeps the intention until another one is recorded.
    pub(crate) fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for Intended<'_> {
    fn drop(&mut self) {
        if !self.is_kept {
            self.course.change(|plan| plan.intent = Intent::Run);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Creates a state that ends at a fixed time. Engines record the end of a very short run before its start.
    fn state(status: &str, started: &str) -> ContainerState {
        let finished = "2024-01-01T00:00:00Z";
        ContainerState::from_inspect(
            &json!({ "Status": status, "StartedAt": started, "FinishedAt": finished }),
        )
    }

    /// M1: the last state is an end that no restart follows.
    #[test]
    fn an_end_is_the_last_state_unless_we_start_it_again() {
        let early = "2024-01-01T00:00:00Z";
        let late = "2024-01-01T00:00:02Z";
        let since = state("exited", "2024-01-01T00:00:01Z").started_at;
        for (intent, is_supervised, since, status, started, expected) in [
            (Intent::Run, false, None, "exited", early, true),
            (Intent::Run, false, None, "dead", early, true),
            (Intent::Run, false, None, "running", early, false),
            (Intent::Run, false, None, "restarting", early, false),
            (Intent::Run, true, None, "exited", early, false),
            (Intent::Stop, true, None, "exited", early, true),
            (Intent::Restart, false, None, "exited", early, false),
            (Intent::Run, false, since, "exited", early, false),
            (Intent::Run, false, since, "exited", "2024-01-01T00:00:01Z", true),
            (Intent::Run, false, since, "exited", late, true),
        ] {
            let plan = Plan { intent, is_supervised, since, ..Plan::default() };
            let case = format!("{plan:?}, {status}, started {started}");
            assert_eq!(plan.is_last(&state(status, started)), expected, "{case}");
        }
    }

    #[test]
    fn an_intention_is_taken_back_by_a_drop() {
        let course = Course::new(true, Profiler::default());
        drop(course.intend(Intent::Restart));
        assert_eq!(course.plan().intent, Intent::Run);
        course.intend(Intent::Stop).keep();
        assert_eq!(course.plan().intent, Intent::Stop);
    }
}
