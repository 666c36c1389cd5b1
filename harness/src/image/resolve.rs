//! The conversion of a user's text to an image reference, and the errors about a missing image.

use super::ImageRef;
use crate::config::Config;
use crate::words::{Error, Kind, Result};

/// Parses an image reference. The configured prefix is applied to images of Docker Hub.
pub(crate) fn resolve(text: &str, config: &Config) -> Result<ImageRef> {
    let image = ImageRef::parse(text)?;
    match &config.hub_prefix {
        Some(prefix) => image.with_registry_prefix(&prefix.value),
        None => Ok(image),
    }
}

/// Returns `true` if the engine refused a creation because it does not have the image.
pub(crate) fn is_missing(error: &Error) -> bool {
    error.is_not_found() && error.message().to_lowercase().contains("no such image")
}

/// Creates the error for an image that the engine does not have, and that the pull policy or its kind of reference
/// forbids to pull.
pub(crate) fn missing(image: &ImageRef, source: Error) -> Error {
    let (message, hint) = match image.id() {
        Some(_) => (
            "the engine does not have it, and an image id can't be pulled",
            "build or load the image first, or use its name",
        ),
        None => (
            "the engine does not have it, and the pull policy is `never`",
            "pull or build it first, or allow pulling with `SEATRIAL_PULL=missing`",
        ),
    };
    Error::new(Kind::Image, message)
        .with_subject(format!("image `{}`", image.as_given()))
        .with_hint(hint)
        .with_source(source)
}
