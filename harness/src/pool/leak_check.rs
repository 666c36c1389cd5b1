//! The leak check: finds processes and files that a lease left in its container.

use std::collections::BTreeSet;
use std::fmt;

use crate::container::{AGENT_DIRECTORY, TestContainer};
use crate::words::{Error, Kind, Result};

/// The number of processes and of files that a message names.
const NAMED: usize = 10;

/// The treatment of a container in which a lease left processes or files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeakCheck {
    /// Uses the container again; a warning lists what was left.
    Warn,
    /// Replaces the container; a warning lists what was left.
    Replace,
}

/// A container's processes, by id and command, and the files that differ from its image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Inventory {
    processes: BTreeSet<(String, String)>,
    files: BTreeSet<String>,
}

/// The processes and files that are new since an earlier inventory.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Leaks {
    processes: Vec<String>,
    files: Vec<String>,
}

impl Inventory {
    /// Asks the engine for the inventory of a container.
    pub(super) async fn of(container: &TestContainer) -> Result<Self> {
        let subject = container.subject();
        let processes = subject.processes().await?;
        let files = subject.changes().await?;
        Ok(Self::without_ours(processes, files))
    }

    /// Returns an inventory without our own agent, which may be copied in during a lease and stays for the next ones.
    fn without_ours(processes: Vec<(String, String)>, files: Vec<String>) -> Self {
        let is_ours = |path: &str| {
            path.strip_prefix(AGENT_DIRECTORY).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let processes = processes.into_iter().filter(|(_, command)| !is_ours(command));
        let files = files.into_iter().filter(|file| !is_ours(file));
        Self { processes: processes.collect(), files: files.collect() }
    }

    /// Returns what is new in a later inventory; `None` if nothing is.
    pub(super) fn leaks_until(&self, later: &Self) -> Option<Leaks> {
        let processes: Vec<_> =
            later.processes.difference(&self.processes).map(|(_, command)| command.clone()).collect();
        let new: Vec<_> = later.files.difference(&self.files).collect();
        // The engine lists each parent directory of a new file too; those are left out.
        let is_parent = |path: &str| {
            new.iter().any(|other| other.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')))
        };
        let files: Vec<_> = new.iter().filter(|path| !is_parent(path)).map(|path| (*path).clone()).collect();
        (!processes.is_empty() || !files.is_empty()).then_some(Leaks { processes, files })
    }
}

impl fmt::Display for Leaks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut kinds = [("process", "es", &self.processes), ("file", "s", &self.files)]
            .into_iter()
            .filter(|(_, _, left)| !left.is_empty())
            .map(|(kind, plural, left)| {
                let count = left.len();
                let plural = if count == 1 { "" } else { plural };
                let named: Vec<_> = left.iter().take(NAMED).map(|one| format!("`{one}`")).collect();
                let more = if count > NAMED { ", …" } else { "" };
                format!("{count} {kind}{plural} ({}{more})", named.join(", "))
            });
        write!(f, "{}", kinds.next().unwrap_or_default())?;
        kinds.try_for_each(|kind| write!(f, " and {kind}"))
    }
}

impl Leaks {
    /// Turns the leaks into an error of this container.
    pub(super) fn into_error(self, container: &TestContainer) -> Error {
        Error::new(Kind::Leftover, format!("its lease left {self} behind"))
            .with_subject(container.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory(processes: &[(&str, &str)], files: &[&str]) -> Inventory {
        Inventory {
            processes: processes.iter().map(|(pid, cmd)| ((*pid).to_owned(), (*cmd).to_owned())).collect(),
            files: files.iter().map(|file| (*file).to_owned()).collect(),
        }
    }

    /// P18: only what is new since the lease began counts as a leak.
    #[test]
    fn what_was_there_before_the_lease_is_no_leak() {
        let before = inventory(&[("1", "redis")], &["/tmp", "/tmp/old"]);
        assert_eq!(before.leaks_until(&before), None);
        let later = inventory(
            &[("1", "redis"), ("2", "sleep 9")],
            &["/tmp", "/tmp/old", "/tmp/new", "/var", "/var/x", "/var/xy"],
        );
        let leaks = before.leaks_until(&later).expect("something came");
        assert_eq!(leaks.to_string(), "1 process (`sleep 9`) and 3 files (`/tmp/new`, `/var/x`, `/var/xy`)");
        assert_eq!(later.leaks_until(&before), None, "what is gone is no leak either");
    }

    /// P18: our own agent in the container does not count.
    #[test]
    fn the_agent_is_no_leak() {
        let processes = ["/.seatrial/agent serve", "/.seatrialx"].map(|cmd| ("7".to_owned(), cmd.to_owned()));
        let files = ["/.seatrial", "/.seatrial/agent", "/.seatrials"].map(str::to_owned);
        let with_agent = Inventory::without_ours(processes.to_vec(), files.to_vec());
        let leaks = Inventory::default().leaks_until(&with_agent).expect("two are not ours");
        assert_eq!(leaks.to_string(), "1 process (`/.seatrialx`) and 1 file (`/.seatrials`)");
    }

    #[test]
    fn many_leaks_are_counted_and_the_first_are_named() {
        let files: Vec<_> = (10..30).map(|n| format!("/{n}")).collect();
        let files: Vec<_> = files.iter().map(String::as_str).collect();
        let leaks = Inventory::default().leaks_until(&inventory(&[], &files)).expect("all are new");
        let text = leaks.to_string();
        assert!(text.starts_with("20 files (`/10`, ") && text.ends_with("`/19`, …)"), "{text}");
    }
}
