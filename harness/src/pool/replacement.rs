//! The replacement of a container that can't be used any more.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use seatrial_pool::Event;

use super::manager::{ContainerManager, Member, PoolShell};
use super::user_thread::bounded;
use super::watch::inspect_member;
use crate::base::Backoff;
use crate::words::{Error, Kind, Result};

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Starts another container for a slot; tries again until it succeeds or the pool is closed.
pub(super) async fn replace(shell: &PoolShell, slot: usize) {
    let manager = shell.manager();
    let mut backoff = Backoff::new(Duration::from_millis(100), LONGEST_PAUSE);
    while !shell.is_closed() {
        shell.apply(Event::ReplacementBegan(slot));
        let name = manager.names.next(slot);
        match start_another(shell, &name).await {
            Ok(member) => {
                manager.roster.set(slot, &member.container);
                shell.replaced(slot, &name, Box::new(member));
                // The events between its readiness and its entry in the roster were ignored.
                return inspect_member(shell, slot).await;
            }
            Err(error) => {
                if !shell.is_closed() {
                    tracing::warn!(
                        "replacing a container of a pool failed, and will be tried again: {error}"
                    );
                }
                *manager.last_failure() = Some(error);
                shell.apply(Event::ReplacementFailed(slot));
            }
        }
        let pause = pin!(crate::base::sleep(backoff.next()));
        select(pause, pin!(manager.shutdown.signalled())).await;
    }
}

/// Starts a container on a thread for user code.
async fn start_another(shell: &PoolShell, name: &str) -> Result<Member> {
    let manager = shell.manager();
    let (limit, closed) = (manager.start_limit(), manager.shutdown.signalled());
    let (request, check) = (manager.request.clone().name(name), manager.leak_check);
    let (_, outcome) = ContainerManager::user_thread(shell, limit)
        .run((), async move |()| {
            let start = async { Member::new(request.start().await?, check).await };
            ((), unless_closed(bounded(limit, start), closed).await)
        })
        .await;
    outcome
}

/// Awaits work for the pool; drops it when the pool is closed.
///
/// # Errors
/// That of the work; conflict, if the pool was closed.
pub(super) async fn unless_closed<T>(
    work: impl Future<Output = Result<T>>,
    closed: impl Future<Output = ()>,
) -> Result<T> {
    match select(pin!(work), pin!(closed)).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right(((), _)) => Err(Error::new(Kind::Conflict, "the pool is closed")),
    }
}
