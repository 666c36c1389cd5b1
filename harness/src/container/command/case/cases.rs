//! The public handle for running cases in a container.

use std::fmt;
use std::sync::Arc;

use futures_util::future::try_join;
use tokio::sync::Semaphore;

use super::super::exec::beside_feeder;
use super::agents::{Agents, Route};
use super::by_exec::{WINDOW, by_exec};
use super::case::Case;
use super::drain::{GiveBack, pipe};
use super::link::Link;
use super::output::CaseOutput;
use super::plan::Parts;
use super::streams::Streams;
use crate::base::background;
use crate::container::{Subject, TestContainer};
use crate::words::Result;

/// The way that cases take into a container.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CaseVia {
    /// By our program in the container, the agent: as fast as a process starts.
    Agent,
    /// By the engine's exec: slower, with the same results.
    Exec {
        /// The reason for which the agent can't be in the container, or is not to be.
        reason: String,
    },
}

impl fmt::Display for CaseVia {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent => f.write_str("the agent"),
            Self::Exec { reason } => write!(f, "the engine's exec, since {reason}"),
        }
    }
}

/// Runs cases in one container, any number at once; cheap to clone.
///
/// ```no_run
/// # use std::time::Duration;
/// # use seatrial::{Case, command::CaseEnd};
/// # async fn example(container: seatrial::TestContainer) -> seatrial::Result<()> {
/// let cases = container.cases().await?;
/// let output = cases.run(Case::new(["sh", "-c", "echo $0; exit 3"]).timeout(Duration::from_secs(5))).await?;
/// assert_eq!(output.end, CaseEnd::Exited(3));
/// assert_eq!(output.stdout_text(), "sh\n");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Cases {
    subject: Subject,
    /// `true` if the agent is left out on request.
    by_exec: bool,
}

impl TestContainer {
    /// Returns a handle for running many short commands fast, each of which leaves nothing running.
    ///
    /// The first call copies a program of 47 kB, the agent, into the container and starts it there. Later calls send the
    /// engine no request, nor does any call in a container that [exists for its
    /// cases](crate::ContainerRequest::for_cases). Where the agent can't be, cases go by the engine's exec, and
    /// [`Cases::via`] gives the reason.
    ///
    /// # Errors
    /// Conflict, if the container does not run; not found, if it was removed; the engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future may leave the agent started or not.
    pub async fn cases(&self) -> Result<Cases> {
        let cases = Cases { subject: self.subject(), by_exec: false };
        let started = Agents::get(&cases.subject, &None).await;
        started.map_err(|error| error.with_subject(self.to_string()))?;
        Ok(cases)
    }

    /// Returns a handle for running cases by the engine's exec, without an agent, as [`cases`](Self::cases) does where
    /// the agent can't be.
    #[must_use]
    pub fn cases_by_exec(&self) -> Cases {
        Cases { subject: self.subject(), by_exec: true }
    }
}

impl Cases {
    /// Returns the way that cases of the container's user take.
    #[must_use]
    pub fn via(&self) -> CaseVia {
        if self.by_exec {
            return CaseVia::Exec { reason: "it was asked for".to_owned() };
        }
        match self.subject.commands.cases.known(&self.subject, &None) {
            Some(Route::Exec(reason, _)) => CaseVia::Exec { reason },
            Some(Route::Agent(_)) | None => CaseVia::Agent,
        }
    }

    /// Runs a case and waits until it is over: its process has ended, and so have all processes that it started.
    ///
    /// The way in which the case ended is data: a time-out and a program that can't be started are no errors. 64 cases
    /// of a user run at once in a container; others wait for their turn.
    ///
    /// # Errors
    /// Invalid, if the case has no program, a NUL byte, or a working directory that is not absolute. Files, if a reader
    /// or writer of its streams fails. After any other error the end of the case is not known, since the container, the
    /// engine or the agent is lost; the container is [poisoned](TestContainer::is_poisoned) if something may run on in
    /// it.
    ///
    /// # Cancel safety
    /// Dropping the future ends the case in the background, with all that it has started.
    pub async fn run(&self, case: Case) -> Result<CaseOutput> {
        self.run_unnamed(case).await.map_err(|error| error.with_subject(self.to_string()))
    }

    async fn run_unnamed(&self, case: Case) -> Result<CaseOutput> {
        let Parts { plan, input, feeder, writers } = Parts::of(case)?;
        let agent = self.agent(&plan.user).await?;
        let piped = writers.each_ref().map(Option::is_some);
        let (pipe, drain) = pipe(writers);
        let streams = Streams::new(plan.limit, pipe, piped);
        let output = match agent {
            Some(link) => {
                let (give_back, id) = link.credit();
                let work = link.run(&self.subject.commands, plan, input, streams, &id);
                beside_feeder(try_join(work, drain.write(give_back)), feeder).await
            }
            None => {
                let window = Arc::new(Semaphore::new(WINDOW));
                let given = Arc::clone(&window);
                let give_back: GiveBack = Arc::new(move |_, bytes| given.add_permits(bytes));
                let work = background().run(by_exec(self.subject.clone(), plan, input, streams, window));
                beside_feeder(try_join(work, drain.write(give_back)), feeder).await
            }
        };
        Ok(output?.0)
    }

    /// Returns the agent for a user's cases; `None` if they go by the engine's exec.
    async fn agent(&self, user: &Option<String>) -> Result<Option<Arc<Link>>> {
        if self.by_exec {
            return Ok(None);
        }
        match Agents::get(&self.subject, user).await {
            Ok(Route::Agent(link)) => Ok(Some(link)),
            Ok(Route::Exec(..)) => Ok(None),
            // The engine's exec gives the reason, a user that does not exist for example.
            Err(error) if error.is_not_started() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl fmt::Display for Cases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "container `{}`", self.subject.name)
    }
}
