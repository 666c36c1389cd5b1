//! The profile hook: called when a run begins and before we end it. A failure is reported and has no other effect.

use std::error::Error as StdError;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::course::Course;
use super::user_code;
use crate::base::background;
use crate::engine::{ContainerInfo, Target};
use crate::words::{ContainerId, Error, Kind, Result, seconds};

/// The time limit of one call.
const LIMIT: Duration = Duration::from_secs(10);

/// A hook to profile, or otherwise observe, a container's process from outside while it runs.
///
/// Both methods are called on a thread where they may block, for at most 10 s each. An error, a panic or a timeout is
/// reported in the log, on stderr, in [`Snapshot::profile_error`](crate::monitor::Snapshot::profile_error) and by
/// [`TestContainer::profile_error`](crate::TestContainer::profile_error); the container continues to run.
pub trait ProfileHook: Send + Sync + 'static {
    /// Called after each start, before the wait for readiness. Restarts by the engine's own policy are not reported.
    ///
    /// # Errors
    /// Any error is reported. [`end`](Self::end) is then not called for this run.
    fn begin(&self, target: &ProfileTarget) -> Result<(), Box<dyn StdError + Send + Sync>>;

    /// Called before the handle ends the run: by a stop, a restart or the removal. If the run ended by itself, it is
    /// called before the removal or the next start.
    ///
    /// # Errors
    /// Any error is reported.
    fn end(&self, target: &ProfileTarget) -> Result<(), Box<dyn StdError + Send + Sync>>;
}

/// The container and process to profile.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProfileTarget {
    /// The container's full id.
    pub id: ContainerId,
    /// The container's name.
    pub name: String,
    /// The pid of its first process on the engine's machine. With a sandboxed runtime, that of the sandbox.
    pub pid: u32,
    /// The OCI runtime, for example `runc`.
    pub runtime: String,
    /// The directory of the runtime's state, for the runtime's `--root` option. `None` if the engine does not report
    /// it.
    pub runtime_root: Option<PathBuf>,
}

/// The profile hook of a request, if it has one.
#[derive(Clone, Default)]
pub(crate) struct Profiler(Option<Arc<dyn ProfileHook>>);

impl Profiler {
    pub(crate) fn new(hook: impl ProfileHook) -> Self {
        Self(Some(Arc::new(hook)))
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.0.is_some()
    }
}

impl fmt::Debug for Profiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Profiler" } else { "no profiler" })
    }
}

impl Course {
    /// Tells the hook about a run. A call that has begun continues if the future is dropped.
    pub(crate) async fn begin_profile(self: &Arc<Self>, target: &Target, info: &ContainerInfo) {
        let Some(hook) = self.profiler.0.clone() else { return };
        self.end_profile().await;
        // A run that has ended already can't be profiled.
        let Some(pid) = info.state.pid else { return };
        let target = ProfileTarget {
            id: target.id.clone(),
            name: target.name.clone(),
            pid,
            runtime: info.runtime.clone(),
            runtime_root: info.runtime_root.clone().map(PathBuf::from),
        };
        let course = self.clone();
        let begun = background().carry_through(async move {
            let mut profiled = course.profiled.lock().await;
            let of = target.clone();
            match limited(move || hook.begin(&of)).await {
                Ok(()) => *profiled = Some(target),
                Err(error) => course.tell(&target, "begin", &error),
            }
        });
        begun.await;
    }

    /// Tells the hook that the run it knows of is about to end.
    pub(crate) async fn end_profile(&self) {
        let Some(hook) = self.profiler.0.clone() else { return };
        let mut profiled = self.profiled.lock().await;
        let Some(target) = profiled.take() else { return };
        let of = target.clone();
        if let Err(error) = limited(move || hook.end(&of)).await {
            self.tell(&target, "end", &error);
        }
    }

    fn tell(&self, target: &ProfileTarget, phase: &'static str, error: &Error) {
        let text = format!("the profile hook of container `{}` failed to {phase}: {error}", target.name);
        tracing::warn!("{text}");
        crate::base::tell(&format!("seatrial: {text}\n"));
        self.change(|plan| plan.profile_trouble = Some(text));
    }
}

/// Calls the hook once, with the time limit.
async fn limited(
    call: impl FnOnce() -> Result<(), Box<dyn StdError + Send + Sync>> + Send + 'static,
) -> Result<()> {
    let called = background().run(async move { crate::base::timeout(LIMIT, user_code::call(call)).await });
    match called.await {
        Ok(outcome) => outcome?.map_err(|error| Error::new(Kind::Conflict, error.to_string())),
        Err(_) => Err(Error::new(Kind::Timeout, format!("it did not return within {}", seconds(LIMIT)))),
    }
}
