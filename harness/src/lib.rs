//! Containers as test fixtures: started, waited for, and always cleaned up.

mod config;
mod container;
mod engine;
mod error;
mod image;
mod report;
mod session;

pub use config::PullPolicy;
pub use container::{ContainerState, ContainerStatus, Health};
pub use error::{Error, Result};
pub use image::ImageRef;
pub use report::Report;

mod engine {
    pub(crate) mod frames;
}
mod lines;
mod stream;
mod time;

pub use lines::LogLine;
pub use stream::LogStream;
