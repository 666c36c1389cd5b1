//! Networks that belong to a session.

mod builder;
#[expect(clippy::module_inception, reason = "the noun of this folder")]
mod network;

pub use builder::NetworkBuilder;
pub use network::Network;
