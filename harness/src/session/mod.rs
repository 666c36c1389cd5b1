//! A session: the resources of one test run, and their removal.

mod builder;
mod handle;
mod notice;
mod private_folder;

mod cleaner;
mod closing;
mod creating;
mod estate;
mod exit;
mod owned;
mod owner;
mod pull;
mod register;
mod removal;
mod sweep;
mod thing;

mod reaper;

pub use builder::SessionBuilder;
pub(crate) use creating::Creating;
pub(crate) use estate::{Estate, Manner};
pub use handle::Session;
pub(crate) use owned::{Owned, Remover};
pub use pull::Pull;
pub use sweep::{Leftover, Sweep};
pub(crate) use thing::Thing;

pub use crate::config::{Keep, ReaperChoice};
