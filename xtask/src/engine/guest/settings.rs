//! The configuration files that a guest engine needs.

use std::path::Path;

use anyhow::{Context, Result};
use rustix::process::{Resource, getrlimit};

use super::recipe::{Kind, ROOTLESS};

/// A registry on loopback is asked without TLS, as Docker does it by default.
const REGISTRIES: &str = include_str!("registries.conf");
/// Starts Podman as a user.
const START: &str = include_str!("rootless.sh");
/// No image needs a signature, as with Docker.
const POLICY: &str = "{ \"default\": [{ \"type\": \"insecureAcceptAnything\" }] }\n";

/// Writes the files below a folder.
///
/// # Errors
/// Fails if a file cannot be written.
pub(crate) fn write(kind: Kind, root: &Path) -> Result<()> {
    match kind {
        Kind::Docker => Ok(()),
        Kind::Podman | Kind::RootlessPodman => {
            if kind == Kind::RootlessPodman {
                file(&root.join(ROOTLESS.trim_start_matches('/')), START)?;
            }
            let containers = root.join("etc/containers");
            file(&containers.join("registries.conf.d/seatrial.conf"), REGISTRIES)?;
            file(&containers.join("policy.json"), POLICY)?;
            let (files, processes) = (maximum(Resource::Nofile), maximum(Resource::Nproc));
            // Podman lowers its own limit of processes to the number of process ids.
            let processes = processes.into_iter().chain(process_ids()).min();
            file(&containers.join("containers.conf"), &limits(files, processes))
        }
    }
}

/// Returns Podman's setting of limits that it cannot raise: as root, Podman 4 asks for more than some machines permit,
/// and then starts no container.
fn limits(files: Option<u64>, processes: Option<u64>) -> String {
    let limit = |name: &str, most: Option<u64>| most.map(|most| format!("\"{name}={most}:{most}\""));
    let all: Vec<_> = [limit("nofile", files), limit("nproc", processes)].into_iter().flatten().collect();
    format!("[containers]\ndefault_ulimits = [{}]\n", all.join(", "))
}

fn maximum(resource: Resource) -> Option<u64> {
    getrlimit(resource).maximum
}

/// Returns the number of process ids that the kernel gives out.
fn process_ids() -> Option<u64> {
    std::fs::read_to_string("/proc/sys/kernel/pid_max").ok()?.trim().parse().ok()
}

fn file(path: &Path, content: &str) -> Result<()> {
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(path.parent().unwrap_or(path))?;
        std::fs::write(path, content)
    };
    write().with_context(|| format!("failed to write `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_limits_that_exist_are_set() {
        assert_eq!(limits(Some(5), None), "[containers]\ndefault_ulimits = [\"nofile=5:5\"]\n");
        assert_eq!(
            limits(Some(5), Some(6)),
            "[containers]\ndefault_ulimits = [\"nofile=5:5\", \"nproc=6:6\"]\n"
        );
    }
}
