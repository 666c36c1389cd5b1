//! A container: how it is named, and what state it is in.

mod age;
pub(crate) mod name;
mod state;

pub use state::{ContainerState, ContainerStatus, Health};
