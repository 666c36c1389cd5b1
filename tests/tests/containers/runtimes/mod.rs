//! Runtimes below the engine: one and the same container with each that there is (C5), and checkpoints (C14).
//!
//! If the engine has no gVisor, the test starts a daemon of its own that has. That takes seconds, so few tests share
//! one.

mod checkpoints;
mod each;
mod gvisor;
mod place;
