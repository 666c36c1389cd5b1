//! The container as a wait sees it.

use std::any::Any;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::engine::{ContainerInfo, Target};
use crate::words::{ExecOutput, Port, Result};

/// A container that is waited for: where it is reached, and a command in it.
pub(crate) trait Waited: Send + Sync {
    /// Returns the identity on the engine.
    fn target(&self) -> &Target;

    /// Returns the address at which a published port is reached, or an error that names the ports that there are.
    fn addr(&self, port: Port) -> Result<String>;

    /// Returns the only published TCP port.
    fn only_port(&self) -> Result<Port>;

    /// Returns the container's own addresses in its networks, IPv4 first. None if the engine is on another machine: there
    /// they may be those of other containers on this one.
    fn ip_addresses(&self) -> Vec<IpAddr>;

    /// Takes over ports and addresses that the engine has told anew.
    fn refresh(&self, info: &ContainerInfo);

    /// Runs a command in the container, for at most `timeout`.
    fn exec(&self, cmd: Vec<String>, timeout: Duration) -> BoxFuture<'_, Result<ExecOutput>>;

    /// Returns `true` if a path exists, as the container's processes see it. At places that only they see, waits up to two
    /// seconds for it.
    fn has_file<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<bool>>;

    /// Returns the handle, for a strategy that was written for it.
    fn as_any(&self) -> &(dyn Any + Send + Sync);
}

impl fmt::Debug for dyn Waited + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Waited({})", self.target().name)
    }
}
