//! The life cycle: decides when to remove what, as a function of (event, now). It knows no sockets and no engine.
//!
//! Awaiting the first client → serving → lingering (no client is connected, but one may come back) → pruning → done.
//! Each filter has its own clients: a filter whose clients are gone for long enough is pruned while others go on. Only
//! a connection that has sent a filter is a client, and it holds back only its own filters.

mod event;
mod state;
#[cfg(test)]
mod tests;

pub use event::{Answer, ConnectionId, Event, Phase, Step, Times};
pub use state::{Lifecycle, MAX_FILTERS};
