//! Looks for resources that tests left on the engine and in the temporary directory, and removes none of them.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bollard::Docker;
use bollard::query_parameters::{ListContainersOptions, ListNetworksOptions, ListVolumesOptions};
use seatrial_core::labels;

use crate::console;

/// The time that resources may take to disappear. A reaper waits for 10 s after its last client, and for a minute if it
/// never had one, and then has to remove what is left.
const PATIENCE: Duration = Duration::from_secs(90);
/// The pause between two looks; the engine has no event for "nothing is left".
const POLL: Duration = Duration::from_millis(500);

/// The resources that existed before the tests.
#[derive(Debug)]
pub(crate) struct Before(BTreeSet<String>);

impl Before {
    /// Lists the resources that exist now.
    ///
    /// # Errors
    /// Fails if the engine does not answer.
    pub(crate) async fn look(docker: &Docker) -> Result<Self> {
        look(docker).await.map(Self)
    }

    /// Waits until no resource is left that did not exist before.
    ///
    /// # Errors
    /// Fails if resources are left after the time for that; the error lists them.
    pub(crate) async fn check(&self, docker: &Docker) -> Result<()> {
        let start = Instant::now();
        loop {
            let now = look(docker).await?;
            let left: Vec<_> = now.difference(&self.0).cloned().collect();
            if left.is_empty() {
                console::step("nothing is left on the engine or in the temporary directory");
                return Ok(());
            }
            if start.elapsed() > PATIENCE {
                bail!(
                    "the tests left {} resources, {} after their end:\n  {}\nhint: the label `{}` names the test \
                     (`docker inspect ID`); remove them by their ids",
                    left.len(),
                    console::since(start),
                    left.join("\n  "),
                    labels::TEST,
                );
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// Lists all resources with a session's label, one line each, without those whose owner still runs: they belong to
/// another test run on the same engine.
async fn look(docker: &Docker) -> Result<BTreeSet<String>> {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let runs = |pid: u32| Path::new("/proc").join(pid.to_string()).exists();
    let free = |found: &Labels| !is_in_use(found.get(labels::OWNER).map(String::as_str), host.trim(), runs);
    let mut found = BTreeSet::new();
    for (line, its_labels) in list(docker).await? {
        if free(&its_labels) {
            found.insert(line);
        }
    }
    found.extend(temporary_files());
    Ok(found)
}

/// Lists the library's temporary files: their names begin with the library's name.
fn temporary_files() -> Vec<String> {
    let entries = std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten();
    let ours = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("seatrial-"));
    ours.map(|entry| format!("temporary file {}", entry.path().display())).collect()
}

type Labels = HashMap<String, String>;

/// Lists the containers, networks and volumes with a session's label: a line for people, and the labels.
async fn list(docker: &Docker) -> Result<Vec<(String, Labels)>> {
    let filters = Some(HashMap::from([("label".to_owned(), vec![labels::SESSION.to_owned()])]));
    let mut found = Vec::new();
    let options = ListContainersOptions { all: true, filters: filters.clone(), ..Default::default() };
    for container in docker.list_containers(Some(options)).await.context("failed to list containers")? {
        let name = container.names.unwrap_or_default().join(" ");
        let (id, image) = (container.id.unwrap_or_default(), container.image.unwrap_or_default());
        found.push((format!("container {id} {name} ({image})"), container.labels.unwrap_or_default()));
    }
    let options = ListNetworksOptions { filters: filters.clone() };
    for network in docker.list_networks(Some(options)).await.context("failed to list networks")? {
        let (id, name) = (network.id.unwrap_or_default(), network.name.unwrap_or_default());
        found.push((format!("network {id} {name}"), network.labels.unwrap_or_default()));
    }
    let options = ListVolumesOptions { filters };
    let volumes = docker.list_volumes(Some(options)).await.context("failed to list volumes")?;
    for volume in volumes.volumes.unwrap_or_default() {
        found.push((format!("volume {}", volume.name), volume.labels));
    }
    Ok(found)
}

/// Returns `true` if an owner, in the form `<pid>@<host name>`, is a process of this host that still runs.
fn is_in_use(owner: Option<&str>, host: &str, runs: impl Fn(u32) -> bool) -> bool {
    let Some((pid, its_host)) = owner.and_then(|owner| owner.split_once('@')) else {
        return false;
    };
    its_host == host && pid.parse().is_ok_and(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_running_process_of_this_host_counts_as_an_owner() {
        let runs = |pid| pid == 7;
        assert!(is_in_use(Some("7@here"), "here", runs));
        for owner in [None, Some("8@here"), Some("7@there"), Some("7"), Some("x@here")] {
            assert!(!is_in_use(owner, "here", runs), "{owner:?}");
        }
    }
}
