//! A container's published ports, looked up once after each start, so that a lookup needs no request.

use std::net::IpAddr;

use super::info::{ContainerInfo, HostBinding};
use crate::words::{Error, Kind, Port, Protocol, Result};

/// The port bindings and the addresses of one run of a container.
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

    /// Returns the container's own addresses, IPv4 first.
    pub(crate) fn addresses(&self) -> &[IpAddr] {
        &self.addresses
    }

    /// Returns the host's address for a port. An IPv4 address is preferred. A port number always belongs to the
    /// returned address, since IPv4 and IPv6 may have different ones.
    ///
    /// # Errors
    /// Port, with the existing ports: the port is not published, has another protocol, or is exposed without a binding.
    pub(crate) fn binding(&self, port: Port) -> Result<&HostBinding> {
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
                    self.error(format!(
                        "port {port} is not published; add `.port({argument})` to the request"
                    ))
                }
            });
        };
        let v4 = bindings.iter().find(|binding| !binding.ip.contains(':'));
        v4.or_else(|| bindings.first()).ok_or_else(|| {
            self.error(format!("port {port} is exposed, but not bound to a port of the host: the container does not run, or the port is not published"))
        })
    }

    /// Returns the published TCP port if there is exactly one.
    pub(crate) fn only(&self) -> Result<Port> {
        let published: Vec<_> = self.bindings.iter().filter(|(_, bindings)| !bindings.is_empty()).collect();
        match published.as_slice() {
            [(port, _)] => Ok(*port),
            [] => Err(self.error("no port is published; add `.port(…)` to the request".to_owned())),
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

    #[test]
    fn the_only_port_is_found_only_when_there_is_one() {
        assert!(ports().only().is_err());
        assert!(Ports::default().only().is_err());
    }
}
