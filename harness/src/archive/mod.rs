//! Files into containers and out of them, as tar archives; it knows no engine.
//!
//! In: [`check`] says whether the sources can be copied, before anything is created; [`pack`] streams them. Out:
//! [`unpack`] takes an archive that is not trusted apart. [`MountedFiles`] is the other way in: a directory to mount.

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
};
pub use source::CopyIn;
pub use unpack::CopiedOut;
