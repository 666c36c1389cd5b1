//! The targets of reports: standard output, a file that replaces another, or a file that can be read while it grows.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::replace::Replacement;

/// The target of a report. After the first failure nothing more is written.
pub(super) struct Target {
    /// The report's name in messages.
    what: &'static str,
    path: PathBuf,
    to: To,
    failure: Option<io::Error>,
}

enum To {
    Stdout,
    /// A file that takes its place once it is complete.
    Replacement(Replacement),
    /// A file that others may read while it grows; it is emptied by the first write.
    Growing {
        file: File,
        is_emptied: bool,
    },
    /// The report is complete.
    Closed,
}

impl Target {
    /// Opens a target that is read once it is complete; `-` is standard output. A file of that name stays as it is until
    /// then.
    ///
    /// # Errors
    /// Invalid, if nothing can be written to the path.
    pub(super) fn whole(path: &Path, what: &'static str) -> Result<Self> {
        Self::open(path, what, |path| Replacement::create(path).map(To::Replacement))
    }

    /// Opens a target that is read while it grows; `-` is standard output.
    ///
    /// # Errors
    /// Invalid, if nothing can be written to the path.
    pub(super) fn growing(path: &Path, what: &'static str) -> Result<Self> {
        Self::open(path, what, |path| {
            let file = File::options().write(true).create(true).truncate(false).open(path)?;
            Ok(To::Growing { file, is_emptied: false })
        })
    }

    fn open(path: &Path, what: &'static str, open: impl FnOnce(&Path) -> io::Result<To>) -> Result<Self> {
        let to = if path.as_os_str() == "-" {
            To::Stdout
        } else {
            open(path).map_err(|error| {
                let message = format!("the {what} report can't be written to `{}`", path.display());
                Error::invalid(message).with_source(error)
            })?
        };
        Ok(Self { what, path: path.to_owned(), to, failure: None })
    }

    /// Writes a piece of the report. What others read while it grows is there when this returns.
    pub(super) fn write(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        if self.failure.is_some() {
            return;
        }
        let written = match &mut self.to {
            To::Stdout => {
                let mut stdout = io::stdout().lock();
                write(&mut stdout).and_then(|()| stdout.flush())
            }
            To::Replacement(file) => write(file),
            To::Growing { file, is_emptied } => grow(file, is_emptied, write),
            To::Closed => Ok(()),
        };
        self.failure = written.err();
    }

    /// Completes the report.
    ///
    /// # Errors
    /// Report, if any of it could not be written.
    pub(super) fn close(&mut self) -> Result<()> {
        let closed = match std::mem::replace(&mut self.to, To::Closed) {
            To::Replacement(file) if self.failure.is_none() => file.commit(),
            // Some file systems find out only now that there is no room; a pipe can't be synchronised.
            To::Growing { file, .. } if file.metadata().is_ok_and(|about| about.is_file()) => file.sync_all(),
            _ => Ok(()),
        };
        match self.failure.take().or(closed.err()) {
            None => Ok(()),
            // A reader that has closed its end wants no more of it.
            Some(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Some(error) => {
                let (what, path) = (self.what, self.path.display());
                Err(Error::report(format!("the {what} report in `{path}` is not complete"))
                    .with_source(error))
            }
        }
    }
}

fn grow(
    file: &mut File,
    is_emptied: &mut bool,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    if !*is_emptied {
        // A device or a pipe has no length.
        if file.metadata()?.is_file() {
            file.set_len(0)?;
        }
        *is_emptied = true;
    }
    let mut piece = Vec::new();
    write(&mut piece)?;
    file.write_all(&piece)
}
