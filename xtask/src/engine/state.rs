//! The private engine's paths, and the record of it that later commands read.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::workspace;

/// The record of a private engine: what is needed to find it and to remove everything of it.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) struct Private {
    /// The folder of images, containers, logs and the daemon's configuration. It may grow large.
    pub(crate) home: PathBuf,
    /// The folder of sockets and process ids. Its path is short, since a socket's path may have 107 bytes at most and
    /// the engine nests its own sockets deep.
    pub(crate) run: PathBuf,
    pub(crate) bridge: String,
    /// The first two numbers of the addresses in all its networks, as in `10.201`.
    pub(crate) network: String,
    /// `true` if this command makes the rules that let packets through, in place of the daemon.
    pub(crate) own_rules: bool,
}

impl Private {
    /// Creates the record of this workspace's private engine, before its start.
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

    /// Reads the record, if there is one.
    ///
    /// # Errors
    /// Fails if it cannot be read or parsed.
    pub(crate) fn read() -> Result<Option<Self>> {
        let path = record(&home());
        if !path.exists() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(&path)?;
        let state = serde_json::from_str(&text).with_context(|| {
            format!("failed to read `{}`; remove it if no private engine is running", path.display())
        })?;
        Ok(Some(state))
    }

    /// Creates the folders and writes the record.
    ///
    /// # Errors
    /// Fails if a folder or the file cannot be created.
    pub(crate) fn write(&self) -> Result<()> {
        for directory in [&self.home, &self.run] {
            std::fs::create_dir_all(directory)
                .with_context(|| format!("failed to create the folder `{}`", directory.display()))?;
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

/// Returns the system's folder for sockets; its path is short on every system.
fn run_directory() -> PathBuf {
    std::env::var_os("XDG_RUNTIME_DIR").filter(|path| !path.is_empty()).map_or("/run".into(), PathBuf::from)
}

/// Returns six hexadecimal digits that distinguish this workspace's engine from others.
fn short_id(home: &Path) -> String {
    let digest = Sha256::digest(home.as_os_str().as_encoded_bytes());
    digest.iter().take(3).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_no_longer_than_the_kernel_allows() {
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
