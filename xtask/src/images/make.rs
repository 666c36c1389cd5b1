//! Builds the images of a plan that are missing on an engine or out of date.

use std::time::Instant;

use anyhow::Result;
use bollard::Docker;
use bollard::query_parameters::{RemoveImageOptions, TagImageOptions};
use futures_util::{StreamExt, TryStreamExt};
use seatrial_core::labels;

use super::plan::{Image, Plan};
use super::program::Program;
use super::{base, build, context};
use crate::console;

/// The number of builds at the same time; they mostly wait for mirrors.
const WIDTH: usize = 3;

/// Builds the plan's images whose content differs from the image on the engine.
///
/// # Errors
/// Returns the error of the first build that fails; the other builds are cancelled.
pub(crate) async fn ensure(docker: &Docker, plan: &Plan) -> Result<()> {
    let start = Instant::now();
    let mut replaced = Vec::new();
    let mut built = 0;
    for wave in &plan.waves {
        let results: Vec<Option<Outcome>> = futures_util::stream::iter(wave)
            .map(|image| one(docker, image))
            .buffer_unordered(WIDTH)
            .try_collect()
            .await?;
        let outcomes = results.into_iter().flatten();
        replaced.extend(outcomes.inspect(|_| built += 1).filter_map(|outcome| outcome.replaced));
    }
    // An image must be removed before the image that it was built from.
    for id in replaced.iter().rev() {
        // If a container or another image uses it, it stays without a name until the user prunes.
        let _ = docker.remove_image(id, None::<RemoveImageOptions>, None).await;
    }
    let all: usize = plan.waves.iter().map(Vec::len).sum();
    console::step(&format!(
        "images: {built} built, {} up to date, in {}",
        all - built,
        console::since(start)
    ));
    Ok(())
}

/// The result of a build.
struct Outcome {
    /// The id of the image that had the name before.
    replaced: Option<String>,
}

/// Builds one image, unless it is on the engine with the same content. Returns nothing if it was not built.
async fn one(docker: &Docker, image: &Image) -> Result<Option<Outcome>> {
    let present = docker.inspect_image(&image.tag()).await.ok();
    let content = present
        .as_ref()
        .and_then(|present| present.config.as_ref()?.labels.as_ref()?.get(labels::IMAGE_CONTENT));
    if content == Some(&image.digest) {
        return Ok(None);
    }
    let start = Instant::now();
    let mut arguments = Vec::new();
    let mut more = Vec::new();
    if image.folder.name == "base" {
        arguments.push(("ROOTFS", base::root_file_system(docker).await?));
    }
    if let Some(program) = Program::of_image(&image.folder.name) {
        more.push(program.file(docker).await?);
    }
    console::step(&format!("building {}", image.tag()));
    build::build(docker, image, context::pack(&image.folder, &more)?, &arguments).await?;
    if Program::of_image(&image.folder.name).is_some_and(|program| program.is_released) {
        let version =
            TagImageOptions { repo: Some(image.repository()), tag: Some(env!("CARGO_PKG_VERSION").into()) };
        docker.tag_image(&image.tag(), Some(version)).await?;
    }
    console::detail(&format!("{}: built in {}", image.tag(), console::since(start)));
    Ok(Some(Outcome { replaced: present.and_then(|present| present.id) }))
}
