//! What is meant to become of a container, as far as we decide it: what its end means depends on that.

use std::time::SystemTime;

use tokio::sync::{Mutex, watch};

use super::profile::{ProfileTarget, Profiler};
use crate::words::ContainerState;

/// The course of one container; its handle, the task that restarts it, its monitors and the cleaner share it.
#[derive(Debug)]
pub(crate) struct Course {
    /// Written by the handle, the restarting task and the cleaner, each for an instant; watched by monitors.
    plan: watch::Sender<Plan>,
    pub(crate) profiler: Profiler,
    /// What the profiler was told of. Held during each call of it, so that no end overtakes its beginning.
    pub(crate) profiled: Mutex<Option<ProfileTarget>>,
}

/// What is decided and known at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) intent: Intent,
    /// The start of the newest run that we began after the first: what began before it is history.
    pub(crate) since: Option<SystemTime>,
    /// Whether a function of the user's is going to decide what comes after an end.
    pub(crate) is_supervised: bool,
    /// How many times it was restarted because that function wanted it.
    pub(crate) restarts: u64,
    /// Why restarting it went wrong.
    pub(crate) trouble: Option<String>,
    /// Why the profile hook failed.
    pub(crate) profile_trouble: Option<String>,
}

/// What we are doing to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Intent {
    /// It is to run, and ends by itself.
    #[default]
    Run,
    /// We end it.
    Stop,
    /// We end it to start it again.
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

    /// A new run has begun.
    pub(crate) fn began(&self, state: &ContainerState) {
        self.change(|plan| {
            plan.intent = Intent::Run;
            plan.since = state.started_at.max(plan.since);
        });
    }

    /// Says what we are about to do; unless it is [kept](Intended::keep), dropping what this returns takes it back.
    pub(crate) fn intend(&self, intent: Intent) -> Intended<'_> {
        self.change(|plan| plan.intent = intent);
        Intended { course: self, is_kept: false }
    }

    /// To be called before it is removed, or stopped for good: nothing restarts it, and its profile ends.
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
    /// Whether nothing comes after this state by itself.
    pub(crate) fn is_last(&self, state: &ContainerState) -> bool {
        // By its start: the engine may note that of a short run after its end.
        let is_history = self.since.is_some() && state.started_at < self.since;
        state.is_over() && !is_history && !self.restarts_next()
    }

    /// Whether we are going to start it after an end, or may be.
    pub(crate) fn restarts_next(&self) -> bool {
        match self.intent {
            Intent::Run => self.is_supervised,
            Intent::Restart => true,
            Intent::Stop => false,
        }
    }
}

/// An intention that is taken back unless it is kept.
#[must_use = "dropping this takes the intention back"]
pub(crate) struct Intended<'a> {
    course: &'a Course,
    is_kept: bool,
}

impl Intended<'_> {
    /// It is so until something else is intended.
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

    /// One that ended within no time, as engines tell it: before its start.
    fn state(status: &str, started: &str) -> ContainerState {
        let finished = "2024-01-01T00:00:00Z";
        ContainerState::from_inspect(
            &json!({ "Status": status, "StartedAt": started, "FinishedAt": finished }),
        )
    }

    /// M1: the last state is an end that nothing follows.
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
