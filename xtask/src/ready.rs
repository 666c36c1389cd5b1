//! An engine with all test images, as the commands `test`, `demo` and `bench` need it.

use anyhow::Result;

use crate::engine::{self, Engine, Runtime};
use crate::{images, workspace};

/// Finds or starts an engine, and builds the images that are missing or out of date.
///
/// # Errors
/// Fails if there is no engine and none can be started, or an image cannot be built.
pub(crate) async fn engine_with_images(runtime: Option<Runtime>) -> Result<Engine> {
    let plan = images::Plan::read(&workspace::images(), &[])?;
    let engine = engine::up(runtime, false).await?;
    images::ensure(&engine.docker, &plan).await?;
    Ok(engine)
}
