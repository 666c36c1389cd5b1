//! Images: what names one, and who may pull it.

#![cfg_attr(not(test), expect(dead_code, reason = "what uses it is built next to it"))]

pub(crate) mod credentials;
mod grammar;
mod helper;
mod reference;

pub use reference::ImageRef;
