//! A file that a report is written to as the run goes on. What goes wrong is told once, at the end.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// A report's file, or standard output for `-`.
pub(super) struct Output {
    path: PathBuf,
    to: Box<dyn Write>,
    failure: Option<io::Error>,
}

impl Output {
    /// Opens the file for writing, in place of what was there: a report of an earlier run must not pass for this one's.
    ///
    /// # Errors
    /// Invalid, with the path.
    pub(super) fn create(path: &Path, what: &str) -> Result<Self> {
        let to: Box<dyn Write> = if path.as_os_str() == "-" {
            Box::new(io::stdout())
        } else {
            let file = File::create(path).map_err(|error| {
                let message = format!("the {what} report can't be written to `{}`", path.display());
                Error::invalid(message).with_source(error)
            })?;
            Box::new(BufWriter::new(file))
        };
        Ok(Self { path: path.to_owned(), to, failure: None })
    }

    /// Writes, unless that has failed before.
    pub(super) fn write(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        if self.failure.is_none()
            && let Err(error) = write(&mut *self.to)
        {
            self.failure = Some(error);
        }
    }

    /// Writes what is buffered, and tells on standard error what went wrong since the beginning.
    pub(super) fn finish(&mut self) {
        self.write(|to| to.flush());
        // A reader that has gone away has had enough of it.
        if let Some(error) = &self.failure
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            eprintln!("warning: the report in `{}` is not whole: {error}", self.path.display());
        }
    }
}
