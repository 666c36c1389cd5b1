//! The wait for a file in the container.
//!
//! The engine reports a path's existence on request, even if the container does not run or has no shell. It has no
//! stream for it, so it is polled. At places that only the container's processes see, our program looks for it there.

use std::fmt;
use std::time::Duration;

use super::branch::Branch;
use super::cx::{Cx, Failure, Pauses};
use crate::words::{Error, Result};

/// Waits until a file or directory exists in the container.
#[derive(Clone, Debug)]
#[must_use = "a wait does nothing until it is passed to a request"]
pub struct FileWait {
    path: String,
}

impl FileWait {
    pub(super) fn new(path: String) -> Self {
        Self { path }
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.path.starts_with('/') {
            return Ok(());
        }
        Err(Error::invalid(format!("file `{}` can't be waited for: its path must begin with `/`", self.path)))
    }

    pub(super) async fn follow(&self, branch: &Branch, cx: &Cx<'_>) -> Result<(), Failure> {
        let mut pauses = Pauses::up_to(Duration::from_millis(200));
        loop {
            match cx.container.has_file(&self.path).await {
                Ok(true) => return Ok(()),
                Ok(false) => branch.saw("it does not exist"),
                Err(error) => branch.saw(error.to_string()),
            }
            pauses.next().await;
        }
    }
}

impl fmt::Display for FileWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "file `{}`", self.path)
    }
}
