//! Where a container's ports are: looked up once after each start, so that asking costs no call.

use std::net::IpAddr;

use super::info::{ContainerInfo, HostBinding};
use crate::words::{Error, Kind, Port, Protocol, Result};

/// The bindings of one run of a container, and its addresses.
#[derive(Debug, Default)]
pub(crate) struct Ports {
    bindings: Vec<(Port, Vec<HostBinding>)>,
    addresses: Vec<IpAddr>,
}

impl Ports {
    pub(crate) fn of(info: &ContainerInfo) -> Self {
        let v4 = info.networks.iter().filter_map(|network| network.ipv4.map(IpAddr::from));
        let v6 = info.networks.iter().filter_map(|network| network.ipv6.map(IpAddr::from));
        Self { bindings: info.ports.clone(), addresses: v4.chain(v6).collect() }
    }

    /// The container's own addresses, IPv4 first.
    pub(crate) fn addresses(&self) -> &[IpAddr] {
        &self.addresses
    }

    /// The host's side of a port. IPv4 is preferred, and the two are never mixed up: each may have a port of its own.
    ///
    /// # Errors
    /// Three different ones, each with the ports that there are: not published, another protocol, not bound.
    pub(crate) fn binding(&self, port: Port) -> Result<&HostBinding> {
        let same_number = self.bindings.iter().find(|(known, _)| known.number() == port.number());
        let Some((_, bindings)) = self.bindings.iter().find(|(known, _)| *known == port) else {
            return Err(match same_number {
                Some((known, _)) => self
                    .error(format!("port {port} is not there, but {known} is: the protocol is another one")),
                None => {
                    let number = port.number();
                    let argument = match port.protocol() {
                        Protocol::Tcp => number.to_string(),
                        Protocol::Udp => format!("Port::udp({number})"),
                        Protocol::Sctp => format!("Port::sctp({number})"),
                    };
                    self.error(format!(
                        "port {port} is not published; add `.port({argument})` to the request"
                    ))
                }
            });
        };
        let v4 = bindings.iter().find(|binding| !binding.ip.contains(':'));
        v4.or_else(|| bindings.first()).ok_or_else(|| {
            self.error(format!("port {port} is exposed, but bound to no port of the host: the container does not run, or nobody published it"))
        })
    }

    /// The only published TCP port.
    pub(crate) fn only(&self) -> Result<Port> {
        let published: Vec<_> = self.bindings.iter().filter(|(_, bindings)| !bindings.is_empty()).collect();
        match published.as_slice() {
            [(port, _)] => Ok(*port),
            [] => Err(self.error("no port is published; add `.port(…)` to the request".to_owned())),
            _ => Err(self.error("several ports are published; say which is meant".to_owned())),
        }
    }

    /// One line per port, as in `5432/tcp -> 127.0.0.1:49153`.
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

/// `host:port`, with brackets round an IPv6 address.
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

    /// C18.
    #[test]
    fn ipv4_and_ipv6_bindings_are_not_mixed_up() {
        assert_eq!(ports().binding(Port::tcp(80)).expect("bound").port, 2222);
    }

    /// C17.
    #[test]
    fn three_different_failures_each_name_the_ports_that_there_are() {
        for (port, reason) in [
            (Port::tcp(81), "is not published"),
            (Port::tcp(53), "protocol"),
            (Port::tcp(443), "bound to no port"),
        ] {
            let error = ports().binding(port).expect_err(reason);
            assert!(error.is_port());
            let text = error.to_string();
            assert!(text.contains(reason) && text.contains("53/udp -> 127.0.0.1:3333"), "{text}");
        }
    }

    #[test]
    fn the_only_port_is_found_only_when_there_is_one() {
        assert!(ports().only().is_err());
        assert!(Ports::default().only().is_err());
    }
}
