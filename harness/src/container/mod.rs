//! A container: how it is named, and what state it is in.

mod age;
mod health;
pub(crate) mod name;
mod state;
mod status;
mod timestamp;

pub use health::Health;
pub use state::ContainerState;
pub use status::ContainerStatus;
