//! Notices members that died, were killed for want of memory, paused or removed: by the engine's events, so that
//! handing a member out costs no question.
//!
//! An event says only that something happened; what a member is then, an inspect tells. After a break in the events every
//! member is looked at once.

use futures_util::future::select;
use seatrial_core::pool::Event;

use super::keeper::{PoolShell, closing};
use crate::engine::{EventKind, Signal};
use crate::session::Session;

/// Follows the events until the pool is closed.
pub(super) async fn watch(shell: PoolShell, session: Session) {
    let closed = closing(&shell);
    let following = std::pin::pin!(follow(&shell, &session));
    select(following, std::pin::pin!(closed)).await;
}

async fn follow(shell: &PoolShell, session: &Session) {
    let mut signals = session.engine().listen_to_all();
    loop {
        match signals.next().await {
            Signal::Look => {
                for place in 0..shell.keeper().roster.len() {
                    look_at(shell, place).await;
                }
            }
            Signal::Event(event) => {
                let Some(place) = shell.keeper().roster.place_of(&event.id) else { continue };
                match event.kind {
                    // The container may live on without the process that was killed: it is not what it was.
                    EventKind::Oom => shell.happen(Event::Poison(place)),
                    EventKind::Health(_) => {}
                    EventKind::Start
                    | EventKind::Die(_)
                    | EventKind::Pause
                    | EventKind::Unpause
                    | EventKind::Restart
                    | EventKind::Destroy => look_at(shell, place).await,
                }
            }
            Signal::Silence(_) => {}
        }
    }
}

/// Asks what a member is now, and tells the pool.
pub(super) async fn look_at(shell: &PoolShell, place: usize) {
    let epoch = shell.epoch(place);
    let Some(entry) = shell.keeper().roster.entry(place) else { return };
    let subject = entry.subject;
    let event = match subject.inspect().await {
        Ok(info) if info.state.oom_killed => Event::Poison(place),
        Ok(info) if info.state.is_fit() => Event::Well(place),
        Ok(info) => {
            tracing::debug!("container `{}` of a pool is not fit: {}", subject.name, info.state);
            Event::Ailing(place)
        }
        Err(error) if error.is_not_found() => Event::Poison(place),
        // An engine that is away for a moment says nothing about the container.
        Err(error) => return tracing::debug!("{error}"),
    };
    shell.happen_in(place, epoch, event);
}
