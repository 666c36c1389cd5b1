//! The handle's addresses: where the container's ports are reached. No lookup asks the engine.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use super::TestContainer;
use crate::engine::with_port;
use crate::words::{Error, IntoPort, Kind, Port, Result};

impl TestContainer {
    /// Returns the host at which its published ports are reachable from here, without a port.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.session().engine().host().host
    }

    /// Returns the address of a published port, such as `127.0.0.1:49153`. It needs no request to the engine.
    ///
    /// It is the address of the current run: the handle follows restarts by the engine's restart policy, between which
    /// there is no address. In the engine host's network it is the [`host`](Self::host) with the port itself; with
    /// another container's network, the address at which that container publishes the port.
    ///
    /// # Errors
    /// - Port: the port is not published, has another protocol, or is not bound; the container has no network, or was
    ///   seen to end. The error lists the existing ports.
    /// - Invalid: the text is not a port.
    pub fn addr(&self, port: impl IntoPort) -> Result<String> {
        let port = self.converted(port)?;
        let ports = self.ports();
        let binding = ports.binding(port).map_err(|error| error.with_subject(self.to_string()))?;
        // A port published at a specific address is reachable there if the engine is on this machine.
        let any = matches!(binding.ip.as_str(), "" | "0.0.0.0" | "::");
        let host = if any { self.host() } else { &binding.ip };
        Ok(with_port(host, binding.port))
    }

    /// Returns the address of a published port like [`addr`](Self::addr), as a socket address.
    ///
    /// A [`host`](Self::host) that is a name is resolved, which may block the thread for as long as the resolver takes.
    ///
    /// # Errors
    /// Those of [`addr`](Self::addr); port, if the host's name can't be resolved.
    pub fn socket_addr(&self, port: impl IntoPort) -> Result<SocketAddr> {
        let address = self.addr(port)?;
        let unresolved = |message: String| Error::new(Kind::Port, message).with_subject(self.to_string());
        let mut resolved = address
            .to_socket_addrs()
            .map_err(|error| unresolved(format!("`{address}` can't be resolved")).with_source(error))?;
        resolved.next().ok_or_else(|| unresolved(format!("`{address}` has no address")))
    }

    /// Returns a URL with the address of its only published port: `redis://127.0.0.1:49153` for the scheme `redis`.
    ///
    /// [`url_at`](Self::url_at) names the port.
    ///
    /// # Errors
    /// Port, if not exactly one TCP port is published.
    pub fn url(&self, scheme: &str) -> Result<String> {
        Ok(format!("{scheme}://{}", self.addr(self.only_port()?)?))
    }

    /// Returns a URL with the address of a published port, such as `http://127.0.0.1:49153`.
    ///
    /// # Errors
    /// Those of [`addr`](Self::addr).
    pub fn url_at(&self, scheme: &str, port: impl IntoPort) -> Result<String> {
        Ok(format!("{scheme}://{}", self.addr(port)?))
    }

    /// Returns the host's port for a published port. It needs no request to the engine.
    ///
    /// # Errors
    /// Those of [`addr`](Self::addr).
    pub fn host_port(&self, port: impl IntoPort) -> Result<u16> {
        let port = self.converted(port)?;
        let ports = self.ports();
        let binding = ports.binding(port).map_err(|error| error.with_subject(self.to_string()))?;
        Ok(binding.port)
    }

    /// Returns its only published port.
    pub(crate) fn only_port(&self) -> Result<Port> {
        self.ports().only().map_err(|error| error.with_subject(self.to_string()))
    }

    /// Returns its addresses in its networks as of its last start, IPv4 first.
    #[must_use]
    pub fn ip_addresses(&self) -> Vec<IpAddr> {
        self.ports().addresses().to_vec()
    }

    /// Returns one line per port, for reports.
    pub(crate) fn port_lines(&self) -> Vec<String> {
        self.ports().lines()
    }

    fn converted(&self, port: impl IntoPort) -> Result<Port> {
        port.into_port().map_err(|error| error.with_subject(self.to_string()))
    }
}
