//! The engine: where it is, and how to speak to it.

#![cfg_attr(not(test), expect(dead_code, reason = "what uses it is built next to it"))]

pub(crate) mod candidate;
pub(crate) mod context;
pub(crate) mod discover;
pub(crate) mod endpoint;
pub(crate) mod host;
pub(crate) mod version;
