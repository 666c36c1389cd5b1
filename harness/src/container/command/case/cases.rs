//! The way to a container's cases, for users.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{Either, select, try_join};

use super::super::stdin::Feeder;
use super::agents::{Agents, Known};
use super::by_exec::{ByExec, OnTheWay};
use super::case::Case;
use super::drain::{GiveBack, pipe};
use super::output::CaseOutput;
use super::plan::Parts;
use super::sink::Sink;
use crate::base::background;
use crate::container::{Subject, TestContainer};
use crate::words::{LogStream, Result};

/// How cases are run in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CaseVia {
    /// By our program in the container: as fast as a process starts.
    Agent,
    /// By the engine's exec, since our program can't be in the container for this reason: slower, with the same
    /// results.
    Exec {
        /// What is in the way of the program.
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

/// Runs cases in one container, as many at once as are handed over; cheap to clone.
///
/// ```no_run
/// # use std::time::Duration;
/// # use seatrial::{Case, CaseEnd};
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
    /// Why they are not to go by the agent.
    by_exec: Option<String>,
}

impl TestContainer {
    /// The way to run many short commands in the container, fast, of which each leaves nothing running.
    ///
    /// The first call copies a program of 34 kB into the container and starts it there; later calls ask nothing of the
    /// engine, nor does any in a container that [exists for its cases](crate::ContainerRequest::for_cases). Where that
    /// can't be, cases go by the engine's exec, and [`Cases::via`] says why.
    ///
    /// # Errors
    /// Conflict, if the container does not run; not found, if it is gone; the engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it open whether the program was started.
    pub async fn cases(&self) -> Result<Cases> {
        let cases = Cases { subject: self.subject(), by_exec: None };
        let started = Agents::get(&cases.subject, &None).await;
        started.map_err(|error| error.with_subject(self.to_string()))?;
        Ok(cases)
    }
}

impl Cases {
    /// How cases of the container's user are run here.
    #[must_use]
    pub fn via(&self) -> CaseVia {
        let known = || match self.subject.commands.cases.known(&self.subject, &None) {
            Some(Known::Exec(reason, _)) => Some(reason),
            Some(Known::Agent(_)) | None => None,
        };
        self.by_exec.clone().or_else(known).map_or(CaseVia::Agent, |reason| CaseVia::Exec { reason })
    }

    /// The same by the engine's exec, whatever there is: to compare with.
    #[must_use]
    pub fn by_exec(mut self) -> Self {
        self.by_exec = Some("it was asked for".to_owned());
        self
    }

    /// Runs a case and waits until it is over: its process has ended, with all that came of it, whether it was to
    /// run on or not.
    ///
    /// How the case ended is data, and so are its time being up and a program that can't be started. 64 cases of a user
    /// run at once in a container; others wait for their turn.
    ///
    /// # Errors
    /// Invalid, if the case can't be: no program, a NUL byte, a working directory that is not absolute. Files, if a
    /// reader or writer of its streams fails. All other errors say that it is not known how the case would have ended,
    /// since the container, the engine or the agent is lost; the container is
    /// [poisoned](TestContainer::is_poisoned) if something may run on in it.
    ///
    /// # Cancel safety
    /// Dropping the future ends the case in the background, with all that it has started.
    pub async fn run(&self, case: Case) -> Result<CaseOutput> {
        self.run_unnamed(case).await.map_err(|error| error.with_subject(self.to_string()))
    }

    async fn run_unnamed(&self, case: Case) -> Result<CaseOutput> {
        let parts = Parts::of(case)?;
        let known = match &self.by_exec {
            Some(reason) => Known::Exec(reason.clone(), 0),
            None => match Agents::get(&self.subject, &parts.plan.user).await {
                // The engine says what is wrong with the user.
                Err(error) if error.is_not_started() => Known::Exec(error.message().to_owned(), 0),
                known => known?,
            },
        };
        let Parts { plan, source, feeder, writers } = parts;
        let piped = [LogStream::Stdout, LogStream::Stderr].map(|stream| writers.has(stream));
        let (pipe, drain) = pipe(writers);
        let sink =
            Sink::new(plan.limit, Some(pipe), |stream| piped[usize::from(stream == LogStream::Stderr)]);
        match known {
            Known::Agent(link) => {
                let (give_back, place) = link.credit();
                let work = link.run(&self.subject.commands, plan, source, sink, &place);
                with_streams(work, drain.write(give_back), feeder).await
            }
            Known::Exec(..) => {
                let on_the_way = Arc::new(OnTheWay::default());
                let way = Arc::clone(&on_the_way);
                let give_back: GiveBack = Arc::new(move |_, bytes| way.give_back(bytes));
                let run = ByExec { subject: self.subject.clone(), plan, source, sink, on_the_way };
                let work = background().run(run.run());
                with_streams(work, drain.write(give_back), feeder).await
            }
        }
    }
}

/// Drives a case beside what reads and writes its streams on the caller's task.
async fn with_streams(
    work: impl Future<Output = Result<CaseOutput>>,
    writing: impl Future<Output = Result<()>>,
    feeder: Option<Feeder<'static>>,
) -> Result<CaseOutput> {
    let written = pin!(try_join(work, writing));
    let Some(feeder) = feeder else { return Ok(written.await?.0) };
    let output = match select(written, pin!(feeder.feed())).await {
        Either::Left((output, _)) => output,
        Either::Right((Ok(()), written)) => written.await,
        // Dropping the work ends the case.
        Either::Right((Err(error), _)) => Err(error),
    };
    Ok(output?.0)
}

impl fmt::Display for Cases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "container `{}`", self.subject.name)
    }
}
