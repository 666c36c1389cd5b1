//! Looks after the members that nobody has: recycles, replaces and removes them, on the background thread.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use futures_util::future::{Either, select};
use seatrial_core::pool::Event;
use tokio::sync::watch;

use super::chore::{Chore, bounded};
use super::leaks::{LeakCheck, Traces};
use super::recycle::{Policy, Recycle};
use super::roster::Roster;
use super::shell::{Keeper, Shell};
use super::sync::Arc;
use super::watch::look_at;
use crate::base::{Backoff, background};
use crate::container::{ContainerRequest, TestContainer};
use crate::words::{Error, Kind, Result};

/// How long the pauses between tries of a replacement grow.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The shell of a pool of containers.
pub(super) type PoolShell = Arc<Shell<Crew>>;

/// One container of the pool.
pub(super) struct Member {
    pub(super) container: TestContainer,
    /// What could be seen of it before its lease, if leaks are looked for.
    traces: Option<Traces>,
}

/// What a pool's containers are made from, and what is known of those that are under way.
pub(super) struct Crew {
    pub(super) request: ContainerRequest,
    pub(super) names: Names,
    pub(super) recycle: Recycle,
    pub(super) recycle_timeout: Duration,
    pub(super) leak_check: Option<LeakCheck>,
    pub(super) roster: Roster,
    pub(super) endings: Endings,
    /// Why the last replacement could not be had; written by replacements, read by those who are refused for it.
    pub(super) failure: Mutex<Option<Error>>,
}

/// Names for the members, and the ones that replace them.
#[derive(Debug)]
pub(super) struct Names {
    /// Who made the pool: chores run in its name.
    pub(super) caller: String,
    pub(super) base: String,
    replacements: AtomicU64,
}

/// The end of a pool: whether it has begun, and which removals are under way.
pub(super) struct Endings {
    closing: watch::Sender<bool>,
    removing: watch::Sender<usize>,
    errors: Mutex<Vec<Error>>,
}

impl Names {
    pub(super) fn new(caller: String, base: String) -> Self {
        Self { caller, base, replacements: AtomicU64::new(0) }
    }

    pub(super) fn first(&self, place: usize) -> String {
        format!("{}-{place}", self.base)
    }

    /// A name that no member of this place has had.
    fn next(&self, place: usize) -> String {
        let number = self.replacements.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{}-{place}.{number}", self.base)
    }
}

impl Member {
    /// A container that is ready for its first lease.
    pub(super) async fn new(container: TestContainer, check: Option<LeakCheck>) -> Result<Self> {
        let traces = match check {
            Some(_) => Some(Traces::of(&container).await?),
            None => None,
        };
        Ok(Self { container, traces })
    }
}

impl Keeper for Crew {
    type Member = Box<Member>;

    fn recycle(shell: &PoolShell, place: usize, member: Option<Box<Member>>) {
        let Some(member) = member else {
            return shell.recycled(place, None, false);
        };
        let shell = shell.clone();
        background().carry_through(async move { recycle(&shell, place, member).await }).detach();
    }

    fn replace(shell: &PoolShell, place: usize, member: Option<Box<Member>>) {
        if let Some(member) = member {
            Crew::remove_in_background(shell, member.container.remove());
        }
        let shell = shell.clone();
        background().carry_through(async move { replace(&shell, place).await }).detach();
    }

    fn remove(shell: &PoolShell, place: usize, member: Option<Box<Member>>) {
        shell.keeper().roster.take(place);
        if let Some(member) = member {
            Crew::remove_in_background(shell, member.container.remove());
        }
    }

    fn abandon(shell: &PoolShell, place: usize) {
        if let Some(entry) = shell.keeper().roster.take(place) {
            Crew::remove_in_background(shell, entry.remover.remove());
        }
    }
}

impl Crew {
    /// Carries a removal out; who closes the pool waits for it.
    fn remove_in_background(shell: &PoolShell, removal: impl Future<Output = Result<()>> + Send + 'static) {
        let shell = shell.clone();
        shell.keeper().endings.begin();
        background().carry_through(async move { shell.keeper().endings.end(removal.await) }).detach();
    }

    fn chore(shell: &PoolShell, limit: Duration) -> Chore {
        Chore { caller: shell.keeper().names.caller.clone(), shell: Arc::as_ptr(shell) as usize, limit }
    }

    /// How long a new container may take: its own limits end it first, unless code of the user's never returns.
    fn start_limit(&self) -> Duration {
        self.request.startup_wanted().unwrap_or(Duration::from_secs(60)) * 2 + Duration::from_secs(600)
    }
}

/// Ends when the pool is closed.
pub(super) fn closing(shell: &PoolShell) -> impl Future<Output = ()> + Send + use<> {
    let mut closing = shell.keeper().endings.closing.subscribe();
    async move {
        // The sender is in the shell, which whoever waits here has.
        closing.wait_for(|closing| *closing).await.ok();
    }
}

/// Drops what is under way when the pool is closed.
async fn unless_closed<T>(
    work: impl Future<Output = Result<T>>,
    closed: impl Future<Output = ()>,
) -> Result<T> {
    match select(std::pin::pin!(work), std::pin::pin!(closed)).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right(((), _)) => Err(Error::new(Kind::Conflict, "the pool is closed")),
    }
}

/// Makes a member ready for its next lease, on a thread where code of the user's may run.
async fn recycle(shell: &PoolShell, place: usize, member: Box<Member>) {
    let crew = shell.keeper();
    let starts = matches!(crew.recycle.0, Policy::Recreate | Policy::Restart);
    let limit = if starts { crew.start_limit() } else { crew.recycle_timeout };
    let (closed, doing) = (closing(shell), shell.clone());
    let remover = member.container.remover();
    let (member, outcome) = Crew::chore(shell, limit)
        .run(member, async move |mut member| {
            let work = bounded(limit, prepare(doing.keeper(), place, &mut member));
            let outcome = unless_closed(work, closed).await;
            (member, outcome)
        })
        .await;
    if let Some(name) = outcome.as_ref().ok().cloned().flatten() {
        shell.rename(place, &name);
        member.iter().for_each(|member| crew.roster.set(place, &member.container));
    }
    if let Err(error) = &outcome
        && !shell.is_closed()
    {
        tracing::warn!("a container of a pool is replaced, since it could not be recycled: {error}");
    }
    if member.is_none() {
        // The thread that has it may never come back.
        Crew::remove_in_background(shell, remover.remove());
    }
    shell.recycled(place, member, outcome.is_ok());
    look_at(shell, place).await;
}

/// Looks for leaks, follows the policy, and sees that the container is fit; returns its name if it is another one.
async fn prepare(crew: &Crew, place: usize, member: &mut Member) -> Result<Option<String>> {
    if let Some(before) = member.traces.take() {
        let now = Traces::of(&member.container).await?;
        if let Some(leaks) = before.leaks_until(&now) {
            let error = leaks.into_error(&member.container);
            if crew.leak_check == Some(LeakCheck::Replace) {
                return Err(error);
            }
            tracing::warn!("{error}");
        }
    }
    let mut name = None;
    if matches!(crew.recycle.0, Policy::Recreate) {
        let next = crew.names.next(place);
        let started = crew.request.clone().name(&next).start().await?;
        member.container = started;
        name = Some(next);
    } else {
        crew.recycle.0.carry_out(&member.container, &crew.request).await?;
    }
    let state = member.container.state().await?;
    if !state.is_fit() {
        let message = format!("it is not fit for another lease: {state}");
        return Err(Error::new(Kind::Exited, message).with_subject(member.container.to_string()));
    }
    if crew.leak_check.is_some() {
        member.traces = Some(Traces::of(&member.container).await?);
    }
    Ok(name)
}

/// Finds another container for a place, however often that has to be tried.
async fn replace(shell: &PoolShell, place: usize) {
    let crew = shell.keeper();
    let mut backoff = Backoff::new(Duration::from_millis(100), LONGEST_PAUSE);
    while !shell.is_closed() {
        shell.happen(Event::ReplacementBegan(place));
        let name = crew.names.next(place);
        match start_another(shell, &name).await {
            Ok(member) => {
                crew.roster.set(place, &member.container);
                shell.replaced(place, &name, Box::new(member));
                // What happened to it since it was ready is not in the events that were looked at.
                return look_at(shell, place).await;
            }
            Err(error) => {
                if !shell.is_closed() {
                    tracing::warn!("a container of a pool could not be replaced: {error}");
                }
                *lock(&crew.failure) = Some(error);
                shell.happen(Event::ReplacementFailed(place));
            }
        }
        let pause = std::pin::pin!(tokio::time::sleep(backoff.next()));
        select(pause, std::pin::pin!(closing(shell))).await;
    }
}

async fn start_another(shell: &PoolShell, name: &str) -> Result<Member> {
    let crew = shell.keeper();
    let (limit, closed) = (crew.start_limit(), closing(shell));
    let (request, check) = (crew.request.clone().name(name), crew.leak_check);
    let (_, outcome) = Crew::chore(shell, limit)
        .run((), async move |()| {
            let start = async { Member::new(request.start().await?, check).await };
            ((), unless_closed(bounded(limit, start), closed).await)
        })
        .await;
    outcome
}

impl Endings {
    pub(super) fn new() -> Self {
        Self { closing: watch::Sender::new(false), removing: watch::Sender::new(0), errors: Mutex::default() }
    }

    /// Tells all that is under way for the pool that it is not wanted any more.
    pub(super) fn close(&self) {
        self.closing.send_replace(true);
    }

    fn begin(&self) {
        self.removing.send_modify(|count| *count += 1);
    }

    fn end(&self, outcome: Result<()>) {
        if let Err(error) = outcome {
            lock(&self.errors).push(error);
        }
        self.removing.send_modify(|count| *count -= 1);
    }

    /// Waits for the removals that have begun, and returns what went wrong since the last time.
    pub(super) async fn removed(&self) -> Vec<Error> {
        self.removing.subscribe().wait_for(|count| *count == 0).await.expect("the sender is in `self`");
        std::mem::take(&mut *lock(&self.errors))
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each critical section leaves the value whole.
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
