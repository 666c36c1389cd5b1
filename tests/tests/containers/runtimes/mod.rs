//! Runtimes below the engine: one and the same container with each that there is (C5), and checkpoints (C14).
//!
//! Where the engine has no gVisor, a daemon of the test's own has: that takes seconds, so few tests share one.

mod checkpoints;
mod each;
mod gvisor;
mod place;
