//! The lock of the pool's shell: std's, or loom's where every interleaving is looked at.

pub(super) use std::sync::Arc;

#[cfg(all(test, seatrial_loom))]
pub(super) use loom::sync::{Mutex, MutexGuard};
#[cfg(not(all(test, seatrial_loom)))]
pub(super) use std::sync::{Mutex, MutexGuard};
