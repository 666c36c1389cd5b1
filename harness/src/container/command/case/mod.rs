//! Cases: commands in a container that are many, short, and leave nothing behind.
//!
//! They go through our own program in the container, which is told of each over one stream ([`link`]), and where that
//! can't be, through the engine's exec ([`by_exec`]).

mod agents;
mod by_exec;
#[expect(clippy::module_inception, reason = "it is what the rest is about")]
mod case;
mod cases;
mod drain;
mod link;
mod output;
mod plan;
mod reasons;
mod sink;
mod under;

pub(in crate::container) use agents::Agents;
pub use case::Case;
pub use cases::{CaseVia, Cases};
pub use output::{CaseEnd, CaseOutput};
