//! The reaper as a process on this machine, where no sidecar can run.
//!
//! It outlives its starter and shares nothing with it. It has a process group of its own, so that no signal to the
//! starter's group reaches it; no output and no other open file of the starter, so that nobody waits for its end to see
//! theirs; and no variables but its own. If several are started at once, one gets hold of the session's file and the
//! others end.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Seek};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rand::RngExt;

use super::guard::Linked;
use super::link::{Limits, Link, Unlinked};
use super::rendezvous::Rendezvous;
use super::sidecar::TOKEN;
use crate::base::Backoff;
use crate::config::Endpoint;
use crate::session::Session;
use crate::words::{Error, Kind, Result};

/// The program's names: as cargo builds it, and as its image has it.
const NAMES: [&str; 2] = ["seatrial-reaper", "ryuk"];

/// The number of own reapers that may end with success before one is linked: each may have served others, or lost a
/// race.
const STARTED_AT_MOST: u32 = 5;

/// The number of bytes of a reaper's stderr that an error shows.
const SHOWN: usize = 2_048;

/// Links to the session's process, which is started if need be.
///
/// # Errors
/// Reaper, if it could not be linked within the session's startup timeout, or never can be.
///
/// # Cancel safety
/// Dropping the future may leave a process, which ends by itself if nobody links to it.
pub(super) async fn link(session: &Session) -> Result<Linked> {
    let began = Instant::now();
    let limit = session.config().startup_timeout.value;
    let mut backoff = Backoff::new(Duration::from_millis(5), Duration::from_millis(200));
    let runtime_dir = session.config().engine.runtime_dir.as_deref();
    let file = Rendezvous::of(session.id(), &session.engine().located().endpoint, runtime_dir)?;
    let mut search = Search { session, file, child: None, started: 0 };
    loop {
        let reason = match search.step().await? {
            Step::Linked(link) => return Ok(Linked { link, sidecar: None }),
            Step::Pause(reason) => reason,
        };
        if began.elapsed() > limit {
            return Err(search
                .error(format!("it could not be linked to: {reason}"))
                .with_elapsed(began.elapsed()));
        }
        crate::base::sleep(backoff.next()).await;
    }
}

/// The result of one step of a search.
enum Step {
    Linked(Link),
    /// Nothing can be done now, for this reason: look again after a pause.
    Pause(String),
}

/// The search for the session's process.
struct Search<'a> {
    session: &'a Session,
    file: Rendezvous,
    /// The process that this search started, until its end was seen.
    child: Option<Started>,
    started: u32,
}

/// A process that this search started.
struct Started {
    process: Child,
    /// The file that its stderr goes to.
    stderr: fs::File,
}

impl Search<'_> {
    fn error(&self, message: impl Into<String>) -> Error {
        Error::new(Kind::Reaper, message.into())
            .with_subject(format!("reaper process of session `{}`", self.session.id()))
    }

    async fn step(&mut self) -> Result<Step> {
        if let Some(address) = self.file.look()? {
            let at = format!("{}:{}", address.host, address.port);
            return match Link::open(&address, &self.session.reaper_filter(), Limits::default()).await {
                Ok(link) => Ok(Step::Linked(link)),
                Err(Unlinked::Away(error)) => {
                    Ok(Step::Pause(format!("{at} does not serve this process ({error})")))
                }
                Err(Unlinked::Silent | Unlinked::Stranger(_)) => Err(self.error(format!(
                    "{at}, the address in `{}`, does not acknowledge the filter",
                    self.file.path().display()
                ))),
            };
        }
        if let Some(child) = &mut self.child {
            match child.process.try_wait() {
                Ok(None) => return Ok(Step::Pause("it does not listen yet".to_owned())),
                Ok(Some(status)) => self.note_end(status)?,
                Err(error) => return Err(self.error("its end can't be waited for").with_source(error)),
            }
        }
        self.start()?;
        Ok(Step::Pause("it was started".to_owned()))
    }

    /// Notes the end of a process. After a success another process may serve the session.
    fn note_end(&mut self, status: ExitStatus) -> Result<()> {
        let stderr = self.child.take().map(Started::stderr_text).unwrap_or_default();
        if status.success() && self.started < STARTED_AT_MOST {
            return Ok(());
        }
        let stderr =
            if stderr.is_empty() { "without output".to_owned() } else { format!("and printed:\n  {stderr}") };
        Err(self.error(format!("it ends at once ({status}) {stderr}")))
    }

    fn start(&mut self) -> Result<()> {
        let endpoint = &self.session.engine().located().endpoint;
        let own = std::env::current_exe().unwrap_or_default();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let program = find(&own, &path).ok_or_else(|| {
            self.error(format!("there is no program `{}` beside this one, nor on the PATH", NAMES[0])).with_hint(
                "install it with `cargo install seatrial-reaper`, or build it with `cargo build -p seatrial-reaper` \
                 in Seatrial's repository",
            )
        })?;
        let stderr = tempfile::tempfile().map_err(|error| self.not_started(&program, error))?;
        let its_own = stderr.try_clone().map_err(|error| self.not_started(&program, error))?;
        let process = self.command(&program, endpoint).stderr(its_own).spawn();
        let process = process.map_err(|error| self.not_started(&program, error))?;
        tracing::debug!(program = %program.display(), pid = process.id(), "a reaper is started");
        self.started += 1;
        self.child = Some(Started { process, stderr });
        Ok(())
    }

    fn command(&self, program: &Path, endpoint: &Endpoint) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(tls_variables(endpoint))
            .env("DOCKER_HOST", endpoint.to_string())
            .env("RYUK_PORT", "0")
            .env(TOKEN, format!("{:032x}", rand::rng().random::<u128>()))
            .env("REAPER_ADDRESS_FILE", self.file.path())
            .envs(self.session.config().reaper.variables.iter().map(|(name, value)| (name, value)))
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        close_inherited(&mut command);
        command
    }

    fn not_started(&self, program: &Path, error: std::io::Error) -> Error {
        self.error(format!("`{}` can't be started: {error}", program.display())).with_source(error)
    }
}

impl Started {
    /// Returns the beginning of its stderr.
    fn stderr_text(mut self) -> String {
        let mut text = Vec::new();
        // What can't be read was not printed.
        if self.stderr.rewind().is_ok() {
            let _ = self.stderr.take(SHOWN as u64).read_to_end(&mut text);
        }
        String::from_utf8_lossy(&text).trim().replace('\n', "\n  ")
    }
}

/// Has the kernel close all descriptors above 2 at the start of the program, also those without the flag for that: this
/// process may have inherited them itself, and their readers and locks wait until nobody has them any more.
#[expect(unsafe_code, reason = "std has no way to close descriptors that are not its own")]
fn close_inherited(command: &mut Command) {
    let entries = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let highest: libc::c_int = numbers.max().unwrap_or(1_023);
    let close = move || {
        let (first, last) = (3, libc::c_uint::MAX);
        // SAFETY: neither call has memory to go wrong with. The descriptors are flagged and not closed: std reports by
        // one of them that the program can't be started.
        unsafe {
            // Linux has it from 5.11 on.
            if libc::syscall(libc::SYS_close_range, first, last, libc::CLOSE_RANGE_CLOEXEC) != 0 {
                for number in 3..=highest {
                    libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC);
                }
            }
        }
        Ok(())
    };
    // SAFETY: the closure makes system calls alone, which is allowed between fork and exec.
    unsafe { command.pre_exec(close) };
}

/// Returns the variables for TLS to the engine, with absolute paths: the reaper has another current directory.
fn tls_variables(endpoint: &Endpoint) -> Vec<(&'static str, PathBuf)> {
    let Endpoint::Tcp { tls: Some(files), .. } = endpoint else { return Vec::new() };
    let folder = std::path::absolute(&files.folder).unwrap_or_else(|_| files.folder.clone());
    let verify = files.verify.then(|| ("DOCKER_TLS_VERIFY", "1".into()));
    [("DOCKER_CERT_PATH", folder)].into_iter().chain(verify).collect()
}

/// Finds the program: where cargo puts what it builds together with this one, or else on the `PATH`.
fn find(own: &Path, path: &OsStr) -> Option<PathBuf> {
    // Tests are in `target/<profile>/deps`, examples in `…/examples`, programs in the profile's folder itself.
    let beside = own.ancestors().skip(1).take(2).map(Path::to_owned);
    let folders: Vec<PathBuf> = beside.chain(std::env::split_paths(path)).collect();
    NAMES.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// X8.
    #[test]
    fn the_program_is_looked_for_beside_our_own_and_then_on_the_path() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for name in ["debug/deps", "one", "other"] {
            fs::create_dir_all(at(name)).expect("a folder");
        }
        let path = std::env::join_paths([at("one"), at("other")]).expect("a path");
        let find = || find(&at("debug/deps/tests"), &path);
        assert_eq!(find(), None);
        for name in ["one/ryuk", "other/seatrial-reaper", "debug/seatrial-reaper"] {
            fs::write(at(name), "").expect("written");
            assert_eq!(find(), Some(at(name)), "it goes before those so far");
        }
    }
}
