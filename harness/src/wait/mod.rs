//! What a container is waited for with: strategies that a request names, and the code that follows them.
//!
//! Everything is followed as a stream where the engine has one. What can only be asked again and again (a port, an
//! HTTP answer, a command, a file) is asked in pauses that grow, and each file says why.

mod branch;
mod cx;
mod drive;
mod exec;
mod file;
mod health;
mod http;
mod log;
mod port;
mod strategy;
mod waited;

use std::time::Duration;

pub(crate) use branch::Branch;
pub(crate) use drive::{Preparation, Unmet, wait_ready};
pub use exec::ExecWait;
pub use file::FileWait;
pub use health::HealthyWait;
pub use http::{HttpResponse, HttpWait};

pub use log::LogWait;

pub use port::PortWait;
pub use strategy::ExitWait;
pub(crate) use strategy::{CustomWait, Strategy};
pub(crate) use waited::Waited;

use crate::words::Port;

/// What to wait for before a container counts as ready.
///
/// Each strategy ends early, with the reason, when the container exits, dies or is removed first.
///
/// ```
/// use seatrial::WaitFor;
///
/// let ready = WaitFor::all([
///     WaitFor::log("ready to accept connections").on_stderr().times(2).into(),
///     WaitFor::port(5432).into(),
/// ]);
/// ```
#[derive(Clone, Debug)]
pub struct WaitFor(pub(crate) Strategy);

impl WaitFor {
    /// Waits for nothing: ready as soon as the engine has started it.
    #[must_use]
    pub fn nothing() -> Self {
        Self(Strategy::Nothing)
    }

    /// Waits for a time, and no longer than the container lives.
    #[must_use]
    pub fn delay(delay: Duration) -> Self {
        Self(Strategy::Delay(delay))
    }

    /// Waits for a text in the output: in either stream, once, from the start of this run.
    pub fn log(text: impl Into<String>) -> LogWait {
        LogWait::text(text.into())
    }

    /// Waits for a line of the output that a regular expression finds; its captures are in
    /// [`TestContainer::log_matches`](crate::TestContainer::log_matches).
    ///
    /// An expression that does not parse is an error at the start, before anything is created.
    pub fn regex(expression: &str) -> LogWait {
        LogWait::regex(expression)
    }

    /// Waits until a TCP port accepts connections and keeps them.
    pub fn port(port: impl Into<Port>) -> PortWait {
        PortWait::new(port.into())
    }

    /// Waits for an HTTP answer at a path: by default a status from 200 to 399 at the only published port.
    pub fn http(path: impl Into<String>) -> HttpWait {
        HttpWait::new(path.into())
    }

    /// Waits until a command in the container ends with exit code 0.
    pub fn exec<T: Into<String>>(cmd: impl IntoIterator<Item = T>) -> ExecWait {
        ExecWait::new(cmd.into_iter().map(Into::into).collect())
    }

    /// Waits until the container's health check says that it is healthy.
    pub fn healthy() -> HealthyWait {
        HealthyWait::new()
    }

    /// Waits until the container has ended, with any exit code.
    pub fn exit() -> ExitWait {
        ExitWait::default()
    }

    /// Waits until a file is there in the container.
    pub fn file(path: impl Into<String>) -> FileWait {
        FileWait::new(path.into())
    }

    /// Waits for all of these, side by side, with one deadline.
    pub fn all(branches: impl IntoIterator<Item = Self>) -> Self {
        Self(Strategy::All(branches.into_iter().collect()))
    }

    /// Waits for the first of these. A branch that fails does not fail the others.
    pub fn any(branches: impl IntoIterator<Item = Self>) -> Self {
        Self(Strategy::Any(branches.into_iter().collect()))
    }

    /// Waits for a strategy of the user's.
    pub(crate) fn by(strategy: std::sync::Arc<dyn CustomWait>) -> Self {
        Self(Strategy::Custom(strategy))
    }
}

impl Default for WaitFor {
    fn default() -> Self {
        Self::nothing()
    }
}
