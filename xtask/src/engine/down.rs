//! `engine down`: stops the private engine and removes everything of it. Other engines are not touched.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bollard::Docker;
use bollard::query_parameters::{ListContainersOptions, ListNetworksOptions, RemoveContainerOptions};
use futures_util::StreamExt;
use walkdir::WalkDir;

use super::state::Private;
use super::{bridge, daemon, mounts, processes};
use crate::{console, locate};

/// The limit for the removal of all containers and networks.
const EMPTYING: Duration = Duration::from_secs(60);
/// The time that the daemon may take to exit when it has no containers.
const ENDING: Duration = Duration::from_secs(20);
/// The time that the daemon's remaining children may take to exit.
const GRACE: Duration = Duration::from_secs(1);
/// The beginnings of the names of the daemon's children.
const CHILDREN: [&str; 3] = ["containerd", "runc", "runsc"];
/// The number of removals at the same time; more is not faster.
const WIDTH: usize = 8;

/// Stops the private engine, if there is one.
///
/// # Errors
/// Fails if something of it cannot be removed.
pub(crate) async fn down() -> Result<()> {
    match Private::read()? {
        None => console::step("no private engine is running"),
        Some(private) => {
            let start = Instant::now();
            remove(&private).await?;
            console::step(&format!("the private engine was removed in {}", console::since(start)));
        }
    }
    Ok(())
}

/// Stops the daemon, if it runs, and removes all that it created.
///
/// # Errors
/// Fails if a folder cannot be removed.
pub(super) async fn remove(private: &Private) -> Result<()> {
    if let Some(pid) = daemon::pid(private) {
        console::step(&format!("stopping the private engine, process {pid}"));
        empty(private).await;
        if processes::end(&[pid], ENDING) {
            console::warn("the daemon did not exit after SIGTERM and was killed");
        }
    }
    // Its containerd remains if the daemon was killed, and the shims of some runtimes outlive their containers.
    let exec_root = private.exec_root().display().to_string();
    processes::end(&processes::with_argument(&CHILDREN, &exec_root), GRACE);
    processes::end(&orphans(&private.exec_root()), GRACE);
    for directory in [&private.home, &private.run] {
        mounts::unmount_below(directory)?;
    }
    bridge::remove(private);
    // The record is in `home`, which is removed last, so that an interrupted removal can be continued.
    for directory in [&private.run, &private.home] {
        if directory.exists() {
            std::fs::remove_dir_all(directory)
                .with_context(|| format!("failed to remove `{}`; remove it by hand", directory.display()))?;
        }
    }
    Ok(())
}

/// Removes containers and networks through the daemon, which knows what belongs to them.
async fn empty(private: &Private) {
    let result = match locate::connect(&private.url()) {
        Ok(docker) => {
            tokio::time::timeout(EMPTYING, empty_engine(&docker)).await.map_err(anyhow::Error::from).flatten()
        }
        Err(reason) => Err(anyhow::Error::msg(reason)),
    };
    if let Err(error) = result {
        console::warn(&format!(
            "failed to remove the private engine's containers and networks before stopping it: {error:#}"
        ));
    }
}

async fn empty_engine(docker: &Docker) -> Result<()> {
    let all = ListContainersOptions { all: true, ..Default::default() };
    let ids = docker.list_containers(Some(all)).await?.into_iter().filter_map(|container| container.id);
    futures_util::stream::iter(ids)
        .for_each_concurrent(WIDTH, |id| async move {
            let options = RemoveContainerOptions { force: true, v: true, ..Default::default() };
            // Another client may be removing it at the same time.
            let _ = docker.remove_container(&id, Some(options)).await;
        })
        .await;
    for network in docker.list_networks(None::<ListNetworksOptions>).await? {
        // The predefined networks cannot be removed; they end with the daemon.
        let _ = docker.remove_network(&network.id.unwrap_or_default()).await;
    }
    Ok(())
}

/// Returns the main processes of containers whose daemon was killed. A container ends with its main process.
fn orphans(exec_root: &Path) -> Vec<i32> {
    let files = WalkDir::new(exec_root).into_iter().flatten().filter(|entry| entry.file_name() == "init.pid");
    files
        .filter_map(|entry| {
            // containerd keeps the file in a directory named by the container's id.
            let id = entry.path().parent()?.file_name()?.to_str()?.to_owned();
            let pid = std::fs::read_to_string(entry.path()).ok()?.trim().parse().ok()?;
            // Another process may have the number by now, but only the container's own is in its control group.
            let groups = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
            groups.contains(&id).then_some(pid)
        })
        .collect()
}
