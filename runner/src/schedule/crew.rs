//! One attempt, from the lease of its container to its end. Attempts run side by side and don't know of each other.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use seatrial::{ContainerPool, ExclusiveLease, Lease, TestContainer, container::StateWatch};

use super::book::Job;
use crate::rules::Place;
use crate::attempt::{Attempt, End};
use crate::error::{Error, Result, chain};
use crate::execute::{Watched, execute};
use crate::run::Run;

/// The time for which an engine that is away is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// The pause between two requests for a container to such an engine.
const PAUSE: Duration = Duration::from_millis(500);
/// The time limit of a set-up command.
const SETUP_TIMEOUT: Duration = Duration::from_secs(600);

/// Everything that attempts share.
#[derive(Debug)]
pub(crate) struct Crew<'a> {
    run: &'a Run,
    pub(super) pool: &'a ContainerPool,
    used: &'a Used,
}

/// The containers in which cases have run, each with the watch of its state, by container id.
///
/// Attempts take the watch of their own container and put it back. A standard lock is enough, since it is not held across an await.
#[derive(Debug, Default)]
pub(crate) struct Used(Mutex<HashMap<String, StateWatch>>);

/// A container that an attempt has leased.
enum Held {
    Shared(Lease),
    Alone(ExclusiveLease),
}

impl<'a> Crew<'a> {
    pub(crate) fn new(run: &'a Run, pool: &'a ContainerPool, used: &'a Used) -> Self {
        Self { run, pool, used }
    }

    /// Makes an attempt.
    pub(crate) async fn make(&self, job: Job) -> Attempt {
        let began = Instant::now();
        let held = match self.hold(job).await {
            Ok(held) => held,
            Err(error) => {
                return Attempt::new(job.place, "", End::NoContainer(chain(&error))).after(began.elapsed());
            }
        };
        held.label(self.run.plan.name(job.case).to_string());
        let began = Instant::now();
        match self.run_in(held.container(), job).await {
            Ok(attempt) => attempt,
            Err(error) => {
                let end = End::Infrastructure(chain(&error));
                let attempt = Attempt::new(job.place, held.container().name(), end).after(began.elapsed());
                // Whatever the reason is, the next attempt needs another container.
                held.discard();
                attempt
            }
        }
    }

    /// Leases a container, and waits for an engine that is away.
    ///
    /// A retry gets a container in which no case has run: what an earlier case did to its container must not fail
    /// another one. Used containers are discarded for that, and the pool replaces them.
    async fn hold(&self, job: Job) -> Result<Held> {
        let mut began = Instant::now();
        loop {
            let held = match job.place {
                Place::Shared => self.pool.get().await.map(Held::Shared),
                Place::Alone => self.pool.get_exclusive().await.map(Held::Alone),
            };
            match held {
                Ok(held) if job.is_retry && self.used.contains(held.container()) => {
                    self.used.take(held.container());
                    held.discard();
                    began = Instant::now();
                }
                Ok(held) => return Ok(held),
                // The pool goes on with its tries, and does not tell of their success.
                Err(error) if !error.is_closed() && began.elapsed() < PATIENCE => {
                    tokio::time::sleep(PAUSE).await
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn run_in(&self, container: &TestContainer, job: Job) -> Result<Attempt> {
        let mut watch = match self.used.take(container) {
            Some(watch) => watch,
            None => self.set_up(container).await?,
        };
        let name = self.run.plan.name(job.case);
        let words = self.run.template.words(name);
        let mut watched = Watched { container, watch: &mut watch };
        let attempt = execute(&mut watched, words, name, &self.run.limits, job.place).await?;
        // A container that the pool replaces now does not come back.
        if !self.run.fresh && !container.is_poisoned() {
            self.used.put(container, watch);
        }
        Ok(attempt)
    }

    /// Runs the set-up in a new container, and begins to watch its state.
    async fn set_up(&self, container: &TestContainer) -> Result<StateWatch> {
        let mut watch = container.watch();
        // From the first state on, no change is missed.
        watch.next().await;
        for cmd in &self.run.setup {
            set_up(container, cmd, &self.run.limits.env).await?;
        }
        Ok(watch)
    }
}

impl Used {
    fn contains(&self, container: &TestContainer) -> bool {
        self.lock().contains_key(container.id().as_str())
    }

    fn take(&self, container: &TestContainer) -> Option<StateWatch> {
        self.lock().remove(container.id().as_str())
    }

    fn put(&self, container: &TestContainer, watch: StateWatch) {
        self.lock().insert(container.id().to_string(), watch);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, StateWatch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs one command of the set-up.
///
/// # Errors
/// Engine, with the end of the command's output, if it fails.
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
        "{container}: the set-up command `{command}` ended with exit code {code}; it printed:\n  {last}"
    )))
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
