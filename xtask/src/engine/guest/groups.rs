//! The control groups of a guest engine: everything that it started is in them, whatever happened to the engine.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use walkdir::WalkDir;

const ROOT: &str = "/sys/fs/cgroup";
/// The time that killed processes may take to disappear.
const PATIENCE: Duration = Duration::from_secs(20);
/// The pause between two looks; the kernel notifies only a parent of an end.
const POLL: Duration = Duration::from_millis(20);

/// Kills all processes of a group and of the groups below it, and removes these groups. A missing one is no error.
///
/// # Errors
/// Fails if processes remain.
pub(crate) fn remove(name: &str) -> Result<()> {
    kill(name)?;
    for group in groups(name) {
        for folder in WalkDir::new(group).contents_first(true).into_iter().flatten() {
            if folder.file_type().is_dir() {
                // The kernel may take a moment; an empty group that stays does no harm and is used by the next start.
                let _ = std::fs::remove_dir(folder.path());
            }
        }
    }
    Ok(())
}

/// Returns the ids of the processes in a group and in the groups below it.
pub(crate) fn processes(name: &str) -> BTreeSet<i32> {
    let folders = groups(name).flat_map(|group| WalkDir::new(group).into_iter().flatten());
    let lists = folders.filter(|entry| entry.file_name() == "cgroup.procs");
    let texts = lists.filter_map(|list| std::fs::read_to_string(list.path()).ok());
    texts.flat_map(|text| text.lines().filter_map(|line| line.parse().ok()).collect::<Vec<_>>()).collect()
}

/// Sends SIGKILL until no process is left: one may start another between the look and the signal.
fn kill(name: &str) -> Result<()> {
    let start = Instant::now();
    loop {
        let left = processes(name);
        if left.is_empty() {
            return Ok(());
        }
        if start.elapsed() > PATIENCE {
            let pids: Vec<_> = left.iter().map(ToString::to_string).collect();
            bail!("the processes {} did not end after SIGKILL; try again", pids.join(", "));
        }
        for process in left.into_iter().filter_map(Pid::from_raw) {
            // It may have ended already.
            let _ = kill_process(process, Signal::KILL);
        }
        std::thread::sleep(POLL);
    }
}

/// Returns the group's folders that exist: one with version 2, one per hierarchy with version 1.
fn groups(name: &str) -> impl Iterator<Item = PathBuf> {
    let root = Path::new(ROOT);
    let hierarchies = std::fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path());
    let all: Vec<PathBuf> =
        std::iter::once(root.to_owned()).chain(hierarchies).map(|folder| folder.join(name)).collect();
    all.into_iter().filter(|folder| folder.is_dir())
}
