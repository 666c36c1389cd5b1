//! From the text that a user gave to the image that is asked for, and errors about one that is not there.

use super::ImageRef;
use crate::config::Config;
use crate::words::{Error, Kind, Result};

/// Parses an image's name, and puts the configured prefix before one of Docker Hub's.
pub(crate) fn resolve(text: &str, config: &Config) -> Result<ImageRef> {
    let image = ImageRef::parse(text)?;
    match &config.hub_prefix {
        Some(prefix) => image.with_registry_prefix(&prefix.value),
        None => Ok(image),
    }
}

/// Whether an engine's answer to a creation says that the image is not there.
pub(crate) fn is_missing(error: &Error) -> bool {
    error.is_not_found() && error.message().to_lowercase().contains("no such image")
}

/// The error of an image that is not there and must not be pulled.
pub(crate) fn missing(image: &ImageRef, source: Error) -> Error {
    Error::new(Kind::Image, "it is not there, and the pull policy is `never`")
        .with_subject(format!("image `{}`", image.as_given()))
        .with_hint("pull or build it first, or allow a pull: SEATRIAL_PULL=missing")
        .with_source(source)
}
