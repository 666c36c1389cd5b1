//! The recycling of a container between two leases.

use super::leak_check::{Inventory, LeakCheck};
use super::manager::{ContainerManager, Member, PoolShell};
use super::recycle::Policy;
use super::replacement::unless_closed;
use super::user_thread::bounded;
use super::watch::inspect_member;
use crate::words::{Error, Kind, Result};

/// Recycles a member on a thread for user code, and reports the end to the shell.
pub(super) async fn recycle(shell: &PoolShell, slot: usize, member: Box<Member>) {
    let manager = shell.manager();
    let starts = matches!(manager.recycle.0, Policy::Recreate | Policy::Restart);
    let limit = if starts { manager.start_limit() } else { manager.recycle_timeout };
    let (closed, owned_shell) = (manager.shutdown.signalled(), shell.clone());
    let remover = member.container.remover();
    let (member, outcome) = ContainerManager::user_thread(shell, limit)
        .run(member, async move |mut member| {
            let work = bounded(limit, prepare(owned_shell.manager(), slot, &mut member));
            let outcome = unless_closed(work, closed).await;
            (member, outcome)
        })
        .await;
    if let Some(name) = outcome.as_ref().ok().cloned().flatten() {
        shell.rename(slot, &name);
        member.iter().for_each(|member| manager.roster.set(slot, &member.container));
    }
    if let Err(error) = &outcome
        && !shell.is_closed()
    {
        tracing::warn!("replacing a container of a pool, since recycling it failed: {error}");
    }
    if member.is_none() {
        // The thread that has the member is blocked, and may stay so.
        ContainerManager::remove_in_background(shell, remover.remove());
    }
    shell.recycled(slot, member, outcome.is_ok());
    inspect_member(shell, slot).await;
}

/// Checks for leaks, carries the policy out, and checks that the container is fit; returns the name of the container if
/// it is another one.
async fn prepare(manager: &ContainerManager, slot: usize, member: &mut Member) -> Result<Option<String>> {
    check_for_leaks(manager, member).await?;
    let mut name = None;
    if matches!(manager.recycle.0, Policy::Recreate) {
        let next = manager.names.next(slot);
        let started = manager.request.clone().name(&next).start().await?;
        member.container = started;
        name = Some(next);
    } else {
        manager.recycle.0.carry_out(&member.container, &manager.request).await?;
    }
    let state = member.container.state().await?;
    if !state.is_fit() {
        let message = format!("it is not fit for another lease: {state}");
        return Err(Error::new(Kind::Exited, message).with_subject(member.container.to_string()));
    }
    if manager.leak_check.is_some() {
        member.inventory = Some(Inventory::of(&member.container).await?);
    }
    Ok(name)
}

/// Compares the container with its inventory from before the lease.
///
/// # Errors
/// Leftover, if the lease left something and the pool replaces such containers.
async fn check_for_leaks(manager: &ContainerManager, member: &mut Member) -> Result<()> {
    let Some(before) = member.inventory.take() else { return Ok(()) };
    let now = Inventory::of(&member.container).await?;
    let Some(leaks) = before.leaks_until(&now) else { return Ok(()) };
    let error = leaks.into_error(&member.container);
    if manager.leak_check == Some(LeakCheck::Replace) {
        return Err(error);
    }
    tracing::warn!("{error}");
    Ok(())
}
