//! The wait strategies as data: their descriptions, and the checks before a start.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{Declared, ExecWait, FileWait, HealthyWait, HttpWait, LogWait, PortWait, WaitFor, Waited};
use crate::words::{Error, Result, seconds};

/// A condition to wait for.
#[derive(Clone, Debug)]
pub(crate) enum Strategy {
    Nothing,
    Delay(Duration),
    Log(LogWait),
    Port(PortWait),
    Http(HttpWait),
    Exec(ExecWait),
    Healthy(HealthyWait),
    Exit(ExitWait),
    File(FileWait),
    All(Vec<WaitFor>),
    Any(Vec<WaitFor>),
    Custom(Arc<dyn CustomWait>),
}

/// A wait strategy implemented by the user, without the handle.
pub(crate) trait CustomWait: Send + Sync {
    /// Describes the condition in a few words.
    fn describe(&self) -> String;

    /// Returns once the container is ready, or with an error if it never will be.
    fn wait<'a>(
        &'a self,
        container: &'a dyn Waited,
    ) -> BoxFuture<'a, Result<(), Box<dyn std::error::Error + Send + Sync>>>;
}

impl fmt::Debug for dyn CustomWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CustomWait({})", self.describe())
    }
}

/// Waits for the container's end.
#[derive(Clone, Debug, Default)]
#[must_use = "a wait does nothing until it is passed to a request"]
pub struct ExitWait {
    pub(super) code: Option<i64>,
}

impl ExitWait {
    /// Sets the expected exit code. Another one fails the wait at once. Default: any.
    pub fn code(mut self, code: i64) -> Self {
        self.code = Some(code);
        self
    }
}

impl Strategy {
    /// Checks the strategy before anything is started.
    pub(crate) fn check(&self) -> Result<()> {
        match self {
            Self::Log(log) => log.check(),
            Self::Port(port) => port.check(),
            Self::Http(http) => http.check(),
            Self::Exec(exec) => exec.check(),
            Self::File(file) => file.check(),
            Self::All(branches) => branches.iter().try_for_each(|branch| branch.0.check()),
            Self::Any(branches) if branches.is_empty() => {
                Err(Error::invalid("`WaitFor::any` without branches can't be met; pass at least one"))
            }
            Self::Any(branches) => branches.iter().try_for_each(|branch| branch.0.check()),
            Self::Nothing | Self::Delay(_) | Self::Healthy(_) | Self::Exit(_) | Self::Custom(_) => Ok(()),
        }
    }

    /// Checks the strategy against the facts that its request declares. The branches of `any` may fail, and are not
    /// checked.
    pub(crate) fn check_against(&self, declared: &Declared) -> Result<()> {
        match self {
            Self::Http(http) => declared.check_http(http.port),
            Self::Healthy(_) => declared.check_health(),
            Self::All(branches) => branches.iter().try_for_each(|branch| branch.0.check_against(declared)),
            _ => Ok(()),
        }
    }

    /// Returns `true` if the wait needs the container's output.
    pub(crate) fn looks_at_output(&self) -> bool {
        match self {
            Self::Log(_) => true,
            Self::All(branches) | Self::Any(branches) => {
                branches.iter().any(|branch| branch.0.looks_at_output())
            }
            _ => false,
        }
    }

    /// Returns `true` if a branch connects to a published port.
    pub(crate) fn uses_ports(&self) -> bool {
        match self {
            Self::Port(_) | Self::Http(_) => true,
            Self::All(branches) | Self::Any(branches) => branches.iter().any(|branch| branch.0.uses_ports()),
            _ => false,
        }
    }

    /// Returns `true` if there is nothing to wait for once the engine has started the container.
    pub(crate) fn is_nothing(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::All(branches) => branches.iter().all(|branch| branch.0.is_nothing()),
            _ => false,
        }
    }
}

/// Describes the condition, as in `its health check to pass`.
impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing"),
            Self::Delay(delay) => write!(f, "a delay of {}", seconds(*delay)),
            Self::Log(log) => log.fmt(f),
            Self::Port(port) => port.fmt(f),
            Self::Http(http) => http.fmt(f),
            Self::Exec(exec) => exec.fmt(f),
            Self::Healthy(_) => f.write_str("its health check to pass"),
            Self::Exit(ExitWait { code: None }) => f.write_str("its end"),
            Self::Exit(ExitWait { code: Some(code) }) => write!(f, "its end with exit code {code}"),
            Self::File(file) => file.fmt(f),
            Self::All(_) => f.write_str("all of"),
            Self::Any(_) => f.write_str("any of"),
            Self::Custom(custom) => f.write_str(&custom.describe()),
        }
    }
}

macro_rules! into_wait_for {
    ($($wait:ident => $variant:ident),* $(,)?) => {$(
        impl From<$wait> for WaitFor {
            fn from(wait: $wait) -> Self {
                Self(Strategy::$variant(wait))
            }
        }
    )*};
}

into_wait_for! {
    LogWait => Log,
    PortWait => Port,
    HttpWait => Http,
    ExecWait => Exec,
    HealthyWait => Healthy,
    ExitWait => Exit,
    FileWait => File,
}
