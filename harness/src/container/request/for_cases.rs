//! Containers that exist for their cases: what is asked for, and what the engine is asked for in its place.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::super::command::{AGENT_PATH, ProgramVolume};
use super::ContainerRequest;
use crate::config::Keep;
use crate::session::Session;
use crate::words::{Error, Result};

/// What a request for such containers shares with its clones: the volume of our program, made by the first start and
/// removed once the requests and their containers are gone. Tokio's lock, since who holds it makes the volume.
#[derive(Clone, Debug, Default)]
pub(crate) struct ForCases(Arc<Mutex<Option<Arc<ProgramVolume>>>>);

impl ForCases {
    /// The volume, empty at first.
    ///
    /// # Errors
    /// Exec, if the program can't run on the engine's machine; the engine's own.
    pub(in crate::container) async fn program(&self, session: &Session) -> Result<Arc<ProgramVolume>> {
        let mut program = self.0.lock().await;
        if let Some(program) = program.as_ref().filter(|program| program.is_for(session)) {
            return Ok(Arc::clone(program));
        }
        Ok(Arc::clone(program.insert(Arc::new(ProgramVolume::create(session).await?))))
    }
}

impl ContainerRequest {
    /// A container that exists for its [cases](crate::TestContainer::cases). Default: one that runs the command of its
    /// image.
    ///
    /// Its main process, in the place of every command and entry point, is the program that runs cases: so the first
    /// case is as fast as those after it, nothing of the image keeps the container running, and what its processes leave
    /// is reaped. The program is in a volume that the request shares with its clones and their containers, and which goes
    /// with the last of them.
    ///
    /// The container runs until it is stopped, at once, or removed. It has no log, so no wait can look at its output, and
    /// no terminal. Where the program can't be its main process, that is `sleep infinity`, and cases go as in any other
    /// container.
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

    /// # Errors
    /// Invalid, if it can't exist for its cases.
    pub(in crate::container) fn check_for_cases(&self) -> Result<()> {
        let is_in_the_way = if self.body.tty == Some(true) {
            "`tty`: its program speaks no terminal's language"
        } else if self.wait.0.looks_at_output() {
            "a wait that looks at its output: it prints nothing"
        } else if !self.consumers.is_empty() {
            "`on_log`: it prints nothing"
        } else {
            return Ok(());
        };
        Err(Error::invalid(format!("a container `for_cases` can't have {is_in_the_way}")))
    }

    /// The same with our program as the main process.
    pub(in crate::container) fn kept_running_by(mut self, program: Arc<ProgramVolume>) -> Self {
        self.for_cases = None;
        self.host.mounts.get_or_insert_default().push(program.mount());
        self.program = Some(program);
        if self.host.log_config.is_none() {
            self = self.log_driver("none", [("", ""); 0]);
        }
        if self.body.stop_signal.is_none() {
            // The image's is for the image's own command.
            self = self.stop_signal("SIGTERM");
        }
        self.entrypoint([AGENT_PATH]).cmd(["main"]).stdin_once()
    }

    /// The same with a main process of the image's.
    pub(in crate::container) fn kept_running_by_sleep(mut self) -> Self {
        self.for_cases = None;
        self.entrypoint(["sleep"]).cmd(["infinity"])
    }

    /// A container of the same image that can put our program into its volume.
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
