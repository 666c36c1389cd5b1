//! Notices members that died, were killed for want of memory, paused or removed: by the engine's events, so that
//! handing a member out costs no question.
//!
//! An event says only that something happened; what a member is then, an inspect tells. When the events break off,
//! they are subscribed to again, and every member is looked at once.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::select;
use seatrial_core::pool::Event;

use super::keeper::{PoolShell, closing};
use crate::engine::{ContainerEvent, EventKind, JsonLines};
use crate::error::Result;
use crate::retry::Backoff;
use crate::session::Session;

/// Follows the events of a session until the pool is closed.
pub(super) async fn watch(shell: PoolShell, session: Session) {
    let closed = closing(&shell);
    let following = std::pin::pin!(follow_for_ever(&shell, &session));
    select(following, std::pin::pin!(closed)).await;
}

async fn follow_for_ever(shell: &PoolShell, session: &Session) {
    let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
    loop {
        if let Err(error) = follow(shell, session).await {
            tracing::debug!("{error}");
        }
        tokio::time::sleep(backoff.next()).await;
    }
}

/// One subscription, to its end.
async fn follow(shell: &PoolShell, session: &Session) -> Result<()> {
    let mut events = session.engine().events_of_session(session.id().as_str()).await?;
    // The events first and the states after: nothing that happens in between is missed.
    for place in 0..shell.keeper().roster.len() {
        look_at(shell, place).await;
    }
    let mut lines = JsonLines::default();
    while let Some(piece) = events.next().await {
        lines.push(&piece?);
        while let Some(event) = lines.next() {
            let Some(event) = ContainerEvent::read(&event) else { continue };
            let Some(place) = shell.keeper().roster.place_of(&event.id) else { continue };
            if event.kind == EventKind::Oom {
                // The container may live on without the process that was killed: it is not what it was.
                shell.happen(Event::Poison(place));
            } else {
                look_at(shell, place).await;
            }
        }
    }
    Ok(())
}

/// Asks what a member is now, and tells the pool.
pub(super) async fn look_at(shell: &PoolShell, place: usize) {
    let epoch = shell.epoch(place);
    let Some(entry) = shell.keeper().roster.entry(place) else { return };
    let subject = entry.subject;
    let event = match subject.engine.inspect_container(&subject.id, &subject.name).await {
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
