//! How a pool is described, and how it is made.

use std::num::NonZeroUsize;
use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::keeper::{Crew, Endings, Member, Names};
use super::leaks::LeakCheck;
use super::pool::ContainerPool;
use super::recycle::Recycle;
use super::roster::Roster;
use super::shell::Shell;
use crate::container::ContainerRequest;
use crate::session::Session;
use crate::words::{Error, Result, caller_name, default_name};

/// The most containers that a pool has when nobody says how many.
const MOST_BY_DEFAULT: usize = 8;
/// The most characters of the members' common name: theirs should be DNS labels, with a number behind.
const MOST_OF_NAME: usize = 54;

/// Describes a pool; see [`ContainerPool::builder`].
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
    history: usize,
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
            history: 2_000,
        }
    }

    /// How many containers. Default: `SEATRIAL_POOL_SIZE`, else one per core, 8 at most.
    pub fn size(mut self, containers: usize) -> Self {
        self.size = Some(containers);
        self
    }

    /// How many of the containers may be starting at once, each until it is ready. Default: all of them.
    ///
    /// For members that take turns at something while they boot. How many starts the engine is given at once is
    /// bounded for the whole process (`SEATRIAL_PARALLELISM`), and can be for the host (`SEATRIAL_HOST_PARALLELISM`).
    pub fn starts_at_once(mut self, containers: NonZeroUsize) -> Self {
        self.starts_at_once = Some(containers);
        self
    }

    /// What is done to a container between two leases. Default: nothing.
    pub fn recycle(mut self, recycle: Recycle) -> Self {
        self.recycle = recycle;
        self
    }

    /// How long a reset command or a hook may take. Default: 30 s.
    pub fn recycle_timeout(mut self, timeout: Duration) -> Self {
        self.recycle_timeout = timeout;
        self
    }

    /// How long [`close`](ContainerPool::close) waits for leases. Default: 30 s.
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.close_timeout = timeout;
        self
    }

    /// Looks after each lease for processes and files that it left behind. Default: nobody looks.
    ///
    /// It costs two requests per lease, while the container is recycled. What a service does by itself, such as a
    /// file that it writes at times, is not told apart from what the lease did.
    pub fn leak_check(mut self, check: LeakCheck) -> Self {
        self.leak_check = Some(check);
        self
    }

    /// How many intervals of each member, and changes of the queue, the accounting keeps: the newest. The sums are of
    /// all time. Default: 2 000.
    pub fn history(mut self, entries: usize) -> Self {
        self.history = entries;
        self
    }

    /// Starts the containers in parallel, and waits until all are ready.
    ///
    /// # Errors
    /// Invalid, if the size is 0; else the first error of a [`start`](ContainerRequest::start), after which nothing is
    /// left.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing: what was started is removed in the background.
    pub async fn build(self) -> Result<ContainerPool> {
        let (caller, own_name) = (caller_name(), default_name());
        if self.size == Some(0) {
            return Err(Error::invalid("a pool of 0 containers serves nobody; `size` is at least 1"));
        }
        let session = match self.request.session_wanted() {
            Some(session) => session.clone(),
            None => Session::current().await?,
        };
        let size = match self.size {
            Some(size) => size,
            None => session.config().pool_size.as_ref().map_or_else(default_size, |size| size.value.get()),
        };
        let base = self.request.name_wanted().map_or_else(|| shortened(&own_name), str::to_owned);
        let names = Names::new(caller, base);
        let request = self.request.session(&session);
        let at_once = self.starts_at_once.map_or(size, NonZeroUsize::get);
        let starts = (0..size).map(|place| {
            let request = request.clone().name(names.first(place));
            let check = self.leak_check;
            async move { Ok((place, Member::new(request.start().await?, check).await?)) }
        });
        // The first error drops the other starts, and what has started: all of it is removed.
        let mut members: Vec<_> =
            stream::iter(starts).buffer_unordered(at_once).try_collect::<Vec<_>>().await?;
        members.sort_by_key(|(place, _)| *place);
        let roster = Roster::of(members.iter().map(|(_, member)| &member.container));
        let members = members
            .into_iter()
            .map(|(_, member)| (member.container.name().to_owned(), Box::new(member)))
            .collect();
        let recycles = !self.recycle.is_nothing() || self.leak_check.is_some();
        let crew = Crew {
            request,
            names,
            recycle: self.recycle,
            recycle_timeout: self.recycle_timeout,
            leak_check: self.leak_check,
            roster,
            endings: Endings::new(),
            failure: std::sync::Mutex::default(),
        };
        let shell = Shell::new(crew, members, recycles, self.history);
        Ok(ContainerPool::new(shell, session, self.close_timeout))
    }
}

fn default_size() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MOST_BY_DEFAULT)
}

/// A name with room for a number behind it; its end is what tells it from others.
fn shortened(name: &str) -> String {
    let cut = name.len().saturating_sub(MOST_OF_NAME);
    name[cut..].trim_start_matches(['-', '_', '.']).to_owned()
}
