//! Setters for ports and networks.

use super::{ContainerRequest, texts};
use crate::container::TestContainer;
use crate::network::Network;
use crate::words::Port;

/// A port that is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::container) struct Publish {
    pub(in crate::container) port: Port,
    /// The address of the engine's machine that it is bound to; empty for loopback, or what stands for it.
    pub(in crate::container) ip: String,
    /// The port of the engine's machine; the engine chooses if none.
    pub(in crate::container) host_port: Option<u16>,
}

/// A network that is joined, and the names to be reached by there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::container) struct Attachment {
    pub(in crate::container) network: String,
    pub(in crate::container) aliases: Vec<String>,
}

impl ContainerRequest {
    /// Publishes a port on loopback only, on a port that the engine chooses; ask for it with
    /// [`TestContainer::addr`]. Default: nothing is published.
    ///
    /// With an engine on another machine it is published on all of that machine's addresses, since its loopback
    /// is not ours.
    pub fn port(self, port: impl Into<Port>) -> Self {
        self.publish(port.into(), String::new(), None)
    }

    /// Publishes a port on one address of the engine's machine, on a port that the engine chooses. Default: nothing.
    pub fn publish_on(self, ip: impl Into<String>, port: impl Into<Port>) -> Self {
        self.publish(port.into(), ip.into(), None)
    }

    /// Publishes a port where [`port`](Self::port) does, on a port that is given: two containers can't have the same.
    /// Default: nothing.
    pub fn fixed(self, host: u16, port: impl Into<Port>) -> Self {
        self.publish(port.into(), String::new(), Some(host))
    }

    /// Publishes every port that the image exposes, on all addresses of the engine's machine. Default: not.
    pub fn publish_all(mut self) -> Self {
        self.host.publish_all_ports = Some(true);
        self
    }

    /// Publishes nothing, whatever was asked for before.
    pub fn publish_none(mut self) -> Self {
        self.host.publish_all_ports = None;
        self.published.clear();
        self
    }

    /// Exposes a port without publishing it. Default: those of the image.
    pub fn expose(mut self, port: impl Into<Port>) -> Self {
        self.body.exposed_ports.get_or_insert_default().push(port.into().to_string());
        self
    }

    /// Joins a network of Seatrial's. Default: the engine's default bridge.
    pub fn network(self, network: &Network) -> Self {
        self.network_named(network.name())
    }

    /// Joins a network of Seatrial's, where others reach it by these names too. Default: none but the container's own name.
    pub fn network_with_aliases<T: Into<String>>(
        self,
        network: &Network,
        aliases: impl IntoIterator<Item = T>,
    ) -> Self {
        self.attach(network.name().to_owned(), texts(aliases))
    }

    /// Joins a network of somebody else's, by name. Default: the engine's default bridge.
    pub fn network_named(self, network: impl Into<String>) -> Self {
        self.attach(network.into(), Vec::new())
    }

    /// The network mode: `host`, `none`, `bridge`, `container:<id>`. Default: the engine's default bridge.
    pub fn network_mode(mut self, mode: impl Into<String>) -> Self {
        self.host.network_mode = Some(mode.into());
        self
    }

    /// Shares another container's network: its addresses, its ports, its loopback.
    pub fn network_of(self, other: &TestContainer) -> Self {
        self.network_mode(format!("container:{}", other.id()))
    }

    /// Links another container on the default bridge by a name. On networks of your own use aliases. Default: none.
    pub fn link(mut self, other: &TestContainer, alias: impl AsRef<str>) -> Self {
        self.host.links.get_or_insert_default().push(format!("{}:{}", other.name(), alias.as_ref()));
        self
    }

    /// A line for `/etc/hosts`; the address `host-gateway` is the engine's machine. Default: none.
    pub fn extra_host(mut self, name: impl AsRef<str>, address: impl AsRef<str>) -> Self {
        self.host.extra_hosts.get_or_insert_default().push(format!("{}:{}", name.as_ref(), address.as_ref()));
        self
    }

    /// A DNS server. Default: the engine's.
    pub fn dns(mut self, server: impl Into<String>) -> Self {
        self.host.dns.get_or_insert_default().push(server.into());
        self
    }

    fn publish(mut self, port: Port, ip: String, host_port: Option<u16>) -> Self {
        self.published.push(Publish { port, ip, host_port });
        self
    }

    fn attach(mut self, network: String, aliases: Vec<String>) -> Self {
        self.networks.push(Attachment { network, aliases });
        self
    }
}
