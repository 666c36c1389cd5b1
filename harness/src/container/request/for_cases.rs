//! Containers that exist for their cases, and the requests to the engine that they become.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::super::command::{AGENT_PATH, ProgramVolume};
use super::ContainerRequest;
use crate::config::Keep;
use crate::session::Session;
use crate::words::{Error, Result};

/// The program volume that a request for such containers shares with its clones. The first start creates it, and it is
/// removed with the last of the requests and containers. The lock is Tokio's, since it is held while the volume is
/// created.
#[derive(Clone, Debug, Default)]
pub(crate) struct ForCases(Arc<Mutex<Option<Arc<ProgramVolume>>>>);

impl ForCases {
    /// Returns the program volume, and creates it if necessary.
    ///
    /// # Errors
    /// Exec, if the program can't run on the engine's machine, and those of the engine.
    pub(in crate::container) async fn program(&self, session: &Session) -> Result<Arc<ProgramVolume>> {
        let mut program = self.0.lock().await;
        if let Some(program) = program.as_ref().filter(|program| program.is_for(session)) {
            return Ok(Arc::clone(program));
        }
        Ok(Arc::clone(program.insert(Arc::new(ProgramVolume::create(session).await?))))
    }
}

impl ContainerRequest {
    /// Makes a container that exists for its [cases](crate::TestContainer::cases). Default: the container runs its
    /// image's command.
    ///
    /// The main process is the program that runs cases, in place of any command and entry point. So the first case is
    /// as fast as later ones, the container keeps running whatever its image contains, and orphaned processes are
    /// reaped. The program is in a volume that the request shares with its clones and their containers, and that is
    /// removed with the last of them.
    ///
    /// The container runs until it is stopped, which takes effect at once, or removed. It has no terminal and no log,
    /// so no wait can look at its output. Where the program can't be the main process, `sleep infinity` is, and cases
    /// run as in any other container.
    ///
    /// ```no_run
    /// use seatrial::{Case, ContainerRequest};
    ///
    /// # async fn example() -> seatrial::Result<()> {
    /// let container = ContainerRequest::new("python:3.11").for_cases().start().await?;
    /// let output = container.cases().await?.run(Case::new(["python3", "-c", "print(6 * 7)"])).await?;
    /// assert_eq!(output.stdout_text(), "42\n");
    /// # Ok(())
    /// # }
    /// ```
    pub fn for_cases(mut self) -> Self {
        self.for_cases = Some(ForCases::default());
        self
    }

    /// Checks that the request's other options permit a container for cases.
    ///
    /// # Errors
    /// Invalid, with the option that does not.
    pub(in crate::container) fn check_for_cases(&self) -> Result<()> {
        let is_in_the_way = if self.body.tty == Some(true) {
            "`tty`: its main process can't use a terminal"
        } else if self.wait.0.looks_at_output() {
            "a wait for its output: it prints nothing"
        } else if !self.consumers.is_empty() {
            "`on_log`: it prints nothing"
        } else {
            return Ok(());
        };
        Err(Error::invalid(format!("a container `for_cases` can't have {is_in_the_way}")))
    }

    /// Returns the request with our program as the main process.
    pub(in crate::container) fn kept_running_by(mut self, program: Arc<ProgramVolume>) -> Self {
        self.for_cases = None;
        self.host.mounts.get_or_insert_default().push(program.mount());
        self.program = Some(program);
        if self.host.log_config.is_none() {
            self = self.log_driver("none", [("", ""); 0]);
        }
        if self.body.stop_signal.is_none() {
            // The image's stop signal is meant for the image's own command.
            self = self.stop_signal("SIGTERM");
        }
        self.entrypoint([AGENT_PATH]).cmd(["main"]).stdin_once()
    }

    /// Returns the request with `sleep infinity` as the main process.
    pub(in crate::container) fn kept_running_by_sleep(mut self) -> Self {
        self.for_cases = None;
        self.entrypoint(["sleep"]).cmd(["infinity"])
    }

    /// Returns a request for a container of the same image that copies our program into the volume.
    pub(in crate::container) fn carrier(&self, program: Arc<ProgramVolume>) -> Self {
        let mut carrier = Self {
            platform: self.platform.clone(),
            runtime: self.runtime.clone(),
            runtime_suffix: self.runtime_suffix.clone(),
            pull: self.pull,
            credentials: self.credentials.clone(),
            ..Self::new(self.image.clone())
        };
        carrier.host.mounts = Some(vec![program.mount_to_write()]);
        carrier.program = Some(program);
        carrier
            .entrypoint([AGENT_PATH])
            .network_mode("none")
            .log_driver("none", [("", ""); 0])
            .keep(Keep::Never)
    }
}
