//! The open files and the threads of a process at one moment, to tell whether a test has left some.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

/// The longest time in which a file or thread that is going must be gone.
const GONE_WITHIN: Duration = Duration::from_secs(15);
/// The time between two looks at `/proc`.
const POLL: Duration = Duration::from_millis(50);

/// The open files and the threads of a process at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessSnapshot {
    pid: u32,
    /// The target of each file descriptor, as in `socket:[123]`.
    pub files: BTreeMap<u32, String>,
    /// The name of each thread.
    pub threads: BTreeMap<u32, String>,
}

impl ProcessSnapshot {
    /// Takes a snapshot of this process.
    #[must_use]
    pub fn own() -> Self {
        Self::of(std::process::id())
    }

    /// Takes a snapshot of the process with this id. A process that has ended has nothing open.
    #[must_use]
    pub fn of(pid: u32) -> Self {
        let files = numbered(&format!("/proc/{pid}/fd"), |path| {
            fs::read_link(path).map(|target| target.to_string_lossy().into_owned())
        });
        let threads = numbered(&format!("/proc/{pid}/task"), |path| {
            fs::read_to_string(format!("{path}/comm")).map(|name| name.trim().to_owned())
        });
        Self { pid, files, threads }
    }

    /// Lists what the process has now beyond this snapshot, each in words; empty if it has no more than then.
    ///
    /// Numbers are used again, so it is counts that are compared, and all newcomers that are listed.
    #[must_use]
    pub fn grown_since(&self) -> Vec<String> {
        let now = Self::of(self.pid);
        let mut grown = Vec::new();
        for (kind, then, now) in [("file", &self.files, &now.files), ("thread", &self.threads, &now.threads)]
        {
            if now.len() > then.len() {
                let newcomers = now.iter().filter(|(id, what)| then.get(id) != Some(what));
                grown.extend(newcomers.map(|(id, what)| format!("{kind} {id} `{what}`")));
            }
        }
        grown
    }

    /// Waits until the process has no more open files and threads than then.
    ///
    /// # Panics
    /// If it still has after 15 s, with a list.
    #[track_caller]
    pub fn assert_not_grown(&self) {
        let start = Instant::now();
        loop {
            let grown = self.grown_since();
            if grown.is_empty() {
                return;
            }
            assert!(start.elapsed() < GONE_WITHIN, "process {} has kept {grown:?}", self.pid);
            std::thread::sleep(POLL);
        }
    }
}

/// Returns the entries of a folder whose names are numbers; those that go away meanwhile are left out.
fn numbered(folder: &str, describe: impl Fn(&str) -> std::io::Result<String>) -> BTreeMap<u32, String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.parse().ok()?;
            Some((number, describe(entry.path().to_str()?).ok()?))
        })
        // The descriptor of this very listing.
        .filter(|(_, what)| !what.ends_with("/fd"))
        .collect()
}
