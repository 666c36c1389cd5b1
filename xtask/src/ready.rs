//! What test, demo and bench need before they start: an engine and the images on it.

use anyhow::Result;

use crate::engine::{self, Engine, Runtime};
use crate::{images, workspace};

/// Finds or starts an engine and builds what is missing on it.
///
/// # Errors
/// If there is no engine and none can be started, or an image cannot be built.
pub(crate) async fn engine_with_images(runtime: Option<Runtime>) -> Result<Engine> {
    let plan = images::Plan::read(&workspace::images(), &[])?;
    let engine = engine::up(runtime, false).await?;
    images::ensure(&engine.docker, &plan).await?;
    Ok(engine)
}
