//! Images: what names one, and who may pull it.

mod grammar;
mod reference;

pub use reference::ImageRef;
