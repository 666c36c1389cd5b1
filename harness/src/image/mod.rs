//! Images: references, registry credentials and pulls.

mod credentials;
mod grammar;
mod helper;
mod login;
mod reference;
mod resolve;

pub(crate) use credentials::credentials_for;
pub use login::Credentials;
pub use reference::ImageRef;

pub(crate) use resolve::{is_missing, missing, resolve};
