//! Many cases, each a command in one of a few containers: what fails beside others is tried again alone.

pub mod durations;
mod error;
pub mod list;
pub mod lists;
mod name;
pub mod pattern;
pub mod plan;
pub mod schedule;
pub mod shard;
pub mod template;
pub mod verdict;

pub use error::{Error, Result, chain};
pub use name::Name;
