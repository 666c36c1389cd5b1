//! The strategies as data: what each waits for, in words, and what is wrong with one before anything starts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{ExecWait, FileWait, HealthyWait, HttpWait, LogWait, PortWait, WaitFor, Waited};
use crate::words::{Error, Result, seconds};

/// All that can be waited for.
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

/// A strategy of the user's, as the floor of waits knows it.
pub(crate) trait CustomWait: Send + Sync {
    /// Names what is waited for, in a few words.
    fn describe(&self) -> String;

    /// Returns when the container is ready, or with the reason why it will never be.
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
#[must_use = "a wait does nothing until a request is given it"]
pub struct ExitWait {
    pub(super) code: Option<i64>,
}

impl ExitWait {
    /// The exit code that counts; another one is a failure at once. Default: any.
    pub fn code(mut self, code: i64) -> Self {
        self.code = Some(code);
        self
    }
}

impl Strategy {
    /// What is wrong with the strategy, if anything is: asked before anything starts.
    pub(crate) fn check(&self) -> Result<()> {
        match self {
            Self::Log(log) => log.check(),
            Self::Port(port) => port.check(),
            Self::Http(http) => http.check(),
            Self::Exec(exec) => exec.check(),
            Self::File(file) => file.check(),
            Self::All(branches) => branches.iter().try_for_each(|branch| branch.0.check()),
            Self::Any(branches) if branches.is_empty() => {
                Err(Error::invalid("a wait for any of nothing can't be met; name at least one branch"))
            }
            Self::Any(branches) => branches.iter().try_for_each(|branch| branch.0.check()),
            Self::Nothing | Self::Delay(_) | Self::Healthy(_) | Self::Exit(_) | Self::Custom(_) => Ok(()),
        }
    }

    /// Whether the container's output is looked at.
    pub(crate) fn looks_at_output(&self) -> bool {
        match self {
            Self::Log(_) => true,
            Self::All(branches) | Self::Any(branches) => {
                branches.iter().any(|branch| branch.0.looks_at_output())
            }
            _ => false,
        }
    }

    /// Whether there is nothing to do after the engine has started the container.
    pub(crate) fn is_nothing(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::All(branches) => branches.iter().all(|branch| branch.0.is_nothing()),
            _ => false,
        }
    }
}

/// What is waited for, in words.
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
