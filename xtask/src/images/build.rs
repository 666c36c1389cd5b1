//! Builds one image on the engine, and shows its progress and, on failure, its whole output.

use std::collections::HashMap;

use anyhow::{Result, bail};
use bollard::Docker;
use bollard::models::BuildInfo;
use bollard::query_parameters::BuildImageOptionsBuilder;
use futures_util::StreamExt;
use seatrial_core::labels;

use super::plan::Image;
use crate::console;

/// The variables for proxies that builds need too; the builder knows them without an `ARG`.
const PASSED_ON: [&str; 6] =
    ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];

/// Builds an image from its packed context.
///
/// # Errors
/// Fails if the engine refuses the build or a step fails; the error has the build's output.
pub(crate) async fn build(
    docker: &Docker,
    image: &Image,
    context: Vec<u8>,
    arguments: &[(&str, String)],
) -> Result<()> {
    let proxies = PASSED_ON.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
    let given = arguments.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    let options = BuildImageOptionsBuilder::new()
        .t(&image.tag())
        .labels(&HashMap::from([(labels::IMAGE_CONTENT.to_owned(), image.digest.clone())]))
        .buildargs(&proxies.chain(given).collect::<HashMap<_, _>>())
        // With the host's network, package mirrors are reached with its resolver, proxy and routes.
        .networkmode("host")
        .rm(true)
        .forcerm(true)
        .build();
    let mut stream = docker.build_image(options, None, Some(bollard::body_full(context.into())));
    let mut output = String::new();
    while let Some(message) = stream.next().await {
        let failure = match message {
            Ok(info) => take(image, info, &mut output),
            Err(error) => Some(error.to_string()),
        };
        if let Some(failure) = failure {
            let failure = failure.trim_end();
            bail!("failed to build `{}`: {failure}\nthe build printed:\n{}", image.tag(), output.trim_end());
        }
    }
    Ok(())
}

/// Adds a message to the output and prints it if it begins a step. Returns the failure that it reports.
fn take(image: &Image, info: BuildInfo, output: &mut String) -> Option<String> {
    if let Some(text) = info.stream {
        if text.starts_with("Step ") {
            console::detail(&format!("{}: {}", image.folder.name, first_line(&text)));
        }
        output.push_str(&text);
    }
    info.error_detail.map(|detail| detail.message.unwrap_or_else(|| "the engine gave no reason".into()))
}

/// Returns a step's first line, cut after 100 characters.
fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
