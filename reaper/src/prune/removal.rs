//! Removes one resource, in the way that its class needs.

use std::time::Duration;

use seatrial_core::reaper::Filter;
use tokio::time::Instant;

use super::image_tags::session_tags;
use super::pauses::Pauses;
use crate::engine::{Class, Engine, EngineError, Resource};

/// The outcome of a removal that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Removal {
    /// The engine has removed the resource for us.
    Done,
    /// The resource does not exist any more, and we did not remove it.
    Absent,
    /// The resource stays, because it is somebody else's too.
    Spared,
    /// The image stays, because none of its tags is known to be the session's.
    Undecided,
}

/// Removes a resource that a filter selects. Waits for at most `patience` for a removal that somebody else has begun.
pub(super) async fn remove(
    engine: &Engine,
    resource: &Resource,
    filter: &Filter,
    patience: Duration,
) -> Result<Removal, EngineError> {
    let id = &resource.id;
    let answer = match resource.class {
        Class::Container => match engine.remove_container(id).await {
            Err(error) if error.is_in_progress() => {
                return wait_until_absent(engine, id, patience).await.map(|()| Removal::Absent);
            }
            answer => answer,
        },
        Class::Network => match engine.remove_network(id).await {
            Err(error) if error.has_endpoints() => {
                engine.empty_network(id).await?;
                engine.remove_network(id).await
            }
            answer => answer,
        },
        // Force comes second: with it, a volume that somebody else has removed would pass for removed by us.
        Class::Volume => match engine.remove_volume(id, false).await {
            Err(error) if error.is_engine_failure() => engine.remove_volume(id, true).await,
            answer => answer,
        },
        Class::Image => return remove_image(engine, resource, filter).await,
    };
    absent_if_missing(answer)
}

/// Removes an image's tags that are the session's, and with the last tag the image.
async fn remove_image(engine: &Engine, image: &Resource, filter: &Filter) -> Result<Removal, EngineError> {
    if image.tags.is_empty() {
        return absent_if_missing(engine.remove_image(&image.id).await);
    }
    // Only an image with several tags needs its history.
    let history = match image.tags.len() {
        1 => Vec::new(),
        _ => engine.tag_history(&image.id).await.unwrap_or_default(),
    };
    let ours = session_tags(&image.tags, filter, &history);
    if ours.is_empty() {
        return Ok(Removal::Undecided);
    }
    let mut removal = Removal::Absent;
    for tag in &ours {
        if absent_if_missing(engine.remove_image(tag).await)? == Removal::Done {
            removal = Removal::Done;
        }
    }
    Ok(if ours.len() < image.tags.len() { Removal::Spared } else { removal })
}

fn absent_if_missing(answer: Result<(), EngineError>) -> Result<Removal, EngineError> {
    match answer {
        Ok(()) => Ok(Removal::Done),
        Err(error) if error.is_not_found() => Ok(Removal::Absent),
        Err(error) => Err(error),
    }
}

async fn wait_until_absent(engine: &Engine, container: &str, patience: Duration) -> Result<(), EngineError> {
    let give_up = Instant::now() + patience;
    let mut pauses = Pauses::new();
    // The engine's wait for a removal never ends for a container that went before the wait began, so this polls.
    while engine.has_container(container).await? {
        if Instant::now() >= give_up {
            return Err(EngineError::new("its removal, which somebody else began, does not end"));
        }
        tokio::time::sleep(pauses.next()).await;
    }
    Ok(())
}
