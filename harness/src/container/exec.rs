//! A command in a running container, in its plain form: run, collected, its exit code returned.

use std::future::IntoFuture;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::io::AsyncReadExt;

use super::TestContainer;
use super::name::caller_name;
use super::texts::stream_texts;
use crate::background::background;
use crate::engine::{ExecRequest, FrameDecoder, Mode, Upgraded};
use crate::error::{Error, Kind, Result};
use crate::retry::Backoff;
use crate::stream::LogStream;
use crate::wait::Subject;

/// How long an engine may take to tell the exit code of a command whose output has ended.
const CODE: Duration = Duration::from_secs(5);

/// A command that is about to run: set options, then await it.
///
/// ```no_run
/// # async fn example(container: seatrial::TestContainer) -> seatrial::Result<()> {
/// let output = container.exec(["ls", "-l"]).workdir("/etc").await?;
/// assert_eq!(output.exit_code, 0, "{}", output.stderr_text());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a command does nothing until it is awaited"]
pub struct Exec<'a> {
    container: &'a TestContainer,
    request: ExecRequest,
}

/// What a command did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExecOutput {
    /// Its exit code; 128 and more for a signal, as shells have it.
    pub exit_code: i64,
    /// All that it printed to standard output.
    pub stdout: Vec<u8>,
    /// All that it printed to standard error.
    pub stderr: Vec<u8>,
    /// From the request until its output ended.
    pub elapsed: Duration,
}

stream_texts!(ExecOutput);

impl TestContainer {
    /// Runs a command in the container.
    ///
    /// It is run as it is, without a shell, which may be asked for: `["sh", "-c", "…"]`. A non-zero exit code is data,
    /// not an error. So is a command that can't be started: the engine gives it exit code 126 or 127, with the reason
    /// in its output. The command gets `SEATRIAL_TEST_NAME` in its environment.
    ///
    /// # Errors
    /// Invalid, if the command is empty; exec, if it could not be started: no such program, not executable, no such
    /// user or directory; conflict, if the container does not run; not found, if it is gone; the engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the command running in the container, its output unread.
    pub fn exec<T: Into<String>>(&self, cmd: impl IntoIterator<Item = T>) -> Exec<'_> {
        let request = ExecRequest { cmd: cmd.into_iter().map(Into::into).collect(), ..Default::default() };
        Exec { container: self, request }
    }
}

impl<'a> Exec<'a> {
    /// One variable of its environment. Default: the container's, and `SEATRIAL_TEST_NAME`.
    pub fn env(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.request.env.push(format!("{}={}", name.as_ref(), value.as_ref()));
        self
    }

    /// Who runs it. Default: the container's user.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.request.user = Some(user.into());
        self
    }

    /// Where it runs. Default: the container's working directory.
    pub fn workdir(mut self, dir: impl Into<String>) -> Self {
        self.request.workdir = Some(dir.into());
        self
    }

    async fn run(self) -> Result<ExecOutput> {
        let Subject { engine, id, name, .. } = self.container.subject();
        if self.request.cmd.is_empty() {
            return Err(Error::invalid("the command is empty; name a program")
                .with_subject(self.container.to_string()));
        }
        let mut request = self.request.clone();
        request.env.insert(0, format!("SEATRIAL_TEST_NAME={}", caller_name()));
        let began = Instant::now();
        let exec = engine.create_exec(&id, &name, request).await?;
        let connection = engine.start_exec(&exec, &name).await?;
        let (stdout, stderr) = background().run(collect(connection)).await.map_err(|error| {
            error.with_subject(self.container.to_string()).with_phase("read a command's output")
        })?;
        let elapsed = began.elapsed();
        let mut backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(100));
        loop {
            // The output ends with the command, but the engine may write its exit code down a moment later.
            let end = engine.inspect_exec(&exec, &name).await?;
            match end.exit_code {
                Some(exit_code) if !end.running => {
                    let output = ExecOutput { exit_code, stdout, stderr, elapsed };
                    // An engine's own codes for it; a command that ran may end with them too.
                    let never_ran = end.never_ran && matches!(exit_code, 126 | 127);
                    return if never_ran { Err(self.not_started(&output)) } else { Ok(output) };
                }
                _ if began.elapsed() > elapsed + CODE => {
                    return Err(Error::new(
                        Kind::Exec,
                        "its output ended, but it runs on: it closed its output",
                    )
                    .with_subject(self.container.to_string())
                    .with_elapsed(began.elapsed()));
                }
                _ => background().run(tokio::time::sleep(backoff.next())).await,
            }
        }
    }

    /// The error of a command that the engine could not start: it says why where the command's output would be.
    fn not_started(&self, output: &ExecOutput) -> Error {
        let reason = format!("{}{}", output.stdout_text(), output.stderr_text());
        let command = self.request.cmd.join(" ");
        Error::new(Kind::Exec, format!("command `{command}` could not be started: {}", reason.trim()))
            .with_subject(self.container.to_string())
            .with_elapsed(output.elapsed)
    }
}

impl<'a> IntoFuture for Exec<'a> {
    type Output = Result<ExecOutput>;
    type IntoFuture = BoxFuture<'a, Result<ExecOutput>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// Reads both streams to their end.
async fn collect(mut connection: Upgraded) -> Result<(Vec<u8>, Vec<u8>)> {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut decoder = FrameDecoder::new(Mode::Multiplexed);
    let mut buffer = vec![0; 32 * 1024];
    loop {
        let read = connection.read(&mut buffer).await.map_err(|error| {
            Error::new(Kind::Protocol, "the engine broke the output off").with_source(error)
        })?;
        if read == 0 {
            decoder.finish()?;
            return Ok((stdout, stderr));
        }
        decoder.decode(&buffer[..read], |stream, bytes| match stream {
            LogStream::Stdout => stdout.extend_from_slice(bytes),
            LogStream::Stderr => stderr.extend_from_slice(bytes),
        })?;
    }
}
