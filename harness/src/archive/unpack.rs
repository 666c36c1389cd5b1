//! Copies out of a container: the engine's archive to a file, a directory, bytes or a writer. It asks no engine.
//!
//! The archive comes from the container, which is not trusted: nothing is written outside of the target. What is
//! copied first goes to a temporary place next to it, so that the target is whole or is not there.

use std::fs;
use std::io::Write;
use std::path::Path;

use bytes::Bytes;
use futures_util::Stream;
use tar::{Archive, Entry, EntryType};

pub use super::extract::CopiedOut;

use super::bridge::{StreamReader, broken, on_thread};
use super::extract::{Extracted, copy_entry, extract};
use super::failure::files;
use super::place::Staging;
use crate::words::{Error, Kind, Result};

/// What the caller wants of the archive's root.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Want {
    File,
    Dir,
    Any,
}

/// Copies a file to `target`, or a directory to `target`, whichever the archive holds. See [`to_file`] and [`to_dir`].
pub(crate) async fn to_path<S: Stream<Item = Result<Bytes>>>(stream: S, target: &Path) -> Result<CopiedOut> {
    to_target(stream, target, Want::Any).await
}

/// Copies one file to `target`, and replaces a file or link there. Its mode and time are kept, without set-id bits.
///
/// # Errors
/// Files, if the archive holds something else, or the target can't be written; protocol, if the archive is cut or
/// none; those of the stream. Nothing is left behind, and a file that was there stays.
///
/// # Cancel safety
/// As with an error; what was written is removed soon after.
pub(crate) async fn to_file<S: Stream<Item = Result<Bytes>>>(stream: S, target: &Path) -> Result<CopiedOut> {
    to_target(stream, target, Want::File).await
}

/// Copies what is in one directory into `target`, which is made if it is not there. Modes, times and links are kept.
///
/// In a target that is there files and links are replaced, and all else is kept.
///
/// # Errors
/// As with [`to_file`]; and files, naming the entry, if the archive would write elsewhere. In a target that was there
/// nothing is changed, unless moving the files into it failed half-way.
///
/// # Cancel safety
/// As with [`to_file`].
pub(crate) async fn to_dir<S: Stream<Item = Result<Bytes>>>(stream: S, target: &Path) -> Result<CopiedOut> {
    to_target(stream, target, Want::Dir).await
}

/// Gives the bytes of one file.
///
/// # Errors
/// Files, if the archive holds something else, or more than `limit` bytes, and those of [`to_file`].
pub(crate) async fn to_bytes<S: Stream<Item = Result<Bytes>>>(stream: S, limit: u64) -> Result<Bytes> {
    on_thread(stream, move |reader| {
        let mut bytes = Vec::new();
        single(reader, |entry, size| {
            if size > limit {
                return Err(files(format!("it has {size} bytes, and the limit is {limit}")));
            }
            copy_entry(entry, &mut bytes, size, broken)
        })?;
        Ok(bytes.into())
    })
    .await
}

/// Writes one file to `writer`, on a thread where it may block, and gives it back with the number of bytes.
///
/// # Errors
/// Files, if the archive holds something else, or the writer fails, and those of [`to_file`]. What was written until
/// then was written.
pub(crate) async fn to_writer<S, W>(stream: S, mut writer: W) -> Result<(W, u64)>
where
    S: Stream<Item = Result<Bytes>>,
    W: Write + Send + 'static,
{
    on_thread(stream, move |reader| {
        let bytes = single(reader, |entry, size| {
            let failed = |error| files("it could not be passed on").with_source(error);
            let copied = copy_entry(entry, &mut writer, size, failed)?;
            writer.flush().map_err(failed)?;
            Ok(copied)
        })?;
        Ok((writer, bytes))
    })
    .await
}

async fn to_target<S: Stream<Item = Result<Bytes>>>(
    stream: S,
    target: &Path,
    want: Want,
) -> Result<CopiedOut> {
    let target = target.to_owned();
    on_thread(stream, move |reader| place(reader, &target, want)).await
}

fn place(reader: &mut StreamReader, target: &Path, want: Want) -> Result<CopiedOut> {
    let staging = Staging::new(target)?;
    let root = staging.root();
    let extracted = extract(&mut *reader, &root)?;
    reader.finish()?;
    match (want, root.is_dir()) {
        (Want::File, true) => Err(wrong_root(&extracted, "a directory")),
        (Want::Dir, false) => Err(wrong_root(&extracted, "no directory")),
        (Want::File | Want::Any, false) if !root.is_file() => Err(wrong_root(&extracted, "no file")),
        (Want::File | Want::Any, false) => staging.place_file().map(|()| extracted.copied),
        (Want::Dir | Want::Any, true) => {
            let made = !target.is_dir();
            staging.place_dir()?;
            match extracted.finish_dirs(target) {
                Ok(()) => Ok(extracted.copied),
                Err(error) => {
                    if made {
                        // As far as it goes: the error is what counts.
                        let _ = fs::remove_dir_all(target);
                    }
                    Err(error)
                }
            }
        }
    }
}

fn wrong_root(extracted: &Extracted, what: &str) -> Error {
    let root = extracted.root.as_deref().unwrap_or(Path::new("."));
    files(format!("`{}` in the container is {what}", root.display()))
}

/// Reads the one file that the archive holds.
fn single<T>(
    reader: &mut StreamReader,
    read: impl FnOnce(&mut Entry<'_, &mut StreamReader>, u64) -> Result<T>,
) -> Result<T> {
    let mut archive = Archive::new(&mut *reader);
    let mut entries = archive.entries().map_err(broken)?;
    let Some(first) = entries.next() else {
        return Err(Error::new(Kind::Protocol, "the engine's archive is empty"));
    };
    let mut entry = first.map_err(broken)?;
    let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
    let size = entry.size();
    let result = match entry.header().entry_type() {
        EntryType::Regular | EntryType::Continuous => read(&mut entry, size),
        EntryType::Directory => Err(files("it is a directory, not a file")),
        EntryType::Symlink => {
            Err(files("it is a link, not a file").with_hint("copy what the link points to"))
        }
        _ => Err(files("it is not a file")),
    };
    let value = result.map_err(|error| error.with_part(format_args!("entry `{name}`")))?;
    // Looked for, so that an archive that was cut is told from one that has no more.
    if entries.next().transpose().map_err(broken)?.is_some() {
        return Err(Error::new(Kind::Protocol, "the engine's archive of a file holds more than that"));
    }
    reader.finish()?;
    Ok(value)
}

#[cfg(test)]
mod tests;
