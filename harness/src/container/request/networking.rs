//! Setters for ports and networks.

use std::net::IpAddr;

use super::{ContainerRequest, Publish, texts};
use crate::container::TestContainer;
use crate::network::Network;
use crate::words::{Error, IntoPort, Port};

/// A network to join, with the container's aliases in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::container) struct Attachment {
    pub(in crate::container) network: String,
    pub(in crate::container) aliases: Vec<String>,
    /// The container's fixed addresses in the network, at most one of each family.
    pub(in crate::container) ips: Vec<IpAddr>,
}

impl ContainerRequest {
    /// Publishes a port on loopback, on a host port that the engine chooses. [`TestContainer::addr`] returns it.
    /// Default: nothing is published.
    ///
    /// The port is a number, a text such as `53/udp`, or a [`Port`]. A malformed text is refused at the start.
    ///
    /// With an engine on another machine, the port is published on all addresses of that machine, since its loopback
    /// can't be reached from here.
    pub fn port(self, port: impl IntoPort) -> Self {
        self.publish(port, None, None)
    }

    /// Publishes a port on one IP address of the engine's machine, on a host port that the engine chooses.
    ///
    /// `localhost` stands for `127.0.0.1`. Any other name, and any text that is not exactly an IP address, is refused at
    /// the start, since engines publish such a port on all addresses.
    pub fn publish_on(self, ip: impl Into<String>, port: impl IntoPort) -> Self {
        self.publish(port, Some(ip.into()), None)
    }

    /// Publishes a port like [`port`](Self::port), on a fixed host port. Two containers can't use the same one.
    pub fn fixed(self, host: u16, port: impl IntoPort) -> Self {
        self.publish(port, None, Some(host))
    }

    /// Publishes every port that the image exposes, on all addresses of the engine's machine.
    pub fn publish_all(mut self) -> Self {
        self.host.publish_all_ports = Some(true);
        self
    }

    /// Removes all publishing options that were set before.
    pub fn publish_none(mut self) -> Self {
        self.host.publish_all_ports = None;
        self.published.clear();
        self
    }

    /// Exposes a port without publishing it. Default: the image's exposed ports.
    pub fn expose(mut self, port: impl IntoPort) -> Self {
        if let Some(port) = self.converted(port) {
            self.body.exposed_ports.get_or_insert_default().push(port.to_string());
        }
        self
    }

    /// Joins a network that Seatrial created. Default: the engine's default bridge.
    pub fn network(self, network: &Network) -> Self {
        self.network_named(network.name())
    }

    /// Joins a network that Seatrial created, with aliases besides the container's name. Default: no aliases.
    pub fn network_with_aliases<T: Into<String>>(
        self,
        network: &Network,
        aliases: impl IntoIterator<Item = T>,
    ) -> Self {
        self.attach(network.name().to_owned(), texts(aliases))
    }

    /// Joins an existing network, by name. Default: the engine's default bridge.
    pub fn network_named(self, network: impl Into<String>) -> Self {
        self.attach(network.into(), Vec::new())
    }

    /// Sets the container's IP address in the network that was joined last. A second call may add one of the other
    /// family. Default: the engine chooses one.
    ///
    /// The network needs a subnet of its own: [`Network::builder`]. A malformed address is refused at the start.
    pub fn ip(mut self, ip: impl Into<String>) -> Self {
        let text = ip.into();
        let refused = match (text.parse::<IpAddr>(), self.networks.last_mut()) {
            (Ok(ip), Some(network)) => {
                network.ips.retain(|other| other.is_ipv4() != ip.is_ipv4());
                network.ips.push(ip);
                return self;
            }
            (Ok(_), None) => format!("IP address `{text}` is in no network; call `network` before `ip`"),
            (Err(_), _) => format!("`{text}` is not an IP address; write one such as `10.83.7.5`"),
        };
        self.malformed.get_or_insert(Error::invalid(refused));
        self
    }

    /// Sets the network mode: `host`, `none`, `bridge` or `container:<id>`. Default: the engine's default bridge.
    pub fn network_mode(mut self, mode: impl Into<String>) -> Self {
        self.host.network_mode = Some(mode.into());
        self
    }

    /// Shares another container's network namespace: its addresses, ports and loopback.
    pub fn network_of(self, other: &TestContainer) -> Self {
        self.network_mode(format!("container:{}", other.id()))
    }

    /// Links another container on the default bridge under an alias. User-defined networks have aliases instead.
    pub fn link(mut self, other: &TestContainer, alias: impl AsRef<str>) -> Self {
        self.host.links.get_or_insert_default().push(format!("{}:{}", other.name(), alias.as_ref()));
        self
    }

    /// Adds a line to `/etc/hosts`. The address `host-gateway` stands for the engine's machine.
    pub fn extra_host(mut self, name: impl AsRef<str>, address: impl AsRef<str>) -> Self {
        self.host.extra_hosts.get_or_insert_default().push(format!("{}:{}", name.as_ref(), address.as_ref()));
        self
    }

    /// Adds a DNS server. Default: the engine's.
    pub fn dns(mut self, server: impl Into<String>) -> Self {
        self.host.dns.get_or_insert_default().push(server.into());
        self
    }

    fn publish(mut self, port: impl IntoPort, ip: Option<String>, host_port: Option<u16>) -> Self {
        if let Some(port) = self.converted(port) {
            self.published.push(Publish { port, ip, host_port });
        }
        self
    }

    /// Converts a port. If that fails, the error is kept for the start.
    fn converted(&mut self, port: impl IntoPort) -> Option<Port> {
        match port.into_port() {
            Ok(port) => Some(port),
            Err(error) => {
                self.malformed.get_or_insert(error);
                None
            }
        }
    }

    fn attach(mut self, network: String, aliases: Vec<String>) -> Self {
        self.networks.push(Attachment { network, aliases, ips: Vec::new() });
        self
    }
}
