//! Restarts a container after its end if a user function decides so. There is one task per container with such a
//! function. It runs on the background thread; the function is called on another one.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};

use super::course::{Course, Intent};
use super::restart::{AfterExit, Decide, LastRun, Pace, Restarts};
use super::user_code;
use crate::base::{Backoff, Run, background};
use crate::engine::{Change, ContainerInfo, End, Target};
use crate::words::{ContainerState, Error, Result};

/// The supervising task. Dropping this aborts it.
pub(crate) struct Supervisor {
    _task: Run<()>,
}

impl Supervisor {
    /// Starts supervising a container if the request has a function.
    pub(crate) fn begin(
        restarts: &Restarts,
        target: Target,
        course: Arc<Course>,
        renewal: impl Renewal,
    ) -> Option<Self> {
        let (decide, pace) = (restarts.decide()?, restarts.pace());
        let supervised = Supervised { target, course, renewal: Box::new(renewal), decide, pace };
        Some(Self { _task: background().run(supervised.supervise()) })
    }
}

impl std::fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Supervisor")
    }
}

/// The part of a handle that a new run of the container renews.
pub(crate) trait Renewal: Send + Sync + 'static {
    /// Forgets what was known of the processes of the run before.
    fn started(&self);

    /// Forgets the ports and addresses of a run that is over.
    fn ended(&self);

    /// Updates the ports and addresses to those of the new run.
    fn looked(&self, info: &ContainerInfo);
}

struct Supervised {
    target: Target,
    course: Arc<Course>,
    renewal: Box<dyn Renewal>,
    decide: Arc<Decide>,
    pace: Pace,
}

/// Records on its drop that the container is not supervised any more.
struct Over(Arc<Course>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.change(|plan| plan.is_supervised = false);
    }
}

impl Supervised {
    async fn supervise(mut self) {
        let course = self.course.clone();
        let _over = Over(course.clone());
        while let Some(state) = self.end().await {
            self.renewal.ended();
            if course.plan().intent != Intent::Run {
                until_meant_to_run(&course).await;
                continue;
            }
            let pause = match self.decide(&state).await {
                Ok(Some(pause)) => pause,
                Ok(None) => return,
                Err(error) => return self.trouble("decide on a restart", &error),
            };
            if !self.restart(pause).await {
                return;
            }
        }
    }

    /// Waits for the container's end and returns its state. Returns `None` if the container is gone.
    async fn end(&self) -> Option<ContainerState> {
        let mut pauses = Backoff::for_engine();
        while self.target.ended().await != End::Removed {
            // Includes an out-of-memory kill that only an event reports.
            match self.target.inspect_end().await {
                Ok(info) if info.state.is_over() => return Some(info.state),
                // Another caller has started the container, or is removing it.
                Ok(_) => {}
                Err(error) if error.is_not_found() => return None,
                Err(error) => tracing::debug!("{error}"),
            }
            crate::base::sleep(pauses.next()).await;
        }
        None
    }

    /// Calls the user function. Returns the pause before the restart, or `None` for no restart.
    async fn decide(&mut self, state: &ContainerState) -> Result<Option<Duration>> {
        let times = state.started_at.zip(state.finished_at);
        let ran_for = times.and_then(|(started, finished)| finished.duration_since(started).ok());
        let last = LastRun {
            exit_code: state.exit_code,
            oom_killed: state.is_out_of_memory(),
            restarts: self.course.plan().restarts,
            ran_for: ran_for.unwrap_or_default(),
        };
        let decide = self.decide.clone();
        let wanted = user_code::call(move || decide(last)).await?;
        Ok(match wanted {
            AfterExit::Restart => self.pace.after(last.ran_for),
            AfterExit::Stop => None,
        })
    }

    /// Starts the container after a pause, and retries if that fails. Returns `false` if there is nothing left to
    /// supervise.
    async fn restart(&mut self, mut pause: Duration) -> bool {
        loop {
            {
                let (sleep, change) = (crate::base::sleep(pause), until_not_meant_to_run(&self.course));
                if let Either::Right(_) = select(pin!(sleep), pin!(change)).await {
                    return true;
                }
            }
            let Err(error) = self.start().await else { return true };
            if error.is_not_found() {
                return false;
            }
            self.trouble("restart it", &error);
            match self.pace.after(Duration::ZERO) {
                Some(longer) => pause = longer,
                None => return false,
            }
        }
    }

    async fn start(&self) -> Result<()> {
        let course = &self.course;
        self.target.mark_ran_before();
        // Counted before the start, so that no monitor sees the new run with the old count.
        course.change(|plan| plan.restarts += 1);
        let change = self.target.start().await;
        if !matches!(change, Ok(Change::Made)) {
            course.change(|plan| plan.restarts -= 1);
            return change.map(drop);
        }
        self.renewal.started();
        course.change(|plan| plan.trouble = None);
        let info = self.target.inspect().await?;
        course.began(&info.state);
        self.renewal.looked(&info);
        course.begin_profile(&self.target, &info).await;
        Ok(())
    }

    fn trouble(&self, what: &str, error: &Error) {
        let text = format!("failed to {what}: {error}");
        tracing::warn!("container `{}`: {text}", self.target.name);
        self.course.change(|plan| plan.trouble = Some(text));
    }
}

async fn until_meant_to_run(course: &Course) {
    // The course owns the sender, so the channel can't be closed.
    course.subscribe().wait_for(|plan| plan.intent == Intent::Run).await.ok();
}

async fn until_not_meant_to_run(course: &Course) {
    course.subscribe().wait_for(|plan| plan.intent != Intent::Run).await.ok();
}
