//! A container's state as looks and events tell it, in whatever order they come.

#[cfg(test)]
mod tests;
#[expect(clippy::module_inception, reason = "the noun of this folder")]
mod track;

pub(crate) use track::{Look, Mark, Track};
