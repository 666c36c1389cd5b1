//! The transfer of files into a container, as one archive.

use super::Subject;
use super::command::inside;
use crate::archive::{self, CopyIn};
use crate::engine::Target;
use crate::words::Result;

/// Sends all sources to a container: to places that the engine's archive does not reach by the agent.
pub(super) async fn put_anywhere(subject: &Subject, sources: Vec<CopyIn>) -> Result<()> {
    let (beyond, within) = split(subject, sources);
    if !within.is_empty() || beyond.is_empty() {
        put(subject, within).await?;
    }
    put_beyond(subject, beyond).await
}

/// Divides sources into those for places that the engine's archive does not reach, and the others.
pub(super) fn split(subject: &Subject, sources: Vec<CopyIn>) -> (Vec<CopyIn>, Vec<CopyIn>) {
    sources
        .into_iter()
        .partition(|source| subject.places.beyond(&source.target().to_string_lossy()).is_some())
}

/// Sends sources to places that the engine's archive does not reach. The container has to run.
pub(super) async fn put_beyond(subject: &Subject, sources: Vec<CopyIn>) -> Result<()> {
    let first = sources.first().map(|source| source.target().to_string_lossy().into_owned());
    let Some(path) = first else { return Ok(()) };
    let Some(place) = subject.places.beyond(&path) else { return put(subject, sources).await };
    inside::put(subject, place, &path, sources).await
}

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
