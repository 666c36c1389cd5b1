//! The engine's answer to an inspect, parsed leniently: unknown words are kept.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::Value;

use crate::words::{ContainerState, Port};

/// A snapshot of what the engine knows of a container, from an inspect.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ContainerInfo {
    /// The container's name, without the engine's leading slash.
    pub name: String,
    /// The image that it was created from, as given at the creation.
    pub image: String,
    /// The state, with health and exit code.
    pub state: ContainerState,
    /// `true` if it has a terminal, so that its output is one unframed stream.
    pub tty: bool,
    /// The OCI runtime, for example `runc`.
    pub runtime: String,
    /// The directory of the runtime's state on the engine's machine. `None` if it can't be derived.
    pub runtime_root: Option<String>,
    /// The name of its restart policy; empty if it has none.
    pub restart_policy: String,
    /// The maximum number of processes. `None` means no limit.
    pub pids_limit: Option<u32>,
    /// The memory limit in bytes. `None` means no limit.
    pub memory_limit: Option<u64>,
    /// The directory of its root file system on the engine's machine. `None` if the storage driver does not report it.
    pub root_dir: Option<String>,
    /// Its network mode: `host`, `none`, `container:<id>`, or the name of its first network.
    pub network_mode: String,
    /// Its addresses, one entry per network. With another container's network, the addresses of that container.
    pub networks: Vec<NetworkAddress>,
    /// Its ports with the addresses that they are published at. The list is empty for a port that is only exposed.
    /// With another container's network, the ports of that container.
    pub ports: Vec<(Port, Vec<HostBinding>)>,
    /// `true` if it has a health check.
    pub has_health_check: bool,
}

/// A container's addresses in one network.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NetworkAddress {
    /// The network's name.
    pub network: String,
    /// The IPv4 address, while the container runs.
    pub ipv4: Option<Ipv4Addr>,
    /// The global IPv6 address, if the network has IPv6.
    pub ipv6: Option<Ipv6Addr>,
    /// The names under which others on the network reach it.
    pub aliases: Vec<String>,
}

/// An address of the engine's machine at which a port is published.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostBinding {
    /// The IP address; `0.0.0.0` and `::` stand for all addresses.
    pub ip: String,
    /// The port.
    pub port: u16,
}

impl ContainerInfo {
    /// Reads the answer to an inspect. Missing values are empty, so that no engine's answer is refused.
    pub(crate) fn from_json(answer: Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (state, config, host) = (&answer["State"], &answer["Config"], &answer["HostConfig"]);
        Self {
            name: text(&answer["Name"]).trim_start_matches('/').to_owned(),
            image: text(&config["Image"]),
            state: ContainerState::from_inspect(&answer),
            tty: config["Tty"].as_bool().unwrap_or(false),
            runtime: text(&host["Runtime"]),
            runtime_root: runtime_root(&answer),
            restart_policy: text(&host["RestartPolicy"]["Name"]).replace("no", ""),
            pids_limit: host["PidsLimit"]
                .as_i64()
                .and_then(|limit| u32::try_from(limit).ok())
                .filter(|limit| *limit > 0),
            memory_limit: host["Memory"].as_u64().filter(|limit| *limit > 0),
            root_dir: root_dir(&answer["GraphDriver"]["Data"]),
            network_mode: text(&host["NetworkMode"]),
            networks: networks(&answer["NetworkSettings"]["Networks"]),
            ports: ports(&answer["NetworkSettings"]["Ports"]),
            has_health_check: has_health_check(state, config),
        }
    }
}

impl ContainerInfo {
    /// Returns the name or id of the container whose network this one shares.
    pub(crate) fn shares_network_with(&self) -> Option<&str> {
        self.network_mode.strip_prefix("container:")
    }
}

/// Returns `true` if the container has a health check. Podman reports an empty status for one without.
fn has_health_check(state: &Value, config: &Value) -> bool {
    let has_status = state["Health"]["Status"].as_str().is_some_and(|status| !matches!(status, "" | "none"));
    let test = config["Healthcheck"]["Test"].as_array().and_then(|test| test.first()?.as_str());
    has_status || test.is_some_and(|first| !matches!(first, "" | "NONE"))
}

/// Returns the directory of the root file system. Overlay drivers name the merged directory, others their only
/// directory.
fn root_dir(data: &Value) -> Option<String> {
    ["MergedDir", "Dir", "Mountpoint"].iter().find_map(|key| data[*key].as_str()).map(str::to_owned)
}

/// Returns the directory of the runtime's state. Docker uses `runtime-runc/moby` below its own state directory, which
/// also contains the network namespaces (`--exec-root` of dockerd; observed with 20.10 and runc).
fn runtime_root(answer: &Value) -> Option<String> {
    let runtime = answer["HostConfig"]["Runtime"].as_str().filter(|name| !name.is_empty())?;
    let sandbox = answer["NetworkSettings"]["SandboxKey"].as_str()?;
    let (exec_root, _) = sandbox.split_once("/netns/").filter(|(root, _)| root.starts_with('/'))?;
    Some(format!("{exec_root}/runtime-{runtime}/moby"))
}

fn networks(map: &Value) -> Vec<NetworkAddress> {
    let entries = map.as_object().into_iter().flatten();
    entries
        .map(|(name, settings)| NetworkAddress {
            network: name.clone(),
            ipv4: settings["IPAddress"].as_str().and_then(|ip| ip.parse().ok()),
            ipv6: settings["GlobalIPv6Address"].as_str().and_then(|ip| ip.parse().ok()),
            aliases: settings["Aliases"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|alias| alias.as_str().map(str::to_owned))
                .collect(),
        })
        .collect()
}

fn ports(map: &Value) -> Vec<(Port, Vec<HostBinding>)> {
    let binding = |value: &Value| {
        let port = value["HostPort"].as_str()?.parse().ok()?;
        Some(HostBinding { ip: value["HostIp"].as_str().unwrap_or_default().to_owned(), port })
    };
    let entries = map.as_object().into_iter().flatten();
    let mut ports: Vec<_> = entries
        .filter_map(|(port, bindings)| {
            let bindings = bindings.as_array().into_iter().flatten().filter_map(binding).collect();
            Some((port.parse().ok()?, bindings))
        })
        .collect();
    ports.sort_by_key(|(port, _)| *port);
    ports
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_with_unknown_words_and_missing_parts_is_read() {
        let info = ContainerInfo::from_json(json!({
            "Name": "/x", "State": {"Status": "stopped", "Pid": 0},
            "NetworkSettings": {"Ports": {"80/tcp": null, "53/udp": [{"HostIp": "127.0.0.1", "HostPort": "4711"}]}},
        }));
        assert_eq!((info.name.as_str(), info.state.pid), ("x", None));
        assert_eq!(info.ports.len(), 2);
        assert_eq!(info.ports[0].1, [HostBinding { ip: "127.0.0.1".into(), port: 4711 }]);
        assert!(info.ports[1].1.is_empty());
    }

    /// M6: the runtime's state directory is derived from that of the network namespaces.
    #[test]
    fn the_runtime_s_directory_is_beside_the_network_s() {
        let root = |sandbox: &str, runtime: &str| {
            let answer = json!({
                "HostConfig": { "Runtime": runtime }, "NetworkSettings": { "SandboxKey": sandbox },
            });
            ContainerInfo::from_json(answer).runtime_root
        };
        let docker = root("/var/run/docker/netns/368a40fc8411", "runc");
        assert_eq!(docker.as_deref(), Some("/var/run/docker/runtime-runc/moby"));
        for (sandbox, runtime) in
            [("", "runc"), ("/run/user/1/netns", "runc"), ("/a/netns/b", ""), ("netns/x", "y")]
        {
            assert_eq!(root(sandbox, runtime), None, "{sandbox}, {runtime}");
        }
    }

    #[test]
    fn an_empty_answer_is_an_empty_description() {
        assert!(ContainerInfo::from_json(Value::Null).networks.is_empty());
    }
}
