//! A container: how it is named, and what state it is in.

#![cfg_attr(not(test), expect(dead_code, reason = "what uses it is built next to it"))]

mod age;
mod health;
pub(crate) mod name;
mod state;
mod status;
mod timestamp;

pub use health::Health;
pub use state::ContainerState;
pub use status::ContainerStatus;
