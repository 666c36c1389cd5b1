//! The user's profiler: called when a container runs, and before we end it. Its failure is told and changes nothing.

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

/// How long one call may take.
const LIMIT: Duration = Duration::from_secs(10);

/// A profiler, or anything else that wants to see a container's process from outside while it runs.
///
/// Both are called on threads for that, may block, and have 10 s each. An error, a panic or a call that is too long is
/// told in the log, on stderr, in [`Snapshot::profile_error`](crate::Snapshot::profile_error) and by
/// [`TestContainer::profile_error`](crate::TestContainer::profile_error); the container goes on.
pub trait ProfileHook: Send + Sync + 'static {
    /// A run has begun: called after each start, before anything is waited for. Restarts by the engine's own policy are
    /// not told.
    ///
    /// # Errors
    /// What the hook likes; [`end`](Self::end) is then not called for this run.
    fn begin(&self, target: &ProfileTarget) -> Result<(), Box<dyn StdError + Send + Sync>>;

    /// The run is about to be ended by the handle: by a stop, a restart or the removal. If it ended by itself, the
    /// removal, or the next start, calls this too.
    ///
    /// # Errors
    /// What the hook likes.
    fn end(&self, target: &ProfileTarget) -> Result<(), Box<dyn StdError + Send + Sync>>;
}

/// What is profiled.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProfileTarget {
    /// The container's full id.
    pub id: ContainerId,
    /// The container's name.
    pub name: String,
    /// The process id of its first process on the engine's machine; of the sandbox, under a sandboxed runtime.
    pub pid: u32,
    /// The runtime below the engine, `runc` for example.
    pub runtime: String,
    /// The directory in which the runtime keeps its state, for its own `--root` option; none if the engine does not
    /// tell where it is.
    pub runtime_root: Option<PathBuf>,
}

/// The hook that a request asks for, if it does.
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
    /// Tells the hook, if there is one, of a run. What has begun goes on without its caller.
    pub(crate) async fn begin_profile(self: &Arc<Self>, target: &Target, info: &ContainerInfo) {
        let Some(hook) = self.profiler.0.clone() else { return };
        self.end_profile().await;
        // One that has ended already can't be looked at.
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

    /// Tells the hook that the run which it was told of is about to end.
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

/// One call of the hook.
async fn limited(
    call: impl FnOnce() -> Result<(), Box<dyn StdError + Send + Sync>> + Send + 'static,
) -> Result<()> {
    let called = background().run(async move { tokio::time::timeout(LIMIT, user_code::call(call)).await });
    match called.await {
        Ok(outcome) => outcome?.map_err(|error| Error::new(Kind::Conflict, error.to_string())),
        Err(_) => Err(Error::new(Kind::Timeout, format!("it is still not done after {}", seconds(LIMIT)))),
    }
}
