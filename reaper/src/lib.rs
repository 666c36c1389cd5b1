//! The reaper: waits for its clients to be gone, and deletes what matches the filters that they left.
//!
//! A drop-in for `testcontainers/ryuk`: the same wire, variables and log lines. The parts without I/O are the line
//! decoder and the filter (in `seatrial_core::reaper`), [`settings`] and the [`lifecycle`]; around them are the
//! listener and its connections, the engine's client and the pruner. [`run`] puts them together.

pub mod log;
mod timestamp;

pub mod command_line;
pub mod settings;

pub mod lifecycle;

pub mod address_file;
pub mod engine;
pub mod listener;

mod acceptor;
mod connection;
mod descriptors;
mod hub;
mod prune;

mod healthcheck;
mod server;
mod signals;

pub use healthcheck::healthcheck;
pub use server::run;
pub use signals::Signals;
