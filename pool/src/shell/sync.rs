//! The lock of the shell: std's, or loom's where every interleaving is explored.

#[cfg(all(test, seatrial_loom))]
pub(super) use loom::sync::{Mutex, MutexGuard};
#[cfg(not(all(test, seatrial_loom)))]
pub(super) use std::sync::{Mutex, MutexGuard};
