//! Containers as test fixtures: started, waited for, and always cleaned up.

mod error;
mod report;

pub use error::{Error, Result};
pub use report::Report;

mod archive;
mod engine {
    pub(crate) mod frames;
}
mod lines;
mod stream;
mod time;
mod wait {
    pub(crate) mod log_match;
}

pub use archive::{CopiedOut, CopyIn};
pub use lines::LogLine;
pub use stream::LogStream;
pub use wait::log_match::LogMatch;
