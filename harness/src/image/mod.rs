//! Images: references, registry credentials and pulls.

mod credentials;
mod flight;
mod grammar;
mod helper;
mod login;
mod progress;
mod pull;
mod reference;

pub(crate) use flight::Flights;
pub use login::Credentials;
pub use progress::{LayerProgress, PullProgress};
pub use pull::Pull;
pub(crate) use pull::{pull, pull_with};
pub use reference::ImageRef;

use crate::config::Config;
use crate::error::{Error, Kind, Result};

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

/// Creates the error for an image that the engine does not have and that must not be pulled.
pub(crate) fn missing(image: &ImageRef, source: Error) -> Error {
    Error::new(Kind::Image, "the engine does not have it, and the pull policy is `never`")
        .with_subject(format!("image `{}`", image.as_given()))
        .with_hint("pull or build it first, or allow pulling with `SEATRIAL_PULL=missing`")
        .with_source(source)
}
