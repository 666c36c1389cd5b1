//! A container's published ports, looked up once after each start, so that a lookup needs no request.

use std::net::IpAddr;

use super::info::{ContainerInfo, HostBinding};
use crate::words::{Error, Kind, Port, Protocol, Result};

/// The port bindings and the addresses of one run of a container.
#[derive(Debug, Default)]
pub(crate) struct Ports {
    bindings: Vec<(Port, Vec<HostBinding>)>,
    addresses: Vec<IpAddr>,
    network: NetworkUse,
    /// `true` if the run is over, so that its addresses may belong to another container.
    has_ended: bool,
    /// The number of changes of this value.
    changes: u64,
}

/// The network that a container's processes use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum NetworkUse {
    /// Its own.
    #[default]
    Own,
    /// That of the engine's host.
    Host,
    /// That of another container.
    Shared,
    /// None but loopback.
    Nothing,
}

impl Ports {
    pub(crate) fn of(info: &ContainerInfo) -> Self {
        let v4 = info.networks.iter().filter_map(|network| network.ipv4.map(IpAddr::from));
        let v6 = info.networks.iter().filter_map(|network| network.ipv6.map(IpAddr::from));
        Self {
            bindings: info.ports.clone(),
            addresses: v4.chain(v6).collect(),
            network: NetworkUse::of(info),
            has_ended: info.state.status.has_ended(),
            changes: 0,
        }
    }

    /// Replaces everything by the result of an inspection.
    pub(crate) fn renew(&mut self, info: &ContainerInfo) {
        *self = Self { changes: self.changes + 1, ..Self::of(info) };
    }

    /// Records that the run is over: its ports and addresses may be given to another container.
    pub(crate) fn end(&mut self) {
        *self = Self { changes: self.changes + 1, has_ended: true, network: self.network, ..Self::default() };
    }

    /// Returns the number of changes so far, which tells whether somebody else has changed this value meanwhile.
    pub(crate) fn changes(&self) -> u64 {
        self.changes
    }

    /// Returns the container's own addresses, IPv4 first.
    pub(crate) fn addresses(&self) -> &[IpAddr] {
        &self.addresses
    }

    /// Returns the host's address for a port. An IPv4 address is preferred. A port number always belongs to the
    /// returned address, since IPv4 and IPv6 may have different ones.
    ///
    /// # Errors
    /// Port, with the existing ports: the port is not published, has another protocol, or is exposed without a binding;
    /// the container has no network, or does not run.
    pub(crate) fn binding(&self, port: Port) -> Result<HostBinding> {
        if let Some(reason) = self.unreachable() {
            return Err(self.error(format!("port {port} has no address: {reason}")));
        }
        if self.network == NetworkUse::Host {
            return Ok(HostBinding { ip: String::new(), port: port.number() });
        }
        let same_number = self.bindings.iter().find(|(known, _)| known.number() == port.number());
        let Some((_, bindings)) = self.bindings.iter().find(|(known, _)| *known == port) else {
            return Err(match same_number {
                Some((known, _)) => {
                    self.error(format!("port {port} does not exist, but {known} does: the protocols differ"))
                }
                None => {
                    let number = port.number();
                    let argument = match port.protocol() {
                        Protocol::Tcp => number.to_string(),
                        Protocol::Udp => format!("Port::udp({number})"),
                        Protocol::Sctp => format!("Port::sctp({number})"),
                    };
                    let request = self.request();
                    self.error(format!("port {port} is not published; add `.port({argument})` to {request}"))
                }
            });
        };
        let v4 = bindings.iter().find(|binding| !binding.ip.contains(':'));
        v4.or_else(|| bindings.first()).cloned().ok_or_else(|| {
            self.error(format!("port {port} is exposed, but not bound to a port of the host: the container does not run, or the port is not published"))
        })
    }

    /// Returns the published TCP port if there is exactly one.
    pub(crate) fn only(&self) -> Result<Port> {
        if let Some(reason) = self.unreachable() {
            return Err(self.error(format!("it has no address: {reason}")));
        }
        if self.network == NetworkUse::Host {
            return Err(self
                .error("it uses the host's network, where no port is published: name the port".to_owned()));
        }
        let published: Vec<_> = self.bindings.iter().filter(|(_, bindings)| !bindings.is_empty()).collect();
        match published.as_slice() {
            [(port, _)] => Ok(*port),
            [] => Err(self.error(format!("no port is published; add `.port(…)` to {}", self.request()))),
            _ => Err(self.error("several ports are published; name one of them".to_owned())),
        }
    }

    /// Returns one line per port, such as `5432/tcp -> 127.0.0.1:49153`.
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |(port, bindings): &(Port, Vec<HostBinding>)| {
            let hosts: Vec<_> = bindings.iter().map(|binding| with_port(&binding.ip, binding.port)).collect();
            if hosts.is_empty() {
                format!("{port} (not published)")
            } else {
                format!("{port} -> {}", hosts.join(", "))
            }
        };
        self.bindings.iter().map(line).collect()
    }

    /// Returns the reason why the container has no address at all, if there is one.
    fn unreachable(&self) -> Option<&'static str> {
        if self.has_ended {
            return Some("the container does not run");
        }
        (self.network == NetworkUse::Nothing).then_some("the container has no network (network mode `none`)")
    }

    /// Names the request that publishes the container's ports.
    fn request(&self) -> &'static str {
        match self.network {
            NetworkUse::Shared => "the request of the container whose network it shares",
            NetworkUse::Own | NetworkUse::Host | NetworkUse::Nothing => "the request",
        }
    }

    fn error(&self, message: String) -> Error {
        let there = self.lines();
        let there = if there.is_empty() {
            "there are no ports".to_owned()
        } else {
            format!("ports: {}", there.join("; "))
        };
        Error::new(Kind::Port, format!("{message} ({there})"))
    }
}

impl NetworkUse {
    fn of(info: &ContainerInfo) -> Self {
        match info.network_mode.as_str() {
            "host" => Self::Host,
            "none" => Self::Nothing,
            _ if info.shares_network_with().is_some() => Self::Shared,
            _ => Self::Own,
        }
    }
}

/// Returns `host:port`, with brackets around an IPv6 address.
pub(crate) fn with_port(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ports() -> Ports {
        Ports::of(&ContainerInfo::from_json(json!({"NetworkSettings": {"Ports": {
            "80/tcp": [{"HostIp": "::", "HostPort": "1111"}, {"HostIp": "0.0.0.0", "HostPort": "2222"}],
            "53/udp": [{"HostIp": "127.0.0.1", "HostPort": "3333"}],
            "443/tcp": null,
        }}})))
    }

    /// C18: the ports of IPv4 and IPv6 bindings are not mixed up.
    #[test]
    fn ipv4_and_ipv6_bindings_are_not_mixed_up() {
        assert_eq!(ports().binding(Port::tcp(80)).expect("bound").port, 2222);
    }

    /// C17: three kinds of failure are told apart, and each names the existing ports.
    #[test]
    fn three_different_failures_each_name_the_ports_that_there_are() {
        for (port, reason) in [
            (Port::tcp(81), "is not published"),
            (Port::tcp(53), "protocol"),
            (Port::tcp(443), "not bound to a port"),
        ] {
            let error = ports().binding(port).expect_err(reason);
            assert!(error.is_port());
            let text = error.to_string();
            assert!(text.contains(reason) && text.contains("53/udp -> 127.0.0.1:3333"), "{text}");
        }
    }

    fn in_network(mode: &str, status: &str) -> Ports {
        Ports::of(&ContainerInfo::from_json(json!({
            "State": {"Status": status}, "HostConfig": {"NetworkMode": mode},
            "NetworkSettings": {"Ports": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "1111"}]}},
        })))
    }

    /// C17: in the host's network a port is its own address, without a network there is none, and a container that
    /// shares a network has the ports of that one.
    #[test]
    fn an_address_follows_the_network_that_the_container_uses() {
        let host = in_network("host", "running");
        assert_eq!(host.binding(Port::tcp(81)).expect("its own").port, 81);
        assert!(host.only().expect_err("which one").to_string().contains("name the port"));
        for error in [
            in_network("none", "running").binding(Port::tcp(80)).expect_err("no network"),
            in_network("none", "running").only().expect_err("no network"),
        ] {
            assert!(error.is_port() && error.to_string().contains("no network"), "{error}");
        }
        let shared = in_network("container:x", "running");
        assert_eq!(shared.binding(Port::tcp(80)).expect("the other's").port, 1111);
        let error = shared.binding(Port::tcp(81)).expect_err("not published");
        assert!(error.to_string().contains("whose network it shares"), "{error}");
    }

    /// C17: a run that is over has no addresses, whatever the engine still says.
    #[test]
    fn an_ended_run_has_no_addresses() {
        let mut ports = in_network("bridge", "running");
        ports.binding(Port::tcp(80)).expect("it runs");
        ports.end();
        for ports in [ports, in_network("bridge", "exited"), in_network("bridge", "restarting")] {
            let error = ports.binding(Port::tcp(80)).expect_err("it has ended");
            assert!(error.is_port() && error.to_string().contains("does not run"), "{error}");
        }
    }

    #[test]
    fn the_only_port_is_found_only_when_there_is_one() {
        assert!(ports().only().is_err());
        assert!(Ports::default().only().is_err());
    }
}
