//! The reaper as a process on the host: its address file, and a log that nobody reads.

use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use seatrial_tests::{Reaper, ReaperClient};
use tempfile::TempDir;

use super::fixture::{label, left, until, volume};

/// A folder for an address file.
struct Place(TempDir);

/// A reaper with an address file; killed when it is dropped.
struct HostReaper {
    process: Child,
    file: PathBuf,
}

impl Place {
    fn make() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("reaper")
    }

    fn spawn(&self, variables: &[(&str, &str)], stdout: Stdio) -> HostReaper {
        self.spawn_as(Reaper::command(variables), stdout)
    }

    fn spawn_as(&self, mut command: Command, stdout: Stdio) -> HostReaper {
        let file = self.file();
        command.env_remove("RYUK_PORT").env("REAPER_ADDRESS_FILE", &file);
        let process = command.stdout(stdout).stderr(Stdio::null()).spawn().expect("the reaper runs");
        HostReaper { process, file }
    }
}

impl HostReaper {
    /// Waits for the file, and returns its address and token.
    #[track_caller]
    fn address(&self) -> (SocketAddr, String) {
        until("the address file", || self.file.exists());
        let text = std::fs::read_to_string(&self.file).expect("it may be read");
        let lines: Vec<&str> = text.split('\n').collect();
        let [address, token, ""] = lines[..] else { panic!("{text:?}") };
        (address.parse().expect("an address"), token.to_owned())
    }

    #[track_caller]
    fn connect(&self) -> ReaperClient {
        ReaperClient::connect(self.address().0)
    }

    #[track_caller]
    fn end(mut self) -> ExitStatus {
        self.process.wait().expect("its end")
    }
}

impl Drop for HostReaper {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn signal(process: &Child, signal: i32) {
    let sent =
        std::process::Command::new("kill").arg(format!("-{signal}")).arg(process.id().to_string()).status();
    assert!(sent.expect("`kill` runs").success());
}

fn names(folder: &Path) -> usize {
    std::fs::read_dir(folder).expect("a folder").count()
}

#[test]
fn the_file_leads_to_the_reaper_and_is_deleted_at_its_end() {
    let (place, label) = (Place::make(), label());
    volume(&label);
    let reaper = place.spawn(&[("REAPER_TOKEN", "secret")], Stdio::null());
    let (address, token) = reaper.address();
    assert!(address.ip().is_loopback() && token == "secret", "{address} {token}");
    assert_eq!(place.file().metadata().expect("a file").permissions().mode() & 0o777, 0o600);
    let healthcheck = || {
        let mut command = Reaper::command(&[]);
        command.arg("healthcheck").env("REAPER_ADDRESS_FILE", place.file());
        command.output().expect("it runs").status.code()
    };
    assert_eq!(healthcheck(), Some(0));
    reaper.connect().filter(&format!("auth={token}\nlabel={label}"));
    assert!(reaper.end().success());
    assert_eq!(left(&label), [0; 4]);
    assert_eq!(names(place.0.path()), 0);
    assert_eq!(healthcheck(), Some(1));
}

#[test]
fn only_the_loopback_is_listened_on() {
    let place = Place::make();
    let reaper = place.spawn(&[], Stdio::null());
    let (address, token) = reaper.address();
    assert_eq!(token, "");
    assert!(TcpStream::connect(address).is_ok());
    let elsewhere = SocketAddr::from(([127, 0, 0, 2], address.port()));
    assert!(TcpStream::connect(elsewhere).is_err(), "the file names another address");
}

#[test]
fn of_many_that_start_at_once_one_serves_and_the_others_end_well() {
    let place = Place::make();
    let mut reapers: Vec<_> = (0..8).map(|_| place.spawn(&[], Stdio::null())).collect();
    until("seven ends", || {
        let ended = |reaper: &HostReaper| !Path::new(&format!("/proc/{}/exe", reaper.process.id())).exists();
        reapers.iter().filter(|reaper| ended(reaper)).count() == 7
    });
    let serves = reapers.iter_mut().position(|reaper| {
        let ended = reaper.process.try_wait().expect("a child of ours");
        ended.inspect(|status| assert!(status.success())).is_none()
    });
    let serves = reapers.swap_remove(serves.expect("one serves"));
    let mut client = serves.connect();
    client.filter("label=nobody=has-this");
    signal(&serves.process, libc::SIGTERM);
    assert!(serves.end().success());
    assert_eq!(names(place.0.path()), 0);
}

#[test]
fn a_killed_reapers_file_is_replaced() {
    let place = Place::make();
    let mut killed = place.spawn(&[], Stdio::null());
    let (address, _) = killed.address();
    killed.process.kill().expect("it lives");
    killed.process.wait().expect("its end");
    let next = place.spawn(&[], Stdio::null());
    until("another address", || next.address().0 != address);
    next.connect().filter("label=nobody=has-this");
    assert!(next.end().success());
}

#[test]
fn a_first_client_that_does_not_come_is_not_waited_for_for_ever() {
    let place = Place::make();
    let reaper = place.spawn(&[("RYUK_CONNECTION_TIMEOUT", "300ms")], Stdio::null());
    assert!(reaper.end().success());
    assert_eq!(names(place.0.path()), 0);
}

/// With a limit of 256 descriptors, hundreds of connections that send nothing neither keep a client out nor the reaper
/// from its engine.
#[test]
fn few_descriptors_are_enough_for_a_client_and_the_engine() {
    let (place, label) = (Place::make(), label());
    volume(&label);
    let plain = Reaper::command(&[]);
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -n 256 && exec \"$0\""]).arg(plain.get_program());
    limited.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(Stdio::null());
    let reaper = place.spawn_as(limited, Stdio::null());
    let address = reaper.address().0;
    let silent: Vec<_> = (0..400).map(|_| TcpStream::connect(address).expect("a connection")).collect();
    reaper.connect().filter(&format!("label={label}"));
    assert!(reaper.end().success());
    assert_eq!(left(&label), [0; 4]);
    drop(silent);
}

/// SIGHUP does not end the reaper: the terminal may close before the tests end.
#[test]
fn a_hangup_does_not_end_the_reaper() {
    let (place, label) = (Place::make(), label());
    volume(&label);
    let reaper = place.spawn(&[], Stdio::null());
    let mut client = reaper.connect();
    signal(&reaper.process, libc::SIGHUP);
    client.filter(&format!("label={label}"));
    drop(client);
    assert!(reaper.end().success());
    assert_eq!(left(&label), [0; 4]);
}

#[test]
fn a_file_that_is_somebody_elses_is_an_error() {
    let place = Place::make();
    std::fs::write(place.file(), "dear diary\n").expect("a file");
    let end = Reaper::run(&[("REAPER_ADDRESS_FILE", &place.file().display().to_string())]);
    assert_eq!(end.code, Some(1));
    assert!(end.stderr.contains(&place.file().display().to_string()), "{}", end.stderr);
    assert_eq!(std::fs::read_to_string(place.file()).expect("a file"), "dear diary\n");
}

/// Neither a full pipe nor a closed one holds the reaper up.
#[test]
fn a_log_that_nobody_reads_holds_nothing_up() {
    for is_closed in [false, true] {
        let (place, label) = (Place::make(), label());
        volume(&label);
        let mut reaper = place.spawn(&[], Stdio::piped());
        let pipe = reaper.process.stdout.take().filter(|_| !is_closed);
        let mut client = reaper.connect();
        client.filter(&format!("label={label}"));
        // These are more lines than fit into the pipe and the memory for lines.
        for block in 0..10 {
            let filters = (0..1_000).map(|n| format!("label={}={block}-{n}\n", "x".repeat(100)));
            client.write(filters.collect::<String>());
            client.acknowledged(1_000);
        }
        drop(client);
        assert!(reaper.end().success(), "closed: {is_closed}");
        assert_eq!(left(&label), [0; 4]);
        drop(pipe);
    }
}
