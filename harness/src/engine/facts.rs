//! What an engine says of itself and its machine: storage, control groups, runtimes.

use std::path::PathBuf;

use serde_json::Value;

use super::client::Engine;
use crate::words::Result;

/// What an engine says of itself and its machine. What it does not say is empty or none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EngineFacts {
    /// How it stores images: `overlay2`.
    pub storage_driver: String,
    /// Who manages control groups: `cgroupfs`, `systemd`.
    pub cgroup_driver: String,
    /// The version of control groups: `1`, `2`.
    pub cgroup_version: String,
    /// Where it keeps its data, on its own machine.
    pub root_dir: Option<PathBuf>,
    /// The runtimes that it has, in the order of their names.
    pub runtimes: Vec<String>,
    /// The one of them that is taken if none is asked for.
    pub default_runtime: String,
    /// Whether it runs without root's rights.
    pub is_rootless: bool,
    /// How many processors its machine has.
    pub cpus: u64,
    /// How much memory its machine has, in bytes.
    pub memory: u64,
    /// What it warns of: limits that it can't enforce, for example.
    pub warnings: Vec<String>,
}

impl Engine {
    /// Asks the engine what it says of itself and its machine.
    ///
    /// # Errors
    /// The engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing.
    pub async fn facts(&self) -> Result<EngineFacts> {
        Ok(EngineFacts::read(&self.system_info("ask what it is").await?))
    }

    /// The engine's answer to `/info`.
    pub(super) async fn system_info(&self, phase: &'static str) -> Result<Value> {
        let what = self.what(phase, "engine");
        let transport = self.transport();
        self.call(what, async move { Ok(transport.get_json("/info").await?) }).await
    }
}

impl EngineFacts {
    /// What is missing, or is not what it should be, counts as not said.
    fn read(info: &Value) -> Self {
        let text = |key: &str| info[key].as_str().unwrap_or_default().to_owned();
        let texts = |key: &str| -> Vec<String> {
            let items = info[key].as_array().into_iter().flatten();
            items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
        };
        let mut runtimes: Vec<String> =
            info["Runtimes"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        runtimes.sort();
        Self {
            storage_driver: text("Driver"),
            cgroup_driver: text("CgroupDriver"),
            cgroup_version: text("CgroupVersion"),
            root_dir: Some(text("DockerRootDir")).filter(|dir| !dir.is_empty()).map(PathBuf::from),
            runtimes,
            default_runtime: text("DefaultRuntime"),
            is_rootless: texts("SecurityOptions").iter().any(|option| option == "name=rootless"),
            cpus: info["NCPU"].as_u64().unwrap_or_default(),
            memory: info["MemTotal"].as_u64().unwrap_or_default(),
            warnings: texts("Warnings"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_said_is_read_and_what_is_not_is_empty() {
        let facts = EngineFacts::read(&json!({
            "Driver": "overlay2", "CgroupVersion": "2", "DockerRootDir": "/var/lib/docker", "NCPU": 2,
            "Runtimes": { "runsc": {}, "runc": {} }, "SecurityOptions": ["name=seccomp", "name=rootless"],
            "Warnings": null,
        }));
        assert_eq!(facts.runtimes, ["runc", "runsc"]);
        assert_eq!(facts.root_dir.as_deref(), Some(std::path::Path::new("/var/lib/docker")));
        assert!(facts.is_rootless && facts.warnings.is_empty() && facts.cgroup_driver.is_empty());
        assert_eq!(EngineFacts::read(&json!({})), EngineFacts::default());
    }
}
