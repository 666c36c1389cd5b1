//! TLS as Seatrial's library and its reaper speak it: with an engine behind TCP, and with servers that are waited for.
//!
//! It is a crate of its own because both need all of it, while the reaper is no user of the library, and what they
//! agree on without I/O is no place for it. Who builds without TLS builds without this crate.

mod any;
mod client;
mod failure;
mod folder;

pub use client::{Client, Stream};
pub use failure::explain;
pub use folder::Folder;
