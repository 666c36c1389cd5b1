//! Builds the images of the folder `images/` on an engine, unless they are up to date, and copies them to others.

mod base;
mod build;
mod command;
mod context;
mod folder;
mod make;
mod plan;
mod program;
mod transfer;

pub(crate) use command::images;
pub(crate) use make::ensure;
pub(crate) use plan::Plan;
pub(crate) use transfer::transfer;
