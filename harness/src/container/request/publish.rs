//! A port to publish, and the checks of its address.

use std::net::{IpAddr, Ipv4Addr};

use bollard::models::HostConfig;

use crate::words::{Error, Port, Result};

/// A published port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::container) struct Publish {
    pub(in crate::container) port: Port,
    /// The address of the engine's machine to publish on, as given. `None` for the default, usually loopback.
    pub(in crate::container) ip: Option<String>,
    /// The port of the engine's machine. `None` lets the engine choose one.
    pub(in crate::container) host_port: Option<u16>,
}

impl Publish {
    /// Returns the address to publish on, or `None` for the default.
    ///
    /// # Errors
    /// Invalid, if the text is neither an IP address nor `localhost`. Engines take any other text for "all addresses".
    pub(super) fn host_ip(&self) -> Result<Option<IpAddr>> {
        match self.ip.as_deref() {
            None => Ok(None),
            Some("localhost") => Ok(Some(Ipv4Addr::LOCALHOST.into())),
            Some(text) => text.parse().map(Some).map_err(|_| no_address(self.port, text)),
        }
    }
}

/// Checks that ports are published once each.
///
/// # Errors
/// Invalid, if two ports collide, or an address is malformed.
pub(super) fn check(published: &[Publish]) -> Result<()> {
    let mut seen: Vec<(&Publish, Option<IpAddr>)> = Vec::new();
    for publish in published {
        let ip = publish.host_ip()?;
        for (other, other_ip) in &seen {
            if ip == *other_ip && publish.host_port == other.host_port {
                collide(publish, other)?;
            }
        }
        seen.push((publish, ip));
    }
    Ok(())
}

/// Checks two ports that have the same address and the same choice of the host's port.
fn collide(publish: &Publish, other: &Publish) -> Result<()> {
    match publish.host_port {
        _ if publish.port == other.port => Err(Error::invalid(format!(
            "port {} is published twice; publish it once, or on two addresses with `publish_on`",
            publish.port
        ))),
        Some(host_port) => Err(Error::invalid(format!(
            "ports {} and {} are both to be published on port {host_port} of the host; give them different ports, or let the engine choose",
            other.port, publish.port,
        ))),
        None => Ok(()),
    }
}

/// Checks the addresses in the final body, which a modifier may have changed.
///
/// # Errors
/// Invalid, if an address is not an IP address. An empty one is the engine's own default.
pub(super) fn check_bindings(host: &HostConfig) -> Result<()> {
    for (port, bindings) in host.port_bindings.iter().flatten() {
        for ip in bindings.iter().flatten().filter_map(|binding| binding.host_ip.as_deref()) {
            if !ip.is_empty() && ip.parse::<IpAddr>().is_err() {
                return Err(no_address(port, ip));
            }
        }
    }
    Ok(())
}

fn no_address(port: impl std::fmt::Display, text: &str) -> Error {
    Error::invalid(format!(
        "port {port} can't be published on `{text}`, which is not an IP address; write an address of the engine's \
         machine without spaces or brackets, such as `127.0.0.1` or `::1`"
    ))
}

#[cfg(test)]
mod tests {
    use bollard::models::PortBinding;

    use super::*;

    fn on(ip: &str) -> Publish {
        Publish { port: Port::tcp(80), ip: Some(ip.to_owned()), host_port: None }
    }

    /// C17: a port is published on an IP address or on `localhost`, and on nothing else.
    #[test]
    fn only_an_ip_address_or_localhost_can_be_published_on() {
        for (text, ip) in [("localhost", "127.0.0.1"), ("127.0.0.2", "127.0.0.2"), ("::1", "::1")] {
            assert_eq!(on(text).host_ip().expect(text), Some(ip.parse().expect("an address")), "{text}");
        }
        for text in
            ["", " ", "127.0.0.1 ", " ::1", "[::1]", "256.0.0.1", "127.1", "docker.example", "0.0.0.0:80"]
        {
            let error = on(text).host_ip().expect_err(text);
            assert!(error.is_invalid() && error.to_string().contains(&format!("`{text}`")), "{error}");
        }
    }

    /// C17: two spellings of one address are one address.
    #[test]
    fn a_port_published_twice_on_one_address_is_refused_however_it_is_spelled() {
        for (one, other) in [("localhost", "127.0.0.1"), ("::1", "0:0:0:0:0:0:0:1")] {
            let error = check(&[on(one), on(other)]).expect_err(one);
            assert!(error.to_string().contains("published twice"), "{error}");
        }
        check(&[on("127.0.0.1"), on("::1")]).expect("two addresses");
    }

    /// C17: a modifier can't publish on a text that is not an IP address either.
    #[test]
    fn addresses_that_a_modifier_sets_are_checked() {
        let host = |ip: &str| {
            let binding = PortBinding { host_ip: Some(ip.to_owned()), host_port: None };
            let bindings = [("80/tcp".to_owned(), Some(vec![binding]))];
            HostConfig { port_bindings: Some(bindings.into()), ..Default::default() }
        };
        check_bindings(&host("127.0.0.1")).expect("an address");
        check_bindings(&host("")).expect("the engine's default");
        assert!(check_bindings(&host("localhost")).expect_err("a name").is_invalid());
    }
}
