//! The reaper as a process on this machine, where no sidecar can run.
//!
//! It outlives who started it, and shares nothing with it: a process group of its own, so that no signal to ours hits
//! it; no output of ours, so that nobody waits for the output's end; no variables but those it is told. Of several that
//! are started at once, one gets hold of the session's file and the others end.

use std::ffi::OsStr;
use std::io::{Read, Seek};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rand::RngExt;

use super::body::TOKEN;
use super::link::{Link, Unlinked};
use super::rendezvous::Rendezvous;
use crate::base::Backoff;
use crate::config::Endpoint;
use crate::session::Session;
use crate::words::{Error, Kind, Result};

/// The program's names: as it is built, and as its image has it.
const NAMES: [&str; 2] = ["seatrial-reaper", "ryuk"];

/// How many may end well before one serves us: each may have served others, or lost a race.
const STARTED_AT_MOST: u32 = 5;

/// How much of what it said is shown.
const SHOWN: usize = 2_048;

/// Links to the session's process, which is started if need be.
pub(super) async fn link(session: &Session) -> Result<Link> {
    let began = Instant::now();
    let patience = session.config().startup_timeout.value;
    let mut backoff = Backoff::new(Duration::from_millis(5), Duration::from_millis(200));
    let runtime_dir = session.config().engine.runtime_dir.as_deref();
    let mut making =
        Making { session, file: Rendezvous::of(session.id(), runtime_dir)?, child: None, started: 0 };
    loop {
        let reason = match making.look().await? {
            Outcome::Linked(link) => return Ok(link),
            Outcome::Pause(reason) => reason,
        };
        if began.elapsed() > patience {
            return Err(making
                .error(format!("it could not be linked to: {reason}"))
                .with_elapsed(began.elapsed()));
        }
        tokio::time::sleep(backoff.next()).await;
    }
}

enum Outcome {
    Linked(Link),
    Pause(String),
}

struct Making<'a> {
    session: &'a Session,
    file: Rendezvous,
    /// The one that we have started, while it is not known to have ended.
    child: Option<Started>,
    started: u32,
}

struct Started {
    process: Child,
    /// What it says if it fails.
    stderr: std::fs::File,
}

impl Making<'_> {
    fn error(&self, message: impl Into<String>) -> Error {
        Error::new(Kind::Reaper, message.into())
            .with_subject(format!("reaper process of session `{}`", self.session.id()))
    }

    async fn look(&mut self) -> Result<Outcome> {
        if let Some(address) = self.file.look()? {
            let at = format!("{}:{}", address.host, address.port);
            return match Link::open(&address, self.session.id()).await {
                Ok(link) => Ok(Outcome::Linked(link)),
                Err(Unlinked::Away(error)) => Ok(Outcome::Pause(format!("{at} does not serve us ({error})"))),
                Err(Unlinked::Silent | Unlinked::Stranger(_)) => Err(self.error(format!(
                    "{at}, which `{}` names, does not acknowledge the filter",
                    self.file.path().display()
                ))),
            };
        }
        if let Some(child) = &mut self.child {
            match child.process.try_wait() {
                Ok(None) => return Ok(Outcome::Pause("it does not listen yet".to_owned())),
                Ok(Some(status)) => self.ended(status)?,
                Err(error) => return Err(self.error("it can't be waited for").with_source(error)),
            }
        }
        self.start()?;
        Ok(Outcome::Pause("it was started".to_owned()))
    }

    /// Takes note of an end: a good one may be that another one serves the session.
    fn ended(&mut self, status: ExitStatus) -> Result<()> {
        let said = self.child.take().map(Started::said).unwrap_or_default();
        if status.success() && self.started < STARTED_AT_MOST {
            return Ok(());
        }
        let said = if said.is_empty() { "without a word".to_owned() } else { format!("and said:\n  {said}") };
        Err(self.error(format!("it ends at once ({status}) {said}")))
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
        command
    }

    fn not_started(&self, program: &Path, error: std::io::Error) -> Error {
        self.error(format!("`{}` can't be started: {error}", program.display())).with_source(error)
    }
}

impl Started {
    fn said(mut self) -> String {
        let mut said = Vec::new();
        // What can't be read was not said.
        if self.stderr.rewind().is_ok() {
            let _ = self.stderr.take(SHOWN as u64).read_to_end(&mut said);
        }
        String::from_utf8_lossy(&said).trim().replace('\n', "\n  ")
    }
}

/// How it speaks TLS to the engine, if it has to. It has another current directory than we have.
fn tls_variables(endpoint: &Endpoint) -> Vec<(&'static str, PathBuf)> {
    let Endpoint::Tcp { tls: Some(files), .. } = endpoint else { return Vec::new() };
    let folder = std::path::absolute(&files.folder).unwrap_or_else(|_| files.folder.clone());
    let verify = files.verify.then(|| ("DOCKER_TLS_VERIFY", "1".into()));
    [("DOCKER_CERT_PATH", folder)].into_iter().chain(verify).collect()
}

/// The program: where cargo puts what it builds together with our own, or else on the `PATH`.
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
