//! The container engine that the commands use: one that is running, else a private one that they start and stop.

mod bridge;
mod connection;
mod daemon;
mod down;
mod processes;
mod runtime;
mod state;
mod status;
mod storage;
mod up;

pub(crate) use connection::Engine;
pub(crate) use down::down;
pub(crate) use runtime::Runtime;
pub(crate) use status::status;
pub(crate) use up::up;
