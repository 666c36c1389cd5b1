//! Engines of chosen versions: each from a Debian suite's packages, in a root file system and namespaces of its own.

mod down;
mod files;
mod groups;
mod network;
mod recipe;
mod record;
mod settings;
mod status;
mod up;

pub(crate) use down::down;
pub(crate) use recipe::Recipe;
pub(crate) use record::Guest;
pub(crate) use status::show;
pub(crate) use up::{prepare, running, up};
