//! The condition of a wait, built from the strategies.

use std::time::Duration;

use super::strategy::{CustomWait, Strategy};
use super::{ExecWait, ExitWait, FileWait, HealthyWait, HttpWait, IntoBranches, LogWait, PortWait};
use crate::words::Port;

/// The condition under which a container counts as ready.
///
/// Each strategy ends early, with an error that states the reason, if the container ends or is removed first.
///
/// ```
/// use seatrial::WaitFor;
///
/// let ready = WaitFor::all((
///     WaitFor::log("ready to accept connections").on_stderr().times(2),
///     WaitFor::port(5432),
/// ));
/// ```
#[derive(Clone, Debug)]
pub struct WaitFor(pub(crate) Strategy);

impl WaitFor {
    /// Waits for nothing: the container is ready once the engine has started it.
    #[must_use]
    pub fn nothing() -> Self {
        Self(Strategy::Nothing)
    }

    /// Waits for a fixed time.
    #[must_use]
    pub fn delay(delay: Duration) -> Self {
        Self(Strategy::Delay(delay))
    }

    /// Waits for a text in the output: one occurrence in either stream, since the start of this run.
    pub fn log(text: impl Into<String>) -> LogWait {
        LogWait::text(text.into())
    }

    /// Waits for a line of the output that matches a regular expression. The captures are in
    /// [`TestContainer::log_matches`](crate::TestContainer::log_matches).
    ///
    /// A malformed expression fails the start before anything is created.
    pub fn regex(expression: &str) -> LogWait {
        LogWait::regex(expression)
    }

    /// Waits until a TCP port accepts connections and keeps them open.
    pub fn port(port: impl Into<Port>) -> PortWait {
        PortWait::new(port.into())
    }

    /// Waits for an HTTP answer to a request for `path`. By default, the status has to be 200 to 399, and the request
    /// goes to the only published port.
    pub fn http(path: impl Into<String>) -> HttpWait {
        HttpWait::new(path.into())
    }

    /// Waits until a command in the container exits with code 0.
    pub fn exec<T: Into<String>>(cmd: impl IntoIterator<Item = T>) -> ExecWait {
        ExecWait::new(cmd.into_iter().map(Into::into).collect())
    }

    /// Waits until the container's health check reports healthy.
    pub fn healthy() -> HealthyWait {
        HealthyWait::new()
    }

    /// Waits until the container has ended, with any exit code.
    pub fn exit() -> ExitWait {
        ExitWait::default()
    }

    /// Waits until a file or directory exists in the container.
    pub fn file(path: impl Into<String>) -> FileWait {
        FileWait::new(path.into())
    }

    /// Waits for all of these conditions concurrently, with a single deadline.
    ///
    /// Takes a tuple of waits of any types, or an iterator of [`WaitFor`].
    pub fn all<Form>(branches: impl IntoBranches<Form>) -> Self {
        Self(Strategy::All(branches.into_branches()))
    }

    /// Waits for the first of these conditions. A branch that fails does not fail the others.
    ///
    /// Takes a tuple of waits of any types, or an iterator of [`WaitFor`].
    pub fn any<Form>(branches: impl IntoBranches<Form>) -> Self {
        Self(Strategy::Any(branches.into_branches()))
    }

    /// Waits for a strategy implemented by the user.
    pub(crate) fn by(strategy: std::sync::Arc<dyn CustomWait>) -> Self {
        Self(Strategy::Custom(strategy))
    }
}

impl Default for WaitFor {
    fn default() -> Self {
        Self::nothing()
    }
}
