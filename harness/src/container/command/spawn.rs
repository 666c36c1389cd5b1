//! A command that is about to be started as a process.

use std::future::IntoFuture;

use futures_util::future::BoxFuture;

use super::options::command_options;
use super::process::{Process, check_size};
use super::running::name_the_test;
use super::words;
use crate::container::TestContainer;
use crate::engine::ExecRequest;
use crate::words::Result;

/// A process that is about to be started: set options, then await it.
#[derive(Debug)]
#[must_use = "a process is not started until it is awaited"]
pub struct Spawn<'a> {
    container: &'a TestContainer,
    request: ExecRequest,
}

command_options!(Spawn);

impl TestContainer {
    /// Starts a command in the container and returns a handle to it: to read, write and wait.
    ///
    /// The words are passed as they are, without a shell. The command has `SEATRIAL_TEST_NAME` in its environment.
    ///
    /// # Errors
    /// Invalid, if the command is empty or the terminal has no size; not started, if the program, user, group or
    /// directory does not exist, or the program can't be executed; conflict, if the container does not run; not found,
    /// if it was removed; the engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future ends the process in the background, as dropping the handle does.
    pub fn spawn<T: Into<String>>(&self, cmd: impl IntoIterator<Item = T>) -> Spawn<'_> {
        let cmd = cmd.into_iter().map(Into::into).collect();
        Spawn { container: self, request: ExecRequest { cmd, stdin: true, ..Default::default() } }
    }
}

impl Spawn<'_> {
    /// Allocates a terminal with this many columns and rows: both output streams are one then. Default: none.
    ///
    /// On engines before API 1.42 (Docker 23) the size is set a moment after the start, as a resize.
    pub fn tty(mut self, columns: u16, rows: u16) -> Self {
        self.request.tty = true;
        self.request.size = Some((columns, rows));
        self
    }

    async fn start(mut self) -> Result<Process> {
        words::check(&self.request)?;
        if let Some((columns, rows)) = self.request.size {
            check_size(columns, rows)?;
        }
        name_the_test(&mut self.request);
        Process::start(self.container.subject(), self.request).await
    }
}

impl<'a> IntoFuture for Spawn<'a> {
    type Output = Result<Process>;
    type IntoFuture = BoxFuture<'a, Result<Process>>;

    fn into_future(self) -> Self::IntoFuture {
        let name = self.container.to_string();
        Box::pin(async move { self.start().await.map_err(|error| error.with_subject(name)) })
    }
}
