//! Copies files into a container and out of it, whether it runs or not.

use std::io::Write;
use std::path::Path;

use bytes::Bytes;
use futures_util::StreamExt;

use super::TestContainer;
use super::command::inside;
use super::copy::put_anywhere;
use crate::archive;
use crate::archive::{CopiedOut, CopyIn};
use crate::base::blocking;
use crate::words::{Error, Result};

impl TestContainer {
    /// Copies files into the container, to where its own processes see them. In a tmpfs, `/dev`, `/proc` and `/sys` it has to
    /// run.
    ///
    /// # Errors
    /// - Files: the source can't be read, or the kernel refuses a file at such a place.
    /// - Invalid: the target path is malformed.
    /// - Conflict: the target is at such a place, and the container does not run.
    /// - Those of the engine.
    ///
    /// # Cancel safety
    /// If the future is dropped, a part of the files may be in the container.
    pub async fn copy_in(&self, source: CopyIn) -> Result<()> {
        self.copy_all_in([source]).await
    }

    /// Copies several sources into the container, in one archive.
    ///
    /// # Errors
    /// Those of [`copy_in`](Self::copy_in).
    ///
    /// # Cancel safety
    /// Like [`copy_in`](Self::copy_in).
    pub async fn copy_all_in(&self, sources: impl IntoIterator<Item = CopyIn>) -> Result<()> {
        let sources: Vec<_> = sources.into_iter().collect();
        let subject = self.subject();
        let checked = sources.clone();
        blocking(move || archive::check(&checked))
            .await
            .map_err(|error| error.with_subject(self.to_string()))?;
        put_anywhere(&subject, sources).await
    }

    /// Copies a file or directory out of the container: a file to the host path, or the content of a directory into it.
    ///
    /// In a tmpfs, `/dev`, `/proc` and `/sys` the container has to run. Modes, times and links are kept. The container can't cause anything to be written outside of the target.
    ///
    /// # Errors
    /// - Not found: the path does not exist.
    /// - Conflict: the path is at such a place, and the container does not run.
    /// - Files: the archive points out of the target, in which case the error names the entry, or the target can't be
    ///   written.
    /// - Those of the engine.
    ///
    /// On an error nothing is left behind, and an existing file stays as it was.
    ///
    /// # Cancel safety
    /// If the future is dropped, the result is as after an error. Temporary files are deleted soon after.
    pub async fn copy_out(&self, container: &str, host: impl AsRef<Path>) -> Result<CopiedOut> {
        let bodies = self.archive_of(container).await?;
        archive::to_path(bodies, host.as_ref()).await.map_err(|error| self.of_path(error, container))
    }

    /// Copies a file out of the container. A directory is an error.
    ///
    /// # Errors
    /// Those of [`copy_out`](Self::copy_out).
    ///
    /// # Cancel safety
    /// Like [`copy_out`](Self::copy_out).
    pub async fn copy_file_out(&self, container: &str, host: impl AsRef<Path>) -> Result<CopiedOut> {
        let bodies = self.archive_of(container).await?;
        archive::to_file(bodies, host.as_ref()).await.map_err(|error| self.of_path(error, container))
    }

    /// Copies the content of a directory out of the container into a directory of this machine. A file is an error.
    ///
    /// # Errors
    /// Those of [`copy_out`](Self::copy_out).
    ///
    /// # Cancel safety
    /// Like [`copy_out`](Self::copy_out).
    pub async fn copy_dir_out(&self, container: &str, host: impl AsRef<Path>) -> Result<CopiedOut> {
        let bodies = self.archive_of(container).await?;
        archive::to_dir(bodies, host.as_ref()).await.map_err(|error| self.of_path(error, container))
    }

    /// Returns the content of a file in the container, of at most `limit` bytes.
    ///
    /// # Errors
    /// - Not found: the path does not exist.
    /// - Files: it is not a file, or larger than `limit`.
    /// - Conflict: the path is in a tmpfs, `/dev`, `/proc` or `/sys`, and the container does not run.
    /// - Those of the engine.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn read_file(&self, container: &str, limit: u64) -> Result<Bytes> {
        let bodies = self.archive_of(container).await?;
        archive::to_bytes(bodies, limit).await.map_err(|error| self.of_path(error, container))
    }

    /// Copies the content of a file in the container to a writer, and returns its length in bytes.
    ///
    /// # Errors
    /// - Not found: the path does not exist.
    /// - Files: it is not a file, or the writer fails.
    /// - Those of the engine.
    ///
    /// # Cancel safety
    /// If the future is dropped, the writer has a part of the content.
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
        match subject.places.beyond(path) {
            Some(place) => Ok(inside::get(subject, place, path.to_owned())),
            None => Ok(subject.get_archive(path).await?.boxed()),
        }
    }

    fn of_path(&self, error: Error, path: &str) -> Error {
        error.with_subject(format!("`{path}` in {self}")).with_phase("copy files out")
    }
}
