//! Copies files into containers and out of them as tar archives. It does not talk to the engine.
//!
//! Into a container: [`check`] validates the sources before anything is created, and [`pack`] streams them as one
//! archive. Out of a container: [`unpack`] extracts an archive without trusting its content. [`MountedFiles`] is the
//! alternative to copying in: a temporary directory to mount.

mod bridge;
mod check;
mod exact;
mod extract;
mod failure;
#[cfg(test)]
mod fixture;
mod header;
mod mounted;
mod pack;
mod place;
mod source;
mod unpack;
mod walk;

pub(crate) use self::{
    check::check,
    mounted::MountedFiles,
    pack::pack,
    unpack::{to_bytes, to_dir, to_file, to_path, to_writer},
    walk::Links,
};
pub use extract::CopiedOut;
pub use source::CopyIn;
