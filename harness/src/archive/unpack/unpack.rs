//! Extracts the engine's archive of a copied path to a file, a directory, bytes or a writer. It does not talk to the
//! engine.
//!
//! The archive comes from the container and is not trusted: nothing is written outside of the target. The content is
//! extracted to a temporary directory next to the target first, so that the target is complete or absent.

use std::fs;
use std::io::Write;
use std::path::Path;

use bytes::Bytes;
use futures_util::Stream;
use tar::{Archive, Entry, EntryType};

use crate::archive::bridge::{StreamReader, broken, on_thread};
use crate::archive::extract::{CopiedOut, Extracted, copy_entry, extract};
use crate::archive::failure::files;
use crate::archive::place::Staging;
use crate::words::{Error, Kind, Result};

/// The type that the caller expects of the archive's root.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Want {
    File,
    Dir,
    Any,
}

/// Copies the archive's root to `target`, be it a file or a directory. See [`to_file`] and [`to_dir`].
pub(crate) async fn to_path<S: Stream<Item = Result<Bytes>>>(stream: S, target: &Path) -> Result<CopiedOut> {
    to_target(stream, target, Want::Any).await
}

/// Copies a single file to `target`. A file or link there is replaced. Mode and time are kept, without set-id bits.
///
/// # Errors
/// - Files: the archive's root is not a file, or the target can't be written.
/// - Protocol: the archive is truncated or malformed.
/// - Those of the stream.
///
/// On an error nothing is left behind, and an existing file stays as it was.
///
/// # Cancel safety
/// If the future is dropped, the result is as after an error. Temporary files are deleted soon after.
pub(crate) async fn to_file<S: Stream<Item = Result<Bytes>>>(stream: S, target: &Path) -> Result<CopiedOut> {
    to_target(stream, target, Want::File).await
}

/// Copies the content of a directory into `target`, which is created if it does not exist. Modes, times and links are
/// kept.
///
/// In an existing target, files and links are replaced, and everything else is kept.
///
/// # Errors
/// Those of [`to_file`], and Files with the entry's name if the archive would write outside of the target. An existing
/// target stays unchanged, unless moving the files into it fails half-way.
///
/// # Cancel safety
/// Like [`to_file`].
pub(crate) async fn to_dir<S: Stream<Item = Result<Bytes>>>(stream: S, target: &Path) -> Result<CopiedOut> {
    to_target(stream, target, Want::Dir).await
}

/// Returns the content of a single file.
///
/// # Errors
/// Those of [`to_file`], and Files if the file has more than `limit` bytes.
pub(crate) async fn to_bytes<S: Stream<Item = Result<Bytes>>>(stream: S, limit: u64) -> Result<Bytes> {
    on_thread(stream, move |reader| {
        let mut bytes = Vec::new();
        single(reader, |entry, size| {
            if size > limit {
                return Err(files(format!("its size is {size} bytes, but the limit is {limit}")));
            }
            copy_entry(entry, &mut bytes, size, broken)
        })?;
        Ok(bytes.into())
    })
    .await
}

/// Writes a single file to `writer` on a thread where it may block. Returns the writer and the number of bytes.
///
/// # Errors
/// Those of [`to_file`], and Files if the writer fails. What was written before the error stays written.
pub(crate) async fn to_writer<S, W>(stream: S, mut writer: W) -> Result<(W, u64)>
where
    S: Stream<Item = Result<Bytes>>,
    W: Write + Send + 'static,
{
    on_thread(stream, move |reader| {
        let bytes = single(reader, |entry, size| {
            let failed = |error| files("the given writer failed").with_source(error);
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
        (Want::Dir, false) => Err(wrong_root(&extracted, "not a directory")),
        (Want::File | Want::Any, false) if !root.is_file() => Err(wrong_root(&extracted, "not a file")),
        (Want::File | Want::Any, false) => staging.place_file().map(|()| extracted.copied),
        (Want::Dir | Want::Any, true) => {
            let made = !target.is_dir();
            staging.place_dir()?;
            match extracted.finish_dirs(target) {
                Ok(()) => Ok(extracted.copied),
                Err(error) => {
                    if made {
                        // Best effort: the error above is the one to report.
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

/// Reads the only entry of an archive that holds a single file.
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
            Err(files("it is a link, not a file").with_hint("copy the target of the link instead"))
        }
        _ => Err(files("it is not a file")),
    };
    let value = result.map_err(|error| error.with_part(format_args!("entry `{name}`")))?;
    // Reading on tells a truncated archive from a complete one.
    if entries.next().transpose().map_err(broken)?.is_some() {
        return Err(Error::new(Kind::Protocol, "the engine's archive of one file contains further entries"));
    }
    reader.finish()?;
    Ok(value)
}
