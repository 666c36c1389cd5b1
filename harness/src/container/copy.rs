//! The transfer of files into a container, as one archive.

use crate::archive::{self, CopyIn};
use crate::engine::Target;
use crate::words::Result;

/// Sends all sources to a container in one archive.
pub(super) async fn put(target: &Target, sources: Vec<CopyIn>) -> Result<()> {
    put_below("/", target, sources).await
}

/// Sends all sources to a container in one archive. Their paths are relative to an existing directory.
pub(super) async fn put_below(directory: &str, target: &Target, sources: Vec<CopyIn>) -> Result<()> {
    let (stream, outcome) = archive::pack(sources);
    let sent = target.put_archive(directory, stream).await;
    // The source's error is more specific than the engine's, which only knows that the body broke off.
    match outcome.take_error() {
        Some(error) => {
            Err(error.with_subject(format!("container `{}`", target.name)).with_phase("copy files in"))
        }
        None => sent.map_err(|error| {
            let read_only = error.to_string().contains("read-only");
            if read_only {
                error.with_hint("pass the files with `mount_files` instead, or remove `read_only_root`")
            } else {
                error
            }
        }),
    }
}
