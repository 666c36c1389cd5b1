//! The images that `images/` describes: built on the engine, and only what changed is built again.

mod base;
mod build;
mod context;
mod folder;
mod make;
mod plan;
mod program;

pub(crate) use make::ensure;
pub(crate) use plan::Plan;
