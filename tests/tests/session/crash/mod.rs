//! X6: a process that is killed at any moment leaves nothing behind, after its reaper's time.
//!
//! A child creates resources of all kinds in a loop, and is killed with SIGKILL at a random moment of a random stage,
//! again and again, in several lanes side by side. Each child has a session and a reaper of its own.

mod chance;
mod kills;
mod scenario;
