//! The stream of a tar archive with the sources of a copy into a container.

#[expect(clippy::module_inception, reason = "the noun of this folder")]
mod pack;
#[cfg(test)]
mod tests;

pub(crate) use pack::pack;
