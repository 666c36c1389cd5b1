//! The engine: lists of what is there, and removals, each within the time that a request may take.

mod client;
mod resource;
#[cfg_attr(not(feature = "tls"), path = "no_tls.rs")]
mod tls;
mod transport;

pub use client::{Engine, EngineError};
pub use resource::{Class, Resource};
