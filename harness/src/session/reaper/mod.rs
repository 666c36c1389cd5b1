//! The link to the session's reaper, which removes what is left of the session once its last process has ended.
//!
//! All processes of a session that can reach the same reaper share one. Before a process creates anything, it opens a
//! connection to the reaper and has its filter acknowledged. The end of that connection tells the reaper that the
//! process has ended, in whatever way. The connection lives on the background thread, which lives as long as the
//! process. Here the reaper is known by its wire alone, not by what it does with a filter.

mod group;
mod guard;
mod link;
mod process;
mod rendezvous;
mod sidecar;

pub(super) use guard::Guard;
