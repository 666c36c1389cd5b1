//! A container's state, tracked by inspections and events.

#[cfg(test)]
mod tests;
#[expect(clippy::module_inception, reason = "the noun of this folder")]
mod track;

pub(crate) use track::{Look, Mark, Track};
