//! The search for a text or a regular expression in a container's streamed output.

mod block;
mod by_line;
mod excerpt;
mod likeness;
mod matcher;
mod pattern;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use likeness::{Likeness, LoosePattern};
pub use matcher::LogMatch;
pub(crate) use matcher::{LogMatcher, Streams};
pub(crate) use pattern::Pattern;
