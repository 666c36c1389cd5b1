//! Errors about files, worded in one place.

use std::fmt::Display;
use std::io;
use std::path::Path;

use crate::words::{Error, Kind};

/// `path` can't be `done`, for the reason that the system gives.
pub(super) fn cannot(done: &str, path: &Path, error: io::Error) -> Error {
    let path = path.display();
    if error.kind() == io::ErrorKind::NotFound {
        return not_there(path, error);
    }
    Error::new(Kind::Files, format!("`{path}` can't be {done}")).with_source(error)
}

fn not_there(path: impl Display, error: io::Error) -> Error {
    let error = Error::new(Kind::Files, format!("`{path}` is not there")).with_source(error);
    match std::env::current_dir() {
        Ok(here) => {
            error.with_hint(format!("a path that does not start with `/` starts at `{}`", here.display()))
        }
        Err(_) => error,
    }
}

/// `subject` is not as it has to be.
pub(super) fn files(message: impl Into<String>) -> Error {
    Error::new(Kind::Files, message.into())
}

/// Takes an error of ours through code that passes on those of the system; [`unwrapped`] gets it out again.
pub(super) fn wrapped(error: Error) -> io::Error {
    io::Error::other(error)
}

/// The error of ours in `error`, or one made of it.
pub(super) fn unwrapped(error: io::Error, otherwise: impl FnOnce(io::Error) -> Error) -> Error {
    match error.downcast::<Error>() {
        Ok(ours) => ours,
        Err(error) => otherwise(error),
    }
}
