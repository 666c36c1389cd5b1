//! The reaper: waits until its clients are gone, and removes what their filters select.
//!
//! It takes the place of `testcontainers/ryuk`, with the same protocol, variables and log lines. The parts without I/O
//! are the line decoder and the filter (in `seatrial_core::reaper`), [`settings`] and the [`lifecycle`]. Around them
//! are the listener with its connections, the engine's client and the pruner. [`run`] puts them together.

pub mod log;
mod timestamp;

pub mod command_line;
pub mod settings;

pub mod lifecycle;

pub mod arbiter;

pub mod address_file;
pub mod engine;
pub mod listener;

mod acceptor;
mod connection;
mod descriptors;
mod desk;
mod hub;
mod prune;

mod healthcheck;
mod server;
mod signals;

pub use healthcheck::healthcheck;
pub use server::run;
pub use signals::Signals;
