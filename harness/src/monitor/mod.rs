//! What containers use and go through, as samples and as a stream of snapshots.

mod rates;
mod read;
mod stats;
mod thin;

pub use rates::Rates;
pub use stats::{Stats, Traffic};
