//! Finds out whether this process runs beside the engine, in a container, or at the end of an ssh forward.
//!
//! Docker and Podman put a mark into their containers. Other runtimes, such as containerd below Kubernetes, do not. There
//! the engine is asked whether this process is in one of its containers.

use std::fs;
use std::net::{IpAddr, UdpSocket};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::host;
use super::path::encoded;
use super::transport::Transport;
use crate::base::{background, timeout};
use crate::config::Endpoint;

/// The time limit for each question, so that a slow engine does not delay a start that works without the answer.
const QUESTION: Duration = Duration::from_secs(10);

/// The place of this process, seen from the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The network of the engine's machine, as far as is known.
    Machine,
    /// A container with this gateway.
    Container(IpAddr),
    /// A container with this gateway that the engine does not know, so that the gateway may be another machine's.
    ForeignContainer(IpAddr),
    /// Another machine, with a socket that ssh forwards.
    Forwarded,
}

impl Place {
    /// Finds the place of this process.
    pub(crate) async fn find(endpoint: &Endpoint) -> Self {
        if host::is_marked() {
            return host::container_gateway().map_or(Self::Machine, Self::Container);
        }
        if let Endpoint::Unix(path) = endpoint {
            let path = path.clone();
            if background().run(async move { is_forwarded(&path).await }).await {
                return Self::Forwarded;
            }
        }
        let signs = Signs::read();
        if !signs.tell_of_a_container() {
            return Self::Machine;
        }
        let transport = Transport::new(endpoint.clone());
        background().run(async move { among_containers(&transport, &signs).await }).await
    }
}

/// Finds the place of a process that is probably in a container.
async fn among_containers(transport: &Transport, signs: &Signs) -> Place {
    let Some(gateway) = host::default_gateway() else { return Place::Machine };
    for id in signs.ids() {
        let Some(answer) = ask(transport, &format!("/containers/{}/json", encoded(&id))).await else {
            continue;
        };
        let mode = answer["HostConfig"]["NetworkMode"].as_str().unwrap_or_default();
        return if mode == "host" { Place::Machine } else { Place::Container(gateway) };
    }
    // A pod with the network of its machine has the addresses of the engine's bridges.
    let bridge = ask(transport, "/networks/bridge").await.unwrap_or_default();
    let ranges = bridge["IPAM"]["Config"].as_array().into_iter().flatten();
    let mut gateways = ranges.filter_map(|range| range["Gateway"].as_str()?.parse::<IpAddr>().ok());
    match gateways.any(|address| UdpSocket::bind((address, 0)).is_ok()) {
        true => Place::Machine,
        false => Place::ForeignContainer(gateway),
    }
}

/// Returns the engine's answer. `None` if there is none in time, or an error.
async fn ask(transport: &Transport, path: &str) -> Option<Value> {
    timeout(QUESTION, transport.get_json(path)).await.ok()?.ok()
}

/// Returns `true` if the process that listens at a socket is an ssh client.
async fn is_forwarded(socket: &Path) -> bool {
    let Ok(stream) = tokio::net::UnixStream::connect(socket).await else { return false };
    let pid = stream.peer_cred().ok().and_then(|peer| peer.pid());
    let name = pid.and_then(|pid| fs::read_to_string(format!("/proc/{pid}/comm")).ok());
    name.is_some_and(|name| is_ssh(name.trim()))
}

fn is_ssh(program: &str) -> bool {
    matches!(program, "ssh" | "autossh" | "sshd" | "sshd-session" | "dbclient")
}

/// The files that tell of a container without a mark.
#[derive(Debug, Default)]
struct Signs {
    cgroup: String,
    mounts: String,
    hostname: String,
}

impl Signs {
    fn read() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        Self {
            cgroup: read("/proc/self/cgroup"),
            mounts: read("/proc/self/mountinfo"),
            hostname: read("/proc/sys/kernel/hostname").trim().to_owned(),
        }
    }

    /// Returns `true` if this process is probably in a container. A root file system in layers may also be that of a
    /// machine that runs from a read-only medium.
    fn tell_of_a_container(&self) -> bool {
        let is_layered = |line: &str| {
            let kind = line.split(" - ").nth(1).and_then(|rest| rest.split(' ').next());
            point(line) == Some("/") && kind.is_some_and(|kind| kind.contains("overlay"))
        };
        !self.ids_of_files().is_empty()
            || self.cgroup.contains("kubepods")
            || self.mounts.lines().any(is_layered)
    }

    /// Returns the ids and names by which the engine may know this container, the surest first.
    fn ids(&self) -> Vec<String> {
        let mut ids = self.ids_of_files();
        if !self.hostname.is_empty() {
            ids.push(self.hostname.clone());
        }
        ids
    }

    fn ids_of_files(&self) -> Vec<String> {
        // Engines mount these files from the container's own folder. Other mounts may name other containers.
        let own = ["/etc/hostname", "/etc/hosts", "/etc/resolv.conf"];
        let own_mounts =
            self.mounts.lines().filter(|line| point(line).is_some_and(|point| own.contains(&point)));
        let mut ids = Vec::new();
        for line in self.cgroup.lines().chain(own_mounts) {
            let words = line.split(|c: char| !c.is_ascii_hexdigit());
            for id in words.filter(|word| word.len() == 64) {
                if !ids.iter().any(|known| known == id) {
                    ids.push(id.to_owned());
                }
            }
        }
        ids
    }
}

/// Returns the mount point of a line of `mountinfo`.
fn point(line: &str) -> Option<&str> {
    line.split(' ').nth(4)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// E4: a container without a mark is recognised by its control group, its mounts, or its layers.
    #[test]
    fn a_container_is_recognised_by_its_files() {
        let (a, b) = ("a1".repeat(32), "b2".repeat(32));
        let mount = |from: &str, at: &str, kind: &str| format!("9 1 0:9 {from} {at} rw - {kind} x rw\n");
        let docker = mount(&format!("/var/lib/docker/containers/{b}/hosts"), "/etc/hosts", "ext4");
        let other = mount("/", &format!("/var/lib/docker/containers/{b}/mounts/shm"), "tmpfs");
        for (cgroup, mounts, is_container, ids) in [
            (String::new(), String::new(), false, vec![]),
            ("0::/user.slice/session-1.scope".to_owned(), mount("/", "/", "ext4"), false, vec![]),
            (format!("5:cpu:/docker/{a}\n4:pids:/docker/{a}\n"), String::new(), true, vec![&a]),
            (format!("0::/system.slice/docker-{a}.scope"), docker.clone(), true, vec![&a, &b]),
            ("0::/".to_owned(), docker, true, vec![&b]),
            ("0::/kubepods/besteffort/pod1/x".to_owned(), String::new(), true, vec![]),
            ("0::/".to_owned(), mount("/", "/", "overlay"), true, vec![]),
            ("0::/".to_owned(), mount("/", "/", "fuse.fuse-overlayfs"), true, vec![]),
            // A machine sees the mounts of the containers that run on it.
            ("0::/init.scope".to_owned(), other, false, vec![]),
        ] {
            let signs = Signs { cgroup, mounts, hostname: String::new() };
            assert_eq!(signs.tell_of_a_container(), is_container, "{signs:?}");
            assert_eq!(signs.ids().iter().collect::<Vec<_>>(), ids, "{signs:?}");
        }
        let signs = Signs { hostname: "0123456789ab".into(), ..Signs::default() };
        assert_eq!(signs.ids(), ["0123456789ab"], "the host name is asked for last");
    }

    /// E4: a socket that an ssh client listens at leads to another machine.
    #[test]
    fn a_forward_is_recognised_by_its_program() {
        assert!(["ssh", "autossh"].into_iter().all(is_ssh));
        assert!(!["dockerd", "systemd", "podman", "ssh-agent", ""].into_iter().any(is_ssh));
    }

    proptest! {
        #[test]
        fn no_file_panics(cgroup in "(.{0,40}\n){0,4}", mounts in "(.{0,40}\n){0,4}") {
            let signs = Signs { cgroup, mounts, hostname: String::new() };
            let _ = (signs.tell_of_a_container(), signs.ids());
        }
    }
}
