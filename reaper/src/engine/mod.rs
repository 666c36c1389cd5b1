//! The engine: lists of its resources, and removals, each with a time limit.

mod client;
mod error;
mod resource;
#[cfg_attr(not(feature = "tls"), path = "no_tls.rs")]
mod tls;
mod transport;

pub use client::Engine;
pub use error::EngineError;
pub use resource::{Class, Resource};
