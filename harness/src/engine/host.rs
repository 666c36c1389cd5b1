//! Determines the host at which the engine's published ports are reachable, and the path of its socket for a sidecar
//! (E4). Finding the engine itself is up to `discover.rs`.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use crate::config::{Config, Endpoint, Setting};

/// The path of the engine's socket on its own machine, if the engine runs in a virtual or another machine.
const USUAL_SOCKET: &str = "/var/run/docker.sock";

/// The host at which published ports are reachable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostAddress {
    /// A host name or an IP address. An IPv6 address has no brackets.
    pub host: String,
    /// The source of the value, as messages name it.
    pub source: String,
}

impl HostAddress {
    /// Returns the narrowest address to publish ports on so that they are reachable from this process.
    ///
    /// Loopback suffices for a test on the engine's machine. The engine's loopback is unreachable from inside a
    /// container and from another machine.
    pub(crate) fn publish_on(&self) -> IpAddr {
        match self.host.parse::<IpAddr>() {
            Ok(ip) if ip.is_loopback() => ip,
            Err(_) if self.host == "localhost" => Ipv4Addr::LOCALHOST.into(),
            Ok(IpAddr::V6(_)) => Ipv6Addr::UNSPECIFIED.into(),
            Ok(IpAddr::V4(_)) | Err(_) => Ipv4Addr::UNSPECIFIED.into(),
        }
    }
}

/// Returns the host at which published ports are reachable (C18): the configured one; else the host of a `tcp://`
/// engine; else the `gateway`, if this process runs in a container next to those it starts; else loopback.
///
/// `gateway` is the result of [`container_gateway`].
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

/// Returns `true` if the engine's networks are those of this machine, so that a container's own address is that
/// container's and no other's: the engine is at a local address that no virtual machine forwards, and no variable says
/// that ports are published on another machine. Another machine may have its own networks with the same addresses.
///
/// `gateway` is the result of [`container_gateway`].
pub(crate) fn shares_networks(config: &Config, endpoint: &Endpoint, gateway: Option<IpAddr>) -> bool {
    let is_here = match endpoint {
        Endpoint::Unix(path) => !is_forwarded(config, path),
        Endpoint::Tcp { host, .. } => is_local(host),
    };
    let published = config.engine.published_host.as_ref();
    // Within a container, the variable may name the engine's machine, which is beside it.
    is_here && (gateway.is_some() || published.is_none_or(|host| is_local(&host.value)))
}

fn is_local(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Returns the path of the engine's socket to mount into a sidecar, as the engine sees it.
///
/// The path differs from ours if a desktop product forwards the socket from its virtual machine, or if the engine is on
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
    // Docker Desktop uses this folder on macOS. On Linux, it belongs to a rootless engine on this machine.
    let desktop = cfg!(target_os = "macos").then_some(".docker/run");
    let Some(home) = &config.engine.home else { return false };
    folders.into_iter().chain(desktop).any(|folder| socket.starts_with(home.join(folder)))
}

/// Returns the gateway of the container that this process runs in. `None` outside of a container or in the host's
/// network.
pub(crate) fn container_gateway() -> Option<IpAddr> {
    let marks = ["/.dockerenv", "/run/.containerenv"];
    if !marks.iter().any(|mark| Path::new(mark).exists()) {
        return None;
    }
    let table = fs::read_to_string("/proc/net/route").ok()?;
    let Route { interface, gateway } = default_route(&table)?;
    // An interface with a device belongs to the machine, so the container shares the host's network and its loopback.
    let hardware = Path::new("/sys/class/net").join(interface).join("device").exists();
    (!hardware).then_some(IpAddr::V4(gateway))
}

#[derive(Debug, PartialEq, Eq)]
struct Route<'a> {
    interface: &'a str,
    gateway: Ipv4Addr,
}

/// Returns the default route from `/proc/net/route`: the one with the lowest metric.
fn default_route(table: &str) -> Option<Route<'_>> {
    let routes = table.lines().skip(1).filter_map(|line| {
        let fields: Vec<_> = line.split_ascii_whitespace().collect();
        let [interface, destination, gateway, _flags, _references, _use, metric, mask, ..] = fields[..]
        else {
            return None;
        };
        // Addresses are hexadecimal numbers with the bytes in memory order.
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
    fn networks_are_shared_with_an_engine_on_this_machine_alone() {
        let gateway: IpAddr = "172.17.0.1".parse().expect("an address");
        let (home, elsewhere) = (("HOME", "/h"), ("SEATRIAL_HOST", "build.example"));
        for (env, engine, gateway, shared) in [
            (&[home][..], "/run/docker.sock", None, true),
            (&[home], "/run/docker.sock", Some(gateway), true),
            (&[home], "tcp://127.0.0.1:1", None, true),
            (&[home], "tcp://[::1]:1", None, true),
            (&[home, ("SEATRIAL_HOST", "localhost")], "/run/docker.sock", None, true),
            (&[home, elsewhere], "/run/docker.sock", Some(gateway), true),
            (&[home], "/h/.colima/default/docker.sock", None, false),
            (&[home], "tcp://192.0.2.7:1", None, false),
            (&[home], "tcp://build.example:1", Some(gateway), false),
            (&[home, elsewhere], "/run/forwarded.sock", None, false),
            (&[home, elsewhere], "tcp://localhost:1", None, false),
        ] {
            let is_shared = shares_networks(&config(env), &endpoint(engine), gateway);
            assert_eq!(is_shared, shared, "{env:?} {engine} {gateway:?}");
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
