//! Facts about an engine and its machine: storage, cgroups, runtimes.

use std::path::PathBuf;

use serde_json::Value;

use super::client::Engine;
use crate::words::Result;

/// Facts about an engine and its machine, from `/info`. A value that the engine does not report is empty, zero or
/// `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EngineFacts {
    /// The storage driver, such as `overlay2`.
    pub storage_driver: String,
    /// The cgroup driver: `cgroupfs` or `systemd`.
    pub cgroup_driver: String,
    /// The cgroup version: `1` or `2`.
    pub cgroup_version: String,
    /// The directory with the engine's data, on its own machine.
    pub root_dir: Option<PathBuf>,
    /// The names of the installed runtimes, sorted.
    pub runtimes: Vec<String>,
    /// The runtime that is used by default.
    pub default_runtime: String,
    /// `true` if the engine runs without root privileges.
    pub is_rootless: bool,
    /// The number of CPUs of its machine.
    pub cpus: u64,
    /// The memory of its machine, in bytes.
    pub memory: u64,
    /// The engine's warnings, for example about limits that it can't enforce.
    pub warnings: Vec<String>,
}

impl Engine {
    /// Requests facts about the engine and its machine.
    ///
    /// # Errors
    /// Those of the engine.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn facts(&self) -> Result<EngineFacts> {
        Ok(EngineFacts::read(&self.system_info("request its facts").await?))
    }

    /// Requests `/info`.
    pub(super) async fn system_info(&self, phase: &'static str) -> Result<Value> {
        let what = self.what(phase, "engine");
        let transport = self.transport();
        self.call(what, async move { Ok(transport.get_json("/info").await?) }).await
    }
}

impl EngineFacts {
    /// Reads the answer to `/info`. Missing and malformed values count as not reported.
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
