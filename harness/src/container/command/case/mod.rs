//! Cases: many short commands in a container, which leave nothing behind.
//!
//! They are run by our own program in the container, the agent, over one connection ([`link`]); in containers that the
//! agent can't be in, by the engine's exec ([`by_exec`]).

mod active;
mod agents;
mod by_exec;
#[expect(clippy::module_inception, reason = "a case is the noun of this folder")]
mod case;
mod cases;
mod drain;
mod incoming;
mod link;
mod output;
mod plan;
mod reasons;
mod streams;

pub(in crate::container) use agents::Agents;
pub use case::Case;
pub use cases::{CaseVia, Cases};
pub use output::{CaseEnd, CaseOutput};
