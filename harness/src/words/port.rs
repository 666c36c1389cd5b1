//! A container's port: a number and a protocol.

use std::fmt;
use std::str::FromStr;

use super::error::{Error, Result};

/// A port of a container.
///
/// A plain number converts to a TCP port: `Port::from(6379)`. The text form is the engine's: `53/udp`. Where a port is
/// expected, a number and a text will do too: `.port(6379)`, `.port("53/udp")`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Port {
    number: u16,
    protocol: Protocol,
}

/// The transport protocol of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Protocol {
    /// `tcp`
    Tcp,
    /// `udp`
    Udp,
    /// `sctp`
    Sctp,
}

impl Port {
    /// Creates a TCP port.
    #[must_use]
    pub const fn tcp(number: u16) -> Self {
        Self { number, protocol: Protocol::Tcp }
    }

    /// Creates a UDP port.
    #[must_use]
    pub const fn udp(number: u16) -> Self {
        Self { number, protocol: Protocol::Udp }
    }

    /// Creates an SCTP port.
    #[must_use]
    pub const fn sctp(number: u16) -> Self {
        Self { number, protocol: Protocol::Sctp }
    }

    /// Returns the port number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.number
    }

    /// Returns the protocol.
    #[must_use]
    pub const fn protocol(self) -> Protocol {
        self.protocol
    }
}

impl From<u16> for Port {
    fn from(number: u16) -> Self {
        Self::tcp(number)
    }
}

/// A value that names a port: a [`Port`], a number for TCP, or a text such as `53/udp`.
pub trait IntoPort {
    /// Converts the value to a port.
    ///
    /// # Errors
    /// Invalid, if a text is not a port.
    fn into_port(self) -> Result<Port>;
}

impl IntoPort for Port {
    fn into_port(self) -> Result<Port> {
        Ok(self)
    }
}

impl IntoPort for u16 {
    fn into_port(self) -> Result<Port> {
        Ok(Port::tcp(self))
    }
}

impl IntoPort for &str {
    fn into_port(self) -> Result<Port> {
        self.parse()
    }
}

impl IntoPort for String {
    fn into_port(self) -> Result<Port> {
        self.parse()
    }
}

impl FromStr for Port {
    type Err = Error;

    /// Parses `6379`, `6379/tcp`, `53/udp` or `9000/sctp`.
    fn from_str(text: &str) -> Result<Self> {
        let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let wrong =
            || Error::invalid(format!("`{text}` is not a port; write `6379`, `53/udp` or `9000/sctp`"));
        let number = number.parse().ok().filter(|number| *number != 0).ok_or_else(wrong)?;
        let protocol = match protocol {
            "tcp" => Protocol::Tcp,
            "udp" => Protocol::Udp,
            "sctp" => Protocol::Sctp,
            _ => return Err(wrong()),
        };
        Ok(Self { number, protocol })
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.protocol)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_port_are_each_others_inverse() {
        for port in [Port::tcp(1), Port::udp(53), Port::sctp(65535)] {
            assert_eq!(port.to_string().parse::<Port>().expect("its own text"), port);
        }
        assert_eq!("80".parse::<Port>().expect("a port"), Port::tcp(80));
    }

    #[test]
    fn a_malformed_port_is_refused_by_name() {
        for text in ["", "0", "65536", "80/icmp", "x/tcp"] {
            let error = text.parse::<Port>().expect_err(text);
            assert!(error.to_string().contains(&format!("`{text}`")), "{error}");
        }
    }
}
