//! The link to the session's reaper, which deletes what is left of the session once its last process is gone.
//!
//! One reaper serves all processes of a session. Before a process creates anything it opens a connection to it and
//! has its filter acknowledged; the end of that connection, however the process ends, is what tells the reaper. The
//! connection lives on the background thread, which lives as long as the process. What the reaper does with a filter
//! is its own affair: here it is known by its wire alone.

mod birth;
mod body;
mod guard;
mod link;
mod process;
mod rendezvous;
mod sidecar;
mod stale;

pub(super) use guard::Guard;
