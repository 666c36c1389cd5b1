//! Pulls of images, shared by all callers that want the same image at the same time.

mod attempt;
mod cause;
mod flight;
mod progress;

pub(crate) use attempt::{Listener, pull, pull_with};
pub use progress::{LayerProgress, PullProgress};
