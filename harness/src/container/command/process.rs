//! A process in a container, held while it runs: read, written to, waited for.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::begin::{Begun, begin, not_started};
use super::ender::Ender;
use super::exit::{Exit, exit};
use super::pump::{Channels, Input, Piece, channels};
use super::words;
use crate::base::{Backoff, Run, background, within};
use crate::container::Subject;
use crate::engine::{ExecRequest, Mode};
use crate::output::{Collected, Retain};
use crate::words::{Error, ExecOutput, Kind, LogStream, Result, seconds};

/// How much of a process's output is searched for a text before that is given up.
const SEARCHED: usize = 16 << 20;
/// How much of each stream [`Process::wait_with_output`] keeps.
const KEPT: usize = 16 << 20;

/// A process in a container; dropping it ends the process, with all that it has started.
///
/// What it prints is read as it comes. Who does not read holds the process back once about a megabyte waits, as a pipe
/// does. All methods may be dropped and called again: nothing that was printed is lost, and a time that one call was
/// given does not stay for the next.
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
    input: mpsc::Sender<Input>,
    pieces: mpsc::Receiver<Result<Piece>>,
    /// What was taken from the channel and not by the user.
    kept: VecDeque<Piece>,
    exit: Option<i64>,
    _pump: Run<()>,
    ender: Ender,
}

impl Process {
    /// Starts a command and looks that it runs.
    pub(super) async fn start(subject: Subject, request: ExecRequest) -> Result<Self> {
        let (began, size) = (Instant::now(), request.size);
        let (tty, what) = (request.tty, words::command(&request.cmd));
        let begun = background().carry_through(begin(subject.clone(), request)).await;
        let Begun { connection, exec, ender } = begun.map_err(|error| {
            if error.is_not_started() { error.with_part(format!("command {what}")) } else { error }
        })?;
        let (Channels { input, pieces }, ends) = channels();
        let (reader, writer) = tokio::io::split(connection);
        let mode = if tty { Mode::Raw } else { Mode::Multiplexed };
        let pump = background().run(ends.pump(subject.clone(), reader, writer, mode, ender.over_flag()));
        let (kept, exit) = (VecDeque::new(), None);
        let mut process =
            Self { subject, exec, what, tty, began, input, pieces, kept, exit, _pump: pump, ender };
        // The engine holds it until the process is there, so that it is the first to happen then.
        let sizing = size.map(|size| process.sizing(size));
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

    /// Waits until the engine has made a process of it: no engine tells, so that is asked for.
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
                tokio::time::sleep(backoff.next()).await;
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

    /// What it printed next, from which stream; nothing once it has closed its output, which it does at its end.
    ///
    /// # Errors
    /// Protocol, if the engine broke the output off; exec, if the container has ended and the engine does not end the
    /// output.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn read(&mut self) -> Result<Option<(LogStream, Bytes)>> {
        match self.kept.pop_front() {
            Some(piece) => Ok(Some(piece)),
            None => self.next_piece().await,
        }
    }

    /// As [`read`](Self::read), with a time for this call.
    ///
    /// # Errors
    /// Timeout, if nothing came; as [`read`](Self::read).
    ///
    /// # Cancel safety
    /// As [`read`](Self::read).
    pub async fn read_within(&mut self, timeout: Duration) -> Result<Option<(LogStream, Bytes)>> {
        let read = within(timeout, self.read()).await;
        read.unwrap_or_else(|| Err(self.timed_out(format!("printed nothing within {}", seconds(timeout)))))
    }

    /// Reads until a text was printed, and returns all up to its end, both streams as they came. What follows is left
    /// for the next read.
    ///
    /// # Errors
    /// Timeout, if it did not come in time; exec, if the output ended without it, or 16 MiB came; as
    /// [`read`](Self::read). Each says what came last, and leaves all of it to be read.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn read_until(&mut self, text: impl AsRef<[u8]>, timeout: Duration) -> Result<Vec<u8>> {
        let text = text.as_ref();
        let found = within(timeout, self.find(text)).await;
        let wanted = || words::ending(text);
        match found {
            Some(Ok(Some(end))) => Ok(self.take_front(end)),
            Some(Ok(None)) => {
                let message = format!("its output ended without {}", wanted());
                Err(self.error(Kind::Exec, message + &self.last_words()))
            }
            Some(Err(error)) => Err(error),
            None => {
                let message = format!("did not print {} within {}", wanted(), seconds(timeout));
                Err(self.timed_out(message + &self.last_words()))
            }
        }
    }

    /// Writes to its standard input, and waits until the engine has taken all of it.
    ///
    /// # Errors
    /// Exec, if its standard input is closed: by [`close_stdin`](Self::close_stdin), by the process, or with its end.
    /// A process that runs on and does not read holds the write up; see [`write_within`](Self::write_within).
    ///
    /// # Cancel safety
    /// Dropping the future leaves it open how much is written; what was given is still written in the background.
    pub async fn write(&mut self, bytes: impl Into<Bytes>) -> Result<()> {
        let bytes = bytes.into();
        self.give(|done| Input::Write(bytes, done)).await
    }

    /// As [`write`](Self::write), with a time for this call.
    ///
    /// # Errors
    /// Timeout, if not all was taken; as [`write`](Self::write).
    ///
    /// # Cancel safety
    /// As [`write`](Self::write).
    pub async fn write_within(&mut self, bytes: impl Into<Bytes>, timeout: Duration) -> Result<()> {
        let written = within(timeout, self.write(bytes)).await;
        written.unwrap_or_else(|| {
            let message = format!("did not read all that was written within {}", seconds(timeout));
            Err(self.timed_out(message))
        })
    }

    /// Closes its standard input, and leaves its output open: the process reads an end. With a terminal there is no
    /// such end but the key for it: write `"\u{4}"`.
    ///
    /// # Errors
    /// Invalid, if it has a terminal; exec, if it is closed already.
    ///
    /// # Cancel safety
    /// Dropping the future closes it all the same.
    pub async fn close_stdin(&mut self) -> Result<()> {
        if self.tty {
            let reason = "a terminal has no end of input but the key for it; write `\u{4}`";
            return Err(Error::invalid(reason).with_subject(self.to_string()));
        }
        self.give(Input::Close).await
    }

    /// Gives its terminal another size.
    ///
    /// # Errors
    /// Invalid, if it has no terminal, or a side is 0; conflict or not found, if it has ended; the engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it to the engine whether the size is another.
    pub async fn resize(&self, columns: u16, rows: u16) -> Result<()> {
        let named = |error: Error| error.with_subject(self.to_string());
        check_size(columns, rows).map_err(named)?;
        if !self.tty {
            return Err(named(Error::invalid("it has no terminal; start it with `tty`")));
        }

        self.subject.resize_exec(&self.exec, columns, rows).await
    }

    /// Whether it runs still.
    ///
    /// # Errors
    /// Not found, if its container is gone; the engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing.
    pub async fn is_running(&self) -> Result<bool> {
        if self.exit.is_some() {
            return Ok(false);
        }

        Ok(self.subject.inspect_exec(&self.exec).await?.running)
    }

    /// Waits for its end and returns its exit code: 128 and more for a signal, as shells have it. What it has printed
    /// and nobody has read is dropped.
    ///
    /// Its standard input stays open; a process that reads to the end needs [`close_stdin`](Self::close_stdin) first.
    ///
    /// # Errors
    /// As [`read`](Self::read); the engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future loses what was printed until then, and nothing else.
    pub async fn wait(&mut self) -> Result<i64> {
        while self.read().await?.is_some() {}
        self.code().await
    }

    /// As [`wait`](Self::wait), with a time for this call; the process runs on when it is up.
    ///
    /// # Errors
    /// Timeout, if it runs still; as [`wait`](Self::wait).
    ///
    /// # Cancel safety
    /// As [`wait`](Self::wait).
    pub async fn wait_within(&mut self, timeout: Duration) -> Result<i64> {
        let waited = within(timeout, self.wait()).await;
        waited.unwrap_or_else(|| Err(self.timed_out(format!("runs still after {}", seconds(timeout)))))
    }

    /// Closes its standard input, unless it has a terminal, waits for its end, and returns what it has printed and nobody has read: up to 16 MiB
    /// of each stream.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    ///
    /// # Cancel safety
    /// Dropping the future ends the process.
    pub async fn wait_with_output(mut self) -> Result<ExecOutput> {
        // One that is closed already is what is wanted.
        self.close_stdin().await.ok();
        let Collected { stdout, stderr } = self.collect().await?;
        let exit_code = self.code().await?;
        let (elapsed, truncated) = (self.began.elapsed(), stdout.truncated || stderr.truncated);
        Ok(ExecOutput { exit_code, stdout: stdout.bytes, stderr: stderr.bytes, elapsed, truncated })
    }

    /// Ends it, with all that it has started, and returns its exit code. What it has printed stays to be read.
    ///
    /// # Errors
    /// Exec, if it can't be ended; the container is [poisoned](crate::TestContainer::is_poisoned) then. The engine's
    /// own.
    ///
    /// # Cancel safety
    /// Dropping the future lets the ending go on.
    pub async fn kill(&mut self) -> Result<i64> {
        self.ender.end().await.map_err(|error| error.with_subject(self.to_string()))?;
        self.code().await
    }

    /// The exit code, once the output has ended.
    async fn code(&mut self) -> Result<i64> {
        if let Some(code) = self.exit {
            return Ok(code);
        }
        let (subject, exec) = (self.subject.clone(), self.exec.clone());
        let asking = background().run(async move { exit(&subject, &exec).await });
        let code = asking.await?.code;
        self.ender.disarm();
        self.exit = Some(code);
        Ok(code)
    }

    async fn next_piece(&mut self) -> Result<Option<Piece>> {
        let piece = self.pieces.recv().await.transpose();
        piece.map_err(|error| error.with_subject(self.to_string()).with_phase("read a command's output"))
    }

    /// All that is still to come.
    async fn collect(&mut self) -> Result<Collected> {
        let (keep, mut collected) = (Retain::Head(KEPT), Collected::default());
        while let Some((stream, bytes)) = self.read().await? {
            match stream {
                LogStream::Stdout => collected.stdout.push(&bytes, keep),
                LogStream::Stderr => collected.stderr.push(&bytes, keep),
            }
        }
        Ok(collected)
    }

    /// Takes pieces until they hold a text; where it ends, if it came.
    async fn find(&mut self, text: &[u8]) -> Result<Option<usize>> {
        let mut seen: Vec<u8> = Vec::new();
        let mut next = 0;
        loop {
            // A match may straddle pieces.
            let from = seen.len().saturating_sub(text.len().saturating_sub(1));
            while let Some((_, bytes)) = self.kept.get(next) {
                seen.extend_from_slice(bytes);
                next += 1;
            }
            if let Some(at) = memchr::memmem::find(&seen[from..], text) {
                return Ok(Some(from + at + text.len()));
            }
            if seen.len() > SEARCHED {
                return Ok(None);
            }
            match self.next_piece().await? {
                Some(piece) => self.kept.push_back(piece),
                None => return Ok(None),
            }
        }
    }

    /// Takes so many bytes off what was kept.
    fn take_front(&mut self, length: usize) -> Vec<u8> {
        let mut taken = Vec::with_capacity(length);
        while taken.len() < length
            && let Some((stream, mut bytes)) = self.kept.pop_front()
        {
            let rest = bytes.split_off(bytes.len().min(length - taken.len()));
            taken.extend_from_slice(&bytes);
            if !rest.is_empty() {
                self.kept.push_front((stream, rest));
            }
        }
        taken
    }

    async fn give(&mut self, input: impl FnOnce(oneshot::Sender<io::Result<()>>) -> Input) -> Result<()> {
        let (done, given) = oneshot::channel();
        // Whoever took it is gone once the output has ended.
        let closed = || io::Error::from(io::ErrorKind::BrokenPipe);
        let outcome = match self.input.send(input(done)).await {
            Ok(()) => given.await.unwrap_or_else(|_| Err(closed())),
            Err(_) => Err(closed()),
        };
        outcome.map_err(|error| self.error(Kind::Exec, "its standard input is closed").with_source(error))
    }

    fn sizing(&self, (columns, rows): (u16, u16)) -> Run<Result<()>> {
        let (subject, exec) = (self.subject.clone(), self.exec.clone());
        background().run(async move { subject.resize_exec(&exec, columns, rows).await })
    }

    fn last_words(&self) -> String {
        let last = self.kept.iter().next_back().map(|(_, bytes)| words::ending(bytes));
        format!("; last it printed {}", last.as_deref().unwrap_or("nothing"))
    }

    fn error(&self, kind: Kind, message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
        Error::new(kind, message).with_subject(self.to_string())
    }

    fn timed_out(&self, message: String) -> Error {
        self.error(Kind::ExecTimeout, message)
    }
}

/// A terminal needs a size.
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
            .field("exit", &self.exit)
            .finish_non_exhaustive()
    }
}
