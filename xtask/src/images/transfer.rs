//! Copies images from the engine that built them to another one, which has no network to build them with.

use std::time::Instant;

use anyhow::{Context, Result};
use bollard::Docker;
use bollard::query_parameters::{ImportImageOptions, RemoveImageOptions};
use futures_util::TryStreamExt;
use seatrial_core::labels;

use super::plan::{Image, Plan};
use crate::console;

/// Copies the named images of a plan, or all if none is named, that the other engine does not have with the same
/// content. They are sent in one archive, which is not kept: layers that images share are sent once.
///
/// # Errors
/// Fails if an engine refuses, or the other one does not load all of it.
pub(crate) async fn transfer(from: &Docker, to: &Docker, plan: &Plan, only: &[String]) -> Result<()> {
    let wanted: Vec<&Image> = plan
        .waves
        .iter()
        .flatten()
        .filter(|image| only.is_empty() || only.contains(&image.folder.name))
        .collect();
    let start = Instant::now();
    let (mut names, mut replaced) = (Vec::new(), Vec::new());
    for image in &wanted {
        let present = to.inspect_image(&image.tag()).await.ok();
        let content = present.as_ref().and_then(|present| present.config.as_ref()?.labels.as_ref());
        if content.and_then(|labels| labels.get(labels::IMAGE_CONTENT)) != Some(&image.digest) {
            names.extend(image.tags());
            replaced.extend(present.and_then(|present| present.id));
        }
    }
    if !names.is_empty() {
        console::step(&format!("copying {}", names.join(", ")));
        load(from, to, &names).await?;
    }
    for id in replaced.iter().rev() {
        // If a container uses it, it stays without a name until the engine goes.
        let _ = to.remove_image(id, None::<RemoveImageOptions>, None).await;
    }
    check(to, &wanted).await?;
    console::step(&format!("images: {} names copied, in {}", names.len(), console::since(start)));
    Ok(())
}

async fn load(from: &Docker, to: &Docker, names: &[String]) -> Result<()> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let archive = from.export_images(&names);
    let progress = to.import_image_stream(ImportImageOptions::default(), archive, None);
    progress.try_for_each(|_| std::future::ready(Ok(()))).await.context("failed to copy the images")
}

/// Checks that an engine has the plan's images: a failed load is reported in its answer only by some.
async fn check(docker: &Docker, images: &[&Image]) -> Result<()> {
    for image in images {
        let name = image.tag();
        docker.inspect_image(&name).await.with_context(|| format!("the copied image `{name}` is missing"))?;
    }
    Ok(())
}
