//! Errors about files, worded in one place.

use std::fmt::Display;
use std::io;
use std::path::Path;

use crate::words::{Error, Kind};

/// Creates the error that `path` can't be `done`, with the system's error as its source.
pub(super) fn cannot(done: &str, path: &Path, error: io::Error) -> Error {
    let path = path.display();
    if error.kind() == io::ErrorKind::NotFound {
        return not_there(path, error);
    }
    Error::new(Kind::Files, format!("`{path}` can't be {done}")).with_source(error)
}

fn not_there(path: impl Display, error: io::Error) -> Error {
    let error = Error::new(Kind::Files, format!("`{path}` does not exist")).with_source(error);
    match std::env::current_dir() {
        Ok(here) => error.with_hint(format!("relative paths start at `{}`", here.display())),
        Err(_) => error,
    }
}

/// Creates an error of kind `Files`.
pub(super) fn files(message: impl Into<String>) -> Error {
    Error::new(Kind::Files, message.into())
}

/// Wraps an error of ours to pass it through an `io` interface; [`unwrapped`] recovers it.
pub(super) fn wrapped(error: Error) -> io::Error {
    io::Error::other(error)
}

/// Returns the error of ours that `error` wraps, or the result of `otherwise` if it wraps none.
pub(super) fn unwrapped(error: io::Error, otherwise: impl FnOnce(io::Error) -> Error) -> Error {
    match error.downcast::<Error>() {
        Ok(ours) => ours,
        Err(error) => otherwise(error),
    }
}
