//! Images: what names one, and who may pull it.

pub(crate) mod credentials;
mod grammar;
mod helper;
mod reference;

pub use reference::ImageRef;
