//! One attempt from its container to its end. Many are made side by side; none of them knows of the others.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use seatrial::{ContainerPool, ExclusiveLease, Lease, StateWatch, TestContainer};

use super::book::{Job, Place};
use crate::attempt::{Attempt, End};
use crate::error::{Error, Result, chain};
use crate::execute::{Ended, Watched, execute};
use crate::run::Run;

/// How long an engine that is away is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the pauses between two questions for a container are then.
const PAUSE: Duration = Duration::from_millis(500);
/// How long a set-up command may take.
const SETUP_TIMEOUT: Duration = Duration::from_secs(600);

/// What every attempt is made with.
#[derive(Debug)]
pub(crate) struct Crew<'a> {
    pub(super) run: &'a Run,
    pub(super) pool: &'a ContainerPool,
    /// Watches of the containers that are set up, by their ids. Attempts write it; each takes and puts back that of its
    /// own container only.
    ready: Mutex<HashMap<String, StateWatch>>,
}

/// An attempt that has ended.
#[derive(Debug)]
pub(crate) struct Made {
    pub(super) job: Job,
    pub(crate) attempt: Attempt,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    /// Why it did not go by the agent, though it was to if possible.
    pub(super) no_agent: Option<String>,
    /// Why no container can be had any more.
    pub(super) no_container: Option<Error>,
}

/// A container that an attempt has.
enum Held {
    Shared(Lease),
    Alone(ExclusiveLease),
}

impl<'a> Crew<'a> {
    pub(crate) fn new(run: &'a Run, pool: &'a ContainerPool) -> Self {
        Self { run, pool, ready: Mutex::default() }
    }

    /// Makes an attempt.
    pub(crate) async fn make(&self, job: Job) -> Made {
        let began = Instant::now();
        let held = match self.hold(job.place).await {
            Ok(held) => held,
            Err(error) => {
                let failed = Attempt::failed(job.place, "", chain(&error), began.elapsed());
                return Made { no_container: Some(error), ..Made::without_output(job, failed) };
            }
        };
        let case = self.run.plan.name(job.case);
        held.label(case.to_string());
        let member = held.container().name().to_owned();
        let began = Instant::now();
        match self.run_in(held.container(), job).await {
            Ok(ended) => Made::ended(job, member, ended),
            Err(error) => {
                // Whatever it was: the next attempt is better off in another container.
                held.discard();
                Made::without_output(job, Attempt::failed(job.place, &member, chain(&error), began.elapsed()))
            }
        }
    }

    /// Waits for a container, and for an engine that is away.
    async fn hold(&self, place: Place) -> Result<Held> {
        let began = Instant::now();
        loop {
            let held = match place {
                Place::Shared => self.pool.get().await.map(Held::Shared),
                Place::Alone => self.pool.get_exclusive().await.map(Held::Alone),
            };
            match held {
                Ok(held) => return Ok(held),
                // The pool goes on trying, and does not tell when it has succeeded.
                Err(error) if !error.is_closed() && began.elapsed() < PATIENCE => {
                    tokio::time::sleep(PAUSE).await
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn run_in(&self, container: &TestContainer, job: Job) -> Result<Ended> {
        let watch = self.ready().remove(container.id().as_str());
        let mut watch = match watch {
            Some(watch) => watch,
            None => self.set_up(container).await?,
        };
        let case = self.run.plan.name(job.case);
        let mut watched = Watched { container, watch: &mut watch };
        let ended = execute(&mut watched, self.run.template.words(case), case, &self.run.limits).await?;
        // What has failed, or is used once, does not come back.
        if !self.run.fresh {
            self.ready().insert(container.id().to_string(), watch);
        }
        Ok(ended)
    }

    /// Runs the set-up in a container that is new, and has it watched.
    async fn set_up(&self, container: &TestContainer) -> Result<StateWatch> {
        let mut watch = container.watch();
        // From its first state on, nothing is missed.
        watch.next().await;
        for cmd in &self.run.setup {
            set_up(container, cmd, &self.run.limits.env).await?;
        }
        Ok(watch)
    }

    fn ready(&self) -> MutexGuard<'_, HashMap<String, StateWatch>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs one command of the set-up.
pub(crate) async fn set_up(
    container: &TestContainer,
    cmd: &[String],
    env: &[(String, String)],
) -> Result<()> {
    let mut exec = container.exec(cmd).timeout(SETUP_TIMEOUT);
    for (name, value) in env {
        exec = exec.env(name, value);
    }
    let output = exec.await?;
    if output.exit_code == 0 {
        return Ok(());
    }
    let printed = format!("{}{}", output.stdout_text(), output.stderr_text());
    let lines: Vec<_> = printed.trim().lines().collect();
    let last = lines[lines.len().saturating_sub(10)..].join("\n  ");
    let (command, code) = (cmd.join(" "), output.exit_code);
    Err(Error::engine(format!(
        "{container}: set-up `{command}` ended with code {code}; it printed:\n  {last}"
    )))
}

impl Made {
    fn without_output(job: Job, attempt: Attempt) -> Self {
        Self { job, attempt, stdout: Vec::new(), stderr: Vec::new(), no_agent: None, no_container: None }
    }

    fn ended(job: Job, member: String, ended: Ended) -> Self {
        let Ended { status, exit_code, signal, note, stdout, stderr, .. } = ended;
        let end = End::Ran { status, exit_code, signal, note };
        let attempt = Attempt {
            elapsed: ended.elapsed,
            cpu: ended.cpu,
            max_rss: ended.max_rss,
            truncated: ended.truncated,
            left_behind: ended.left_behind,
            ..Attempt::new(job.place, member, end)
        };
        Self { job, attempt, stdout, stderr, no_agent: ended.no_agent, no_container: None }
    }
}

impl Held {
    fn container(&self) -> &TestContainer {
        match self {
            Self::Shared(lease) => lease,
            Self::Alone(lease) => lease,
        }
    }

    fn label(&self, label: String) {
        match self {
            Self::Shared(lease) => lease.label(label),
            Self::Alone(lease) => lease.label(label),
        }
    }

    fn discard(self) {
        match self {
            Self::Shared(lease) => Lease::discard(lease),
            Self::Alone(lease) => ExclusiveLease::discard(lease),
        }
    }
}
