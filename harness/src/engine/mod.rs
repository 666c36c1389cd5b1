//! The engine: where it is, and how to speak to it.

pub(crate) mod context;
pub(crate) mod discover;
pub(crate) mod endpoint;
pub(crate) mod host;
pub(crate) mod version;
