//! An engine's address: parsed and printed. It does not connect.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::engine::{TlsFiles, host_name};
use crate::words::{Error, Result};

/// Docker's default ports.
const PORT: u16 = 2375;
const TLS_PORT: u16 = 2376;

/// The address of an engine's API.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// A unix socket on this machine.
    Unix(PathBuf),
    /// A TCP port on this or another machine.
    Tcp {
        /// A host name or an IP address. An IPv6 address has no brackets.
        host: String,
        /// The port.
        port: u16,
        /// The certificates. `None` means without TLS.
        tls: Option<TlsFiles>,
    },
}

impl Endpoint {
    /// Parses an address in a format of `DOCKER_HOST`: `unix:///path`, `tcp://host:port`, `http://…`, `https://…`, a
    /// path, or `host:port`. `tls` applies to `tcp://` and `https://`.
    ///
    /// # Errors
    /// Invalid, for any other text, and for an unsupported scheme. The message names an alternative.
    pub(crate) fn parse(text: &str, tls: Option<&TlsFiles>) -> Result<Self> {
        let text = text.trim();
        if text.starts_with('/') {
            return Ok(Self::Unix(text.into()));
        }
        let (scheme, rest) = text.split_once("://").unwrap_or(("tcp", text));
        match scheme {
            "unix" if rest.starts_with('/') => Ok(Self::Unix(rest.into())),
            "unix" => Err(refused(text, "should have an absolute path, as `unix:///var/run/docker.sock`")),
            "tcp" => tcp(text, rest, tls.cloned()),
            "http" => tcp(text, rest, None),
            "https" if tls.is_none() => Err(refused(
                text,
                "needs certificates: set `DOCKER_TLS_VERIFY=1`, and `DOCKER_CERT_PATH` to the folder with \
                 `ca.pem`, `cert.pem` and `key.pem`",
            )),
            "https" => tcp(text, rest, tls.cloned()),
            "ssh" => Err(refused(
                text,
                "is not supported; forward the socket with `ssh -nNT -L /tmp/engine.sock:/var/run/docker.sock \
                 user@host`, and set both `DOCKER_HOST=unix:///tmp/engine.sock` and `SEATRIAL_HOST=host`, where \
                 published ports are reached",
            )),
            "fd" => Err(refused(
                text,
                "is an address for an engine to listen on, not one to connect to; use `unix:///var/run/docker.sock`",
            )),
            "npipe" => Err(refused(
                text,
                "is a named pipe of Windows, which is not supported; let the engine listen on \
                 `tcp://127.0.0.1:2375`, or run the tests where its socket is",
            )),
            _ => Err(refused(text, "should begin with `unix://` or `tcp://`")),
        }
    }
}

fn tcp(text: &str, rest: &str, tls: Option<TlsFiles>) -> Result<Endpoint> {
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.contains('/') {
        return Err(refused(text, "has a path; it should be `tcp://host:port`"));
    }
    // Only after the last bracket, since the colons of an IPv6 address separate no port.
    let colon = authority.rfind(':').filter(|at| authority.rfind(']').is_none_or(|bracket| bracket < *at));
    let (host, port) = match colon {
        Some(at) => (&authority[..at], &authority[at + 1..]),
        None => (authority, ""),
    };
    let port = match port {
        "" => Some(if tls.is_some() { TLS_PORT } else { PORT }),
        port => u16::from_str(port).ok().filter(|port| *port != 0),
    };
    let Some(port) = port else {
        return Err(refused(text, "should have a port between 1 and 65535, as `tcp://host:2375`"));
    };
    match host_name(host) {
        // If an IPv6 address has no brackets, its last part was taken for the port.
        Some(name) if host.starts_with('[') || !name.contains(':') => {
            Ok(Endpoint::Tcp { host: name, port, tls })
        }
        _ => Err(refused(text, "should name a host, as `tcp://host:2375` or `tcp://[::1]:2375`")),
    }
}

/// Creates an error that shows the address without the part in front of an `@`, which may be a password.
fn refused(text: &str, why: &str) -> Error {
    let shown = match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        (None, Some((_, host))) => format!("…@{host}"),
        _ => text.to_owned(),
    };
    Error::invalid(format!("the engine's address `{}` {why}", shown.escape_debug()))
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp { host, port, tls } => {
                let scheme = if tls.is_some() { "https" } else { "tcp" };
                match host.contains(':') {
                    true => write!(f, "{scheme}://[{host}]:{port}"),
                    false => write!(f, "{scheme}://{host}:{port}"),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn files() -> TlsFiles {
        TlsFiles { folder: "/c".into(), verify: true }
    }

    fn plain(host: &str, port: u16) -> Endpoint {
        Endpoint::Tcp { host: host.to_owned(), port, tls: None }
    }

    #[test]
    fn addresses_are_parsed() {
        for (text, expected) in [
            ("unix:///a/b.sock", Endpoint::Unix("/a/b.sock".into())),
            ("/a/b.sock", Endpoint::Unix("/a/b.sock".into())),
            (" unix:///a\n", Endpoint::Unix("/a".into())),
            ("tcp://h:1", plain("h", 1)),
            ("tcp://h:1/", plain("h", 1)),
            ("tcp://h", plain("h", 2375)),
            ("tcp://10.0.0.1:80", plain("10.0.0.1", 80)),
            ("tcp://[::1]:80", plain("::1", 80)),
            ("tcp://[::1]", plain("::1", 2375)),
            ("http://h:1", plain("h", 1)),
            ("h:1", plain("h", 1)),
            ("docker", plain("docker", 2375)),
        ] {
            assert_eq!(Endpoint::parse(text, None).expect(text), expected, "{text}");
        }
    }

    #[test]
    fn certificates_apply_to_tcp_and_https_and_move_the_port() {
        let tls = files();
        for (text, port, expected) in [
            ("tcp://h", 2376, Some(files())),
            ("https://h", 2376, Some(files())),
            ("tcp://h:1", 1, Some(files())),
            ("http://h", 2375, None),
        ] {
            let endpoint = Endpoint::parse(text, Some(&tls)).expect(text);
            assert_eq!(endpoint, Endpoint::Tcp { host: "h".into(), port, tls: expected }, "{text}");
        }
        assert_eq!(Endpoint::parse("/s", Some(&tls)).expect("a path"), Endpoint::Unix("/s".into()));
    }

    #[test]
    fn other_addresses_are_refused_with_what_would_be_right() {
        for (text, reason) in [
            ("", "should name a host"),
            ("tcp://", "should name a host"),
            ("tcp://:1", "should name a host"),
            ("tcp://::1:80", "should name a host"),
            ("tcp://[x]:80", "should name a host"),
            ("tcp://a b:80", "should name a host"),
            ("tcp://h:0", "port between 1 and 65535"),
            ("tcp://h:65536", "port between 1 and 65535"),
            ("tcp://h:x", "port between 1 and 65535"),
            ("tcp://h:1/v1", "has a path"),
            ("unix://", "absolute path"),
            ("unix://a", "absolute path"),
            ("https://h", "DOCKER_CERT_PATH"),
            ("ssh://u@h", "ssh -nNT -L"),
            ("fd://", "unix:///var/run/docker.sock"),
            ("npipe:////./pipe/docker_engine", "tcp://127.0.0.1:2375"),
            ("ftp://h", "`unix://` or `tcp://`"),
        ] {
            let error = Endpoint::parse(text, None).expect_err(text);
            assert!(error.is_invalid());
            assert!(error.to_string().contains(reason), "{error}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        for text in ["tcp://user:hunter2@h:1", "user:hunter2@h:1", "ssh://u:hunter2@h", "x://u:hunter2@h"] {
            let error = Endpoint::parse(text, None).expect_err(text).to_string();
            assert!(!error.contains("hunter2") && error.contains("@h"), "{error}");
        }
    }

    fn endpoints() -> impl Strategy<Value = Endpoint> {
        let hosts = prop_oneof![
            "[a-z0-9][a-z0-9.-]{0,20}",
            any::<std::net::Ipv4Addr>().prop_map(|ip| ip.to_string()),
            any::<std::net::Ipv6Addr>().prop_map(|ip| ip.to_string()),
        ];
        prop_oneof![
            "/[a-zA-Z0-9/._ -]{0,30}[a-z]".prop_map(|path| Endpoint::Unix(path.into())),
            (hosts, 1_u16.., any::<bool>()).prop_map(|(host, port, tls)| Endpoint::Tcp {
                host,
                port,
                tls: tls.then(files)
            }),
        ]
    }

    proptest! {
        #[test]
        fn a_printed_address_is_parsed_again(endpoint in endpoints()) {
            let tls = matches!(endpoint, Endpoint::Tcp { tls: Some(_), .. }).then(files);
            prop_assert_eq!(Endpoint::parse(&endpoint.to_string(), tls.as_ref()).expect("printed"), endpoint);
        }

        #[test]
        fn no_text_panics(text in "([a-z]{0,5}://)?[-a-z0-9:/@.\\[\\]ü ]{0,30}") {
            let _ = Endpoint::parse(&text, None);
        }
    }
}
