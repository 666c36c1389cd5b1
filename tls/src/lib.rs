//! TLS for Seatrial's library and its reaper: with an engine behind TCP, and with servers that a test waits for.
//!
//! It is a crate of its own because both need it, the reaper does not depend on the library, and `seatrial-core` does
//! no I/O. A build without TLS is a build without this crate.

mod client;
mod failure;
mod folder;
mod presented;
mod server;
mod verifier;

pub use client::{Client, Stream};
pub use failure::explain;
pub use folder::Folder;
pub use server::Terms;
