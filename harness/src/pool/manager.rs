//! The pool's manager: it has containers recycled, replaced and removed on the background thread.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use seatrial_pool::{Manager, Shell};
use tokio::sync::Notify;

use super::leak_check::{Inventory, LeakCheck};
use super::names::Names;
use super::recycle::Recycle;
use super::roster::Roster;
use super::shutdown::Shutdown;
use super::user_thread::UserThread;
use super::{recycling, replacement};
use crate::base::background;
use crate::container::{ContainerRequest, TestContainer};
use crate::words::{Error, Result};

/// The shell of a pool of containers.
pub(super) type PoolShell = Arc<Shell<ContainerManager>>;

/// A member of the pool: one container.
pub(super) struct Member {
    pub(super) container: TestContainer,
    /// The container's processes and files before its lease, if the pool checks for leaks.
    pub(super) inventory: Option<Inventory>,
}

/// The settings of a pool, and what it knows of its containers.
pub(super) struct ContainerManager {
    /// The request that every container is made from.
    pub(super) request: ContainerRequest,
    pub(super) names: Names,
    pub(super) recycle: Recycle,
    pub(super) recycle_timeout: Duration,
    pub(super) leak_check: Option<LeakCheck>,
    pub(super) roster: Roster,
    pub(super) shutdown: Shutdown,
    /// Notified by each request that has to wait.
    pub(super) request_waits: Notify,
    last_failure: Mutex<Option<Error>>,
}

impl Member {
    /// Returns a member that is ready for its first lease.
    pub(super) async fn new(container: TestContainer, check: Option<LeakCheck>) -> Result<Self> {
        let inventory = match check {
            Some(_) => Some(Inventory::of(&container).await?),
            None => None,
        };
        Ok(Self { container, inventory })
    }
}

impl ContainerManager {
    pub(super) fn new(
        request: ContainerRequest,
        names: Names,
        recycle: Recycle,
        recycle_timeout: Duration,
        leak_check: Option<LeakCheck>,
        roster: Roster,
    ) -> Self {
        Self {
            request,
            names,
            recycle,
            recycle_timeout,
            leak_check,
            roster,
            shutdown: Shutdown::new(),
            request_waits: Notify::new(),
            last_failure: Mutex::default(),
        }
    }

    /// The error of the last replacement that failed: written by replacements, read by requests that are refused for
    /// it.
    pub(super) fn last_failure(&self) -> MutexGuard<'_, Option<Error>> {
        // Each critical section leaves the value whole.
        self.last_failure.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Carries a removal out in the background; the pool's close waits for it.
    pub(super) fn remove_in_background(
        shell: &PoolShell,
        removal: impl Future<Output = Result<()>> + Send + 'static,
    ) {
        let shell = shell.clone();
        shell.manager().shutdown.removal_began();
        let removal = async move { shell.manager().shutdown.removal_ended(removal.await) };
        background().carry_through(removal).detach();
    }

    /// Returns a thread for user code, which may take this long.
    pub(super) fn user_thread(shell: &PoolShell, limit: Duration) -> UserThread {
        UserThread { name: shell.manager().names.test.clone(), shell: Arc::as_ptr(shell) as usize, limit }
    }

    /// Returns the limit of a start. The start's own limits end it first, unless user code in it never returns.
    pub(super) fn start_limit(&self) -> Duration {
        self.request.startup_wanted().unwrap_or(Duration::from_secs(60)) * 2 + Duration::from_secs(600)
    }
}

impl Manager for ContainerManager {
    type Member = Box<Member>;

    fn recycle(shell: &PoolShell, slot: usize, member: Option<Box<Member>>) {
        let Some(member) = member else {
            return shell.recycled(slot, None, false);
        };
        let shell = shell.clone();
        background().carry_through(async move { recycling::recycle(&shell, slot, member).await }).detach();
    }

    fn replace(shell: &PoolShell, slot: usize, member: Option<Box<Member>>) {
        if let Some(member) = member {
            Self::remove_in_background(shell, member.container.remove());
        }
        let shell = shell.clone();
        background().carry_through(async move { replacement::replace(&shell, slot).await }).detach();
    }

    fn remove(shell: &PoolShell, slot: usize, member: Option<Box<Member>>) {
        shell.manager().roster.take(slot);
        if let Some(member) = member {
            Self::remove_in_background(shell, member.container.remove());
        }
    }

    fn abandon(shell: &PoolShell, slot: usize) {
        if let Some(entry) = shell.manager().roster.take(slot) {
            Self::remove_in_background(shell, entry.remover.remove());
        }
    }
}
