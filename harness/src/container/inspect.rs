//! The handle's questions to the engine: state, process and addresses of the container.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::TestContainer;
use crate::engine::{ContainerInfo, NetworkAddress};
use crate::words::{ContainerState, Error, Kind, Result};

impl TestContainer {
    /// Inspects the container: state, pid, networks, ports, root directory.
    ///
    /// # Errors
    /// Not found, if the container is gone; those of the engine.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn inspect(&self) -> Result<ContainerInfo> {
        self.subject_ref().inspect().await
    }

    /// Returns its current state, with health and exit code.
    ///
    /// # Errors
    /// Those of [`inspect`](Self::inspect).
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn state(&self) -> Result<ContainerState> {
        Ok(self.inspect().await?.state)
    }

    /// Returns the pid of its first process on the engine's machine. With a sandboxed runtime, that of the sandbox.
    ///
    /// # Errors
    /// Conflict, if the container does not run; those of [`inspect`](Self::inspect).
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn pid(&self) -> Result<u32> {
        let info = self.inspect().await?;
        info.state.pid.ok_or_else(|| {
            Error::new(Kind::Conflict, format!("it has no process: it is {}", info.state))
                .with_subject(self.to_string())
        })
    }

    /// Returns its IPv4 address in a network, given by name. The engine's default network is `bridge`.
    ///
    /// # Errors
    /// Not found, with the networks that the container is in; those of [`inspect`](Self::inspect).
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn ipv4(&self, network: &str) -> Result<Ipv4Addr> {
        self.address_in(network, "IPv4", |place| place.ipv4).await
    }

    /// Returns its global IPv6 address in a network, given by name.
    ///
    /// # Errors
    /// Not found, if the network has no IPv6, or with the networks that the container is in; those of
    /// [`inspect`](Self::inspect).
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn ipv6(&self, network: &str) -> Result<Ipv6Addr> {
        self.address_in(network, "IPv6", |place| place.ipv6).await
    }

    async fn address_in<T>(
        &self,
        network: &str,
        family: &str,
        address: impl Fn(&NetworkAddress) -> Option<T>,
    ) -> Result<T> {
        let info = self.inspect().await?;
        let place = info.networks.iter().find(|place| place.network == network);
        place.and_then(address).ok_or_else(|| {
            let names: Vec<_> = info.networks.iter().map(|place| place.network.as_str()).collect();
            let message = match place {
                Some(_) => format!("it has no {family} address in network `{network}`"),
                None => format!("it is not in network `{network}`, but in `{}`", names.join("`, `")),
            };
            Error::new(Kind::NotFound, message).with_subject(self.to_string())
        })
    }
}
