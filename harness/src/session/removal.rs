//! The removal of one resource: retried while that can help, done when the resource is gone, given up in time.

use std::time::{Duration, Instant};

use super::cleaner::cleaner;
use super::estate::Manner;
use super::register::Item;
use super::thing::Thing;
use crate::base::{Backoff, tell};
use crate::engine::{Engine, Resource, Target};
use crate::words::{ContainerId, Error, Kind, Result};

/// The limit for one removal with its retries, so that a wedged engine can't hold the process for ever.
const LIMIT: Duration = Duration::from_secs(120);

/// The time in which the resource of an unanswered creation is looked for: an engine may carry out a request after its
/// client gave up.
const LATE: Duration = Duration::from_secs(5);

/// The meaning of an engine's answer to a removal.
enum Verdict {
    Gone,
    /// Somebody else is removing it, or something uses it still: to be retried.
    Later(Error),
    Final(Error),
}

/// Removes a resource, then releases what went with it.
///
/// # Errors
/// Leftover, if it still exists after the limit, or if its estate could not be released; the engine's own.
pub(super) async fn remove(item: Item, manner: Manner) -> Result<()> {
    let Item { session, thing, estate, .. } = item;
    estate.farewell(session.engine(), &thing, manner).await;
    until_gone(session.engine(), &thing).await?;
    tracing::debug!("{thing} is removed");
    // Only now: a container must not lose what it still has mounted.
    estate.release().await
}

/// Asks the engine for the removal until the resource is gone.
async fn until_gone(engine: &Engine, thing: &Thing) -> Result<()> {
    let began = Instant::now();
    let mut backoff = Backoff::new(Duration::from_millis(20), Duration::from_secs(1));
    loop {
        match attempt(engine, thing, began).await {
            Verdict::Gone => return Ok(()),
            Verdict::Final(error) => return Err(error),
            Verdict::Later(error) if is_used_by_kept(thing, &error) => {
                tell(&format!("seatrial: kept {thing}: a container that was kept uses it\n"));
                return Ok(());
            }
            Verdict::Later(error) if began.elapsed() > LIMIT => return Err(left(thing, error, began)),
            Verdict::Later(error) => {
                tracing::debug!("the removal of {thing} is retried: {error}");
                crate::base::sleep(backoff.next()).await;
            }
        }
    }
}

/// Returns `true` if a network or volume is in use, and only kept containers can be using it.
fn is_used_by_kept(thing: &Thing, error: &Error) -> bool {
    let is_shared = matches!(thing, Thing::Network { .. } | Thing::Volume { .. });
    // The engine answers "forbidden" for a network with containers, and "conflict" for a volume in use.
    let is_in_use = matches!(error.kind(), Kind::Denied | Kind::Conflict);
    is_shared && is_in_use && cleaner().lock().has_only_kept(thing.session())
}

async fn attempt(engine: &Engine, thing: &Thing, began: Instant) -> Verdict {
    let answer = match thing {
        Thing::Container { id, name, .. } => Target::new(engine.clone(), id.clone(), name).remove().await,
        Thing::Network { id, name, .. } => engine.remove_network(id, name).await,
        Thing::Volume { name, .. } => engine.remove_volume(name).await,
        Thing::Unanswered { kind, name, creation, .. } => match engine.made_by(creation, *kind, name).await {
            Ok(ids) if ids.is_empty() && began.elapsed() < LATE => {
                return Verdict::Later(Error::new(Kind::NotFound, "the engine does not list it yet"));
            }
            Ok(ids) => match remove_found(engine, *kind, name, ids).await {
                // The engine lists what it is still about to create, and does not find it for a removal.
                Err(error) if error.is_not_found() => return Verdict::Later(error),
                removed => removed,
            },
            Err(error) => Err(error),
        },
    };
    verdict(answer)
}

async fn remove_found(engine: &Engine, kind: Resource, name: &str, ids: Vec<String>) -> Result<()> {
    for id in ids {
        match kind {
            Resource::Container => Target::new(engine.clone(), ContainerId::new(id)?, name).remove().await?,
            Resource::Network => engine.remove_network(&id, name).await?,
            Resource::Volume => engine.remove_volume(&id).await?,
        }
    }
    Ok(())
}

fn verdict(answer: Result<()>) -> Verdict {
    match answer {
        Ok(()) => Verdict::Gone,
        Err(error) if error.is_not_found() => Verdict::Gone,
        Err(error) => match error.kind() {
            // In use, being removed by somebody else, or about to lose its last endpoint: each of these passes.
            Kind::Conflict
            | Kind::Denied
            | Kind::Engine
            | Kind::Timeout
            | Kind::Protocol
            | Kind::Unreachable => Verdict::Later(error),
            _ => Verdict::Final(error),
        },
    }
}

fn left(thing: &Thing, error: Error, began: Instant) -> Error {
    Error::new(Kind::Leftover, "it is still there")
        .with_subject(thing.to_string())
        .with_phase("remove")
        .with_elapsed(began.elapsed())
        .with_hint("remove it by hand with `docker rm -fv`, `docker network rm` or `docker volume rm`")
        .with_source(error)
}
