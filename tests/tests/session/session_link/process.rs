//! The reaper as a process on this machine (X8).

use std::ffi::CString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use seatrial::Volume;
use seatrial_test_support::observe::{LONG, block_until};
use seatrial_tests::{Child, Reaper, is_scenario, say};
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

    /// The file by which its reaper is found, once there is one.
    fn file(&self) -> Option<PathBuf> {
        let files = fs::read_dir(self.folder.path().join("seatrial")).into_iter().flatten().flatten();
        let begin = format!("{}_", self.run.reaper_name());
        files.map(|file| file.path()).find(|path| {
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(&begin))
        })
    }

    /// Returns the reapers that run, by their ids.
    fn reapers(&self) -> Vec<u32> {
        reapers(&format!("{}/seatrial/{}_", self.folder.path().display(), self.run.reaper_name()))
    }

    /// Waits until there is one alone, which serves.
    #[track_caller]
    fn reaper(&self) -> u32 {
        block_until("one reaper serves", || self.file().is_some() && self.reapers().len() == 1);
        self.reapers()[0]
    }

    /// Waits until nothing of the run, its reaper and its file is left.
    #[track_caller]
    pub(crate) fn assert_goes(&self) {
        self.run.assert_goes();
        block_until("reaper and file are gone", || self.file().is_none() && self.reapers().is_empty());
    }
}

/// Returns the reapers on this machine whose file's path has this text, by their ids.
pub(crate) fn reapers(path: &str) -> Vec<u32> {
    let processes = fs::read_dir("/proc").expect("processes").flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let has = |id: &u32| {
        let environment = fs::read_to_string(format!("/proc/{id}/environ")).unwrap_or_default();
        environment.split('\0').any(|pair| pair.starts_with("REAPER_ADDRESS_FILE=") && pair.contains(path))
    };
    ids.filter(has).collect()
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
    assert_eq!(
        fs::metadata(host.file().expect("a file")).expect("a file").permissions().mode() & 0o777,
        0o600
    );
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

/// X8: also what its starter inherited itself, or opened without having it closed at an exec: a pipe's reader, or whoever
/// waits for a lock, need not wait for the reaper.
#[test]
fn a_reaper_on_the_host_has_no_open_file_of_its_starter() {
    let host = Host::new("host-files");
    let file = tempfile::NamedTempFile::new().expect("a file");
    let path = file.path().to_str().expect("unicode");
    let child = host.run.spawn_with(scenario_with_open_files, &[(OPENED, path)]);
    child.line("holding ", LONG);
    let its = |process: u32| {
        let open = fs::read_dir(format!("/proc/{process}/fd")).expect("it runs").flatten();
        open.filter_map(|entry| fs::read_link(entry.path()).ok()).filter(|open| open == file.path()).count()
    };
    assert_eq!((its(child.id()), its(host.reaper())), (3, 0));
    kill(child);
    host.assert_goes();
}

/// The variable that names the file which a scenario opens.
const OPENED: &str = "SESSION_LINK_OPENED";

#[tokio::test]
#[ignore = "a scenario"]
#[expect(unsafe_code, reason = "the standard library opens no file that stays open at an exec")]
async fn scenario_with_open_files() {
    if is_scenario() {
        let path = CString::new(std::env::var(OPENED).expect("the test names it")).expect("no NUL");
        for number in [3, 9, 200] {
            // SAFETY: `open` and `dup2` have no memory to go wrong with; nothing uses the number that is taken.
            unsafe {
                let opened = libc::open(path.as_ptr(), libc::O_RDONLY);
                let free = libc::fcntl(opened, libc::F_DUPFD, number);
                assert!(opened >= 0 && free >= 0, "{}", std::io::Error::last_os_error());
                libc::close(opened);
            }
        }
        let volume = Volume::create().await.expect("a volume");
        say(&format!("holding {volume}"));
        std::future::pending::<()>().await;
    }
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
    /// Has its processes find the folder for its file by themselves.
    pub(crate) fn without_runtime_dir(self) -> Self {
        self.with_variable("XDG_RUNTIME_DIR", "")
    }

    fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.run = std::mem::replace(&mut self.run, Run::new("unused")).with(name, value);
        self
    }
}
