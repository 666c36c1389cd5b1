//! A case: a command as a value, with its input and its limits.

use std::ffi::OsString;
use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use super::super::stdin::Stdin;

/// The default limit of each stream, in bytes.
const LIMIT: usize = 16 << 20;

/// The writer of an output stream that is not kept.
pub(super) type Writer = Pin<Box<dyn AsyncWrite + Send>>;

/// A command for [`Cases::run`](super::Cases::run).
///
/// The words are passed as they are, without a shell. They may have any bytes but NUL.
///
/// ```
/// # use std::time::Duration;
/// use seatrial::Case;
///
/// let case = Case::new(["grep", "-c", "a"]).stdin("a\nb\n").timeout(Duration::from_secs(5));
/// # drop(case);
/// ```
#[must_use = "a case does nothing until it is run"]
pub struct Case {
    pub(super) argv: Vec<OsString>,
    pub(super) env: Vec<(OsString, OsString)>,
    pub(super) user: Option<String>,
    pub(super) working_dir: Option<OsString>,
    pub(super) stdin: Stdin<'static>,
    pub(super) limit: usize,
    pub(super) timeout: Option<Duration>,
    pub(super) stdout: Option<Writer>,
    pub(super) stderr: Option<Writer>,
    pub(super) is_isolated: bool,
}

impl Case {
    /// Creates a case from a program, which is searched for in the `PATH` of the case's environment, and its arguments.
    pub fn new<T: Into<OsString>>(argv: impl IntoIterator<Item = T>) -> Self {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            env: Vec::new(),
            user: None,
            working_dir: None,
            stdin: Stdin::None,
            limit: LIMIT,
            timeout: None,
            stdout: None,
            stderr: None,
            is_isolated: false,
        }
    }

    /// Sets a variable of the environment. Default: the container's environment, and `SEATRIAL_TEST_NAME`.
    ///
    /// `SEATRIAL_EXEC` marks processes that are to be found, and can't be set.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Sets the user: a name or an id, optionally with a group after a colon. Default: the container's user.
    ///
    /// The first case of each user in a container takes as long as a command by the engine.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// Sets the working directory, an absolute path. Default: the container's.
    pub fn working_dir(mut self, dir: impl Into<OsString>) -> Self {
        self.working_dir = Some(dir.into());
        self
    }

    /// Sets the bytes of the standard input. Default: none, so that the case reads an end at once.
    ///
    /// A case that does not read all of it is no error, as in a shell's pipe.
    pub fn stdin(mut self, bytes: impl Into<Bytes>) -> Self {
        self.stdin = Stdin::Bytes(bytes.into());
        self
    }

    /// Does the same as [`stdin`](Self::stdin) from a reader, which is read on the task that awaits the case.
    pub fn stdin_from(mut self, reader: impl AsyncRead + Send + 'static) -> Self {
        self.stdin = Stdin::Reader(Box::pin(reader));
        self
    }

    /// Limits the case's time, counted from the start of its process. A case that exceeds it is ended with all that it
    /// has started. Default: no limit.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Gives the case a root file system of its own: the container's with a layer in memory above it, which takes all
    /// writes and is dropped with the case. Volumes and other mounts are the container's own.
    ///
    /// The container needs the capability `SYS_ADMIN`, or to be privileged, and the case to be root; elsewhere it
    /// [could not start](super::CaseEnd::CouldNotStart). Default: the container's root.
    pub fn isolated(mut self) -> Self {
        self.is_isolated = true;
        self
    }

    /// Sets how many bytes of each stream are kept, or written to the stream's writer; the rest is dropped. Default: 16
    /// MiB.
    pub fn output_limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Writes the standard output to a writer as it arrives, on the task that awaits the case;
    /// [`CaseOutput::stdout`](super::CaseOutput::stdout) is empty then. Default: it is kept.
    ///
    /// A writer that is slow holds this case back, as a pipe does, and no other.
    pub fn stdout_to(mut self, writer: impl AsyncWrite + Send + 'static) -> Self {
        self.stdout = Some(Box::pin(writer));
        self
    }

    /// Does the same as [`stdout_to`](Self::stdout_to) for standard error.
    pub fn stderr_to(mut self, writer: impl AsyncWrite + Send + 'static) -> Self {
        self.stderr = Some(Box::pin(writer));
        self
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case")
            .field("argv", &self.argv)
            .field("env", &self.env)
            .field("user", &self.user)
            .field("working_dir", &self.working_dir)
            .field("stdin", &self.stdin)
            .field("limit", &self.limit)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
