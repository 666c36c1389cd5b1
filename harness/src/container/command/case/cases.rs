//! The way to a container's cases, for users.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{Either, select, try_join};

use super::by_exec::{ByExec, OnTheWay};
use super::case::Case;
use super::drain::{GiveBack, pipe};
use super::output::CaseOutput;
use super::plan::Parts;
use super::sink::Sink;
use crate::background::background;
use crate::container::TestContainer;
use crate::error::Result;
use crate::stream::LogStream;
use crate::wait::Subject;

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
    via: CaseVia,
}

impl TestContainer {
    /// The way to run many short commands in the container, fast, of which each leaves nothing running.
    ///
    /// The first call copies a program of 30 kB into the container and starts it there; later calls ask nothing of the
    /// engine. Where that can't be, cases go by the engine's exec, and [`Cases::via`] says why.
    ///
    /// # Errors
    /// Conflict, if the container does not run; not found, if it is gone; the engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it open whether the program was started.
    pub async fn cases(&self) -> Result<Cases> {
        let via = CaseVia::Exec { reason: "it is not there yet".to_owned() };
        Ok(Cases { subject: self.subject(), via })
    }
}

impl Cases {
    /// How cases are run here.
    #[must_use]
    pub fn via(&self) -> CaseVia {
        self.via.clone()
    }

    /// Runs a case and waits until it is over: its process has ended, with all that came of it, whether it was to
    /// run on or not.
    ///
    /// How the case ended is data, and so are its time being up and a program that can't be started.
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
        let Parts { plan, source, feeder, writers } = Parts::of(case)?;
        let has_writer = |stream| writers.has(stream);
        let piped = (has_writer(LogStream::Stdout), has_writer(LogStream::Stderr));
        let is_piped = move |stream| if stream == LogStream::Stdout { piped.0 } else { piped.1 };
        let (pipe, drain) = pipe(writers);
        let on_the_way = Arc::new(OnTheWay::default());
        let way = Arc::clone(&on_the_way);
        let give_back: GiveBack = Arc::new(move |_, bytes| way.give_back(bytes));
        let sink = Sink::new(plan.limit, Some(pipe), is_piped);
        let run = ByExec { subject: self.subject.clone(), plan, source, sink, on_the_way };
        let work = background().run(run.run());
        let written = pin!(try_join(work, drain.write(give_back)));
        let Some(feeder) = feeder else { return Ok(written.await?.0) };
        let output = match select(written, pin!(feeder.feed())).await {
            Either::Left((output, _)) => output,
            Either::Right((Ok(()), written)) => written.await,
            // Dropping the work ends the case.
            Either::Right((Err(error), _)) => Err(error),
        };
        Ok(output?.0)
    }
}

impl fmt::Display for Cases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "container `{}`", self.subject.name)
    }
}
