//! Two of the three questions about an engine (E4): at which host its published ports are reached, and which path its
//! socket has for a sidecar. Where the engine itself is, is for `discover.rs`.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use crate::config::{Config, Endpoint, Setting};

/// Where an engine in a virtual machine, or on another machine, finds its own socket.
const USUAL_SOCKET: &str = "/var/run/docker.sock";

/// Where published ports are reached.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostAddress {
    /// A name or an address; an IPv6 address has no brackets.
    pub host: String,
    /// What led to it, in words that a message can use.
    pub source: String,
}

impl HostAddress {
    /// The address to publish ports on so that they are reachable here, and no wider than that takes.
    ///
    /// Loopback is enough for a test on the engine's machine. From within a container, or from another machine, what
    /// is published on the engine's loopback is out of reach.
    pub(crate) fn publish_on(&self) -> IpAddr {
        match self.host.parse::<IpAddr>() {
            Ok(ip) if ip.is_loopback() => ip,
            Err(_) if self.host == "localhost" => Ipv4Addr::LOCALHOST.into(),
            Ok(IpAddr::V6(_)) => Ipv6Addr::UNSPECIFIED.into(),
            Ok(IpAddr::V4(_)) | Err(_) => Ipv4Addr::UNSPECIFIED.into(),
        }
    }
}

/// The host at which published ports are reached (C18): what a variable says; else the host of a `tcp://` engine; else
/// the `gateway`, if this process runs in a container beside those it starts; else loopback.
///
/// `gateway` is that of [`container_gateway`].
pub(crate) fn reachable_host(config: &Config, endpoint: &Endpoint, gateway: Option<IpAddr>) -> HostAddress {
    if let Some(Setting { value, source }) = &config.engine.published_host {
        return HostAddress { host: value.clone(), source: source.clone() };
    }
    let address = |host: String, source: &str| HostAddress { host, source: source.to_owned() };
    match (endpoint, gateway) {
        (Endpoint::Tcp { host, .. }, _) if !is_local(host) => address(host.clone(), "the engine's address"),
        (Endpoint::Tcp { .. } | Endpoint::Unix(_), Some(gateway)) => {
            address(gateway.to_string(), "the gateway of the container that this process runs in")
        }
        (Endpoint::Tcp { host, .. }, None) => address(host.clone(), "the engine's address"),
        (Endpoint::Unix(_), None) => address(Ipv4Addr::LOCALHOST.to_string(), "the engine's socket is local"),
    }
}

fn is_local(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The path to mount into a sidecar, as the engine sees it.
///
/// A socket that a desktop forwards from its virtual machine has another path there; so has that of an engine on
/// another machine.
pub(crate) fn sidecar_socket(config: &Config, endpoint: &Endpoint) -> Setting<PathBuf> {
    if let Some(socket) = &config.engine.sidecar_socket {
        return socket.clone();
    }
    match endpoint {
        Endpoint::Unix(path) if is_forwarded(config, path) => {
            Setting::new(USUAL_SOCKET.into(), "the engine runs in a virtual machine")
        }
        Endpoint::Unix(path) => Setting::new(path.clone(), "the engine's address"),
        Endpoint::Tcp { .. } => {
            Setting::new(USUAL_SOCKET.into(), "the usual path, since the engine is behind TCP")
        }
    }
}

fn is_forwarded(config: &Config, socket: &Path) -> bool {
    let folders = [".docker/desktop", ".colima", ".rd", ".orbstack", ".lima"];
    // Docker Desktop uses this one on macOS; on Linux it is that of a rootless engine on this machine.
    let desktop = cfg!(target_os = "macos").then_some(".docker/run");
    let Some(home) = &config.engine.home else { return false };
    folders.into_iter().chain(desktop).any(|folder| socket.starts_with(home.join(folder)))
}

/// The gateway of the container that this process runs in; `None` if it runs in none, or in the host's network.
pub(crate) fn container_gateway() -> Option<IpAddr> {
    let marks = ["/.dockerenv", "/run/.containerenv"];
    if !marks.iter().any(|mark| Path::new(mark).exists()) {
        return None;
    }
    let table = fs::read_to_string("/proc/net/route").ok()?;
    let Route { interface, gateway } = default_route(&table)?;
    // An interface with a device is the machine's own: a container in the host's network has its loopback, too.
    let hardware = Path::new("/sys/class/net").join(interface).join("device").exists();
    (!hardware).then_some(IpAddr::V4(gateway))
}

#[derive(Debug, PartialEq, Eq)]
struct Route<'a> {
    interface: &'a str,
    gateway: Ipv4Addr,
}

/// The default route of `/proc/net/route`; of several, the one that the kernel prefers.
fn default_route(table: &str) -> Option<Route<'_>> {
    let routes = table.lines().skip(1).filter_map(|line| {
        let fields: Vec<_> = line.split_ascii_whitespace().collect();
        let [interface, destination, gateway, _flags, _references, _use, metric, mask, ..] = fields[..]
        else {
            return None;
        };
        // Numbers are in hexadecimal, with the bytes as they lie in memory.
        let gateway = u32::from_str_radix(gateway, 16).ok().filter(|gateway| *gateway != 0)?;
        let default = [destination, mask].iter().all(|field| u32::from_str_radix(field, 16) == Ok(0));
        let route = Route { interface, gateway: Ipv4Addr::from(gateway.to_ne_bytes()) };
        default.then_some((metric.parse::<u32>().ok()?, route))
    });
    routes.min_by_key(|(metric, _)| *metric).map(|(_, route)| route)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn config(env: &[(&str, &str)]) -> Config {
        Config::of(env, "").expect("valid")
    }

    fn endpoint(text: &str) -> Endpoint {
        Endpoint::parse(text, None).expect("valid")
    }

    #[test]
    fn the_host_is_the_one_of_the_nearest_authority() {
        let gateway: IpAddr = "172.17.0.1".parse().expect("an address");
        let overridden = [("TESTCONTAINERS_HOST_OVERRIDE", "o")];
        for (env, engine, gateway, host) in [
            (&overridden[..], "tcp://h:1", Some(gateway), "o"),
            (&[("SEATRIAL_HOST", "s"), overridden[0]], "/s", None, "s"),
            (&[], "tcp://h:1", Some(gateway), "h"),
            (&[], "tcp://[fe80::1]:1", None, "fe80::1"),
            (&[], "tcp://localhost:1", None, "localhost"),
            (&[], "tcp://127.0.0.1:1", Some(gateway), "172.17.0.1"),
            (&[], "/s", Some(gateway), "172.17.0.1"),
            (&[], "/s", None, "127.0.0.1"),
        ] {
            let address = reachable_host(&config(env), &endpoint(engine), gateway);
            assert_eq!(address.host, host, "{env:?} {engine} {gateway:?}");
            assert!(!address.source.is_empty());
        }
    }

    #[test]
    fn ports_are_published_no_wider_than_needed() {
        for (host, ip) in [
            ("127.0.0.1", "127.0.0.1"),
            ("localhost", "127.0.0.1"),
            ("::1", "::1"),
            ("172.17.0.1", "0.0.0.0"),
            ("fe80::1", "::"),
            ("docker", "0.0.0.0"),
        ] {
            let address = HostAddress { host: host.to_owned(), source: String::new() };
            assert_eq!(address.publish_on().to_string(), ip, "{host}");
        }
    }

    #[test]
    fn a_sidecar_gets_the_socket_as_the_engine_sees_it() {
        let home = ("HOME", "/h");
        let named = ("TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE", "/o");
        for (env, engine, socket) in [
            (&[home, named][..], "/h/.colima/default/docker.sock", "/o"),
            (&[home], "/h/.colima/default/docker.sock", USUAL_SOCKET),
            (&[home], "/h/.docker/desktop/docker.sock", USUAL_SOCKET),
            (&[home], "/run/user/1000/docker.sock", "/run/user/1000/docker.sock"),
            (&[home], "tcp://h:1", USUAL_SOCKET),
            (&[], "/x", "/x"),
        ] {
            assert_eq!(
                sidecar_socket(&config(env), &endpoint(engine)).value,
                Path::new(socket),
                "{env:?} {engine}"
            );
        }
    }

    const HEADER: &str =
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";

    fn hex(ip: [u8; 4]) -> String {
        format!("{:08X}", u32::from_ne_bytes(ip))
    }

    #[test]
    fn the_default_route_with_the_lowest_metric_is_found() {
        let line = |interface: &str, destination, gateway, metric: u32| {
            format!(
                "{interface}\t{}\t{}\t0003\t0\t0\t{metric}\t00000000\t0\t0\t0\n",
                hex(destination),
                hex(gateway)
            )
        };
        let table = [
            HEADER.to_owned(),
            line("other", [10, 0, 0, 0], [10, 0, 0, 2], 0),
            line("none", [0; 4], [0; 4], 0),
            line("worse", [0; 4], [10, 0, 0, 1], 600),
            line("eth0", [0; 4], [172, 17, 0, 1], 100),
        ];
        let route = default_route(&table.concat()).map(|route| (route.interface.to_owned(), route.gateway));
        assert_eq!(route, Some(("eth0".to_owned(), Ipv4Addr::new(172, 17, 0, 1))));
    }

    #[test]
    fn a_table_without_a_default_route_has_none() {
        for table in ["", HEADER, "x\ny", &format!("{HEADER}eth0\t0\t")] {
            assert_eq!(default_route(table), None, "{table:?}");
        }
    }

    proptest! {
        #[test]
        fn no_table_panics(table in "(.{0,40}\n){0,5}") {
            let _ = default_route(&table);
        }
    }
}
