//! Copies out of a container: from the engine's archive to a file, a directory, bytes or a writer.

#[cfg(test)]
mod tests;
#[expect(clippy::module_inception, reason = "the noun of this folder")]
mod unpack;

pub(crate) use unpack::{to_bytes, to_dir, to_file, to_path, to_writer};
