//! The extraction of an untrusted archive into a new directory.

#[expect(clippy::module_inception, reason = "the noun of this folder")]
mod extract;
#[cfg(test)]
mod tests;

pub use extract::CopiedOut;
pub(super) use extract::{Extracted, copy_entry, extract};
