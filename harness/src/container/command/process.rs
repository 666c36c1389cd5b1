//! A process in a container, held while it runs: read, written to, waited for.

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::ender::Ender;
use super::exit::{Exit, exit};
use super::pump::{InputRequest, Pump};
use super::running::{Running, name_refused, not_started};
use super::unread::Unread;
use super::words;
use crate::base::{Backoff, Run, background, within};
use crate::container::Subject;
use crate::engine::ExecRequest;
use crate::output::Collected;
use crate::words::{Error, ExecOutput, Kind, LogStream, Result, seconds};

/// The bytes of each stream that [`Process::wait_with_output`] keeps.
const KEPT: usize = 16 << 20;

/// A process in a container; dropping it ends the process, with all that it has started.
///
/// Output is read as it arrives. Output that nobody reads holds the process back once about a megabyte waits, as a pipe
/// does. All methods may be dropped and called again: no output is lost, and the time limit of one call does not apply
/// to the next.
///
/// ```no_run
/// # use std::time::Duration;
/// # async fn example(container: seatrial::TestContainer) -> seatrial::Result<()> {
/// let mut shell = container.spawn(["sh"]).tty(80, 24).await?;
/// shell.write("echo $((6 * 7))\n").await?;
/// shell.read_until("42\r\n", Duration::from_secs(5)).await?;
/// shell.write("exit 3\n").await?;
/// assert_eq!(shell.wait().await?, 3);
/// # Ok(())
/// # }
/// ```
#[must_use = "dropping this ends the process"]
pub struct Process {
    subject: Subject,
    exec: String,
    what: String,
    tty: bool,
    began: Instant,
    input: mpsc::Sender<InputRequest>,
    output: Unread,
    exit_code: Option<i64>,
    _pump: Run<()>,
    ender: Ender,
}

impl Process {
    /// Starts a command and waits until it runs.
    pub(super) async fn start(subject: Subject, request: ExecRequest) -> Result<Self> {
        let (began, size) = (Instant::now(), request.size);
        let (tty, what) = (request.tty, words::command(&request.cmd));
        let running = background().carry_through(Running::start(subject, request)).await;
        let running = running.map_err(|error| name_refused(error, &what))?;
        let Running { subject, exec, output, writer, ender, .. } = running;
        let (pump, input, pieces) = Pump::new();
        let pump = background().run(pump.run(output, writer, ender.over_flag()));
        let (output, exit_code) = (Unread::new(pieces), None);
        let mut process =
            Self { subject, exec, what, tty, began, input, output, exit_code, _pump: pump, ender };
        // The engine holds this request until the process exists, so that the size is set before anything else.
        let sizing = size.map(|size| process.set_size(size));
        process.has_started().await?;
        match sizing {
            // A process that has ended by then needs no size.
            Some(sizing) => match sizing.await {
                Err(error) if process.is_running().await? => Err(error),
                Ok(()) | Err(_) => Ok(process),
            },
            None => Ok(process),
        }
    }

    /// Waits until the engine has made a process of the command. No engine tells of that, so it is asked for.
    async fn has_started(&mut self) -> Result<()> {
        let (subject, exec) = (self.subject.clone(), self.exec.clone());
        let asking = background().run(async move {
            let mut backoff = Backoff::new(Duration::from_millis(2), Duration::from_millis(20));
            loop {
                let state = subject.inspect_exec(&exec).await?;
                let exit = Exit::of(&state);
                if exit.is_some() || state.running && !state.never_ran {
                    return Ok::<_, Error>(exit);
                }
                crate::base::sleep(backoff.next()).await;
            }
        });
        match asking.await? {
            Some(exit) if exit.never_ran => {
                self.ender.disarm();
                let Collected { stdout, stderr } = self.collect().await?;
                Err(not_started(&self.what, &stdout.bytes, &stderr.bytes))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Returns the next piece of output and its stream; `None` once the process has closed its output, which it does at
    /// its end.
    ///
    /// # Errors
    /// Protocol, if the engine broke the output off; exec, if the container has ended and the engine does not end the
    /// output.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn read(&mut self) -> Result<Option<(LogStream, Bytes)>> {
        self.output.next().await.map_err(|error| error.with_subject(self.to_string()))
    }

    /// Does the same as [`read`](Self::read), with a time limit for this call.
    ///
    /// # Errors
    /// Timeout, if there was no output in time; as [`read`](Self::read).
    ///
    /// # Cancel safety
    /// As [`read`](Self::read).
    pub async fn read_timeout(&mut self, timeout: Duration) -> Result<Option<(LogStream, Bytes)>> {
        let read = within(timeout, self.read()).await;
        read.unwrap_or_else(|| Err(self.timed_out(format!("printed nothing within {}", seconds(timeout)))))
    }

    /// Reads until a text was printed, and returns all output up to the end of the text, both streams in the order of
    /// arrival. The rest is left for the next read.
    ///
    /// # Errors
    /// Timeout, if the text was not printed in time; exec, if the output ended without it, or 16 MiB were searched; as
    /// [`read`](Self::read). Each error names the last line, and leaves all output to be read.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn read_until(&mut self, text: impl AsRef<[u8]>, timeout: Duration) -> Result<Vec<u8>> {
        let text = text.as_ref();
        let found = within(timeout, self.output.find(text)).await;
        let wanted = words::ending(text);
        let last = || format!("; its last output was {}", self.output.last_line());
        match found {
            Some(Ok(Some(end))) => Ok(self.output.take_front(end)),
            Some(Ok(None)) => {
                Err(self.error(Kind::Exec, format!("its output ended without {wanted}{}", last())))
            }
            Some(Err(error)) => Err(error.with_subject(self.to_string())),
            None => {
                let limit = seconds(timeout);
                Err(self.timed_out(format!("did not print {wanted} within {limit}{}", last())))
            }
        }
    }

    /// Writes to the standard input, and waits until the engine has taken all of it.
    ///
    /// # Errors
    /// Exec, if the standard input is closed: by [`close_stdin`](Self::close_stdin), by the process, or with its end. A
    /// process that runs and does not read blocks the write; see [`write_timeout`](Self::write_timeout).
    ///
    /// # Cancel safety
    /// Dropping the future does not take the bytes back: they are still written, in the background.
    pub async fn write(&mut self, bytes: impl Into<Bytes>) -> Result<()> {
        let bytes = bytes.into();
        self.request(|done| InputRequest::Write(bytes, done)).await
    }

    /// Does the same as [`write`](Self::write), with a time limit for this call.
    ///
    /// # Errors
    /// Timeout, if not all was taken in time; as [`write`](Self::write).
    ///
    /// # Cancel safety
    /// As [`write`](Self::write).
    pub async fn write_timeout(&mut self, bytes: impl Into<Bytes>, timeout: Duration) -> Result<()> {
        let written = within(timeout, self.write(bytes)).await;
        written.unwrap_or_else(|| {
            let message = format!("did not read all that was written within {}", seconds(timeout));
            Err(self.timed_out(message))
        })
    }

    /// Closes the standard input, and leaves the output open: the process reads an end. With a terminal there is no such
    /// end but the key for it: write `"\u{4}"`.
    ///
    /// # Errors
    /// Invalid, if the process has a terminal; exec, if the standard input is closed already.
    ///
    /// # Cancel safety
    /// Dropping the future closes it all the same.
    pub async fn close_stdin(&mut self) -> Result<()> {
        if self.tty {
            let reason = "a terminal has no end of input but the key for it; write `\u{4}`";
            return Err(Error::invalid(reason).with_subject(self.to_string()));
        }
        self.request(InputRequest::Close).await
    }

    /// Changes the size of the terminal.
    ///
    /// # Errors
    /// Invalid, if the process has no terminal, or a side is 0; conflict or not found, if it has ended; the engine's
    /// own.
    ///
    /// # Cancel safety
    /// Dropping the future may leave the size changed or not.
    pub async fn resize(&self, columns: u16, rows: u16) -> Result<()> {
        let named = |error: Error| error.with_subject(self.to_string());
        check_size(columns, rows).map_err(named)?;
        if !self.tty {
            return Err(named(Error::invalid("it has no terminal; start it with `tty`")));
        }

        self.subject.resize_exec(&self.exec, columns, rows).await
    }

    /// Returns `true` if the process still runs.
    ///
    /// # Errors
    /// Not found, if its container was removed; the engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future has no effect.
    pub async fn is_running(&self) -> Result<bool> {
        if self.exit_code.is_some() {
            return Ok(false);
        }

        Ok(self.subject.inspect_exec(&self.exec).await?.running)
    }

    /// Waits for the end of the process and returns its exit code; 128 and the signal's number after a signal, as
    /// shells have it. Output that was not read is dropped.
    ///
    /// The standard input stays open; a process that reads to the end needs [`close_stdin`](Self::close_stdin) first.
    ///
    /// # Errors
    /// As [`read`](Self::read); the engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future loses the output until then, and nothing else.
    pub async fn wait(&mut self) -> Result<i64> {
        while self.read().await?.is_some() {}
        self.exit_code().await
    }

    /// Does the same as [`wait`](Self::wait), with a time limit for this call, after which the process runs on.
    ///
    /// # Errors
    /// Timeout, if the process still runs; as [`wait`](Self::wait).
    ///
    /// # Cancel safety
    /// As [`wait`](Self::wait).
    pub async fn wait_timeout(&mut self, timeout: Duration) -> Result<i64> {
        let waited = within(timeout, self.wait()).await;
        waited.unwrap_or_else(|| Err(self.timed_out(format!("still runs after {}", seconds(timeout)))))
    }

    /// Closes the standard input, unless there is a terminal, waits for the end of the process, and returns the output
    /// that was not read: up to 16 MiB of each stream.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    ///
    /// # Cancel safety
    /// Dropping the future ends the process.
    pub async fn wait_with_output(mut self) -> Result<ExecOutput> {
        // Fails if it is closed already, which is as good.
        self.close_stdin().await.ok();
        let Collected { stdout, stderr } = self.collect().await?;
        let exit_code = self.exit_code().await?;
        let (elapsed, truncated) = (self.began.elapsed(), stdout.truncated || stderr.truncated);
        Ok(ExecOutput { exit_code, stdout: stdout.bytes, stderr: stderr.bytes, elapsed, truncated })
    }

    /// Ends the process with all that it has started, and returns its exit code. Its output can still be read.
    ///
    /// # Errors
    /// Exec, if it can't be ended; the container is [poisoned](crate::TestContainer::is_poisoned) then. The engine's
    /// own.
    ///
    /// # Cancel safety
    /// Dropping the future lets the ending go on.
    pub async fn kill(&mut self) -> Result<i64> {
        self.ender.end().await.map_err(|error| error.with_subject(self.to_string()))?;
        self.exit_code().await
    }

    /// Returns the exit code, once the output has ended.
    async fn exit_code(&mut self) -> Result<i64> {
        if let Some(code) = self.exit_code {
            return Ok(code);
        }
        let (subject, exec) = (self.subject.clone(), self.exec.clone());
        let asking = background().run(async move { exit(&subject, &exec).await });
        let code = asking.await?.code;
        self.ender.disarm();
        self.exit_code = Some(code);
        Ok(code)
    }

    async fn collect(&mut self) -> Result<Collected> {
        self.output.collect(KEPT).await.map_err(|error| error.with_subject(self.to_string()))
    }

    async fn request(
        &mut self,
        request: impl FnOnce(oneshot::Sender<io::Result<()>>) -> InputRequest,
    ) -> Result<()> {
        let (done, outcome) = oneshot::channel();
        // The writer is gone once the output has ended.
        let closed = || io::Error::from(io::ErrorKind::BrokenPipe);
        let outcome = match self.input.send(request(done)).await {
            Ok(()) => outcome.await.unwrap_or_else(|_| Err(closed())),
            Err(_) => Err(closed()),
        };
        outcome.map_err(|error| self.error(Kind::Exec, "its standard input is closed").with_source(error))
    }

    fn set_size(&self, (columns, rows): (u16, u16)) -> Run<Result<()>> {
        let (subject, exec) = (self.subject.clone(), self.exec.clone());
        background().run(async move { subject.resize_exec(&exec, columns, rows).await })
    }

    fn error(&self, kind: Kind, message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
        Error::new(kind, message).with_subject(self.to_string())
    }

    fn timed_out(&self, message: String) -> Error {
        self.error(Kind::ExecTimeout, message)
    }
}

/// Refuses a terminal without room.
///
/// # Errors
/// Invalid, if a side is 0.
pub(super) fn check_size(columns: u16, rows: u16) -> Result<()> {
    if columns > 0 && rows > 0 {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "a terminal of {columns} × {rows} has no room; give at least one column and one row"
    )))
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "command {} in container `{}`", self.what, self.subject.name)
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("container", &self.subject.name)
            .field("command", &self.what)
            .field("exit_code", &self.exit_code)
            .finish_non_exhaustive()
    }
}
