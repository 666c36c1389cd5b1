//! Files into a container and out of it, while it runs or not.

use std::io::Write;
use std::path::Path;

use bytes::Bytes;
use futures_util::StreamExt;

use super::TestContainer;
use crate::archive;
use crate::archive::{CopiedOut, CopyIn};
use crate::base::blocking;
use crate::engine::Target;
use crate::words::{Error, Result};

/// Sends all sources to a container in one archive.
pub(super) async fn put(target: &Target, sources: Vec<CopyIn>) -> Result<()> {
    put_below("/", target, sources).await
}

/// Sends all sources to a container in one archive; their paths begin in a directory that is there.
pub(super) async fn put_below(directory: &str, target: &Target, sources: Vec<CopyIn>) -> Result<()> {
    let (stream, outcome) = archive::pack(sources);
    let sent = target.put_archive(directory, stream).await;
    // What was wrong with a source says more than the engine's word on a body that broke off.
    match outcome.take_error() {
        Some(error) => {
            Err(error.with_subject(format!("container `{}`", target.name)).with_phase("copy files in"))
        }
        None => sent.map_err(|error| {
            let read_only = error.to_string().contains("read-only");
            if read_only {
                error.with_hint("give the files with `mount_files` instead, or leave `read_only_root` out")
            } else {
                error
            }
        }),
    }
}

impl TestContainer {
    /// Copies something into the container while it runs.
    ///
    /// # Errors
    /// Files, if the source can't be read; invalid, if the target can't be; the engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future may leave a part of the files in the container.
    pub async fn copy_in(&self, source: CopyIn) -> Result<()> {
        self.copy_all_in([source]).await
    }

    /// Copies several things into the container, in one archive.
    ///
    /// # Errors
    /// As [`copy_in`](Self::copy_in).
    ///
    /// # Cancel safety
    /// As [`copy_in`](Self::copy_in).
    pub async fn copy_all_in(&self, sources: impl IntoIterator<Item = CopyIn>) -> Result<()> {
        let sources: Vec<_> = sources.into_iter().collect();
        let subject = self.subject();
        let checked = sources.clone();
        blocking(move || archive::check(&checked))
            .await
            .map_err(|error| error.with_subject(self.to_string()))?;
        put(&subject, sources).await
    }

    /// Copies a file or directory out of the container: a file to the host's path, what is in a directory into it.
    ///
    /// Modes, times and links are kept. Nothing is ever written outside the target, whatever the container sends.
    ///
    /// # Errors
    /// Not found, if the path is not there; files, with the entry, if the archive points out of the target, or if
    /// that can't be written. Then nothing is left behind, and a file that was there stays.
    ///
    /// # Cancel safety
    /// As with an error: what was written is removed soon after.
    pub async fn copy_out(&self, container: &str, host: impl AsRef<Path>) -> Result<CopiedOut> {
        let bodies = self.archive_of(container).await?;
        archive::to_path(bodies, host.as_ref()).await.map_err(|error| self.of_path(error, container))
    }

    /// Copies a file out of the container; a directory is an error.
    ///
    /// # Errors
    /// As [`copy_out`](Self::copy_out).
    ///
    /// # Cancel safety
    /// As [`copy_out`](Self::copy_out).
    pub async fn copy_file_out(&self, container: &str, host: impl AsRef<Path>) -> Result<CopiedOut> {
        let bodies = self.archive_of(container).await?;
        archive::to_file(bodies, host.as_ref()).await.map_err(|error| self.of_path(error, container))
    }

    /// Copies what is in a directory of the container into one of this machine; a file is an error.
    ///
    /// # Errors
    /// As [`copy_out`](Self::copy_out).
    ///
    /// # Cancel safety
    /// As [`copy_out`](Self::copy_out).
    pub async fn copy_dir_out(&self, container: &str, host: impl AsRef<Path>) -> Result<CopiedOut> {
        let bodies = self.archive_of(container).await?;
        archive::to_dir(bodies, host.as_ref()).await.map_err(|error| self.of_path(error, container))
    }

    /// Reads a file of the container, up to so many bytes.
    ///
    /// # Errors
    /// Not found, if the path is not there; files, if it is no file, or longer.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing.
    pub async fn read_file(&self, container: &str, limit: u64) -> Result<Bytes> {
        let bodies = self.archive_of(container).await?;
        archive::to_bytes(bodies, limit).await.map_err(|error| self.of_path(error, container))
    }

    /// Writes a file of the container to a writer, and returns its length in bytes.
    ///
    /// # Errors
    /// Not found, if the path is not there; files, if it is no file, or the writer fails.
    ///
    /// # Cancel safety
    /// Dropping the future leaves a part of it with the writer.
    pub async fn copy_out_to(&self, container: &str, writer: impl Write + Send + 'static) -> Result<u64> {
        let bodies = self.archive_of(container).await?;
        archive::to_writer(bodies, writer)
            .await
            .map(|(_, length)| length)
            .map_err(|error| self.of_path(error, container))
    }

    async fn archive_of(&self, path: &str) -> Result<crate::engine::Bodies> {
        if !path.starts_with('/') {
            return Err(
                Error::invalid(format!("path `{path}` must begin with `/`")).with_subject(self.to_string())
            );
        }
        let subject = self.subject();
        Ok(subject.get_archive(path).await?.boxed())
    }

    fn of_path(&self, error: Error, path: &str) -> Error {
        error.with_subject(format!("`{path}` in {self}")).with_phase("copy files out")
    }
}
