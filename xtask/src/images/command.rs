//! `images`: builds the images, and copies them to an engine of a chosen version.

use anyhow::Result;

use super::{Plan, ensure, transfer};
use crate::engine::{self, guest};
use crate::workspace;

/// Builds the named images, or all, on the engine that the commands use, and copies them to the guest engine if one is
/// named.
///
/// # Errors
/// Fails if there is no image or engine of a name, or an image cannot be built or copied.
pub(crate) async fn images(names: &[String], guest: Option<&str>) -> Result<()> {
    let plan = Plan::read(&workspace::images(), names)?;
    let guest = match guest {
        Some(name) => Some(guest::running(name).await?),
        None => None,
    };
    let engine = engine::up(None, false).await?;
    ensure(&engine.docker, &plan).await?;
    match guest {
        Some((_, other)) => transfer(&engine.docker, &other.docker, &plan, names).await,
        None => Ok(()),
    }
}
