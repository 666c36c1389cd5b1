//! `engine down`: ends the private engine and removes every trace of it. Touches no other engine.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bollard::Docker;
use bollard::query_parameters::{ListContainersOptions, ListNetworksOptions, RemoveContainerOptions};
use futures_util::StreamExt;
use walkdir::WalkDir;

use super::state::Private;
use super::{bridge, daemon, processes};
use crate::{command, console, locate};

/// How long removing all containers and networks may take.
const EMPTYING: Duration = Duration::from_secs(60);
/// How long the daemon may take to end when it has no containers.
const ENDING: Duration = Duration::from_secs(20);
/// How long what is left of its children may take to end.
const GRACE: Duration = Duration::from_secs(1);
/// How the names of the daemon's children begin.
const CHILDREN: [&str; 3] = ["containerd", "runc", "runsc"];
/// How many removals go on at once; more is not faster.
const WIDTH: usize = 8;

/// Ends the private engine, if there is one.
///
/// # Errors
/// If something of it cannot be removed.
pub(crate) async fn down() -> Result<()> {
    match Private::read()? {
        None => console::step("no private engine is up"),
        Some(private) => {
            let start = Instant::now();
            remove(&private).await?;
            console::step(&format!("the private engine is gone, in {}", console::since(start)));
        }
    }
    Ok(())
}

/// Ends the daemon, if it runs, and removes all that it made.
///
/// # Errors
/// If a directory cannot be removed.
pub(super) async fn remove(private: &Private) -> Result<()> {
    if let Some(pid) = daemon::pid(private) {
        console::step(&format!("ending the private engine, process {pid}"));
        empty(private).await;
        if processes::end(&[pid], ENDING) {
            console::warn("the daemon did not heed SIGTERM and was killed");
        }
    }
    // Its containerd if the daemon was killed, and shims of runtimes that do not end with their containers.
    let exec_root = private.exec_root().display().to_string();
    processes::end(&processes::with_argument(&CHILDREN, &exec_root), GRACE);
    processes::end(&orphans(&private.exec_root()), GRACE);
    for directory in [&private.home, &private.run] {
        unmount_below(directory)?;
    }
    bridge::remove(private);
    // The record is in `home`: it goes last, so that an interrupted removal can be taken up again.
    for directory in [&private.run, &private.home] {
        if directory.exists() {
            std::fs::remove_dir_all(directory)
                .with_context(|| format!("failed to remove `{}`; remove it by hand", directory.display()))?;
        }
    }
    Ok(())
}

/// Removes containers and networks by way of the daemon, which knows best what belongs to them.
async fn empty(private: &Private) {
    let result = match locate::connect(&private.url()) {
        Ok(docker) => {
            tokio::time::timeout(EMPTYING, empty_engine(&docker)).await.map_err(anyhow::Error::from).flatten()
        }
        Err(reason) => Err(anyhow::Error::msg(reason)),
    };
    if let Err(error) = result {
        console::warn(&format!("the private engine could not be emptied before its end: {error:#}"));
    }
}

async fn empty_engine(docker: &Docker) -> Result<()> {
    let all = ListContainersOptions { all: true, ..Default::default() };
    let ids = docker.list_containers(Some(all)).await?.into_iter().filter_map(|container| container.id);
    futures_util::stream::iter(ids)
        .for_each_concurrent(WIDTH, |id| async move {
            let options = RemoveContainerOptions { force: true, v: true, ..Default::default() };
            // One that is being removed by somebody else is as good as removed.
            let _ = docker.remove_container(&id, Some(options)).await;
        })
        .await;
    for network in docker.list_networks(None::<ListNetworksOptions>).await? {
        // The predefined ones refuse, and end with the daemon.
        let _ = docker.remove_network(&network.id.unwrap_or_default()).await;
    }
    Ok(())
}

/// The first processes of containers whose daemon was killed; with one its whole container ends.
fn orphans(exec_root: &Path) -> Vec<i32> {
    let files = WalkDir::new(exec_root).into_iter().flatten().filter(|entry| entry.file_name() == "init.pid");
    files
        .filter_map(|entry| {
            // containerd keeps the file in a directory named by the container's id.
            let id = entry.path().parent()?.file_name()?.to_str()?.to_owned();
            let pid = std::fs::read_to_string(entry.path()).ok()?.trim().parse().ok()?;
            // The number may be another process's by now; only the container's own is in its control group.
            let groups = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
            groups.contains(&id).then_some(pid)
        })
        .collect()
}

/// Unmounts what is mounted below a directory, the deepest first.
fn unmount_below(directory: &Path) -> Result<()> {
    let table = std::fs::read_to_string("/proc/self/mountinfo").context("failed to read the mount table")?;
    for point in mounts_below(&table, directory) {
        command::quiet(Command::new("umount").arg("--lazy").arg(&point))?;
    }
    Ok(())
}

/// The mount points below a directory in a `mountinfo` table, the deepest first.
fn mounts_below(table: &str, directory: &Path) -> Vec<String> {
    let points =
        table.lines().filter_map(|line| line.split(' ').nth(4)).map(|point| point.replace("\\040", " "));
    let mut points: Vec<String> = points.filter(|point| Path::new(point).starts_with(directory)).collect();
    points.sort_by_key(|point| std::cmp::Reverse(point.len()));
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_below_a_directory_come_deepest_first() {
        let table = "1 0 8:1 / / rw - ext4 /dev/a rw\n\
            2 1 0:1 / /t/engine/data/x rw - overlay overlay rw\n\
            3 1 0:1 / /t/engine/data/x/deep\\040er rw - overlay overlay rw\n\
            4 1 0:1 / /t/engine2/data rw - overlay overlay rw\n";
        assert_eq!(
            mounts_below(table, Path::new("/t/engine")),
            ["/t/engine/data/x/deep er", "/t/engine/data/x"]
        );
    }
}
