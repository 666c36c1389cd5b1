//! The leak check: which processes and files a lease has left behind.

use std::collections::BTreeSet;
use std::fmt;

use crate::container::{AGENT_DIRECTORY, TestContainer};
use crate::words::{Error, Kind, Result};

/// How many things of each kind are named.
const NAMED: usize = 10;

/// What becomes of a container in which a lease left processes or files behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeakCheck {
    /// It is used on; a warning lists what was left.
    Warn,
    /// It is replaced; a warning lists what was left.
    Replace,
}

/// What can be seen of a container: its processes, by id and command, and the files that its image does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Traces {
    processes: BTreeSet<(String, String)>,
    files: BTreeSet<String>,
}

/// What is there that was not there before.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Leaks {
    processes: Vec<String>,
    files: Vec<String>,
}

impl Traces {
    pub(super) async fn of(container: &TestContainer) -> Result<Self> {
        let subject = container.subject();
        let processes = subject.processes().await?;
        let files = subject.changes().await?;
        Ok(Self::without_ours(processes, files))
    }

    /// All but what is ours: the agent may come during a lease, and stays for the next.
    fn without_ours(processes: Vec<(String, String)>, files: Vec<String>) -> Self {
        let is_ours = |path: &str| {
            path.strip_prefix(AGENT_DIRECTORY).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let processes = processes.into_iter().filter(|(_, command)| !is_ours(command));
        let files = files.into_iter().filter(|file| !is_ours(file));
        Self { processes: processes.collect(), files: files.collect() }
    }

    /// What came since; nothing if nothing did.
    pub(super) fn leaks_until(&self, later: &Self) -> Option<Leaks> {
        let processes: Vec<_> =
            later.processes.difference(&self.processes).map(|(_, command)| command.clone()).collect();
        let new: Vec<_> = later.files.difference(&self.files).collect();
        // A directory that is told only because of what is new in it says nothing more.
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
    pub(super) fn into_error(self, container: &TestContainer) -> Error {
        Error::new(Kind::Leftover, format!("its lease left {self}")).with_subject(container.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traces(processes: &[(&str, &str)], files: &[&str]) -> Traces {
        Traces {
            processes: processes.iter().map(|(pid, cmd)| ((*pid).to_owned(), (*cmd).to_owned())).collect(),
            files: files.iter().map(|file| (*file).to_owned()).collect(),
        }
    }

    /// P18.
    #[test]
    fn what_was_there_before_is_no_leak() {
        let before = traces(&[("1", "redis")], &["/tmp", "/tmp/old"]);
        assert_eq!(before.leaks_until(&before), None);
        let later = traces(
            &[("1", "redis"), ("2", "sleep 9")],
            &["/tmp", "/tmp/old", "/tmp/new", "/var", "/var/x", "/var/xy"],
        );
        let leaks = before.leaks_until(&later).expect("something came");
        assert_eq!(leaks.to_string(), "1 process (`sleep 9`) and 3 files (`/tmp/new`, `/var/x`, `/var/xy`)");
        assert_eq!(later.leaks_until(&before), None, "what went is none either");
    }

    /// P18.
    #[test]
    fn the_agent_is_no_leak() {
        let processes = ["/.seatrial/agent serve", "/.seatrialx"].map(|cmd| ("7".to_owned(), cmd.to_owned()));
        let files = ["/.seatrial", "/.seatrial/agent", "/.seatrials"].map(str::to_owned);
        let traces = Traces::without_ours(processes.to_vec(), files.to_vec());
        let leaks = Traces::default().leaks_until(&traces).expect("two are not ours");
        assert_eq!(leaks.to_string(), "1 process (`/.seatrialx`) and 1 file (`/.seatrials`)");
    }

    #[test]
    fn many_leaks_are_counted_and_the_first_are_named() {
        let files: Vec<_> = (10..30).map(|n| format!("/{n}")).collect();
        let files: Vec<_> = files.iter().map(String::as_str).collect();
        let leaks = Traces::default().leaks_until(&traces(&[], &files)).expect("all are new");
        let text = leaks.to_string();
        assert!(text.starts_with("20 files (`/10`, ") && text.ends_with("`/19`, …)"), "{text}");
    }
}
