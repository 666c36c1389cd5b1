//! The container engine that the commands use: one that is running, else a private one that they start and stop; and
//! engines of chosen versions, beside it.

mod bridge;
mod chore;
mod connection;
mod daemon;
mod down;
pub(crate) mod guest;
mod mounts;
mod processes;
mod runtime;
mod state;
mod status;
mod storage;
mod up;

pub(crate) use chore::{Chore, run};
pub(crate) use connection::Engine;
use daemon::tail;
pub(crate) use down::down;
pub(crate) use runtime::Runtime;
pub(crate) use status::status;
pub(crate) use up::up;
