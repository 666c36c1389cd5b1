//! Reports of a run: for people while it goes on and at its end, and for programs in files.

mod ci;
mod console;
mod file;
mod json;
mod junit;
#[cfg(test)]
mod junit_tests;
mod progress;
mod reports;
mod summary;
mod time;
mod told;
mod xml;

pub use ci::without_commands;
pub use console::{Console, Look, Sink};
pub use json::JsonLines;
pub use junit::Junit;
pub use reports::Reports;
pub use summary::summary;
