//! How one thing is removed: tried again while that can help, done when it is gone, given up in time.

use std::fmt;
use std::time::{Duration, Instant};

use super::cleaner::{Item, cleaner, tell};
use crate::archive::MountedFiles;
use crate::base::{Backoff, blocking};
use crate::engine::{Engine, Resource, Target};
use crate::words::{ContainerId, Error, Kind, Result};

/// How long one removal is tried. A wedged engine must not keep us for ever.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long a creation that was not answered is looked for: an engine may carry out what it was asked after its
/// client gave up.
const LATE: Duration = Duration::from_secs(5);

/// Something that an engine holds for a session. Only what we created ourselves is ever made one of these.
#[derive(Clone, Debug)]
pub(crate) enum Thing {
    Container {
        id: ContainerId,
        name: String,
        session: String,
    },
    Network {
        id: String,
        name: String,
        session: String,
    },
    Volume {
        name: String,
        session: String,
    },
    /// What a creation has made, if it has: its answer did not come.
    Unanswered {
        kind: Resource,
        name: String,
        creation: String,
        session: String,
    },
}

impl Thing {
    pub(super) fn session(&self) -> &str {
        match self {
            Self::Container { session, .. }
            | Self::Network { session, .. }
            | Self::Volume { session, .. }
            | Self::Unanswered { session, .. } => session,
        }
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Container { id, name, .. } => write!(f, "container `{name}` ({id})"),
            Self::Network { id, name, .. } => write!(f, "network `{name}` ({id})"),
            Self::Volume { name, .. } => write!(f, "volume `{name}`"),
            Self::Unanswered { kind, name, .. } => {
                write!(f, "{kind} `{name}` (if it is there: its creation was not answered)")
            }
        }
    }
}

/// What an answer to a removal means.
enum Verdict {
    Gone,
    /// Somebody else removes it, or something hangs on it still: ask again.
    Later(Error),
    Final(Error),
}

/// Removes a thing, then the directories that were mounted into it.
pub(super) async fn remove(item: Item) -> Result<()> {
    end(&item).await;
    let began = Instant::now();
    let mut backoff = Backoff::new(Duration::from_millis(20), Duration::from_secs(1));
    let outcome = loop {
        match attempt(item.session.engine(), &item.thing, began).await {
            Verdict::Gone => break Ok(()),
            Verdict::Final(error) => break Err(error),
            Verdict::Later(error) if is_kept_in_use(&item.thing, &error) => {
                tell(&format!("seatrial: kept {}: a container that was kept uses it\n", item.thing));
                break Ok(());
            }
            Verdict::Later(error) if began.elapsed() > PATIENCE => {
                break Err(left(&item.thing, error, began));
            }
            Verdict::Later(error) => {
                tracing::debug!("{}: asked again: {error}", item.thing);
                tokio::time::sleep(backoff.next()).await;
            }
        }
    };
    outcome?;
    tracing::debug!("{} is removed", item.thing);
    let mounted = item.mounted;
    if mounted.is_empty() {
        return Ok(());
    }
    // Only now: a container must not lose what it still has mounted.
    blocking(move || mounted.into_iter().try_for_each(MountedFiles::remove)).await
}

/// What goes before the removal of a container: nothing restarts it any more, its profile ends, and it is stopped if
/// it is to be.
async fn end(item: &Item) {
    if let Some(course) = &item.course {
        course.farewell().await;
    }
    let (Thing::Container { id, name, .. }, Some(grace), true) = (&item.thing, item.grace, item.stops_first)
    else {
        return;
    };
    // One that does not stop is removed all the same.
    if let Err(error) = Target::new(item.session.engine().clone(), id.clone(), name).stop(Some(grace)).await {
        tracing::warn!("{error}");
    }
}

/// Whether a network or volume is in use by a container that stays.
fn is_kept_in_use(thing: &Thing, error: &Error) -> bool {
    let is_shared = matches!(thing, Thing::Network { .. } | Thing::Volume { .. });
    // A network with containers is forbidden to go, a volume conflicts.
    let is_in_use = matches!(error.kind(), Kind::Denied | Kind::Conflict);
    is_shared && is_in_use && cleaner().has_only_kept(thing.session())
}

async fn attempt(engine: &Engine, thing: &Thing, began: Instant) -> Verdict {
    let answer = match thing {
        Thing::Container { id, name, .. } => Target::new(engine.clone(), id.clone(), name).remove().await,
        Thing::Network { id, name, .. } => engine.remove_network(id, name).await,
        Thing::Volume { name, .. } => engine.remove_volume(name).await,
        Thing::Unanswered { kind, name, creation, .. } => match engine.made_by(creation, *kind, name).await {
            Ok(ids) if ids.is_empty() && began.elapsed() < LATE => {
                return Verdict::Later(Error::new(Kind::NotFound, "it is not there yet"));
            }
            Ok(ids) => match remove_found(engine, *kind, name, ids).await {
                // The engine lists what it is still about to make, and does not find it to remove.
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
            // In use, being removed by somebody else, an endpoint that is going: each passes.
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
