//! Where the private engine keeps its things, and what is written down about it for the commands that come later.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::workspace;

/// The private engine as it was started: enough to find it and to remove every trace of it.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) struct Private {
    /// Images, containers, logs, the daemon's configuration. May grow large.
    pub(crate) home: PathBuf,
    /// Sockets and process ids. Short, since a socket's path may have 107 bytes and the engine nests its own deep.
    pub(crate) run: PathBuf,
    pub(crate) bridge: String,
    /// The first two numbers of the addresses of all its networks, as in `10.201`.
    pub(crate) network: String,
    /// Whether packets are let through by rules of ours, not of the daemon's own.
    pub(crate) own_rules: bool,
}

impl Private {
    /// The private engine of this workspace, about to be started.
    pub(crate) fn new(network: String, own_rules: bool) -> Self {
        let home = home();
        let id = short_id(&home);
        Self {
            run: run_directory().join(format!("seatrial-{id}")),
            bridge: format!("seatrial-{id}"),
            home,
            network,
            own_rules,
        }
    }

    /// What was written down when the engine was started, if it was.
    ///
    /// # Errors
    /// If it cannot be read back.
    pub(crate) fn read() -> Result<Option<Self>> {
        let path = record(&home());
        if !path.exists() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(&path)?;
        let state = serde_json::from_str(&text).with_context(|| {
            format!("failed to read `{}`; remove it if no private engine is up", path.display())
        })?;
        Ok(Some(state))
    }

    /// Makes the directories and writes everything down.
    ///
    /// # Errors
    /// If a directory or file cannot be made.
    pub(crate) fn write(&self) -> Result<()> {
        for directory in [&self.home, &self.run] {
            std::fs::create_dir_all(directory)
                .with_context(|| format!("failed to make directory `{}`", directory.display()))?;
        }
        let path = record(&self.home);
        std::fs::write(&path, serde_json::to_string_pretty(self)?)
            .with_context(|| format!("failed to write `{}`", path.display()))
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.run.join("docker.sock")
    }

    pub(crate) fn url(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    pub(crate) fn exec_root(&self) -> PathBuf {
        self.run.join("exec")
    }

    pub(crate) fn pid_file(&self) -> PathBuf {
        self.run.join("dockerd.pid")
    }

    pub(crate) fn data_root(&self) -> PathBuf {
        self.home.join("data")
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.home.join("daemon.json")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.home.join("dockerd.log")
    }
}

fn home() -> PathBuf {
    workspace::target().join("engine")
}

fn record(home: &Path) -> PathBuf {
    home.join("engine.json")
}

/// Where sockets belong; short on every system.
fn run_directory() -> PathBuf {
    std::env::var_os("XDG_RUNTIME_DIR").filter(|path| !path.is_empty()).map_or("/run".into(), PathBuf::from)
}

/// Six hexadecimal digits that tell this workspace's engine from another's.
fn short_id(home: &Path) -> String {
    let digest = Sha256::digest(home.as_os_str().as_encoded_bytes());
    digest.iter().take(3).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_within_what_the_kernel_takes() {
        let private = Private::new("10.201".into(), true);
        assert!(private.bridge.len() <= 15, "an interface's name has at most 15 bytes");
        // The longest socket below the exec root: `libnetwork/<12 digits>.sock` and containerd's debug socket.
        let longest = private.exec_root().join("containerd/containerd-debug.sock.ttrpc");
        assert!(longest.as_os_str().len() <= 107, "{}", longest.display());
    }

    #[test]
    fn different_workspaces_have_different_ids() {
        assert_ne!(short_id(Path::new("/a")), short_id(Path::new("/b")));
    }
}
