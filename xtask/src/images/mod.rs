//! Builds the images of the folder `images/` on an engine, unless they are up to date.

mod base;
mod build;
mod context;
mod folder;
mod make;
mod plan;
mod program;

pub(crate) use make::ensure;
pub(crate) use plan::Plan;
