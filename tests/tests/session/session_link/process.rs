//! The reaper as a process on this machine (X8).

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use seatrial_test_support::observe::{LONG, block_until};
use seatrial_tests::{Child, Reaper};
use tempfile::TempDir;

use super::run::{Hold, Run, kill};

/// A run whose reaper is a process, and the folder that it tells its address in.
pub(crate) struct Host {
    pub(crate) run: Run,
    folder: TempDir,
}

impl Host {
    pub(crate) fn new(topic: &str) -> Self {
        Self::of(Run::new(topic))
    }

    pub(crate) fn of(run: Run) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(program_folder()).chain(std::env::split_paths(&path));
        let path = std::env::join_paths(path).expect("a path");
        let run = run
            .with("SEATRIAL_REAPER", "process")
            .with("XDG_RUNTIME_DIR", folder.path().to_str().expect("unicode"))
            .with("PATH", path.to_str().expect("unicode"));
        Self { run, folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("seatrial").join(self.run.reaper_name())
    }

    /// Returns the reapers that run, by their ids.
    fn reapers(&self) -> Vec<u32> {
        let wanted = format!("REAPER_ADDRESS_FILE={}\0", self.file().display());
        let processes = fs::read_dir("/proc").expect("processes").flatten();
        let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let has = |id: &u32| {
            fs::read_to_string(format!("/proc/{id}/environ")).is_ok_and(|all| all.contains(&wanted))
        };
        ids.filter(has).collect()
    }

    /// Waits until there is one alone, which serves.
    #[track_caller]
    fn reaper(&self) -> u32 {
        block_until("one reaper serves", || self.file().exists() && self.reapers().len() == 1);
        self.reapers()[0]
    }

    /// Waits until nothing of the run, its reaper and its file is left.
    #[track_caller]
    pub(crate) fn assert_goes(&self) {
        self.run.assert_goes();
        block_until("reaper and file are gone", || !self.file().exists() && self.reapers().is_empty());
    }
}

/// Returns the folder of the reaper's program, and builds it if need be.
fn program_folder() -> PathBuf {
    let reaper = Reaper::start(&[]);
    let program = fs::read_link(format!("/proc/{}/exe", reaper.id())).expect("its program");
    program.parent().expect("a folder").to_owned()
}

/// Returns the target of one of a process's file descriptors.
fn descriptor(process: u32, number: u32) -> String {
    let target = fs::read_link(format!("/proc/{process}/fd/{number}")).expect("it is open");
    target.to_string_lossy().into_owned()
}

/// Returns the process group, which is the field after the parent's.
fn group(process: u32) -> u32 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).expect("it runs");
    let (_, fields) = stat.rsplit_once(')').expect("a name");
    fields.split_ascii_whitespace().nth(2).expect("a group").parse().expect("a number")
}

/// X8, X6: a reaper that runs as a process of the host removes a killed process's resources, and leaves no file behind.
#[test]
fn a_reaper_on_the_host_reaps_and_is_gone_without_a_trace() {
    let host = Host::new("host");
    let child = host.run.holder();
    host.reaper();
    assert!(host.run.reaper().is_none(), "there is no sidecar");
    assert_eq!(fs::metadata(host.file()).expect("a file").permissions().mode() & 0o777, 0o600);
    kill(child);
    host.assert_goes();
}

/// X8: a reaper on the host inherits no file of its starter and gets none of its signals.
#[test]
fn a_reaper_on_the_host_shares_nothing_with_its_starter() {
    let host = Host::new("host-alone").with_variable("SOMETHING_OF_OURS", "1");
    let child = host.run.holder();
    let reaper = host.reaper();
    assert_eq!([0, 1].map(|number| descriptor(reaper, number)), ["/dev/null", "/dev/null"]);
    let output = [1, 2].map(|number| descriptor(child.id(), number));
    let its = fs::read_dir(format!("/proc/{reaper}/fd")).expect("it runs").flatten();
    let its: Vec<_> = its.filter_map(|entry| fs::read_link(entry.path()).ok()).collect();
    assert!(!its.iter().any(|its| output.iter().any(|ours| its == Path::new(ours))), "{its:?}");
    assert_eq!(group(reaper), reaper);
    assert_eq!(fs::read_link(format!("/proc/{reaper}/cwd")).expect("it runs"), Path::new("/"));
    let environment = fs::read_to_string(format!("/proc/{reaper}/environ")).expect("it runs");
    assert!(!environment.contains("SOMETHING_OF_OURS"));
    // With all of its group.
    drop(child);
    host.assert_goes();
}

/// X5, X8: processes that start together agree on one reaper.
#[test]
fn processes_that_start_at_once_share_one_on_the_host() {
    let host = Host::new("host-at-once");
    let children: Vec<Child> = (0..16).map(|_| host.run.spawn(super::run::scenario_creates)).collect();
    for child in &children {
        child.line("created ", LONG);
    }
    // The starters that lost the race have ended by themselves.
    host.reaper();
    children.into_iter().for_each(kill);
    host.assert_goes();
}

/// X4, X8: a reaper on the host that is killed is replaced, although its file is still there.
#[test]
#[expect(unsafe_code, reason = "the standard library kills no process but its children")]
fn a_reaper_on_the_host_that_is_killed_is_replaced() {
    let (host, hold) = (Host::new("host-replaced"), Hold::new());
    let child = host.run.spawn_with(super::run::scenario_holds, &[hold.variable()]);
    child.line("holding ", LONG);
    let old = host.reaper();
    // SAFETY: `kill` has no memory to go wrong with; the process was seen to be the run's reaper.
    assert_eq!(unsafe { libc::kill(old.cast_signed(), libc::SIGKILL) }, 0);
    block_until("there is another one", || host.reapers().iter().any(|id| *id != old));
    // Only the child can have started it, so its next creation waits for the link.
    hold.go_on();
    child.line("going on with ", LONG);
    assert_eq!(host.run.left().volumes.len(), 2);
    kill(child);
    host.assert_goes();
}

impl Host {
    fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.run = std::mem::replace(&mut self.run, Run::new("unused")).with(name, value);
        self
    }
}
