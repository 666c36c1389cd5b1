//! The watch: it learns from the engine's events that a container died, ran out of memory, was paused or was removed,
//! so that a lease costs no request to the engine.
//!
//! An event says only that something happened; an inspect then says what state the container is in. After a break in
//! the events every container is inspected once.

use futures_util::future::select;
use seatrial_pool::Event;

use super::manager::PoolShell;
use crate::engine::{EventKind, Signal};
use crate::session::Session;

/// Follows the events until the pool is closed.
pub(super) async fn watch(shell: PoolShell, session: Session) {
    let closed = shell.manager().shutdown.signalled();
    let following = std::pin::pin!(follow(&shell, &session));
    select(following, std::pin::pin!(closed)).await;
}

/// Inspects the container of each event, for ever.
async fn follow(shell: &PoolShell, session: &Session) {
    let mut signals = session.engine().listen_to_all();
    loop {
        match signals.next().await {
            Signal::Look => {
                for slot in 0..shell.manager().roster.len() {
                    inspect_member(shell, slot).await;
                }
            }
            Signal::Event(event) => {
                let Some(slot) = shell.manager().roster.slot_of(&event.id) else { continue };
                match event.kind {
                    // The container may run on, but without the process that was killed.
                    EventKind::Oom => shell.apply(Event::Poison(slot)),
                    EventKind::Health(_) => {}
                    EventKind::Start
                    | EventKind::Die(_)
                    | EventKind::Pause
                    | EventKind::Unpause
                    | EventKind::Restart
                    | EventKind::Destroy => inspect_member(shell, slot).await,
                }
            }
            Signal::Silence(_) => {}
        }
    }
}

/// Inspects the container in a slot, and reports to the pool whether it is fit.
pub(super) async fn inspect_member(shell: &PoolShell, slot: usize) {
    let epoch = shell.epoch(slot);
    let Some(entry) = shell.manager().roster.entry(slot) else { return };
    let subject = entry.subject;
    let event = match subject.inspect().await {
        Ok(info) if info.state.oom_killed => Event::Poison(slot),
        Ok(info) if info.state.is_fit() => Event::Fit(slot),
        Ok(info) => {
            tracing::debug!("container `{}` of a pool is not fit for a lease: {}", subject.name, info.state);
            Event::Suspect(slot)
        }
        Err(error) if error.is_not_found() => Event::Poison(slot),
        // An engine that does not answer says nothing about the container.
        Err(error) => return tracing::debug!("{error}"),
    };
    shell.apply_in_epoch(slot, epoch, event);
}
