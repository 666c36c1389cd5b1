//! Files into containers and out of them, as tar archives; it knows no engine.
//!
//! In: [`check()`] says whether the sources can be copied, before anything is created; [`pack()`] streams them. Out:
//! [`unpack`] takes an archive that is not trusted apart. [`MountedFiles`] is the other way in: a directory to mount.

#![cfg_attr(not(test), expect(dead_code, reason = "wired up by the container module"))]

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
pub(crate) mod unpack;
mod walk;

#[expect(unused_imports, reason = "wired up by the container module")]
pub(crate) use self::{
    check::check,
    mounted::MountedFiles,
    pack::{PackOutcome, PackStream, pack},
};
pub use source::CopyIn;
pub use unpack::CopiedOut;
