//! The builder of a pool: its settings, and the start of its containers.

use std::num::NonZeroUsize;
use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use seatrial_pool::Shell;

use super::leak_check::LeakCheck;
use super::manager::{ContainerManager, Member};
use super::names::Names;
use super::pool::ContainerPool;
use super::recycle::Recycle;
use super::roster::Roster;
use crate::container::ContainerRequest;
use crate::session::Session;
use crate::words::{Error, Result, caller_name, default_name};

/// The largest default size of a pool.
const MAX_DEFAULT_SIZE: usize = 8;
/// The maximum length of the containers' common name. A container's name should be a DNS label, and ends with a number.
const MAX_BASE_NAME: usize = 54;

/// A builder of a pool, made by [`ContainerPool::builder`].
#[derive(Clone, Debug)]
#[must_use = "a pool is made by `build`"]
pub struct PoolBuilder {
    request: ContainerRequest,
    size: Option<usize>,
    starts_at_once: Option<NonZeroUsize>,
    recycle: Recycle,
    recycle_timeout: Duration,
    close_timeout: Duration,
    leak_check: Option<LeakCheck>,
    slow_wait: SlowWait,
    history: usize,
}

/// The setting for reports of slow waits.
#[derive(Clone, Copy, Debug)]
enum SlowWait {
    /// Reported as the environment says.
    Default,
    After(Duration),
    Never,
}

impl PoolBuilder {
    pub(super) fn new(request: ContainerRequest) -> Self {
        Self {
            request,
            size: None,
            starts_at_once: None,
            recycle: Recycle::nothing(),
            recycle_timeout: Duration::from_secs(30),
            close_timeout: Duration::from_secs(30),
            leak_check: None,
            slow_wait: SlowWait::Default,
            history: 2_000,
        }
    }

    /// Sets the number of containers. Default: `SEATRIAL_POOL_SIZE`, else one per core, 8 at most.
    pub fn size(mut self, containers: usize) -> Self {
        self.size = Some(containers);
        self
    }

    /// Limits the number of containers that start at the same time, each until it is ready. Default: no limit.
    ///
    /// This is for containers that share a scarce resource while they start. The starts that are requested from the
    /// engine at the same time are limited for the whole process too (`SEATRIAL_PARALLELISM`), and can be limited for
    /// all processes on this host (`SEATRIAL_HOST_PARALLELISM`).
    pub fn starts_at_once(mut self, containers: NonZeroUsize) -> Self {
        self.starts_at_once = Some(containers);
        self
    }

    /// Sets the work on a container between two leases. Default: none.
    pub fn recycle(mut self, recycle: Recycle) -> Self {
        self.recycle = recycle;
        self
    }

    /// Sets the time that a reset command or a hook may take; then it has failed. Default: 30 s.
    pub fn recycle_timeout(mut self, timeout: Duration) -> Self {
        self.recycle_timeout = timeout;
        self
    }

    /// Sets the time that [`close`](ContainerPool::close) waits for leases. Default: 30 s.
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.close_timeout = timeout;
        self
    }

    /// Checks after each lease for processes and files that it left in the container. Default: no check.
    ///
    /// A check costs two requests to the engine per lease, while the container is recycled. It can't tell the work of
    /// the service itself, such as a log file, from that of the lease.
    pub fn leak_check(mut self, check: LeakCheck) -> Self {
        self.leak_check = Some(check);
        self
    }

    /// Sets the time after which a wait for the pool is reported: one line on stderr for each request, with the state
    /// of every container. Default: `SEATRIAL_POOL_SLOW_WAIT`, else 30 s.
    ///
    /// Such a wait is often that of a test which holds a lease and requests another one.
    pub fn slow_wait_threshold(mut self, threshold: Duration) -> Self {
        self.slow_wait = SlowWait::After(threshold);
        self
    }

    /// Does not report slow waits. Default: they are reported, unless `SEATRIAL_POOL_SLOW_WAIT` is `off`.
    pub fn without_slow_wait_reports(mut self) -> Self {
        self.slow_wait = SlowWait::Never;
        self
    }

    /// Sets the number of entries that each log of the accounting keeps: the newest intervals of each container,
    /// changes of the queue, and exclusive windows. Sums are of all time. Default: 2 000.
    pub fn history(mut self, entries: usize) -> Self {
        self.history = entries;
        self
    }

    /// Starts the containers in parallel, and waits until all of them are ready.
    ///
    /// # Errors
    /// Invalid, if the size is 0; else the first error of a [`start`](ContainerRequest::start). The containers that
    /// were started are then removed.
    ///
    /// # Cancel safety
    /// Dropping the future has the containers that were started removed in the background.
    pub async fn build(self) -> Result<ContainerPool> {
        let (test, own_name) = (caller_name(), default_name());
        if self.size == Some(0) {
            return Err(Error::invalid("a pool must have at least 1 container, but `size` is 0"));
        }
        let session = match self.request.session_wanted() {
            Some(session) => session.clone(),
            None => Session::current().await?,
        };
        let size = self.size.unwrap_or_else(|| default_size(&session));
        let base = self.request.name_wanted().map_or_else(|| shortened(&own_name), str::to_owned);
        let names = Names::new(test, base);
        let request = self.request.session(&session);
        let (at_once, check) = (self.starts_at_once.map_or(size, NonZeroUsize::get), self.leak_check);
        let members = start_all(&request, &names, size, at_once, check).await?;
        let roster = Roster::of(members.iter().map(|(_, member)| &member.container));
        let recycles = !self.recycle.is_nothing() || check.is_some();
        let limit = self.recycle_timeout;
        let manager = ContainerManager::new(request, names, self.recycle, limit, check, roster);
        let shell = Shell::new(manager, members, recycles, self.history);
        let slow_wait = match self.slow_wait {
            SlowWait::Default => session.config().pool_slow_wait.value,
            SlowWait::After(threshold) => Some(threshold),
            SlowWait::Never => None,
        };
        Ok(ContainerPool::new(shell, session, self.close_timeout, slow_wait))
    }
}

/// Starts the containers, at most `at_once` at the same time; returns each with its name, in the order of their slots.
async fn start_all(
    request: &ContainerRequest,
    names: &Names,
    size: usize,
    at_once: usize,
    check: Option<LeakCheck>,
) -> Result<Vec<(String, Box<Member>)>> {
    let starts = (0..size).map(|slot| {
        let request = request.clone().name(names.first(slot));
        async move { Ok((slot, Member::new(request.start().await?, check).await?)) }
    });
    // The first error drops the other starts and the started containers, which removes them.
    let mut members: Vec<_> = stream::iter(starts).buffer_unordered(at_once).try_collect().await?;
    members.sort_by_key(|(slot, _)| *slot);
    let named = members
        .into_iter()
        .map(|(_, member): (usize, Member)| (member.container.name().to_owned(), Box::new(member)));
    Ok(named.collect())
}

/// Returns the size of a pool for which none was set: as the environment says, else one container per core.
fn default_size(session: &Session) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MAX_DEFAULT_SIZE);
    session.config().pool_size.as_ref().map_or_else(cores, |size| size.value.get())
}

/// Shortens a name so that a number fits behind it. Its end is kept, since that tells it from other names.
fn shortened(name: &str) -> String {
    let cut = name.len().saturating_sub(MAX_BASE_NAME);
    name[cut..].trim_start_matches(['-', '_', '.']).to_owned()
}
